"""From a question to the prompt that answers it: what is read, and by whose settings."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from lunabot.config import ContextSettings
from lunabot.dispatch.cast import Cast
from lunabot.dispatch.queue import Question
from lunabot.dispatch.recall import Recall
from lunabot.dispatch.sight import Sight
from lunabot.llm.tools import Tool
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from lunabot.memory.recent import RECENT_MESSAGES
from lunabot.prompt.anchors import Anchors
from lunabot.prompt.builder import Prompt, build, compose
from lunabot.prompt.material import Material
from lunabot.prompt.shares import Limits
from lunabot.prompt.tokens import Tokenizer

_LINE_TOKENS = 40  # what a message takes, more or less
_SMALL_BUDGET_TOKENS = 16_000  # up to which the state holds enough text of a room
_END_OF_TIME = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Prompting:
    """Builds prompts from what was said in a room.

    `limits` gives the tokens that the model bears by the configuration of the moment. `is_talk`
    tells conversation from commands, which no model sees. `sight` fetches the images,
    `recall` what is remembered besides the newest messages.
    """

    limits: Callable[[], ContextSettings]
    cast: Cast
    memory: Memory
    tokenizer: Tokenizer
    is_talk: Callable[[Message], bool]
    sight: Sight
    recall: Recall
    _anchors: Anchors = field(default_factory=Anchors)

    async def __call__(
        self, account: Account, questions: Sequence[Question], tools: Sequence[Tool] = ()
    ) -> Prompt:
        """Return the prompt for questions of one conversation; raises `BudgetTooSmall`.

        The `tools` that go with it are counted in its budget.
        """
        limits, characters = self.limits(), self.cast.characters()
        budget = limits.budget_tokens - sum([await self.tokens(str(each.body)) for each in tools])
        question, character = questions[-1].message, characters[account.user_id]
        asked = {each.message.event_id for each in questions}
        debts = await self.memory.archive.owed(account.user_id)
        waiting = {debt.event_id for debt in debts} - asked  # answered in turn, not now
        newest = [m for m in await self._newest(questions) if m.event_id not in waiting]
        recent = [
            each
            for each in heard(newest, questions, characters.keys())
            if (each.event_id in asked or character.saw(each)) and self.is_talk(each)
        ]
        names = account.joined_members(question.room_id)
        seen = await self.sight(account, recent, question)
        recalled = await self.recall(
            character,
            recent,
            question,
            names=names,
            own=characters.keys(),
            budget_tokens=budget,
            is_whole=_is_whole(newest, limits.budget_tokens),
        )
        material = Material(
            character.prompt,
            recent,
            account.user_id,
            names,
            lenses=recalled.lenses,
            chapters=recalled.chapters,
            notes=recalled.notes,
            retrieved=recalled.messages,
            seen=seen,
        )
        most = Limits(budget, limits.reply_tokens)
        conversation = (account.user_id, question.room_id, question.thread)
        anchor = self._anchors.get(conversation)
        prompt = await compose(
            self.tokenizer,
            lambda counter: build(material, most, counter=counter, anchor=anchor),
        )
        self._anchors.put(conversation, prompt.anchor)
        return prompt

    async def tokens(self, text: str) -> int:
        """Return how many tokens a text takes, counted in a thread: the tables may not be loaded
        yet."""
        return await asyncio.to_thread(self.tokenizer.count, text)

    async def _newest(self, questions: Sequence[Question]) -> Sequence[Message]:
        """Return the newest messages around questions: more than fit, where there are more.

        Those of a small room are at hand. What piled up over a long absence may lie far back.
        """
        question, archive = questions[-1].message, self.memory.archive
        budget = self.limits().budget_tokens
        limit = max(budget // _LINE_TOKENS, RECENT_MESSAGES)
        if question.thread:
            return await archive.in_thread(question.room_id, limit, _END_OF_TIME, question.thread)
        newest = self.memory.state.recent(question.room_id)
        if len(newest) >= RECENT_MESSAGES or budget > _SMALL_BUDGET_TOKENS:
            newest = await archive.recent(question.room_id, limit)
        if all(each.event_id != question.event_id for each in newest):
            newest = await archive.recent(question.room_id, limit, question.timestamp + 1)
        known = {each.event_id for each in newest}
        older = [each.message for each in questions if each.message.event_id not in known]
        return [*older, *newest]


def _is_whole(newest: Sequence[Message], budget_tokens: int) -> bool:
    """Tell whether these are all messages of a room and certainly have room in a prompt."""
    characters = sum(len(message.body) for message in newest)
    return len(newest) < RECENT_MESSAGES and 3 * characters < budget_tokens


def heard(
    recent: Iterable[Message], questions: Sequence[Question], own: Collection[UserId]
) -> list[Message]:
    """Return what was said in the conversation up to the newest question. Pure.

    A thread is a conversation of its own, to which its root belongs. What `own` accounts said
    since counts, for several that are asked answer one after the other; what people said since is
    answered next. The answer that is to be completed or replaced is not there yet. What the account
    said itself while the questions came goes before them all, for it answers none of them.
    """
    asked = {question.message.event_id for question in questions}
    newest, again = questions[-1].message, questions[-1].again
    said = [
        each
        for each in recent
        if (each.thread == newest.thread or each.event_id == newest.thread)
        and each.event_id not in questions[-1].parts
        and (
            each.event_id in asked
            or each.timestamp <= newest.timestamp
            or (each.sender in own and not again)
        )
    ]
    oldest = next((place for place, each in enumerate(said) if each.event_id in asked), len(said))
    crossed = [each for each in said[oldest:] if each.sender == questions[-1].account]
    return [*said[:oldest], *crossed, *(each for each in said[oldest:] if each not in crossed)]
