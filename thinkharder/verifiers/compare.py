"""A language model compares candidates two by two; tournaments turn preferences into scores."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, final

from thinkharder import prompts
from thinkharder.core.errors import BadOption, ContextOverflow
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import register, verifier
from thinkharder.core.types import Candidate, Message, Preference, Problem, Score
from thinkharder.verifiers.calls import all_of, ask, quoted_tokens, words
from thinkharder.verifiers.quote import quote

PLAIN, REASONED = 16, 1024
_MARKED_LINE = re.compile(r"^[^\w\n]*verdict\b[^\n]*$", re.IGNORECASE | re.MULTILINE)
_STRICT = re.compile(
    r"[ \t]*[*_`#]{0,3}[ \t]*verdict[*_`]*[ \t]*[:=][ \t*_`]*(?:solution[ \t]+)?(?P<word>A|B|tie)[ \t*_`]*\.?[ \t*_`]*",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s*(?:solution\s+)?(?P<word>A|B|tie)\s*\.?\s*", re.IGNORECASE)
_WORTH = {"a": 1.0, "b": 0.0, "tie": 0.5}
_Pair = tuple[Candidate, Candidate]


@register("comparator", "compare")
@verifier("compare")
@final
@dataclass(frozen=True)
class Compare:
    """A language model says which of two candidates is better, asked in both orders; a tournament ranks them all.

    Reference: Chen et al. 2024, arXiv:2411.19477: knockout (algorithm 1) and league (algorithm 2).
    Options: `mode` is knockout or round-robin (the paper's league); `k` is the paper's K of the knockout, comparisons a pair,
    here for each of the two orders; `opponents` is the league's K, at most so many opponents a candidate (all, in a pool of
    up to 16); `think` lets the judge reason first; `rubric` replaces the built-in criterion; `max_tokens`, `temperature`.
    A pair's value is the mean over both orders of the verdicts (1, 0, tie ½), so contradictory verdicts are a tie. Candidates
    of one answer class, or of one text, tie without a call. Truncated and unparsable verdicts are left out; without
    one in each order the pair abstains.
    Score, in [0, 1]: knockout, rounds survived / rounds, pairs by draw order, ties and abstentions to the earlier draw; the
    winner alone has 1. Round-robin, mean value over the candidate's pairs that did not abstain. Neither is a probability
    of being right. With one candidate, or no verdict at all, every candidate abstains.
    Cost of N candidates: knockout (N-1)·2k completions, serial depth ⌈log2 N⌉; round-robin N·min(opponents, N-1)/2 pairs of
    2k completions, serial depth 1. Identical answers cost nothing.
    Departures: pairing by draw order instead of at random, so that a run repeats; opponents on a circle instead of drawn.
    """

    mode: Literal["knockout", "round-robin"] = "knockout"
    k: int = 1
    opponents: int = 15
    think: bool = False
    rubric: str = ""
    max_tokens: int | None = None
    temperature: float | None = None

    def __post_init__(self) -> None:
        for option in ("k", "opponents", "max_tokens"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise BadOption(f"compare: {option}={value} must be at least 1")
        if self.temperature is not None and not 0 <= self.temperature <= 10:
            raise BadOption(f"compare: temperature={self.temperature:g} must be from 0 to 10")

    @property
    def name(self) -> str:
        """`compare`."""
        return "compare"

    @property
    def logprobs(self) -> int | None:
        """None."""
        return None

    @property
    def joint(self) -> bool:
        """True: a candidate's score depends on the others."""
        return True

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """One candidate's part: one pair in the knockout, half its opponents in the league; each asked 2k times."""
        pairs = 1 if self.mode == "knockout" else math.ceil(self.opponents / 2)
        calls = 2 * self.k * pairs
        own = words(prompts.text("compare.examiner"), self._rubric(), prompts.template("compare.reasoned"))
        each = own + problem_tokens + 2 * quoted_tokens(candidate_tokens)
        return Effort(calls, calls * each, calls * self._cap)

    # ---- pairs ----------------------------------------------------------------------------------------------------

    async def compare(
        self, problem: Problem, pairs: Sequence[_Pair], sampler: Sampler
    ) -> Sequence[Preference]:
        """A preference a pair, in order; a pair turned round gives one minus the value, from the same requests."""
        judge = sampler.role("judge")
        return await all_of(self._pair(problem, first, second, judge) for first, second in pairs)

    async def _pair(
        self, problem: Problem, first: Candidate, second: Candidate, judge: Sampler
    ) -> Preference:
        if _same(first, second):
            return Preference(first.id, second.id, 0.5, "the same answer; not compared")
        if _order(second) < _order(first):
            turned = await self._pair(problem, second, first, judge)
            value = None if turned.value is None else 1.0 - turned.value
            return Preference(first.id, second.id, value, turned.note)
        begin = "" if self.think else "Verdict:"
        try:
            forth, back = await all_of(
                ask(judge, self._messages(problem, a, b), self.k, begin=begin, stop="\n", **self._sampling())
                for a, b in ((first, second), (second, first))
            )
        except ContextOverflow as error:
            return Preference(
                first.id, second.id, None, f"the pair does not fit the judge's context: {error}"
            )
        ahead, behind = _mean_verdict(forth), _mean_verdict(back)
        if ahead is None or behind is None:
            return Preference(first.id, second.id, None, "no readable verdict in one of the two orders")
        value = (ahead + 1.0 - behind) / 2
        return Preference(
            first.id, second.id, value, f"first shown first {ahead:g}, shown second {1 - behind:g}"
        )

    def _messages(self, problem: Problem, a: Candidate, b: Candidate) -> tuple[Message, ...]:
        quoted_a, quoted_b = quote(a.whole, problem.text, b.whole), quote(b.whole, problem.text, a.whole)
        body = prompts.text(
            "compare.reasoned" if self.think else "compare.verdict",
            problem=problem.text,
            solution_a=quoted_a.block,
            nonce_a=quoted_a.nonce,
            solution_b=quoted_b.block,
            nonce_b=quoted_b.nonce,
            rubric=self._rubric(),
        )
        # One user turn: the templates of several models refuse a system turn.
        return (Message("user", prompts.text("compare.examiner") + "\n\n" + body),)

    def _rubric(self) -> str:
        return self.rubric or prompts.text("compare.rubric")

    @property
    def _cap(self) -> int:
        return self.max_tokens or (REASONED if self.think else PLAIN)

    def _sampling(self) -> dict[str, Any]:
        temperature = self.temperature
        if temperature is None:
            temperature = 0.0 if self.k == 1 else 0.7
        return {"temperature": temperature, "max_tokens": self._cap}

    # ---- tournaments ----------------------------------------------------------------------------------------------

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """Tournament scores, in the order of `candidates`. Raises the judge's ModelError or BudgetExhausted."""
        players = sorted((c for c in candidates if c.whole.strip()), key=_order)
        if len(players) < 2:
            found = {}
        elif self.mode == "knockout":
            found = await self._knockout(problem, players, sampler)
        else:
            found = await self._league(problem, players, sampler)
        none = Score(None, "nothing to compare with" if len(players) < 2 else "no text to compare")
        return [found.get(candidate.id, none) for candidate in candidates]

    async def _knockout(
        self, problem: Problem, players: Sequence[Candidate], sampler: Sampler
    ) -> dict[str, Score]:
        rounds = math.ceil(math.log2(len(players)))
        survived = dict.fromkeys((player.id for player in players), 0)
        left, decided = list(players), False
        while len(left) > 1:
            pairs = list(zip(left[::2], left[1::2], strict=False))
            verdicts = await self.compare(problem, pairs, sampler)
            decided = decided or any(verdict.value is not None for verdict in verdicts)
            bye = left[2 * len(pairs) :]
            left = [
                b if verdict.value is not None and verdict.value < 0.5 else a
                for (a, b), verdict in zip(pairs, verdicts, strict=True)
            ]
            left += bye
            for player in left:
                survived[player.id] += 1
        if not decided:
            return dict.fromkeys(survived, Score(None, "no comparison gave a verdict"))
        return {i: Score(won / rounds, f"survived {won} of {rounds} rounds") for i, won in survived.items()}

    async def _league(
        self, problem: Problem, players: Sequence[Candidate], sampler: Sampler
    ) -> dict[str, Score]:
        pairs = [(players[i], players[j]) for i, j in schedule(len(players), self.opponents)]
        verdicts = await self.compare(problem, pairs, sampler)
        values: dict[str, list[float]] = {player.id: [] for player in players}
        for verdict in verdicts:
            if verdict.value is not None:
                values[verdict.first].append(verdict.value)
                values[verdict.second].append(1.0 - verdict.value)
        return {
            i: Score(sum(v) / len(v), f"mean of {len(v)} pairs")
            if v
            else Score(None, "no pair gave a verdict")
            for i, v in values.items()
        }


def schedule(players: int, opponents: int) -> list[tuple[int, int]]:
    """Pairs of places on a circle: each meets its nearest `opponents`, all where there are no more than that.

    An odd number of opponents needs an even number of players; else each meets one fewer.
    """
    most = min(opponents, players - 1)
    pairs = [(i, (i + step) % players) for step in range(1, most // 2 + 1) for i in range(players)]
    if most % 2 and players % 2 == 0:
        pairs += [(i, i + players // 2) for i in range(players // 2)]
    return [(min(pair), max(pair)) for pair in pairs]


def verdict(reply: Candidate) -> float | None:
    """1 where the judge's last marked line prefers A, 0 for B, ½ for a tie; None where truncated or unreadable."""
    if reply.finish == "length":
        return None
    lines = _MARKED_LINE.findall(reply.whole)
    match = _STRICT.fullmatch(lines[-1]) if lines else _BARE.fullmatch(reply.whole)
    return None if match is None else _WORTH[match["word"].lower()]


def _mean_verdict(replies: Sequence[Candidate]) -> float | None:
    found = [value for value in map(verdict, replies) if value is not None]
    return sum(found) / len(found) if found else None


def _same(first: Candidate, second: Candidate) -> bool:
    if first.answer_class is not None and first.answer_class == second.answer_class:
        return True
    return first.whole.strip() == second.whole.strip()


def _order(candidate: Candidate) -> tuple[int, str]:
    return candidate.draw, candidate.id
