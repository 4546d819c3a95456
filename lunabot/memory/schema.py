"""The tables of the archive, as numbered migrations, and the opening of its file.

`PRAGMA user_version` holds the number of the last migration a file went through.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from lunabot.errors import WorldError
from lunabot.memory.retrieval.index import define_functions

_FIRST = """
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL UNIQUE,
    room_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    body TEXT NOT NULL,
    msgtype TEXT NOT NULL,
    formatted_body TEXT,
    mentions TEXT,
    replaces TEXT,
    in_reply_to TEXT,
    thread TEXT,
    encrypted INTEGER NOT NULL,
    redacted INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX messages_in_time ON messages (room_id, timestamp)
    WHERE replaces IS NULL AND redacted = 0;
CREATE INDEX messages_edits ON messages (replaces, timestamp, event_id)
    WHERE replaces IS NOT NULL;

CREATE TABLE redactions (
    event_id TEXT PRIMARY KEY,
    room_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    timestamp INTEGER NOT NULL,
    target TEXT NOT NULL
);
CREATE INDEX redactions_target ON redactions (target);

-- What people see: originals with the text of their newest valid edit, without what was redacted.
-- Matrix 1.11, "Event replacements": an edit counts when room and sender are the original's, and
-- it was encrypted if the original was; the newest wins, then the greatest event id.
CREATE VIEW shown AS
SELECT original.id, original.event_id, original.room_id, original.sender, original.timestamp,
    iif(edit.id IS NULL, original.body, edit.body) AS body,
    iif(edit.id IS NULL, original.msgtype, edit.msgtype) AS msgtype,
    iif(edit.id IS NULL, original.formatted_body, edit.formatted_body) AS formatted_body,
    iif(edit.id IS NULL, original.mentions, edit.mentions) AS mentions,
    original.in_reply_to, original.thread, original.encrypted
FROM messages AS original
LEFT JOIN messages AS edit ON edit.id = (
    SELECT id FROM messages AS candidate
    WHERE candidate.replaces = original.event_id
        AND candidate.room_id = original.room_id
        AND candidate.sender = original.sender
        AND candidate.encrypted >= original.encrypted
        AND candidate.redacted = 0
    ORDER BY candidate.timestamp DESC, candidate.event_id DESC LIMIT 1)
WHERE original.replaces IS NULL AND original.redacted = 0;

CREATE VIRTUAL TABLE message_index USING fts5 (
    body, content = 'shown', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE sync_tokens (account TEXT PRIMARY KEY, token TEXT NOT NULL);

CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    event_id TEXT NOT NULL,
    room_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    transaction_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('owed', 'sent', 'missed', 'ignored')),
    answer_event_id TEXT,
    UNIQUE (account, event_id)
);
CREATE INDEX answers_owed ON answers (account) WHERE state = 'owed';

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    verb TEXT NOT NULL,
    arguments TEXT NOT NULL,
    outcome TEXT NOT NULL
        CHECK (outcome IN ('ok', 'failed', 'refused', 'asked', 'declined', 'expired')),
    duration_ms INTEGER NOT NULL,
    reference TEXT
);
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE undertakings (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    steps TEXT NOT NULL,
    facts TEXT NOT NULL
);

CREATE TABLE usage (
    id INTEGER PRIMARY KEY,
    timestamp INTEGER NOT NULL,
    room_id TEXT NOT NULL,
    account TEXT NOT NULL,
    asker TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL
);
"""

_ANSWERS = """
-- What of an answer is in the room, as a JSON array of event ids. Its transaction id follows from
-- its account and question.
ALTER TABLE answers ADD COLUMN parts TEXT NOT NULL DEFAULT '[]';
UPDATE answers SET parts = json_array(answer_event_id) WHERE answer_event_id IS NOT NULL;
ALTER TABLE answers DROP COLUMN answer_event_id;
ALTER TABLE answers DROP COLUMN transaction_id;
CREATE INDEX answers_in_room ON answers (room_id, id);
"""

_MEDIA = """
-- What a message brings besides words (`lunabot.memory.media`), as JSON. An edit brings its own.
ALTER TABLE messages ADD COLUMN media TEXT;
DROP VIEW shown;
CREATE VIEW shown AS
SELECT original.id, original.event_id, original.room_id, original.sender, original.timestamp,
    iif(edit.id IS NULL, original.body, edit.body) AS body,
    iif(edit.id IS NULL, original.msgtype, edit.msgtype) AS msgtype,
    iif(edit.id IS NULL, original.formatted_body, edit.formatted_body) AS formatted_body,
    iif(edit.id IS NULL, original.mentions, edit.mentions) AS mentions,
    original.in_reply_to, original.thread, original.encrypted,
    iif(edit.id IS NULL, original.media, edit.media) AS media
FROM messages AS original
LEFT JOIN messages AS edit ON edit.id = (
    SELECT id FROM messages AS candidate
    WHERE candidate.replaces = original.event_id
        AND candidate.room_id = original.room_id
        AND candidate.sender = original.sender
        AND candidate.encrypted >= original.encrypted
        AND candidate.redacted = 0
    ORDER BY candidate.timestamp DESC, candidate.event_id DESC LIMIT 1)
WHERE original.replaces IS NULL AND original.redacted = 0;
"""

_HOLES = """
-- What is still to be fetched of a room: backwards from one pagination token to another, or, where
-- there is none, to the room's beginning.
CREATE TABLE holes (
    id INTEGER PRIMARY KEY,
    room_id TEXT NOT NULL,
    account TEXT NOT NULL,
    token TEXT NOT NULL,
    until TEXT
);
CREATE UNIQUE INDEX holes_history ON holes (room_id) WHERE until IS NULL;
"""

_RETRIEVAL = """
-- The full text of what people see: its words in any script, those of its sender and its date, and
-- its room as one word. The functions are those of `lunabot.memory.retrieval.index`.
CREATE VIEW searchable AS
SELECT id, search_words(body) AS words, search_label(sender, timestamp) AS label,
    search_room(room_id) AS room
FROM shown;
DROP TABLE message_index;
CREATE VIRTUAL TABLE message_index USING fts5 (
    words, label, room, content = 'searchable', content_rowid = 'id',
    tokenize = 'porter ascii', detail = column);
INSERT INTO message_index (message_index) VALUES ('rebuild');
-- Vectors of messages, if a model makes them; `number` tells what is new. What has none yet is in
-- `unembedded`.
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER NOT NULL UNIQUE, vector BLOB NOT NULL);
CREATE TABLE vector_model (name TEXT NOT NULL);
CREATE TABLE unembedded (id INTEGER PRIMARY KEY);
INSERT INTO unembedded SELECT id FROM shown;
CREATE INDEX messages_replies ON messages (in_reply_to) WHERE in_reply_to IS NOT NULL;
"""

_THREADS = """
CREATE INDEX messages_in_thread ON messages (thread, timestamp) WHERE thread IS NOT NULL;
"""

_PURGES = """
-- What was purged: of what was sent in a room before that moment nothing is stored any more.
CREATE TABLE purges (room_id TEXT PRIMARY KEY, until INTEGER NOT NULL);
"""

MIGRATIONS = (_FIRST, _ANSWERS, _MEDIA, _HOLES, _RETRIEVAL, _THREADS, _PURGES)
"""The SQL of migration 1, 2, …; one that was released is never changed, only followed."""


def connect(path: Path | None) -> sqlite3.Connection:
    """Open an archive and bring its tables up to date; None is one in memory, lost at the end.

    Commits survive the death of the process. After a power cut the last ones may be missing
    (``synchronous=NORMAL``): the sync token is part of them, so the next sync brings them again.

    Before the first migration of a file that has data, all of it is kept as ``NAME.schema-N``.
    Raises `WorldError` when a newer Luna wrote the file, and `sqlite3.Error` or `OSError` when
    it, or that copy, cannot be used. Either way the file is left as it was found.
    """
    connection = _opened(path)
    try:
        version = _version(connection)
        newest = len(MIGRATIONS)
        if path and version > newest:
            raise WorldError(
                f"{path.name} was written by a newer Luna (schema {version}, this one knows "
                f"{newest}). Nothing in it was changed: start that version, or move it away."
            )
        if path and 0 < version < newest:
            _keep(connection, path.with_name(f"{path.name}.schema-{version}"))
        _migrate(connection, newest)
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
        )
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open an archive that is open already a second time, for queries that may take long."""
    connection = sqlite3.connect(path, timeout=5, isolation_level=None)
    connection.executescript("PRAGMA query_only = ON; PRAGMA cache_size = -16000;")  # 16 MB
    return connection


def create(path: Path, version: int) -> sqlite3.Connection:
    """Make an archive with the tables of an earlier schema, and open it."""
    connection = _opened(path)
    _migrate(connection, version)
    return connection


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is not None:  # SQLite would create it with the mode of the umask; its WAL inherits ours
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path or ":memory:", timeout=5, isolation_level=None)
    define_functions(connection)
    return connection


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number in range(_version(connection), version):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )


def _keep(connection: sqlite3.Connection, path: Path) -> None:
    """Copy all there is, the write-ahead log included, to a file that is whole or not there."""
    part = path.with_name(path.name + ".tmp")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with closing(sqlite3.connect(part)) as copy:
            connection.backup(copy)
        os.fsync(descriptor)
        part.replace(path)
    finally:
        os.close(descriptor)
        part.unlink(missing_ok=True)
