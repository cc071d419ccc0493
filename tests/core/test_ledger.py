"""The arithmetic of a budget: nothing is admitted that does not fit, nothing is lost or counted twice."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.virtual_clock import run_virtual
from thinkharder.core.amount import Amount, Ask
from thinkharder.core.errors import BudgetExhausted
from thinkharder.core.ledger import Ledger
from thinkharder.core.usage import FREE, Budget, Price, Usage

PRICE = Price(2.0, 8.0)
limits = st.one_of(st.none(), st.integers(1, 2000))
budgets = st.builds(
    Budget, tokens=limits, output_tokens=limits, calls=st.one_of(st.none(), st.integers(1, 20))
)
asks = st.builds(
    Ask, st.integers(0, 300), st.integers(1, 16), st.integers(1, 200), st.sampled_from([FREE, PRICE])
)


def spend(input_tokens: int, output_tokens: int, calls: int, price: Price) -> Usage:
    return Usage(input_tokens, 0, output_tokens, 0, calls, 1, usd=price.usd(input_tokens, output_tokens))


@given(budgets, asks)
def test_fit_is_the_largest_number_that_fits(budget: Budget, ask: Ask) -> None:
    n, limit = Ledger(budget).fit(ask)

    def fits(k: int) -> bool:
        output = k * ask.max_tokens
        return (
            (budget.tokens is None or ask.input_tokens + output <= budget.tokens)
            and (budget.output_tokens is None or output <= budget.output_tokens)
            and (budget.calls is None or k <= budget.calls)
        )

    assert n == max((k for k in range(1, ask.n + 1) if fits(k)), default=0)
    assert limit in ("tokens", "output_tokens", "calls", "usd")


@given(budgets, asks)
def test_the_clamped_cap_is_the_largest_that_fits(budget: Budget, ask: Ask) -> None:
    cap = Ledger(budget).cap_for_one(ask)
    rooms = [ask.max_tokens]
    if budget.tokens is not None:
        rooms.append(budget.tokens - ask.input_tokens)
    if budget.output_tokens is not None:
        rooms.append(budget.output_tokens)
    assert cap == max(0, min(rooms))


@given(budgets, st.lists(st.tuples(asks, st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_admitted_work_stays_within_every_limit(budget: Budget, works: list[Any]) -> None:
    async def go() -> None:
        ledger = Ledger(budget)
        for ask, used_in, used_out in works:
            try:
                lease = await ledger.admit(ask)
            except BudgetExhausted:
                continue
            used = spend(
                int(ask.input_tokens * used_in),
                int(lease.n * lease.max_tokens * used_out),
                lease.n,
                ask.price,
            )
            lease.settle(used)
            lease.settle(used)  # a second time changes nothing
        spent = ledger.spent
        assert budget.tokens is None or spent.tokens <= budget.tokens
        assert budget.output_tokens is None or spent.output_tokens <= budget.output_tokens
        assert budget.calls is None or spent.calls <= budget.calls
        assert ledger._held == Amount()
        assert ledger.streams == 0

    run_virtual(go())


def test_what_does_not_fit_waits_for_refunds_before_it_is_clamped() -> None:
    async def go() -> None:
        ledger = Ledger(Budget(tokens=100))
        first = await ledger.admit(Ask(10, 1, 80))
        waiting = asyncio.ensure_future(ledger.admit(Ask(10, 1, 50)))
        await asyncio.sleep(1)
        assert not waiting.done()
        first.settle(spend(10, 5, 1, FREE))
        second = await waiting
        assert (second.n, second.max_tokens) == (1, 50)
        third = asyncio.ensure_future(ledger.admit(Ask(10, 1, 50)))
        second.settle(spend(10, 50, 1, FREE))
        assert ((await third).n, third.result().max_tokens) == (1, 15)
        third.result().settle(spend(10, 15, 1, FREE))
        with pytest.raises(BudgetExhausted, match="tokens"):
            await ledger.admit(Ask(10, 1, 50))

    run_virtual(go())


def test_a_finished_sample_makes_room_while_others_run() -> None:
    async def go() -> None:
        ledger = Ledger(Budget(tokens=110))
        lease = await ledger.admit(Ask(10, 2, 50))
        assert ledger.left().tokens == 0
        lease.refund_output(45)
        assert ledger.left().tokens == 45
        lease.settle(spend(10, 30, 2, FREE))
        assert ledger.left().tokens == 70

    run_virtual(go())


def test_a_share_is_kept_from_everyone_else() -> None:
    async def go() -> None:
        ledger = Ledger(Budget(tokens=100))
        share = ledger.share(Amount(tokens=40, output_tokens=40, calls=1))
        assert ledger.left().tokens == 60
        with pytest.raises(BudgetExhausted):
            await ledger.admit(Ask(60, 1, 10))
        lease = await share.admit(Ask(20, 1, 20))
        assert ledger.left().tokens == 60
        lease.settle(spend(20, 5, 1, FREE))
        assert ledger.spent.tokens == 25
        assert ledger.left().tokens == 60
        share.close()
        share.close()
        assert ledger.left().tokens == 75

    run_virtual(go())


def test_children_spend_from_their_parents() -> None:
    async def go() -> None:
        parent = Ledger(Budget(tokens=100))
        child = Ledger(Budget(tokens=80), parent)
        lease = await child.admit(Ask(10, 1, 60))
        assert parent.left().tokens == 30
        lease.settle(spend(10, 20, 1, FREE))
        assert (child.left().tokens, parent.left().tokens) == (50, 70)
        other = Ledger(Budget(), parent)
        (await other.admit(Ask(10, 1, 60))).settle(spend(10, 50, 1, FREE))
        assert child.left().tokens == 10

    run_virtual(go())


def test_a_share_may_take_more_than_its_guarantee_where_there_is_more() -> None:
    async def go() -> None:
        ledger = Ledger(Budget(tokens=100))
        share = ledger.share(Amount(tokens=40, output_tokens=40, calls=1))
        lease = await share.admit(Ask(30, 1, 30))
        assert ledger.left().tokens == 40
        lease.settle(spend(30, 20, 1, FREE))
        assert ledger.left().tokens == 50
        share.close()
        assert ledger.left().tokens == 50
        assert ledger._held == Amount()

    run_virtual(go())


def test_two_shares_that_wait_for_each_other_do_not_wait_for_ever() -> None:
    async def go() -> None:
        ledger = Ledger(Budget(tokens=100))
        shares = [ledger.share(Amount(tokens=40)).begin() for _ in range(2)]

        async def use(share: Ledger) -> int:
            lease = await share.admit(Ask(10, 1, 70))
            await asyncio.sleep(1)
            lease.settle(spend(10, lease.max_tokens, 1, FREE))
            share.close()
            return lease.max_tokens

        caps = await asyncio.gather(*(use(share) for share in shares))
        assert sum(caps) + 20 <= 100
        assert min(caps) >= 1
        assert ledger.streams == 0

    run_virtual(go())


def test_only_the_ledgers_that_bind_are_waited_for() -> None:
    async def go() -> None:
        shared = Ledger(Budget())
        stranger = await Ledger(Budget(), shared).admit(Ask(10, 1, 10))
        own = Ledger(Budget(tokens=100), shared)
        lease = await asyncio.wait_for(own.admit(Ask(10, 1, 500)), 1)
        assert lease.max_tokens == 90
        stranger.settle(spend(10, 1, 1, FREE))

    run_virtual(go())


def test_nothing_starts_once_the_run_is_over() -> None:
    async def go() -> None:
        ledger = Ledger(Budget())
        ledger.ended = True
        with pytest.raises(BudgetExhausted):
            await ledger.share(Amount(tokens=10)).admit(Ask(1, 1, 1))

    run_virtual(go())


def test_dollars_bind_by_price() -> None:
    ledger = Ledger(Budget(usd=0.001))
    assert ledger.fit(Ask(100, 10, 20, PRICE)) == (5, "usd")
    assert ledger.cap_for_one(Ask(100, 1, 1000, PRICE)) == 100
