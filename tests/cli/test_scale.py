"""`thinkharder scale` from the command line."""

import gzip
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.cli.shell import Ran
from thinkharder.cli.scale import price, size
from thinkharder.cli.scale_document import plain
from thinkharder.cli.scale_show import show
from thinkharder.core.errors import BadOption

Call = Callable[..., Ran]
QUICK = ("--times", "20", "--trials", "20", "--most", "32")


def write(path: Path, seed: int, ease: float, problems: int = 24, draws: int = 8, **without: bool) -> Path:
    rng = np.random.default_rng(seed)
    lines = []
    for problem in range(problems):
        rate = np.random.default_rng(problem).beta(ease, 1.0)
        for number in range(draws):
            right = rng.random() < rate
            row = {
                "problem": f"q{problem}",
                "sample": number,
                "answer": "7" if right else str(rng.integers(10, 13)),
                "gold": "7",
                "prompt_tokens": 50,
                "completion_tokens": int(rng.integers(80, 120)),
            }
            lines.append(json.dumps({key: value for key, value in row.items() if without.get(key, True)}))
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.fixture
def pool(tmp_path: Path) -> str:
    return str(write(tmp_path / "pool.jsonl", 0, 1.0))


def test_one_json_document(call: Call, pool: str) -> None:
    ran = call(
        "scale", pool, "--json", "--parameters", "1.5B", "--budget", "600", "--price", "0.1,0.4", *QUICK
    )
    assert ran.code == 0, ran.err
    told = ran.json["pools"][0]
    assert (told["problems"], told["samples"]) == (24, [8, 8])
    rows = told["forecasts"]["vote"]
    assert [row["k"] for row in rows] == [1, 2, 4, 8, 16, 32]
    assert rows[2]["observed"] is not None
    assert rows[4]["observed"] is None
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)
    assert rows[0]["flops"] == pytest.approx(2 * 1.5e9 * rows[0]["tokens"])
    assert rows[0]["usd"] == pytest.approx((50 * 0.1 + (rows[0]["tokens"] - 50) * 0.4) / 1e6)
    assert "seconds" not in rows[0]
    advice = told["recommendation"]
    assert advice["steps"][0]["strategy"] == "direct"
    assert advice["take"]["input_tokens"] + advice["take"]["output_tokens"] <= 600
    assert set(told["saturation"]) == {"pass", "vote"}
    assert told["law"]["parameters"]


def test_text_says_what_to_buy(call: Call, pool: str) -> None:
    ran = call("scale", pool, "--budget", "600", *QUICK)
    assert ran.code == 0, ran.err
    assert "law of the right rates:" in ran.out
    assert "maj@k (the vote of k):" in ran.out
    assert "recommendation" in ran.out
    assert "at 600 tokens a problem:" in ran.out
    assert "the vote's limit:" in ran.out
    assert "\x1b" not in ran.out


def test_the_same_seed_says_the_same(call: Call, pool: str) -> None:
    first, second = (call("scale", pool, "--json", *QUICK).json for _ in range(2))
    assert first == second


def test_models_on_one_axis(call: Call, tmp_path: Path) -> None:
    small = str(write(tmp_path / "small.jsonl", 1, 0.7))
    large = str(write(tmp_path / "large.jsonl.gz", 2, 2.0))
    ran = call("scale", large, small, "--parameters", "7B", "--parameters", "500M", "--json", *QUICK)
    assert ran.code == 0, ran.err
    models = ran.json["models"]
    assert models["unit"] == "flops"
    assert models["problems"] == 24
    assert [name.partition(".")[0] for name in models["order"]] == ["small", "large"]
    first = models["pairs"][0][0]
    assert first["verdict"] in ("first", "second", "none")
    assert first["compute"] == pytest.approx(2 * 7e9 * 150, rel=0.05)
    out = StringIO()
    show(ran.json, Console(file=out, width=200))
    assert "the same FLOPs a problem, 24 problems" in out.getvalue()
    assert "recommendation" in out.getvalue()


def test_without_tokens_there_are_forecasts_and_no_advice(call: Call, tmp_path: Path) -> None:
    bare = write(tmp_path / "bare.jsonl", 0, 1.0, prompt_tokens=False, completion_tokens=False)
    told = call("scale", str(bare), "--json", *QUICK).json["pools"][0]
    assert told["recommendation"] is None
    assert told["forecasts"]["pass"]
    assert any("completion_tokens" in note for note in told["notes"])
    half = write(tmp_path / "half.jsonl", 0, 1.0, prompt_tokens=False)
    told = call("scale", str(half), "--json", *QUICK).json["pools"][0]
    assert told["recommendation"]["steps"][0]["input_tokens"] == 0
    assert any("counted as 0" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--parameters", "many"), "1.5B"),
        (("--parameters", "1B", "--parameters", "2B"), "2 times for 1 pools"),
        (("--price", "1"), "two numbers"),
        (("--gain-per-1k", "0"), "above 0"),
        (("--law", "normal"), "beta-binomial"),
        (("--strategy", "vote"), "unknown strategy"),
        (("--budget", "-5"), "above 0"),
        (("--cached", "2"), "share"),
    ],
    ids=" ".join,
)
def test_bad_options_are_named(call: Call, pool: str, words: tuple[str, ...], why: str) -> None:
    ran = call("scale", pool, *words, *QUICK)
    assert ran.code == 2
    assert why in ran.err
    assert "Traceback" not in ran.err


def test_too_few_problems(call: Call, tmp_path: Path) -> None:
    ran = call("scale", str(write(tmp_path / "few.jsonl", 0, 1.0, problems=5)), *QUICK)
    assert ran.code == 2
    assert "at least 10" in ran.err


def test_sizes_and_prices() -> None:
    assert size("1.5B") == 1.5e9
    assert size("500m") == 5e8
    assert size("7e9") == 7e9
    assert price("0.15, 0.6") == (0.15, 0.6)
    for bad in ("0B", "-1", "B", "1.5X"):
        with pytest.raises(BadOption):
            size(bad)


def test_what_is_not_finite_is_null() -> None:
    assert plain({"a": [float("nan"), np.float64(1.5), np.int64(2)], "b": np.array([np.inf])}) == {
        "a": [None, 1.5, 2],
        "b": [None],
    }
