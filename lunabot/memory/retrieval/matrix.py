"""The vectors of messages in memory, where a question's is compared with them; needs numpy."""

import sqlite3
from collections.abc import Iterable

import numpy
from numpy.typing import NDArray

from lunabot.matrix.ids import RoomId

_CHUNK = 1_024  # rows that are compared at once: too few to be worth threads to the library
_NEW = """
    SELECT number, id, room_id, vector FROM vectors JOIN messages USING (id)
    WHERE number > ? ORDER BY number"""


class Matrix:
    """The vectors in memory, a byte a dimension; it lives on the thread of its connection."""

    def __init__(self) -> None:
        self._newest = 0
        self._count = 0
        self._codes: dict[RoomId, int] = {}
        self._keys: NDArray[numpy.int64] = numpy.zeros(0, numpy.int64)
        self._rooms: NDArray[numpy.int32] = numpy.zeros(0, numpy.int32)
        self._vectors: NDArray[numpy.int8] = numpy.zeros((0, 0), numpy.int8)

    def update(self, connection: sqlite3.Connection) -> None:
        """Take in what is new in the archive."""
        rows = connection.execute(_NEW, (self._newest,)).fetchall()
        if not rows:
            return
        numbers, keys, room_ids, vectors = zip(*rows, strict=True)
        added = numpy.frombuffer(b"".join(vectors), numpy.int8).reshape(len(rows), -1)
        if added.shape[1] != self._vectors.shape[1]:  # another model's
            self._count = 0
        self._vectors[: self._count][numpy.isin(self._keys[: self._count], keys)] = 0  # of edited
        self._make_room(len(rows), added.shape[1])
        place = slice(self._count, self._count + len(rows))
        self._keys[place] = keys
        self._rooms[place] = [self._codes.setdefault(each, len(self._codes)) for each in room_ids]
        self._vectors[place] = added
        self._count += len(rows)
        self._newest = numbers[-1]

    def search(self, vector: bytes, rooms: Iterable[RoomId], most: int) -> dict[int, float]:
        """Return the keys of the messages of these rooms that are most like a vector."""
        asked = numpy.frombuffer(vector, numpy.int8).astype(numpy.float32) / 127**2
        codes = [self._codes[room_id] for room_id in rooms if room_id in self._codes]
        if not self._count or self._vectors.shape[1] != len(asked):
            return {}
        likeness = numpy.concatenate(
            [
                self._vectors[start : min(start + _CHUNK, self._count)].astype(numpy.float32)
                @ asked
                for start in range(0, self._count, _CHUNK)
            ]
        )
        likeness[~numpy.isin(self._rooms[: self._count], codes)] = 0
        best = numpy.argpartition(-likeness, min(most, len(likeness)) - 1)[:most]
        found = zip(self._keys[best].tolist(), likeness[best].tolist(), strict=True)
        return {key: score for key, score in found if score > 0}

    def _make_room(self, rows: int, dimensions: int) -> None:
        """Make room for more rows: for half as many again, so that it is seldom done."""
        if self._count + rows <= len(self._keys) and self._vectors.shape[1] == dimensions:
            return
        capacity = self._count + rows + self._count // 2
        keys, rooms, vectors = self._keys, self._rooms, self._vectors
        self._keys = numpy.zeros(capacity, numpy.int64)
        self._rooms = numpy.zeros(capacity, numpy.int32)
        self._vectors = numpy.zeros((capacity, dimensions), numpy.int8)
        if self._count:
            self._keys[: self._count] = keys[: self._count]
            self._rooms[: self._count] = rooms[: self._count]
            self._vectors[: self._count] = vectors[: self._count]
