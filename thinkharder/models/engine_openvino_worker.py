"""The process in which OpenVINO GenAI runs: token ids in, token ids out, one step of all sequences at a time.

A process of its own, because the engine's `step()` holds Python's global lock for its whole length (50 to 300 ms): in a
thread it would stop the caller's event loop, its deadlines and its display for as long. It also keeps a crash of the
engine, its memory and its threads out of the caller's process, which may fork and exit as it likes.

Items of its steps are (number, token ids, log-probabilities, finish), in lists per sequence.
"""

import queue
import sys
from importlib import import_module
from typing import IO, Any, final

from thinkharder.models.engine_frames import Frame, stand, write_frame

SHARED = 64
"""Tokens of common beginning for which a prompt waits until the other one is computed, to be built on it."""


class Sequence:
    """One completion on its way: its prompt, its configuration, and once it runs the engine's handle."""

    __slots__ = ("config", "handle", "id", "prompt", "seed", "stops", "tail", "warm")

    def __init__(self, number: int, seed: int, prompt: bytes, config: dict[str, Any]) -> None:
        self.id, self.seed, self.prompt, self.config = number, seed, prompt, config
        self.stops: list[bytes] = config["stops"]
        self.tail = b""
        self.handle: Any = None
        self.warm = False  # its prompt is computed


@final
class Worker:
    """All sequences of one pipeline, and the order in which they start."""

    def __init__(self, pipeline: Any, vocabulary: list[bytes], stop_ids: set[int], out: IO[bytes]) -> None:
        self.pipeline, self.vocabulary, self.stop_ids, self.out = pipeline, vocabulary, stop_ids, out
        self.waiting: dict[int, Sequence] = {}
        self.running: dict[int, Sequence] = {}
        self.fresh: set[bytes] = set()  # prompts whose computing ended in the last step
        self.number = 0
        self.leaving: list[int] = []
        self.failures = 0

    @property
    def busy(self) -> bool:
        """Whether there is anything to compute or to free."""
        return bool(self.waiting or self.running or self.leaving) or self.pipeline.has_non_finished_requests()

    def take(self, frame: Frame) -> None:
        """Accept an order: new sequences, or the end of some."""
        if frame[0] == "add":
            _, prompt, sequences, config = frame
            for number, seed in sequences:
                self.waiting[number] = Sequence(number, seed, prompt, config)
        elif frame[0] == "cancel":
            for number in frame[1]:
                self.waiting.pop(number, None)
                self.leaving.append(number)
                sequence = self.running.pop(number, None)
                if sequence is not None:
                    sequence.handle.cancel()

    def start(self) -> None:
        """Hand waiting sequences to the engine, but those that can build on a prompt being computed wait for it.

        The engine shares whole blocks of a prompt (32 tokens) at any time, but the rest of it only until the sequence
        that computed it has written on. So one of a prompt goes ahead and the others follow right after that step;
        those that come later are led again. Of 32 samples of a prompt of 63 tokens, that saves computing 31 times 31.
        """
        cold = [s.prompt for s in self.running.values() if not s.warm]
        for sequence in list(self.waiting.values()):
            if sequence.prompt not in self.fresh:
                if any(_common(sequence.prompt, other) for other in cold):
                    continue
                cold.append(sequence.prompt)
            del self.waiting[sequence.id]
            self.launch(sequence)
        self.fresh.clear()

    def launch(self, sequence: Sequence) -> None:
        """Add one sequence to the engine's batch; a refused one is reported."""
        import numpy

        openvino: Any = import_module("openvino")

        self.number += 1
        ids = openvino.Tensor(numpy.frombuffer(sequence.prompt, dtype=numpy.int64).reshape(1, -1).copy())
        try:
            config = generation_config(sequence.config, sequence.seed, self.stop_ids)
            sequence.handle = self.pipeline.add_request(self.number, ids, config)
        except Exception as error:
            write_frame(self.out, ("error", [sequence.id], f"{type(error).__name__}: {error}"))
            return
        self.running[sequence.id] = sequence

    def step(self) -> None:
        """Advance every running sequence by a token and report what came."""
        try:
            self.pipeline.step()
        except Exception as error:
            self.fail(f"{type(error).__name__}: {error}")
            return
        self.failures = 0
        news: list[tuple[int, list[int], list[float], str | None]] = []
        for sequence in list(self.running.values()):
            piece = self.read(sequence)
            if piece is not None:
                news.append(piece)
        if news:
            write_frame(self.out, ("step", news))
        if self.leaving:
            write_frame(self.out, ("freed", self.leaving))
            self.leaving = []

    def fail(self, reason: str) -> None:
        """The engine failed: so did all that it was asked for. One that fails again and again is given up."""
        for sequence in self.running.values():
            sequence.handle.cancel()
        write_frame(self.out, ("error", [*self.running, *self.waiting], reason))
        self.running.clear()
        self.waiting.clear()
        self.failures += 1
        if self.failures > 2:
            raise SystemExit(reason)

    def read(self, sequence: Sequence) -> tuple[int, list[int], list[float], str | None] | None:
        """What one sequence got in the last step; None where nothing. A finished one leaves the batch."""
        handle = sequence.handle
        ids: list[int] = []
        logprobs: list[float] = []
        finish: str | None = None
        while handle.can_read():
            for output in handle.read().values():
                ids += output.generated_ids
                logprobs += output.generated_log_probs
                if output.finish_reason.name != "NONE":
                    finish = output.finish_reason.name
        status = handle.get_status().name
        if finish is None and status in ("FINISHED", "IGNORED"):
            finish = "STOP" if status == "FINISHED" else "IGNORED"
        if ids and not sequence.warm:
            sequence.warm = True
            self.fresh.add(sequence.prompt)
        if finish is None and self.stopped(sequence, ids):
            handle.cancel()
            finish = "STOP"
        if finish is not None:
            del self.running[sequence.id]
        elif not ids:
            return None
        return sequence.id, ids, logprobs if sequence.config["logprobs"] else [], finish

    def stopped(self, sequence: Sequence, ids: list[int]) -> bool:
        """Whether these tokens complete one of the sequence's stop strings."""
        if not sequence.stops:
            return False
        text = sequence.tail + b"".join(self.vocabulary[i] for i in ids if i < len(self.vocabulary))
        sequence.tail = text[-max(map(len, sequence.stops)) :]
        return any(stop in text for stop in sequence.stops)


def _common(one: bytes, other: bytes) -> bool:
    """Whether two prompts (8 bytes a token) share enough of their beginning for one to wait for the other."""
    size = 8 * SHARED
    return one == other or (len(one) >= size and one[:size] == other[:size])


def generation_config(said: dict[str, Any], seed: int, stop_ids: set[int]) -> Any:
    """The engine's configuration of one sequence, every sampler said explicitly."""
    genai: Any = import_module("openvino_genai")

    config = genai.GenerationConfig()
    config.max_new_tokens = said["max_tokens"]
    config.stop_token_ids = stop_ids
    config.eos_token_id = min(stop_ids) if stop_ids else -1
    config.apply_chat_template = False
    config.do_sample = said["temperature"] > 0
    config.repetition_penalty = 1.0
    config.presence_penalty = config.frequency_penalty = 0.0
    config.logprobs = 1 if said["logprobs"] else 0
    if config.do_sample:
        config.temperature, config.top_p, config.min_p = said["temperature"], said["top_p"], said["min_p"]
        if said["top_k"] > 0:
            config.top_k = said["top_k"]
        config.rng_seed = seed
    if said["structure"]:
        config.structured_output_config = genai.StructuredOutputConfig(**said["structure"])
    config.validate()
    return config


def load(said: dict[str, Any]) -> Any:
    """The pipeline that the load order asks for."""
    genai: Any = import_module("openvino_genai")

    scheduler = genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.dynamic_split_fuse = True
    scheduler.cache_size = 0
    scheduler.num_kv_blocks = said["kv_blocks"]
    scheduler.max_num_seqs = said["parallel"]
    scheduler.max_num_batched_tokens = said["batched_tokens"]
    tokenizer = genai.Tokenizer(said["tokenizer"])
    return genai.ContinuousBatchingPipeline(said["model"], tokenizer, scheduler, "CPU", **said["properties"])


def main() -> None:
    """Load what is asked for, then step until the input ends.

    The vocabulary and the stop ids come in a second frame, which the caller makes while the pipeline is compiled.
    """
    converter = "openvino.tools.ovc"  # a third of the import's time, and `openvino` does without it
    sys.modules[converter] = None  # type: ignore[assignment]
    standing = stand("openvino_genai")
    sys.modules.pop(converter, None)  # where the import failed all the same, `load` imports it whole
    if standing is None:
        return
    order, orders, out = standing
    try:
        pipeline = load(order)
    except Exception as error:
        write_frame(out, ("failed", f"{type(error).__name__}: {error}"))
        return
    more = orders.get()
    if more is None:
        return
    write_frame(out, ("ready", {}))
    serve(Worker(pipeline, more[1]["vocabulary"], set(more[1]["stop_ids"]), out), orders)


def serve(worker: Worker, orders: "queue.SimpleQueue[Frame | None]") -> None:
    """Take orders and step; sleep while there is nothing to do. Returns at the end of the input."""
    while True:
        while not (worker.busy and orders.empty()):
            frame = orders.get()
            if frame is None:
                return
            worker.take(frame)
        worker.start()
        worker.step()
