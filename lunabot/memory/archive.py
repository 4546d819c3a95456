"""The archive (`archive.db`): what happened, append-only, in SQLite with full text.

All of its SQL runs on one thread of its own, each call as one job there: the event loop never
waits for the disk, writers never meet, and a message costs one change of threads (a driver that
hands over each statement needs five). What is confirmed outlives the process.
"""

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from lunabot.errors import WorldError
from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory import audit, journal, ledger, messages, schema, usage
from lunabot.memory.audit import AuditEntry
from lunabot.memory.journal import Facts, Undertaking
from lunabot.memory.ledger import Debt, Unanswered
from lunabot.memory.messages import Recorded
from lunabot.memory.usage import Usage

_HISTORY_CHUNK = 500  # events of one transaction, so that live messages get in between
_OURS = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISUSE}

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Query = Callable[Concatenate[sqlite3.Connection, _P], _T]


@dataclass(frozen=True, slots=True)
class Counts:
    """How large an archive is: `tokens` were spent in all, `size` is in bytes on disk."""

    messages: int
    rooms: int
    tokens: int
    size: int


class Archive:
    """The log of everything that happened, behind one thread.

    Every method raises `WorldError` when the file or the disk fails; nothing was changed then.
    An instance comes from `open`.
    """

    def __init__(
        self, path: Path | None, thread: ThreadPoolExecutor, connection: sqlite3.Connection
    ) -> None:
        self._path = path
        self._thread = thread
        self._connection = connection

    @classmethod
    async def open(cls, path: Path | None) -> Self:
        """Open or create an archive; None keeps it in memory, where nothing outlives it.

        A file that cannot be used is left as it is and raises `WorldError`.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="archive")
        try:
            connection = await _on(thread, schema.connect, path)
        except (sqlite3.Error, OSError) as error:
            raise WorldError(
                f"{path} cannot be used ({error}). It was left as it is: restore a backup or move "
                "it away, then start Luna again."
            ) from error
        return cls(path, thread, connection)

    async def close(self) -> None:
        """Finish what was asked for and close the file. Nothing may be asked of it any more."""
        await _on(self._thread, self._connection.close)
        self._thread.shutdown(wait=False)

    async def record_sync(
        self,
        account: UserId,
        token: str,
        events: Iterable[RoomEvent],
        debts: Collection[Debt] = (),
    ) -> Recorded:
        """Store what a sync of an account brought, together with the token that covers it.

        Messages, edits and redactions are stored, once, whichever account saw them first and in
        whichever order they come; other events are skipped. `debts` are recorded as owed where
        their message is new.
        """
        return await self._write(_record_sync, account, token, events, debts)

    async def record_outbound(self, message: Message) -> Recorded:
        """Store a message of Luna's own under the id the server gave it; its echo is known then."""
        return await self._write(messages.record, [message])

    async def record_history(self, events: Sequence[RoomEvent]) -> int:
        """Store older events in bulk, in several transactions; return how many messages were new.

        After a failure in the middle the rest can be brought in by doing it all again.
        """
        new = 0
        for start in range(0, len(events), _HISTORY_CHUNK):
            chunk = events[start : start + _HISTORY_CHUNK]
            new += len((await self._write(messages.record, chunk)).new)
        return new

    async def recent(
        self, room_id: RoomId, limit: int, before: int | None = None
    ) -> tuple[Message, ...]:
        """Return the newest messages of a room (older than `before`, milliseconds), oldest first.

        Edits are applied and redacted messages left out.
        """
        return await self._read(messages.recent, room_id, limit, before)

    async def messages(self, event_ids: Iterable[EventId]) -> dict[EventId, Message]:
        """Return those of the messages that are known and not redacted, edits applied."""
        return await self._read(messages.by_ids, event_ids)

    async def recent_by_room(self, limit: int) -> dict[RoomId, tuple[Message, ...]]:
        """Return the newest messages of every room, each as `recent` does."""
        return await self._read(_recent_by_room, limit)

    async def sync_token(self, account: UserId) -> str | None:
        """Return the token up to which everything an account may see is stored."""
        return await self._read(_sync_token, account)

    async def forget_account(self, account: UserId) -> None:
        """Forget how far an account has synced and what it owes: it is no more."""
        await self._write(_forget_account, account)

    async def record_answer(
        self, account: UserId, questions: Collection[EventId], answer: Message
    ) -> Recorded:
        """Store an answer that was sent and settle the questions it answers, together."""
        return await self._write(_record_answer, account, questions, answer)

    async def record_unanswered(
        self, account: UserId, questions: Collection[EventId], outcome: Unanswered
    ) -> None:
        """Note that an account will not answer these questions any more."""
        await self._write(ledger.give_up, account, questions, outcome)

    async def owed(self, account: UserId) -> tuple[Debt, ...]:
        """Return the answers an account owes, in the order the questions came."""
        return await self._read(ledger.owed, account)

    async def has_answered(self, account: UserId, event_id: EventId) -> bool:
        """Tell whether an account's answer to a message was sent."""
        return await self._read(ledger.has_answered, account, event_id)

    async def record_command(self, entry: AuditEntry) -> None:
        """Add a command to the audit trail."""
        await self._write(audit.append, entry)

    async def audit_entries(self, limit: int) -> tuple[AuditEntry, ...]:
        """Return the newest commands, newest first."""
        return await self._read(audit.newest, limit)

    async def record_usage(self, spent: Usage) -> None:
        """Note the tokens that a call of the model cost."""
        await self._write(usage.append, spent)

    async def tokens_since(self, timestamp: int) -> dict[UserId, int]:
        """Return the tokens that each account has spent from a moment on (milliseconds)."""
        return await self._read(usage.tokens_since, timestamp)

    async def begin(self, kind: str, subject: str, facts: Facts) -> Undertaking:
        """Note that a transaction begins: see `lunabot.memory.journal`."""
        return await self._write(journal.begin, kind, subject, facts)

    async def note(self, undertaking: Undertaking) -> None:
        """Note the step that a transaction is about to do."""
        await self._write(journal.note, undertaking)

    async def end(self, undertaking: Undertaking) -> None:
        """Note that a transaction is done, or undone."""
        await self._write(journal.end, undertaking)

    async def unfinished(self) -> tuple[Undertaking, ...]:
        """Return the transactions that a crash cut off, the oldest first."""
        return await self._read(journal.unfinished)

    async def counts(self) -> Counts:
        """Return how large the archive is; redacted messages and edits do not count."""
        return await self._read(_counts, self._path)

    async def _read(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query on the archive's thread."""
        try:
            return await _on(self._thread, query, self._connection, *args, **kwargs)
        except (sqlite3.Error, OSError) as error:
            if _is_bug(error):
                raise
            raise WorldError(
                f"{self._path} failed ({error}). What could not be stored is asked for again "
                "from the server at the next start."
            ) from error

    async def _write(self, query: _Query[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run a query in a transaction of its own: all of it happens, or nothing."""

        def transaction(connection: sqlite3.Connection) -> _T:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                return query(connection, *args, **kwargs)

        return await self._read(transaction)


async def _on(
    thread: ThreadPoolExecutor, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
) -> _T:
    call = functools.partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(thread, call)


def _is_bug(error: Exception) -> bool:
    """Tell a mistake in our SQL or its use from a file or disk that fails."""
    if not isinstance(error, sqlite3.Error):
        return False
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    return code & 0xFF in _OURS  # the rest of an extended code is its detail


def _record_sync(
    connection: sqlite3.Connection,
    account: UserId,
    token: str,
    events: Iterable[RoomEvent],
    debts: Collection[Debt],
) -> Recorded:
    recorded = messages.record(connection, events)
    ledger.owe(connection, [debt for debt in debts if debt.event_id in recorded.new])
    connection.execute(
        "INSERT INTO sync_tokens (account, token) VALUES (?1, ?2) "
        "ON CONFLICT (account) DO UPDATE SET token = ?2",
        (account, token),
    )
    return recorded


def _forget_account(connection: sqlite3.Connection, account: UserId) -> None:
    connection.execute("DELETE FROM sync_tokens WHERE account = ?", (account,))
    owed = [debt.event_id for debt in ledger.owed(connection, account)]
    ledger.give_up(connection, account, owed, "ignored")


def _sync_token(connection: sqlite3.Connection, account: UserId) -> str | None:
    found = connection.execute("SELECT token FROM sync_tokens WHERE account = ?", (account,))
    row = found.fetchone()
    return None if row is None else str(row[0])


def _record_answer(
    connection: sqlite3.Connection, account: UserId, questions: Collection[EventId], answer: Message
) -> Recorded:
    ledger.settle(connection, account, questions, answer)
    return messages.record(connection, [answer])


def _recent_by_room(
    connection: sqlite3.Connection, limit: int
) -> dict[RoomId, tuple[Message, ...]]:
    return {
        room_id: messages.recent(connection, room_id, limit, None)
        for room_id in messages.room_ids(connection)
    }


def _counts(connection: sqlite3.Connection, path: Path | None) -> Counts:
    found = connection.execute(
        "SELECT count(*), count(DISTINCT room_id), "
        "(SELECT coalesce(sum(prompt_tokens + completion_tokens), 0) FROM usage) "
        "FROM messages WHERE replaces IS NULL AND redacted = 0"
    )
    files = [path, path.with_name(path.name + "-wal")] if path else []
    size = sum(file.stat().st_size for file in files if file.exists())
    said, rooms, tokens = found.fetchone()
    return Counts(said, rooms, tokens, size)
