"""What an administrator sees of a command: marks, one notice, in the right order and time."""

import asyncio
from itertools import combinations

import pytest

from lunabot.admin.ticket import Ticket
from lunabot.errors import Refused, WorldError
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from tests.clock import Clock
from tests.fake_account import FakeAccount

ROOM = RoomId("!admin:localhost")
COMMAND = Message(EventId("$command"), ROOM, UserId("@admin:localhost"), 1, "/seed")


@pytest.fixture
def ticket(account: FakeAccount, clock: Clock) -> Ticket:
    return Ticket(account, COMMAND)


async def test_a_quick_command_gets_a_receipt_an_answer_and_one_mark(
    ticket: Ticket, account: FakeAccount, clock: Clock
) -> None:
    ticket.open()
    await clock.forward(0.95)
    await ticket.close("**done**", ok=True)
    await clock.forward(60)
    assert account.acts == [("read", "$command"), ("sent", "done"), ("sent", "✅")]
    notice, mark = account.sent
    assert {sent.room_id for sent in account.sent} == {ROOM}
    assert notice.content["msgtype"] == "m.notice"
    assert notice.content["formatted_body"] == "<strong>done</strong>"
    assert notice.content["m.relates_to"] == {"m.in_reply_to": {"event_id": "$command"}}
    assert mark.content["m.relates_to"]["rel_type"] == "m.annotation"
    assert mark.content["m.relates_to"]["event_id"] == "$command"


async def test_what_takes_over_a_second_gets_an_hourglass_until_its_mark_is_set(
    ticket: Ticket, account: FakeAccount, clock: Clock
) -> None:
    ticket.open()
    await clock.forward(1.05)
    assert account.acts == [("read", "$command"), ("sent", "⏳")]
    hourglass = account.sent[0].event_id
    await ticket.close("no such room", ok=False)
    assert account.acts[2:] == [("sent", "no such room"), ("sent", "❌"), ("redacted", hourglass)]


async def test_progress_is_one_notice_that_is_edited_at_most_every_two_seconds(
    ticket: Ticket, account: FakeAccount, clock: Clock
) -> None:
    ticket.open()
    for step in range(50):
        await ticket.progress(f"step {step}")
        await clock.forward(0.125)  # exact in binary
    await ticket.close("all 50 steps", ok=True)
    notices = [sent for sent in account.sent if sent.type == "m.room.message"]
    first, *edits = notices
    bodies = [first.body, *(edit.content["m.new_content"]["body"] for edit in edits)]
    assert bodies == ["step 0", "step 16", "step 32", "step 48", "all 50 steps"]
    for edit in edits:
        relation = {"rel_type": "m.replace", "event_id": first.event_id}
        assert edit.content["m.relates_to"] == relation


async def test_each_thing_is_sent_under_an_id_of_its_own_that_a_repetition_shares(
    account: FakeAccount, clock: Clock
) -> None:
    for _ in range(2):
        ticket = Ticket(account, COMMAND)
        ticket.open()
        await ticket.progress("half")
        await clock.forward(1.1)
        await ticket.close("done", ok=True)
    ids = [sent.transaction_id for sent in account.sent]
    once, again = ids[: len(ids) // 2], ids[len(ids) // 2 :]
    assert once == again
    assert all(one != other for one, other in combinations(once, 2))


async def test_a_long_answer_comes_as_a_file(
    ticket: Ticket, account: FakeAccount, clock: Clock
) -> None:
    answer = "**300 rooms**\n\n" + "- a room of some length\n" * 400
    ticket.open()
    await ticket.close(answer, ok=True)
    shown, file, mark = account.acts[1:]
    assert shown == ("sent", "300 rooms\n\nThe whole answer is long: it comes as a file.")
    assert file == ("file", "answer.md", answer.encode(), "text/markdown")
    assert mark == ("sent", "✅")


@pytest.mark.parametrize(
    "failure", [WorldError("out of reach"), Refused("M_FORBIDDEN", "no right to react")]
)
async def test_a_server_that_takes_nothing_stops_nothing(
    ticket: Ticket,
    account: FakeAccount,
    clock: Clock,
    failure: WorldError,
    caplog: pytest.LogCaptureFixture,
) -> None:
    account.failure = failure
    ticket.open()
    await clock.forward(1.1)
    await ticket.progress("half")
    await ticket.close("done" * 3000, ok=True)
    assert account.sent == []
    assert caplog.text.count(str(failure)) == 5


async def test_a_notice_that_was_not_sent_is_no_reason_to_edit_it(
    ticket: Ticket, account: FakeAccount, clock: Clock
) -> None:
    ticket.open()
    account.failure = WorldError("out of reach")
    await ticket.progress("half")
    account.failure = None
    await ticket.close("done", ok=True)
    assert [sent.type for sent in account.sent] == ["m.room.message", "m.reaction"]
    assert account.sent[0].body == "done"


async def test_no_task_is_left(ticket: Ticket, clock: Clock) -> None:
    before = asyncio.all_tasks()
    ticket.open()
    await ticket.close("done", ok=True)
    assert asyncio.all_tasks() == before
