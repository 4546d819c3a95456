"""Who can answer: each of Luna's accounts with its names, its prompt and what it has seen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId


@dataclass(frozen=True, slots=True)
class Character:
    """One account as its room knows it.

    `names` call it in a group, `prompt` is its system prompt, `model` the one it thinks with
    (empty for the configuration's). `saw` tells whether it was there when something was said,
    `has_joined` whether it is known to be in a room, by whichever account saw that first.
    """

    user_id: UserId
    names: tuple[str, ...]
    prompt: str
    model: str = ""
    saw: Callable[[Message], bool] = lambda message: True
    has_joined: Callable[[RoomId], bool] = lambda room_id: False


class Cast(Protocol):
    """All characters, as they are at this moment; a change counts with the next answer."""

    def characters(self) -> Mapping[UserId, Character]:
        """Return the character of each account, Luna's own among them."""
