"""The judge as a verifier: what it asks, what it averages, when it abstains, and that order does not matter."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.fakes import (
    CHOSEN,
    PLAIN,
    PROBLEM,
    TOP,
    FakeSampler,
    blocks,
    candidate,
    candidates,
    digits,
    reply,
)
from thinkharder.core.errors import BadOption, BudgetExhausted, CapabilityError, ContextOverflow, ServerError
from thinkharder.core.protocols import Verifier
from thinkharder.core.types import Candidate, Capabilities
from thinkharder.verifiers import Judge, build


async def one(judge: Judge, sampler: FakeSampler, text: str = "It is 42.") -> object:
    (score,) = await judge.score(PROBLEM, [candidate(text)], sampler)
    return score.value


def test_it_is_a_verifier() -> None:
    judge = build("judge(n=2, think=true)")
    assert isinstance(judge, Verifier)
    assert judge.name == "judge"
    assert not judge.joint
    assert judge.logprobs is None
    effort = judge.effort(100, 200)
    assert effort.calls == 2
    assert effort.output_tokens == 2 * 1024
    assert effort.input_tokens > 2 * 300


async def test_with_alternatives_it_reads_the_expected_value_in_one_request() -> None:
    sampler = FakeSampler(lambda text, draw: digits(_9=0.8, _1=0.2), TOP)
    assert await one(Judge(), sampler) == pytest.approx((0.8 * 9 + 0.2) / 9)
    (call,) = sampler.calls
    assert (call.role, call.kind, call.n) == ("judge", "judgement", 1)
    assert call.options["logprobs"] == 20
    assert call.options["temperature"] == 0.0


@pytest.mark.parametrize("known", [PLAIN, CHOSEN])
async def test_without_alternatives_it_parses_on_a_scale_of_ten(known: Capabilities) -> None:
    sampler = FakeSampler(lambda text, draw: "Score: 7", known)
    assert await one(Judge(), sampler) == 0.7
    assert "logprobs" not in sampler.calls[0].options


async def test_a_sampler_that_does_not_tell_what_it_can_is_parsed() -> None:
    class Bare:
        async def sample(self, prompt: object, n: int = 1, **options: object) -> list[Candidate]:
            return [reply("Score: 5")]

        def role(self, name: str) -> "Bare":
            return self

    (score,) = await Judge().score(PROBLEM, [candidate("x")], Bare())
    assert score.value == 0.5


async def test_samples_take_short_draws_at_temperature_one() -> None:
    sampler = FakeSampler(lambda text, draw: reply("9" if draw % 2 else "5", "length"), CHOSEN)
    assert await one(Judge(samples=8), sampler) == pytest.approx(7 / 9)
    (call,) = sampler.calls
    assert (call.n, call.options["temperature"], call.options["max_tokens"]) == (8, 1.0, 3)
    assert call.options["logprobs"] == 0


async def test_judgements_are_averaged_over_those_that_count() -> None:
    said = ["Score: 4", "nonsense", "Score: 8"]
    sampler = FakeSampler(lambda text, draw: said[draw])
    (score,) = await Judge(n=3).score(PROBLEM, [candidate("x")], sampler)
    assert score.value == pytest.approx(0.6)
    assert "2 of 3" in score.note


async def test_thinking_is_switched_off_where_only_a_score_is_wanted() -> None:
    sampler = FakeSampler(lambda text, draw: "Score: 3", Capabilities(efforts=("none", "high")))
    await one(Judge(), sampler)
    await one(Judge(think=True), sampler)
    assert [call.options.get("effort") for call in sampler.calls] == ["none", None]


async def test_own_rubric_and_scale() -> None:
    sampler = FakeSampler(lambda text, draw: "Score: 3")
    assert await one(Judge(rubric="Is it polite?", scale=5), sampler) == pytest.approx(0.6)
    assert "Is it polite?" in sampler.calls[0].text
    assert "to 5" in sampler.calls[0].text


async def test_empty_candidates_and_overflow_abstain_other_errors_are_raised() -> None:
    sampler = FakeSampler(lambda text, draw: "Score: 10")
    assert await one(Judge(), sampler, "  \n") is None
    assert sampler.calls == []

    def fail(error: Exception) -> FakeSampler:
        def answer(text: str, draw: int) -> str:
            raise error

        return FakeSampler(answer)

    assert await one(Judge(), fail(ContextOverflow("too long"))) is None
    for error in (ServerError("500"), BudgetExhausted("tokens")):
        with pytest.raises(type(error)):
            await Judge().score(PROBLEM, candidates("a", "b", "c"), fail(error))


async def test_a_failure_cancels_the_other_judgements() -> None:
    ended: list[str] = []

    async def answer(text: str, draw: int) -> str:
        if "bad" in text:
            await asyncio.sleep(0)
            raise ServerError("500")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append(text)
            raise
        return "Score: 1"

    with pytest.raises(ServerError):
        await Judge().score(PROBLEM, candidates("good", "bad", "good too"), FakeSampler(answer))
    assert len(ended) == 2


def test_bad_options_are_refused() -> None:
    for spec in (
        "judge(n=0)",
        "judge(scale=0)",
        "judge(min_mass=0.0)",
        "judge(min_mass=1.5)",
        "judge(samples=-1)",
        "judge(samples=4, scale=10)",
        "judge(read=logprobs, scale=10)",
        "judge(samples=4, think=true)",
        "judge(read=words)",
        "judge(temperature=-1.0)",
        "judge(max_tokens=0)",
    ):
        with pytest.raises(BadOption):
            build(spec)


async def test_log_probabilities_that_the_model_lacks_are_refused() -> None:
    with pytest.raises(CapabilityError, match="samples=8"):
        await one(Judge(read="logprobs"), FakeSampler(lambda text, draw: "1", CHOSEN))


class Continuing(FakeSampler):
    """A sampler that can continue a started answer, as the run can."""

    def role(self, name: str) -> "Continuing":
        return Continuing(self.answer, self.capabilities, self.calls, name)

    async def extend(
        self, partials: list[Candidate], n: int, *, stop: tuple[str, ...], **sampling: object
    ) -> list[Candidate]:
        (partial,) = partials
        found = await self.sample(partial.prompt, n, kind=partial.kind, stop=stop, **sampling)
        return [replace(child, prefix=partial.whole) for child in found]


async def test_where_the_model_can_continue_a_started_answer_it_starts_with_the_label() -> None:
    sampler = Continuing(lambda text, draw: " 7")
    assert await one(Judge(), sampler) == 0.7
    assert sampler.calls[0].options["stop"] == ("\n",)
    assert await one(Judge(samples=4), sampler) == pytest.approx(7 / 9)
    assert await one(Judge(think=True), sampler) is None  # reasoning comes first, so nothing is started
    top = Continuing(lambda text, draw: digits(_9=0.8, _1=0.2), TOP)
    assert await one(Judge(), top) == pytest.approx((0.8 * 9 + 0.2) / 9)
    assert await one(Judge(), Continuing(lambda text, draw: reply(" 7", "length"))) is None


async def test_a_refused_start_falls_back_to_a_plain_request() -> None:
    class Refusing(Continuing):
        def role(self, name: str) -> "Refusing":
            return Refusing(self.answer, self.capabilities, self.calls, name)

        async def extend(self, *args: object, **options: object) -> list[Candidate]:
            raise CapabilityError("no prefill")

    assert await one(Judge(), Refusing(lambda text, draw: "Score: 7")) == 0.7


# ---- invariance ------------------------------------------------------------------------------------------------------


def by_content(text: str, draw: int) -> str:
    """A judge whose word depends on the quoted candidate alone."""
    return f"Score: {sum(map(ord, blocks(text)[0])) % 11}"


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6), st.randoms())
async def test_scores_follow_the_candidates_through_any_permutation(texts: list[str], random: object) -> None:
    pool = candidates(*texts)
    order = list(range(len(pool)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = await Judge().score(PROBLEM, pool, FakeSampler(by_content))
    turned = await Judge().score(PROBLEM, [pool[i] for i in order], FakeSampler(by_content))
    assert [straight[i] for i in order] == list(turned)
    alone = [(await Judge().score(PROBLEM, [c], FakeSampler(by_content)))[0] for c in pool]
    assert list(straight) == alone
