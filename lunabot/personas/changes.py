"""What an administrator wants to be different about a persona: read, checked, applied. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from lunabot.errors import UserMistake
from lunabot.matrix.ids import UserId
from lunabot.personas.persona import BrokenPersona, Persona, from_document, to_document
from lunabot.personas.traits import parse

TEXTS = ("prompt", "name", "traits", "model")
"""What can be set to a text."""
_FIELD = re.compile(r"(?P<field>[^\W\d_]+)(?:\s*[=:]\s*|\s+|$)(?P<text>.*)", re.DOTALL)
_CAN_BE_SET = (
    "What can be set: `name`, `traits`, `model`, `prompt`, and `avatar` as the reply to an image. "
    'A text with spaces goes in "quotes", or comes last: `--set prompt You are …`.'
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be another one; None stays as it is.

    `traits` are added to those there are; behind ``none`` they replace them. An empty `model` is
    the configuration's, an empty `name` the localpart. `avatar` is an image, and no part of the
    document.
    """

    prompt: str | None = None
    name: str | None = None
    traits: str | None = None
    model: str | None = None
    avatar: bool = False

    def __bool__(self) -> bool:
        return self != Changes()

    def apply(self, persona: Persona) -> Persona:
        """Return the persona changed; raises `UserMistake` where it cannot be so."""
        wanted = {
            "displayname": self.name,
            "system_prompt": self.prompt,
            "traits": None if self.traits is None else _traits(persona, self.traits),
            "model": self.model,
        }
        given = {field: value for field, value in wanted.items() if value is not None}
        return checked(persona.user_id, {**to_document(persona), **given})


def read_changes(options: Mapping[str, str | None], tail: str, *, avatar: bool = False) -> Changes:
    """Return what is to be set: `options` by the names of `TEXTS`, and what stands behind them.

    A prompt goes on behind its first word, so it needs no quotes; otherwise a field and its text
    follow. Raises `UserMistake` with what can be set.
    """
    given = {field: value for field, value in options.items() if value is not None}
    if tail and "prompt" in given:
        given["prompt"] += f" {tail}"
    elif tail.casefold() == "avatar":
        avatar = True
    elif tail:
        field, text = _field(tail)
        if field in given:
            raise UserMistake(f"`{field}` is given twice.")
        given[field] = text
    return Changes(**given, avatar=avatar)


def require(changes: Changes) -> None:
    """Raise `UserMistake` where nothing is to be set."""
    if not changes:
        raise UserMistake(f"Set what? {_CAN_BE_SET}")


def checked(user_id: UserId, document: Mapping[str, object]) -> Persona:
    """Return the persona of a document; raises `UserMistake` with all that is wrong with it."""
    try:
        return from_document(user_id, document)
    except BrokenPersona as error:
        raise UserMistake(f"That cannot be: {'; '.join(error.mistakes)}.") from None


def _field(tail: str) -> tuple[str, str]:
    match = _FIELD.fullmatch(tail)
    field = match["field"].casefold() if match else ""
    if match is None or field not in TEXTS:
        word = tail.split()[0][:40].replace("`", "'")
        nearest = get_close_matches(field, (*TEXTS, "avatar"), 1)
        hint = f" Did you mean `{nearest[0]}`?" if nearest else ""
        raise UserMistake(f"`{word}` is nothing that I can set.{hint} {_CAN_BE_SET}")
    if not match["text"]:
        raise UserMistake(f"`{field}` needs a text behind it. {_CAN_BE_SET}")
    return field, match["text"]


def _traits(persona: Persona, typed: str) -> dict[str, int | str]:
    first, _, others = typed.partition(",")
    if first.strip().casefold() == "none":
        return parse(others)
    return {**persona.traits, **parse(typed)}
