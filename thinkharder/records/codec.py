"""How the chunks of a draw lie in the store: texts in full, where each token ends, and log-probabilities as a blob.

`pieces` is zlib over little-endian int32 [6, pieces]: characters of text and of reasoning, tokens, reasoning tokens,
log-probabilities, and whether the count is exact. A chunk of several tokens becomes several pieces where its
log-probabilities say which text each token gave, so that the draw can be cut at any token. `logprobs` is zlib over a line
of JSON (the tokens, how many alternatives each has and their tokens, the type of the numbers) and the numbers: float32
where that loses nothing, else float64.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thinkharder.core.types import Chunk, TokenLogprob
from thinkharder.models.wrap.drawn import Drawn, token_texts
from thinkharder.records.sample import Tops

NO_LOGPROBS: Final = -1
"""The level of a draw without log-probabilities; 0: the chosen tokens', k: up to k alternatives as well."""


def pack_pieces(drawn: Drawn, level: int) -> bytes:
    """The sizes of a draw's pieces; `level` says whether log-probabilities are kept."""
    kept = level != NO_LOGPROBS
    rows = [
        (len(c.text), len(c.reasoning), c.tokens, c.reasoning_tokens, len(c.logprobs) * kept, int(c.exact))
        for chunk in drawn.chunks
        for c in _finest(chunk)
    ]
    return zlib.compress(np.array(rows, "<i4").reshape(-1, 6).T.tobytes())


def _finest(chunk: Chunk) -> Iterator[Chunk]:
    texts = token_texts(chunk) if chunk.tokens > 1 and not chunk.reasoning_tokens else None
    if texts is None:
        yield chunk
        return
    for text, logprob in zip(texts, chunk.logprobs, strict=True):
        yield replace(chunk, text=text, tokens=1, logprobs=(logprob,), tool_calls=(), finish=None)


def unpack(
    text: str, reasoning: str, pieces: bytes, logprobs: Sequence[TokenLogprob], end: Chunk
) -> tuple[Chunk, ...]:
    """The chunks; the last has the tool calls and the finish of `end`. Without `logprobs` they are left out."""
    sizes: NDArray[np.int32] = np.frombuffer(zlib.decompress(pieces), "<i4").reshape(6, -1)
    chunks: list[Chunk] = []
    at, thought, word = 0, 0, 0
    for letters, thoughts, tokens, reasoned, words, exact in sizes.T.tolist():
        chunks.append(
            Chunk(
                text=text[at : at + letters],
                reasoning=reasoning[thought : thought + thoughts],
                tokens=tokens,
                reasoning_tokens=reasoned,
                logprobs=tuple(logprobs[word : word + words]),
                exact=bool(exact),
            )
        )
        at, thought, word = at + letters, thought + thoughts, word + words
    if not chunks:
        return (end,)
    chunks[-1] = replace(chunks[-1], tool_calls=end.tool_calls, finish=end.finish)
    return tuple(chunks)


def pack_logprobs(items: Sequence[TokenLogprob], most: int) -> bytes:
    """Tokens, their log-probabilities and those of at most `most` alternatives each."""
    tops = [item.top[:most] for item in items]
    return _pack([item.token for item in items], [item.logprob for item in items], tops)


def pack_numbers(values: Sequence[float], tops: Tops | None) -> bytes:
    """Log-probabilities of chosen tokens whose texts are not known (imported ones), with alternatives where given."""
    return _pack([""] * len(values), values, tops or ((),) * len(values))


def _pack(
    tokens: Sequence[str], chosen: Sequence[float], tops: Sequence[Sequence[tuple[str, float]]]
) -> bytes:
    numbers = np.array([*chosen, *(value for top in tops for _, value in top)], "<f8")
    head: dict[str, object] = {
        "tokens": tokens,
        "most": list(map(len, tops)),
        "tops": [token for top in tops for token, _ in top],
    }
    with np.errstate(over="ignore"):
        short = numbers.astype("<f4")
    if np.array_equal(short.astype("<f8"), numbers):
        numbers = short
    head["type"] = numbers.dtype.str
    line = json.dumps(head, ensure_ascii=True, separators=(",", ":"))
    return zlib.compress(line.encode() + b"\n" + numbers.tobytes())


def unpack_logprobs(blob: bytes | None, most: int | None = None) -> tuple[TokenLogprob, ...]:
    """The log-probabilities of a blob, with at most `most` alternatives each."""
    if blob is None:
        return ()
    line, _, rest = zlib.decompress(blob).partition(b"\n")
    head = json.loads(line)
    numbers = np.frombuffer(rest, head["type"]).tolist()
    tokens, counts, tops = head["tokens"], head["most"], head["tops"]
    found, at = [], 0
    for token, value, count in zip(tokens, numbers, counts, strict=False):
        kept = count if most is None else min(count, most)
        first = len(tokens) + at
        top = tuple(zip(tops[at : at + kept], numbers[first : first + kept], strict=True))
        found.append(TokenLogprob(token, value, top))
        at += count
    return tuple(found)
