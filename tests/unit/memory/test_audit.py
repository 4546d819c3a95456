"""The audit trail keeps every command as it was."""

import sqlite3

import pytest

from lunabot.matrix.ids import EventId
from lunabot.memory import audit, schema
from lunabot.memory.archive import Archive
from lunabot.memory.audit import AuditEntry
from tests.unit.memory.samples import ADA


def _entry(number: int, arguments: str = "--yes") -> AuditEntry:
    return AuditEntry(
        number, EventId(f"${number}"), ADA, "purge", arguments, "refused", 3, "a1b2c3"
    )


async def test_commands_come_back_newest_first(archive: Archive) -> None:
    for number in (1, 2, 3):
        await archive.record_command(_entry(number))
    assert await archive.search(audit.newest, 2) == (_entry(3), _entry(2))


async def test_any_arguments_can_be_kept(archive: Archive) -> None:
    await archive.record_command(_entry(1, "lone \ud800 surrogate"))
    assert (await archive.search(audit.newest, 1))[0].arguments == "lone ? surrogate"


@pytest.mark.parametrize("change", ["DELETE FROM audit", "UPDATE audit SET outcome = 'ok'"])
def test_the_trail_cannot_be_changed(change: str) -> None:
    connection = schema.connect(None)
    audit.append(connection, _entry(1))
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change)
    assert audit.newest(connection, 10) == (_entry(1),)
    connection.close()
