"""Who stands next to whom: the messages of each room and thread in the order of time.

It costs 23 bytes of memory a message and lives on the thread of its connection.
"""

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lunabot.matrix.ids import EventId, RoomId

PAUSE = 3_600_000
"""Milliseconds without a word after which a new sitting begins."""
_OF_ROOM = """
    SELECT room_id, thread, id, timestamp, length(body) FROM messages
    WHERE room_id = ? AND replaces IS NULL AND redacted = 0 AND id <= ? ORDER BY timestamp"""
_NEW = """
    SELECT room_id, thread, id, timestamp, length(body) FROM messages
    WHERE id > ? AND id <= ? AND replaces IS NULL AND redacted = 0 ORDER BY timestamp"""
_LONGEST = 2**16 - 1  # what fits into an entry
_MANY = 1_000  # new messages after which a room is read anew: old ones among them have to be moved


@dataclass(slots=True)
class Line:
    """A room without its threads, or one of its threads, in time order.

    `keys` and `times` have an entry a message; `starts` are the places where sittings begin, or
    none where they are to be found anew.
    """

    keys: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[int]" = field(default_factory=lambda: array("q"))
    starts: "array[int]" = field(default_factory=lambda: array("l"))

    def add(self, key: int, time: int) -> None:
        """Put a message in its place, which mostly is the end."""
        place = bisect_right(self.times, time)
        self.keys.insert(place, key)
        self.times.insert(place, time)
        if place < len(self.times) - 1:
            del self.starts[:]  # they are found anew when somebody asks
        elif (self.starts or not place) and self._begins(place):
            self.starts.append(place)

    def position(self, key: int, time: int) -> int | None:
        """Return where a message stands, if it does."""
        for place in range(bisect_left(self.times, time), bisect_right(self.times, time)):
            if self.keys[place] == key:
                return place
        return None

    def sitting(self, position: int) -> range:
        """Return where the sitting stands that a message belongs to."""
        if not self.starts:
            self.starts.extend(filter(self._begins, range(len(self.times))))
        after = bisect_right(self.starts, position)
        stop = self.starts[after] if after < len(self.starts) else len(self.times)
        return range(self.starts[after - 1], stop)

    def around(self, position: int, most: int) -> Iterator[int]:
        """Return the keys of a message's sitting, the nearest first, as far as so many places."""
        within = self.sitting(position)
        near = range(max(within.start, position - most), min(within.stop, position + most + 1))
        return (self.keys[at] for at in sorted(near, key=lambda place: abs(place - position)))

    def _begins(self, place: int) -> bool:
        return not place or self.times[place] - self.times[place - 1] > PAUSE


class Timeline:
    """The lines of the rooms that were asked for, kept in step with the archive.

    `lengths` are the messages' by their keys: characters, and very many at most. What is redacted
    or purged later stays as a place that holds nothing.
    """

    def __init__(self) -> None:
        self._rooms: dict[RoomId, dict[EventId | None, Line]] = {}
        self.lengths = array("H")
        self._codes: dict[RoomId, int] = {}
        self._room_codes = array("I")
        self._seen = 0

    def update(self, connection: sqlite3.Connection, rooms: Iterable[RoomId]) -> None:
        """Take in what is new in the archive, and all of those rooms that are not here yet."""
        seen = self._seen
        self._seen = connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0]
        if self._seen - seen > _MANY:
            self._rooms.clear()
        elif self._seen != seen:
            self._add(connection.execute(_NEW, (seen, self._seen)))
        for room_id in rooms:
            if room_id not in self._rooms:
                self._rooms[room_id] = {}
                self._add(connection.execute(_OF_ROOM, (room_id, self._seen)))

    def size(self, rooms: Iterable[RoomId]) -> int:
        """Return how many messages these rooms have."""
        lines = (line for room_id in rooms for line in self._rooms.get(room_id, {}).values())
        return sum(len(line.keys) for line in lines)

    def only(self, rooms: Iterable[RoomId], keys: Iterable[int]) -> list[int]:
        """Return those of the messages that are in these rooms."""
        codes = {self._codes[room_id] for room_id in rooms if room_id in self._codes}
        found = self._room_codes
        return [key for key in keys if key < len(found) and found[key] in codes]

    def line(self, room_id: RoomId, thread: EventId | None) -> Line:
        """Return the line of a room or of a thread in it."""
        lines = self._rooms.setdefault(room_id, {})
        if thread not in lines:
            lines[thread] = Line()
        return lines[thread]

    def _add(self, rows: Iterable[tuple[RoomId, EventId | None, int, int, int]]) -> None:
        added = [0] * (self._seen + 1 - len(self.lengths))
        self.lengths.extend(added)
        self._room_codes.extend(added)
        for room_id, thread, key, time, length in rows:
            if room_id in self._rooms:
                self.line(room_id, thread).add(key, time)
                self.lengths[key] = min(length, _LONGEST)
                self._room_codes[key] = self._codes.setdefault(room_id, len(self._codes) + 1)
