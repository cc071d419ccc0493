"""Who gets the next sample: allocators decide between problems that share one budget.

An allocator is one short file: a frozen dataclass with the paper's parameters and one pure function `worth(state)`, arrays
[problems] in, one number a problem out. `deal` makes a decision of it; `Board` keeps the state that it reads.
"""

from typing import Any, Final

from thinkharder.allocate.blend import Blend
from thinkharder.allocate.board import ABSTAINS, Board, State, started
from thinkharder.allocate.deal import Dealt, deal
from thinkharder.allocate.elimination import Elimination
from thinkharder.allocate.greedy import Greedy
from thinkharder.allocate.index import VoteIndex, vote_index
from thinkharder.allocate.predicted import Predicted
from thinkharder.allocate.profiles import Profiles, default_profiles
from thinkharder.allocate.uniform import Uniform
from thinkharder.core.errors import BadOption, UnknownName, UnknownOption
from thinkharder.core.protocols import Allocator
from thinkharder.core.registry import coerce, options
from thinkharder.core.spec import Spec, parse

ALLOCATORS: Final[dict[str, Any]] = {
    "uniform": Uniform,
    "greedy": Greedy,
    "predicted": Predicted,
    "elimination": Elimination,
    "blend": Blend,
}
for _name, _kind in ALLOCATORS.items():
    _kind.__spec_name__ = _name


def build_allocator(spec: str | Spec | Allocator) -> Allocator:
    """The allocator of a spec such as `greedy` or `elimination(explore=ucb)`; an object is returned as it is.

    Raises SpecError, UnknownName, UnknownOption, BadOption.
    """
    if isinstance(spec, str):
        spec = parse(spec)
    if not isinstance(spec, Spec):
        return spec
    if spec.name not in ALLOCATORS:
        raise UnknownName("allocator", spec.name, list(ALLOCATORS))
    make = ALLOCATORS[spec.name]
    known = {name: kind for name, (kind, _) in options(make).items() if name != "profiles"}
    found: dict[str, Any] = {}
    for key, value in spec.args.items():
        name = key.replace("-", "_") or next(iter(known), "")
        if name not in known:
            raise UnknownOption(f"allocator {spec.name!r}", key, list(known))
        found[name] = coerce(value, known[name], f"allocator {spec.name!r}: {key}={value}")
    built = make(**found)
    if not isinstance(built, Allocator):
        raise BadOption(f"allocator {spec.name!r} has no function worth(state)")
    return built


__all__ = [
    "ABSTAINS",
    "ALLOCATORS",
    "Allocator",
    "Blend",
    "Board",
    "Dealt",
    "Elimination",
    "Greedy",
    "Predicted",
    "Profiles",
    "State",
    "Uniform",
    "VoteIndex",
    "build_allocator",
    "deal",
    "default_profiles",
    "started",
    "vote_index",
]
