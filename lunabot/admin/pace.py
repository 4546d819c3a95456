"""How fast each person may command: so many in a minute, by a sliding window. Pure."""

from collections import defaultdict, deque
from typing import Final

from lunabot.matrix.ids import UserId

MOST: Final = 30
WINDOW_S: Final = 60.0


class Pace:
    """Counts the commands of each person; only what was within the pace fills the window."""

    def __init__(self) -> None:
        self._taken: defaultdict[UserId, deque[float]] = defaultdict(deque)
        self._over: defaultdict[UserId, int] = defaultdict(int)

    def over(self, who: UserId, now: float) -> int:
        """Take a command of somebody at a moment (monotonic seconds).

        Returns 0 where it is within the pace, or else how many have been too many in a row.
        """
        taken = self._taken[who]
        while taken and taken[0] <= now - WINDOW_S:
            taken.popleft()
        if len(taken) < MOST:
            taken.append(now)
            self._over[who] = 0
        else:
            self._over[who] += 1
        return self._over[who]
