"""Verifiers: what to believe of a candidate. Importing this package registers the built-in ones."""

from typing import Any

from thinkharder.core.errors import BadOption
from thinkharder.core.protocols import Comparator, Verifier
from thinkharder.core.registry import build as _build
from thinkharder.core.spec import Spec
from thinkharder.core.types import Capabilities, Problem
from thinkharder.verifiers.codet import CodeT
from thinkharder.verifiers.compare import Compare
from thinkharder.verifiers.confidence import Confidence
from thinkharder.verifiers.judge import Judge
from thinkharder.verifiers.python_checker import FunctionChecker, PythonChecker
from thinkharder.verifiers.tests import Tests

__all__ = [
    "CodeT",
    "Compare",
    "Confidence",
    "FunctionChecker",
    "Judge",
    "PythonChecker",
    "Tests",
    "build",
    "build_comparator",
    "check",
    "default_for",
]


def build(spec: str | Spec | object, **overrides: Any) -> Verifier:
    """The verifier that a spec describes; a plain function (an entry point's, or yours) becomes a verifier.

    Raises SpecError, UnknownName, UnknownOption or BadOption.
    """
    built = _build("verifier", spec, **overrides)
    if isinstance(built, Verifier):
        return built
    if callable(built) and not isinstance(built, type):
        return FunctionChecker(built)
    raise BadOption(
        f"verifier {spec!r} is neither a Verifier nor a function of (problem, candidate); see docs/verifiers.md"
    )


def build_comparator(spec: str | Spec | object, **overrides: Any) -> Comparator:
    """The comparator that a spec describes. Raises SpecError, UnknownName, UnknownOption or BadOption."""
    built = _build("comparator", spec, **overrides)
    if not isinstance(built, Comparator):
        raise BadOption(f"comparator {spec!r} has no method compare(problem, pairs, sampler)")
    return built


def check(verifier: Verifier, generator: Capabilities, judge: Capabilities) -> None:
    """Raise CapabilityError where the models cannot give what the verifier reads: before anything is spent."""
    own = getattr(verifier, "check", None)
    if callable(own):
        own(generator, judge)


def default_for(problem: Problem, capabilities: Capabilities, *, sandbox: str = "auto") -> str:
    """The verifier to take where none is named: `tests` for problems with public tests where that sandbox works, else
    `confidence` where the model gives log-probabilities, else `judge`. Raises UnknownName for an unknown sandbox."""
    if problem.public_tests and _works(sandbox):
        return "tests"
    return "confidence" if capabilities.logprobs else "judge"


def _works(sandbox: str) -> bool:
    from thinkharder.core.errors import SandboxUnavailable
    from thinkharder.sandbox import choose

    try:
        choose(sandbox)
    except SandboxUnavailable:
        return False
    return True
