"""Asking before something is destroyed: the rules, as pure functions.

Luna shows what a command would do and waits for a tap on ✅ or ❌ below that notice, ``/yes`` or
``/no``: from the person who asked, for five minutes, once. In an encrypted room a tap may come
unencrypted, as nearly all clients send it: all it can do is say yes or no to what came encrypted.
"""

import hashlib
import secrets
from collections.abc import Iterable
from enum import Enum
from typing import Any, Final

from lunabot.admin.authority import Authority, Posture, Refusal
from lunabot.admin.call import Plan
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.markdown import text_content
from lunabot.memory.questions import Question

WINDOW_MS: Final = 300_000
YES: Final = "✅"
NO: Final = "❌"
CONTENT_KEY: Final = "org.luna.confirm"
"""Where the question's event carries what to run, for clients and for whoever reads the room.

Luna acts on her own copy alone: see `lunabot.memory.questions`.
"""

CONFIRMED: Final = f"{YES} Confirmed."
DECLINED: Final = f"{NO} Declined: nothing was done."
EXPIRED: Final = f"{NO} Nobody said yes within five minutes: nothing was done."
INTERRUPTED: Final = f"{NO} I was cut off while I did it, and do not know how far I came."

_ANSWERS: Final = {YES: True, NO: False}
_EMOJI_STYLE: Final = "\ufe0f"  # some clients add the variation selector, others do not
_CODE_DIGITS: Final = 4
_LONGEST: Final = 6_000  # characters: with both formats, well below an event's 64 KiB


class Verdict(Enum):
    """What becomes of a question; the value is the ending it is kept with.

    What runs ends otherwise unless it is cut off.
    """

    RUN = INTERRUPTED
    DECLINE = DECLINED
    EXPIRE = EXPIRED


def new_question(
    message: Message, verb: str, text: str, plan: Plan, taken: Iterable[str], now_ms: int
) -> Question:
    """Return the question whether a command is to be run; `taken` are the codes of the others."""
    return Question(
        message=message,
        verb=verb,
        text=text,
        code=_new_code(frozenset(taken)),
        expires=now_ms + WINDOW_MS,
        fingerprint=digest(plan),
        consequences=_shortened(plan.markdown),
    )


def digest(plan: Plan) -> str:
    """Return a plan's fingerprint at a length that any event has room for."""
    return hashlib.sha256(plan.fingerprint.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def decide(
    question: Question,
    reply: Message | Reaction,
    authority: Authority,
    posture: Posture,
    *,
    yes: bool,
    now_ms: int,
) -> Verdict | Refusal:
    """Decide what a reply to an open question does. A `Refusal` that is not told changes nothing.

    What was said in time counts for five minutes more: Luna may have been away. Times are the
    server's, in milliseconds.
    """
    if refusal := authority.outsider(reply.room_id, reply.sender):
        return refusal
    if reply.sender != question.message.sender:
        return Refusal(f"that question is for {question.message.sender} to answer", tell=False)
    if reply.timestamp > question.expires or now_ms > question.expires + WINDOW_MS:
        return Verdict.EXPIRE
    if not yes:
        return Verdict.DECLINE
    return posture.refusal or Verdict.RUN


def read_tap(key: str) -> bool | None:
    """Return what a reaction says: ✅ yes, ❌ no, and None for any other one, 👍 and ☑️ too."""
    return _ANSWERS.get(key.replace(_EMOJI_STYLE, ""))


def question_content(question: Question) -> dict[str, Any]:
    """Return the notice that asks; it carries what to run."""
    how = (
        f"Tap {YES} to do it or {NO} to leave it (no other reaction counts), or type "
        f"`!yes {question.code}` or `!no {question.code}`. Only {question.message.sender} can, for "
        "five minutes."
    )
    carried = {
        "verb": question.verb,
        "text": question.text,
        "asker": question.message.sender,
        "command": question.message.event_id,
        "code": question.code,
        "expires": question.expires,
        "fingerprint": question.fingerprint,
    }
    return {**_notice(question, how), CONTENT_KEY: carried}


def ending_content(question: Question, ending: str) -> dict[str, Any]:
    """Return what the notice is to say instead, once the question has ended, and asks no more."""
    return _notice(question, ending)


def _notice(question: Question, last: str) -> dict[str, Any]:
    markdown = f"{question.consequences}\n\n{last}"
    return text_content(markdown, msgtype="m.notice", in_reply_to=question.message.event_id)


def _new_code(taken: frozenset[str]) -> str:
    """Return digits only: a phone neither corrects them nor asks for capitals.

    A code tells questions apart and is no secret: everybody in the room reads it.
    """
    while (code := f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}") in taken:
        pass
    return code


def _shortened(markdown: str) -> str:
    """Cut consequences that are too long for an event between two lines, and say so."""
    if len(markdown) <= _LONGEST:
        return markdown
    shown = markdown[:_LONGEST].rpartition("\n")[0] or markdown[:_LONGEST]
    left = markdown[len(shown) :].strip().count("\n") + 1
    return f"{shown}\n\n… and {left} line{'' if left == 1 else 's'} more."
