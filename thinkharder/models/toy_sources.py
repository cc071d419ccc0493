"""What toy models say: scripted texts, or answers drawn from a distribution for each problem."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from typing import final

from thinkharder.core.errors import BadOption
from thinkharder.core.identity import draw_seed
from thinkharder.core.types import Request, TokenLogprob
from thinkharder.models.toy_draft import Draft, toy_tokens

FILLER = " so"
"""One toy token of reasoning, repeated until the wanted length is reached."""


def uniforms(request: Request, count: int = 2) -> list[tuple[float, ...]]:
    """`count` numbers in [0, 1) for each completion, the same for the same run seed, prompt, branch and draw number,
    however the draws are grouped into requests."""
    base = draw_seed(replace(request, first_draw=0), 0)
    rows = []
    for draw in range(request.first_draw, request.first_draw + request.n):
        digest = blake2b(f"{base}|{draw}".encode(), digest_size=8 * count).digest()
        words = (int.from_bytes(digest[8 * i : 8 * i + 8], "big") for i in range(count))
        rows.append(tuple((word >> 11) / 2.0**53 for word in words))
    return rows


def _last_user_text(request: Request) -> str:
    return next((m.text for m in reversed(request.messages) if m.role == "user"), "")


@final
@dataclass(frozen=True)
class Scripted:
    """Given texts, in the order of the draw numbers, over and over; `by_prompt` has texts for prompts that contain a key
    (the longest key that fits wins)."""

    texts: tuple[str | Draft, ...] = ("ok",)
    by_prompt: Mapping[str, Sequence[str | Draft]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.texts or not all(self.by_prompt.values()):
            raise BadOption('toy scripted needs at least one text; write scripted(texts=["an answer"])')

    def drafts(self, request: Request) -> list[Draft]:
        """One draft for each completion of the request."""
        prompt = "\n".join(m.text for m in request.messages) if self.by_prompt else ""
        keys = [key for key in self.by_prompt if key in prompt]
        texts = self.by_prompt[max(keys, key=len)] if keys else self.texts
        chosen = (
            texts[draw % len(texts)] for draw in range(request.first_draw, request.first_draw + request.n)
        )
        return [item if isinstance(item, Draft) else Draft(item) for item in chosen]


@final
@dataclass(frozen=True)
class Distribution:
    """Answers with weights (equal where none are given) and the range of a sample's tokens, drawn evenly from it."""

    answers: tuple[str, ...]
    weights: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.answers:
            raise BadOption("toy categorical needs answers; write categorical(answers=[18, 20])")
        if self.weights and (
            len(self.weights) != len(self.answers)
            or not all(math.isfinite(w) and w >= 0 for w in self.weights)
            or sum(self.weights) <= 0
        ):
            raise BadOption(
                f"toy categorical weights={list(self.weights)}: give one for each of the {len(self.answers)} answers,"
                " none negative, not all 0"
            )
        if len(self.tokens) not in (0, 1, 2) or any(t < 1 for t in self.tokens):
            raise BadOption(
                f"toy categorical tokens={list(self.tokens)}: give one length or [lowest, highest], from 1"
            )

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """The probability of each answer; they sum to 1."""
        weights = self.weights or (1.0,) * len(self.answers)
        return tuple(weight / sum(weights) for weight in weights)

    @cached_property
    def _edges(self) -> tuple[float, ...]:
        return tuple(accumulate(self.shares))

    def pick(self, u: float) -> int:
        """The answer's place for u in [0, 1)."""
        place = min(bisect_right(self._edges, u * self._edges[-1]), len(self.answers) - 1)
        while self.shares[place] == 0:
            place -= 1
        return place

    def length(self, u: float) -> int:
        """A sample's tokens for u in [0, 1); 0 where no length is wanted."""
        if not self.tokens:
            return 0
        low, high = min(self.tokens), max(self.tokens)
        return low + int(u * (high - low + 1))


@final
@dataclass(frozen=True)
class Categorical:
    """Answers drawn independently from a distribution, the problem's own where `problems` has one (by the longest key
    that the last user message contains). `template` holds the answer at `{}`; a sample shorter than its wanted length
    begins with filler; `thinking` tokens of reasoning come before it."""

    answers: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    tokens: tuple[int, ...] = ()
    thinking: int = 0
    template: str = "The answer is \\boxed{}."
    problems: Mapping[str, Distribution] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.answers or not self.problems:
            _ = self._default
        if "{}" not in self.template:
            raise BadOption(
                f"toy categorical template={self.template!r} must hold {{}} where the answer goes"
            )
        if self.thinking < 0:
            raise BadOption(f"toy categorical thinking={self.thinking} must be 0 or more")

    @cached_property
    def _default(self) -> Distribution:
        return Distribution(self.answers, self.weights, self.tokens)

    def distribution(self, problem: str) -> Distribution:
        """The distribution for a problem's text. Raises BadOption where there is none."""
        keys = [key for key in self.problems if key in problem]
        return self.problems[max(keys, key=len)] if keys else self._default

    def drafts(self, request: Request) -> list[Draft]:
        """One draft for each completion of the request."""
        given = self.distribution(_last_user_text(request))
        wanted = request.sampling.logprobs
        drafts = []
        for first, second in uniforms(request):
            place = given.pick(first)
            # The braces of \boxed{} are kept around the answer: "{}" is where it goes, and "{{" would read badly.
            shown = given.answers[place]
            body = self.template.replace(
                "{}", "{" + shown + "}" if "\\boxed{}" in self.template else shown, 1
            )
            filler = max(0, given.length(second) - len(toy_tokens(body)))
            text = (FILLER * filler + " " + body).lstrip() if filler else body
            reasoning = FILLER * self.thinking
            logprobs = () if wanted is None else self._logprobs(given, place, reasoning, text)
            drafts.append(Draft(text, reasoning, logprobs))
        return drafts

    def _logprobs(
        self, given: Distribution, place: int, reasoning: str, text: str
    ) -> tuple[TokenLogprob, ...]:
        """Filler is nearly sure; the token that ends the answer carries the answer's own probability."""
        pieces = toy_tokens(reasoning) + toy_tokens(text)
        start = text.rfind(given.answers[place])
        decisive, seen = len(pieces) - 1, -len(reasoning)
        for number, piece in enumerate(pieces):
            if seen <= start < seen + len(piece):
                decisive = number
            seen += len(piece)
        order = sorted(range(len(given.answers)), key=lambda i: -given.shares[i])
        top = tuple((given.answers[i], math.log(given.shares[i])) for i in order if given.shares[i] > 0)
        sure = math.log(0.99)
        return tuple(
            TokenLogprob(piece, math.log(given.shares[place]), top)
            if number == decisive
            else TokenLogprob(piece, sure, ((piece, sure), (FILLER, math.log(0.01))))
            for number, piece in enumerate(pieces)
        )
