"""Whatever `db.json` and its backup hold: they are read, or kept aside and told of, or refused."""

import asyncio
import json as json_text
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import WorldError
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory import json_file
from lunabot.memory.state import State
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ

ROOM, TEACHER = RoomId("!room:localhost"), UserId("@teacher:localhost")
PERSONA: dict[str, Any] = {
    "displayname": "Teacher",
    "system_prompt": "You teach.",
    "traits": {"openness": 80},
    "created_at": "2025-01-31T12:00:00Z",
    "created_by": "@admin:localhost",
    "rooms": [ROOM],
    "stays": [{"room_id": ROOM, "joined_at": 1}],
    "model": "",
    "notes": ["a note"],
}
SOUND: dict[str, Any] = {
    "schema": {"state": {"version": 1}},
    "facts": {"admin_room": {"value": ROOM}},
    "recent": {
        ROOM: {"messages": [{"event_id": "$e", "sender": TEACHER, "timestamp": 1, "body": "hi"}]}
    },
    "personas": {TEACHER: PERSONA},
}
TEXT = json_text.dumps(SOUND).encode()


def with_persona(document: dict[str, Any]) -> dict[str, Any]:
    return {**SOUND, "personas": {TEACHER: document}}


written = st.one_of(
    st.builds(with_persona, made_up.spoiled(PERSONA)).map(json_text.dumps).map(str.encode),
    made_up.json.map(json_text.dumps).map(str.encode),
    st.binary(max_size=60),
    st.integers(0, len(TEXT)).map(lambda end: TEXT[:end]),
    st.sampled_from([b"", b"[" * 100_000, b"\0" * 500, b"9" * 9_000, b"\xff\xfe{}", b"{}"]),
)
OLD = b'{"facts": {"moon": {"value": "new"}}}'


@FUZZ
@given(content=written, backup=st.none() | written | st.just(OLD))
def test_nothing_is_lost_unsaid(content: bytes, backup: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "db.json"
        path.write_bytes(content)
        if backup is not None:
            json_file.backup(path).write_bytes(backup)
        try:
            warnings = asyncio.run(opened_and_used(path))
        except WorldError as error:  # refused: then all is as it was
            assert "\n" not in str(error)
            assert str(path) in str(error)
            assert path.read_bytes() == content
            return
        kept = [each.read_bytes() for each in Path(folder).iterdir()]
        if not is_tables(content):
            assert content in kept
            assert any("db.json was broken" in line for line in warnings)
            if backup is not None and not is_tables(backup):
                assert backup in kept


async def opened_and_used(path: Path) -> tuple[str, ...]:
    """Open a state, look at all that is in it, change a little, and return what it warns of."""
    state = await State.open(path)
    try:
        look(state)
        state.set_fact("sun", "shines")
        await state.flush()
        return state.warnings
    finally:
        await state.close()


def look(state: State) -> None:
    state.personas(), state.broken_personas(), state.fact("admin_room")
    for room_id in state.recent_rooms():
        state.recent(room_id)


def is_tables(content: bytes) -> bool:
    """Tell whether a file is what TinyDB stores: objects of objects of objects."""
    try:
        tables = json_text.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(tables, dict) and all(
        isinstance(table, dict) and all(isinstance(each, dict) for each in table.values())
        for table in tables.values()
    )
