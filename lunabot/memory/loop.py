"""Talk in circles as plain data: the turns it is found in, and the rule that found it."""

from dataclasses import dataclass
from enum import StrEnum

from lunabot.matrix.ids import UserId


class Layer(StrEnum):
    """Which rule found a loop; the third layer has one for groups and one for direct rooms."""

    PATTERN = "pattern"
    TURNS = "turns"
    PAIR = "pair"
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Turn:
    """What one sender said in a row, notices and edits left out, or the newest part of it.

    `began` and `ended` are the server's times of its first and last message, in milliseconds;
    `asks` tells whether it asked the account in question something.
    """

    sender: UserId
    began: int
    ended: int
    asks: bool = False
