"""The circuit breaker."""

import asyncio

import pytest

from tests.models.contract import chunks_of, request_of
from tests.models.wrap.told import Told
from thinkharder.core.errors import (
    BadReply,
    BudgetExhausted,
    CircuitOpen,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    ServerError,
    StreamCut,
    Unauthorized,
)
from thinkharder.models.toy import Scripted, ToyModel, ToyOptions
from thinkharder.models.wrap import (
    Breaker,
    BreakerPolicy,
    Circuit,
)


def test_the_circuit_opens_tries_and_closes() -> None:
    circuit = Circuit(BreakerPolicy(failures=3, seconds=10, cooldown=30))
    for now in (0, 0, 0, 0, 5):
        assert circuit.enter(now) is False
        circuit.failed(now)
    assert circuit.state(5) == "closed", "many failures at once are one hiccup"
    circuit.failed(10)
    assert circuit.state(10) == "open"
    with pytest.raises(CircuitOpen, match="left alone for another 25 s") as caught:
        circuit.enter(15)
    assert (caught.value.retry_after, caught.value.retryable, caught.value.billed) == (25, False, False)
    assert circuit.state(40) == "half-open"
    assert circuit.enter(40) is True
    with pytest.raises(CircuitOpen):
        circuit.enter(40)
    circuit.failed(41)
    circuit.tried()
    assert circuit.state(70) == "open"
    assert circuit.enter(71) is True
    circuit.worked()
    circuit.tried()
    assert circuit.state(71) == "closed"
    assert circuit.streak == 0


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (ModelUnavailable("x"), True),
        (ModelTimeout("x"), True),
        (ServerError("x"), True),
        (StreamCut("x"), True),
        (BadReply("x"), True),
        (RateLimited("x"), False),
        (Unauthorized("x"), False),
        (BudgetExhausted("tokens"), False),
    ],
)
async def test_what_the_breaker_counts(error: Exception, counts: bool) -> None:
    circuit = Circuit(BreakerPolicy(failures=1, seconds=0))
    with pytest.raises(type(error)):
        await chunks_of(Breaker(Told([error]), circuit), request_of("q"))
    assert (circuit.state(asyncio.get_running_loop().time()) == "open") is counts


async def test_leaving_a_trial_lets_another_try() -> None:
    circuit = Circuit(BreakerPolicy(failures=1, seconds=0, cooldown=0))
    circuit.failed(0)
    toy = ToyModel(Scripted(("a b c",)), ToyOptions(token_seconds=0.01))
    stream = Breaker(toy, circuit).stream(request_of("q"))
    task = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert circuit.enter(1e9) is True
