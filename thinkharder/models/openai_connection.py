"""The way to an endpoint: the SDK's client, one reply's events, and small questions. The key is known here alone."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from typing import Any, final

from thinkharder.core.errors import BadReply, ModelError
from thinkharder.models.openai_errors import of_event, translate
from thinkharder.models.openai_wire import events, parse
from thinkharder.models.wrap.pace import Rates

CONNECT_SECONDS = 10.0
READ_SECONDS = 900.0
"""Between bytes. The time-out wrapper is stricter; this is for a bare backend."""
LOOK_SECONDS = 5.0
"""For /models, /props and /tokenize, which no answer waits for long."""
ABSENT = object()
"""The server has no such path."""


@final
class Connection:
    """Connections to one base URL with one key (None: no Authorization header). `variable` is where the key is looked
    for, for messages. `rates` takes in the rate-limit headers of each reply."""

    def __init__(
        self,
        where: str,
        url: str,
        key: str | None,
        variable: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        import openai  # noqa: F401  (seconds on a busy machine: here, not in the event loop at the first request)

        self.where, self.url = where, url
        self.rates = Rates()
        self._key, self._variable, self._headers = key, variable, dict(headers or {})
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __repr__(self) -> str:
        return f"Connection({self.url!r})"

    @property
    def root(self) -> str:
        """The server's root: tokenize endpoints stand beside /v1, not in it."""
        return self.url.removesuffix("/v1")

    async def reply(
        self, model: str, messages: Sequence[Mapping[str, Any]], body: Mapping[str, Any]
    ) -> AsyncGenerator[Mapping[str, Any], None]:
        """The JSON objects of one streamed chat completion. Closing it closes the connection.

        Every failure is one of the project's errors, without the SDK's behind it (that holds the request's headers).
        """
        failure: ModelError | None = None
        try:
            create = self._sdk().chat.completions.with_streaming_response.create
            async with create(
                model=model,
                messages=messages,
                stream=True,
                extra_body=dict(body),
                extra_headers=self._extra_headers(),
            ) as response:
                self._observe(response.headers)
                shape = response.headers.get("content-type", "")
                if "html" in shape:
                    raise BadReply(f"{self.where}: a web page instead of a reply; check the base URL")
                if "json" in shape:  # it does not stream
                    yield self._checked(parse((await response.read()).decode("utf-8", "replace"), self.where))
                    return
                async for event in events(response.iter_bytes(), self.where):
                    yield self._checked(parse(event, self.where))
        except Exception as error:
            self._observe(getattr(getattr(error, "response", None), "headers", None))
            failure = translate(error, self.where, self._key, self._variable)
        if failure is not None:  # raised out here, so that no request hangs on it as its context
            raise failure

    async def get(self, path: str) -> Any:
        """The JSON at a path (or URL); ABSENT where the server has no such path, None where there is no answer now."""
        return await self._look("get", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that answers a small question; ABSENT or None as `get`."""
        return await self._look("post", path, body=dict(body))

    async def aclose(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None and self._loop is asyncio.get_running_loop():
            await client.close()

    def _checked(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if data.get("error") is not None:
            raise of_event(data, self.where, self._key)
        return data

    def _observe(self, headers: Mapping[str, str] | None) -> None:
        if headers is not None:
            self.rates.observe(headers, asyncio.get_running_loop().time())

    def _sdk(self) -> Any:
        """The SDK's client for the running loop: its connections belong to one loop."""
        import openai

        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._loop = loop
            self._client = openai.AsyncOpenAI(
                api_key=self._key or "none",
                base_url=self.url,
                max_retries=0,
                timeout=openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                default_headers=self._headers,
            )
        return self._client

    def _extra_headers(self) -> dict[str, Any]:
        import openai

        return {} if self._key else {"Authorization": openai.Omit()}

    async def _look(self, verb: str, path: str, **fields: Any) -> Any:
        import openai

        options = {"headers": self._extra_headers(), "timeout": openai.Timeout(LOOK_SECONDS)}
        try:
            reply = await getattr(self._sdk(), verb)(path, cast_to=object, options=options, **fields)
        except Exception as error:
            return ABSENT if getattr(error, "status_code", None) in (404, 405, 501) else None
        if isinstance(reply, str):
            with suppress(ValueError):
                return json.loads(reply)
            return ABSENT  # a page, not an answer
        return reply
