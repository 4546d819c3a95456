"""Texts that a model could not write: each rests for a while, longer each time. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lunabot.matrix.ids import RoomId

_FIRST_MS = 600_000
_LONGEST_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class _Refusal:
    room_id: RoomId
    reason: str
    tries: int
    until: int


class Resting:
    """The texts that rest, by name; `now` is in milliseconds."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._refusals: dict[str, _Refusal] = {}

    def rests(self, name: str) -> bool:
        """Tell whether a text is not to be tried now."""
        known = self._refusals.get(name)
        return known is not None and self._now() < known.until

    def refuse(self, name: str, room_id: RoomId, reason: str) -> None:
        """Let a text rest."""
        known = self._refusals.get(name)
        tries = known.tries + 1 if known else 1
        pause = min(_FIRST_MS * 2 ** min(tries - 1, 10), _LONGEST_MS)
        self._refusals[name] = _Refusal(room_id, reason, tries, self._now() + pause)

    def accept(self, name: str) -> None:
        """Forget that a text rested: it is written."""
        self._refusals.pop(name, None)

    def rooms(self) -> frozenset[RoomId]:
        """Return the rooms in which something rests."""
        return frozenset(each.room_id for each in self._refusals.values())

    def reasons(self, tries: int = 1) -> tuple[str, ...]:
        """Return what could not be written in so many tries or more, a line for each reason."""
        resting: dict[str, list[str]] = {}
        for name, each in self._refusals.items():
            if each.tries >= tries:
                resting.setdefault(each.reason, []).append(name)
        return tuple(
            f"{_shown(names)} could not be written: {why}" for why, names in resting.items()
        )


def _shown(names: Sequence[str]) -> str:
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]
