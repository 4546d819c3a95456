"""Who answers, by a table and by what must hold for any message."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.dispatch.mentions import Addressee, Mentions
from lunabot.dispatch.rules import Decision, Reason, decide
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

LUNA = UserId("@luna:localhost")
PERSON = UserId("@person:localhost")
ACCOUNT = Addressee.of(LUNA, ["Luna"])
NOW, WINDOW = 10_000_000, 3_600_000
HELLO = Message(EventId("$1"), RoomId("!r:x"), PERSON, NOW, "hello")
TO_LUNA = replace(HELLO, body="hello Luna")


def decided(message: Message, members: int, replied_to: UserId | None = None) -> Decision:
    return decide(
        message,
        account=ACCOUNT,
        joined_members=members,
        now_ms=NOW,
        backlog_ms=WINDOW,
        replied_to_sender=replied_to,
    )


@pytest.mark.parametrize(
    ("message", "members", "reason"),
    [
        (HELLO, 2, Reason.DIRECT),
        (replace(HELLO, msgtype="m.emote"), 2, Reason.DIRECT),
        (replace(HELLO, msgtype="m.image", body="cat.png"), 2, Reason.DIRECT),
        (replace(HELLO, msgtype="m.poll.start", body="Which day?"), 2, Reason.DIRECT),
        (replace(HELLO, msgtype="m.location", body=""), 2, Reason.DIRECT),
        (replace(HELLO, mentions=frozenset()), 2, Reason.DIRECT),
        (replace(HELLO, timestamp=NOW - WINDOW), 2, Reason.DIRECT),
        (replace(HELLO, timestamp=NOW + 60_000), 2, Reason.DIRECT),
        (TO_LUNA, 3, Reason.MENTIONED),
        (replace(HELLO, mentions=frozenset({LUNA})), 300, Reason.MENTIONED),
    ],
)
def test_answered(message: Message, members: int, reason: Reason) -> None:
    assert decided(message, members) == Decision(True, reason)


@pytest.mark.parametrize(
    ("message", "members", "reason"),
    [
        (replace(TO_LUNA, sender=LUNA), 2, Reason.OWN),
        (replace(TO_LUNA, replaces=EventId("$0")), 2, Reason.EDIT),
        (replace(TO_LUNA, msgtype="m.notice"), 2, Reason.NOT_SPEECH),
        (replace(TO_LUNA, msgtype="m.key.verification.request"), 2, Reason.NOT_SPEECH),
        (replace(TO_LUNA, msgtype="org.example.unknown"), 2, Reason.NOT_SPEECH),
        (replace(TO_LUNA, body=" \n"), 2, Reason.EMPTY),
        (replace(TO_LUNA, timestamp=NOW - WINDOW - 1), 2, Reason.TOO_OLD),
        (TO_LUNA, 1, Reason.ALONE),
        (TO_LUNA, 0, Reason.ALONE),
        (HELLO, 3, Reason.NOT_MENTIONED),
        (replace(HELLO, body="@room hello"), 3, Reason.NOT_MENTIONED),
        (replace(TO_LUNA, mentions=frozenset()), 3, Reason.NOT_MENTIONED),
    ],
)
def test_ignored(message: Message, members: int, reason: Reason) -> None:
    assert decided(message, members) == Decision(False, reason)


def test_a_reply_to_own_words_is_answered_in_a_group() -> None:
    assert decided(HELLO, 3, replied_to=LUNA) == Decision(True, Reason.REPLIED_TO)
    assert decided(HELLO, 3, replied_to=PERSON) == Decision(False, Reason.NOT_MENTIONED)
    notice = replace(HELLO, msgtype="m.notice")
    assert decided(notice, 3, replied_to=LUNA) == Decision(False, Reason.NOT_SPEECH)


_MESSAGES = st.builds(
    replace,
    st.just(HELLO),
    sender=st.sampled_from([LUNA, PERSON]),
    body=st.sampled_from(["", "hello", "luna", "Luna?", "lunatic"]),
    msgtype=st.sampled_from(["m.text", "m.emote", "m.notice", "m.image", "m.other"]),
    mentions=st.sampled_from([None, frozenset[UserId](), frozenset({LUNA})]),
    replaces=st.sampled_from([None, None, EventId("$0")]),
    timestamp=st.integers(NOW - 2 * WINDOW, NOW + WINDOW),
)


@given(_MESSAGES, st.integers(0, 5), st.sampled_from([None, LUNA, PERSON]))
def test_what_must_hold_for_any_message(
    message: Message, members: int, replied_to: UserId | None
) -> None:
    decision = decided(message, members, replied_to)
    if decision.answer:
        assert message.sender != LUNA and not message.replaces and members >= 2
        assert message.msgtype not in ("m.notice", "m.other")
        assert NOW - message.timestamp <= WINDOW
        is_meant = replied_to == LUNA or Mentions(message).position(ACCOUNT) is not None
        assert members == 2 or is_meant
    elif members >= 2 and decision.reason is not Reason.NOT_MENTIONED:
        assert decided(message, 2, replied_to) == decision
    assert decision.reason  # there is one to be shown
