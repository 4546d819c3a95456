"""One turn of the conversation that a model is asked to go on with."""

from dataclasses import dataclass
from typing import Literal

from lunabot.llm.image import Image

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """Who speaks, in the model's terms, the text as it is sent, and pictures of a user's."""

    role: Role
    content: str
    images: tuple[Image, ...] = ()
