"""A loaded model: a backend, the wrappers around it with the state they share, and its price."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import final

from thinkharder.core.errors import UnknownPrice
from thinkharder.core.ledger import Ledger
from thinkharder.core.protocols import Model
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount
from thinkharder.core.usage import FREE, Price
from thinkharder.models.meter import Metered
from thinkharder.models.wrap.fanout import FanOut

Layer = Callable[[Model], Model]


@final
class Loaded:
    """What `load_model` returns: a Model by itself, and `bind(ledger)` gives the same stack with a meter inside.

    `layers` are applied from the inside out; what they share (rate limits, the breaker, the cache) lives in them, so
    that all runs on one endpoint share it. `price` is None where it is not known.
    """

    def __init__(
        self, backend: Model, layers: Sequence[Layer] = (FanOut,), price: Price | None = FREE
    ) -> None:
        self.backend, self.layers, self.price = backend, tuple(layers), price
        self._whole = self._stack(backend)

    @property
    def name(self) -> str:
        """The backend's name."""
        return self.backend.name

    @property
    def capabilities(self) -> Capabilities:
        """What the whole stack can do."""
        return self._whole.capabilities

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens."""
        return await self.backend.count(request)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream without a meter: for tests and tools, never for a strategy."""
        async with aclosing(self._whole.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        """Free the backend."""
        await self._whole.aclose()

    def bind(self, ledger: Ledger) -> Model:
        """The stack with every attempt charged to `ledger`. Raises UnknownPrice for a USD limit without a price."""
        return self._stack(_metered(self.backend, ledger, self.price))

    def _stack(self, model: Model) -> Model:
        for layer in self.layers:
            model = layer(model)
        return model


def bind(model: Model, ledger: Ledger) -> Model:
    """Any model on a ledger. Raises UnknownPrice for a limit in dollars on a model whose price is not known."""
    if isinstance(model, Loaded):
        return model.bind(ledger)
    return FanOut(_metered(model, ledger, price_of(model)))


def price_of(model: Model) -> Price | None:
    """The model's price: FREE for a local one, None for a remote one that `load_model` did not price."""
    if isinstance(model, Loaded):
        return model.price
    return FREE if model.capabilities.local else None


def at_once(model: Model) -> int:
    """Completions that one request of the model's backend gives: how often a prompt is paid for follows from it."""
    return max(1, (model.backend if isinstance(model, Loaded) else model).capabilities.n)


def _metered(backend: Model, ledger: Ledger, price: Price | None) -> Metered:
    if price is None and ledger.limits_usd:
        raise UnknownPrice(
            f"the price of {backend.name} is not known, so a USD limit cannot be kept;"
            " set it under [prices] in thinkharder.toml or use another limit"
        )
    return Metered(backend, ledger, price)
