"""self-refine, deep-reasoning and hybrid: when a chain goes on, when it ends, and that its last word is not taken blindly."""

import pytest

from tests.strategies.toys import RIGHT, WRONG, ByKind, Table, bench, boxed
from thinkharder import prompts
from thinkharder.models.toy import Faults
from thinkharder.strategies.self_refine import MAX_FEEDBACK, _shortened, finds_nothing

NOTHING = prompts.text("critique.nothing")


async def test_a_critique_that_finds_nothing_ends_the_chain() -> None:
    found = await bench("self-refine", ByKind({"answer": boxed(18), "critique": (RIGHT,)}))
    assert found.result.usage.calls == 2
    assert [request.kind for request in found.asked] == ["answer", "critique"]


async def test_a_repeated_answer_ends_the_chain() -> None:
    found = await bench("self-refine:rounds=5", ByKind({"answer": boxed(18, 18.0, 20), "critique": (WRONG,)}))
    assert found.result.usage.calls == 3
    assert found.result.answer == "18"


async def test_the_cap_ends_the_chain() -> None:
    found = await bench("self-refine:rounds=2", ByKind({"answer": boxed(1, 2, 3, 4), "critique": (WRONG,)}))
    assert [c.answer for c in found.result.candidates] == ["1", "2", "3"]


async def test_an_answer_that_comes_back_ends_the_chain_and_wins() -> None:
    found = await bench(
        "self-refine:rounds=5", ByKind({"answer": boxed(18, 20, 18, 20), "critique": (WRONG,)})
    )
    assert [c.answer for c in found.result.candidates] == ["18", "20", "18"]
    assert found.result.answer == "18"


async def test_the_last_revision_is_not_taken_blindly() -> None:
    texts = ByKind({"answer": boxed(18, 20, 16), "critique": (WRONG,)})
    found = await bench("self-refine:rounds=2", texts, verifier=Table({"18": 0.9, "20": 0.4, "16": 0.1}))
    assert found.result.answer == "18"


async def test_the_revision_sees_the_answer_and_its_critique() -> None:
    found = await bench("self-refine:rounds=1", ByKind({"answer": boxed(18, 20), "critique": (WRONG,)}))
    roles = [m.role for m in found.asked[2].messages]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    assert found.asked[2].messages[1].text == boxed(18)[0]
    assert found.asked[2].messages[3].text == WRONG
    assert "\\boxed{}" in found.asked[2].messages[4].text
    chain = [c for c in found.result.candidates if c.kind == "answer"]
    assert chain[1].parents == (chain[0].id,)


async def test_prompts_do_not_grow_with_the_rounds() -> None:
    found = await bench("self-refine:rounds=6", ByKind({"answer": boxed(*range(9)), "critique": (WRONG,)}))
    assert max(len(request.messages) for request in found.asked) == 5


async def test_the_verifiers_word_is_the_feedback() -> None:
    table = Table({"18": 0.0, "20": 1.0}, note="assert f(2) == 4 failed: got 3")
    found = await bench("self-refine:feedback=verifier", ByKind({"answer": boxed(18, 20)}), verifier=table)
    assert found.result.answer == "20"
    assert [request.kind for request in found.asked] == ["answer", "answer"]
    assert "assert f(2) == 4 failed: got 3" in found.asked[1].messages[-1].text


async def test_full_marks_end_the_chain() -> None:
    found = await bench(
        "self-refine:feedback=verifier", ByKind({"answer": boxed(18)}), verifier=Table({"18": 1.0})
    )
    assert found.result.usage.calls == 1


@pytest.mark.parametrize("verifier", [None, Table({}), Table({"18": 0.0}, note="")])
async def test_the_model_criticises_where_the_verifier_says_nothing(verifier: Table | None) -> None:
    texts = ByKind({"answer": boxed(18), "critique": (RIGHT,)})
    found = await bench("self-refine:feedback=verifier", texts, verifier=verifier)
    assert [request.kind for request in found.asked] == ["answer", "critique"]


def test_long_feedback_is_shortened_in_the_middle() -> None:
    assert _shortened("x" * MAX_FEEDBACK) == "x" * MAX_FEEDBACK
    short = _shortened("a" * 9000 + "b" * 9000)
    assert len(short) < MAX_FEEDBACK + 10
    assert short.startswith("aaa")
    assert short.endswith("bbb")


@pytest.mark.parametrize(
    ("critique", "nothing"),
    [
        (NOTHING, True),
        ("no mistakes found", True),
        ("All steps hold.\n**No mistakes found.**\n", True),
        ("No mistakes found. Well done!\nBye.", True),
        ("", True),
        ("The sum is wrong: 3 + 4 = 7.", False),
        ("Step 1: no mistakes found.\nStep 2: no mistakes found.\nStep 3 is wrong.\nIt should be 8.", True),
        ("Step 1 is fine.\nNo mistakes found in step 2.\nStep 3 is wrong.", False),
    ],
)
def test_what_finds_nothing(critique: str, nothing: bool) -> None:
    assert finds_nothing(critique, NOTHING) is nothing


@pytest.mark.parametrize("schedule", [("ok", "server_error"), ("ok", "ok", "server_error")])
async def test_a_failing_model_ends_the_chain_not_the_run(schedule: tuple[str, ...]) -> None:
    texts = ByKind({"answer": boxed(18), "critique": (WRONG,)})
    found = await bench("self-refine", texts, faults=Faults(schedule=(*schedule, "server_error")))
    assert found.result.answer == "18"
    assert found.result.stopped_by == "strategy"
    assert any("ends after 0" in line for line in found.result.decisions)


async def test_deep_reasoning_is_one_conversation() -> None:
    texts = ByKind(
        {"answer": boxed(18, 18, 20), "critique": (WRONG,), "plan": ("It asks X.", "I will do Y.")}
    )
    found = await bench("deep-reasoning", texts)
    assert [r.kind for r in found.asked] == ["plan", "plan", "answer", "answer", "critique", "answer"]
    solving = [m.text for m in found.asked[2].messages]
    assert "It asks X." in solving
    assert "I will do Y." in solving
    assert found.asked[3].messages[-2].text == boxed(18)[0]
    assert found.result.answer == "18"
    assert found.result.confidence is None


async def test_deep_reasoning_spares_the_refinement_of_what_is_right() -> None:
    found = await bench("deep-reasoning", ByKind({"answer": boxed(18), "critique": (RIGHT,)}))
    assert found.result.usage.calls == 5
    assert (await bench("deep-reasoning:rounds=0", ByKind({"answer": boxed(18)}))).result.usage.calls == 4


async def test_deep_reasoning_solves_without_a_plan_where_planning_fails() -> None:
    faults = Faults(schedule=("server_error", "ok", "ok", "ok"))
    found = await bench("deep-reasoning", ByKind({"answer": boxed(18), "critique": (RIGHT,)}), faults=faults)
    assert found.result.answer == "18"
    assert "planning failed" in found.result.decisions[0]


async def test_hybrid_refines_each_chain_and_selects_over_all() -> None:
    texts = ByKind({"answer": boxed(18, 20, 16, *range(100, 120)), "critique": (WRONG,)})
    table = Table({"20": 0.9, "18": 0.1})
    found = await bench("hybrid:chains=3,rounds=1", texts, verifier=table)
    assert found.asked[0].n == 3
    assert len(found.result.candidates) == 6
    assert found.result.answer == "20"
    revised = [c for c in found.result.candidates if c.parents]
    assert len({c.parents for c in revised}) == 3


async def test_hybrid_chains_fail_alone() -> None:
    texts = ByKind({"answer": boxed(18), "critique": (WRONG,)})
    found = await bench(
        "hybrid:chains=3,rounds=1", texts, faults=Faults(schedule=("ok", "server_error", *["ok"] * 9))
    )
    assert found.result.answer == "18"
    assert len([c for c in found.result.candidates if c.parents]) == 2
