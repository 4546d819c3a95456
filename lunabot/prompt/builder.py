"""From a conversation to a prompt that never takes more tokens than it may. Pure."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from lunabot.errors import UserMistake
from lunabot.llm.image import Image
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.prompt.background import background
from lunabot.prompt.layout import (
    REPLY_TOKENS,
    TURN_TOKENS,
    Section,
    line_cost,
    section_costs,
    turns,
)
from lunabot.prompt.material import Material
from lunabot.prompt.quotations import quotations
from lunabot.prompt.shares import LEAST_FOR_QUESTION, Limits, Room
from lunabot.prompt.tokens import ByteBound, Counter, Tokenizer, cut
from lunabot.prompt.transcript import Line, Seen, Transcript
from lunabot.prompt.window import Opening, window


@dataclass(frozen=True, slots=True)
class Part:
    """What a prompt holds, for people to look into: its tokens with the overhead they bring.

    `note` tells how much of what there was is in it, `left_out` what is not, and why.
    """

    name: str
    tokens: int
    note: str = ""
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent to the model.

    `tokens` is the sum of the parts' and at most the budget less the reply's reserve. `left_out`
    counts the messages of the conversation that are not in its recent part. `whole` is false where
    something, or a piece of it, would be in it if there were more room. `chosen` are the messages
    that are in it with their whole text, in the prompt's order. `anchor` is to be handed in when
    the next prompt of this conversation is built.
    """

    turns: tuple[ChatTurn, ...]
    tokens: int
    parts: tuple[Part, ...]
    left_out: int
    whole: bool
    chosen: tuple[EventId, ...] = ()
    anchor: EventId | None = None


class BudgetTooSmall(UserMistake):
    """The system prompt alone takes the whole budget."""


def build(
    material: Material, limits: Limits, *, counter: Counter, anchor: EventId | None = None
) -> Prompt:
    """Return a prompt of the material that keeps to the limits.

    What changes rarely stands first: the system prompt, the background, the recent messages from
    the `anchor` of the prompt before on, what was retrieved, and the question. The question is the
    newest message that is not by the persona; own words that crossed with it go before it. It is
    cut in the middle when it is longer than its share, and like the system prompt never dropped.
    User and assistant turns alternate, a user's first.

    Raises `BudgetTooSmall`, and ValueError where there is no question.
    """
    system_tokens = _system_tokens(material.system_prompt, counter)
    free = limits.budget_tokens - limits.reply_tokens - system_tokens - REPLY_TOKENS
    if free < LEAST_FOR_QUESTION:
        raise BudgetTooSmall(_too_small(system_tokens, limits))
    seen = _affordable(material.seen, free // 2)
    said = Transcript(material.conversation, me=material.me, names=material.names, seen=seen)
    earlier, question = _split_question(said.messages, material.me)
    asked = said.line(question)
    whole_question = line_cost(asked, "system", counter)
    room = Room(limits.shares, system_tokens, free, whole_question, bool(material.retrieved))

    alone = not (earlier or material.retrieved)
    behind = background(material, limits.shares, room.background(alone=alone), counter)
    behind_tokens = sum(section.tokens for section in behind)
    recent = window(said, earlier, _opening(room, behind_tokens, anchor), counter)
    present = {*recent.messages, question.event_id}
    left = room.retrieved(behind_tokens, recent.section.tokens, grows=recent.grows)
    quoted = quotations(material, question, present, left, counter)
    left = free - behind_tokens - recent.section.tokens - quoted.tokens
    asking = _question_section(question, asked, left, counter)
    sections = [*behind, recent.section, *([quoted] if material.retrieved else []), asking]
    parts = _parts(system_tokens, sections, counter)
    return Prompt(
        turns=turns(material.system_prompt, [line for each in sections for line in each.lines]),
        tokens=sum(part.tokens for part in parts),
        parts=parts,
        left_out=len(earlier) - len(recent.messages),
        whole=all(section.complete for section in sections),
        chosen=tuple(event_id for section in sections for event_id in section.chosen),
        anchor=recent.anchor,
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


def _split_question(messages: Sequence[Message], me: UserId) -> tuple[list[Message], Message]:
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].sender != me:
            return [*messages[:index], *messages[index + 1 :]], messages[index]
    raise ValueError("nobody but the persona has said anything: there is no question to answer")


def _affordable(seen: Seen, tokens: int) -> Seen:
    """Return what was seen with no more images than so many tokens bear, the first ones first."""
    found: dict[EventId, Image | str] = {}
    for event_id, image in seen.items():
        found[event_id] = image
        if isinstance(image, Image):
            if image.tokens > tokens:
                found[event_id] = "there is no room for it in the prompt"
            else:
                tokens -= image.tokens
    return found


def _question_section(question: Message, asked: Line, tokens: int, counter: Counter) -> Section:
    room = tokens - TURN_TOKENS - sum(image.tokens for image in asked.images)
    short = replace(asked, text=cut(asked.text, room, counter))
    if short == asked:
        return Section("question", (asked,), chosen=(question.event_id,))
    return Section("question", (short,), note="cut in the middle", complete=False)


def _parts(system_tokens: int, sections: Sequence[Section], counter: Counter) -> tuple[Part, ...]:
    costs = section_costs(sections, counter)
    return (
        Part("system prompt", system_tokens),
        *(
            Part(section.name, cost, section.note, section.left_out)
            for section, cost in zip(sections, costs, strict=True)
        ),
        Part("reply's beginning", REPLY_TOKENS),
    )


def _system_tokens(system_prompt: str, counter: Counter) -> int:
    return TURN_TOKENS + counter.count(system_prompt) if system_prompt else 0


def _opening(room: Room, behind: int, anchor: EventId | None) -> Opening:
    return Opening(room.recent(behind), room.longest(behind), anchor, own_words=behind > 0)


def _too_small(system_tokens: int, limits: Limits) -> str:
    return (
        f"the system prompt takes {system_tokens} of the "
        f"{limits.budget_tokens - limits.reply_tokens} tokens a prompt may have, which leaves too "
        "little for a question: shorten it, or raise context.budget_tokens"
    )
