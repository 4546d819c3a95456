"""Who answers: from a message and an account to a decision with its reason. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from lunabot.dispatch.mentions import Addressee, Mentions
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.matrix.media import KINDS

# Notices are how bots talk: whoever answers them talks with bots for ever.
_SPEECH = frozenset(("m.text", "m.emote"))


class Reason(StrEnum):
    """Why a message is answered or not, as it is shown to administrators."""

    DIRECT = "nobody else is in the room"
    MENTIONED = "mentioned"
    REPLIED_TO = "the message replies to one of hers"
    OWN = "own words"
    EDIT = "an edit"
    NOT_SPEECH = "not something said"
    EMPTY = "nothing is said"
    TOO_OLD = "older than the backlog window"
    ALONE = "nobody is there to be answered"
    NOT_MENTIONED = "not mentioned in a group"


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether an account answers a message, and why."""

    answer: bool
    reason: Reason


def decide(
    message: Message,
    *,
    account: Addressee,
    joined_members: int,
    now_ms: int,
    backlog_ms: int,
    replied_to_sender: UserId | None = None,
    mentions: Mentions | None = None,
) -> Decision:
    """Decide whether an account answers a message.

    Never own words, edits, notices and other events that say nothing, and nothing older than the
    backlog window. With two joined members always, with more only when addressed; a reply to
    the account's own message addresses it. `replied_to_sender` wrote the message that this one
    replies to. Who asks for several accounts hands in `mentions`, so that the text is read once.
    """
    if never := _never(message, account.user_id, now_ms - message.timestamp > backlog_ms):
        return Decision(False, never)
    if joined_members < 2:
        return Decision(False, Reason.ALONE)
    if joined_members == 2:
        return Decision(True, Reason.DIRECT)
    if replied_to_sender == account.user_id:
        return Decision(True, Reason.REPLIED_TO)
    if (mentions or Mentions(message)).position(account) is not None:
        return Decision(True, Reason.MENTIONED)
    return Decision(False, Reason.NOT_MENTIONED)


def _never(message: Message, me: UserId, is_too_old: bool) -> Reason | None:
    if message.sender == me:
        return Reason.OWN
    if message.replaces:
        return Reason.EDIT
    if message.msgtype not in _SPEECH | KINDS:
        return Reason.NOT_SPEECH
    if message.msgtype in _SPEECH and not message.body.strip():
        return Reason.EMPTY
    return Reason.TOO_OLD if is_too_old else None
