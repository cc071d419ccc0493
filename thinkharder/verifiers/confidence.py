"""How sure the model was of its own words: from the samples' log-probabilities alone, without any call."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.errors import BadOption, CapabilityError
from thinkharder.core.protocols import Effort, Sampler
from thinkharder.core.registry import verifier
from thinkharder.core.types import Candidate, Capabilities, Problem, Score, TokenLogprob

Measure = Literal["mean-logprob", "self-certainty", "lowest-group", "tail"]
FLOOR = -100.0
"""Log-probabilities below this (and -inf, and the -9999 of some endpoints) count as this: e^-100 is 0 in 32 bits."""
_DEFAULT_TOP = 20


@verifier("confidence")
@final
@dataclass(frozen=True)
class Confidence:
    """Scores a candidate by the log-probabilities of its own tokens; no model call.

    References: self-certainty, Kang et al. 2025, arXiv:2502.18581; lowest-group and tail, Fu et al. 2025 (DeepConf),
    arXiv:2508.15260, section 3.
    `measure`, over the n tokens of a sample with the chosen tokens' log-probabilities l:
    - `mean-logprob`: exp(mean of l), the geometric mean of the tokens' probabilities (1 / perplexity);
    - `lowest-group`: the lowest mean over any `window` tokens in a row, as exp; a shorter sample is one group;
    - `tail`: the mean over the last `window` tokens, as exp;
    - `self-certainty`: mean of KL(uniform ‖ p), a divergence over the whole vocabulary, approximated over the `top`
      likeliest tokens that are given: c = mean of -(1/k) Σ ln p_j - ln k, as c / (1 + c); marked so in the note.
    `top` > 0 makes lowest-group and tail those of the paper, whose token confidence is -(1/k) Σ ln p_j over the k likeliest,
    as c / (1 + c); 0, the default, takes the chosen tokens' log-probabilities, which every engine gives.
    Score: in [0, 1], higher is surer. It ranks the samples of one model and is not a probability of being right; each
    map is strictly increasing (until floats run out), so that only order and weights depend on it.
    Abstains without log-probabilities, and where alternatives are needed and not given.
    Cost: none.
    """

    measure: Measure = "mean-logprob"
    window: int = 128
    top: int = 0

    def __post_init__(self) -> None:
        if self.window < 1:
            raise BadOption(f"confidence: window={self.window} must be at least 1 token")
        if self.top < 0:
            raise BadOption(f"confidence: top={self.top} must be 0 (chosen tokens) or more")
        if self.measure == "mean-logprob" and self.top:
            raise BadOption("confidence: mean-logprob reads the chosen tokens; leave out top")
        if self.measure == "self-certainty" and self.top == 1:
            raise BadOption("confidence: self-certainty needs top of 2 or more alternatives")

    @property
    def name(self) -> str:
        """`confidence`."""
        return "confidence"

    @property
    def logprobs(self) -> int | None:
        """0 (the chosen tokens') or the number of alternatives that the measure reads."""
        return self.top or (_DEFAULT_TOP if self.measure == "self-certainty" else 0)

    @property
    def joint(self) -> bool:
        """False."""
        return False

    def check(self, generator: Capabilities, judge: Capabilities) -> None:
        """Raise CapabilityError where the generator cannot give the log-probabilities that the measure reads."""
        if not generator.logprobs:
            raise CapabilityError(
                "confidence needs a model that gives log-probabilities, and this one does not; take verifier judge"
            )
        if self.logprobs and generator.top_logprobs < min(2, self.logprobs):
            raise CapabilityError(
                f"confidence: {self.measure} reads the likeliest alternatives of each token, and this model gives only the"
                " chosen token's log-probability; take measure=mean-logprob, lowest-group or tail with top=0"
            )

    def effort(self, problem_tokens: int, candidate_tokens: int) -> Effort:
        """Nothing."""
        return Effort()

    async def score(
        self, problem: Problem, candidates: Sequence[Candidate], sampler: Sampler
    ) -> Sequence[Score]:
        """One score a candidate, in order; raises nothing."""
        return [self.of(candidate.logprobs) for candidate in candidates]

    def of(self, tokens: Sequence[TokenLogprob]) -> Score:
        """The score of one sample's tokens. Pure."""
        if not tokens:
            return Score(
                None,
                "the sample came without log-probabilities; the model gives none, or they were not asked for",
            )
        if not self.logprobs:
            values = _clean([token.logprob for token in tokens])
            if values is None:
                return Score(None, "a log-probability is not a number")
            level = _LEVEL[self.measure](values, self.window)
            return Score(
                math.exp(level), f"{self.measure} {level:.4f} nats a token over {len(values)} tokens"
            )
        return self._of_alternatives(tokens)

    def _of_alternatives(self, tokens: Sequence[TokenLogprob]) -> Score:
        k = min(self.logprobs or 0, min(len(token.top) for token in tokens))
        if k < min(2, self.logprobs or 0):
            return Score(
                None,
                f"{self.measure} reads each token's likeliest alternatives, and the model gave only the chosen token's"
                " log-probability; take measure=mean-logprob",
            )
        confidences = token_confidences(tokens, k)
        if confidences is None:
            return Score(None, "a log-probability is not a number")
        if self.measure == "self-certainty":
            level = max(0.0, float(confidences.mean()) - math.log(k))
            return Score(_squash(level), f"self-certainty {level:.4f}, approximated from the top {k} tokens")
        level = _LEVEL[self.measure](confidences, self.window)
        return Score(
            _squash(level), f"{self.measure} {level:.4f} from the top {k} tokens over {len(tokens)} tokens"
        )


def mean(values: NDArray[np.float64], window: int) -> float:
    """The mean of all."""
    return float(values.mean())


def lowest_group(values: NDArray[np.float64], window: int) -> float:
    """The lowest mean over `window` values in a row (stride 1); of all where there are fewer."""
    if len(values) <= window:
        return float(values.mean())
    sums = np.concatenate(([0.0], np.cumsum(values)))
    return float((sums[window:] - sums[:-window]).min() / window)


def tail(values: NDArray[np.float64], window: int) -> float:
    """The mean of the last `window` values."""
    return float(values[-window:].mean())


def token_confidences(tokens: Sequence[TokenLogprob], k: int) -> NDArray[np.float64] | None:
    """DeepConf's token confidence, -(1/k) Σ ln p over each token's k likeliest [tokens]; None where one is NaN."""
    rows = [sorted((logprob for _, logprob in token.top), reverse=True)[:k] for token in tokens]
    values = _clean([logprob for row in rows for logprob in row])
    return None if values is None else -values.reshape(len(tokens), k).mean(axis=1)


_LEVEL: dict[str, Callable[[NDArray[np.float64], int], float]] = {
    "mean-logprob": mean,
    "lowest-group": lowest_group,
    "tail": tail,
}


def _clean(logprobs: Sequence[float]) -> NDArray[np.float64] | None:
    """As an array, cut to [FLOOR, 0] (engines round slightly above 0); None where one is NaN."""
    values = np.asarray(logprobs, dtype=np.float64)
    return None if np.isnan(values).any() else np.clip(values, FLOOR, 0.0)


def _squash(level: float) -> float:
    """[0, ∞) to [0, 1), strictly increasing."""
    return level / (1.0 + level)
