"""Python code."""

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from thinkharder.answers import Classes, CodeAnswers, answer_type

KIND = CodeAnswers()
ADD = "def add(a, b):\n    return a + b"


def block(code: str, language: str = "python") -> str:
    return f"Here it is:\n```{language}\n{code}\n```\nDone."


@pytest.mark.parametrize(
    "text",
    [block(ADD), block(ADD, ""), block(ADD, "py"), ADD, block("def add(a, b):\n    # adds\n    return (a + b)  # sum"), block('def add(a, b):\n    """Adds."""\n    return a+b'),
     "<think>" + block("def add(a, b): return 0") + "</think>" + block(ADD), "~~~python\n" + ADD + "\n~~~", block("    def add(a, b):\n        return a + b"),
     "```python\r\n" + ADD + "\r\n```"],
)  # fmt: skip
def test_layout_comments_and_docstrings_do_not_count(text: str) -> None:
    answer, plain = KIND.extract(text), KIND.extract(block(ADD))
    assert answer is not None
    assert plain is not None
    assert answer.key == plain.key


def test_the_last_block_that_defines_the_entry_counts() -> None:
    text = (
        block("def add(a, b):\n    return 0")
        + block(ADD)
        + block("print(add(1, 2))")
        + block("ls -la", "bash")
    )
    for kind in (KIND, CodeAnswers(entry="add")):
        answer = kind.extract(text)
        assert answer is not None
        assert answer.shown == ADD
    other = CodeAnswers(entry="add").extract(block(ADD) + block("def helper():\n    return 1"))
    assert other is not None
    assert other.shown == ADD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot.",
        "```python\ndef f(:\n```",
        "```python\n" + ADD,
        "<think>" + ADD,
        block(""),
        block("# nothing"),
        "x" * 50_000,
        "Hello",
        block("def f():\n  x = '\0'"),
    ],
)
def test_abstains(text: str) -> None:
    assert KIND.extract(text) is None


def test_a_cut_text_counts_only_with_a_closed_block() -> None:
    assert KIND.extract(ADD, complete=False) is None
    assert KIND.extract(block(ADD) + "And", complete=False) is not None


def test_user_turns_and_unicode_inside_strings_survive() -> None:
    answer = KIND.extract(block('def f():\n    return "User: 你好 🎉 مرحبا"'))
    assert answer is not None
    assert "User: 你好 🎉 مرحبا" in answer.shown


def test_odd_literals_raise_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert KIND.extract(block("x = '\\d'\ny = 1if x else 2\nz = (x is 1)")) is not None


DEEP = {
    "dots": "x=x" + ".a" * 19_000, "plus": "x=" + "1+" * 19_000 + "1", "not": "x=" + "not " * 9_000 + "1", "calls": "x=f" + "(x)" * 13_000,
    "ifelse": "x=" + "a if b else " * 3_000 + "c", "elif": "if a:\n b\n" + "elif a:\n b\n" * 3_000, "parens": "x=" + "(" * 39_000, "minus": "x=" + "-" * 39_000 + "1",
    "walrus": "x=" + "(a:=" * 5_000 + "1" + ")" * 5_000, "lambda": "x=" + "lambda:" * 5_000 + "1", "matmul": "x=" + "a@" * 19_000 + "b", "compare": "x=" + "a<" * 19_000 + "b",
}  # fmt: skip


@pytest.mark.parametrize("name", DEEP)
def test_programs_made_to_break_the_parser_do_not(name: str) -> None:
    answer = KIND.extract(block(DEEP[name]))
    assert answer is None or answer.shown == DEEP[name]


async def test_behaviour_decides_where_the_caller_can_compare_it() -> None:
    asked: list[tuple[str, str]] = []

    async def behaves(a: str, b: str) -> bool:
        asked.append((a, b))
        spaces: list[dict[str, Any]] = [{}, {}]
        exec(a, spaces[0])
        exec(b, spaces[1])
        return bool(spaces[0]["f"](3) == spaces[1]["f"](3))

    kind = answer_type("code", "def f(x):", behaves=behaves)
    assert kind.semantic
    classes = Classes(kind)
    programs = [
        "def f(x): return x * 2",
        "def f(y): return y + y",
        "def f(x): return x ** 2",
        "def f(x):  return x*2",
    ]
    assert [await classes.classify(kind.extract(block(p))) for p in programs] == [0, 0, 1, 0]
    assert len(asked) == 2
    a, b = kind.extract(block(programs[0])), kind.extract(block(programs[1]))
    assert a is not None
    assert b is not None
    await kind.same(a, b)
    await kind.same(b, a)
    assert asked[-1] == asked[-2]


async def test_without_it_the_key_decides() -> None:
    a, b = KIND.extract(block("def f(x): return x * 2")), KIND.extract(block("def f(y): return y + y"))
    assert a is not None
    assert b is not None
    assert not KIND.semantic
    assert not await KIND.same(a, b)


def test_recorded_samples_hold_code(shared: Path) -> None:
    with (shared / "pools" / "humaneval60-qwen2.5-coder-0.5b-n16.jsonl").open() as lines:
        rows = [json.loads(line) for line in lines]
    right = [row for row in rows if row["correct"]]
    found = [KIND.extract(row["text"], complete=row["finish"] == "stop") for row in right]
    assert sum(answer is not None for answer in found) >= 0.98 * len(right)
    assert all(answer is None or "def " in answer.shown for answer in found)
