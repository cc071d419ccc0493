"""Any OpenAI-compatible endpoint (OpenAI, vLLM, SGLang, llama.cpp, Ollama, OpenRouter …) as a Model.

Chat completions, always streamed: most servers free what a lost stream held, and none what a lost plain call did. The
SDK's own retries are off (the retry wrapper sees every attempt, and so does the meter). What the endpoint can do is
declared or learned from its refusals, never probed by calls that generate: see `openai_endpoint`.
"""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, final

from thinkharder.core.errors import BadOption, ModelError, RequestRefused
from thinkharder.core.identity import content_hash
from thinkharder.core.types import Capabilities, Chunk, Request, Sampling, TokenCount
from thinkharder.core.usage import Usage
from thinkharder.models.input_bound import Extent, InputBound
from thinkharder.models.openai_connection import ABSENT, LOOK_SECONDS, Connection
from thinkharder.models.openai_endpoint import (
    KINDS,
    Facts,
    capabilities,
    described,
    first_facts,
    load_facts,
    save_facts,
)
from thinkharder.models.openai_errors import CapabilityLearned
from thinkharder.models.openai_keys import checked_url, key_for
from thinkharder.models.openai_reply import Reply
from thinkharder.models.openai_request import body_of, check, learned, messages_of

MOST_LESSONS = 8
"""Refusals that one request learns from."""
MOST_LOOKS = 2
"""Times that a server which does not answer is asked what it is."""
_log = logging.getLogger(__name__)


@final
class OpenAIModel:
    """One model on one endpoint.

    `base_url` ends where `/chat/completions` begins (default: OPENAI_BASE_URL, else OpenAI's). The key comes from the
    environment (see `openai_keys`) unless given; it appears in no message, name, log or repr. `price` is not its
    business. `rates` holds what the endpoint's rate-limit headers said. Raises BadOption for an unusable URL or name.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        remember: bool = True,
    ) -> None:
        if not model.strip():
            raise BadOption(
                "openai: needs a model's name; write openai:MODEL or openai:MODEL@http://host:8000/v1"
            )
        self.model, self.url = model, checked_url(base_url)
        key, variable = (api_key, "") if api_key else key_for(self.url)
        self._way = Connection(self.name, self.url, key, variable, headers)
        self._remember = remember
        self.facts = (load_facts(self.url, model) if remember else None) or first_facts(self.url, model)
        self.rates = self._way.rates
        self.bound = InputBound()
        self._counts: dict[str, int] = {}
        self._looks = 0
        self._looked = self.facts.kind in ("openai", "openrouter")

    def __repr__(self) -> str:
        return f"OpenAIModel({self.model!r}, {self.url!r})"

    @property
    def name(self) -> str:
        """`openai:MODEL@URL`."""
        return f"openai:{self.model}@{self.url}"

    @property
    def capabilities(self) -> Capabilities:
        """What is known now; better after `prepare` (or `look`), and after each refusal."""
        return capabilities(self.facts)

    # ---- finding out ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """`prepare` for callers without an event loop: blocks for at most some seconds, raises nothing."""

        def inside() -> None:
            with suppress(Exception):
                asyncio.run(self._look_once())

        thread = threading.Thread(target=inside, daemon=True)
        thread.start()
        thread.join(2 * LOOK_SECONDS)

    async def _look_once(self) -> None:
        await self.prepare()
        await self.aclose()

    async def prepare(self) -> None:
        """Ask `GET /models` (and llama.cpp's `/props`) once what server this is. Generates nothing. Raises nothing: a
        dead endpoint shows at the first request."""
        if self._looked:
            return
        listing = await self._way.get("/models")
        self._looks += 1
        self._looked = listing is not None or self._looks >= MOST_LOOKS
        if listing is None:
            return
        fresh = described(first_facts(self.url, self.model), self.model, listing)
        if fresh.kind == "llamacpp":
            fresh = described(fresh, self.model, None, await self._way.get(f"{self._way.root}/props"))
        if fresh.kind == self.facts.kind:  # the same server as last time: what was learned still holds
            fresh = replace(self.facts, context=fresh.context, most_n=fresh.most_n or self.facts.most_n)
        self._learn(fresh)

    def _learn(self, facts: Facts) -> None:
        if facts == self.facts:
            return
        for field in sorted(facts.refused - self.facts.refused):
            _log.info("%s does not take %s; asked without from now on", self.name, field)
        self.facts = facts
        if self._remember:
            save_facts(self.url, self.model, facts)

    # ---- counting -------------------------------------------------------------------------------------------------

    async def count(self, request: Request) -> TokenCount:
        """The prompt's tokens: exact by the server's tokenizer or from an earlier reply, else an upper bound."""
        await self.prepare()
        key = _prompt_key(request)
        known = self.bound.known(key) or self._counts.get(key)
        if known is not None:
            return TokenCount(known, True)
        extent = _extent(request)
        if self.capabilities.exact_input and not extent.images:
            tokens = await self._tokenize(request)
            if tokens is not None:
                if len(self._counts) > 4096:
                    self._counts.clear()
                self._counts[key] = tokens
                return TokenCount(tokens, True)
        return TokenCount(self.bound.bound(extent), False)

    async def _tokenize(self, request: Request) -> int | None:
        """The prompt's tokens by the server's tokenizer; None where it does not say. One that has none is not asked
        again."""
        messages, style = messages_of(request), KINDS[self.facts.kind].tokenize
        tools = {"tools": [dict(tool) for tool in request.tools]} if request.tools else {}
        if style == "vllm":
            shape = {
                "add_generation_prompt": not request.prefill,
                "continue_final_message": bool(request.prefill),
            }
            reply = await self._way.post(
                f"{self._way.root}/tokenize", {"model": self.model, "messages": messages, **shape, **tools}
            )
            found = reply.get("count") if isinstance(reply, Mapping) else None
        else:
            reply = templated = await self._way.post(
                f"{self._way.root}/apply-template", {"messages": messages, **tools}
            )
            prompt = templated.get("prompt") if isinstance(templated, Mapping) else None
            found = await self._tokens_of(prompt, special=True) if isinstance(prompt, str) else None
        if isinstance(found, int) and found > 0:
            return found
        if reply is ABSENT:
            self._learn(self.facts.without("tokenize"))
        return None

    async def _tokens_of(self, text: str, special: bool = False) -> int | None:
        """Tokens of a bare text by the server's tokenizer, or None."""
        style = KINDS[self.facts.kind].tokenize
        if not style or "tokenize" in self.facts.refused:
            return None
        body: dict[str, Any] = {"content": text, "add_special": special, "parse_special": True}
        if style == "vllm":
            body = {"model": self.model, "prompt": text, "add_special_tokens": special}
        reply = await self._way.post(f"{self._way.root}/tokenize", body)
        tokens = reply.get("tokens") if isinstance(reply, Mapping) else None
        return len(tokens) if isinstance(tokens, list) else None

    # ---- sampling -------------------------------------------------------------------------------------------------

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Stream the request's completions. Closing the generator closes the connection at once.

        A refusal that names a field is learned from: the request goes out again without what it can spare. Raises
        CapabilityError for what the endpoint is known not to do, else the ModelErrors of `openai_errors`.
        """
        await self.prepare()
        for lesson in range(MOST_LESSONS + 1):
            check(request, self.facts, self.name)
            body = body_of(request, self.facts)
            reply = Reply(request, self.facts, self.name)
            try:
                async with aclosing(self._play(request, reply, body)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except ModelError as error:
                wiser = None if reply.started else learned(error, body, self.facts, self.name)
                if wiser is None or lesson == MOST_LESSONS:
                    raise
                self._learn(wiser)
                if not isinstance(error, RequestRefused):
                    raise
                if request.n > self.capabilities.n:
                    said = f"{error}; it gives {self.capabilities.n} at once, which is remembered"
                    failure = CapabilityLearned(said)
                    failure.retry_after = 0.0
                    raise failure from None

    async def _play(
        self, request: Request, reply: Reply, body: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk, None]:
        """One attempt: its chunks, then its usage."""
        texts: dict[int, list[str]] = {}
        async with aclosing(self._way.reply(self.model, messages_of(request), body)) as stream:
            async for data in stream:
                for chunk in reply.take(data):
                    texts.setdefault(chunk.index, []).append(chunk.reasoning + chunk.text)
                    yield chunk
        for chunk in reply.end():
            yield chunk
        reply.check_ended()
        yield await self._closing(request, reply, texts)

    async def _closing(self, request: Request, reply: Reply, texts: Mapping[int, list[str]]) -> Chunk:
        """The reply's total, and what it teaches about the endpoint."""
        counted = self._counts.get(_prompt_key(request))
        usage, trusted = reply.usage(counted)
        if not trusted:
            counts = [await self._tokens_of("".join(pieces)) for pieces in texts.values()]
            if counts and all(count is not None for count in counts):
                usage = replace(usage, output_tokens=sum(count or 0 for count in counts), exact=False)
        self._observe(request, reply, usage)
        return Chunk(usage=usage, exact=usage.exact)

    def _observe(self, request: Request, reply: Reply, usage: Usage) -> None:
        facts = self.facts
        if reply.usages and usage.input_tokens:
            key = _prompt_key(request)
            if self._counts.get(key, usage.input_tokens) < usage.input_tokens:
                facts = facts.without("tokenize")  # the server's own count is under what it charges
            self.bound.observe(key, _extent(request), usage.input_tokens)
        if reply.orphan and not request.prefill:
            facts = replace(facts, opens_thinking=True)
        if reply.reasons:
            facts = replace(facts, reasons=True)
        if request.sampling.logprobs is not None and not reply.gave_logprobs and usage.output_tokens:
            facts = facts.without("logprobs")
        if reply.finished < request.n:  # n was ignored in silence
            facts = facts.without("n") if reply.finished <= 1 else replace(facts, most_n=reply.finished)
        self._learn(facts)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._way.aclose()


def _prompt_key(request: Request) -> str:
    """The hash of what decides the prompt's tokens."""
    said = request.sampling
    only = Sampling(effort=said.effort, thinking_tokens=said.thinking_tokens)
    return content_hash(replace(request, sampling=only, kind="answer"))


def _extent(request: Request) -> Extent:
    texts, images = [request.prefill], 0
    for message in request.messages:
        texts += [message.text, message.name or "", *(json.dumps(dict(c)) for c in message.tool_calls)]
        if not isinstance(message.content, str):
            images += sum(part.get("type") != "text" for part in message.content)
    texts += [json.dumps(dict(tool), ensure_ascii=False, default=str) for tool in request.tools]
    texts += [json.dumps(request.response_format, default=str)] if request.response_format else []
    return Extent.of(texts, len(request.messages) + len(request.tools), images)
