"""A model that fails in every way there is, and in the end answers each question."""

import random
from collections import Counter, defaultdict
from dataclasses import replace

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
PAUSES_S = (0.0, 0.0, 0.2)  # between the pieces of an answer, of which a token takes two


class Whims:
    """What to reply with: faults, a `share` of all replies, and answers, some of them slow.

    `draw` decides which; `met` counts each fault.
    """

    def __init__(self, draw: random.Random, share: float) -> None:
        self.met: Counter[str] = Counter()
        self._draw = draw
        self._share = share
        self._behind: defaultdict[str, set[str]] = defaultdict(set)

    def __call__(self, request: Request) -> Script:
        """Return a fault or the answer.

        The same questions meet at most two faults, and none twice, so that Luna's patience lasts.
        """
        behind = self._behind[open_questions(request)]
        if len(behind) >= MOST_IN_A_ROW or self._draw.random() >= self._share:
            return replace(repeat(request), pause_s=self._draw.choice(PAUSES_S))
        fault = self._draw.choice([each for each in FAULTS if each not in behind])
        behind.add(fault)
        self.met[fault] += 1
        return FAULTS[fault]
