"""From flags and settings to a checked job: whatever is wrong is found before a model is loaded."""

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from thinkharder import config
from thinkharder.cli.flags import RunFlags, SolveFlags
from thinkharder.core.errors import BadOption, ConfigError, UnknownName, UsageError
from thinkharder.core.protocols import Strategy, Verifier
from thinkharder.core.types import Problem, Sampling
from thinkharder.core.usage import LIMITS, Budget
from thinkharder.models.options import EngineOptions

ROLES = ("judge", "draft")
_HOST = re.compile(r"@(?:localhost|[\w-]+(?:\.[\w-]+)+|\[[^\]]*\]|[\w.-]+(?=:\d))(?::\d+)?(?:/.*)?$")
"""What looks like a host behind an @, without http:// before it."""
ENGINE_FIELDS = {"memory": "memory_gb"}


@final
@dataclass(frozen=True, slots=True)
class Job:
    """One solve, ready to run: nothing is loaded and nothing is spent yet."""

    problem: Problem
    model: str
    strategy: Strategy
    verifier: Verifier | None
    budget: Budget
    sampling: Sampling
    seed: int
    roles: Mapping[str, str] = field(default_factory=dict)
    engine: Mapping[str, Any] = field(default_factory=dict)
    sandbox: str = "auto"
    trace: Path | None = None
    prompts: Mapping[str, Any] = field(default_factory=dict)
    prices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    why_type: str = ""
    files: tuple[Path, ...] = ()


def make(
    flags: RunFlags, text: str, settings: config.Settings, fallbacks: Mapping[str, Any] | None = None
) -> Job:
    """The job that flags ask for, above settings, above `fallbacks` (a command's own defaults).

    Raises the UsageErrors of each part.
    """
    from thinkharder import assemble, prompts
    from thinkharder.api import DEFAULT_MODEL, DEFAULT_STRATEGY

    chosen = {**(fallbacks or {}), **settings.values, **flags.given(config.SETTINGS)}
    budget = Budget(**{name: chosen.get(name.replace("_", "-")) for name in LIMITS})
    strategy = assemble.build_strategy(chosen.get("strategy", DEFAULT_STRATEGY), chosen.get("temperature"))
    problem, why = _problem(flags, text, chosen)
    roles = {**settings.roles, **roles_of(flags.role or ())}
    model = keyless(chosen.get("model", DEFAULT_MODEL))
    for role, spec in roles.items():
        if role not in ROLES:
            raise UnknownName("role", role, list(ROLES))
        keyless(spec)
    with prompts.override(settings.prompts):
        pass  # refuses prompts that do not exist
    job = Job(
        problem=problem,
        model=model,
        strategy=strategy,
        verifier=_verifier(chosen.get("verifier")),
        budget=budget,
        sampling=Sampling(temperature=chosen.get("temperature"), max_tokens=chosen.get("max-tokens")),
        seed=chosen["seed"] if "seed" in chosen else secrets.randbits(31),
        roles=roles,
        engine=engine_options({**settings.engine, **flags.given(config.ENGINE)}),
        sandbox=sandbox_name(chosen.get("sandbox", "auto")),
        trace=flags.trace,
        prompts=settings.prompts,
        prices=settings.prices,
        why_type=why,
        files=settings.files,
    )
    _check_trace(job.trace, getattr(flags, "file", None), flags.dry_run)
    return job


def _problem(flags: RunFlags, text: str, chosen: Mapping[str, Any]) -> tuple[Problem, str]:
    """The problem with its answer type, and why that type where it was decided here."""
    from thinkharder import assemble
    from thinkharder.answers import answer_type
    from thinkharder.cli.reading import public_tests

    tests: Sequence[str] = ()
    if isinstance(flags, SolveFlags) and flags.tests is not None:
        tests = public_tests(flags.tests)
    raw = Problem.of(text, public_tests=tuple(tests)) if tests else Problem.of(text)
    wanted = chosen.get("answer-type") or "auto"
    kind = answer_type(wanted, raw)
    made = assemble.build_problem(raw, wanted, chosen.get("system"))
    return made, str(getattr(kind, "reason", "") or "") if wanted == "auto" else ""


def _verifier(spec: str | None) -> Verifier | None:
    if spec is None:
        return None
    from thinkharder import verifiers

    return verifiers.build(spec)


def roles_of(given: Sequence[str]) -> dict[str, str]:
    """Roles and their models' specs, from ROLE=SPEC each. Raises BadOption."""
    found: dict[str, str] = {}
    for item in given:
        name, mark, spec = item.partition("=")
        if not mark or not name.strip() or not spec.strip():
            raise BadOption(f"--role {item!r} must be ROLE=SPEC, such as --role judge=openai:gpt-5")
        if name.strip() in found:
            raise BadOption(f"--role {name.strip()} is given twice; give one model a role")
        found[name.strip()] = spec.strip()
    return found


def keyless(spec: str) -> str:
    """The model spec, refused where an address in it holds a user or a key, or is none: what is meant for one host must
    not go to another."""
    if re.search(r"://[^/\s]*@", spec):
        raise BadOption(
            "the model's address holds a user name or key; keys are read from the environment only (OPENAI_API_KEY)"
        )
    if spec.startswith("openai:") and "://" not in spec and (host := _HOST.search(spec)):
        raise BadOption(
            f"the address {host[0][1:]!r} in {spec!r} must be like http://localhost:8000/v1 or https://host/v1"
        )
    return spec


def engine_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of EngineOptions that flags and settings name. Raises BadOption for what is out of range."""
    named = {ENGINE_FIELDS.get(key, key.replace("-", "_")): value for key, value in given.items()}
    EngineOptions(**named)  # refuses what is out of range
    return named


def sandbox_name(name: str) -> str:
    """The sandbox's name, where there is one of it. Raises UnknownName."""
    if name in ("auto", "none"):  # the usual case needs no look at the backends
        return name
    from thinkharder.sandbox.detect import ALIASES, BACKENDS

    known = ["auto", *BACKENDS, *ALIASES, "none"]
    if name not in known:
        raise UnknownName("sandbox", name, known)
    return name


def _check_trace(trace: Path | None, problem_file: Path | None, dry_run: bool) -> None:
    if trace is None:
        return
    if dry_run:
        raise UsageError("--dry-run runs nothing, so there is nothing to --trace; leave one of them out")
    if problem_file is not None and trace.exists() and problem_file.exists() and trace.samefile(problem_file):
        raise UsageError(f"--trace {trace} would overwrite the problem; name another file")
    if trace.is_dir():
        raise ConfigError(f"--trace {trace} is a directory; name a file")
    try:
        os.close(os.open(trace, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise ConfigError(
            f"cannot write the trace {trace}: {error.strerror or error}; name a file in a directory that you may write"
        ) from error
