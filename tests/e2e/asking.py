"""What Luna asks before she destroys something, and the answers of administrators."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.administrator import Administrator


@dataclass(frozen=True, slots=True)
class Asked:
    """A command that was asked about: its event, the notice that asks, its text and its code."""

    command: str
    notice: str
    text: str
    code: str


async def ask(admin: Administrator, command: str) -> Asked:
    """Give a command that destroys; return Luna's question."""
    event = await admin.say(command)
    question = await admin.question(event)
    text = question["content"]["body"]
    code = re.search(r"!yes (\d{4})", text)
    assert code, text
    return Asked(event, question["event_id"], text, code[1])


async def tap(by: Administrator, asked: Asked, key: str) -> str:
    """Tap on a reaction below the question."""
    return await by.person.react(by.room, asked.notice, key)


def age(state: Path, by_ms: int) -> None:
    """Make all open questions older than they are, in the state of a Luna who is away."""
    tables = json.loads(state.read_text())
    for question in tables["questions"].values():
        question["expires"] -= by_ms
    state.write_text(json.dumps(tables))
