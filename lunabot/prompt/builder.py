"""From a conversation to a prompt that never takes more tokens than it may. Pure."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby

from lunabot.errors import UserMistake
from lunabot.llm.turns import ChatTurn, Role
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.prompt.tokens import ByteBound, Counter, Tokenizer, cut
from lunabot.prompt.transcript import Line, Transcript

# OpenAI cookbook, "How to count tokens with tiktoken": each message costs 3 tokens and that of
# its role; 3 more begin the reply.
TURN_TOKENS = 4
REPLY_TOKENS = 3
# A question may take three quarters of what the system prompt leaves, more if nobody needs it.
_QUESTION_SHARE = 0.75
_LEAST_FOR_QUESTION = 64
_BETWEEN: Mapping[Role, str] = {"user": "\n", "assistant": "\n\n"}


@dataclass(frozen=True, slots=True)
class Part:
    """What a prompt holds, for people to look into: its tokens with the overhead they bring."""

    name: str
    tokens: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to the model.

    `tokens` is the sum of the parts' and at most the budget less the reply's reserve. `left_out`
    counts the messages that are not in it. `whole` is false where one of them, or a piece of the
    question, would be in it if there were more room.
    """

    turns: tuple[ChatTurn, ...]
    tokens: int
    parts: tuple[Part, ...]
    left_out: int
    whole: bool


class BudgetTooSmall(UserMistake):
    """The system prompt alone takes the whole budget."""


def build(
    system_prompt: str,
    messages: Sequence[Message],
    *,
    me: UserId,
    names: Mapping[UserId, str],
    budget_tokens: int,
    reply_tokens: int,
    counter: Counter,
) -> Prompt:
    """Return the system prompt, the newest messages that fit, and the question.

    `messages` stand in the order of the room; `names` are the display names of its people. The
    question is the newest message that is not by `me`; own words that crossed with it go before
    it. It is cut in the middle when it is longer than its share, and like the system prompt
    never dropped. User and assistant turns alternate, a user's first.

    Raises `BudgetTooSmall`, and ValueError where there is no question.
    """
    conversation = Transcript(messages, me=me, names=names)
    earlier, question = _split_question(conversation.messages, me)
    system = _system_part(system_prompt, counter)
    limit = budget_tokens - reply_tokens
    free = limit - system.tokens - REPLY_TOKENS
    if free < _LEAST_FOR_QUESTION:
        raise BudgetTooSmall(_too_small(system.tokens, limit))

    asked = conversation.line(question)
    share = max(int(free * _QUESTION_SHARE), _LEAST_FOR_QUESTION)
    recent = _Window(counter, free - min(TURN_TOKENS + counter.count(asked.text), share))
    taken_all = recent.fill(map(conversation.line, reversed(earlier)))
    recent.start_at_user()
    short = Line("user", cut(asked.text, free - recent.tokens - TURN_TOKENS, counter))
    parts = (
        system,
        Part("recent", recent.tokens, f"{len(recent.lines)} of {len(earlier)} messages"),
        Part(
            "question",
            TURN_TOKENS + counter.count(short.text),
            "" if short == asked else "cut in the middle",
        ),
        Part("reply's beginning", REPLY_TOKENS),
    )
    return Prompt(
        turns=_turns(system_prompt, [*recent.lines, short]),
        tokens=sum(part.tokens for part in parts),
        parts=parts,
        left_out=len(earlier) - len(recent.lines),
        whole=taken_all and short == asked,
    )


async def compose(tokenizer: Tokenizer, build_with: Callable[[Counter], Prompt]) -> Prompt:
    """Build a prompt with an upper bound of its tokens and, where that leaves out, exactly.

    Most conversations are short, and the bound needs neither the tokenizer's memory nor its time.
    `build_with` is `build` with everything but the counter; the exact one runs in a thread.
    """
    if not tokenizer.loaded:
        with suppress(BudgetTooSmall):
            prompt = build_with(ByteBound())
            if prompt.whole:
                return prompt
    return await asyncio.to_thread(build_with, tokenizer)


class _Window:
    """The newest lines that fit into a number of tokens, in front of a user's line."""

    def __init__(self, counter: Counter, limit: int) -> None:
        self.lines: list[Line] = []
        self.tokens = 0
        self._counter = counter
        self._limit = limit
        self._costs: list[int] = []

    def fill(self, newest_first: Iterable[Line]) -> bool:
        """Take lines until one does not fit; tell whether all did."""
        below: Role = "user"
        for line in newest_first:
            cost = self._cost(line, below)
            if self.tokens + cost > self._limit:
                return False
            self.lines.insert(0, line)
            self._costs.insert(0, cost)
            self.tokens += cost
            below = line.role
        return True

    def start_at_user(self) -> None:
        """Drop own words that nothing stands before."""
        while self.lines and self.lines[0].role == "assistant":
            del self.lines[0]
            self.tokens -= self._costs.pop(0)

    def _cost(self, line: Line, below: Role) -> int:
        if line.role == below:
            return self._counter.count(line.text + _BETWEEN[line.role])
        return TURN_TOKENS + self._counter.count(line.text)


def _split_question(messages: Sequence[Message], me: UserId) -> tuple[list[Message], Message]:
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].sender != me:
            return [*messages[:index], *messages[index + 1 :]], messages[index]
    raise ValueError("nobody but the persona has said anything: there is no question to answer")


def _system_part(system_prompt: str, counter: Counter) -> Part:
    tokens = TURN_TOKENS + counter.count(system_prompt) if system_prompt else 0
    return Part("system prompt", tokens)


def _too_small(system_tokens: int, limit: int) -> str:
    return (
        f"the system prompt takes {system_tokens} of the {limit} tokens a prompt may have, which "
        "leaves too little for a question: shorten it, or raise context.budget_tokens"
    )


def _turns(system_prompt: str, lines: Iterable[Line]) -> tuple[ChatTurn, ...]:
    system = [ChatTurn("system", system_prompt)] if system_prompt else []
    return (
        *system,
        *(
            ChatTurn(role, _BETWEEN[role].join(line.text for line in together))
            for role, together in groupby(lines, key=lambda line: line.role)
        ),
    )
