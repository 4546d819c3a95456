"""What lies on the table when something is summed up: the stores, the people, the talk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from lunabot.config import Settings
from lunabot.dispatch.cast import Cast
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.memory import messages
from lunabot.memory.memory import Memory
from lunabot.prompt.transcript import Transcript
from lunabot.remembering.instructions import Task
from lunabot.remembering.segments import weight

ALL = 2**62
"""More weight than any talk has."""
_READ = 250  # messages at once
_READER = UserId("@:")  # took no part, so that all others have their names
_OTHERS = {UserId("@:1"): "", UserId("@:2"): ""}  # so that even who speaks alone is named
_LAST_SECOND = 253_402_300_799  # of the year 9999

Kind = Literal["chapter", "lens", "notes"]


@dataclass(frozen=True, slots=True)
class Work:
    """One text that is owed.

    `name` is the same for the same text at every try. It is made of `messages`, and of documents
    of the state: they were as `seen`, and are as `basis` gives them now. Only while none of them
    has changed is it kept. `keep` stores what the model wrote in one step, or raises `Unusable`.
    """

    kind: Kind
    name: str
    task: Task
    messages: Sequence[Message]
    seen: object
    basis: Callable[[], object]
    keep: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to find out what is owed.

    `names` gives the display names of the people of a room, `is_talk` tells conversation from
    commands, `now` is in milliseconds.
    """

    memory: Memory
    cast: Cast
    names: Callable[[RoomId], Mapping[UserId, str]]
    is_talk: Callable[[Message], bool]
    settings: Callable[[], Settings]
    now: Callable[[], int]

    async def talk(
        self, room_id: RoomId, begins: int, ends: int | None = None, *, enough: int
    ) -> tuple[Message, ...]:
        """Return what was said in a stretch of time (milliseconds, both ends included).

        It is read as far as it makes `enough` weight; messages of one moment stay together.
        """
        limit = _READ
        while True:
            search = self.memory.archive.search
            read = await search(messages.between, room_id, begins, ends, limit)
            whole = read if len(read) < limit else _whole_moments(read)
            talk = tuple(each for each in whole if self._counts(each))
            if len(read) < limit or sum(map(weight, talk)) >= enough:
                return talk
            limit *= 2

    async def unchanged(self, work: Work) -> bool:
        """Tell whether the messages that a text was made of are still what people see."""
        if not work.messages:
            return True
        ids = [message.event_id for message in work.messages]
        known = await self.memory.archive.messages(ids)
        return all(known.get(each.event_id) == each for each in work.messages)

    def lines(self, talk: Sequence[Message]) -> list[str]:
        """Return what was said as lines that nobody can forge, with a line for each day (UTC)."""
        names = dict(self.names(talk[0].room_id)) if talk else {}
        transcript = Transcript(talk, me=_READER, names={**_OTHERS, **names})
        lines: list[str] = []
        last = ""
        for message in transcript.messages:
            today = day(message.timestamp)
            if today != last:
                lines.append(f"[{today}]")
            lines.append(transcript.line(message).text)
            last = today
        return lines

    def name(self, room_id: RoomId, user: UserId) -> str:
        """Return what somebody is called in a room."""
        return self.names(room_id).get(user) or localpart(user)

    def _counts(self, message: Message) -> bool:
        return message.msgtype != "m.notice" and self.is_talk(message)


def day(moment: int) -> str:
    """Return the day (UTC) of a moment in milliseconds: ``2024-05-08``."""
    seconds = min(max(moment // 1000, 0), _LAST_SECOND)
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _whole_moments(read: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages without those of the last moment, of which there may be more."""
    return tuple(each for each in read if each.timestamp < read[-1].timestamp)
