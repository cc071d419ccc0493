"""Drawing samples of one prompt: who is started, who is waited for, who is seen by the stopping rule, who is cancelled.

The rule sees finished draws in draw order, whatever order they arrive in: arrival order favours short samples, and a
rule that saw it would not replay.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import count, takewhile
from typing import Any, final

from thinkharder.context import Context
from thinkharder.core.errors import BadReply, BudgetExhausted, ModelError
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model, Prepared, StoppingRule, StreamRule
from thinkharder.core.types import Candidate, Request
from thinkharder.models.collect import Collector, Sample
from thinkharder.scoring import Shares

Finish = Callable[[Candidate, Ledger], Coroutine[Any, Any, Candidate]]
"""What happens to a sample on arrival (classing, scoring on its share of the budget); returns the final version."""


@final
class Draws:
    """One `run.sample` at work. `take(n)` returns the usable samples in draw order."""

    def __init__(self, context: Context, model: Model, request: Request, label: str) -> None:
        self.context, self.model, self.request, self.label = context, model, request, label
        self.done: dict[int, Candidate] = {}
        self.started = 0
        self.asked = 0
        self.todo: list[int] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.error: ModelError | BudgetExhausted | None = None
        self.watch: StreamRule | None = None
        self.finish: Finish | None = None
        self.shares: Shares | None = None
        self.parents: tuple[str, ...] = ()
        self._news = asyncio.Event()

    async def take(self, n: int, until: StoppingRule | None = None) -> list[Candidate]:
        """Draw up to `n`; fewer where the rule is satisfied or some fail. Raises BudgetExhausted, or the model's error
        where all fail."""
        try:
            await self._draw(n, until)
        finally:
            await self._stop()
        usable = self.usable(in_order=until is not None)
        if isinstance(self.error, BudgetExhausted) or (self.error is not None and not usable):
            raise self.error
        return usable

    def usable(self, in_order: bool = False) -> list[Candidate]:
        """The samples so far without error, in draw order; `in_order`: only those that the rule has seen."""
        seen = self._prefix(in_order)[: self.asked if in_order else None]
        return [c for c in seen if c.error is None]

    async def _draw(self, n: int, until: StoppingRule | None) -> None:
        if isinstance(until, Prepared):
            await asyncio.to_thread(until.prepare, n)
        while True:
            want = n if until is None else self._wanted(until, n)
            if want is None:
                return
            if not self._blocked:
                self._start(min(n, want))
            if not self.tasks:
                return
            self._news.clear()
            await self._news.wait()
            for task in [t for t in self.tasks if t.done()]:
                self.tasks.discard(task)
                task.result()

    def _wanted(self, rule: StoppingRule, n: int) -> int | None:
        """How many draws the rule wants in all, or None where it is satisfied.

        It is asked after every draw in turn, also where several became known at once, so that what it sees (and where
        it stops) does not depend on when they arrived.
        """
        prefix = self._prefix(in_order=True)
        want = self.started
        while self.asked <= len(prefix):
            more = rule.more(prefix[: self.asked], n)
            if more <= 0:
                self._satisfied(rule, n)
                return None
            want = max(want, self.asked + more)
            self.asked += 1
        return want

    @property
    def _blocked(self) -> bool:
        """No further draw is worth starting: a limit is reached, or the model fails and never worked."""
        if self.error is None or isinstance(self.error, BudgetExhausted):
            return self.error is not None
        return all(c.error is not None for c in self.done.values())

    def _prefix(self, in_order: bool) -> list[Candidate]:
        if not in_order:
            return [self.done[i] for i in sorted(self.done)]
        return [self.done[i] for i in takewhile(self.done.__contains__, count())]

    def _satisfied(self, rule: StoppingRule, n: int) -> None:
        if 0 < self.asked < n:
            name = getattr(rule, "__spec_name__", type(rule).__name__)
            self.context.stopped_by = name
            text = f"{name} is satisfied after {self.asked} of at most {n} samples"
            self.context.emit("decision", lambda: {"rule": name, "text": text})
            self.context.decisions.append(text)

    def _start(self, upto: int) -> None:
        """Start every draw below `upto` that is neither started nor done, as few requests as there can be."""
        fresh = sorted({*self.todo, *range(self.started, upto)})
        self.todo, self.started = [], max(self.started, upto)
        most = 1 if self.watch is not None else len(fresh)
        group: list[int] = []
        for number in fresh:
            if group and (number != group[-1] + 1 or len(group) >= most):
                self._launch(group)
                group = []
            group.append(number)
        if group:
            self._launch(group)

    def _launch(self, numbers: Sequence[int]) -> None:
        task = asyncio.get_running_loop().create_task(self._request(numbers[0], len(numbers)))
        task.add_done_callback(lambda _: self._news.set())
        self.tasks.add(task)

    async def _stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
            for task in self.tasks:
                if not task.cancelled():
                    task.exception()
        self.tasks.clear()

    async def _request(self, first: int, n: int) -> None:
        """One request for draws first … first+n-1, and what happens to its samples on arrival; leaves no task behind."""
        request = replace(self.request, n=n, first_draw=self.request.first_draw + first)
        landed: set[int] = set()
        arrivals: list[asyncio.Task[None]] = []
        try:
            await self._admitted(request, first, landed, arrivals)
            await asyncio.gather(*arrivals)
        except BaseException:
            for arrival in arrivals:
                arrival.cancel()
            await asyncio.gather(*arrivals, return_exceptions=True)
            raise

    async def _admitted(
        self, request: Request, first: int, landed: set[int], arrivals: list[asyncio.Task[None]]
    ) -> None:
        """Stream what the budget admits; the rest goes back to be started later. Keeps limits and failures for later."""
        n, before = request.n, len(landed)
        try:
            if self.shares is not None:
                request = await self.shares.admit(request)
            await self._stream(request, first, landed, arrivals)
            if len(landed) == before:
                raise BadReply(f"{self.model.name} ended its reply without finishing a completion")
            self.todo.extend(set(range(first, first + n)) - landed)
        except BudgetExhausted as error:
            self.error = error
        except ModelError as error:
            self._failed(error, [first + i for i in range(request.n) if first + i not in landed])
            self.todo.extend(range(first + request.n, first + n))
        finally:
            if self.shares is not None:
                self.shares.give_back(request.n - len(landed))

    async def _stream(
        self, request: Request, first: int, landed: set[int], arrivals: list[asyncio.Task[None]]
    ) -> None:
        context, collector, began = self.context, Collector(), self.context.now()
        context.emit("request", lambda: self._described(request))
        async with aclosing(self.model.stream(request)) as chunks:
            try:
                async for chunk in chunks:
                    if not 0 <= chunk.index < request.n:
                        raise BadReply(f"{self.model.name} sent completion {chunk.index} of {request.n}")
                    sample = collector.take(chunk)
                    if chunk.tokens:
                        context.emit("progress", lambda n=chunk.tokens: {"tokens": n})  # type: ignore[misc]
                    if sample is None:
                        continue
                    number = first + chunk.index
                    if sample.finish is None and self._aborts(sample):
                        sample.finish = "aborted"
                    if sample.finish is not None and number not in landed:
                        landed.add(number)
                        candidate = self._candidate(number, sample, context.now() - began)
                        self._arrive(number, candidate, arrivals)
                        if sample.finish == "aborted":
                            return
            except (asyncio.CancelledError, GeneratorExit):
                self._keep_partials(collector, first, landed, context.now() - began)
                raise

    def _aborts(self, sample: Sample) -> bool:
        reason = self.watch.watch(sample.view()) if self.watch is not None else None
        if reason is not None:
            self.context.emit("decision", lambda: {"text": f"sample aborted: {reason}"})
        return reason is not None

    def _arrive(self, number: int, candidate: Candidate, arrivals: list[asyncio.Task[None]]) -> None:
        """Finish a sample: at once where that needs no waiting, beside the stream where it does."""
        candidate, done = self.context.classified_now(candidate)
        if done and self.finish is None:
            self._land(number, candidate)
            return
        self.context.keep(candidate)
        share = self.shares.claim(1) if self.shares is not None and self.finish is not None else None
        arrivals.append(asyncio.get_running_loop().create_task(self._finish(number, candidate, share)))

    async def _finish(self, number: int, candidate: Candidate, share: Ledger | None) -> None:
        if self.finish is None or share is None:
            self._land(number, await self.context.classified(candidate))
        else:
            self._land(number, await self.finish(candidate, share))

    def _land(self, number: int, candidate: Candidate) -> None:
        self.context.record(candidate)
        self.done[number] = candidate
        self._news.set()

    def _candidate(self, number: int, sample: Sample, seconds: float) -> Candidate:
        request = self.request
        return Candidate(
            id=f"{self.label}{request.first_draw + number}",
            text=sample.text,
            kind=request.kind,
            draw=request.first_draw + number,
            reasoning="".join(sample.thoughts),
            finish=sample.finish,
            tokens=sample.tokens,
            reasoning_tokens=sample.reasoning_tokens,
            logprobs=tuple(sample.logprobs),
            tool_calls=tuple(sample.tool_calls),
            seconds=seconds,
            prompt=request.messages,
            prefix=request.prefill,
            parents=self.parents,
        )

    def _keep_partials(self, collector: Collector, first: int, landed: set[int], seconds: float) -> None:
        """What had arrived of samples that are cut off: the last resort where nothing else was seen."""
        for index, sample in collector.samples.items():
            if first + index not in landed and sample.text and self.request.kind == "answer":
                sample.finish = "cancelled"
                candidate = self._candidate(first + index, sample, seconds)
                self.context.partial[candidate.id] = candidate

    def _failed(self, error: ModelError, numbers: Sequence[int]) -> None:
        self.error = error
        self.context.failure = error
        self.context.emit("failure", lambda: {"error": str(error), "type": type(error).__name__})
        for number in numbers:
            sample = Sample()
            failed = replace(self._candidate(number, sample, 0.0), error=f"{type(error).__name__}: {error}")
            self._land(number, failed)

    def _described(self, request: Request) -> dict[str, Any]:
        return {
            "id": f"{self.label}{request.first_draw}",
            "kind": request.kind,
            "model": self.model.name,
            "messages": [{"role": m.role, "content": m.text} for m in request.messages],
            "prefill": request.prefill,
            "n": request.n,
            "sampling": {k: v for k, v in _fields(request.sampling).items() if v not in (None, ())},
            "parents": list(self.parents),
        }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
