"""The HTTP of the fake server: plain replies and chunked server-sent events."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any


class Wire:
    """A chunked reply of server-sent events."""

    def __init__(self, writer: asyncio.StreamWriter, headers: Mapping[str, str]) -> None:
        self.writer, self.headers = writer, headers

    async def begin(self) -> None:
        rows = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"} | dict(self.headers)
        head = "HTTP/1.1 200 OK\r\n" + "".join(f"{k}: {v}\r\n" for k, v in rows.items()) + "\r\n"
        self.writer.write(head.encode())
        await self.writer.drain()

    async def event(self, data: dict[str, Any]) -> None:
        await self.raw(b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n")

    async def raw(self, data: bytes) -> None:
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


async def send(
    writer: asyncio.StreamWriter,
    status: int,
    body: Any,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> None:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    rows = {"Content-Type": content_type, "Content-Length": str(len(data))} | dict(headers or {})
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in rows.items()) + "\r\n"
    writer.write(head.encode() + data)
    await writer.drain()
