"""The one JSON document of `--json`: its fields are a promise, see docs/cli.md."""

from collections.abc import Mapping
from typing import Any

from thinkharder.cli.job import Job
from thinkharder.core.types import Candidate, Result
from thinkharder.core.usage import LIMITS, Usage


def document(result: Result, job: Job) -> dict[str, Any]:
    """A result as the JSON document. Numbers that are not known are null, never 0."""
    return {
        "answer": result.answer,
        "text": result.text,
        "confidence": result.confidence,
        "agreement": result.agreement,
        "strategy": result.strategy,
        "model": result.model,
        "answer_type": result.answer_type,
        "exhausted": result.exhausted,
        "stopped_by": result.stopped_by,
        "usage": usage(result.usage),
        "budget": {name: getattr(job.budget, name) for name in LIMITS},
        "votes": [
            {"answer": v.answer, "votes": v.votes, "share": v.share, "score": v.score} for v in result.votes
        ],
        "decisions": list(result.decisions),
        "seed": job.seed,
        "chosen": result.chosen,
        "candidates": [candidate(c) for c in result.candidates],
    }


def usage(spent: Usage) -> dict[str, Any]:
    """What was spent; `exact` is false where a count is an estimate."""
    return {
        "input_tokens": spent.input_tokens,
        "cached_tokens": spent.cached_tokens,
        "output_tokens": spent.output_tokens,
        "reasoning_tokens": spent.reasoning_tokens,
        "calls": spent.calls,
        "requests": spent.requests,
        "seconds": round(spent.seconds, 3),
        "usd": spent.usd,
        "exact": spent.exact,
    }


def candidate(sample: Candidate) -> Mapping[str, Any]:
    """One sample."""
    return {
        "id": sample.id,
        "answer": sample.answer,
        "score": sample.score,
        "scores": dict(sample.scores),
        "notes": dict(sample.notes),
        "text": sample.whole,
        "reasoning": sample.reasoning,
        "tokens": sample.tokens,
        "reasoning_tokens": sample.reasoning_tokens,
        "finish": sample.finish,
        "seconds": round(sample.seconds, 3),
        "parents": list(sample.parents),
        "error": sample.error,
    }
