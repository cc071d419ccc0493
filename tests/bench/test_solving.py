"""What a cell keeps of its candidates."""

from thinkharder.bench.solving import _first_of_class
from thinkharder.core.types import Candidate


def test_candidates_of_one_class_are_recorded_with_one_answer() -> None:
    candidates = [
        Candidate("0", "", answer="def f(x): return x + 1", answer_class=0),
        Candidate("1", "", answer="def f(y): return 1 + y", answer_class=0),
        Candidate("2", "", answer="def f(x): return x", answer_class=1),
        Candidate("3", ""),
    ]
    assert _first_of_class(candidates) == {0: "def f(x): return x + 1", 1: "def f(x): return x"}
