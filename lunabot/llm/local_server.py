"""Serves a GGUF file over the OpenAI protocol on loopback: llama.cpp's own server in this process.

Run as a script, in a process of its own: ``python local_server.py --model FILE --port 0``. It needs
the package `xllamacpp` and nothing of Luna. The key that callers must send stands in the
environment variable `LUNA_LOCAL_MODEL_KEY`, as an argument could be read by everybody on the
machine; without one, everybody may call. The address is logged; a signal ends it.
"""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence

KEY_VARIABLE = "LUNA_LOCAL_MODEL_KEY"

_WARNINGS = 2  # llama.cpp's verbosity: warnings and errors

logger = logging.getLogger("local_server")


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until a signal comes; exit status 1 where the model or the port cannot be had."""
    logging.basicConfig(level=logging.INFO)
    options = _parser().parse_args(arguments)
    # Read when the library is loaded: threads that spin while they wait make it 30 times slower
    # on a machine with other work to do.
    os.environ.update(OMP_WAIT_POLICY="PASSIVE", GOMP_SPINCOUNT="0")
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.name}
    params.hostnames = ["127.0.0.1"]
    params.port = options.port
    params.api_keys = [key] if (key := os.environ.get(KEY_VARIABLE)) else []
    params.n_parallel = options.slots
    params.n_ctx = options.slots * options.context_window
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.cache_ram_mib = 0  # by default 8 GiB of conversations that left their slot
    params.ui = params.endpoint_slots = False
    params.verbosity = _WARNINGS
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:  # it has logged why
        sys.exit(1)
    logger.info("%s is served at %s/v1", options.name, server.listening_address)
    signal.pause()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Serve a GGUF file over the OpenAI protocol.")
    parser.add_argument("--model", required=True, metavar="FILE")
    parser.add_argument("--name", default="local", help="what callers call the model")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--context-window", type=int, default=4096, help="tokens a conversation")
    parser.add_argument("--slots", type=int, default=1, help="conversations at the same time")
    threads = max(1, (os.cpu_count() or 1) - 1)
    parser.add_argument("--threads", type=int, default=threads, help="default: leave a core free")
    return parser


if __name__ == "__main__":
    main()
