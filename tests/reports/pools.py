"""Pools to report on: one that means harm, and one of any size without a model."""

from collections.abc import Iterator

import numpy as np

from thinkharder.records.sample import Sample

SCRIPT = "</script><script>window.harmed = 1</script><img src=x onerror='window.harmed = 1'><svg onload='window.harmed = 1'>"
LINES = "one\u2028two\u2029three\x00four\x1b[31mred\ud7ff\ufeff"
RIGHT_TO_LEFT = "\u202eabc \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u2066inside"
TEMPLATE = (
    "{{constructor.constructor('window.harmed = 1')()}} ${alert(1)} javascript:window.harmed=1 --> <!-- ]]>"
)
HUGE = "x" * 300_000
HOSTILE = {
    "script": SCRIPT,
    "lines": LINES,
    "rtl": RIGHT_TO_LEFT,
    "template": TEMPLATE,
    "huge": HUGE,
    "css": "</style><style>body { display: none }</style>",
    "quotes": "\"'`><\\",
}


def hostile() -> list[Sample]:
    """A problem for each way to break a page, in its id, its gold, its answers, its texts and the names of scores."""
    found = []
    for kind, body in HOSTILE.items():
        short = body[:200]
        for i in range(10):
            right = i % 3 == 0
            found.append(
                Sample(
                    problem=f"{kind} {short}",
                    sample=i,
                    answer=None if i == 9 else (short if right else f"wrong {i % 2} {short}"),
                    gold=short,
                    text=f"{kind}: {body} end {i}",
                    reasoning=body if i == 1 else None,
                    prompt_tokens=10,
                    completion_tokens=20 + i,
                    scores={f"judge{SCRIPT}": i / 10},
                    finish="length" if i == 9 else "stop",
                    seconds=0.5,
                )
            )
    return found


WORDS = [
    "so",
    "the",
    "next",
    "step",
    "is",
    "to",
    "add",
    "both",
    "numbers",
    "which",
    "gives",
    "then",
    "we",
    "divide",
    "by",
    "two",
    "and",
    "subtract",
    "what",
    "was",
    "left",
    "over",
    "from",
    "before",
    "therefore",
    "each",
    "of",
    "them",
    "gets",
    "exactly",
    "this",
    "many",
    "every",
    "day",
    "of",
    "the",
    "week",
    "in",
    "total",
    "that",
    "means",
]


def written(rng: np.random.Generator, tokens: int, answer: int) -> str:
    """A text of so many words and numbers, as varied as a model's (it packs to about a third)."""
    words = [WORDS[i] if i < len(WORDS) else str(int(j)) for i, j in rng.integers(0, [50, 1000], (tokens, 2))]
    lines = [" ".join(words[i : i + 14]) for i in range(0, tokens, 14)]
    return "\n".join([*lines, f"The answer is \\boxed{{{answer}}}."])


def many(problems: int, samples: int, words: int = 0, seed: int = 0) -> Iterator[Sample]:
    """Samples of beta-distributed problems; with `words` they have texts of about that length."""
    rng = np.random.default_rng(seed)
    for p in range(problems):
        rate = rng.beta(0.8, 0.8)
        for i in range(samples):
            right = rng.random() < rate
            answer = 7 if right else 8 + int(rng.geometric(0.4))
            text = written(rng, max(20, int(rng.normal(words, words / 4))), answer) if words else None
            yield Sample(
                problem=f"p{p}",
                sample=i,
                answer=str(answer),
                gold="7",
                text=text,
                prompt_tokens=90,
                completion_tokens=int(words or 300),
                scores={"judge": float(np.clip(rng.normal(0.6 if right else 0.4, 0.2), 0, 1))},
                finish="stop",
            )
