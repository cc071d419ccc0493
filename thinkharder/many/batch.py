"""A batch at work: the board, the waves, and each problem's own run.

Two waves are under way at a time, so that the model's batch stays full while the last samples of one end; a decision sees
the waves that have ended, whole, so that it depends on the draws and not on when they arrived. A wave is no larger than
what the budget admits at full caps beside what is under way: so the allocator's order, not that of arrival, decides who
gets the last tokens.
"""

import asyncio
import math
import secrets
from collections import deque
from dataclasses import replace
from typing import Final, final

import numpy as np

from thinkharder import assemble
from thinkharder.allocate import ABSTAINS, Board, deal
from thinkharder.context import GENERATOR, Context
from thinkharder.core.errors import (
    ModelError,
    NothingFound,
    SandboxError,
    ThinkharderError,
    UsageError,
    VerifierError,
)
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Allocator, Model, Prepared, StoppingRule, Verifier
from thinkharder.core.registry import spec_of
from thinkharder.core.types import Problem, Result
from thinkharder.core.usage import LIMITS, Usage
from thinkharder.driver import drive
from thinkharder.many.options import Many, Solved
from thinkharder.many.turns import Open, Order, Plan
from thinkharder.models.loaded import price_of
from thinkharder.strategies.best_of_n import BestOfN
from thinkharder.strategies.self_consistency import SelfConsistency

WAVES: Final = 2
"""Waves under way at a time."""
_FAILURES = (ModelError, VerifierError, SandboxError, NothingFound)
"""What ends one problem; anything else is wrong with the whole and ends it."""


@final
class Batch:
    """All problems of a batch; `run` solves them. `began` and `deadline` are in the event loop's time."""

    def __init__(
        self,
        problems: list[Problem],
        plan: Plan,
        allocator: Allocator,
        models: dict[str, Model],
        verifier: str | Verifier | None,
        options: Many,
        ledger: Ledger,
    ) -> None:
        self.problems, self.plan, self.allocator, self.models = problems, plan, allocator, models
        self.verifier, self.options, self.ledger = verifier, options, ledger
        self.seed = secrets.randbits(31) if options.solve.seed is None else options.solve.seed
        self.began, self.deadline = 0.0, None  # type: float, float | None
        self.cap = min(plan.n, options.cap or plan.n)
        self.board = Board(
            len(problems),
            checked=isinstance(plan, BestOfN),
            floor=options.floor,
            cap=self.cap,
            chance=options.chances,
        )
        self.open: dict[int, Open] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.ended: dict[int, Solved] = {}
        self.fatal: BaseException | None = None
        letters = sum(len(problem.text) for problem in problems) / max(1, len(problems))
        self._prompt_guess = 32.0 + letters / 3  # until the first request has been paid
        self.wave = options.wave or max(1, models[GENERATOR].capabilities.batch)

    async def run(self) -> list[Solved]:
        """Every problem's end, in their order. Raises what is wrong with the batch as a whole."""
        for problem in self.problems[:1]:
            self._context(problem)  # refuses what does not fit before anything is spent
        if self.problems:  # the allocator too; and its tables are made while the loop is free
            await asyncio.to_thread(deal, self.allocator, self.board.state(), 1)
            if isinstance(rule := getattr(self.plan, "until", None), Prepared):
                await asyncio.to_thread(rule.prepare, self.cap)
        waves: deque[list[Order]] = deque()
        try:
            while True:
                while len(waves) < WAVES and (wave := self._launch()):
                    waves.append(wave)
                if not waves:
                    break
                wave = waves.popleft()
                await asyncio.gather(*(order.got for order in wave))
                self._tell(wave)
            for number in list(self.open):
                self._leave(number, "the allocator", "it draws no more", final=not self._stopped)
            await asyncio.gather(*self.tasks.values())
        finally:
            for task in self.tasks.values():
                task.cancel()
            await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        if self.fatal is not None:
            raise self.fatal
        return [self.ended.get(number) or self._never(number) for number in range(len(self.problems))]

    # ---- waves ------------------------------------------------------------------------------------------------------

    @property
    def _stopped(self) -> bool:
        """Nothing new may be started."""
        interrupt = self.options.solve.interrupt
        late = self.deadline is not None and asyncio.get_running_loop().time() >= self.deadline
        return self.fatal is not None or late or (interrupt is not None and interrupt.is_set())

    def _launch(self) -> list[Order]:
        """Decide on a wave and start it; nothing where nobody wants more."""
        if self._stopped or not self.problems:
            return []
        room = self._room()
        if room < 1:
            return []
        dealt = deal(self.allocator, self.board.state(self._gone()), room)
        for number in np.flatnonzero(dealt.leaves):
            self._leave(int(number), "the allocator", "one more sample is not worth its tokens")
        self.board.order(dealt.counts)
        return [
            self._order(int(number), int(dealt.counts[number])) for number in np.flatnonzero(dealt.counts)
        ]

    def _room(self) -> int:
        """Samples that may be started: a wave, or as many as fit at their full cap beside what is under way; one where
        nothing is, as its cap can be cut to what is left."""
        under_way, spent = int(self.board.pending.sum()), self.ledger.spent
        model = self.models[GENERATOR]
        cap = self.options.solve.sampling.max_tokens or model.capabilities.max_tokens
        prompt = spent.input_tokens / spent.requests if spent.requests else self._prompt_guess
        price = price_of(model)
        each = {"tokens": cap + prompt, "output_tokens": cap, "calls": 1.0}
        each["usd"] = 0.0 if price is None else price.usd(int(prompt), cap)
        room = float(self.wave)
        for name, full in each.items():
            limit = getattr(self.ledger.budget, name)
            if limit is not None and full > 0:
                room = min(room, (limit - (getattr(spent, name) or 0)) / full - under_way)
        return max(int(room), 1 - min(1, under_way))

    def _gone(self) -> float:
        """The share of the budget that is spent, of the limit that is nearest."""
        shares = [0.0]
        for name in LIMITS:
            limit = getattr(self.ledger.budget, name)
            if limit is not None and name != "seconds":
                shares.append((getattr(self.ledger.spent, name) or 0) / limit)
        return min(1.0, max(shares))

    def _order(self, number: int, n: int) -> Order:
        order = Order(number, n)
        if number not in self.tasks and number not in self.ended:
            self._begin(number)
        one = self.open.get(number)
        if one is None:
            order.end(None)
        else:
            one.orders.append(order)
            one.turns.orders.put_nowait(order)
        return order

    def _begin(self, number: int) -> None:
        """Open a problem; what does not fit it (a verifier that needs what it lacks) fails it and not the others."""
        try:
            one = Open(self.plan, self._context(self.problems[number]))
        except UsageError as error:
            self._end(Solved(number, self.problems[number], None, error, Usage(), False))
            return
        self.open[number] = one
        self.tasks[number] = asyncio.get_running_loop().create_task(self._solve(number, one))

    def _tell(self, wave: list[Order]) -> None:
        """Note what came of a wave, all of it at once and in the order of the problems."""
        rows, classes, tokens, scores = list[int](), list[int](), list[float](), list[float]()
        for order in wave:
            got, one = order.got.result(), self.open.get(order.number)
            if got is None or one is None:
                self.board.cancel(order.number, order.n)
                self.board.close([order.number])
                continue
            used, one.told = one.context.ledger.spent.tokens - one.told, one.context.ledger.spent.tokens
            one.draws.extend(got)
            rows += [order.number] * order.n
            tokens += [used / order.n] * order.n
            # A sample that failed is a draw without an answer: it was paid, and must not be tried for ever.
            missing = order.n - len(got)
            classes += [ABSTAINS if c.answer_class is None else c.answer_class for c in got]
            classes += [ABSTAINS] * missing
            scores += [math.nan if c.score is None else c.score for c in got] + [math.nan] * missing
        right = np.array(scores) >= self.options.solved
        if rows:
            self.board.tell(rows, classes, tokens=tokens, scores=scores, right=right & self.board.checked)
        for number in dict.fromkeys(rows):
            self._settle(number)
        self.options.paid(self.ledger.spent)

    def _settle(self, number: int) -> None:
        """Whether a problem is done with drawing, by its checker, its rule or its cap."""
        one, board = self.open[number], self.board
        rule = self.plan.until if isinstance(self.plan, SelfConsistency) else None
        one.draws.sort(key=lambda candidate: candidate.draw)
        if board.checked and board.solved[number]:
            self._leave(number, "the checker", "a sample passed the checker")
        elif rule is not None and board.drawn[number] >= board.floor(number) and self._satisfied(rule, one):
            self._leave(number, spec_of(rule).name, "its rule is satisfied")
        elif board.drawn[number] >= self.cap:
            self._leave(number, "the cap", f"it has its cap of {self.cap} samples")

    def _satisfied(self, rule: StoppingRule, one: Open) -> bool:
        return rule.more(one.draws, self.cap) <= 0

    def _leave(self, number: int, who: str, why: str, final: bool = True) -> None:
        """A problem draws no more; what is under way still counts for it."""
        self.board.close([number])
        one = self.open.pop(number, None)
        if one is not None:
            one.final = final
            one.context.decisions.append(f"{who} ends it after {len(one.draws)} samples: {why}")
            one.context.stopped_by = who.removeprefix("the ")
            one.turns.orders.put_nowait(None)

    # ---- one problem ------------------------------------------------------------------------------------------------

    def _context(self, problem: Problem) -> Context:
        base = self.options.solve
        setup = assemble.Setup(self.plan, problem, self.models, self.verifier, base.comparator, base.sandbox)
        context = setup.context(Ledger(self.options.each, self.ledger))
        context.listeners = () if base.listener is None else (base.listener,)
        context.defaults, context.seed = base.sampling, self.seed
        context.started, context.deadline = self.began, self.deadline
        return context

    async def _solve(self, number: int, one: Open) -> None:
        result: Result | None = None
        error: ThinkharderError | None = None
        try:
            result = await drive(one.turns, one.context, self.options.solve.interrupt)
        except _FAILURES as failure:
            error = failure
        except Exception as failure:
            self.fatal = self.fatal or failure
        finally:
            self.open.pop(number, None)
            self.board.close([number])
            for order in one.orders:
                order.end(None)
        if result is not None:
            result = replace(result, strategy=str(spec_of(self.plan)))
            one.final &= result.exhausted is None and result.stopped_by not in ("interrupt", "error")
        if result is not None or error is not None:
            self._end(
                Solved(number, self.problems[number], result, error, one.context.ledger.spent, one.final)
            )

    def _never(self, number: int) -> Solved:
        """A problem that was not begun."""
        interrupt = self.options.solve.interrupt
        limit = "interrupted" if interrupt is not None and interrupt.is_set() else "seconds"
        error = NothingFound(limit, "the batch ended before this problem was begun")
        solved = Solved(number, self.problems[number], None, error, Usage(), False)
        self._end(solved)
        return solved

    def _end(self, solved: Solved) -> None:
        self.ended[solved.number] = solved
        self.options.told(solved)
