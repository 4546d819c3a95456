"""Who is addressed by a message. Pure.

Since Matrix 1.7 ``m.mentions`` says so, and where it is present it is the whole truth
(client-server API, "User and room mentions"). Older clients and many bots leave it out: then the
text is read for pills, user ids and names. ``@room`` addresses nobody in particular.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lunabot.dispatch.spoken import spoken_text
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId, localpart
from lunabot.matrix.text import fold

_USER_ID = re.compile(r"@[\w.=/+-]+:(?:\[[\da-f:.]+\]|\w(?:[\w.-]*\w)?)(?::\d{1,5})?")
# Names inside of addresses are nobody's: links, room aliases and ids, mail addresses.
_ADDRESS = re.compile(
    r"\b(?:https?|mailto|matrix):\S+|[#!+$][\w.=/+-]+:\w[\w.:-]*"
    r"|(?<![\w.+-])[\w.+-]++@\w[\w-]*\.\w[\w.-]*"
)
# Scripts that write words without spaces. Unicode annex 29 sees a border on each side of an
# ideograph, a hiragana or a South East Asian letter, and none between others.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3041-\u309f"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_SPACED = re.compile(rf"[^\W{_UNSPACED}]")
_LEFT_BORDER = rf"(?:(?<!\w)|(?<=[{_UNSPACED}]))(?<!\w[.-])"
_RIGHT_BORDER = rf"(?:(?!\w)|(?=[{_UNSPACED}]))(?![.-]\w)"


@dataclass(frozen=True, slots=True)
class Addressee:
    """An account and what it is called, ready to be looked for in every message."""

    user_id: UserId
    folded_id: str
    names: tuple[str, ...]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, user_id: UserId, names: Iterable[str] = ()) -> "Addressee":
        """Return the addressee of these names (display name, handles) and its localpart.

        A single letter is no name: it would be found in half of all messages.
        """
        folded = {" ".join(fold(name).split()) for name in (*names, localpart(user_id))}
        kept = tuple(sorted(name for name in folded if name[1:] or (name and not name.isalnum())))
        pattern = re.compile("|".join(map(_whole, kept)) or r"(?!)")
        return cls(user_id, fold(user_id), kept, pattern)


class Mentions:
    """Whom a message addresses; its text is read when that is first asked."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def position(self, addressee: Addressee) -> int | None:
        """Return where in the message somebody is addressed, or None where that is not so.

        Positions have no unit; they order the addressees. Who stands in ``m.mentions`` only
        comes behind the others.
        """
        explicit = self._message.mentions
        if explicit is not None and addressee.user_id not in explicit:
            return None
        places = [place for place in (self._id(addressee), self._name(addressee)) if place >= 0]
        return min(places) if places else None if explicit is None else len(self._text)

    def _id(self, addressee: Addressee) -> int:
        return self._ids.get(addressee.folded_id, -1)

    def _name(self, addressee: Addressee) -> int:
        if any(name in self._words for name in addressee.names):
            for match in addressee.pattern.finditer(self._words):
                if not _goes_on(self._words, match.end()):
                    return match.start()
        return -1

    @cached_property
    def _text(self) -> str:
        return " ".join(fold(spoken_text(self._message)).split())

    @cached_property
    def _ids(self) -> dict[str, int]:
        found = list(_USER_ID.finditer(self._text))
        return {match.group(): match.start() for match in reversed(found)}

    @cached_property
    def _words(self) -> str:
        """The text with blanks in the place of identifiers and addresses."""
        if "@" not in self._text and ":" not in self._text:
            return self._text
        return _ADDRESS.sub(_blank, _USER_ID.sub(_blank, self._text))


def order(
    message: Message, accounts: Iterable[Addressee], replied_to: UserId | None = None
) -> tuple[UserId, ...]:
    """Return who of the accounts is addressed, in the order in which they are to answer.

    Whose message this one replies to comes first, the others as they are mentioned.
    """
    mentions = Mentions(message)
    places = (
        (-1 if account.user_id == replied_to else mentions.position(account), account.user_id)
        for account in accounts
    )
    return tuple(user for _, user in sorted((p, u) for p, u in places if p is not None))


def _whole(name: str) -> str:
    """Return the pattern of a folded name that is no part of a longer word."""
    left = _LEFT_BORDER if _SPACED.match(name) else ""
    right = _RIGHT_BORDER if _SPACED.match(name[-1]) else ""
    return f"{left}{re.escape(name)}{right}"


def _goes_on(text: str, end: int) -> bool:
    """Tell whether a letter at the end of a match carries a mark, so that it is another."""
    return (
        end < len(text)
        and text[end - 1].isalnum()
        and unicodedata.category(text[end]).startswith("M")
    )


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())
