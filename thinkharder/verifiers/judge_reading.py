"""What a judge's reply says, as a score in [0, 1] or an abstention. Pure; reads the judge's own reply and nothing else."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from thinkharder.core.types import Candidate, TokenLogprob

_LABEL = re.compile(
    r"[\s*_`#]*(?:(?:the\s+)?(?:score|rating)(?:\s+is)?[\s*_`]*[:=]?)?[\s*_`]*", re.IGNORECASE
)
_MARKED_LINE = re.compile(r"^[^\w\n]*score\b(?!\w)[^\n]*$", re.IGNORECASE | re.MULTILINE)
_STRICT = re.compile(
    r"[ \t]*[*_`#]{0,3}[ \t]*score[*_`]*[ \t]*[:=][ \t*_`]*(?P<value>[+-]?\d+(?:\.\d+)?)"
    r"(?:[ \t]*/[ \t]*(?P<of>\d+))?[ \t*_`]*\.?[ \t*_`]*",
    re.IGNORECASE | re.ASCII,
)
_BARE = re.compile(r"\s*(?P<value>\d+(?:\.\d+)?)(?:\s*/\s*(?P<of>\d+))?\s*\.?\s*", re.ASCII)
_PADDING = " \t\r\n*`▁Ġ"
_MAX_PREFIX_TOKENS = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """A score in [0, 1], or None with the reason in `note`."""

    value: float | None
    note: str = ""


def parsed(reply: Candidate, scale: int, *, bare: bool) -> Reading:
    """The score that the last line marked `Score:` names, over `scale`.

    Strict: a truncated reply, a last marked line that is not exactly a number from 0 to `scale`, and no such line each
    abstain. `bare` also accepts a reply that is a number and nothing else.
    """
    if reply.finish == "length":
        return Reading(None, "the judgement was cut at its token cap")
    lines = _MARKED_LINE.findall(reply.whole)
    match = _STRICT.fullmatch(lines[-1]) if lines else None
    if not lines and bare:
        match = _BARE.fullmatch(reply.whole)
    if match is None:
        return Reading(None, "the judgement does not end in a line 'Score: N'")
    return _on_scale(match, scale)


def _on_scale(match: "re.Match[str]", scale: int) -> Reading:
    value = float(match["value"])
    if (match["of"] is not None and int(match["of"]) != scale) or not 0 <= value <= scale:
        return Reading(
            None, f"the judgement's score {match[0].strip()!r} is not on the scale from 0 to {scale}"
        )
    return Reading(value / scale)


def expected(reply: Candidate, scale: int, min_mass: float, *, marked: bool) -> Reading:
    """The expected score under the probabilities of the score tokens, renormalised over them (arXiv:2303.16634, §2).

    `scale` is at most 9, so that each score is one digit. `marked`: the score stands in the last line `Score: N`, else it
    is the reply's first word. Abstains where the valid score tokens hold less than `min_mass` of the probability.
    """
    tokens = reply.logprobs
    if not tokens:
        return Reading(None, "the judge's reply came without log-probabilities")
    if marked:
        if reply.finish == "length":
            return Reading(None, "the judgement was cut at its token cap")
        place = _marked_place(tokens)
        places = [] if place is None else [place]
    else:
        places = _leading_places(tokens)
    best = 0.0
    for place in places:
        probabilities = digit_probabilities(tokens[place], scale)
        mass = sum(probabilities.values())
        best = max(best, mass)
        if mass >= min_mass:
            if _runs_on(tokens, place, scale):
                return Reading(None, f"the judgement names a number outside the scale from 0 to {scale}")
            mean = sum(score * p for score, p in probabilities.items()) / mass
            return Reading(
                min(1.0, mean / scale), f"expected value; score tokens hold {mass:.3f} of the probability"
            )
    return Reading(None, f"score tokens hold {best:.3f} of the probability, under {min_mass:g}")


def digit_probabilities(token: TokenLogprob, scale: int) -> dict[int, float]:
    """Probability of each score at one place: its spellings (' 7', '7') summed, scores beyond `scale` left out."""
    alternatives = dict(token.top)
    alternatives.setdefault(token.token, token.logprob)
    found: dict[int, float] = {}
    for text, logprob in alternatives.items():
        digit = _digit(text, scale)
        if digit is not None and not math.isnan(logprob):
            found[digit] = found.get(digit, 0.0) + math.exp(min(0.0, logprob))
    return found


def _digit(token: str, scale: int) -> int | None:
    text = token.strip(_PADDING)
    if len(text) == 1 and text.isascii() and text.isdigit() and int(text) <= scale:
        return int(text)
    return None


def _leading_places(tokens: Sequence[TokenLogprob]) -> "list[int]":
    """Places before which stands nothing but a label such as 'Score:'."""
    prefix, places = "", []
    for place, token in enumerate(tokens[:_MAX_PREFIX_TOKENS]):
        if not _LABEL.fullmatch(prefix):
            break
        places.append(place)
        prefix += token.token
    return places


def _marked_place(tokens: Sequence[TokenLogprob]) -> int | None:
    """The place of the number in the last marked line, or None where that line is not exactly a score."""
    text = "".join(token.token for token in tokens)
    ends = re.sub(
        r"<\|[^|>]*\|>\s*$", "", text
    )  # some engines list the end token among the log-probabilities
    lines = list(_MARKED_LINE.finditer(ends))
    if not lines:
        return None
    match = _STRICT.fullmatch(lines[-1][0])
    if match is None:
        return None
    offset = lines[-1].start() + match.start("value")
    end = 0
    for place, token in enumerate(tokens):
        end += len(token.token)
        if offset < end:
            return place
    return None


def _runs_on(tokens: Sequence[TokenLogprob], place: int, scale: int) -> bool:
    """Whether the digit that the judge wrote here is only the first of its number, as the 1 of 10."""
    if _digit(tokens[place].token, scale) is None:
        return False
    rest = "".join(token.token for token in tokens[place + 1 : place + 4])
    return re.match(r"\d|[.,]\d", rest) is not None


def sampled(replies: Sequence[Candidate], scale: int, min_mass: float) -> Reading:
    """The expected score from short samples at temperature 1: the Monte-Carlo estimate of `expected`.

    Where each sample came with the log-probability of its chosen token and the distinct score tokens seen hold `min_mass`,
    those probabilities themselves are used, renormalised, instead of their frequencies: less noise from as many samples.
    Replies that do not begin with one digit of the scale are not counted; under half of them counted it abstains.
    """
    seen: dict[str, tuple[int, float]] = {}
    found = [first for reply in replies if (first := _first_digit(reply, scale)) is not None]
    if not found or 2 * len(found) < len(replies):
        return Reading(None, f"{len(found)} of {len(replies)} short judgements are a score from 0 to {scale}")
    for score, path, logprob in found:
        seen[path] = (score, math.exp(logprob if math.isnan(logprob) else min(0.0, logprob)))
    mass = sum(p for _, p in seen.values())
    if min_mass <= mass <= 1.001:  # NaN, where one came without its log-probability, is neither
        mean = sum(score * p for score, p in seen.values()) / mass
        note = f"expected value over {len(seen)} score tokens seen, which hold {mass:.3f} of the probability"
    else:
        mean = sum(score for score, _, _ in found) / len(found)
        note = f"mean of {len(found)} of {len(replies)} short judgements"
    return Reading(min(1.0, mean / scale), note)


def _first_digit(reply: Candidate, scale: int) -> tuple[int, str, float] | None:
    """The score that a short reply begins with, the tokens up to it, and their log-probability (NaN: not known)."""
    match = re.match(r"\s*(\d)(?!\d|[.,]\d)", reply.text, re.ASCII)
    if match is None or int(match[1]) > scale:
        return None
    score, path, total = int(match[1]), "", 0.0
    for token in reply.logprobs:
        path, total = path + token.token, total + token.logprob
        if path.strip(_PADDING):
            return score, path, total if _digit(path, scale) == score else math.nan
    return score, "", math.nan
