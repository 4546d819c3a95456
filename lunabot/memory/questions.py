"""The questions that wait for a yes or no before something is destroyed: documents of the state.

They are here, and not only in the room's events, because what is in a room cannot be found by the
code that somebody types, cannot be answered once and no more across a crash, and in an encrypted
room is lost with the device's keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId
from lunabot.memory.documents import Documents
from lunabot.memory.recent import to_fields, to_message


@dataclass(frozen=True, slots=True)
class Question:
    """Whether the command in `message`, its `verb` and the `text` behind it, is to be run.

    `expires` is in milliseconds of the server's clock; `fingerprint` stands for the plan, of which
    `consequences` is the text. `notice` is the event that asks, once it was sent. `ending` is empty
    while the question is open, and then what it ends with, should Luna die before it has ended.
    """

    message: Message
    verb: str
    text: str
    code: str
    expires: int
    fingerprint: str
    consequences: str
    notice: EventId | None = None
    ending: str = ""

    @property
    def name(self) -> EventId:
        """What it is kept under: the command's event."""
        return self.message.event_id


class QuestionTable:
    """Questions by the command they are about."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def __iter__(self) -> Iterator[Question]:
        found = (self.get(EventId(name)) for name in list(self._documents))
        return (question for question in found if question)

    def get(self, name: EventId) -> Question | None:
        """Return a question, or None where there is none (or what is there is none)."""
        document = self._documents.get(name)
        try:
            return _from_document(document)
        except (KeyError, TypeError):
            return None

    def put(self, question: Question) -> None:
        """Keep a question as it is now."""
        self._documents.replace(question.name, _to_document(question))

    def remove(self, question: Question) -> None:
        """Forget a question, if it is there."""
        self._documents.remove(question.name)


def _to_document(question: Question) -> dict[str, Any]:
    message = {"room_id": question.message.room_id, **to_fields(question.message)}
    return {**asdict(question), "message": message}


def _from_document(document: Mapping[str, Any]) -> Question:
    message = dict(document["message"])
    room_id = RoomId(message.pop("room_id"))
    return Question(**{**document, "message": to_message(room_id, message)})
