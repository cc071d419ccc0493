"""Objects from specs: typed options, nothing guessed, nothing dropped, and back again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from thinkharder.core import registry
from thinkharder.core.errors import BadOption, UnknownName, UnknownOption
from thinkharder.core.protocols import Select, StoppingRule
from thinkharder.core.spec import parse


@dataclass(frozen=True)
class Half:
    """A rule."""

    share: float = 0.5

    def more(self, draws: Sequence[Any], cap: int) -> int:
        return 0


def pick(candidates: Sequence[Any]) -> Sequence[Any]:
    """A selection."""
    return candidates[:1]


@dataclass(frozen=True)
class Thing:
    """A strategy-like thing."""

    n: int = 8
    rate: float = 1.0
    mode: Literal["a", "b"] = "a"
    until: StoppingRule | None = None
    select: Select = pick
    names: tuple[str, ...] = ()
    flag: bool = False


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh: dict[str, dict[str, Any]] = {kind: dict(known) for kind, known in registry._factories.items()}
    monkeypatch.setattr(registry, "_factories", fresh)
    registry.register("strategy", "t-thing")(Thing)
    registry.register("rule", "t-half")(Half)
    registry.register("select", "t-pick")(pick)


def build(text: str) -> Any:
    return registry.build("strategy", text)


def test_options_become_their_types() -> None:
    thing = build(
        "t-thing(n=3, rate=2, mode=b, until=t-half(share=1), select=t-pick, names=[x, y], flag=true)"
    )
    assert thing == Thing(3, 2.0, "b", Half(1.0), pick, ("x", "y"), True)
    assert isinstance(thing.rate, float)


def test_first_option_and_words_for_rules() -> None:
    assert build("t-thing:5").n == 5
    assert build("t-thing:until=t-half").until == Half()
    assert build("t-thing:until=null").until is None


@pytest.mark.parametrize(
    ("text", "error", "part"),
    [
        ("t-thingy", UnknownName, "t-thing"),
        ("t-thing:m=3", UnknownOption, "no option 'm'"),
        ("t-thing:n=2.5", BadOption, "a whole number"),
        ("t-thing:n=true", BadOption, "a whole number"),
        ("t-thing:n=many", BadOption, "a whole number"),
        ("t-thing:mode=c", BadOption, "one of a, b"),
        ("t-thing:until=t-hafl", UnknownName, "t-half"),
        ("t-thing:until=7", BadOption, "rule"),
        ("t-thing(until=t-half(shar=1))", UnknownOption, "share"),
    ],
)
def test_wrong_names_and_options_are_refused_with_the_nearest(
    text: str, error: type[Exception], part: str
) -> None:
    with pytest.raises(error, match=part):
        build(text)


@pytest.mark.parametrize("text", ["t-thing", "t-thing(n=3, until=t-half(share=0.25), names=[x])"])
def test_spec_of_builds_an_equal_object(text: str) -> None:
    thing = build(text)
    assert registry.build("strategy", registry.spec_of(thing)) == thing
    assert registry.build("strategy", parse(str(registry.spec_of(thing)))) == thing


def test_records_name_every_option() -> None:
    full = registry.spec_of(build("t-thing(until=t-half)"), defaults=True)
    assert full.args["n"] == 8
    assert full.args["until"].args == {"share": 0.5}
    assert registry.build("strategy", str(full)) == build("t-thing(until=t-half)")


def test_a_name_belongs_to_one_factory() -> None:
    with pytest.raises(ValueError, match="twice"):
        registry.register("strategy", "t-thing")(Half)
