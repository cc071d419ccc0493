"""`--dry-run`: the worst case of a job, printed; nothing is sampled, downloaded or spent."""

import asyncio
from collections.abc import Mapping
from typing import Any

from thinkharder import assemble, dryrun, prompts
from thinkharder.cli.job import Job
from thinkharder.cli.running import Display, loaded
from thinkharder.cli.text import dumps, one_line
from thinkharder.core.errors import ModelError
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.types import Capabilities
from thinkharder.core.usage import FREE, LIMITS
from thinkharder.models import catalog, hub
from thinkharder.models.loaded import price_of


def show_worst_case(job: Job, display: Display, *, as_json: bool) -> None:
    """Compute and print it."""
    free, bound, notes = asyncio.run(_worst(job, display))
    display.close()
    if as_json:
        told = {
            "dry_run": {
                "strategy": _strategy(job),
                "model": job.model,
                "worst_case": dryrun.as_mapping(bound),
                "without_limits": dryrun.as_mapping(free),
                "budget": {name: getattr(job.budget, name) for name in LIMITS},
                "notes": notes,
            }
        }
        print(dumps(told, ascii_only=True))
        return
    for line in lines(job, free, bound, notes):
        print(line)


def lines(job: Job, free: dryrun.WorstCase, bound: dryrun.WorstCase, notes: list[str]) -> list[str]:
    """The worst case as lines for people."""
    told = [f"worst case of {_strategy(job)} on {one_line(job.model, 100)} (nothing was spent)"]
    for name, value in (
        ("calls", f"{bound.calls:,}"),
        ("tokens", f"{bound.tokens:,} (at most {bound.input_tokens:,} in, {bound.output_tokens:,} out)"),
        ("dollars", "price not known" if bound.usd is None else f"${bound.usd:.4f}".rstrip("0").rstrip(".")),
        ("time", "no limit" if bound.seconds is None else f"{bound.seconds:g} s"),
    ):
        told.append(f"  {name:8} {value}")
    if bound.limited:
        limits = ", ".join(name.replace("_", " ") for name in bound.limited)
        told.append(
            f"  limited by the budget ({limits}); without it {free.calls:,} calls, {free.tokens:,} tokens"
        )
    return [*told, *(f"  note: {note}" for note in notes)]


def _strategy(job: Job) -> str:
    from thinkharder.core.registry import spec_of

    return str(spec_of(job.strategy))


async def _worst(job: Job, display: Display) -> tuple[dryrun.WorstCase, dryrun.WorstCase, list[str]]:
    notes: list[str] = ["retries after failures are not counted in; the budget bounds them too"]
    with prompts.override(job.prompts):
        templates = [prompts.template(name) for name in prompts.names()]
    cap = job.sampling.max_tokens
    if any(_absent(spec) for spec in (job.model, *job.roles.values())):
        notes.append("the model is not on this machine yet: tokens are bounded by the bytes of the text")
        inputs = dryrun.measured_by_size(job.problem, templates, Capabilities(), cap)
        return _bounds(job, inputs, {}, notes)
    async with loaded(job, display) as models:
        try:
            inputs = await dryrun.measure(models["generator"], job.problem, templates, cap)
        except ModelError as error:
            notes.append(
                f"the model could not be asked ({one_line(str(error), 200)}): tokens are bounded by bytes"
            )
            inputs = dryrun.measured_by_size(job.problem, templates, models["generator"].capabilities, cap)
        if not inputs.exact:
            notes.append("the input tokens are an upper bound, not an exact count")
        return _bounds(job, inputs, models, notes)


def _bounds(
    job: Job, inputs: dryrun.Inputs, models: Mapping[str, Model], notes: list[str]
) -> tuple[dryrun.WorstCase, dryrun.WorstCase, list[str]]:
    verifier: Any = job.verifier
    prices: dict[str, Any] = {}
    if models:
        setup = assemble.Setup(job.strategy, job.problem, models, job.verifier, None, job.sandbox)
        verifier = setup.context(Ledger(job.budget)).deciding
        generator = models["generator"]
        prices = {"price": price_of(generator), "judge_price": price_of(models.get("judge", generator))}
    elif all(catalog.is_local(spec) for spec in (job.model, *job.roles.values())):
        prices = {"price": FREE, "judge_price": FREE}
    if not models and verifier is None and "verifier" in job.strategy.needs:
        notes.append("the verifier is chosen when the model is there; its cost is not counted in")
    free = dryrun.worst_case(job.strategy, inputs, verifier, **prices)
    return free, dryrun.within(free, job.budget), notes


def _absent(spec: str) -> bool:
    """Whether the model would have to be downloaded."""
    if ":" not in spec:
        return any(model.name == spec and not model.cached for model in catalog.list_models())
    head, _, rest = spec.partition(":")
    if head in ("openvino", "llamacpp") and (":" in rest or not rest.startswith((".", "/", "~"))):
        return _absent(rest) if rest.startswith("hf:") or "/" not in rest else False
    if head != "hf":
        return False
    parts = rest.split("/", 2)
    repo, _, revision = "/".join(parts[:2]).partition("@")
    return hub.cached(repo, parts[2] if len(parts) > 2 else None, revision or None) is None
