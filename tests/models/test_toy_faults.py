"""The failing toy: each fault, its error, and true books."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.contract import chunks_of, request_of
from tests.virtual_clock import run_virtual
from thinkharder.core.errors import (
    BadReply,
    ModelError,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    ServerError,
    StreamCut,
)
from thinkharder.models.toy import (
    Faults,
    toy_model,
)

ERRORS = {
    "rate_limited": RateLimited,
    "server_error": ServerError,
    "connect": ModelUnavailable,
    "timeout": ModelTimeout,
    "cut": StreamCut,
    "hang": StreamCut,
    "late_error": ServerError,
    "malformed": BadReply,
}


@pytest.mark.parametrize("kind", ERRORS)
def test_each_fault_raises_its_error_and_the_books_stay_true(kind: str) -> None:
    model = toy_model(f"failing(inner=scripted(texts=['a b c d e f']), schedule=[ok, {kind}, ok])")

    async def three() -> None:
        await chunks_of(model, request_of("q"))
        with pytest.raises(ERRORS[kind]) as caught:
            await chunks_of(model, request_of("q", 2))
        assert caught.value.retryable
        if kind == "rate_limited":
            assert caught.value.retry_after == 0.5
        await chunks_of(model, request_of("q"))

    run_virtual(three())
    before = kind in ("rate_limited", "server_error", "connect", "timeout")
    failed = model.records[1]
    assert (failed.fault, failed.ended) == (kind, "failed")
    assert (failed.input_tokens == 0) is before
    assert failed.output_tokens < 12
    assert model.true_usage.output_tokens == 12 + failed.output_tokens
    assert model.open_requests == 0


async def test_wrong_usage_is_wrong_and_the_toy_knows_better() -> None:
    model = toy_model(
        "failing(inner=scripted(texts=['a b c d']), schedule=[usage_low, usage_high, no_usage])"
    )
    low = (await chunks_of(model, request_of("q", 3)))[-1].usage
    high = (await chunks_of(model, request_of("q", 3)))[-1].usage
    none = (await chunks_of(model, request_of("q", 3)))[-1].usage
    assert low is not None
    assert high is not None
    assert none is None
    assert low.output_tokens < 12 < high.output_tokens
    assert model.true_usage.output_tokens == 36


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_faults_are_the_same_for_the_same_seed(seed: int, rate: float) -> None:
    faults = Faults(rate=rate, seed=seed)
    assert [faults.of(i) for i in range(20)] == [faults.of(i) for i in range(20)]


def test_the_rate_of_faults_is_kept() -> None:
    faults = Faults(rate=0.3, seed=5)
    assert sum(faults.of(i).kind != "ok" for i in range(5000)) == pytest.approx(1500, abs=120)


async def test_every_error_of_a_toy_is_a_model_error() -> None:
    model = toy_model(
        "failing(inner=scripted(texts=[a]), rate=1.0, kinds=[cut, malformed, late_error], seed=3)"
    )
    for _ in range(10):
        with pytest.raises(ModelError):
            await chunks_of(model, request_of("q"))
