"""The browser's lines and texts: counted right, within the limit, and with something of every problem."""

import math

import pytest

from tests.reports.pools import many
from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import Classed, classed
from thinkharder.reports.blocks import unpack
from thinkharder.reports.findings import Browser
from thinkharder.reports.problems import Shown, browse, row

POOL = classed(Pool.of(many(60, 6, words=40), "many"))


def held(browser: Browser) -> dict[int, int]:
    """Candidates by problem, as the blocks hold them."""
    return {int(p): len(texts["found"]) for block in browser.blocks for p, texts in unpack(block).items()}


def of(*answers: str | None, gold: str | None = "1") -> Classed:
    return classed(Pool.of([Sample("p", i, answer=a, gold=gold) for i, a in enumerate(answers)], "x"))


def test_where_all_do_not_fit_each_problem_has_fewer() -> None:
    whole = browse(POOL, Shown(candidates=6), {}, {})
    assert set(held(whole).values()) == {6}
    size = sum(map(len, whole.blocks))
    some = browse(POOL, Shown(candidates=6, limit=size * 2 // 3), {}, {})
    assert sum(map(len, some.blocks)) <= size * 2 // 3
    assert len(held(some)) >= 55
    assert 2 <= max(held(some).values()) < 6
    few = browse(POOL, Shown(candidates=6, limit=size // 10), {}, {})
    assert set(held(few).values()) == {2}
    assert "problems fit on the page; --all-texts takes all" in few.note
    assert held(browse(POOL, Shown(None, None), {}, {})) == dict.fromkeys(range(60), 6)


def test_blocks_are_where_they_are_said_to_be() -> None:
    found = browse(POOL, Shown(candidates=2), {}, {"p5": "What?"})
    for problem, block in enumerate(found.block_of):
        texts = unpack(found.blocks[block])[str(problem)]
        assert texts["question"] == ("What?" if problem == 5 else "")
        for one in texts["found"]:
            assert one["text"] == POOL.pool.sample(POOL.pool.rows(problem)[one["sample"]]).text


def test_a_line_counts_votes_ties_and_abstentions() -> None:
    line = row(of("1", "2", "1", "2", None, "3"), 0, "hard")
    assert [(v.answer, v.votes, v.right) for v in line.classes] == [
        ("1", 2, 1.0),
        ("2", 2, 0.0),
        ("3", 1, 0.0),
    ]
    assert (line.vote, line.vote_right, line.share) == ("1", 0.5, 0.4)
    assert line.rate == pytest.approx(2 / 6)
    assert (line.samples, line.abstained, line.level) == (6, 1, "hard")


def test_what_is_not_known_is_nan() -> None:
    line = row(of("1", "2", gold=None), 0, "")
    assert math.isnan(line.rate)
    assert math.isnan(line.vote_right)
    assert math.isnan(line.tokens)
    silent = row(of(None, None), 0, "")
    assert silent.vote == ""
    assert math.isnan(silent.share)
    assert silent.vote_right == 0, "no answer is a wrong one"


def test_many_answers_are_counted_together() -> None:
    line = row(of(*(str(i) for i in range(2, 13))), 0, "")
    assert len(line.classes) == 8
    assert (line.other_answers, line.other_votes) == (3, 3)


def test_a_pool_without_texts_has_counts() -> None:
    found = browse(of("1", "2"), Shown(), {}, {})
    assert found.block_of == (-1,)
    assert "no texts" in found.note
