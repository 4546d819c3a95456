"""The vectors of messages in memory, where a question's is compared with them; needs numpy."""

import sqlite3
from collections.abc import Iterable

import numpy

from lunabot.matrix.ids import RoomId

_CHUNK = 4_096  # rows that are compared at once
_NEW = """
    SELECT number, id, room_id, vector FROM vectors JOIN messages USING (id)
    WHERE number > ? ORDER BY number"""


class Matrix:
    """The vectors in memory, a byte a dimension; it lives on the thread of its connection."""

    def __init__(self) -> None:
        self._newest = 0
        self._codes: dict[RoomId, int] = {}
        self._keys: numpy.ndarray = numpy.zeros(0, numpy.int64)
        self._rooms: numpy.ndarray = numpy.zeros(0, numpy.int32)
        self._vectors: numpy.ndarray = numpy.zeros((0, 0), numpy.int8)

    def update(self, connection: sqlite3.Connection) -> None:
        """Take in what is new in the archive."""
        rows = connection.execute(_NEW, (self._newest,)).fetchall()
        if not rows:
            return
        numbers, keys, room_ids, vectors = zip(*rows, strict=True)
        added = numpy.frombuffer(b"".join(vectors), numpy.int8).reshape(len(rows), -1)
        codes = [self._codes.setdefault(room_id, len(self._codes)) for room_id in room_ids]
        kept = ~numpy.isin(self._keys, keys)  # an edited message has a new vector
        old = self._vectors[kept] if self._vectors.shape[1] == added.shape[1] else added[:0]
        self._vectors = numpy.concatenate([old, added])
        self._keys = numpy.concatenate([self._keys[kept][: len(old)], keys])
        self._rooms = numpy.concatenate([self._rooms[kept][: len(old)], codes]).astype(numpy.int32)
        self._newest = numbers[-1]

    def search(self, vector: bytes, rooms: Iterable[RoomId], most: int) -> dict[int, float]:
        """Return the keys of the messages of these rooms that are most like a vector."""
        asked = numpy.frombuffer(vector, numpy.int8).astype(numpy.float32) / 127**2
        codes = [self._codes[room_id] for room_id in rooms if room_id in self._codes]
        if self._vectors.shape[1] != len(asked):
            return {}
        likeness = numpy.concatenate(
            [
                self._vectors[start : start + _CHUNK].astype(numpy.float32) @ asked
                for start in range(0, len(self._keys), _CHUNK)
            ]
        )
        likeness[~numpy.isin(self._rooms, codes)] = 0
        best = numpy.argpartition(-likeness, min(most, len(likeness)) - 1)[:most]
        found = zip(self._keys[best].tolist(), likeness[best].tolist(), strict=True)
        return {key: score for key, score in found if score > 0}
