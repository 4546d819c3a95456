"""From a question to the prompt that answers it: what is read, and by whose settings."""

from collections.abc import Callable
from dataclasses import dataclass

from lunabot.config import ContextSettings
from lunabot.dispatch.cast import Cast
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.memory.state import State
from lunabot.prompt.builder import Prompt, build, compose
from lunabot.prompt.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Prompting:
    """Builds prompts from the newest messages of a room.

    `limits` gives the tokens that the model bears by the configuration of the moment. `is_talk`
    tells conversation from commands, which no model sees.
    """

    limits: Callable[[], ContextSettings]
    cast: Cast
    state: State
    tokenizer: Tokenizer
    is_talk: Callable[[Message], bool]

    async def __call__(self, account: Account, question: Message) -> Prompt:
        """Return the prompt for a question; raises `BudgetTooSmall`."""
        limits, character = self.limits(), self.cast.characters()[account.user_id]
        recent = [
            each
            for each in self.state.recent(question.room_id)
            if same_thread(each, question) and character.saw(each) and self.is_talk(each)
        ]
        names = account.joined_members(question.room_id)
        return await compose(
            self.tokenizer,
            lambda counter: build(
                character.prompt,
                recent,
                me=account.user_id,
                names=names,
                budget_tokens=limits.budget_tokens,
                reply_tokens=limits.reply_tokens,
                counter=counter,
            ),
        )


def same_thread(message: Message, question: Message) -> bool:
    """Tell whether two messages stand in one conversation; a thread's root belongs to it."""
    return message.thread == question.thread or message.event_id == question.thread
