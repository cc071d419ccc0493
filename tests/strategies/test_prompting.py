"""What stands behind a problem depends on its answer type; who samples the same problem sends the same request."""

import pytest

from tests.strategies.toys import WRONG, ByKind, Table, bench, boxed
from thinkharder.core.identity import content_hash
from thinkharder.core.types import Candidate, Message, Problem
from thinkharder.strategies.prompting import answer_kind, answer_prompt, then


def last_line(problem: Problem, lead: str | None = None) -> str:
    """The last line of the prompt."""
    return answer_prompt(problem, lead)[-1].text.splitlines()[-1]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("math", r"final answer within \boxed{}"),
        ("number", r"final answer within \boxed{}"),
        ("choice", r"letter of your final answer within \boxed{}"),
        ("json", "one JSON value"),
        ("json(schema=x.json)", "one JSON value"),
        ("code", "one Python code block"),
    ],
)
def test_the_answer_type_says_how_to_mark(kind: str, words: str) -> None:
    problem = Problem.of("What is it?", answer_type=kind)
    assert words in last_line(problem)
    assert words in last_line(problem, "Think of an analogy.")
    assert last_line(problem, "Think of an analogy.").startswith("Think of an analogy. ")


@pytest.mark.parametrize("kind", ["text", "tool_call", "auto"])
def test_other_types_are_left_as_they_are(kind: str) -> None:
    problem = Problem.of("Tell me a story.", answer_type=kind)
    assert answer_prompt(problem) == problem.messages
    assert answer_kind(problem) == "text"


def test_the_wording_is_the_one_that_was_measured() -> None:
    (message,) = answer_prompt(Problem.of("How many?", answer_type="math"))
    expected = "How many?\nPlease reason step by step, and put your final answer within \\boxed{}."
    assert message == Message("user", expected)


def test_nothing_is_said_twice() -> None:
    told = Problem.of("How many? Put it in \\boxed{}.", answer_type="math")
    assert answer_prompt(told) == told.messages
    formatted = Problem.of("How many?", answer_type="json", response_format={"type": "json_object"})
    assert answer_prompt(formatted) == formatted.messages


def test_parts_and_conversations_are_kept() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    parts = Problem.of([Message("user", ({"type": "text", "text": "How many?"}, image))], answer_type="math")
    (message,) = answer_prompt(parts)
    assert message.content[1] == image
    assert message.text.endswith("\\boxed{}.")
    talk = (Message("user", "Hi"), Message("assistant", "Hello"))
    assert answer_prompt(Problem.of(talk, answer_type="math"))[:2] == talk
    assert answer_prompt(Problem.of(talk, answer_type="math"))[2].role == "user"


def test_a_reply_is_shown_whole_and_without_its_thinking() -> None:
    reply = Candidate("c", "end", prefix="begin ", reasoning="secret")
    assert then((), reply, "next") == (Message("assistant", "begin end"), Message("user", "next"))


async def test_sampling_strategies_share_their_requests() -> None:
    asked = []
    for spec in ("direct:0.7", "self-consistency:n=4", "best-of-n:n=4", "weighted-vote:n=4", "adaptive"):
        found = await bench(spec, ByKind({"answer": boxed(18)}), verifier=Table({"18": 1.0}))
        asked.append(content_hash(found.asked[0]))
    assert len(set(asked)) == 1


async def test_later_turns_repeat_the_mark() -> None:
    problem = Problem.of("Write f. Answer with one Python code block.", answer_type="code")
    texts = ByKind({"answer": ("```python\nf = 1\n```", "```python\nf = 2\n```"), "critique": (WRONG,)})
    found = await bench("self-refine:rounds=1", texts, problem=problem, answer_type="code")
    assert found.asked[0].messages == problem.messages
    assert "one Python code block" in found.asked[2].messages[-1].text
