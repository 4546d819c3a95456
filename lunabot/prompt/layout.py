"""How the lines of a prompt become turns, and what each costs, to the token. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, groupby

from lunabot.llm.turns import ChatTurn, Role
from lunabot.matrix.ids import EventId
from lunabot.prompt.tokens import Counter
from lunabot.prompt.transcript import Line

# OpenAI cookbook, "How to count tokens with tiktoken": each message costs 3 tokens and that of
# its role; 3 more begin the reply.
TURN_TOKENS = 4
REPLY_TOKENS = 3
_BETWEEN: Mapping[Role, str] = {"user": "\n", "assistant": "\n\n"}


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a prompt: its lines, and what people are told of it.

    `tokens` is what it takes at most; `section_costs` is exact. `note` tells what it holds,
    `left_out` what it does not and why. `chosen` are the messages that are in it with their whole
    text. `complete` is false where room was wanting.
    """

    name: str
    lines: tuple[Line, ...] = ()
    tokens: int = 0
    note: str = ""
    left_out: str = ""
    chosen: tuple[EventId, ...] = ()
    complete: bool = True


def line_cost(line: Line, below: Role, counter: Counter) -> int:
    """Return what a line takes in front of a line of the role `below`.

    The last line of a turn bears the turn's own tokens. The last one of a prompt costs what it
    does in front of the other role.
    """
    pictures = sum(image.tokens for image in line.images)
    if line.role == below:
        return pictures + counter.count(line.text + _BETWEEN[line.role])
    return pictures + counter.count(line.text) + TURN_TOKENS


def section_costs(sections: Sequence[Section], counter: Counter) -> list[int]:
    """Return what each section takes of a prompt that consists of them all, in this order."""
    lines = list(chain.from_iterable(section.lines for section in sections))
    roles: list[Role] = [*(line.role for line in lines[1:]), "system"]
    costs: Iterator[int] = (
        line_cost(line, below, counter) for line, below in zip(lines, roles, strict=False)
    )
    return [sum(next(costs) for _ in section.lines) for section in sections]


def turns(system_prompt: str, lines: Iterable[Line]) -> tuple[ChatTurn, ...]:
    """Return the turns of a prompt; neighbouring lines of one role are one."""
    system = [ChatTurn("system", system_prompt)] if system_prompt else []
    groups = ((role, list(together)) for role, together in groupby(lines, lambda line: line.role))
    return (
        *system,
        *(
            ChatTurn(
                role,
                _BETWEEN[role].join(line.text for line in together),
                tuple(chain.from_iterable(line.images for line in together)),
            )
            for role, together in groups
        ),
    )
