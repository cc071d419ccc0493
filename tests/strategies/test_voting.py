"""direct, cot, best-of-n, self-consistency, weighted-vote and multiple-attempts on toys: the right answer is chosen."""

import pytest

from tests.strategies.toys import ByKind, Table, bench, boxed
from thinkharder.core.errors import BadOption, UnknownOption
from thinkharder.core.registry import build, factory, names, spec_of
from thinkharder.models.toy import Categorical, Faults
from thinkharder.stopping import Margin
from thinkharder.strategies import MultipleAttempts, SelfConsistency, WeightedVoting

THREE_TO_TWO = boxed(18, 20, 18, 20, 18)


async def test_direct_asks_once() -> None:
    found = await bench("direct", ByKind({"answer": boxed(20, 18)}))
    assert found.result.answer == "20"
    assert found.result.usage.calls == found.result.usage.requests == 1
    assert found.asked[0].sampling.temperature is None
    assert found.result.confidence is None


async def test_cot_thinks_step_by_step() -> None:
    found = await bench("cot", ByKind({"answer": boxed(18)}))
    text = found.asked[0].messages[-1].text
    assert "Let's think step by step." in text
    assert "\\boxed{}" in text
    assert found.result.usage.calls == 1


async def test_cot_asks_for_the_answer_where_there_is_none() -> None:
    found = await bench("cot", ByKind({"answer": boxed(None, 18)}))
    assert found.result.answer == "18"
    assert found.asked[1].messages[-1].text.startswith("Therefore, what is the final answer?")
    assert found.asked[1].messages[-2].text == boxed(None)[0]
    assert "holds no answer" in found.result.decisions[0]


async def test_cot_keeps_its_reasoning_where_no_answer_comes() -> None:
    found = await bench("cot", ByKind({"answer": ("nothing here", "nor here")}))
    assert found.result.answer is None
    assert found.result.text == "nothing here"


async def test_cot_outlives_a_failed_extraction() -> None:
    faults = Faults(schedule=("ok", "server_error"))
    found = await bench("cot", ByKind({"answer": boxed(None)}), faults=faults)
    assert found.result.text == boxed(None)[0]
    assert any("failed" in line for line in found.result.decisions)


async def test_self_consistency_takes_the_majority() -> None:
    found = await bench("self-consistency:n=5", ByKind({"answer": boxed(20, 18, 18, 20, 18)}))
    assert found.result.answer == "18"
    assert found.result.agreement == pytest.approx(3 / 5)
    assert found.result.confidence == pytest.approx(3.5 / 6)
    assert found.result.usage.requests == 1


async def test_self_consistency_stops_by_its_rule() -> None:
    found = await bench("self-consistency(n=16, until=margin(m=3))", ByKind({"answer": boxed(18)}))
    assert found.result.usage.calls == 3
    assert found.result.stopped_by == "margin"


async def test_best_of_n_takes_the_best_score_against_the_majority() -> None:
    table = Table({"18": 0.9, "20": 0.2})
    found = await bench("best-of-n:n=5", ByKind({"answer": boxed(20, 20, 20, 18, 20)}), verifier=table)
    assert found.result.answer == "18"
    assert all("table" in c.scores for c in found.result.candidates)


async def test_best_of_n_ranks_the_unscored_last() -> None:
    found = await bench("best-of-n:n=3", ByKind({"answer": boxed(20, 20, 18)}), verifier=Table({"18": 0.0}))
    assert found.result.answer == "18"


async def test_weighted_vote_adds_up_scores() -> None:
    texts = boxed(20, 20, 20, 18, 18)
    light = Table({"20": 0.3, "18": 0.6})
    assert (await bench("weighted-vote:n=5", ByKind({"answer": texts}), verifier=light)).result.answer == "18"
    even = Table({"20": 0.5, "18": 0.6})
    assert (await bench("weighted-vote:n=5", ByKind({"answer": texts}), verifier=even)).result.answer == "20"
    steep = "weighted-vote:n=5,power=8"
    assert (await bench(steep, ByKind({"answer": texts}), verifier=even)).result.answer == "18"


async def test_weighted_vote_by_borda() -> None:
    spec = "weighted-vote(n=5, select=borda(exponent=3))"
    found = await bench(
        spec, ByKind({"answer": boxed(20, 20, 18, 20, 18)}), verifier=Table({"18": 0.9, "20": 0.1})
    )
    assert found.result.answer == "18"


def test_power_is_the_selections_own() -> None:
    assert build("strategy", "weighted-vote(power=0.3, select=borda)").select == build(
        "select", "borda:exponent=0.3"
    )
    with pytest.raises(BadOption, match="needs select=weighted-vote or select=borda"):
        build("strategy", "weighted-vote(power=2, select=majority)")


async def test_multiple_attempts_spreads_over_approaches() -> None:
    found = await bench("multiple-attempts:n=7", ByKind({"answer": THREE_TO_TWO}))
    counts = [(request.messages[-1].text.splitlines()[-1], request.n) for request in found.asked]
    assert [n for _, n in counts] == [2, 2, 1, 1, 1]
    assert len({line for line, _ in counts}) == 5
    assert any("edge cases" in line for line, _ in counts)
    assert found.result.usage.calls == 7


async def test_multiple_attempts_needs_no_more_approaches_than_attempts() -> None:
    found = await bench("multiple-attempts:n=2", ByKind({"answer": boxed(18)}))
    assert len(found.asked) == 2


async def test_multiple_attempts_outlives_a_failing_approach() -> None:
    faults = Faults(schedule=("ok", "server_error", "ok", "ok", "ok"))
    found = await bench("multiple-attempts", ByKind({"answer": boxed(18)}), faults=faults)
    assert found.result.answer == "18"
    assert sum(c.error is None for c in found.result.candidates) == 4


async def test_failed_calls_do_not_vote() -> None:
    texts = ByKind({"answer": boxed(18)})
    found = await bench(
        "self-consistency(n=6, until=fixed(6))", texts, faults=Faults(kinds=("cut",), rate=0.3)
    )
    assert found.result.answer == "18"
    assert all(c.error is None or c.answer is None for c in found.result.candidates)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("self-consistency:n=0", "n=0 must be at least 1"),
        ("best-of-n:n=-3", "n=-3 must be at least 1"),
        ("weighted-vote:n=0", "must be at least 1"),
        ("weighted-vote:power=-1", "0 or more"),
        ("direct:temperature=-0.1", "temperature=-0.1 must be between 0 and 2"),
        ("cot:temperature=2.5", "between 0 and 2"),
        ("multiple-attempts(approaches=[magic])", "approaches='magic' must be one or more of"),
        ("multiple-attempts(approaches=[])", "must be one or more of"),
        ("multiple-attempts(approaches=[backwards, backwards])", "each once"),
        ("self-consistency:n=two", "whole number"),
        ("self-refine:rounds=0", "at least 1"),
        ("self-refine:feedback=oracle", "must be one of model, verifier"),
        ("deep-reasoning:rounds=-1", "at least 0"),
        ("hybrid:chains=0", "chains=0"),
        ("adaptive:probes=1", "at least 2"),
        ("adaptive:trust=1.5", "between 0 and 1"),
        ("adaptive(thresholds=[0.5, 0.1, 0.9])", "three numbers from 0 to 1, rising"),
        ("adaptive(thresholds=[0.1, 0.2])", "three numbers"),
    ],
)
def test_bad_options_are_refused(spec: str, words: str) -> None:
    with pytest.raises(BadOption, match=words):
        build("strategy", spec)


def test_unknown_options_are_refused() -> None:
    with pytest.raises(UnknownOption, match="did you mean n"):
        build("strategy", "best-of-n:nn=3")


@pytest.mark.parametrize(
    "name", [n for n in names("strategy") if factory("strategy", n).__module__.startswith("thinkharder.")]
)
def test_every_strategy_is_whole(name: str) -> None:
    made = factory("strategy", name)
    built = build("strategy", name)
    assert build("strategy", str(spec_of(built))) == built
    assert made.__dataclass_params__.frozen
    for part in ("Reference:", "Cost:", "Departures:"):
        assert part in made.__doc__, f"{name} lacks {part}"
    assert built.plan()
    assert callable(built.select)


@pytest.mark.parametrize(
    "strategy",
    [
        SelfConsistency(3, until=Margin(2)),
        WeightedVoting(power=0.5),
        MultipleAttempts(approaches=("backwards",)),
        build("strategy", "adaptive(medium=best-of-n(n=3), thresholds=[0, 0.5, 1])"),
    ],
)
def test_options_survive_their_spec(strategy: SelfConsistency) -> None:
    assert build("strategy", str(spec_of(strategy))) == strategy


async def test_the_same_seed_gives_the_same_run() -> None:
    source = Categorical(answers=("18", "20", "16"), weights=(0.5, 0.3, 0.2), tokens=(5, 40))
    first, second = [await bench("hybrid", source) for _ in range(2)]
    drawn = [[(c.id, c.text) for c in found.result.candidates] for found in (first, second)]
    assert drawn[0] == drawn[1]
    assert first.result.chosen == second.result.chosen
