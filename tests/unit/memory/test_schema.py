"""The archive's file: its mode, its migrations, its refusals."""

import sqlite3
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory import schema


def _version(path: Path) -> int:
    connection = sqlite3.connect(path)
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return version


def test_a_new_file_gets_all_migrations_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    connection = schema.connect(path)
    connection.execute("INSERT INTO sync_tokens VALUES ('@luna:localhost', 's1')")
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    connection.close()
    assert set(modes.values()) == {0o600} and len(modes) > 1  # the write-ahead log, too
    assert _version(path) == len(schema.MIGRATIONS)


def test_migrations_run_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "archive.db"
    schema.connect(path).close()
    later = (*schema.MIGRATIONS, "CREATE TABLE colours (name TEXT);")
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    schema.connect(path).close()
    schema.connect(path).close()
    assert _version(path) == len(later)


def test_what_was_said_before_there_were_media_is_shown_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, released = tmp_path / "archive.db", schema.MIGRATIONS
    monkeypatch.setattr(schema, "MIGRATIONS", released[: released.index(schema._MEDIA)])
    connection = schema.connect(path)
    connection.executescript(
        "INSERT INTO messages (event_id, room_id, sender, timestamp, body, msgtype, encrypted) "
        "VALUES ('$1', '!a', '@b', 1, 'hello', 'm.text', 0);"
        "INSERT INTO message_index (rowid, body) VALUES (1, 'hello');"
    )
    connection.close()
    monkeypatch.setattr(schema, "MIGRATIONS", released)
    connection = schema.connect(path)
    shown = connection.execute("SELECT body, media FROM shown").fetchall()
    found = connection.execute("SELECT words FROM message_index WHERE message_index MATCH 'hello'")
    assert (shown, found.fetchall()) == ([("hello", None)], [("hello",)])
    connection.close()


def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "archive.db"
    schema.connect(path).close()
    released = schema.MIGRATIONS
    broken = "CREATE TABLE colours (name TEXT); INSERT INTO nowhere VALUES (1);"
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, broken))
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        schema.connect(path)
    assert _version(path) == len(released)
    monkeypatch.setattr(schema, "MIGRATIONS", (*released, "CREATE TABLE colours (name TEXT);"))
    schema.connect(path).close()


def test_a_file_of_a_newer_luna_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "archive.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(WorldError, match="newer Luna"):
        schema.connect(path)
    assert path.read_bytes() == before
