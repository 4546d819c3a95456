"""From a message to the command it spells, or to None: it is chat.

Every spelling is one command: ``/x``, ``//x``, ``\\/x``, ``!x``, ``/plain /x``, with her name or
pill in front, as a reply, as phones mangle it. ``!x`` counts only where ``x`` is known, so that
"!important" stays chat; an unknown ``/x`` is a command all the same: a typo, to be answered.
What stands behind the verb is read by the verb's declaration (`lunabot.admin.arguments`).
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import dropwhile

from lunabot.admin.invisible import without_invisible
from lunabot.admin.pills import with_identifiers
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId, localpart

_HYPHENS = r"\-‐‑–—"
_COMMAND = re.compile(rf"(?:\\?/{{1,2}}|(?P<bang>!))(?P<verb>[^\W\d_][\w{_HYPHENS}]*)(?=\s|$)")
_PLAIN = re.compile(r"\\?/{1,2}plain\s+", re.IGNORECASE)
_HYPHEN = re.compile(rf"[{_HYPHENS}]")


@dataclass(frozen=True, slots=True)
class Names:
    """What Luna is called: her account, its display name, and the handles of the configuration."""

    user_id: UserId
    display_name: str
    handles: tuple[str, ...] = ()

    def spellings(self) -> Iterator[str]:
        """Yield each way to address her."""
        yield self.user_id
        for name in (localpart(self.user_id), self.display_name, *self.handles):
            if name:
                yield from (name, f"@{name}")


@dataclass(frozen=True, slots=True)
class Command:
    """A verb, normalised, and the `text` behind it: pills are identifiers, quotes still there.

    A `mistake` tells what was wrong with arguments that came as data: they cannot be a text.
    """

    verb: str
    text: str
    mistake: str = ""


def read_command(message: Message, names: Names, verbs: Container[str]) -> Command | None:
    """Return the command a message spells; None means chat.

    `verbs` are the known verbs and aliases, normalised. Who may command is not decided here.
    """
    text = _without_name(_as_meant(message), names)
    plain = _PLAIN.match(text)
    match = _COMMAND.match(text, plain.end() if plain else 0)
    if not match:
        return None
    verb = normalise_verb(match["verb"])
    if match["bang"] and verb not in verbs:
        return None
    return Command(verb, text[match.end() :])


def normalise_verb(verb: str) -> str:
    """Return the one spelling of a verb or option: lower case, with ``_`` for every hyphen."""
    return _HYPHEN.sub("_", verb.casefold())


def _as_meant(message: Message) -> str:
    body = without_invisible(message.body)
    if message.in_reply_to:
        body = _without_reply_fallback(body)
    return with_identifiers(body, message.formatted_body).lstrip()


def _without_reply_fallback(body: str) -> str:
    """Drop the quoted message on top (client-server API, "Fallbacks for rich replies")."""
    return "\n".join(dropwhile(lambda line: line.startswith(">"), body.split("\n")))


def _without_name(text: str, names: Names) -> str:
    spelled = "|".join(re.escape(name) for name in names.spellings())
    match = re.match(rf"(?:{spelled})(?:\s*[:,]\s*|\s+)(?=[/!\\])", text, re.IGNORECASE)
    return text[match.end() :] if match else text
