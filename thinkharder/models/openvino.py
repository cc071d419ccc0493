"""Local models on OpenVINO GenAI: continuous batching over all requests of all problems, on one shared prefix cache.

The engine runs in a process of its own (engine_worker.py says why). Every completion is a request of its own to the
engine, so that each streams, can be cancelled and has its own seed; the first of a prompt goes ahead until the prompt
is computed, the others then build on its cached keys and values. Text is made here, from token ids.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, final

import numpy as np

from thinkharder.core.errors import ServerError
from thinkharder.core.identity import draw_seed
from thinkharder.core.types import Capabilities, Chunk, Request, TokenCount, TokenLogprob
from thinkharder.core.usage import Usage
from thinkharder.models import engine_openvino as engine
from thinkharder.models.engine_inbox import Inbox
from thinkharder.models.engine_link import EngineLink
from thinkharder.models.engine_prompt import (
    EFFORTS,
    SWITCH,
    check,
    plain_messages,
    structure_of,
    template_extras,
    thinking_opened,
)
from thinkharder.models.engine_sampling import MAX_TOKENS, Draws, draws
from thinkharder.models.engine_start import OPENVINO_WORKER
from thinkharder.models.engine_text import FINISHES, Detokeniser
from thinkharder.models.options import EngineOptions
from thinkharder.models.requantise import Progress

LONG = 20_000
"""Characters from which a prompt is tokenised off the event loop."""


@final
class OpenVINOModel:
    """A `Model` on OpenVINO GenAI. `path` is a GGUF file or the folder of a converted OpenVINO model.

    The constructor loads the model (seconds; minutes where its tensors must be requantised first, which `progress` is
    told in [0, 1] with a line of text). Raises ModelLoadError for what cannot be loaded, MissingExtra without the wheel.
    Seeds repeat a draw only as far as the engine's arithmetic does: another batch can round another way.
    """

    def __init__(
        self,
        path: str | Path,
        options: EngineOptions | None = None,
        *,
        name: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        self._name = name or f"openvino:{Path(path).name}"
        self._options = options or EngineOptions()
        ready = engine.Preparation(Path(path), self._options, self._name, progress)
        self._link = EngineLink(OPENVINO_WORKER, ready.order, self._name, ready.more)
        self._parts = ready.parts()
        self._prompts: OrderedDict[str, bytes] = OrderedDict()
        template = self._parts.tokenizer.chat_template
        self._efforts = EFFORTS if SWITCH in template else ()
        context = self._parts.context
        self._capabilities = Capabilities(
            n=256,
            logprobs=True,
            prefill=True,
            seed=True,
            json_schema=True,
            reasoning="<think>" in template or bool(self._efforts),
            efforts=self._efforts,
            cancels=True,
            exact_input=True,
            local=True,
            context=context,
            max_tokens=min(MAX_TOKENS, context // 2),
            batch=min(32, self._parts.parallel),
        )

    @property
    def name(self) -> str:
        """The name it was loaded under."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do; alternatives' log-probabilities are not among it."""
        return self._capabilities

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens, exactly: template, prefill and all."""
        return TokenCount(len((await self._prompt(request))[0]) // 8, exact=True)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Generate; closing frees the sequences within one step of the engine."""
        check(request, self._name, self._efforts)
        prompt, opened = await self._prompt(request)
        tokens = len(prompt) // 8
        draw = draws(request, tokens, self._parts.context)
        config = self._config(request, draw)
        seeds = [draw_seed(request, index) for index in range(request.n)]
        inbox = Inbox()
        numbers = self._link.add(prompt, seeds, config, inbox)
        index = {number: i for i, number in enumerate(numbers)}
        texts = [
            Detokeniser(
                self._parts.vocabulary,
                draw.stop,
                opened=opened,
                lstrip=self._parts.lstrip and not request.prefill,
            )
            for _ in numbers
        ]
        output = reasoning = 0
        try:
            while index:
                for item in await inbox.take():
                    if isinstance(item, Exception):
                        raise item
                    chunk = self._chunk(index[item[0]], texts, item, tokens)
                    output, reasoning = output + chunk.tokens, reasoning + chunk.reasoning_tokens
                    if chunk.finish is not None:
                        del index[item[0]]
                    yield chunk
        finally:
            self._link.cancel(list(index))
        usage = Usage(tokens, 0, output, reasoning, calls=request.n, requests=1)
        yield Chunk(usage=usage)

    async def aclose(self) -> None:
        """Free the engine; what still runs fails with ModelUnavailable. May be called twice."""
        await asyncio.to_thread(self._link.close)

    def _chunk(
        self,
        index: int,
        texts: list[Detokeniser],
        item: tuple[int, list[int], list[float], str | None],
        prompt: int,
    ) -> Chunk:
        """One step's news of one completion."""
        _, ids, logprobs, ended = item
        if ended == "IGNORED":
            raise ServerError(
                f"{self._name}: the engine's cache has no room for a prompt of {prompt:,} tokens; give it more memory"
            )
        text, reasoning, thinking = texts[index].feed(ids)
        if ended is not None:
            rest = texts[index].finish()
            text, reasoning = text + rest.text, reasoning + rest.reasoning
        given = tuple(
            TokenLogprob(self._parts.vocabulary[token].decode("utf-8", "replace"), logprob)
            for token, logprob in zip(ids, logprobs, strict=False)
            if token not in self._parts.stop_ids
        )
        finish = None if ended is None else FINISHES.get(ended, "stop")
        return Chunk(index, text, reasoning, len(ids), thinking, given, (), finish)

    def _config(self, request: Request, draw: Draws) -> dict[str, Any]:
        """The worker's orders for a request."""
        structure = structure_of(request)
        return {
            "max_tokens": draw.max_tokens,
            "temperature": draw.temperature,
            "top_p": draw.top_p,
            "top_k": draw.top_k,
            "min_p": draw.min_p,
            "logprobs": draw.logprobs is not None,
            "stops": [stop.encode() for stop in draw.stop if stop],
            "structure": engine.structured(structure) if structure else None,
        }

    async def _prompt(self, request: Request) -> tuple[bytes, bool]:
        """The prompt's token ids (int64 bytes), and whether it ends inside the thinking."""
        rendered = self._parts.render(
            plain_messages(request.messages, self._name), template_extras(request, self._efforts)
        )
        opened = thinking_opened(rendered, request.prefill)
        text = rendered + request.prefill
        ids = self._prompts.get(text)
        if ids is None:
            long = len(text) > LONG
            ids = await asyncio.to_thread(self._encode, text) if long else self._encode(text)
            self._prompts[text] = ids
            while len(self._prompts) > 64:
                self._prompts.popitem(last=False)
        return ids, opened

    def _encode(self, text: str) -> bytes:
        encoded = self._parts.tokenizer.encode(text, add_special_tokens=False)
        return np.asarray(encoded.input_ids.data, dtype=np.int64).tobytes()
