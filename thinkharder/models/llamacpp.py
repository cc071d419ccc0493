"""Local models on llama.cpp through xllamacpp: every architecture and GPU that llama.cpp has, on any platform.

The engine runs in a process of its own (engine_llama_worker.py says why and how).
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, final

from thinkharder.core.errors import BadProblem, MissingExtra
from thinkharder.core.identity import canonical_json, draw_seed
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount, TokenLogprob
from thinkharder.core.usage import Usage
from thinkharder.models.engine_gguf import GgufFile, read_gguf
from thinkharder.models.engine_inbox import Inbox
from thinkharder.models.engine_link import EngineLink
from thinkharder.models.engine_prompt import (
    EFFORTS,
    END_TOKENS,
    SWITCH,
    check,
    plain_messages,
    structure_of,
    template_extras,
    thinking_opened,
)
from thinkharder.models.engine_sampling import MAX_TOKENS, Draws, draws
from thinkharder.models.engine_text import FINISHES
from thinkharder.models.options import EngineOptions, cores, free_memory
from thinkharder.models.reasoning import ThinkSplitter

CONTEXT = 4096
PARALLEL = 32
TOP_LOGPROBS = 20
STEP_SECONDS = 0.2
"""How long a step may take; a cancelled prompt ends within two."""
SPEED = 0.4e11
"""Parameters times prompt tokens that one core computes in a second with the published wheel (AVX2)."""


@final
class LlamaCppModel:
    """A `Model` on llama.cpp. `path` is a GGUF file; of a model in several files, the first.

    The constructor loads the model (seconds). Raises ModelLoadError for what cannot be loaded, MissingExtra without the
    wheel. Seeds repeat a draw only as far as the engine's arithmetic does: another batch can round another way.
    """

    def __init__(
        self, path: str | Path, options: EngineOptions | None = None, *, name: str | None = None
    ) -> None:
        path = Path(path)
        self._name = name or f"llamacpp:{path.name}"
        file = read_gguf(path)
        if find_spec("xllamacpp") is None:
            raise MissingExtra("the llama.cpp engine", "local")
        order = load_order(file, options or EngineOptions())
        self._context: int = order["context"]
        self._link = EngineLink("thinkharder.models.engine_llama_worker", lambda: order, self._name)
        self._prompts: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
        template = str(file.fields.get("tokenizer.chat_template", ""))
        self._efforts = EFFORTS if SWITCH in template else ()
        self._capabilities = Capabilities(
            n=256,
            logprobs=True,
            top_logprobs=TOP_LOGPROBS,
            prefill=True,
            seed=True,
            json_schema=True,
            reasoning="<think>" in template or bool(self._efforts),
            efforts=self._efforts,
            cancels=True,
            exact_input=True,
            local=True,
            context=self._context,
            max_tokens=min(MAX_TOKENS, self._context // 2),
            batch=order["parallel"],
        )

    @property
    def name(self) -> str:
        """The name it was loaded under."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._capabilities

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens, exactly: template, prefill and all."""
        return TokenCount(len((await self._prompt(request))[0]) // 8, exact=True)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Generate; closing frees the sequences within one step of the engine."""
        check(request, self._name, self._efforts)
        prompt, rendered = await self._prompt(request)
        tokens = len(prompt) // 8
        draw = draws(request, tokens, self._context)
        inbox = Inbox()
        seeds = [draw_seed(request, index) for index in range(request.n)]
        numbers = self._link.add(prompt, seeds, self._config(request, draw), inbox)
        index = {number: i for i, number in enumerate(numbers)}
        opened = thinking_opened(rendered, request.prefill)
        thoughts = [ThinkSplitter(opened) for _ in numbers]
        output = reasoning = 0
        try:
            while index:
                for item in await inbox.take():
                    if isinstance(item, Exception):
                        raise item
                    chunk = self._chunk(index[item[0]], thoughts, item, draw.logprobs)
                    output, reasoning = output + chunk.tokens, reasoning + chunk.reasoning_tokens
                    if chunk.finish is not None:
                        del index[item[0]]
                    yield chunk
        finally:
            self._link.cancel(list(index))
        yield Chunk(usage=Usage(tokens, 0, output, reasoning, calls=request.n, requests=1))

    async def aclose(self) -> None:
        """Free the engine; what still runs fails with ModelUnavailable. May be called twice."""
        await asyncio.to_thread(self._link.close)

    def _chunk(
        self, index: int, thoughts: list[ThinkSplitter], item: tuple[Any, ...], asked: int | None
    ) -> Chunk:
        """One token's news of one completion."""
        _, text, given, tokens, ended = item
        splitter = thoughts[index]
        answer, thought = splitter.feed(text)
        thinking = tokens if thought or splitter.thinking else 0
        if ended is not None:
            rest = splitter.flush()
            answer, thought = answer + rest[0], thought + rest[1]
        logprobs = tuple(
            TokenLogprob(token, logprob, tuple((t, p) for t, p in top) if asked else ())
            for token, logprob, top in given
            if token and token not in END_TOKENS
        )
        finish = None if ended is None else FINISHES.get(str(ended).upper(), "stop")
        return Chunk(index, answer, thought, tokens, thinking, logprobs, (), finish)

    def _config(self, request: Request, draw: Draws) -> dict[str, Any]:
        """The worker's orders for a request."""
        structure = structure_of(request)
        constraint: dict[str, Any] = {}
        if structure is not None:
            kind, body = structure
            constraint = {"json_schema": body} if kind == "json" else {"grammar": regex_grammar(body)}
        asked = None if draw.logprobs is None else min(draw.logprobs, TOP_LOGPROBS)
        return {
            **draw._asdict(),
            "stop": [s for s in draw.stop if s],
            "logprobs": asked,
            "structure": constraint,
        }

    async def _prompt(self, request: Request) -> tuple[bytes, str]:
        """The prompt's token ids (int64 bytes), and the end of the rendered template."""
        messages = plain_messages(request.messages, self._name)
        extras = template_extras(request, self._efforts)
        key = canonical_json([messages, extras, request.prefill])
        known = self._prompts.get(key)
        if known is None:
            answer = await self._link.ask("prompt", messages, extras, request.prefill)
            if isinstance(answer, str):
                raise BadProblem(f"{self._name} cannot put these messages into its chat template: {answer}")
            known = self._prompts[key] = answer
            while len(self._prompts) > 64:
                self._prompts.popitem(last=False)
        return known


def load_order(file: GgufFile, options: EngineOptions) -> dict[str, Any]:
    """What the worker is told to load, with sizes that keep a step short and the cache within the memory."""
    context = min(options.context or CONTEXT, file.number("context_length", CONTEXT))
    parallel = options.parallel or PARALLEL
    threads = options.threads or cores()
    memory = free_memory() / 4 if options.memory_gb is None else options.memory_gb * 1e9
    room = int(memory / max(1, 2 * file.cache_values))  # keys and values are kept as 16-bit floats
    wanted = context + parallel * context // 4
    batched = int(STEP_SECONDS * SPEED * threads / max(1, file.parameters)) // 32 * 32
    return {
        "model": str(file.path),
        "context": context,
        "cache": max(context + 64, min(wanted, room)) // 256 * 256 + 256,
        "parallel": parallel,
        "threads": threads,
        "batched_tokens": max(32, parallel, min(512, batched)),
        "gpu_layers": options.gpu_layers,
    }


def regex_grammar(pattern: str) -> str:
    """The engine's grammar (LLGuidance's Lark) for a regular expression."""
    escaped = re.sub(r"(?<!\\)/", r"\\/", pattern)
    return f"%llguidance {{}}\nstart: /{escaped}/\n"
