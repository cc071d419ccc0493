"""How verification meets the budget: shares set aside before sampling, scores put on candidates."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import final

from thinkharder.context import GENERATOR, Context
from thinkharder.core.amount import ZERO, Amount, Ask
from thinkharder.core.errors import BudgetExhausted, VerifierError
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model, Sampler, Verifier
from thinkharder.core.types import Candidate, Request
from thinkharder.core.usage import FREE
from thinkharder.models.loaded import at_once, price_of
from thinkharder.models.meter import room

BYTES_PER_TOKEN = 4
"""Bytes that a token of text has about, at most, in the languages that models are trained on."""


@final
class Shares:
    """Sets the worst case of verifying a sample aside before the sample is drawn, so that sampling cannot eat it."""

    def __init__(self, ledger: Ledger, model: Model, verifier: Verifier, context: Context) -> None:
        self.ledger, self.model, self.verifier, self.context = ledger, model, verifier, context
        self._free: list[Ledger] = []
        self._claimed: list[Ledger] = []

    async def admit(self, request: Request) -> Request:
        """The request for as many samples as fit together with their verification; waits for refunds for the first.

        Where one sample fits and its verification does not, and nothing was seen yet, the sample goes unscored: an
        unscored answer is better than none. Raises BudgetExhausted where nothing fits.
        """
        count = await self.model.count(request)
        cap = room(self.model.capabilities, request, count)
        generator = self.context.model(GENERATOR)
        extra = self._extra(count.tokens, cap)
        if extra == ZERO:
            return request
        one = Ask(count.tokens, 1, cap, price_of(generator) or FREE, extra)
        while True:
            n = self._most(one, request.n, at_once(generator))
            if n >= 1:
                break
            if not self.ledger.worth_waiting(one):
                cap, n = self.ledger.cap_for_one(one), 1
                if cap >= 1:
                    break
                if any(c.kind == "answer" and c.error is None for c in self.context.seen.values()):
                    raise BudgetExhausted(self.ledger.fit(one)[1])
                return replace(request, n=1)
            await self.ledger.refund()
        self._free.extend(self.ledger.share(extra) for _ in range(n))
        return replace(request, n=n, sampling=replace(request.sampling, max_tokens=cap))

    def _most(self, one: Ask, n: int, each: int) -> int:
        """The most samples, of at most n, that fit with a prompt for every `each` of them."""
        return bisect_right(
            range(1, n + 1),
            0,
            key=lambda k: int(self.ledger.fit(replace(one, n=k, prompts=math.ceil(k / each)))[0] < k),
        )

    def _extra(self, problem_tokens: int, cap: int) -> Amount:
        judge = self.context.model("judge")
        # Where the judge's prompts can only be bounded by their bytes, the share must cover that bound.
        seen = cap if judge.capabilities.exact_input else BYTES_PER_TOKEN * cap
        effort = self.verifier.effort(problem_tokens, seen)
        if effort.calls == 0:
            return ZERO
        return Amount.of(
            price_of(judge) or FREE,
            input_tokens=effort.input_tokens,
            output_tokens=effort.output_tokens,
            calls=effort.calls,
        )

    def claim(self, n: int) -> Ledger:
        """The share of `n` samples as one ledger that is being used, to be closed when they are scored."""
        taken, self._free = self._free[:n], self._free[n:]
        total = ZERO
        for share in taken:
            total += share.guaranteed
        whole = taken[0] if len(taken) == 1 else self.ledger.share(total)
        if len(taken) > 1:
            self.give_back(taken)
        self._claimed.append(whole)
        return whole.begin()

    def give_back(self, shares: Sequence[Ledger] | int) -> None:
        """Close shares that nobody will claim: these, or so many of the free ones."""
        if isinstance(shares, int):
            keep = max(0, len(self._free) - shares)
            shares, self._free = self._free[keep:], self._free[:keep]
        for share in shares:
            share.close()

    def close(self) -> None:
        """Give back what is left of all shares: of samples that never came, and of those cut off while being scored."""
        self.give_back([*self._free, *self._claimed])
        self._free, self._claimed = [], []


async def scored(
    context: Context, verifier: Verifier, candidates: Sequence[Candidate], sampler: Sampler
) -> list[Candidate]:
    """The candidates with the verifier's scores on them; the deciding verifier's becomes `candidate.score`.

    Raises VerifierError where the verifier returns the wrong number of scores or one outside [0, 1].
    """
    usable = [c for c in candidates if c.error is None]
    scores = list(await verifier.score(context.problem, usable, sampler))
    if len(scores) != len(usable):
        raise VerifierError(f"{verifier.name} gave {len(scores)} scores for {len(usable)} candidates")
    deciding = context.deciding is verifier
    found = []
    for candidate, score in zip(usable, scores, strict=True):
        if score.value is not None and not 0 <= score.value <= 1:
            raise VerifierError(f"{verifier.name} gave the score {score.value!r}, which is not in [0, 1]")
        new = replace(
            candidate,
            score=score.value if deciding else candidate.score,
            scores={**candidate.scores, verifier.name: score.value},
            notes={**candidate.notes, verifier.name: score.note} if score.note else candidate.notes,
            step_scores=score.steps or candidate.step_scores,
        )
        context.record(new)
        told = {"id": new.id, "verifier": verifier.name, "score": score.value, "note": score.note}
        context.emit("score", lambda told=told: told)  # type: ignore[misc]
        found.append(new)
    return found


def applied(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Each candidate once, in draw order within its branch."""
    return list({candidate.id: candidate for candidate in candidates}.values())
