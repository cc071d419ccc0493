"""A real llama.cpp server (xllamacpp's) in a process of its own: `python real_server.py MODEL` prints its address."""

import os
import sys

os.environ["OMP_WAIT_POLICY"] = "passive"


def main() -> None:
    """Serve until standard input closes."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel, params.n_ctx, params.endpoint_slots = 4, 4096, True
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    print(f"ADDRESS {server.listening_address}", flush=True)
    sys.stdin.read()
    os._exit(0)  # without waiting for what it still generates


if __name__ == "__main__":
    main()
