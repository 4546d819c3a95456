"""Who answers, as far as it depends on what the stores and the room's state know."""

import pytest

from lunabot.config import Settings, SyncSettings
from lunabot.dispatch.deciding import Deciding
from lunabot.dispatch.scene import Scene
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from tests.fake_account import FakeAccount
from tests.unit.dispatch.people import ADA, BOB, LUNA, OTHER_ROOM, OWL, ROOM, Troupe, said


class Table:
    """A room, whoever is in it, and the rules."""

    def __init__(self, account: FakeAccount, memory: Memory) -> None:
        self.account = account
        self.state = memory.state
        self.settings = Settings(sync=SyncSettings(backlog_minutes=10))
        self.troupe = Troupe()
        self.deciding = Deciding(lambda: self.settings, memory.state, self.troupe)

    def answers(self, message: Message, *members: UserId) -> tuple[UserId, ...]:
        self.account.enter(ROOM, *members)
        return self.deciding(self.account, message)


@pytest.fixture
def table(account: FakeAccount, memory: Memory) -> Table:
    return Table(account, memory)


@pytest.mark.parametrize(
    ("body", "members", "answering"),
    [
        ("hello", (ADA,), (LUNA,)),
        ("hello", (ADA, BOB), ()),
        ("hello Luna", (ADA, BOB), (LUNA,)),
        ("hello lunabot", (ADA, BOB), (LUNA,)),
        ("hello", (ADA, OWL), ()),
        ("hello Owl", (ADA, OWL), (OWL,)),
        ("Owl and Luna?", (ADA, OWL), (OWL, LUNA)),
        ("Luna and Owl?", (ADA, OWL, BOB), (LUNA, OWL)),
        ("hello Owl", (ADA, BOB), ()),
        ("", (ADA,), ()),
    ],
)
def test_who_answers_whom(
    table: Table, body: str, members: tuple[UserId, ...], answering: tuple[UserId, ...]
) -> None:
    assert table.answers(said(body), *members) == answering


def test_who_is_only_invited_does_not_count(table: Table) -> None:
    table.account.enter(ROOM, ADA, invited=BOB)
    assert table.deciding(table.account, said("hello")) == (LUNA,)
    table.account.enter(ROOM, ADA, BOB, invited=OWL)
    assert table.deciding(table.account, said("hello Owl")) == ()


@pytest.mark.parametrize(
    ("sender", "body", "members", "answering"),
    [
        (LUNA, "Luna! Owl!", (ADA, OWL), (OWL,)),
        (OWL, "Luna! Owl!", (ADA, OWL), (LUNA,)),
        (OWL, "hello Ada", (ADA, OWL), ()),
        (OWL, "hello", (OWL,), (LUNA,)),
        (LUNA, "Luna!", (ADA,), ()),
    ],
)
def test_her_own_accounts_are_answered_by_the_others_as_people_are(
    table: Table, sender: UserId, body: str, members: tuple[UserId, ...], answering: object
) -> None:
    assert table.answers(said(body, sender), *members) == answering


@pytest.mark.parametrize(
    ("body", "then", "now", "answering"),
    [
        ("hello", (LUNA, ADA), (ADA, BOB), (LUNA,)),  # Bob came later
        ("hello", (LUNA, ADA, BOB), (ADA,), ()),  # Bob was still there
        ("hello Luna", (LUNA, ADA, BOB), (ADA,), (LUNA,)),
        ("hello", (ADA,), (ADA,), (LUNA,)),  # Ada invited her, and spoke before she came
        ("hello", (ADA, BOB), (ADA, BOB), ()),
        ("hello", (ADA, OWL), (ADA, OWL), (OWL,)),  # Ada's words to Owl, before she came
        ("hello Owl", (LUNA, ADA), (ADA, OWL), (LUNA, OWL)),
        ("hello", (LUNA, ADA), (), ()),  # Ada is gone
    ],
)
def test_who_was_there_is_what_counts_for_who_was_there(
    table: Table,
    body: str,
    then: tuple[UserId, ...],
    now: tuple[UserId, ...],
    answering: tuple[UserId, ...],
) -> None:
    message = said(body)
    table.account.enter(ROOM, *now)
    scene = Scene(joined={message.event_id: frozenset(then)})
    assert table.deciding(table.account, message, scene) == answering


def test_whom_an_answer_addresses(table: Table) -> None:
    table.account.enter(ROOM, ADA, OWL)
    assert table.deciding.addressed(table.account, said("Ada, Owl, Luna", LUNA)) == (OWL,)
    assert table.deciding.addressed(table.account, said("`Owl`", LUNA)) == ()
    table.account.enter(ROOM, ADA)
    assert table.deciding.addressed(table.account, said("Owl", LUNA)) == ()


@pytest.mark.parametrize(
    ("sender", "body", "answering"),
    [(LUNA, "hello Owl", (OWL,)), (LUNA, "hello", ()), (ADA, "hello Owl", (LUNA,))],
)
def test_what_she_says_may_be_ahead_of_her_sync(
    table: Table, sender: UserId, body: str, answering: tuple[UserId, ...]
) -> None:
    table.troupe.nests.add(ROOM)
    assert table.answers(said(body, sender), ADA) == answering


def test_a_room_she_is_not_in(table: Table) -> None:
    assert table.answers(said("hello Luna", room_id=OTHER_ROOM), ADA) == ()


def test_a_reply_to_her_addresses_her_however_old_her_words_are(table: Table) -> None:
    table.account.enter(ROOM, ADA, BOB)
    mine, elsewhere = said("round", LUNA), said("flat", LUNA, room_id=OTHER_ROOM)
    scene = Scene({each.event_id: each for each in (mine, elsewhere)})
    why, how = (said(in_reply_to=each.event_id) for each in (mine, elsewhere))
    assert table.deciding(table.account, why, scene) == (LUNA,)
    assert table.deciding(table.account, how, scene) == ()


def test_a_reply_to_her_addresses_her_as_far_as_she_remembers(table: Table) -> None:
    mine, theirs = said("a moon is round", LUNA), said("no, flat", BOB)
    table.state.remember(ROOM, [mine, theirs])
    members = (ADA, BOB)
    assert table.answers(said("why?", in_reply_to=mine.event_id), *members) == (LUNA,)
    assert table.answers(said("why?", in_reply_to=theirs.event_id), *members) == ()
    assert table.answers(said("why?", in_reply_to=said().event_id), *members) == ()


def test_the_backlog_window_is_that_of_the_settings_of_the_moment(table: Table) -> None:
    late = said("hello", ago_ms=11 * 60_000)
    assert table.answers(said("hello", ago_ms=9 * 60_000), ADA) == (LUNA,)
    assert table.answers(late, ADA) == ()
    table.settings = Settings(sync=SyncSettings(backlog_minutes=20))
    assert table.answers(late, ADA) == (LUNA,)


def test_time_is_the_servers(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = table.account.server_now() + 3_600_000
    monkeypatch.setattr(table.account, "server_now", lambda: ahead)
    assert table.answers(said("hello"), ADA) == ()
    assert table.answers(said("hello", timestamp=ahead), ADA) == (LUNA,)
