r"""Toy models, by spec: deterministic, in process, with true books. They ship for tests and docs.

    toy:scripted(texts=["a", "b"])
    toy:categorical(answers=[18, 20, 16], weights=[0.5, 0.3, 0.2], tokens=[20, 60], token_seconds=0.01)
    toy:failing(inner=categorical(answers=[18]), kinds=[rate_limited, cut], rate=0.3, seed=1, schedule=[ok, hang])

Options of the model's conduct (`ToyOptions`: token_seconds, cancels, max_n, …) stand beside the source's own.
"""

from collections.abc import Mapping
from typing import Any

from thinkharder.core.errors import BadOption, UnknownName, UnknownOption
from thinkharder.core.registry import coerce, options
from thinkharder.core.spec import Spec, parse
from thinkharder.models.toy_draft import Draft, toy_tokens
from thinkharder.models.toy_engine import ToyModel, ToyOptions, ToyRecord
from thinkharder.models.toy_faults import KINDS, Faults
from thinkharder.models.toy_sources import Categorical, Distribution, Scripted

SOURCES: Mapping[str, Any] = {"scripted": Scripted, "categorical": Categorical}
_ONLY_IN_PYTHON = ("by_prompt", "problems")


def toy_model(spec_tail: str) -> ToyModel:
    """The toy that the part of a spec behind `toy:` describes.

    Raises SpecError, UnknownName, UnknownOption or BadOption; nothing is guessed or dropped.
    """
    spec = parse(spec_tail)
    name = f"toy:{spec}"
    faults: Faults | None = None
    if spec.name == "failing":
        args = dict(spec.args)
        inner = args.pop("inner", args.pop("", None))
        if inner is None:
            raise BadOption('toy failing needs inner=…; write failing(inner=scripted(texts=["a"]), rate=0.3)')
        faults = Faults(**_typed("toy 'failing'", args, [Faults]).get(Faults, {}))
        spec = inner if isinstance(inner, Spec) else Spec(str(inner))
    if spec.name not in SOURCES:
        raise UnknownName("toy model", spec.name, [*SOURCES, "failing"])
    kind = SOURCES[spec.name]
    args = dict(spec.args)
    if "" in args:
        args[next(iter(options(kind)))] = args.pop("")
    typed = _typed(f"toy {spec.name!r}", args, [kind, ToyOptions])
    return ToyModel(kind(**typed[kind]), ToyOptions(**typed[ToyOptions]), name=name, faults=faults)


def _typed(owner: str, args: Mapping[str, Any], kinds: list[Any]) -> dict[Any, dict[str, Any]]:
    """The arguments by the kind that takes them, as the types of its fields."""
    found: dict[Any, dict[str, Any]] = {kind: {} for kind in kinds}
    known = {
        name: (kind, wanted)
        for kind in kinds
        for name, (wanted, _) in options(kind).items()
        if name not in _ONLY_IN_PYTHON
    }
    for key, value in args.items():
        name = key.replace("-", "_")
        if name not in known:
            raise UnknownOption(owner, key, list(known))
        kind, wanted = known[name]
        if name == "texts":
            wanted = tuple[str, ...]
        found[kind][name] = coerce(value, wanted, f"{owner}: {key}={value}")
    return found


__all__ = [
    "KINDS",
    "Categorical",
    "Distribution",
    "Draft",
    "Faults",
    "Scripted",
    "ToyModel",
    "ToyOptions",
    "ToyRecord",
    "toy_model",
    "toy_tokens",
]
