"""A real HTTP server on the loopback interface that answers like OpenAI, vLLM, llama.cpp or Ollama, and fails as told.

    async with FakeServer("vllm") as server:
        model = OpenAIModel("m", server.url)

It runs on the test's own event loop and keeps its own true books: `requests` (what arrived), `generated` (tokens made),
`open_streams`. `script` says what happens to the next chat requests, one entry each; `refuses` which fields get a 400.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from tests.models.fake_wire import Wire, send
from thinkharder.models.toy_draft import toy_tokens

OWNERS = {"vllm": "vllm", "llamacpp": "llamacpp", "ollama": "library", "openai": "openai"}
Say = Callable[[Mapping[str, Any], int], str]
TEMPLATE_TOKENS = 9


@dataclass
class Act:
    """What happens to one chat request: an HTTP error, or how its stream goes wrong after `after` tokens."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    then: str = ""
    after: int = 0


@dataclass
class Arrived:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class FakeServer:
    """See the module."""

    def __init__(
        self, kind: str = "openai", *, text: str | Say = "one two three four", pace: float = 0.0
    ) -> None:
        self.kind, self.pace = kind, pace
        self.say: Say = text if callable(text) else lambda body, index: text
        self.script: deque[Act] = deque()
        self.refuses: dict[str, str] = {}
        self.ignores_n = kind == "ollama"
        self.thoughts = ""
        self.thought_field = "reasoning_content"
        self.usage: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda usage: usage
        self.hidden_reasoning = 0
        self.slots = 4
        self.context = 4096
        self.reply_headers: dict[str, str] = {}
        self.streams = True
        self.tool_calls: list[dict[str, Any]] = []
        self.requests: list[Arrived] = []
        self.generated = 0
        self.open_streams = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def chats(self) -> list[Arrived]:
        """The chat requests that arrived."""
        return [one for one in self.requests if one.path.endswith("/chat/completions")]

    # ---- HTTP -----------------------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._serve(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readline()).decode()
        if not line:
            return False
        _, path, _ = line.split(" ", 2)
        headers: dict[str, str] = {}
        while (row := (await reader.readline()).decode().strip()) != "":
            name, _, value = row.partition(":")
            headers[name.lower()] = value.strip()
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        body = json.loads(raw) if raw else {}
        self.requests.append(Arrived(path, headers, body))
        if path.endswith("/chat/completions"):
            return await self._chat(body, reader, writer)
        reply = self._small(path, body)
        await send(
            writer, 200 if reply is not None else 404, reply if reply is not None else {"detail": "Not Found"}
        )
        return True

    def _small(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/v1/models":
            row = {"id": "m", "object": "model", "owned_by": OWNERS.get(self.kind, self.kind)}
            return {"data": [row | ({"max_model_len": self.context} if self.kind == "vllm" else {})]}
        if path == "/props" and self.kind == "llamacpp":
            return {"total_slots": self.slots, "default_generation_settings": {"n_ctx": self.context}}
        if path == "/apply-template" and self.kind == "llamacpp":
            return {"prompt": json.dumps(body["messages"])}
        if path == "/tokenize" and self.kind == "llamacpp":
            with suppress(ValueError):
                return {"tokens": list(range(self._prompt_tokens(json.loads(body["content"]))))}
            return {"tokens": list(range(len(toy_tokens(body["content"]))))}
        if path == "/tokenize" and self.kind == "vllm":
            if "prompt" in body:
                return {"tokens": list(range(len(toy_tokens(body["prompt"]))))}
            return {"count": self._prompt_tokens(body["messages"]), "max_model_len": self.context}
        return None

    def _prompt_tokens(self, messages: list[dict[str, Any]]) -> int:
        texts = [
            m["content"] if isinstance(m["content"], str) else json.dumps(m["content"]) for m in messages
        ]
        return TEMPLATE_TOKENS + sum(len(toy_tokens(text)) + 4 for text in texts)

    # ---- chat -----------------------------------------------------------------------------------------------------

    async def _chat(
        self, body: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        act = self.script.popleft() if self.script else Act()
        for name, words in self.refuses.items():
            if act.status == 200 and name in body:
                act = Act(400, {"error": {"message": words, "type": "invalid_request_error", "param": name}})
        prompt = self._prompt_tokens(body["messages"])
        if self.kind in ("vllm", "llamacpp") and act.status == 200 and prompt + 1 > self.context:
            words = f"This model's maximum context length is {self.context} tokens, but {prompt} were given."
            act = Act(400, {"error": {"message": words, "type": "BadRequestError", "code": 400}})
        if act.then == "drop":
            writer.close()
            return False
        if act.status != 200 or act.body is not None:
            await send(writer, act.status, act.body, act.headers, act.content_type)
            return True
        n = 1 if self.ignores_n else body.get("n", 1)
        if not self.streams:
            await send(writer, 200, self._plain(body, n, prompt))
            return True
        self.open_streams += 1
        gone = asyncio.create_task(reader.read(1))
        try:
            return await self._stream(body, n, prompt, act, writer, gone)
        finally:
            self.open_streams -= 1
            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)

    def _pieces(self, body: dict[str, Any], index: int) -> tuple[list[tuple[str, str]], str, int]:
        """(field, text) of each token, the finish reason, and how many tokens were made."""
        cap = body.get("max_tokens") or body.get("max_completion_tokens") or 10_000
        text = self.say(body, index)
        why = "tool_calls" if self.tool_calls else "stop"
        made = len(toy_tokens(text))
        for stop in body.get("stop") or ():
            if stop in text:
                text = text[: text.index(stop)]
                made = len(toy_tokens(text)) + 1
        pieces = [(self.thought_field, piece) for piece in toy_tokens(self.thoughts)]
        pieces += [("content", piece) for piece in toy_tokens(text)]
        made += len(toy_tokens(self.thoughts)) + self.hidden_reasoning
        if made > cap:
            pieces, made, why = pieces[: max(0, cap - self.hidden_reasoning)], cap, "length"
        return pieces, why, made

    def _usage(self, prompt: int, made: int) -> dict[str, Any] | None:
        usage: dict[str, Any] = {
            "prompt_tokens": prompt,
            "completion_tokens": made,
            "total_tokens": prompt + made,
            "prompt_tokens_details": {"cached_tokens": 2},
        }
        if self.hidden_reasoning:
            usage["completion_tokens_details"] = {"reasoning_tokens": min(made, self.hidden_reasoning)}
        return self.usage(usage)

    def _plain(self, body: dict[str, Any], n: int, prompt: int) -> dict[str, Any]:
        choices, total = [], 0
        for index in range(n):
            pieces, why, made = self._pieces(body, index)
            total += made
            said = {"role": "assistant", "content": "".join(text for _, text in pieces)}
            choices.append({"index": index, "message": said, "finish_reason": why})
        self.generated += total
        return {"choices": choices, "usage": self._usage(prompt, total)}

    async def _stream(
        self,
        body: dict[str, Any],
        n: int,
        prompt: int,
        act: Act,
        writer: asyncio.StreamWriter,
        gone: "asyncio.Task[bytes]",
    ) -> bool:
        plans = [self._pieces(body, index) for index in range(n)]
        wire = Wire(writer, self.reply_headers | act.headers)
        await wire.begin()
        for index in range(n):
            await wire.event({"choices": [{"index": index, "delta": {"role": "assistant", "content": None}}]})
        sent = 0
        for step in range(max((len(pieces) for pieces, _, _ in plans), default=0) + 1):
            await asyncio.sleep(self.pace)
            for index, (pieces, why, made) in enumerate(plans):
                if act.then and sent >= act.after:
                    return await self._break(act, wire, gone)
                if gone.done():
                    return False
                if step < len(pieces):
                    sent += 1
                    self.generated += 1
                    await wire.event(self._delta(body, index, pieces[step], step + 1, prompt))
                elif step == len(pieces):
                    self.generated += made - len(pieces)
                    delta = {"tool_calls": self.tool_calls} if self.tool_calls else {}
                    await wire.event({"choices": [{"index": index, "delta": delta, "finish_reason": why}]})
                    if self.kind == "llamacpp":
                        await wire.event({"choices": [], "usage": self._usage(prompt, made)})
        usage = self._usage(prompt, sum(made for _, _, made in plans))
        wanted = (body.get("stream_options") or {}).get("include_usage")
        if wanted and usage is not None and self.kind != "llamacpp":
            await wire.event({"choices": [], "usage": usage})
        await wire.raw(b"data: [DONE]\n\n")
        await wire.end()
        return True

    def _delta(
        self, body: dict[str, Any], index: int, piece: tuple[str, str], count: int, prompt: int
    ) -> dict[str, Any]:
        name, text = piece
        choice: dict[str, Any] = {"index": index, "delta": {name: text}, "finish_reason": None}
        if body.get("logprobs") and self.kind != "ollama":
            top = [{"token": t, "logprob": p} for t, p in ((text, -0.1), ("other", -2.5), ("more", -4.0))][
                : body.get("top_logprobs", 0)
            ]
            choice["logprobs"] = {"content": [{"token": text, "logprob": -0.1, "top_logprobs": top}]}
        event: dict[str, Any] = {"choices": [choice]}
        if self.kind == "llamacpp" and body.get("timings_per_token"):
            event["timings"] = {"predicted_n": count}
        if (body.get("stream_options") or {}).get("continuous_usage_stats"):
            event["usage"] = {"prompt_tokens": prompt, "completion_tokens": count}
        return event

    async def _break(self, act: Act, wire: Wire, gone: "asyncio.Task[bytes]") -> bool:
        if act.then == "hang":
            await gone
        elif act.then == "malformed":
            await wire.raw(b'data: {"choices": [{"index": 0, "delta": {"con\n\n')
        elif act.then == "error":
            await wire.raw(b'data: {"error": {"message": "CUDA out of memory", "code": 500}}\n\n')
        elif act.then == "early end":
            await wire.raw(b"data: [DONE]\n\n")
            await wire.end()
            return True
        return False  # "cut": the connection is closed inside a chunked body
