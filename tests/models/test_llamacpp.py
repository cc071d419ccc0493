"""llama.cpp on the default model: the contract, the engines' common cases, and what is its own."""

from pathlib import Path

import pytest

from tests.models.contract import chunks_of, samples_of
from tests.models.engine_cases import EngineCases, shared_engine
from thinkharder.models.engine_gguf import read_gguf
from thinkharder.models.engine_llama_worker import Group, Worker
from thinkharder.models.llamacpp import LlamaCppModel, load_order, regex_grammar
from thinkharder.models.options import EngineOptions

engine = shared_engine(LlamaCppModel)


@pytest.mark.model
class TestLlamaCpp(EngineCases):
    """The whole contract."""

    MAKE = LlamaCppModel

    async def test_alternatives_come_with_the_chosen_token(self, model: LlamaCppModel) -> None:
        (sample,) = samples_of(await chunks_of(model, self.ask(logprobs=3, max_tokens=4))).values()
        assert all(len(item.top) == 3 for item in sample.logprobs)
        assert all(item.top[0] == (item.token, item.logprob) for item in sample.logprobs), (
            "greedy takes the likeliest"
        )

    async def test_the_cache_is_used_again_and_again(self, model: LlamaCppModel) -> None:
        """More different prompts than the cache holds, one after the other: idle ones must give way."""
        for turn in range(6):
            samples = samples_of(
                await chunks_of(
                    model,
                    self.ask(2, max_tokens=2).__class__(
                        messages=self.ask().messages,
                        sampling=self.ask(max_tokens=2).sampling,
                        n=2,
                        prefill=f"{turn} " * 90,
                    ),
                )
            )
            assert all(sample.finish is not None for sample in samples.values())


class FakeServer:
    """A server that remembers its requests and answers when told."""

    listening_address = "http://127.0.0.1:9"


def test_groups_start_only_when_their_worst_case_fits() -> None:
    class Out:
        def write(self, data: bytes) -> None: ...
        def flush(self) -> None: ...

    worker = Worker(FakeServer(), "k", 8, 1000, Out())  # type: ignore[arg-type]
    ran: list[Group] = []
    worker.run = ran.append  # type: ignore[method-assign]
    config = {"max_tokens": 92, "stop": [], "logprobs": None, "structure": {}}
    prompt = bytes(8 * 100)
    worker.take(("add", prompt, [(i, i) for i in range(20)], config))
    assert [len(group.numbers) for group in [*worker.running, *worker.waiting]] == [8, 8, 4]
    assert len(worker.running) == 1
    worker.take(("cancel", list(range(8, 16))))
    assert [group.numbers for group in worker.waiting] == [[16, 17, 18, 19]]
    worker.running.clear()
    worker.start()
    assert [group.numbers for group in worker.running] == [[16, 17, 18, 19]]
    worker.take(("add", prompt, [(30, 1)], config))
    assert len(worker.running) == 2
    worker.take(("add", prompt, [(i, 1) for i in range(31, 35)], config))
    assert len(worker.running) == 2, "eight slots: four and one are taken"


def test_every_sampler_is_said() -> None:
    config = {
        **{"max_tokens": 5, "stop": ["x"], "logprobs": None, "structure": {}},
        **{"temperature": 0.5, "top_k": 40, "top_p": 1.0, "min_p": 0.0},
    }
    body = Group([1, 2], [(7, 99), (8, 100)], config).body()
    assert body["stream"] is True
    assert (body["n"], body["seed"], body["prompt"]) == (2, 99, [1, 2])
    for name in ("temperature", "top_k", "top_p", "min_p", "typical_p", "repeat_penalty", "dry_multiplier"):
        assert name in body
    assert "logprobs" not in body


@pytest.mark.model
def test_options_are_kept(default_model_path: Path) -> None:
    file = read_gguf(default_model_path)
    order = load_order(
        file, EngineOptions(context=100_000, threads=1, memory_gb=0.5, gpu_layers=3, parallel=4)
    )
    assert order["context"] == 8192, "never more than the model's own"
    assert (order["threads"], order["gpu_layers"], order["parallel"]) == (1, 3, 4)
    assert order["cache"] * 2 * file.cache_values < 0.6e9
    assert order["cache"] >= order["context"]


def test_regular_expressions_are_escaped() -> None:
    assert "/a\\/b/" in regex_grammar("a/b")
    assert "/a\\/b/" in regex_grammar("a\\/b")
