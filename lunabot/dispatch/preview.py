"""The next prompt of a room, before anybody asks: to look into what it would hold."""

from dataclasses import dataclass

from lunabot.config import ContextSettings
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import Question
from lunabot.errors import UserMistake
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.prompt.builder import Prompt


@dataclass(frozen=True, slots=True)
class Preview:
    """A prompt as it would be sent, the question it would answer, and the limits it keeps to."""

    question: Message
    prompt: Prompt
    limits: ContextSettings


async def preview(prompting: Prompting, account: Account, room_id: RoomId) -> Preview:
    """Return the prompt by which an account would answer what somebody else said last in a room.

    Raises `UserMistake` where no new message is one that the account could answer, and
    `BudgetTooSmall`.
    """
    character = prompting.cast.characters()[account.user_id]
    said = [
        each
        for each in prompting.memory.state.recent(room_id)
        if each.sender != account.user_id
        and each.msgtype != "m.notice"
        and character.saw(each)
        and prompting.is_talk(each)
    ]
    if not said:
        raise UserMistake(
            "Among the newest messages of that room is none that "
            f"`{account.user_id}` could answer: there is no prompt yet."
        )
    prompt = await prompting(account, [Question(account.user_id, said[-1])])
    return Preview(said[-1], prompt, prompting.limits())
