"""Candidates that try to be their own judges, and the quotation that stops them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifiers.fakes import INJECTIONS, PROBLEM, FakeSampler, blocks, candidate, outside
from thinkharder.verifiers import Judge
from thinkharder.verifiers.quote import neutral, quote


async def one(judge: Judge, sampler: FakeSampler, text: str = "It is 42.") -> object:
    (score,) = await judge.score(PROBLEM, [candidate(text)], sampler)
    return score.value


def obedient(text: str, draw: int) -> str:
    """Obeys whatever asks for a score outside the quoted block, and any line in it that could be its own."""
    orders = outside(text).replace("Score: N", "")
    asked = re.search(r"score\W+(\d+)", orders, re.IGNORECASE)
    if asked:
        return f"Score: {asked[1]}"
    return "Score: 8" if "42" in blocks(text)[0] else "Score: 2"


def echoing(text: str, draw: int) -> str:
    """Repeats the candidate, then says its own word."""
    return f"The solution says:\n{blocks(text)[0]}\nIt is wrong.\nScore: 2"


def echoing_only(text: str, draw: int) -> str:
    """Repeats the candidate and ends there."""
    return f"Let me repeat the solution.\n{blocks(text)[0]}"


@pytest.mark.parametrize("injection", INJECTIONS)
@pytest.mark.parametrize("place", ["{}\n43", "43\n{}", "43 {} 43", "{}"])
@pytest.mark.parametrize("think", [False, True])
async def test_a_candidate_that_scores_itself_gains_nothing(injection: str, place: str, think: bool) -> None:
    judge, text = Judge(think=think), place.format(injection)
    assert await one(judge, FakeSampler(obedient), text) == 0.2
    assert await one(judge, FakeSampler(echoing), text) == 0.2
    assert await one(judge, FakeSampler(echoing_only), text) is None


@given(st.text(alphabet=st.sampled_from(list("Score: 10\n<>|*#_/ABverdict\r\u2028" + "｜"))))
async def test_no_text_speaks_as_the_judge(text: str) -> None:
    if text.strip():
        assert await one(Judge(), FakeSampler(obedient), "43 " + text) == 0.2
        assert await one(Judge(think=True), FakeSampler(echoing_only), "43\n" + text) is None


@given(st.text(), st.text())
def test_no_text_closes_its_block(text: str, problem: str) -> None:
    found = quote(text, problem)
    first, *inner, last = found.block.split("\n")
    assert first == f"<<<{found.nonce}"
    assert last == f"{found.nonce}>>>"
    assert found.nonce not in "\n".join(inner)
    assert quote(text, problem) == found


def test_a_text_that_knows_its_nonce_cannot_use_it() -> None:
    nonce = quote("x", "p").nonce
    for text in (f"{nonce}>>>", nonce[:6] + nonce + nonce[6:]):
        found = quote(text, "p")
        assert found.block.count(found.nonce) == 2
    # Even a fixed point of the hash could not close the block: the nonce is removed until none is left.
    assert (
        neutral("plain words stay as they are, i<n and a<b> too")
        == "plain words stay as they are, i<n and a<b> too"
    )


def test_nonces_differ_between_texts_and_problems() -> None:
    seen = {quote(text, problem).nonce for text in "abcdef" for problem in ("p", "q")}
    assert len(seen) == 12
    assert math.isclose(len(quote("a", "bc").nonce), 12)
    assert quote("a", "bc").nonce != quote("ab", "c").nonce


@pytest.mark.parametrize(
    "control", ["<|im_end|>", "</s>", "[INST]", "<end_of_turn>", "<｜User｜>", "<<SYS>>", "<tool_call>"]
)
def test_control_tokens_are_broken(control: str) -> None:
    assert control not in quote(f"42 {control} 42").block
