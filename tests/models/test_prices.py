"""The price table."""

from typing import Any

import pytest

from thinkharder.core.errors import ConfigError
from thinkharder.core.usage import Price
from thinkharder.models.prices import price_of, table

OPENAI = "https://api.openai.com/v1"
ROUTER = "https://openrouter.ai/api/v1"


def test_known_prices_overrides_and_the_unknown() -> None:
    assert price_of("gpt-4o-mini", OPENAI) == Price(0.15, 0.60, 0.075)
    assert price_of("gpt-4o-mini-2024-07-18", OPENAI) == price_of("gpt-4o-mini", OPENAI)
    assert price_of("gpt-4o-mini-audio-preview", OPENAI) is None
    assert price_of("gpt-4o-mini", "http://localhost:4000/v1") is None, "a proxy may cost anything"
    free = {"openai:m@http://localhost:4000/v1": {"input": 0, "output": 0}}
    assert price_of("m", "http://localhost:4000/v1", free) == Price(0, 0)
    assert price_of("m", "http://localhost:4001/v1", free) is None
    assert price_of("gpt-4o", OPENAI, {"openai:gpt-4o": {"input": 9, "output": 9, "cached": 1}}) == Price(
        9, 9, 1
    )


@pytest.mark.parametrize(
    "row",
    [
        {"input": 1},
        {"input": 1, "output": -1},
        {"input": "1", "output": 1},
        {"input": 1, "output": float("nan")},
        {"input": 1, "output": 1, "per": 1},
    ],
)
def test_bad_overrides_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="the price of m has"):
        price_of("m", OPENAI, {"m": row})


def test_the_table_is_whole_and_dated() -> None:
    for host, entry in table().items():
        assert entry["as_of"]
        assert entry["source"].startswith("https://")
        for model in entry["models"]:
            price = price_of(model, f"https://{host}/v1")
            assert price is not None
            assert 0 < (price.cached or 0) <= price.input <= price.output
