"""The line that says what became of what was asked while Luna was away."""

import pytest

from lunabot.dispatch.absence import Absence, account_of
from lunabot.dispatch.inbox import Owed
from lunabot.dispatch.queue import Question, RoomQueues
from tests.unit.dispatch.house import House
from tests.unit.dispatch.people import OTHER_ROOM, said


@pytest.mark.parametrize(
    ("rooms", "answered", "waiting", "late", "line"),
    [
        (
            [1, 2, 3, 3],
            3,
            0,
            1,
            "While I was away: 4 messages in 3 rooms, 3 answered, 1 too old.",
        ),
        ([1], 1, 0, 0, "While I was away: 1 message in 1 room, 1 answered."),
        (
            [1, 1],
            0,
            2,
            0,
            "While I was away: 2 messages in 1 room, 0 answered, 2 still to be answered.",
        ),
    ],
)
def test_the_line(rooms: list[int], answered: int, waiting: int, late: int, line: str) -> None:
    messages = [said(room_id=f"!{room}:s") for room in rooms]
    asked = {message.event_id: message for message in messages}
    assert account_of(asked, answered, waiting, late) == line


async def test_it_is_told_when_all_is_answered_and_only_if_there_was_something(
    house: House,
) -> None:
    queues = RoomQueues(house.answer)
    absence = Absence(house.memory.archive, queues, house.told.append)
    await absence.report()
    assert house.told == []
    question, late = await house.ask(), said("old", room_id=OTHER_ROOM)
    queues.put(Question(question.account, question.message))
    absence.note(Owed((question.message,), (late,)))
    await absence.report()
    assert house.told == ["While I was away: 2 messages in 2 rooms, 1 answered, 1 too old."]
