"""Compute: prompts once a request, cached ones not computed, everything else by hand."""

import numpy as np
import pytest

from thinkharder.core.errors import BadOption
from thinkharder.core.usage import Price
from thinkharder.stats.scaling.compute import Machine, PerSample, total

SAMPLE = PerSample(100.0, 50.0)


def test_a_prompt_is_charged_once_a_request() -> None:
    spent = SAMPLE.spend(np.array([0, 1, 16]))
    assert spent.tokens.tolist() == [0, 150, 900]
    batched = PerSample(100.0, 50.0, batch=8).spend(np.array([8, 9, 16]))
    assert batched.input_tokens.tolist() == [100, 200, 200]
    assert SAMPLE.one_by_one().spend(4).tokens == 600


def test_flops_are_twice_the_parameters_of_every_token_that_is_computed() -> None:
    machine = Machine(parameters=1.5e9)
    assert machine.measure(SAMPLE.spend(16), "flops") == 2 * 1.5e9 * 900
    cached = PerSample(100.0, 50.0, batch=1, cached=0.9).spend(4)
    assert cached.tokens == 600
    assert cached.cached_tokens == pytest.approx(270)
    assert machine.measure(cached, "flops") == pytest.approx(2 * 1.5e9 * (600 - 270))


def test_dollars_are_those_of_the_price() -> None:
    price = Price(1.0, 4.0, 0.25)
    spent = PerSample(100.0, 50.0, batch=1, cached=0.9).spend(4)
    assert Machine(price=price).measure(spent, "usd") == pytest.approx(price.usd(400, 200, 270))
    assert Machine(price=Price(1.0, 4.0)).measure(spent, "usd") == pytest.approx(
        Price(1.0, 4.0).usd(400, 200, 270)
    )


def test_seconds_are_of_completions_and_computed_prompts() -> None:
    machine = Machine(seconds=0.02, prefill=0.001)
    assert machine.measure(SAMPLE.spend(2), "seconds") == pytest.approx(100 * 0.001 + 100 * 0.02)


def test_several_models_add_up() -> None:
    small, judge = Machine(parameters=1e9), Machine(parameters=7e9)
    parts = [(small, SAMPLE.spend(8)), (judge, PerSample(300.0, 10.0, batch=1).spend(8))]
    assert total(parts, "flops") == pytest.approx(2e9 * 500 + 14e9 * 8 * 310)
    assert total(parts, "tokens") == 500 + 2480


@pytest.mark.parametrize("tokens", [0, 149, 150, 151, 199, 200, 5000, 5049])
@pytest.mark.parametrize("batch", [None, 1, 8])
def test_how_many_samples_a_budget_holds(tokens: int, batch: int | None) -> None:
    sample = PerSample(100.0, 50.0, batch)
    fits = sample.samples(tokens)
    assert fits == 0 or sample.spend(fits).tokens <= tokens
    assert sample.spend(fits + 1).tokens > tokens


def test_what_is_not_known_is_not_guessed() -> None:
    for unit, why in (
        ("flops", "parameters"),
        ("seconds", "seconds"),
        ("usd", "price"),
        ("joules", "none of"),
    ):
        with pytest.raises(BadOption, match=why):
            Machine().measure(SAMPLE.spend(1), unit)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Machine(parameters=0),
        lambda: Machine(seconds=-1),
        lambda: PerSample(-1, 5),
        lambda: PerSample(1, 0),
        lambda: PerSample(1, 5, batch=0),
        lambda: PerSample(1, 5, cached=1.5),
        lambda: total([], "tokens"),
    ],
)
def test_what_cannot_be_is_refused(make: object) -> None:
    with pytest.raises(BadOption):
        make()  # type: ignore[operator]
