"""A small HTTP server that answers every request as the first part of its path says."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = {401: "Incorrect API key provided", 404: "The model does not exist", 429: "Slow down", 500: "Oops"}


class Handler(BaseHTTPRequestHandler):
    """`/401/…` answers 401, and so on; `/html/…` a web page; `/hang/…` nothing."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        kind = self.path.split("/")[1]
        if kind == "hang":
            time.sleep(20)
            return
        status = int(kind) if kind.isdigit() else 200
        body = "<!doctype html><html><title>Welcome</title></html>"
        form = "text/html"
        if kind.isdigit():
            told = f"{WORDS[status]}: {self.headers.get('authorization', '')}"
            body, form = f'{{"error": {{"message": "{told}", "code": "e{status}"}}}}', "application/json"
        self.send_response(status)
        self.send_header("content-type", form)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[int]:
    """A running server; its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
