"""One turn of the conversation that a model is asked to go on with."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """Who speaks, in the model's terms, and the text as it is sent."""

    role: Role
    content: str
