r"""Where a model's text says its answer: `\boxed{}`, `<answer>`, `#### x`, a JSON field, "the answer is x".

Everything here is linear in the text with a small constant: patterns have bounded repeats, and only the end of a very long
text is looked at for phrases. Nothing is cut at "User:" or the like; stop strings are the model's business.
"""

import json
import re
from dataclasses import dataclass

TAIL = 200_000
"""Characters at the end of a text within which markers are looked for; a 1 MB answer stays cheap."""
LONGEST = 20_000
"""Characters of the longest answer that a marker may hold."""

_CLOSE = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_OPEN = re.compile(r"(?:^|\n)\s{0,8}<(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![a-zA-Z])\s{0,4}")
_BARE_BOX = re.compile(r"[^\s{}$\\]{1,40}|\\frac\d\d|\\[a-zA-Z]{1,20}")
_JOINT = re.compile(r"(?:[\s,;$]|\\[()\[\],;]|\\text\{|\}|\band\b|\bor\b|\\quad){0,20}")
_TAG_OPEN = re.compile(r"<(?:final_)?answer>", re.IGNORECASE)
_TAG_CLOSE = re.compile(r"</(?:final_)?answer>", re.IGNORECASE)
_HASHES = re.compile(r"^####[ \t]{0,4}(\S[^\n]{0,199})$", re.MULTILINE)
_NUMBERLIKE = re.compile(r"[-+−]?\s?[$€£¥]?\s?\d[\d,./ ]{0,40}\s?%?")
_FIELD = re.compile(r'"(?:final[_ ]?)?answer"\s{0,20}:\s{0,20}', re.IGNORECASE)
_JSON_NUMBER = re.compile(r"-?\d{1,400}(?:\.\d{1,400})?(?:[eE][-+]?\d{1,4})?")

_WORDS = (
    "answer", "antwort", "lösung", "réponse", "respuesta", "resposta", "risposta", "antwoord", "odpowiedź", "cevap", "svar",
    "ответ", "答案", "答え", "正解", "정답", "답", "الجواب", "الإجابة", "उत्तर",
)  # fmt: skip
_LINKS = (
    r"(?:[:：=]|(?:is|was|are|equals|ist|lautet|est|es|é|è|jest|would be|should be|must be)(?![A-Za-z])"
    r"|是|为|為|は|는|은|هو|هي|है|[—–-](?=\s))"
)
_BEHIND = re.compile(
    r"(?:\s?\([^()\n]{0,60}\)|\s(?:to|for|of|in|we|you|that|finale|final|définitive)\b[^\n.:：=]{0,80}?)?"
    rf"[*_`\s]{{0,6}}{_LINKS}[*_`]{{0,3}}[ \t]{{0,8}}:?",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"(?:final|finale|finales|endgültige|letzte|最终|最終|النهائية)\s{0,3}$|(?:^|\n)[#*\s]{1,8}$",
    re.IGNORECASE,
)
_HEADING_END = re.compile(r"[*_:\s]{0,6}\n")
_HEADING_START = re.compile(r"(?:^|\n)[#*\s]{1,8}(?:the\s)?(?:final\s+|最终)?$", re.IGNORECASE)
MAX_PHRASES = 200
"""Mentions of the word "answer", from the end, that are looked at."""
_EMPTY = re.compile(
    r"[\s*_`#$.:=…]*|(?:your|the|final|an?|\s)*(?:answer|number|value|result)(?:\s+here)?|[xX]{3,}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text that a marker calls the answer. `strict`: it holds the answer and nothing else."""

    text: str
    strict: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in one text: marked `spans`, best first; `cut` when its answer was cut off half way."""

    body: str
    spans: tuple[Span, ...]
    cut: bool


def final_part(text: str) -> str | None:
    """The text after its thinking; None where the thinking never ended."""
    ends = [match.end() for match in _CLOSE.finditer(text)]
    body = text[ends[-1] :] if ends else text
    return None if _OPEN.search(body) else body


def find(text: str) -> Found:
    """Every marked answer of a text, best first. Never raises."""
    body = final_part(text)
    if body is None:
        return Found("", (), True)
    tail = body[-TAIL:]
    box, cut = boxed(tail)
    if cut:
        return Found(body, (), True)
    strict = [box, tagged(tail), hashed(tail), field(tail)]
    spans = [Span(item.strip(), True) for item in strict if item is not None and not placeholder(item)]
    spans += [Span(item, False) for item in phrases(tail)]
    return Found(body, tuple(spans), False)


def placeholder(text: str) -> bool:
    """Whether a marker holds nothing but the prompt's own placeholder (`\\boxed{}`, `\\boxed{answer}`, `...`)."""
    return _EMPTY.fullmatch(text[:60]) is not None and len(text) <= 60


def boxed(text: str) -> tuple[str | None, bool]:
    r"""The content of the last `\boxed{}` (of several joined by "and" or commas: all of them), and whether it was cut.

    A box that the text's end cuts off is no answer, except that it repeats what an earlier box began with.
    """
    matches = list(_BOX.finditer(text))[-16:]
    boxes: list[tuple[int, int, str]] = []
    for match in matches:
        start = match.end()
        if start < len(text) and text[start] == "{":
            end = closing(text, start)
            if end is None:
                rest = text[start + 1 :].strip()
                repeats = bool(boxes) and boxes[-1][2].strip().startswith(rest)
                return (boxes[-1][2], False) if repeats else (None, True)
            boxes.append((match.start(), end + 1, text[start + 1 : end]))
        elif bare := _BARE_BOX.match(text, start):
            boxes.append((match.start(), bare.end(), bare[0]))
        elif start >= len(text):
            return (boxes[-1][2], False) if boxes else (None, True)
    boxes = [box for box in boxes if not placeholder(box[2])]
    if not boxes:
        return None, False
    group = [boxes[-1]]
    for box in reversed(boxes[:-1]):
        gap = text[box[1] : group[0][0]]
        if not 0 < len(gap) <= 24 or _JOINT.fullmatch(gap) is None or "\n\n" in gap or box[2] == group[0][2]:
            break
        group.insert(0, box)
    return ", ".join(box[2] for box in group), False


def closing(text: str, start: int) -> int | None:
    """The index of the brace that closes the one at `start` (escaped braces do not count), None if there is none."""
    depth, at, end = 0, start, min(len(text), start + LONGEST)
    while at < end:
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return at
        at += 1
    return None


def tagged(text: str) -> str | None:
    """The content of the last `<answer>…</answer>`."""
    closes = [match.start() for match in _TAG_CLOSE.finditer(text)]
    if not closes:
        return None
    starts = [match.end() for match in _TAG_OPEN.finditer(text, max(0, closes[-1] - LONGEST), closes[-1])]
    return text[starts[-1] : closes[-1]] if starts else None


def hashed(text: str) -> str | None:
    """The rest of the last line that begins with four hashes, where it is the last line or a bare number (GSM8K)."""
    last = None
    for match in _HASHES.finditer(text):
        alone = not text[match.end() : match.end() + 2000].strip()
        if alone or _NUMBERLIKE.fullmatch(match[1].strip()):
            last = match[1]
    return last


def field(text: str) -> str | None:
    """The value of the last JSON field "answer" (or final_answer) that is a string or a number."""
    for match in reversed(list(_FIELD.finditer(text))[-4:]):
        at = match.end()
        if text[at : at + 1] == '"':
            try:
                value, _ = json.JSONDecoder(strict=False).raw_decode(text[at : at + LONGEST])
            except ValueError:
                continue
            return str(value)
        if number := _JSON_NUMBER.match(text, at):
            return number[0]
    return None


def phrases(text: str) -> list[str]:
    """What follows "final answer", "the answer is", "Answer:" and their like in other languages: last first, final first."""
    final: list[str] = []
    plain: list[str] = []
    for start, end in _mentions(text)[-MAX_PHRASES:]:
        before = text[max(0, start - 24) : start]
        match = _BEHIND.match(text, end) or (_HEADING_START.search(before) and _HEADING_END.match(text, end))
        if not match:
            continue
        item = _line(text, match.end())
        if item and not placeholder(item):
            (final if _FINAL.search(before) else plain).append(item)
    return final[::-1][:8] + plain[::-1][:8]


def _mentions(text: str) -> list[tuple[int, int]]:
    """Where the word for answer stands, in any of the languages; found by plain search, which is many times a regex."""
    lower = text.lower()
    if len(lower) != len(text):
        # A few capitals change their length (İ); then only the characters that do not are folded.
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    found: list[tuple[int, int]] = []
    for word in _WORDS if not lower.isascii() else (w for w in _WORDS if w.isascii()):
        at = lower.find(word)
        while at >= 0:
            end = at + len(word)
            if not (at > 0 and lower[at - 1].isalpha() and lower[at - 1].isascii() and word[0].isascii()):
                found.append((at, end))
            at = lower.find(word, end)
    return sorted(found)


def _line(text: str, at: int) -> str:
    """The rest of the line at `at`, or the next line that is not empty."""
    for line in text[at : at + 4000].split("\n")[:4]:
        stripped = line.strip().strip("*_` \t")
        if stripped and stripped not in ("$$", r"\[", "$", r"\("):
            return line.strip()[:2000]
    return ""
