"""The browser's content: a line a problem with its votes, and the texts of the candidates that stand for all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, final

import numpy as np

from thinkharder.records.pool import Pool
from thinkharder.records.sample import Sample
from thinkharder.replay.classed import ABSTAINS, Classed
from thinkharder.reports.blocks import Packer, Texts, number, pick, spread_out
from thinkharder.reports.findings import NAN, Browser, ProblemRow, Votes
from thinkharder.reports.wording import size

CLASSES = 8
"""Answers of a problem that the list holds by name; the rest are counted."""
SHORT = 120
"""Characters of an answer in the list; texts hold it in full."""
TRIED = 48
"""Problems by which it is estimated how many candidates fit."""
TEXT_MOST = 20_000
"""Characters of one text where not all texts are asked for."""


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """What the page holds of texts: `candidates` a problem (None: all), packed into at most `limit` bytes (None: any)."""

    candidates: int | None = 8
    limit: int | None = 2_300_000


def browse(
    classed: Classed, shown: Shown, levels: Mapping[str, str], questions: Mapping[str, str]
) -> Browser:
    """The browser of a classed pool. `levels` and `questions` are by problem id, where the task is known."""
    pool = classed.pool
    rows = tuple(row(classed, p, levels.get(pool.problems[p], "")) for p in range(len(pool.problems)))
    if "text" not in pool.has:
        note = "The recorded samples hold no texts, so there are only counts."
        return Browser(rows, (-1,) * len(rows), (), 0, note)

    def told(p: int, most: int | None) -> Texts:
        return texts(classed, p, replace(shown, candidates=most), questions.get(pool.problems[p], ""))

    most = _fitting(shown, len(rows), told)
    packer = Packer(len(rows), shown.limit)
    order = range(len(rows)) if shown.limit is None else spread_out(len(rows))
    packer.fill(order, lambda p: told(p, most))
    return Browser(
        rows, tuple(packer.block_of), tuple(packer.blocks), packer.candidates, _note(packer, pool, most)
    )


def _fitting(shown: Shown, problems: int, told: Callable[[int, int | None], Texts]) -> int | None:
    """Candidates a problem, so that all problems have some: those asked for, or fewer where they would not fit."""
    if shown.limit is None or shown.candidates is None or problems <= TRIED:
        return shown.candidates
    trial = Packer(problems, None)
    trial.fill(islice(spread_out(problems), TRIED), lambda p: told(p, shown.candidates))
    whole = trial.bytes * problems / TRIED
    if whole <= shown.limit:
        return shown.candidates
    return max(min(2, shown.candidates), int(shown.candidates * 0.95 * shown.limit / whole))


def _note(packer: Packer, pool: Pool, most: int | None) -> str:
    held = sum(block >= 0 for block in packer.block_of)
    words = (
        f"{packer.candidates:,} of {len(pool):,} candidates are here in full ({size(packer.bytes)} packed)"
    )
    if most is not None:
        words += f", at most {most} a problem; the others are in the counts"
    if held < len(packer.block_of):
        words += (
            f". Texts of {held:,} of {len(packer.block_of):,} problems fit on the page; --all-texts takes all"
        )
    return words + "."


def row(classed: Classed, p: int, level: str) -> ProblemRow:
    """The line of problem p."""
    pool, recorded = classed.pool, int(classed.counts[p])
    classes, right = classed.classes[p, :recorded], classed.right[p, :recorded]
    tokens = classed.output_tokens[p, :recorded]
    names, counts = np.unique(classes[classes >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    votes = [
        Votes(short(classed.answers[p][names[i]]), int(counts[i]), mean(right[classes == names[i]]))
        for i in order
    ]
    winners = [one for one in votes if one.votes == votes[0].votes] if votes else []
    others = votes[CLASSES:]
    return ProblemRow(
        id=pool.problems[p],
        level=level,
        gold=short(pool.golds[p] or ""),
        samples=recorded,
        rate=mean(right),
        vote=winners[0].answer if winners else "",
        share=winners[0].votes / sum(counts) if winners else NAN,
        vote_right=float(np.mean([one.right for one in winners])) if winners else mean(right * 0),
        tokens=mean(np.where(tokens >= 0, tokens, np.nan)),
        truncated=int(classed.truncated[p, :recorded].sum()),
        abstained=int((classes == ABSTAINS).sum()),
        classes=tuple(votes[:CLASSES]),
        other_answers=len(others),
        other_votes=sum(one.votes for one in others),
    )


def mean(values: Any) -> float:
    """The mean of what is known, NaN where nothing is."""
    there = np.asarray(values, np.float64)
    there = there[~np.isnan(there)]
    return float(there.mean()) if there.size else NAN


def short(answer: str) -> str:
    """An answer on one line of the list."""
    line = " ".join(answer.split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"


def texts(classed: Classed, p: int, shown: Shown, question: str) -> Texts:
    """The candidates of problem p that the page holds, read from where they lie."""
    recorded = int(classed.counts[p])
    classes, right = classed.classes[p, :recorded], classed.right[p, :recorded]
    most = recorded if shown.candidates is None else shown.candidates
    rows = classed.pool.rows(p)
    found = []
    for at in pick(classes.tolist(), right.tolist(), most):
        scores = {name: float(column[p, at]) for name, column in classed.scores.items()}
        name = int(classes[at])
        answer = classed.answers[p][name] if name >= 0 else None
        sample = classed.pool.sample(rows[at])
        logprob = float(classed.pool.mean_logprob[rows[at]])
        limit = None if shown.limit is None else TEXT_MOST
        found.append(
            candidate(sample, answer, float(right[at]), scores, limit) | {"logprob": number(logprob)}
        )
    return {"question": question[:TEXT_MOST], "found": found}


def candidate(
    sample: Sample, answer: str | None, right: float, scores: Mapping[str, float], limit: int | None
) -> dict[str, Any]:
    """One candidate as the page reads it: texts longer than `limit` are cut, and `cut` counts what is left out."""
    text, reasoning = (_cut(words, limit) for words in (sample.text, sample.reasoning))
    lost = sum(
        len(whole or "") - len(kept or "")
        for whole, kept in ((sample.text, text), (sample.reasoning, reasoning))
    )
    return {
        "sample": sample.sample,
        "answer": None if answer is None else _cut(answer, 2000),
        "right": number(right),
        "tokens": sample.completion_tokens,
        "finish": sample.finish,
        "scores": {name: number(score) for name, score in scores.items()},
        "seconds": number(sample.seconds),
        "text": text,
        "reasoning": reasoning,
        "cut": lost,
    }


def _cut(words: str | None, limit: int | None) -> str | None:
    return words if words is None or limit is None else words[:limit]
