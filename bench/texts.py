"""What the worst texts cost whom: milliseconds of processor time for each reader of text.

    python -m bench.texts

A reader is what Luna does to each message, or each answer, of up to 64 KiB. Texts that cost nobody
more than 5 ms are left out.
"""

import time
from collections.abc import Callable, Mapping

from lunabot.admin.pills import with_identifiers
from lunabot.dispatch.mentions import Addressee, Mentions
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.markdown import render
from lunabot.prompt.tokens import Tokenizer
from tests.worst_texts import WORST

_ADDRESSEE = Addressee.of(UserId("@luna:localhost"), ("Luna",))
_WORTH_SHOWING_MS = 5.0


def _mentions(text: str) -> object:
    said = Message(EventId("$1"), RoomId("!r"), UserId("@ada:localhost"), 0, text)
    return Mentions(said).position(_ADDRESSEE)


def readers() -> Mapping[str, Callable[[str], object]]:
    """Return what reads texts, by a word for the table."""
    tokenizer = Tokenizer("gpt-4o")
    tokenizer.count("")  # its tables are loaded now
    return {
        "mention": _mentions,
        "pills": lambda text: with_identifiers(text, text),
        "tokens": tokenizer.count,
        "Markdown": render,
    }


def cost_ms(read: Callable[[str], object], text: str) -> float:
    """Return the processor time that reading a text takes, in milliseconds."""
    start = time.process_time()
    read(text)
    return (time.process_time() - start) * 1000


def main() -> None:
    """Print a line for each text that costs somebody something."""
    reading = readers()
    print(f"{'ms for':30}" + "".join(f"{reader:>10}" for reader in reading))
    for name, text in WORST.items():
        costs = [cost_ms(read, text) for read in reading.values()]
        if max(costs) > _WORTH_SHOWING_MS:
            print(f"{name:30}" + "".join(f"{cost:10.1f}" for cost in costs), flush=True)


if __name__ == "__main__":
    main()
