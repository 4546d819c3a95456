"""What Luna's accounts owe, and the rooms in which it waits for what was asked before."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.holes import Hole
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory

_PATIENCE_S = 120.0  # with a gap that cannot be filled
STARTING_S = 30.0  # while accounts come up one after the other


@dataclass
class Debts:
    """Hands out what is owed in the order in which it was asked, whoever owes it.

    A room waits where a gap may still hold older questions, or the answer that a crash kept from
    being noted, two minutes at most. After a start it also waits for accounts that owe an older
    answer and do not run yet (`accounts` are those that do, `own` all there are).
    """

    accounts: Mapping[UserId, Account]
    memory: Memory
    queues: RoomQueues
    own: Callable[[], Collection[UserId]]
    _over: set[tuple[UserId, RoomId, str]] = field(init=False, default_factory=set)
    _gaps: dict[RoomId, float] = field(init=False, default_factory=dict)
    _behind: set[RoomId] = field(init=False, default_factory=set)
    _began: float = field(init=False, default_factory=time.monotonic)
    _began_ms: float = field(init=False, default_factory=lambda: time.time() * 1000)

    def waits(self, room_id: RoomId) -> bool:
        """Tell whether what is asked in a room is not to be answered yet."""
        since = self._gaps.get(room_id)
        has_gap = since is not None and time.monotonic() - since < _PATIENCE_S
        return has_gap or room_id in self._behind

    def hold(self, room_id: RoomId) -> None:
        """Let a room wait until debts are settled next."""
        self._behind.add(room_id)

    def note_absent(self, room_id: RoomId) -> None:
        """Note that in a room an account is to answer that does not run: it may only be late."""
        if time.monotonic() - self._began < STARTING_S:
            self.hold(room_id)

    def is_open(self, hole: Hole) -> bool:
        """Tell whether a hole may still hold what is to be answered."""
        return hole.until is not None and (hole.account, hole.room_id, hole.until) not in self._over

    def note_over(self, account: UserId, room_id: RoomId, until: str) -> None:
        """Note that nothing is to be answered in what is left of the gap after a token."""
        self._over.add((account, room_id, until))

    async def look_at_gaps(self) -> None:
        """See in which rooms there are gaps."""
        now, holes = time.monotonic(), await self.memory.archive.holes()
        rooms = {h.room_id for h in holes if h.account in self.accounts and self.is_open(h)}
        self._gaps = {room_id: self._gaps.get(room_id, now) for room_id in rooms}

    async def settle(
        self, account: Account, backlog_ms: int
    ) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        """Queue, in order, what is owed and need not wait.

        Return the questions to an account that are to be answered, and those that are too old.
        A debt of its own whose question is no longer known (redacted, purged) is dropped, with what
        stands in the room of the answer; one that is too old is missed, unless the answer had
        begun. What stands in line already is not queued twice.
        """
        await self.look_at_gaps()
        archive, me = self.memory.archive, account.user_id
        debts = await archive.owed(me)
        if not (debts or self._behind):
            return (), ()
        oldest = account.server_now() - backlog_ms
        asked = await archive.messages([debt.event_id for debt in debts])
        await self._drop(account, [debt for debt in debts if debt.event_id not in asked])
        known = [(debt, asked[debt.event_id]) for debt in debts if debt.event_id in asked]
        late = [message for debt, message in known if not _is_due(debt, message, oldest)]
        await archive.record_unanswered(me, [message.event_id for message in late], "missed")
        due = [
            (debt, message)
            for debt, message in await archive.all_owed()
            if message and debt.account in self.own() and _is_due(debt, message, oldest)
        ]
        due.sort(key=lambda each: each[1].timestamp)
        self._queue(due)  # without an await since the read: nothing has been owed meanwhile
        return tuple(message for debt, message in due if debt.account == me), tuple(late)

    async def _drop(self, account: Account, debts: Sequence[Debt]) -> None:
        gone = [debt.event_id for debt in debts]
        await self.memory.archive.record_unanswered(account.user_id, gone, "ignored")
        for room_id, part in {(debt.room_id, part) for debt in debts for part in debt.parts}:
            await account.redact(room_id, part)

    def _queue(self, due: Iterable[tuple[Debt, Message]]) -> None:
        self._behind.clear()
        for debt, message in due:
            if debt.account not in self.accounts:
                self.note_absent(debt.room_id)
            elif not self.waits(debt.room_id):
                tried = debt.received_at < self._began_ms
                self.queues.put(Question(debt.account, message, debt.parts, tried=tried))


def _is_due(debt: Debt, message: Message, oldest: int) -> bool:
    """Tell whether a question is still to be answered: it is new enough, or the answer began."""
    return bool(debt.parts) or message.timestamp >= oldest
