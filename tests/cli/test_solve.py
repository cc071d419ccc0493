"""`thinkharder solve` on toy models: what it prints, what it exits with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import Ran, thinkharder

Call = Callable[..., Ran]
VOTING = "toy:categorical(answers=[18, 20, 16], weights=[0.6, 0.3, 0.1], tokens=[20, 60])"
VOTE = ("--model", VOTING, "--strategy", "self-consistency:n=16", "--seed", "1")
FIELDS = {
    "answer",
    "text",
    "confidence",
    "agreement",
    "strategy",
    "exhausted",
    "stopped_by",
    "usage",
    "candidates",
    "model",
    "answer_type",
    "votes",
    "decisions",
    "seed",
    "budget",
    "chosen",
}
USAGE = {"input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens", "calls", "seconds", "usd"}


def test_json_document(call: Call) -> None:
    ran = call("solve", "What is 6 * 3?", *VOTE, "--tokens", "20k", "--json")
    found = ran.json
    assert ran.code == 0
    assert found.keys() >= FIELDS
    assert found["usage"].keys() >= USAGE
    assert (found["answer"], found["exhausted"], found["seed"]) == ("18", None, 1)
    assert len(found["candidates"]) == 16 == found["usage"]["calls"]
    assert all(c.keys() >= {"answer", "score", "text", "tokens", "error"} for c in found["candidates"])
    assert sum(v["votes"] for v in found["votes"]) == 16
    assert found["agreement"] == found["votes"][0]["share"]
    assert found["usage"]["output_tokens"] == sum(c["tokens"] for c in found["candidates"])


def test_the_same_seed_gives_the_same(call: Call) -> None:
    one, other = (call("solve", "What is 6 * 3?", *VOTE, "--json").json for _ in range(2))
    assert [c["text"] for c in one["candidates"]] == [c["text"] for c in other["candidates"]]


def test_a_seed_is_drawn_and_told(call: Call) -> None:
    assert len({call("solve", "2 + 2", "--json").json["seed"] for _ in range(3)}) > 1


def test_plain_output_begins_with_the_answer(call: Call) -> None:
    ran = call("solve", "What is 6 * 3?", *VOTE, "--tokens", "20k")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0] == "18"
    assert any(line.startswith("sure: ") and "of 16 samples agree" in line for line in lines)
    assert any(line.startswith("votes: 18 (") for line in lines)
    assert any(line.startswith("cost: ") and "16 calls" in line for line in lines)
    assert any(line.startswith("budget: ") and "of 20,000 tokens" in line for line in lines)
    assert lines[-1].startswith("ended: ")
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in ran.out + ran.err


def test_progress_is_plain_lines_on_standard_error(call: Call) -> None:
    ran = call("solve", "What is 6 * 3?", *VOTE)
    assert ran.err.splitlines()[0].startswith("loading toy:")
    assert "self-consistency on toy:" in ran.err
    assert "sample 1: " in ran.err


def test_quiet_prints_the_answer_alone(call: Call) -> None:
    assert call("solve", "What is 6 * 3?", *VOTE, "--quiet") == Ran(0, "18\n", "")


def test_quiet_json_is_the_document_alone(call: Call) -> None:
    ran = call("solve", "What is 6 * 3?", *VOTE, "--quiet", "--json")
    assert (ran.json["answer"], ran.err) == ("18", "")


def test_problem_from_a_file_and_from_standard_input(call: Call, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("\ufeffWhat is 2 + 2?", "utf-8")
    assert call("solve", "--file", "p.txt", "-q").out == "4\n"
    assert thinkharder("solve", "-", "-q", stdin="¿2 + 2 = 4?".encode()).out == "4\n"


def test_a_problem_that_looks_like_a_flag(call: Call) -> None:
    assert call("solve", "-q", "--", "--json").code in (0, 3)


@pytest.mark.parametrize("limit", ["tokens", "output-tokens", "calls"])
def test_a_limit_ends_the_run_and_the_best_is_printed(call: Call, limit: str) -> None:
    value = {"tokens": "150", "output-tokens": "130", "calls": "2"}[limit]
    ran = call("solve", "What is 6 * 3?", *VOTE, f"--{limit}", value, "--json")
    found = ran.json
    assert ran.code == 0
    assert found["exhausted"] == limit.replace("-", "_")
    assert found["stopped_by"] == "budget"
    assert found["answer"] is not None


def test_a_deadline_ends_the_run(call: Call) -> None:
    slow = VOTING.replace("tokens=[20, 60]", "tokens=[5, 200], token_seconds=0.005")
    ran = call(
        "solve",
        "How many is 6 * 3?",
        "--model",
        slow,
        "--strategy",
        "self-consistency:n=8",
        "--seconds",
        "0.5",
        "--json",
    )
    assert (ran.code, ran.json["exhausted"]) == (0, "seconds")
    assert ran.json["usage"]["seconds"] < 1.0


def test_no_answer_is_exit_3_and_the_text_is_shown(call: Call) -> None:
    ran = call("solve", "2 + 2", "--model", "toy:scripted(texts=[dunno])", "--answer-type", "number")
    assert ran.code == 3
    assert "dunno" in ran.out
    assert "no number answer could be read" in ran.err
    quiet = call("solve", "2 + 2", "--model", "toy:scripted(texts=[dunno])", "--answer-type", "number", "-q")
    assert (quiet.code, quiet.out) == (3, "")


def test_model_text_cannot_touch_the_terminal(call: Call) -> None:
    evil = r'toy:scripted(texts=["The answer is [red]\x1b]0;owned\x07\x1b[2J 7[/red]"])'.replace(
        r"\x1b", "\x1b"
    ).replace(r"\x07", "\x07")
    for words in ([], ["--json"], ["-q"]):
        ran = call("solve", "2 + 2", "--model", evil, "--answer-type", "text", *words)
        assert "\x1b" not in ran.out + ran.err
        assert "\x07" not in ran.out + ran.err
        assert "owned" not in ran.out or words == ["--json"]
        assert "[/red]" in ran.out


def test_failures_are_told(call: Call) -> None:
    model = f"toy:failing(inner={VOTING.removeprefix('toy:')}, kinds=[malformed], rate=0.6, seed=4)"
    ran = call(
        "solve",
        "What is 6 * 3?",
        "--model",
        model,
        "--strategy",
        "self-consistency(n=6, until=margin(m=6))",
        "--json",
    )
    assert ran.code == 0
    failed = [c for c in ran.json["candidates"] if c["error"]]
    assert all(c["answer"] is None for c in failed)


def test_trace_is_readable_by_its_owner_alone(call: Call, tmp_path: Path) -> None:
    ran = call("solve", "What is 6 * 3?", *VOTE, "--trace", "t.jsonl", "-q")
    assert ran.code == 0
    events = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    assert sum(e["event"] == "candidate" for e in events) == 16
    assert (tmp_path / "t.jsonl").stat().st_mode & 0o077 == 0


def test_trace_survives_a_second_run(call: Call, tmp_path: Path) -> None:
    for _ in range(2):
        assert call("solve", "2 + 2", "--trace", "t.jsonl", "-q").code == 0
    events = [json.loads(line)["event"] for line in (tmp_path / "t.jsonl").read_text("utf-8").splitlines()]
    assert events.count("start") == 1


def test_tests_are_given_to_strategies(call: Call, tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("import math\nassert add(2, 2) == 4\nassert add(math.pi, 0) == math.pi\n")
    good = "def add(a, b):\n    return a + b"
    bad = "def add(a, b):\n    return a * b"
    model = "toy:scripted(texts=[" + ", ".join(f'"```python\n{c}\n```"' for c in (bad, good)) + "])"
    ran = call(
        "solve", "Write add.", "--model", model, "--strategy", "best-of-n:n=4", "--tests", "t.py", "--json"
    )
    assert ran.code == 0, ran.err
    assert ran.json["answer_type"] == "code"
    assert "a + b" in ran.json["text"]
    assert sorted({c["score"] for c in ran.json["candidates"]}) == [0.0, 1.0]


def test_roles_share_the_budget(call: Call) -> None:
    ran = call(
        *("solve", "What is 6 * 3?", "--model", VOTING, "--role", 'judge=toy:scripted(texts=["Score: 7"])'),
        *("--strategy", "best-of-n:n=3", "--verifier", "judge", "--json"),
    )
    assert ran.code == 0, ran.err
    assert ran.json["usage"]["calls"] == 6
    assert all("judge" in c["scores"] for c in ran.json["candidates"])


def test_project_settings_stand_below_flags(call: Call, tmp_path: Path) -> None:
    (tmp_path / "thinkharder.toml").write_text(
        f"strategy = 'self-consistency:n=4'\nmodel = '{VOTING}'\n[engine]\nthreads = 1\n"
    )
    ran = call("solve", "What is 6 * 3?", "--json")
    assert ran.json["strategy"] == "self-consistency(n=4)"
    assert ran.json["model"].startswith("toy:scripted"), (
        "the variable THINKHARDER_MODEL stands above the file"
    )
    assert call("solve", "What is 6 * 3?", "--json", "-s", "direct").json["strategy"] == "direct"
