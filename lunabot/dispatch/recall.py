"""What an account remembers for a question, besides the newest messages of the room."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from lunabot.dispatch.cast import Character
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.retrieval.retriever import Retriever, Scope, enough
from lunabot.prompt.material import Excerpt
from lunabot.remembering.records import Records

_CONTEXT = 3  # messages before a question, by which a short one is understood


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was recalled, ready for a prompt: records in their order, messages best first."""

    lenses: Sequence[Excerpt] = ()
    chapters: Sequence[Excerpt] = ()
    notes: Sequence[Excerpt] = ()
    messages: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Recall:
    """Asks the records and the archive. `share` names the rooms that may be searched from a room.

    `is_talk` tells conversation from commands, which no model sees.
    """

    records: Records
    retriever: Retriever
    share: Callable[[], Mapping[RoomId, Sequence[RoomId]]]
    is_talk: Callable[[Message], bool]

    async def __call__(
        self,
        character: Character,
        conversation: Sequence[Message],
        question: Message,
        *,
        names: Mapping[UserId, str],
        own: Collection[UserId],
        budget_tokens: int,
        is_whole: bool,
    ) -> Recalled:
        """Return what one of the `own` accounts remembers; raises `WorldError`.

        `conversation` is what the prompt has of the room anyway, oldest first; where it `is_whole`,
        there is nothing else to find in the room.
        """
        room_id = question.room_id
        lenses, chapters, notes = await self.records.material(
            character.user_id, room_id, question, character.saw, names
        )
        rooms = (room_id, *self.share().get(room_id, ()))
        if is_whole and len(rooms) == 1:
            return Recalled(lenses, chapters, notes)
        scope = Scope(
            rooms,
            question.timestamp,
            frozenset([question.event_id]),
            lambda message: character.saw(message) and self.is_talk(message),
            character.user_id,
            frozenset(own),
        )
        context = [each for each in conversation if each.timestamp < question.timestamp]
        limit = enough(budget_tokens)
        found = await self.retriever.search(question, context[-_CONTEXT:], scope, names, limit)
        return Recalled(lenses, chapters, notes, found)
