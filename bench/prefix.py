"""How much of each prompt is the unchanged beginning of the one before: what providers cache.

    python -m bench.prefix --dataset conversations.jsonl            # the default budget
    python -m bench.prefix --dataset FILE --budget 4000 --reply 500 --retrieved 0

Each conversation is replayed message by message; one of its speakers is Luna, and every message
of the others is a question. Other old messages are "retrieved" for each, drawn by lot: the worst
case, since nothing of that part stays. The dataset holds one conversation a line:
`{"id", "messages": [{"id", "sender", "ts" (ms), "text"}]}`.
"""

import argparse
import json
import random
import statistics
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from lunabot.llm.turns import ChatTurn
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.prompt.builder import build
from lunabot.prompt.material import Material
from lunabot.prompt.shares import Limits
from lunabot.prompt.tokens import Tokenizer

_SYSTEM = "You are Luna, who lives in these rooms. Answer briefly and kindly."


def replay(
    messages: Sequence[Message], limits: Limits, retrieved: int, tokenizer: Tokenizer
) -> Iterator[float]:
    """Return, for each question but the first, the share of its prompt that stood before."""
    me = next(each.sender for each in messages if each.sender != messages[0].sender)
    lot = random.Random(1)
    anchor, before = None, ""
    for number, message in enumerate(messages):
        if message.sender == me:
            continue
        older = lot.sample(messages[:number], min(retrieved, number))
        material = Material(_SYSTEM, messages[: number + 1], me, {}, retrieved=older)
        prompt = build(material, limits, counter=tokenizer, anchor=anchor)
        text = _serialised(prompt.turns)
        if before:
            yield tokenizer.count(_same_beginning(before, text)) / tokenizer.count(text)
        anchor, before = prompt.anchor, text


def _serialised(turns: Sequence[ChatTurn]) -> str:
    return "".join(f"<{turn.role}>\n{turn.content}\n" for turn in turns)


def _same_beginning(first: str, second: str) -> str:
    length = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    )
    return first[:length]


def _read(path: Path) -> Iterator[tuple[str, list[Message]]]:
    room = RoomId("!room:localhost")
    with path.open(encoding="utf-8") as lines:
        for conversation in map(json.loads, lines):
            yield (
                conversation["id"],
                [
                    Message(
                        EventId(f"${each['id']}"),
                        room,
                        UserId(f"@{each['sender']}:localhost"),
                        each["ts"],
                        each["text"],
                    )
                    for each in conversation["messages"]
                ],
            )


def main() -> None:
    """Replay a dataset and print the share for each conversation and over all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--budget", type=int, default=8000)
    parser.add_argument("--reply", type=int, default=1000)
    parser.add_argument("--retrieved", type=int, default=100, help="how many are offered a prompt")
    arguments = parser.parse_args()
    tokenizer = Tokenizer("gpt-4o")
    limits = Limits(arguments.budget, arguments.reply)
    means = []
    for name, messages in _read(arguments.dataset):
        shares = list(replay(messages, limits, arguments.retrieved, tokenizer))
        means.append(statistics.fmean(shares))
        print(f"{name}: {means[-1]:.1%} of each of {len(shares) + 1} prompts stood in the last")
    print(f"mean over {len(means)} rooms: {statistics.fmean(means):.1%}")


if __name__ == "__main__":
    main()
