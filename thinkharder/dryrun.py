"""The most that a run can cost, from the strategy's plan alone: nothing is sampled and nothing is spent.

A bound, not a forecast: every sample is taken to reach its cap, every critique to find something, every tier of an
adaptive strategy to be needed. Retries after failures are not in it (the budget's own limits hold for them too).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from thinkharder.core.protocols import Effort, Model, Step, Strategy, Verifier
from thinkharder.core.types import Capabilities, Message, Problem, Request
from thinkharder.core.usage import Budget, Price
from thinkharder.models.loaded import Loaded

MESSAGE_TOKENS = 16
"""Bound on what a chat template adds to one message."""
COUNTED = ("tokens", "output_tokens", "calls", "usd")


@final
@dataclass(frozen=True, slots=True)
class Inputs:
    """What the bound is computed from: tokens of the problem and of the longest instruction, whether they are counted
    exactly, what the model can, and the cap that the user set on a sample."""

    problem_tokens: int
    instruction_tokens: int
    exact: bool
    capabilities: Capabilities
    max_tokens: int | None = None

    @property
    def cap(self) -> int:
        """Most tokens of a sample whose strategy does not say."""
        return self.max_tokens or self.capabilities.max_tokens


@final
@dataclass(frozen=True, slots=True)
class WorstCase:
    """The most that is spent: completions asked for, requests, tokens, US dollars (None: a price is not known).

    `limited` names the limits of the budget that bind; `seconds` is the limit on time, the only bound on it.
    """

    calls: int
    requests: int
    input_tokens: int
    output_tokens: int
    tokens: int
    usd: float | None
    seconds: float | None = None
    limited: tuple[str, ...] = ()


def worst_case(
    strategy: Strategy,
    inputs: Inputs,
    verifier: Verifier | None = None,
    *,
    price: Price | None = None,
    judge_price: Price | None = None,
) -> WorstCase:
    """The bound for a strategy without any limit; prices in US dollars per million tokens."""
    requests = made = spent_in = spent_out = 0
    judged = Effort()
    for step in strategy.plan():
        count, tokens_in, tokens_out = _generation(step, inputs)
        requests, made = requests + count, made + step.samples
        spent_in, spent_out = spent_in + tokens_in, spent_out + tokens_out
        if step.scored and verifier is not None:
            judged = _add(judged, verifier.effort(inputs.problem_tokens, _cap(step, inputs)), step.samples)
    usd = None if price is None else price.usd(spent_in, spent_out)
    if judged.calls:
        usd = None if usd is None or judge_price is None else usd + _judging(judged, judge_price)
    total_in, total_out = spent_in + judged.input_tokens, spent_out + judged.output_tokens
    return WorstCase(
        made + judged.calls, requests + judged.calls, total_in, total_out, total_in + total_out, usd
    )


def within(worst: WorstCase, budget: Budget) -> WorstCase:
    """The bound under a budget: its limits are hard, so they bound what the plan does not."""
    binding = [
        name
        for name in COUNTED
        if getattr(budget, name) is not None
        and (getattr(worst, name) is None or getattr(worst, name) > getattr(budget, name))
    ]
    smaller: dict[str, object] = {name: getattr(budget, name) for name in binding}
    found = replace(worst, **smaller, seconds=budget.seconds, limited=tuple(binding))  # type: ignore[arg-type]
    # Where a limit binds, samples may be admitted one by one, each with its own prompt: only the limit bounds the input.
    most_in = found.tokens if binding else found.input_tokens
    most_out = min(found.output_tokens, found.tokens)
    return replace(found, input_tokens=min(most_in, found.tokens), output_tokens=most_out)


async def measure(model: Model, problem: Problem, templates: Sequence[str], max_tokens: int | None) -> Inputs:
    """Count the problem and the longest of the instructions with the model's own tokenizer. Raises ModelError."""
    longest = max(templates, key=lambda text: len(text.encode()), default="")
    asked = await model.count(Request(problem.messages))
    told = await model.count(Request((Message("user", longest),)))
    # A stack splits what its backend cannot do in one request, so the backend's own n counts requests.
    at_once = model.backend.capabilities.n if isinstance(model, Loaded) else model.capabilities.n
    can = replace(model.capabilities, n=at_once)
    return Inputs(asked.tokens, told.tokens, asked.exact and told.exact, can, max_tokens)


def measured_by_size(
    problem: Problem, templates: Sequence[str], capabilities: Capabilities, max_tokens: int | None
) -> Inputs:
    """The same without a model: a token of text has at least one byte, so the bytes bound the tokens."""
    size = sum(len(m.text.encode()) + MESSAGE_TOKENS for m in problem.messages)
    longest = max((len(text.encode()) for text in templates), default=0)
    return Inputs(size, longest + MESSAGE_TOKENS, False, capabilities, max_tokens)


def as_mapping(worst: WorstCase) -> Mapping[str, object]:
    """The bound as plain values, for JSON."""
    return {name: getattr(worst, name) for name in worst.__dataclass_fields__}


def _generation(step: Step, inputs: Inputs) -> tuple[int, int, int]:
    """Requests, input tokens and output tokens of one step."""
    can, cap = inputs.capabilities, _cap(step, inputs)
    requests = max(step.requests, math.ceil(step.samples / max(1, can.n)))
    told = (step.carries + 1) * (inputs.instruction_tokens + MESSAGE_TOKENS)
    prompt = inputs.problem_tokens + told + step.carries * cap
    if can.context is not None:
        prompt = min(prompt, can.context)
    return requests, requests * prompt, step.samples * cap


def _cap(step: Step, inputs: Inputs) -> int:
    cap = step.max_tokens or inputs.cap
    context = inputs.capabilities.context
    return cap if context is None else max(1, min(cap, context - 1))


def _add(total: Effort, each: Effort, times: int) -> Effort:
    return Effort(
        total.calls + times * each.calls,
        total.input_tokens + times * each.input_tokens,
        total.output_tokens + times * each.output_tokens,
    )


def _judging(effort: Effort, price: Price) -> float:
    return price.usd(effort.input_tokens, effort.output_tokens)
