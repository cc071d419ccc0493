"""What OpenVINO GenAI needs before it runs a model: a file it reads, a tokenizer, and sizes that keep a step short."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, final

from thinkharder.core.errors import MissingExtra, ModelLoadError
from thinkharder.models.engine_cache import kept, source_key
from thinkharder.models.engine_gguf import read_gguf
from thinkharder.models.engine_prompt import END_TOKENS
from thinkharder.models.options import EngineOptions, cores, free_memory
from thinkharder.models.requantise import Progress, needs_requantising, requantise

CONTEXT = 4096
BLOCK: Final = 32
"""Tokens of a block of the engine's cache on the processor."""
CACHE_BYTES: Final = 76 / 64
"""Bytes a cached number takes: 8 bits, and 12 bytes of scale and zero point for each head of 64 (measured, 2026.4)."""
STEP_SECONDS: Final = 0.35
"""How long a step that computes prompts may take; a cancelled sequence is freed at the end of a step."""
SPEED: Final = 1.3e11
"""Parameters times prompt tokens that one core computes in a second (measured on AVX-512: 0.9e11 to 1.5e11)."""
ARCHITECTURES: Final = frozenset({"llama", "qwen2", "qwen3"})


@final
@dataclass(frozen=True, slots=True)
class Parts:
    """A model ready to be run: the worker's orders in one, and what the caller's side needs to speak with it."""

    order: dict[str, Any]
    tokenizer: Any
    vocabulary: list[bytes]
    stop_ids: frozenset[int]
    context: int
    parallel: int
    lstrip: bool

    def render(self, messages: list[dict[str, Any]], extras: dict[str, Any]) -> str:
        """The messages in the model's chat template, with the opening of the assistant's turn."""
        said = {"extra_context": extras} if extras else {}
        return str(self.tokenizer.apply_chat_template(messages, add_generation_prompt=True, **said))


@final
@dataclass(frozen=True, slots=True)
class Source:
    """Where the engine reads a model and its tokenizer, and the model's size.

    `limit` is its longest context in tokens, `cached` the bytes that the engine keeps for a token.
    """

    model: Path
    tokenizer: Path
    limit: int
    parameters: int
    cached: float


@final
class Preparation:
    """What the worker is told, in the order in which it needs it: the files and sizes, then the vocabulary.

    Raises MissingExtra.
    """

    def __init__(self, path: Path, options: EngineOptions, name: str, progress: Progress | None) -> None:
        if find_spec("openvino_genai") is None:
            raise MissingExtra("the OpenVINO engine", "local")
        self._path, self._options, self._name, self._progress = path, options, name, progress
        self._order: dict[str, Any] = {}
        self._context = 0
        self._parts: Parts | None = None

    def order(self) -> dict[str, Any]:
        """The load order, from the model's header; converts what the engine does not read. Raises ModelLoadError."""
        options, name = self._options, self._name
        source = _folder(self._path) if self._path.is_dir() else _gguf(self._path, self._progress)
        self._context = min(options.context or CONTEXT, source.limit)
        threads = options.threads or cores()
        parallel, batched = sizes(
            options.parallel, STEP_SECONDS * SPEED * threads / max(1, source.parameters)
        )
        self._order = {
            "model": str(source.model),
            "tokenizer": str(source.tokenizer),
            "parallel": parallel,
            "batched_tokens": batched,
            "kv_blocks": cache_blocks(options, source, self._context, parallel, name),
            "properties": {"INFERENCE_NUM_THREADS": options.threads} if options.threads else {},
        }
        return self._order

    def more(self) -> dict[str, Any]:
        """After the order: the vocabulary and the stop ids, from the tokenizer. Raises ModelLoadError, MissingExtra."""
        folder, name = self._order["tokenizer"], self._name
        genai = _engine()
        try:
            tokenizer = genai.Tokenizer(folder)
            table, stops, lstrip = vocabulary(tokenizer)
        except (RuntimeError, ValueError) as error:
            raise ModelLoadError(
                f"the tokenizer of {name} ({folder}) cannot be loaded: {_first(error)}"
            ) from error
        if not tokenizer.chat_template:
            raise ModelLoadError(f"{name} has no chat template; use the instruct version of the model")
        more = {"vocabulary": table, "stop_ids": sorted(stops)}
        self._parts = Parts(
            {**self._order, **more},
            tokenizer,
            table,
            frozenset(stops),
            self._context,
            self._order["parallel"],
            lstrip,
        )
        return more

    def parts(self) -> Parts:
        """What `order` and `more` have found."""
        assert self._parts is not None
        return self._parts


def prepare(path: Path, options: EngineOptions, name: str, progress: Progress | None) -> Parts:
    """Everything up to the start of the engine, at once. Raises ModelLoadError, MissingExtra."""
    ready = Preparation(path, options, name, progress)
    ready.order()
    ready.more()
    return ready.parts()


def _engine() -> Any:
    try:
        return import_module("openvino_genai")
    except ImportError as error:
        raise MissingExtra("the OpenVINO engine", "local") from error


def _folder(path: Path) -> Source:
    """A converted OpenVINO model. Raises ModelLoadError where files are missing."""
    for needed in (
        "openvino_model.xml",
        "openvino_model.bin",
        "openvino_tokenizer.xml",
        "openvino_detokenizer.xml",
    ):
        if not (path / needed).is_file():
            raise ModelLoadError(
                f"{path} has no {needed}; name a .gguf file, or a folder converted with optimum-cli export openvino"
            )
    said: dict[str, Any] = {}
    try:
        said = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise ModelLoadError(f"{path / 'config.json'} cannot be read: {_first(error)}") from error
    heads = int(said.get("num_attention_heads", 32))
    width = int(said.get("head_dim") or int(said.get("hidden_size", 4096)) // heads)
    numbers = int(said.get("num_hidden_layers", 32)) * int(said.get("num_key_value_heads", heads)) * 2 * width
    size = (path / "openvino_model.bin").stat().st_size
    return Source(path, path, int(said.get("max_position_embeddings", 8192)), size, numbers * CACHE_BYTES)


def _gguf(path: Path, progress: Progress | None) -> Source:
    """A GGUF file, requantised where the engine does not read its tensors, with its tokenizer converted; both kept."""
    file = read_gguf(path)
    if file.architecture not in ARCHITECTURES:
        raise ModelLoadError(
            f"OpenVINO's reader takes no GGUF files of architecture {file.architecture!r} (it takes"
            f" {', '.join(sorted(ARCHITECTURES))}); use llamacpp:{path}, or a converted OpenVINO folder"
        )
    key = source_key(path)
    model = path
    if needs_requantising(file):
        model = kept(
            key,
            "model-q8_0.gguf",
            lambda target: requantise(file, target, progress),
            f"the requantised copy of {path.name}",
        )
    tokenizer = kept(
        key, "tokenizer", lambda target: _convert_tokenizer(model, target), f"the tokenizer of {path.name}"
    )
    return Source(
        model,
        tokenizer,
        file.number("context_length", CONTEXT),
        file.parameters,
        file.cache_values * CACHE_BYTES,
    )


def _convert_tokenizer(path: Path, target: Path) -> None:
    """Save the tokenizer of a GGUF file in the engine's own form: it loads in 0.1 s instead of 2 s."""
    genai = _engine()

    target.mkdir()
    link = (
        target / "model.gguf"
    )  # the engine saves beside the file that it reads, which must not be the user's folder
    try:
        link.symlink_to(path.resolve())
    except OSError:  # Windows without the right to make links
        try:
            os.link(path.resolve(), link)
        except OSError:
            shutil.copyfile(path, link)
    try:
        genai.Tokenizer(str(link), enable_save_ov_model=True)
    except (RuntimeError, ValueError) as error:
        raise ModelLoadError(f"the tokenizer of {path} cannot be read: {_first(error)}") from error
    finally:
        link.unlink()


def sizes(parallel: int | None, tokens: float) -> tuple[int, int]:
    """Sequences decoded together, and tokens computed in one step, where `tokens` can be computed in STEP_SECONDS.

    A step takes a token of every running sequence and fills up with pieces of prompts, whole cache blocks of them.
    """
    together = parallel or max(8, min(64, int(tokens * 0.6) // 8 * 8))
    prompts = max(BLOCK, min(256, int(tokens - together) // BLOCK * BLOCK))
    return together, together + prompts


def cache_blocks(options: EngineOptions, source: Source, context: int, parallel: int, name: str) -> int:
    """Blocks of the cache of keys and values. Raises ModelLoadError where not one sequence would fit.

    The default holds `parallel` sequences of a quarter of the context, within a quarter of the free memory: most
    answers are shorter than the context, and where the cache is full sequences wait.
    """
    block = source.cached * BLOCK
    least = -(-context // BLOCK) + 2
    if options.memory_gb is not None:
        blocks = int(options.memory_gb * 1e9 / block)
        if blocks < least:
            raise ModelLoadError(
                f"memory_gb={options.memory_gb} holds {blocks * BLOCK:,} tokens of {name}, less than its context of"
                f" {context:,}; give it at least {least * block / 1e9:.2f}, or a smaller context"
            )
        return blocks
    wanted = max(least, parallel * context // 4 // BLOCK)
    return max(least, min(wanted, int(free_memory() / 4 / block)))


def vocabulary(tokenizer: Any) -> tuple[list[bytes], set[int], bool]:
    """`[ids]` the bytes that each token adds to the text, the ids at which a completion ends, and whether one leading
    space belongs to the first word (SentencePiece)."""
    known: dict[bytes, int] = tokenizer.get_vocab()
    table = [b""] * (max(known.values(), default=-1) + 1)
    for raw, number in known.items():
        table[number] = raw
    ends = {token.encode() for token in END_TOKENS}
    stops = {number for raw, number in known.items() if raw in ends}
    if tokenizer.get_eos_token_id() >= 0:
        stops.add(tokenizer.get_eos_token_id())
    looks = [i for i, raw in enumerate(table) if len(raw) > 2 and raw[:1] in b"<[" and raw[-1:] in b">]"]
    shown = tokenizer.decode([[i] for i in looks], skip_special_tokens=True) if looks else []
    for number, text in zip(looks, shown, strict=True):
        if not text:
            table[number] = b""
    pieces = sum("▁".encode() in raw for raw in table) * 20 > len(table)
    return (_sentencepiece(table) if pieces else table), stops, pieces


def _sentencepiece(table: Sequence[bytes]) -> list[bytes]:
    """The bytes behind SentencePiece's spelling: `▁` is a space, `<0x0A>` a byte."""
    plain = []
    for raw in table:
        if len(raw) == 6 and raw[:3] == b"<0x" and raw[5:] == b">":
            plain.append(bytes([int(raw[3:5], 16)]))
        else:
            plain.append(raw.replace("▁".encode(), b" "))
    return plain


def structured(structure: tuple[str, Any]) -> dict[str, str]:
    """The engine's keyword for a structure."""
    kind, body = structure
    return {"json_schema": json.dumps(body)} if kind == "json" else {"regex": body}


def _first(error: Exception) -> str:
    """The telling line of an engine's error, whose first lines name its source files."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    return (telling or lines or [type(error).__name__])[-1][:300]
