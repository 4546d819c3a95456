"""What a prompt is made of, as its builder is given it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.prompt.transcript import Seen


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One lens, chapter or note: whatever its text says, the model is shown it as a record."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """All that may go into one prompt.

    `conversation` holds the newest messages of a room or thread, oldest first, the question among
    them, and more of them than fit where there are more. `names` are the display names of the
    people in the room, `me` is who answers, and `seen` are the images that go with messages.
    Lenses and notes stand best first, chapters in time order. `retrieved` are older messages, best
    first; what is in the prompt anyway is passed over.
    """

    system_prompt: str
    conversation: Sequence[Message]
    me: UserId
    names: Mapping[UserId, str]
    lenses: Sequence[Excerpt] = ()
    chapters: Sequence[Excerpt] = ()
    notes: Sequence[Excerpt] = ()
    retrieved: Sequence[Message] = ()
    seen: Seen = field(default_factory=dict)
