"""What hosted models cost: a dated table that users can override, and never a guess."""

import math
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from thinkharder.core.errors import ConfigError
from thinkharder.core.usage import Price
from thinkharder.models.openai_keys import checked_url, host_of

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@cache
def table() -> Mapping[str, Any]:
    """The table that ships: host -> as_of, source, models. US dollars per million tokens."""
    return tomllib.loads(files("thinkharder.models").joinpath("prices.toml").read_text("utf-8"))


def price_of(
    model: str, base_url: str | None = None, overrides: Mapping[str, Mapping[str, float]] | None = None
) -> Price | None:
    """The price of a model on an endpoint; None where it is not known.

    `overrides` maps `openai:MODEL@URL`, `openai:MODEL` or MODEL (the first that is there counts) to `input`, `output` and
    perhaps `cached`, in US dollars per million tokens; a server of one's own is declared free by zeros. Dated snapshots
    (`gpt-4o-2024-11-20`) have the price of their model unless the table says otherwise. Raises ConfigError for an
    override without both prices or with a negative one.
    """
    url = checked_url(base_url)
    for name in (f"openai:{model}@{url}", f"openai:{model}", model):
        if overrides and name in overrides:
            return _read(name, overrides[name])
    models = table().get(host_of(url), {}).get("models", {})
    row = models.get(model) or models.get(_DATED.sub("", model))
    return _read(model, row) if row else None


def _read(name: str, row: Mapping[str, float]) -> Price:
    for field in ("input", "output", "cached"):
        value: object = row.get(field, 0.0 if field == "cached" else None)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < math.inf:
            raise ConfigError(
                f"the price of {name} has {field}={value!r}; give input and output in US dollars per million tokens"
            )
    unknown = sorted(set(row) - {"input", "output", "cached"})
    if unknown:
        raise ConfigError(
            f"the price of {name} has an unknown field {unknown[0]!r}; known: input, output, cached"
        )
    cached = row.get("cached")
    return Price(float(row["input"]), float(row["output"]), None if cached is None else float(cached))
