"""How verification meets the budget: shares set aside before sampling, scores put on candidates."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import final

from thinkharder.context import Context
from thinkharder.core.errors import BudgetExhausted, VerifierError
from thinkharder.core.ledger import ZERO, Amount, Ask, Ledger
from thinkharder.core.protocols import Model, Sampler, Verifier
from thinkharder.core.types import Candidate, Request
from thinkharder.core.usage import FREE, Budget
from thinkharder.models.loaded import price_of
from thinkharder.models.meter import room

BYTES_PER_TOKEN = 4
"""Bytes that a token of text has about, at most, in the languages that models are trained on."""


@final
class Shares:
    """Sets the worst case of verifying a sample aside before the sample is drawn, so that sampling cannot eat it."""

    def __init__(self, ledger: Ledger, model: Model, verifier: Verifier, context: Context) -> None:
        self.ledger, self.model, self.verifier, self.context = ledger, model, verifier, context
        self._free: list[Ledger] = []

    async def admit(self, request: Request) -> Request:
        """The request for as many samples as fit together with their verification; waits for refunds for the first.

        Where one sample fits and its verification does not, and nothing was seen yet, the sample goes unscored: an
        unscored answer is better than none. Raises BudgetExhausted where nothing fits.
        """
        count = await self.model.count(request)
        cap = room(self.model.capabilities, request, count)
        price = price_of(self.context.model("generator")) or FREE
        extra = self._extra(count.tokens, cap)
        if extra == ZERO:
            return request
        ask = Ask(count.tokens, request.n, cap, price, extra)
        while True:
            n, limit = self.ledger.fit(ask)
            if n >= 1:
                break
            if self.ledger.streams == 0:
                cap, n = self.ledger.cap_for_one(ask), 1
                if cap >= 1:
                    break
                if any(c.kind == "answer" for c in self.context.seen.values()):
                    raise BudgetExhausted(limit)
                return replace(request, n=1)
            await self.ledger.refund()
        self._free.extend(self.ledger.hold(extra) for _ in range(n))
        return replace(request, n=n, sampling=replace(request.sampling, max_tokens=cap))

    def _extra(self, problem_tokens: int, cap: int) -> Amount:
        judge = self.context.model("judge")
        # Where the judge's prompts can only be bounded by their bytes, the share must cover that bound.
        seen = cap if judge.capabilities.exact_input else BYTES_PER_TOKEN * cap
        effort = self.verifier.effort(problem_tokens, seen)
        if effort.calls == 0:
            return ZERO
        price = price_of(judge) or FREE
        return Amount.of(
            price, input_tokens=effort.input_tokens, output_tokens=effort.output_tokens, calls=effort.calls
        )

    def claim(self, n: int) -> Ledger:
        """The share of `n` samples as one ledger, to be closed when they are scored."""
        taken, self._free = self._free[:n], self._free[n:]
        if not taken:
            return Ledger(Budget(), self.ledger)
        if len(taken) == 1:
            return taken[0]
        total = ZERO
        for share in taken:
            total += share.left()
            share.close()
        return self.ledger.hold(total)

    def close(self) -> None:
        """Give back the shares of samples that never came."""
        for share in self._free:
            share.close()
        self._free = []


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
