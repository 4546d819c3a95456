"""The archive (`archive.db`): what happened, append-only, in SQLite with full text.

All of its SQL runs on threads of its own (see `database`). What is confirmed outlives the process.
"""

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lunabot.matrix.batch import Gap
from lunabot.matrix.events import Message, RoomEvent
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory import audit, holes, journal, ledger, messages, purges, turns, usage
from lunabot.memory.audit import AuditEntry
from lunabot.memory.database import Database
from lunabot.memory.holes import Hole
from lunabot.memory.journal import Facts, Undertaking
from lunabot.memory.ledger import Debt, Unanswered
from lunabot.memory.loop import Turn
from lunabot.memory.messages import Recorded
from lunabot.memory.retrieval import vectors
from lunabot.memory.usage import Usage

_HISTORY_CHUNK = 500  # events of one transaction, so that live messages get in between


@dataclass(frozen=True, slots=True)
class Counts:
    """How large an archive is: `tokens` were spent in all, `size` is in bytes on disk."""

    messages: int
    rooms: int
    tokens: int
    size: int


class Archive(Database):
    """The log of everything that happened.

    Every method raises `WorldError` when the file or the disk fails; nothing was changed then.
    """

    async def record_sync(
        self,
        account: UserId,
        token: str,
        events: Sequence[RoomEvent],
        debts: Collection[Debt] = (),
        follow_ups: Collection[Debt] = (),
        gaps: Collection[Gap] = (),
    ) -> Recorded:
        """Store what a sync of an account brought, together with the token that covers it.

        Messages, edits and redactions are stored, once, whichever account saw them first and in
        whichever order they come; other events are skipped. `debts` are recorded as owed where
        their message is new, `follow_ups` to messages of Luna's accounts in any case. What is
        among the events of answers settles what they answer. `gaps` become holes, to be filled.
        """
        return await self._write(_record_sync, account, token, events, debts, follow_ups, gaps)

    async def record_found(
        self,
        events: Sequence[RoomEvent],
        debts: Collection[Debt] = (),
        follow_ups: Collection[Debt] = (),
    ) -> Recorded:
        """Store what no sync brought and was found in a room, as `record_sync` does."""
        return await self._write(_record, events, debts, follow_ups)

    async def record_own(self, message: Message, follow_ups: Collection[Debt] = ()) -> Recorded:
        """Store a message of one of Luna's accounts under the id the server gave it.

        Its echo is known then; what it answers is settled, what others owe it recorded.
        """
        return await self._write(_record, [message], (), follow_ups)

    async def record_history(self, events: Sequence[RoomEvent]) -> int:
        """Store older events in bulk, in several transactions; return how many messages were new.

        After a failure in the middle the rest can be brought in by doing it all again.
        """
        new = 0
        for start in range(0, len(events), _HISTORY_CHUNK):
            chunk = events[start : start + _HISTORY_CHUNK]
            new += len((await self._write(_record, chunk)).new)
        return new

    async def known(self, event_ids: Iterable[EventId]) -> frozenset[EventId]:
        """Return which of these messages, edits among them, were stored; redacted ones, too."""
        return await self._read(messages.known, event_ids)

    async def oldest(self, room_id: RoomId) -> int | None:
        """Return when the oldest message of a room was sent, in milliseconds, if there is one."""
        return await self._read(messages.oldest, room_id)

    async def note_history(self, room_id: RoomId, account: UserId, token: str) -> Hole:
        """Note that an account is to fetch all of a room, if nobody is at it already."""
        return await self._write(holes.note_history, room_id, account, token)

    async def holes(self) -> tuple[Hole, ...]:
        """Return what is still to be fetched: gaps first, then history."""
        return await self._read(holes.still_open)

    async def advance(self, hole: Hole, token: str | None) -> None:
        """Note from where on the rest of a hole is read; None where nothing is left of it."""
        await self._write(holes.advance, hole, token)

    async def recent(
        self, room_id: RoomId, limit: int, before: int | None = None
    ) -> tuple[Message, ...]:
        """Return the newest messages of a room (older than `before`, milliseconds), oldest first.

        Edits are applied and redacted messages left out.
        """
        return await self._read(messages.recent, room_id, limit, before)

    async def in_thread(
        self, room_id: RoomId, limit: int, before: int, thread: EventId
    ) -> tuple[Message, ...]:
        """Return the newest messages of a thread, its root among them, as `recent` does."""
        return await self._read(messages.in_thread, room_id, limit, before, thread)

    async def messages(self, event_ids: Iterable[EventId]) -> dict[EventId, Message]:
        """Return those of the messages that are known and not redacted, edits applied."""
        return await self._read(messages.by_ids, event_ids)

    async def changing(self, events: Sequence[RoomEvent]) -> tuple[tuple[RoomId, int], ...]:
        """Return the rooms and times of the messages that these events will change."""
        return await self._read(messages.changing, events)

    async def recent_by_room(self, limit: int) -> dict[RoomId, tuple[Message, ...]]:
        """Return the newest messages of every room, each as `recent` does."""
        return await self._read(_recent_by_room, limit)

    async def sync_token(self, account: UserId) -> str | None:
        """Return the token up to which everything an account may see is stored."""
        return await self._read(_sync_token, account)

    async def forget_account(self, account: UserId) -> None:
        """Forget how far an account has synced, what it owes and was to fetch: it is no more."""
        await self._write(_forget_account, account)

    async def record_unanswered(
        self, account: UserId, questions: Collection[EventId], outcome: Unanswered
    ) -> None:
        """Note that an account will not answer these questions any more."""
        await self._write(ledger.give_up, account, questions, outcome)

    async def owed(self, account: UserId) -> tuple[Debt, ...]:
        """Return the answers an account owes, in the order the questions came."""
        return await self._read(ledger.owed, account)

    async def all_owed(self) -> tuple[tuple[Debt, Message | None], ...]:
        """Return what all accounts owe at one moment, and the questions that are still known.

        In the order in which they came, and were put to those who are to answer the same one.
        """
        return await self._read(_all_owed)

    async def asked(
        self, account: UserId, questions: Collection[EventId]
    ) -> tuple[dict[EventId, Message], set[EventId]]:
        """Return the questions as `messages` does, and which of them an account still owes."""
        return await self._read(_asked, account, questions)

    async def debts_about(self, room_id: RoomId, event_id: EventId) -> tuple[Debt, ...]:
        """Return the debts, settled or not, whose question or answer a message is."""
        return await self._read(ledger.about, room_id, event_id)

    async def outcomes(self, questions: Collection[EventId]) -> dict[str, int]:
        """Return how many answers to these questions are ``owed``, ``sent`` and ``missed``."""
        return await self._read(ledger.outcomes, questions)

    async def turns(
        self,
        room_id: RoomId,
        account: UserId,
        limit: int,
        *,
        since: int = 0,
        senders: Collection[UserId] = (),
    ) -> tuple[Turn, ...]:
        """Return who spoke last in a room, oldest first: see `lunabot.memory.turns`."""
        return await self._read(turns.newest, room_id, account, limit, since=since, senders=senders)

    async def last_words(self, room_id: RoomId, since: int) -> dict[UserId, int]:
        """Return who has spoken in a room after a moment, and when last (milliseconds)."""
        return await self._read(turns.last_words, room_id, since)

    async def record_command(self, entry: AuditEntry) -> None:
        """Add a command to the audit trail."""
        await self._write(audit.append, entry)

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

    async def use_vectors_of(self, model: str) -> None:
        """Drop the vectors of messages that another model made."""
        await self._write(vectors.use_model, model)

    async def without_vectors(self, limit: int) -> list[tuple[int, str]]:
        """Return the keys and texts of messages that have no vector yet, the newest first."""
        return await self._read(vectors.pending, limit)

    async def record_vectors(
        self, texts: Sequence[tuple[int, str]], found: Sequence[bytes]
    ) -> None:
        """Keep the vectors of messages, where their texts are still these."""
        await self._write(vectors.store, texts, found)

    async def scrub(self) -> None:
        """Leave nothing in the file of what was purged; a second for 10 MB, held up meanwhile."""
        await self._read(purges.scrub)
        await self.remove_old_copies()


def _record_sync(
    connection: sqlite3.Connection,
    account: UserId,
    token: str,
    events: Sequence[RoomEvent],
    debts: Collection[Debt],
    follow_ups: Collection[Debt],
    gaps: Collection[Gap],
) -> Recorded:
    recorded = _record(connection, events, debts, follow_ups)
    holes.note_gaps(connection, account, gaps)
    connection.execute(
        "INSERT INTO sync_tokens (account, token) VALUES (?1, ?2) "
        "ON CONFLICT (account) DO UPDATE SET token = ?2",
        (account, token),
    )
    return recorded


def _record(
    connection: sqlite3.Connection,
    events: Sequence[RoomEvent],
    debts: Collection[Debt] = (),
    follow_ups: Collection[Debt] = (),
) -> Recorded:
    recorded = messages.record(connection, events)
    new = [debt for debt in debts if debt.event_id in recorded.new]
    owed = ledger.owe(connection, [*new, *follow_ups])
    answers = [event for event in events if isinstance(event, Message) and event.answers]
    ledger.settle(connection, answers)
    return replace(recorded, owed=owed)


def _forget_account(connection: sqlite3.Connection, account: UserId) -> None:
    connection.execute("DELETE FROM sync_tokens WHERE account = ?", (account,))
    holes.forget(connection, account)
    owed = [debt.event_id for debt in ledger.owed(connection, account)]
    ledger.give_up(connection, account, owed, "ignored")


def _all_owed(connection: sqlite3.Connection) -> tuple[tuple[Debt, Message | None], ...]:
    owed = ledger.all_owed(connection)
    asked = messages.by_ids(connection, [debt.event_id for debt in owed])
    return tuple((debt, asked.get(debt.event_id)) for debt in owed)


def _asked(
    connection: sqlite3.Connection, account: UserId, questions: Collection[EventId]
) -> tuple[dict[EventId, Message], set[EventId]]:
    owed = {each for each in questions if ledger.is_owed(connection, account, each)}
    return messages.by_ids(connection, questions), owed


def _sync_token(connection: sqlite3.Connection, account: UserId) -> str | None:
    found = connection.execute("SELECT token FROM sync_tokens WHERE account = ?", (account,))
    row = found.fetchone()
    return None if row is None else str(row[0])


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
