"""A stand-in model server in a process of its own: ``python -m bench.model [--delay SECONDS]``.

It answers every request with the tokens (``tok-…``) of the last user message, so that a lost, a
doubled and a crossed reply show. The first line it prints is its base URL.
"""

import argparse
import asyncio

from tests.fake_model import Answer, FakeModel, Request


async def serve(delay_s: float) -> None:
    """Serve until the process is ended."""

    def repeat(request: Request) -> Answer:
        tokens = [word for word in request.last_user.split() if word.startswith("tok-")]
        return Answer(" ".join(["echo", *tokens]), delay_s=delay_s)

    async with FakeModel(repeat) as model:
        print(model.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in model server.")
    parser.add_argument("--delay", type=float, default=0, help="seconds before each answer")
    asyncio.run(serve(parser.parse_args().delay))


if __name__ == "__main__":
    main()
