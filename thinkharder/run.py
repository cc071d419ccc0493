"""The run: a strategy's only collaborator, and the one meter. Small, with a closed list of members (a test says which).

Every token, call, second and dollar passes through it, whoever spends it; a budget is never a strategy's business.
"""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, final

import numpy as np

from thinkharder.context import GENERATOR, Context
from thinkharder.core.errors import (
    BadOption,
    BudgetExhausted,
    CapabilityError,
    ModelError,
    SandboxError,
    VerifierError,
)
from thinkharder.core.identity import DrawNumbers, content_hash
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model, StoppingRule, StreamRule, Verifier
from thinkharder.core.types import (
    Candidate,
    Capabilities,
    Kind,
    Message,
    Preference,
    Problem,
    Prompt,
    Request,
)
from thinkharder.draws import Draws
from thinkharder.models.loaded import bind
from thinkharder.scoring import Shares, applied, scored
from thinkharder.together import together


@final
class Run:
    """One branch of a run, with one role's model, on a ledger.

    Members: rng, capabilities, sample, extend, score, compare, offer, parallel, role, note.
    """

    def __init__(
        self,
        context: Context,
        *,
        role: str = GENERATOR,
        ledger: Ledger | None = None,
        branch: str = "",
        rng: Any = None,
    ) -> None:
        self._context, self._role, self._branch = context, role, branch
        self._ledger = ledger or context.ledger
        self._model: Model = bind(context.model(role), self._ledger)
        self._numbers = DrawNumbers()
        shared = context.model(role) is context.model(GENERATOR)
        self._own = GENERATOR if shared else role
        self.rng: np.random.Generator = rng if rng is not None else np.random.default_rng(context.seed)

    @property
    def capabilities(self) -> Capabilities:
        """What this role's model can do."""
        return self._model.capabilities

    # ---- sampling -----------------------------------------------------------------------------------------------

    async def sample(
        self,
        prompt: Prompt,
        n: int = 1,
        *,
        kind: Kind = "answer",
        score: bool = False,
        until: StoppingRule | None = None,
        watch: StreamRule | None = None,
        **sampling: Any,
    ) -> list[Candidate]:
        """Draw up to `n` samples of a prompt; returns the usable ones in draw order.

        `score=True` sets the verifier's worst case aside with each sample and scores on arrival. `until` decides
        between draws, `watch` within them. `sampling` takes the fields of `Sampling`.
        Raises BudgetExhausted (for the driver), or the model's own error where every sample fails.
        """
        if n < 1:
            raise BadOption(f"sample: n={n} must be at least 1")
        request = self._request(_messages(prompt), kind, sampling)
        return await self._draw(request, n, score=score, until=until, watch=watch)

    async def extend(
        self,
        partials: Sequence[Candidate],
        n: int | Sequence[int] = 1,
        *,
        stop: Sequence[str] = (),
        **sampling: Any,
    ) -> list[Candidate]:
        """n[i] children of partial i, each one step further (to the next `stop`), on their shared prefix.

        Children come in the order of their parents; `child.whole` holds the text from the beginning.
        Raises CapabilityError where the model cannot continue a started answer.
        """
        if not self._model.capabilities.prefill:
            raise CapabilityError(
                f"{self._model.name} cannot continue a started answer (no prefill); use another model"
            )
        counts = [n] * len(partials) if isinstance(n, int) else list(n)
        if len(counts) != len(partials) or any(count < 0 for count in counts):
            raise BadOption(
                f"extend: n={counts} must give one number from 0 for each of {len(partials)} partials"
            )
        sampling["stop"] = (*stop, *sampling.get("stop", ()), *self._context.problem.stop)
        jobs = [
            self._draw(
                replace(self._request(p.prompt, p.kind, sampling), prefill=p.whole), k, parents=(p.id,)
            )
            for p, k in zip(partials, counts, strict=True)
            if k
        ]
        return [child for children in await together(jobs) for child in children]

    async def _draw(
        self,
        request: Request,
        n: int,
        *,
        score: bool = False,
        until: StoppingRule | None = None,
        watch: StreamRule | None = None,
        parents: tuple[str, ...] = (),
    ) -> list[Candidate]:
        context, verifier = self._context, self._context.deciding
        context.stopped_by = None
        content = content_hash(request)
        key = (id(context.model(self._role)), content)
        first = self._numbers.reserve(key, n)
        label = f"{self._branch}{'' if self._own == GENERATOR else self._own + ':'}{content[:12]}."
        draws = Draws(context, self._model, replace(request, first_draw=first), label)
        draws.watch, draws.parents = watch, parents
        shares = draws.shares = None
        if score and verifier is not None:
            shares = draws.shares = Shares(self._ledger, self._model, verifier, context)
            if not verifier.joint:
                draws.finish = lambda candidate, share: self._arrived(candidate, verifier, share)
        try:
            found = await draws.take(n, until)
        except BudgetExhausted:
            await self._judged_jointly(draws.usable(), verifier, shares)
            raise
        else:
            return await self._judged_jointly(found, verifier, shares)
        finally:
            self._numbers.give_back(key, first, n, draws.started)
            if shares is not None:
                shares.close()

    async def _judged_jointly(
        self, found: list[Candidate], verifier: Verifier | None, shares: Shares | None
    ) -> list[Candidate]:
        """Where the verifier scores all candidates together: at the end, be it the budget's."""
        if shares is None or verifier is None or not verifier.joint or not found:
            return found
        return await self._judged(found, verifier, shares.claim(len(found)))

    async def _arrived(self, candidate: Candidate, verifier: Verifier, share: Ledger) -> Candidate:
        candidate = await self._context.classified(candidate)
        self._context.record(candidate)
        (judged,) = await self._judged([candidate], verifier, share)
        return judged

    async def _judged(
        self, candidates: Sequence[Candidate], verifier: Verifier, share: Ledger
    ) -> list[Candidate]:
        """Scored on their share; where that does not suffice they stay unscored, and the budget ends the run later."""
        try:
            return await scored(self._context, verifier, candidates, self._with(ledger=share))
        except (BudgetExhausted, ModelError, VerifierError, SandboxError) as error:
            self._context.give_up(f"{verifier.name} could not score", error)
            return list(candidates)
        finally:
            share.close()

    def _request(self, messages: tuple[Message, ...], kind: Kind, options: dict[str, Any]) -> Request:
        return self._context.request(messages, kind, options, self._model.capabilities, self._branch)

    # ---- believing ----------------------------------------------------------------------------------------------

    async def score(self, candidates: Sequence[Candidate], *, by: str | None = None) -> list[Candidate]:
        """The candidates with the deciding verifier's scores, or with those of the one named `by`.

        Raises CapabilityError where the run has no such verifier.
        """
        verifiers = self._context.verifiers
        verifier = self._context.deciding if by is None else verifiers.get(by)
        if verifier is None:
            wanted = f"verifier {by!r}" if by else "a verifier"
            raise CapabilityError(
                f"the strategy needs {wanted}; give one with --verifier (see: thinkharder strategies)"
            )
        return await scored(self._context, verifier, candidates, self)

    async def compare(self, pairs: Sequence[tuple[Candidate, Candidate]]) -> list[Preference]:
        """For each pair the probability that its first is better. Raises CapabilityError without a comparator."""
        comparator = self._context.comparator
        if comparator is None:
            raise CapabilityError("the strategy compares pairs, and no comparator is set")
        return list(await comparator.compare(self._context.problem, pairs, self))

    def offer(self, pool: Sequence[Candidate]) -> None:
        """Publish what could be selected if the run ended here, beside what was offered before (of all branches).

        Answers that are seen after the last offer count too, until the next offer says which of them do.
        """
        context = self._context
        for candidate in pool:
            known = context.seen.get(candidate.id)
            if known is None or known.score is None or candidate.score is not None:
                context.seen[candidate.id] = candidate
        context.offered.update((candidate.id, None) for candidate in pool)
        context.offered_at = len(context.seen)
        context.emit("offer", lambda: {"ids": list(context.offered)})

    def note(self, decision: str) -> None:
        """Keep a decision in plain words, for the result and the trace."""
        self._context.decisions.append(decision)
        self._context.emit("decision", lambda: {"text": decision})

    # ---- branching ----------------------------------------------------------------------------------------------

    async def parallel(self, branches: Sequence[Callable[["Run"], Coroutine[Any, Any, Any]]]) -> list[Any]:
        """Run each branch on a child run of its own (randomness, draw numbers); results in the order of the branches.

        A branch that the budget or its model ends gives the answers that it had seen; only when all end so is the
        error raised.
        """
        children = [self._fork() for _ in branches]
        before = set(self._context.seen)

        async def one(branch: Callable[["Run"], Coroutine[Any, Any, Any]], child: Run) -> Any:
            try:
                return await branch(child)
            except (BudgetExhausted, ModelError) as error:
                if isinstance(error, BudgetExhausted):
                    self._context.limit = error.limit
                return error

        ended = await together([one(b, c) for b, c in zip(branches, children, strict=True)])
        errors = [end for end in ended if isinstance(end, (BudgetExhausted, ModelError))]
        if errors and len(errors) == len(ended):
            raise next((e for e in errors if isinstance(e, BudgetExhausted)), errors[0])
        return [
            self._seen_by(child, before) if isinstance(end, (BudgetExhausted, ModelError)) else end
            for end, child in zip(ended, children, strict=True)
        ]

    def _seen_by(self, child: "Run", before: set[str]) -> list[Candidate]:
        mine = (c for i, c in self._context.seen.items() if i.startswith(child._branch) and i not in before)
        return applied(c for c in mine if c.kind == "answer" and c.error is None)

    def role(self, name: str) -> "Run":
        """This run with another model (judge, draft) on the same budget; the generator where no such role is set."""
        return self._with(role=name)

    def _with(self, *, role: str | None = None, ledger: Ledger | None = None) -> "Run":
        run = Run(
            self._context,
            role=role or self._role,
            ledger=ledger or self._ledger,
            branch=self._branch,
            rng=self.rng,
        )
        run._numbers = self._numbers
        return run

    def _fork(self) -> "Run":
        branch = f"{self._branch}b{self._numbers.fork()}/"
        entropy = [self._context.seed, *branch.encode()]
        return Run(
            self._context,
            role=self._role,
            ledger=self._ledger,
            branch=branch,
            rng=np.random.default_rng(entropy),
        )


def _messages(prompt: Prompt) -> tuple[Message, ...]:
    if isinstance(prompt, str):
        return (Message("user", prompt),)
    return prompt.messages if isinstance(prompt, Problem) else tuple(prompt)
