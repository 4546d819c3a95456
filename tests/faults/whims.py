"""A model that fails in every way there is, and in the end answers each question."""

import random
from collections import Counter

from tests.fake_model import HalfJson, Hang, Request, Reset, Script, Status
from tests.tokens import open_questions, repeat

FAULTS: dict[str, Script] = {
    "429": Status(429, headers={"Retry-After": "1"}),
    "500": Status(500),
    "502": Status(502, "<html>Bad Gateway</html>"),
    "hang": Hang(),
    "reset": Reset(),
    "half a stream": Reset(after="I was about to say that"),
    "half a JSON": HalfJson(),
}
MOST_IN_A_ROW = 2


class Whims:
    """What to reply with: `draw` decides on the faults, `met` counts each."""

    def __init__(self, draw: random.Random, share: float) -> None:
        self.met: Counter[str] = Counter()
        self._draw = draw
        self._share = share
        self._failed: Counter[str] = Counter()

    def __call__(self, request: Request) -> Script:
        """Return the next fault, or the answer; the same questions fail at most twice."""
        asked = open_questions(request)
        if self._failed[asked] >= MOST_IN_A_ROW or self._draw.random() >= self._share:
            return repeat(request)
        self._failed[asked] += 1
        fault = self._draw.choice(list(FAULTS))
        self.met[fault] += 1
        return FAULTS[fault]
