"""What a new persona says first: a greeting in character, in the room it was summoned to."""

from collections.abc import Callable
from dataclasses import dataclass

from lunabot.llm.source import Model
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.matrix.markdown import text_content
from lunabot.memory.memory import Memory
from lunabot.personas.company import Company

_CUE = (
    "You have just come into this room for the first time. Greet whoever is here, in one or two "
    "sentences, as yourself."
)


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Lets a persona speak without having been asked."""

    model: Callable[[], Model]
    company: Company
    memory: Memory

    async def say(self, account: Account, room_id: RoomId) -> None:
        """Greet the room; raises `WorldError` where there are no words, or nobody hears them."""
        character = self.company.characters()[account.user_id]
        turns = (ChatTurn("system", character.prompt), ChatTurn("user", _CUE))
        completion = await self.model().complete(turns, model=character.model or None)
        content = text_content(completion.text)
        event_id = await account.say(room_id, content)
        await self.memory.record_own(
            Message(
                event_id,
                room_id,
                account.user_id,
                account.server_now(),
                body=content["body"],
                formatted_body=content.get("formatted_body"),
            )
        )
