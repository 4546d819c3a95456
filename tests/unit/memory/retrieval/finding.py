"""A retriever with one room's talk in it, and questions to it."""

from collections.abc import Callable, Iterable, Sequence

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId
from lunabot.memory.archive import Archive
from lunabot.memory.retrieval.retriever import Retriever, Scope
from tests.unit.memory.samples import ADA, BOB, LUNA, ROOM, said

NAMES = {ADA: "Ada Lovelace", BOB: "Bob"}
MINUTE = 60_000
HOUR = 60 * MINUTE


def scope(
    *rooms: RoomId,
    before: int = 10**13,
    exclude: Iterable[str] = (),
    saw: Callable[[Message], bool] = lambda message: True,
) -> Scope:
    return Scope(
        rooms=rooms or (ROOM,),
        before=before,
        exclude=frozenset(map(EventId, exclude)),
        saw=saw,
        me=LUNA,
        own=frozenset({LUNA}),
    )


async def found(
    archive: Archive,
    text: str,
    *,
    within: Scope | None = None,
    context: Sequence[Message] = (),
    limit: int = 50,
) -> list[str]:
    """Return the ids of what is found for a question of Bob's, best first."""
    question = said("$question", text, sender=BOB, at=10**12)
    searched = await Retriever(archive).search(question, context, within or scope(), NAMES, limit)
    return [message.event_id for message in searched]


def spaced(*texts: str, apart: int = 2 * HOUR) -> list[Message]:
    """Return Ada's messages $0, $1, …, each a sitting of its own unless they are closer."""
    return [said(f"${number}", text, at=number * apart) for number, text in enumerate(texts)]
