"""Something is taken out of the memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from lunabot.admin import memoir
from lunabot.admin.call import Call, Plan
from lunabot.admin.discretion import may_tell
from lunabot.admin.finding import find_known_room, names_in, shown_room
from lunabot.admin.links import event_id_in, linked_event
from lunabot.admin.parameters import RoomReference, Tail, converter_for
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted
from lunabot.errors import UserMistake
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, localpart, server_name
from lunabot.memory import forgetting, purging
from lunabot.memory.withdrawing import Made, made_of, withdraw_worded, worded_with
from lunabot.personas.portrait import plain

_SHOWN = 5
_WORDS = 70
_ELSEWHERE = (
    "On the server and in people's clients they stay: who wants them gone there, too, has to "
    "remove them there."
)


@dataclass(frozen=True, slots=True)
class _Target:
    """What is to be forgotten, oldest first; `messages` are those of it that people see.

    `text` is what they were found by, "" for one that was named.
    """

    room_id: RoomId
    event_ids: tuple[EventId, ...]
    messages: tuple[Message, ...]
    text: str


async def forget_plan(call: Call, room: RoomReference, text: Tail = "") -> Plan | None:
    """Tell what is forgotten; None where nothing is."""
    target = await _target(call, room, text)
    if not target.event_ids:
        return None
    head = f"This goes out of my memory: {_counted(call, target)}"
    parts = ["\n".join([f"{head}\n", *(f"- {line}" for line in _quoted(call, target))])]
    parts += _consequences(call, target)
    return Plan("\n\n".join([*parts, _ELSEWHERE]), _fingerprint(target))


@skill(
    "forget",
    group="memory",
    destructive=True,
    plan=forget_plan,
    examples=(
        "forget trails the code of the door",
        "forget trails $MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI",
        "forget https://matrix.to/#/!trails:localhost/$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI",
    ),
)
async def forget(call: Call, room: RoomReference, text: Tail = "") -> str:
    """Take messages out of my memory: one, or all that contain a text.

    The archive, the full text, and what chapters, lenses and notes made of them forget them, on the
    disk, too. What an administrator wrote into a chapter, lens or note goes where it contains the
    text. Answers that repeat their words are messages of their own.
    The command itself stays in this room and in the audit trail: so for a secret, give the link
    of its message (press long on it, *Share* or *Copy link*) and not its text.

    room: the room; a message's link alone will do
    text: what the messages contain, in any case; or the id or the link of one message
    """
    target = await _target(call, room, text)
    memory, now = call.services.memory, call.services.account.server_now()
    if not target.event_ids:
        await purging.scrub(memory)  # it may have been cut off before that
        raise UserMistake("I remember no such message in that room.")
    await memory.forget(target.room_id, target.event_ids, call.sender, now)
    if target.text:
        async with memory.unchanged():
            withdraw_worded(memory.state, target.room_id, target.text)
    await _forget_question(call)
    await purging.scrub(memory)
    return f"I have forgotten {_counted(call, target)}. {_ELSEWHERE}"


async def _forget_question(call: Call) -> None:
    """Take out the question whether to do so: it quotes the messages."""
    memory = call.services.memory
    question = memory.state.questions.get(call.event.event_id)
    if question:
        memory.state.questions.put(replace(question, consequences=""))
    if question and question.notice:
        now = call.services.account.server_now()
        await memory.forget(call.room_id, [question.notice], call.sender, now)


async def _target(call: Call, room: RoomReference, text: str) -> _Target:
    services = call.services
    event_id = event_id_in(text)
    if not text and (linked := linked_event(room.typed)):
        named, event_id = linked
        room = converter_for(RoomReference)(named, server_name(services.account.user_id))
    elif not text:
        raise UserMistake("What is to be forgotten? `!forget ROOM TEXT`, or a message's link.")
    room_id = await find_known_room(services, room)
    archive = services.memory.archive
    if event_id:
        event_ids = await archive.search(forgetting.named, room_id, event_id)
    else:
        event_ids = await archive.search(forgetting.containing, room_id, text)
    shown = await archive.messages(event_ids)
    messages = tuple(shown[each] for each in event_ids if each in shown)
    return _Target(room_id, event_ids, messages, "" if event_id else text)


def _fingerprint(target: _Target) -> str:
    return sha256(" ".join(target.event_ids).encode()).hexdigest()


def _counted(call: Call, target: _Target) -> str:
    messages = counted(len(target.event_ids), "message")
    return f"{messages} of {shown_room(call.services, target.room_id)}"


def _quoted(call: Call, target: _Target) -> Sequence[str]:
    if not may_tell(call.services, target.room_id):
        return ()
    name = names_in(call.services, target.room_id)
    lines = [
        f"{memoir.moment(each.timestamp)}, {plain(name(each.sender))}: “{plain(each.body, _WORDS)}”"
        for each in target.messages[:_SHOWN]
    ]
    more = len(target.event_ids) - len(lines)
    return [*lines, f"and {more:,} more"] if more else lines


def _consequences(call: Call, target: _Target) -> list[str]:
    """Tell what loses its words with these messages, and what administrators wrote that stays."""
    state, room_id = call.services.memory.state, target.room_id
    made = made_of(state, room_id, [each.timestamp for each in target.messages])
    told = []
    models = Made(
        tuple(each for each in made.chapters if each.wordless() != each),
        tuple(each for each in made.lenses if each.written),
        tuple(each for each in made.notes if not each.edited_by),
    )
    if models:
        told.append(f"With it goes what was made of it, to be written anew: {_named(models)}.")
    worded = worded_with(state, room_id, target.text) if target.text else Made()
    if worded:
        told.append(f"So does what administrators wrote with these words in it: {_named(worded)}.")
    kept = Made(
        tuple(each for each in made.chapters if each.pinned),
        tuple(each for each in made.lenses if each.pinned),
        tuple(each for each in made.notes if each.edited_by),
    )
    if kept and not target.text:
        told.append(
            f"What administrators wrote of that time stays, so look into it: {_named(kept)}."
        )
    return told


def _named(made: Made) -> str:
    found = {
        "chapters": [f"**{memoir.label(each)}**" for each in made.chapters],
        "lenses": [f"**{plain(each.lens)}**" for each in made.lenses],
        "notes": [f"**{localpart(each.persona)} {each.number}**" for each in made.notes],
    }
    return "; ".join(f"{kind} {', '.join(names)}" for kind, names in found.items() if names)
