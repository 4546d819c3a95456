"""What Luna's accounts owe, and the rooms in which it waits for what was asked before."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.holes import Hole
from lunabot.memory.ledger import Debt
from lunabot.memory.memory import Memory

_PATIENCE_S = 120.0  # with a gap that cannot be filled
_STARTING_S = 30.0  # while accounts come up one after the other


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
        return room_id in self._behind or (
            since is not None and time.monotonic() - since < _PATIENCE_S
        )

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
        if not await archive.owed(me):
            return (), ()
        debts = [debt for user in self.own() for debt in await archive.owed(user)]
        asked = await archive.messages([debt.event_id for debt in debts])
        await self._drop(account, [d for d in debts if d.account == me and d.event_id not in asked])
        oldest = account.server_now() - backlog_ms
        known = [debt for debt in debts if debt.event_id in asked]
        due = [d for d in known if d.parts or asked[d.event_id].timestamp >= oldest]
        missed = [d.event_id for d in set(known).difference(due) if d.account == me]
        await archive.record_unanswered(me, missed, "missed")
        places = await self._places(due)
        due.sort(key=lambda debt: (asked[debt.event_id].timestamp, places.get(debt, 0)))
        self._queue(due, asked)
        mine = tuple(asked[debt.event_id] for debt in due if debt.account == me)
        return mine, tuple(asked[event_id] for event_id in missed)

    async def _drop(self, account: Account, debts: Sequence[Debt]) -> None:
        gone = [debt.event_id for debt in debts]
        await self.memory.archive.record_unanswered(account.user_id, gone, "ignored")
        for room_id, part in {(debt.room_id, part) for debt in debts for part in debt.parts}:
            await account.redact(room_id, part)

    async def _places(self, debts: Sequence[Debt]) -> dict[Debt, int]:
        """Return the places of those that are to answer a message with others."""
        count = Counter((debt.room_id, debt.event_id) for debt in debts)
        return {
            debt: place
            for (room_id, event_id), number in count.items()
            if number > 1
            for place, debt in enumerate(await self.memory.archive.debts_about(room_id, event_id))
        }

    def _queue(self, due: Sequence[Debt], asked: Mapping[EventId, Message]) -> None:
        is_starting = time.monotonic() - self._began < _STARTING_S
        self._behind.clear()
        for debt in due:
            if debt.account not in self.accounts:
                self._behind.update([debt.room_id] if is_starting else ())
            elif not self.waits(debt.room_id):
                tried = debt.received_at < self._began_ms
                message = asked[debt.event_id]
                self.queues.put(Question(debt.account, message, debt.parts, tried=tried))
