"""What the next prompt of a room would hold, to the token."""

from collections.abc import Iterator
from functools import partial

from lunabot.admin.call import Call
from lunabot.admin.discretion import require_discretion
from lunabot.admin.finding import find_account, find_known_room, names_in, room_name
from lunabot.admin.parameters import Localpart, RoomReference
from lunabot.admin.skill import skill
from lunabot.charts.bars import Bar
from lunabot.charts.canvas import Picture
from lunabot.charts.stacked import stacked
from lunabot.dispatch.preview import Preview
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.ids import RoomId
from lunabot.personas.portrait import plain
from lunabot.prompt.builder import Part
from lunabot.prompt.encodings import encoding_for

_WORDS = 70


@skill(
    "context",
    group="memory",
    examples=("context trails", "context trails scout", "context trails --file --plot"),
)
async def context(
    call: Call,
    room: RoomReference,
    name: Localpart | None = None,
    *,
    file: bool = False,
    plot: bool = False,
) -> str:
    """Show what the next prompt of a room would hold: each part, its tokens, what was left out.

    It is built as if what somebody said there last were to be answered now.

    room: the room
    name: whose prompt: mine, or that of the only persona there, if not given
    file: send the whole prompt as a file, too
    plot: draw the parts, too
    """
    services = call.services
    room_id = await find_known_room(services, room)
    account = find_account(services, name, room_id)
    require_discretion(services, room_id)
    shown = await services.preview(account, room_id)
    if file:
        content = _whole(shown).encode()
        await services.account.send_file(call.room_id, "prompt.txt", content, "text/plain")
    if plot:
        await call.show("context.png", partial(_drawn, shown, room_name(services, room_id)))
    return "\n\n".join([_head(call, shown, room_id), _parts(shown), _total(call, shown)])


def _head(call: Call, shown: Preview, room_id: RoomId) -> str:
    sender = plain(names_in(call.services, room_id)(shown.question.sender), _WORDS)
    words = plain(shown.question.body, _WORDS)
    return f"**{plain(room_name(call.services, room_id))}**, to answer {sender}: “{words}”"


def _parts(shown: Preview) -> str:
    return "\n".join(f"- {_line(part, shown.prompt.tokens)}" for part in shown.prompt.parts)


def _line(part: Part, tokens: int) -> str:
    note = f" – {plain(part.note)}" if part.note else ""
    left_out = f". Left out: {plain(part.left_out)}" if part.left_out else ""
    return (
        f"**{plain(part.name)}**: {part.tokens:,} tokens ({_share(part, tokens)} %){note}{left_out}"
    )


def _share(part: Part, tokens: int) -> int:
    return round(100 * part.tokens / max(tokens, 1))


def _total(call: Call, shown: Preview) -> str:
    prompt, limits = shown.prompt, shown.limits
    most = limits.budget_tokens - limits.reply_tokens
    encoding, is_estimate = encoding_for(call.services.settings.llm.model)
    counted = f" Counted by {encoding}: an estimate for this model." if is_estimate else ""
    return (
        f"**{prompt.tokens:,} of {most:,} tokens**, {most - prompt.tokens:,} are free. "
        f"{limits.reply_tokens:,} of the budget of {limits.budget_tokens:,} are kept for the reply."
        f"{counted}"
    )


def _drawn(shown: Preview, name: str) -> Picture:
    prompt, most = shown.prompt, shown.limits.budget_tokens - shown.limits.reply_tokens
    parts = [
        Bar(part.name, part.tokens, f"{part.tokens:,} ({_share(part, prompt.tokens)} %)")
        for part in prompt.parts
    ]
    free = most - prompt.tokens
    subtitle = f"the next prompt: {prompt.tokens:,} of {most:,} tokens"
    return stacked(name, subtitle, parts, Bar("free", free, f"{free:,}"))


def _whole(shown: Preview) -> str:
    return "\n\n".join(f"=== {turn.role} ===\n{_text(turn)}" for turn in shown.prompt.turns) + "\n"


def _text(turn: ChatTurn) -> str:
    return "\n".join([turn.content, *_images(turn)])


def _images(turn: ChatTurn) -> Iterator[str]:
    return (f"[an image of {image.tokens:,} tokens]" for image in turn.images)
