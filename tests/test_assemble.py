"""The composition root: what a model spec becomes, and what is refused."""

from typing import Any

import pytest

from thinkharder import assemble
from thinkharder.api import Options, solve
from thinkharder.core.errors import CapabilityError, SpecError, ThinkharderError, UnknownName
from thinkharder.core.types import Capabilities
from thinkharder.models.loaded import Loaded
from thinkharder.models.toy import toy_model


@pytest.mark.parametrize(
    "spec",
    [
        "openai:m@localhost:8000",
        "openai:m@10.0.0.1:80/v1",
        "openai:m@api.example.com/v1",
        "openai:m@box:8000",
    ],
)
def test_an_address_without_a_scheme_is_not_sent_to_another_host(spec: str) -> None:
    with pytest.raises(SpecError, match="no scheme"):
        assemble.load_model(spec)


@pytest.mark.parametrize("spec", ["opnai:gpt", "ggfu:/x", "smollm2-136m"])
def test_unknown_models_are_refused_with_the_nearest(spec: str) -> None:
    with pytest.raises((UnknownName, ThinkharderError)):
        assemble.load_model(spec)


async def test_what_a_strategy_needs_and_a_model_lacks_is_refused_before_anything_is_spent() -> None:
    toy = toy_model("categorical(answers=[7])")
    toy.capabilities = Capabilities(logprobs=False)
    with pytest.raises(CapabilityError, match="log-probabilities"):
        await solve(
            "What is 3 + 4?",
            model=Loaded(toy),
            strategy="best-of-n",
            verifier="confidence",
            options=Options(),
        )
    assert toy.true_usage.calls == 0


async def test_a_verifier_is_chosen_where_a_strategy_needs_one_and_none_is_named() -> None:
    toy = toy_model("categorical(answers=[7, 8], weights=[0.6, 0.4])")
    result = await solve("What is 3 + 4?", model=toy, strategy="best-of-n:n=4", options=Options(seed=1))
    assert all("confidence" in candidate.scores for candidate in result.candidates)


def test_a_temperature_holds_wherever_the_spec_does_not_say_one() -> None:
    assert assemble.build_strategy("self-consistency:n=2", 0.1).temperature == 0.1  # type: ignore[attr-defined]
    assert assemble.build_strategy("self-consistency(temperature=0.5)", 0.1).temperature == 0.5  # type: ignore[attr-defined]
    mixed: Any = assemble.build_strategy("adaptive(medium=self-consistency(temperature=1.0))", 0.1)
    assert (mixed.temperature, mixed.medium.temperature, mixed.high.temperature) == (0.1, 1.0, 0.1)
    assert assemble.build_strategy("direct:0.9", 0.1).temperature == 0.9  # type: ignore[attr-defined]
