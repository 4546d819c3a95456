"""A stand-in model server in a process of its own: ``python -m bench.model [--delay SECONDS]``.

It answers every request with the tokens (``tok-…``) of its questions, so that a lost, a doubled and
a crossed reply show. The first line it prints is its base URL.
"""

import argparse
import asyncio
from dataclasses import replace

from tests.fake_model import Answer, FakeModel, Request
from tests.tokens import repeat


async def serve(delay_s: float) -> None:
    """Serve until the process is ended."""

    def reply(request: Request) -> Answer:
        return replace(repeat(request), delay_s=delay_s)

    async with FakeModel(reply) as model:
        print(model.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in model server.")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each answer")
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
