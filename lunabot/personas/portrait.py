"""A persona in words, for administrators: a line in the list, or all of it."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId
from lunabot.personas.census import Census
from lunabot.personas.exchange import Change
from lunabot.personas.persona import Persona
from lunabot.personas.trait import one_line
from lunabot.personas.traits import describe

_WORDS = 70
_PROMPT = 150
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~])")

RoomName = Callable[[RoomId], str]


def in_a_line(persona: Persona, census: Census, trouble: str, room_name: RoomName) -> str:
    """Return the persona's entry in the list of all."""
    where = ", ".join(plain(room_name(room_id), _WORDS) for room_id in persona.rooms) or "no room"
    parts = [
        f"**{plain(persona.displayname, _WORDS)}** `{persona.user_id}`",
        f"in {where}",
        *([f"on `{persona.model}`"] if persona.model else []),
        f"{census.tokens.get(persona.user_id, 0):,} tokens today",
    ]
    if words := census.last_words.get(persona.user_id):
        parts.append(f"“{plain(words.body, _WORDS)}”")
    return " – ".join(parts) + (f" – ⚠️ {trouble}" if trouble else "")


def in_full(
    persona: Persona, census: Census, trouble: str, room_name: RoomName, own_model: str
) -> str:
    """Return everything there is about a persona; `own_model` is what it uses without its own."""
    facts = {
        "account": f"`{persona.user_id}`, {f'⚠️ {trouble}' if trouble else 'runs'}",
        "model": f"`{persona.model}`" if persona.model else f"`{own_model}`, as I do",
        "traits": typed_traits(persona.traits),
        "which says": plain(describe(persona.traits)),
        "rooms": ", ".join(
            f"{plain(room_name(room_id), _WORDS)} `{room_id}`" for room_id in persona.rooms
        ),
        "tokens today": f"{census.tokens.get(persona.user_id, 0):,}",
        "last words": _last_words(census.last_words.get(persona.user_id), room_name),
        "made": f"{_moment(persona.created_at)} by `{persona.created_by}`",
        "notes": "; ".join(plain(note) for note in persona.notes),
        "other fields": ", ".join(f"`{name}`" for name in persona.extra),
    }
    lines = [f"- **{name}**: {fact}" for name, fact in facts.items() if fact]
    head = f"**{plain(persona.displayname)}** – [talk](https://matrix.to/#/{persona.user_id})"
    prompt = "\n".join(f"> {_escaped(line)}" for line in persona.system_prompt.splitlines())
    return "\n\n".join([head, "\n".join(lines), prompt])


def difference(change: Change) -> str:
    """Return what became different about a persona, in a line; empty where nothing did."""
    return ", ".join(_differences(change))


def typed_traits(traits: Mapping[str, int | str]) -> str:
    """Return traits as they are typed, in code; empty where there are none."""
    text = ",".join(f"{name}={value}" for name, value in traits.items())
    return f"`{one_line(text).replace('`', chr(39))}`" if text else ""


def plain(text: str, length: int = 1_000) -> str:
    """Return a text on one line, cut where it is long, that Markdown shows as it stands."""
    line = one_line(text)
    return _escaped(line[:length] + "…" if len(line) > length else line)


def _differences(change: Change) -> Iterator[str]:
    after, traits = change.after, typed_traits(change.after.traits)
    shown = {
        "displayname": lambda: f"the name **{plain(after.displayname, _WORDS)}**",
        "system_prompt": lambda: f"the prompt “{plain(after.system_prompt, _PROMPT)}”",
        "traits": lambda: f"the traits {traits}" if traits else "no traits",
        "model": lambda: f"the model `{after.model}`" if after.model else "my model",
    }
    for field in change.fields:
        yield shown[field]() if field in shown else field


def _last_words(words: Message | None, room_name: RoomName) -> str:
    if words is None:
        return ""
    return f"“{plain(words.body, _WORDS)}” in {plain(room_name(words.room_id), _WORDS)}"


def _moment(written: str) -> str:
    """Return a moment of a document (ISO 8601, with its time zone) as a day and time."""
    moment = datetime.fromisoformat(written)
    return f"{moment.day} {moment:%b %Y %H:%M %Z}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
