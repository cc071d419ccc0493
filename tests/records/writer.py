"""A process that writes to a store and tells of each draw when it is stored: `python -m tests.records.writer …`."""

import os
import resource
import signal
import sys
from pathlib import Path

from tests.records.made import generation
from thinkharder.records.schema import StoreError
from thinkharder.records.store import Store


def main(folder: str, first: str, count: str, most_bytes: str) -> int:
    """Put `count` draws from number `first`; print each key when it is acknowledged. Files get at most `most_bytes`."""
    if int(most_bytes):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    try:
        with Store.open(Path(folder), create=True, power_safe=False) as store:
            for draw in range(int(first), int(first) + int(count)):
                key = store.put(generation(f"draw {draw} " * 20, draw=draw))
                os.write(1, f"{key}\n".encode())
    except StoreError as error:
        print(error, file=sys.stderr)
        return 7
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
