"""What a new persona says first: a greeting in character, in the room it was summoned to."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lunabot.dispatch.cast import Character
from lunabot.llm.completion import Completion
from lunabot.llm.source import Model
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.matrix.markdown import text_content
from lunabot.memory.memory import Memory
from lunabot.memory.usage import Usage
from lunabot.personas.company import Company

_CUE = (
    "You have just come into this room for the first time. Greet whoever is here, in one or two "
    "sentences, as yourself."
)


@dataclass(frozen=True, slots=True)
class FirstWords:
    """Lets a persona speak without having been asked; `tokens` counts those of a text."""

    model: Callable[[], Model]
    company: Company
    memory: Memory
    tokens: Callable[[str], Awaitable[int]]

    async def say(self, account: Account, room_id: RoomId) -> None:
        """Greet the room; raises `WorldError` where there are no words, or nobody hears them."""
        character = self.company.characters()[account.user_id]
        turns = (ChatTurn("system", character.prompt), ChatTurn("user", _CUE))
        completion = await self.model().complete(turns, model=character.model or None)
        await self._spent(account, room_id, character, completion)
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

    async def _spent(
        self, account: Account, room_id: RoomId, character: Character, completion: Completion
    ) -> None:
        """Note what the greeting cost; what the endpoint does not tell is counted."""
        read, written = completion.prompt_tokens, completion.completion_tokens
        if read is None or written is None:
            read = await self.tokens(character.prompt + _CUE)
            written = await self.tokens(completion.text)
        me = account.user_id
        await self.memory.archive.record_usage(
            Usage(account.server_now(), room_id, me, me, completion.model, read, written)
        )
