"""Write the stores of this version, with something in every table: ``python -m tests.data.make``.

They land in the folder of the version, beside this file. Run it once, when a version is released;
what a released Luna wrote is never made anew. Everything in it is invented.
"""

import asyncio
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from lunabot import __version__
from lunabot.matrix.batch import Gap
from lunabot.matrix.events import Message, Redaction, RoomEvent
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import Media
from lunabot.memory import json_file, purges, schema
from lunabot.memory.audit import AuditEntry
from lunabot.memory.chapters import Chapter
from lunabot.memory.ledger import Debt
from lunabot.memory.lenses import LensText
from lunabot.memory.loop import Layer
from lunabot.memory.memory import Memory
from lunabot.memory.pauses import Pause
from lunabot.memory.questions import Question
from lunabot.memory.usage import Usage
from lunabot.personas.persona import Persona, Stay

HERE = Path(__file__).parent
ADA, LUNA, SCOUT = (UserId(f"@{name}:example.org") for name in ("ada", "luna", "scout"))
CAMP, CELLAR, OFFICE = (RoomId(f"!{name}:example.org") for name in ("camp", "cellar", "office"))
START = 1_767_225_600_000  # the first moment of 2026


def said(number: int, body: str) -> Message:
    """Return the n-th message in the camp, a minute after the one before."""
    return Message(EventId(f"$said-{number}"), CAMP, ADA, START + number * 60_000, body)


async def fill(memory: Memory) -> None:
    """Put something into every table of both stores."""
    await _talk(memory)
    await _books(memory)
    _know(memory)


async def _talk(memory: Memory) -> None:
    question, other, late = said(1, "Which trail is dry?"), said(2, "Is it far?"), said(3, "Luna?")
    gap = Gap(CAMP, "t9", "s0")
    debts = [Debt(LUNA, each.event_id, CAMP, START) for each in (question, other, late)]
    answer = replace(said(4, "The upper one."), sender=LUNA, answers=(question.event_id,))
    await memory.record_sync(LUNA, "s1", [question, other, late], debts, gaps=[gap])
    await memory.record_own(answer)
    await memory.archive.record_unanswered(LUNA, [late.event_id], "missed")
    map_ = Media(uri="mxc://example.org/map", name="map.png", mimetype="image/png", size=2_000)
    events: list[RoomEvent] = [
        replace(said(5, "The map"), msgtype="m.image", media=map_),
        replace(said(6, "in the thread"), thread=EventId("$said-5")),
        said(7, "a typo"),
        replace(said(8, "no typo"), replaces=EventId("$said-7")),
        said(9, "never mind"),
        Redaction(EventId("$redaction"), CAMP, ADA, START + 600_000, EventId("$said-9")),
    ]
    await memory.record_sync(SCOUT, "s2", events)
    await memory.archive.use_vectors_of("a model")
    texts = await memory.archive.without_vectors(2)
    await memory.archive.record_vectors(texts, [b"\x01\x02\x03\x04"] * len(texts))
    await memory.archive.change(purges.begin, CELLAR, START, START)


async def _books(memory: Memory) -> None:
    archive = memory.archive
    told = AuditEntry(START, EventId("$command"), ADA, "spawn", "scout", "ok", 12)
    await archive.record_command(told)
    await archive.record_usage(Usage(START, CAMP, LUNA, ADA, "gpt-x", 300, 40))
    undertaking = await archive.begin("summon", SCOUT, {"name": "Scout"})
    await archive.note(replace(undertaking, steps=("account",)))


def _know(memory: Memory) -> None:
    state = memory.state
    state.set_fact("admin room luna-admin", OFFICE)
    state.put_persona(
        Persona(
            user_id=SCOUT,
            displayname="Scout",
            system_prompt="You know trails.",
            traits={"openness": 80, "humour": "dry"},
            created_at="2026-01-01T00:00:00+00:00",
            created_by=ADA,
            stays=(Stay(CAMP, START),),
            model="gpt-x",
        )
    )
    asking = said(20, "/despawn scout")
    state.questions.put(Question(asking, "despawn", "scout", "0417", START, "abc", "Scout goes."))
    people = frozenset({LUNA, SCOUT})
    cause = EventId("$said-1")
    state.pauses.put(Pause(CELLAR, "Cellar", Layer.PAIR, "too fast", people, 1, 2, cause, LUNA))
    first, last = EventId("$said-1"), EventId("$said-7")
    times = (START + 60_000, START + 420_000)
    title, summary, threads = "The dry trail", "Ada asked for a dry trail.", ("is it far?",)
    chapter = Chapter(CAMP, 1, 0, first, last, *times, (ADA,), title, summary, threads)
    state.chapters.put(chapter)
    state.lenses.put(LensText(CAMP, "mood", "Cheerful.", START, START))
    state.notes.add(SCOUT, "Ada likes dry trails.", ADA, CAMP, 1, START)


async def make(folder: Path) -> None:
    """Write both stores into an empty folder."""
    memory = await Memory.open(folder / "db.json", folder / "archive.db")
    await fill(memory)
    await memory.close()
    json_file.backup(folder / "db.json").unlink()
    with closing(schema.connect(folder / "archive.db")) as connection:
        connection.execute("VACUUM")


if __name__ == "__main__":
    target = HERE / __version__
    if target.exists():
        sys.exit(f"{target} is there: a version that was released is never made anew")
    target.mkdir()
    asyncio.run(make(target))
