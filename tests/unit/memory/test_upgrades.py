"""What every released Luna wrote is there with today's code; and each schema on the way to it."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from lunabot import __version__
from lunabot.matrix.ids import EventId
from lunabot.memory import audit, schema
from lunabot.memory.archive import Archive
from lunabot.memory.audit import AuditEntry
from lunabot.memory.memory import Memory
from tests.data import make
from tests.data.make import ADA, CAMP, CELLAR, HERE, LUNA, OFFICE, SCOUT, START
from tests.unit.memory.samples import ROOM

VERSIONS = sorted(folder.name for folder in HERE.iterdir() if (folder / "archive.db").exists())


@pytest.fixture(params=VERSIONS)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of the stores that a released version wrote."""
    for name in ("db.json", "archive.db"):
        shutil.copy(HERE / request.param / name, tmp_path / name)
    return tmp_path


def _tables(path: Path) -> dict[str, int]:
    """Return how many rows each table of an archive has, those of the full text left out."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%index%'"
    with closing(sqlite3.connect(path)) as connection:
        names = [str(name) for (name,) in connection.execute(query)]
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names
        }
    return counts


def test_the_data_of_this_version_is_kept_and_has_something_in_every_table() -> None:
    assert __version__ in VERSIONS
    assert 0 not in _tables(HERE / __version__ / "archive.db").values()


async def test_what_was_said_is_there(released: Path) -> None:
    memory = await Memory.open(released / "db.json", released / "archive.db")
    assert memory.warnings == ()
    shown = await memory.archive.recent(CAMP, 100)
    said = [(each.event_id.removeprefix("$said-"), each.sender, each.body) for each in shown]
    assert said == [
        ("1", ADA, "Which trail is dry?"),
        ("2", ADA, "Is it far?"),
        ("3", ADA, "Luna?"),
        ("4", LUNA, "The upper one."),
        ("5", ADA, "The map"),
        ("6", ADA, "in the thread"),
        ("7", ADA, "no typo"),
    ]
    assert (shown[4].media and shown[4].media.name, shown[5].thread) == ("map.png", "$said-5")
    assert memory.state.recent(CAMP) == shown
    found = "SELECT count(*) FROM message_index WHERE message_index MATCH 'words : trail'"
    assert await memory.archive.search(lambda connection: connection.execute(found).fetchone()[0])
    assert len(await memory.archive.without_vectors(100)) == 5
    await memory.close()


async def test_the_books_are_there(released: Path) -> None:
    archive = await Archive.open(released / "archive.db")
    assert [await archive.sync_token(each) for each in (LUNA, SCOUT)] == ["s1", "s2"]
    assert [debt.event_id for debt in await archive.owed(LUNA)] == ["$said-2"]
    questions = [EventId(f"$said-{number}") for number in (1, 2, 3)]
    assert await archive.outcomes(questions) == {"owed": 1, "sent": 1, "missed": 1}
    (hole,) = await archive.holes()
    assert (hole.room_id, hole.token, hole.until) == (CAMP, "t9", "s0")
    expected = AuditEntry(START, EventId("$command"), ADA, "spawn", "scout", "ok", 12)
    assert await archive.search(audit.newest, 9) == (expected,)
    assert await archive.tokens_since(0) == {LUNA: 340}
    (undertaking,) = await archive.unfinished()
    assert (undertaking.subject, undertaking.steps) == (SCOUT, ("account",))
    old = replace(make.said(0, "before the purge"), room_id=CELLAR, timestamp=START - 1)
    assert await archive.record_history([old]) == 0
    await archive.close()


async def test_what_was_known_is_there(released: Path) -> None:
    memory = await Memory.open(released / "db.json", released / "archive.db")
    state = memory.state
    assert state.fact("admin room luna-admin") == OFFICE
    persona = state.personas()[SCOUT]
    assert (persona.system_prompt, persona.traits["humour"]) == ("You know trails.", "dry")
    assert (persona.stays[0].room_id, persona.model) == (CAMP, "gpt-x")
    assert [question.code for question in state.questions] == ["0417"]
    assert [pause.reason for pause in state.pauses] == ["too fast"]
    assert [chapter.title for chapter in state.chapters.of(CAMP)] == ["The dry trail"]
    assert [lens.text for lens in state.lenses.of(CAMP)] == ["Cheerful."]
    assert [note.text for note in state.notes.of(SCOUT)] == ["Ada likes dry trails."]
    await memory.close()


_MESSAGE = """
    INSERT INTO messages (event_id, room_id, sender, timestamp, body, msgtype, encrypted)
    VALUES ('$1', '!room:localhost', '@ada:localhost', 1, 'hello', 'm.text', 0)"""


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
async def test_every_schema_there_was_is_kept_before_it_changes(
    tmp_path: Path, version: int
) -> None:
    path, kept = tmp_path / "archive.db", tmp_path / f"archive.db.schema-{version}"
    with closing(schema.create(path, version)) as connection:
        connection.executescript(
            f"PRAGMA journal_mode = WAL; {_MESSAGE}; "
            "INSERT INTO message_index (message_index) VALUES ('rebuild');"
        )
    before = _tables(path)
    archive = await Archive.open(path)
    assert [each.body for each in await archive.recent(ROOM, 10)] == ["hello"]
    assert archive.warnings == ()
    await archive.close()
    assert _tables(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    archive = await Archive.open(path)
    await archive.scrub()  # a purge leaves nothing behind
    await archive.close()
    assert not kept.exists()


def test_what_the_log_holds_is_in_the_copy(tmp_path: Path) -> None:
    path, copied = tmp_path / "archive.db", tmp_path / "killed" / "archive.db"
    copied.parent.mkdir()
    with closing(schema.create(path, 1)) as connection:
        connection.executescript(f"PRAGMA journal_mode = WAL; {_MESSAGE};")
        for end in ("", "-wal"):
            shutil.copy(f"{path}{end}", f"{copied}{end}")
    schema.connect(copied).close()
    assert _tables(copied.with_name("archive.db.schema-1"))["messages"] == 1


def test_without_room_for_the_copy_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive.db"
    schema.create(path, 1).close()
    before = path.read_bytes()
    path.with_name("archive.db.schema-1.tmp").mkdir()
    with pytest.raises(OSError, match="schema-1"):
        schema.connect(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["db.json", "archive.db"])
async def test_what_a_newer_luna_wrote_is_refused_and_left_alone(released: Path, name: str) -> None:
    path = released / name
    if name == "db.json":
        path.write_text('{"schema": {"state": {"version": 99}}}')
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    memory = await Memory.open(released / "db.json", released / "archive.db")
    (warning,) = memory.warnings
    assert f"{name} was written by a" in warning and "start that version" in warning
    await memory.close()
    assert path.read_bytes() == before
