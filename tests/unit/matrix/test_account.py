"""What an account says reaches the server once, whatever becomes of requests and answers."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from lunabot.errors import Refused, WorldError
from lunabot.matrix import account as account_module
from lunabot.matrix.account import Account
from lunabot.matrix.ids import DeviceId, EventId, RoomId, UserId
from lunabot.matrix.nio_client import SessionLost
from tests.fake_homeserver import ME, FakeHomeserver
from tests.homeserver_scripts import Lost, Reset, Script, Status
from tests.room_events import encryption, joined, left, member, wrote

ADA = UserId("@ada:localhost")
ROOM = RoomId("!room:localhost")
HELLO = {"msgtype": "m.text", "body": "hello"}


@pytest.fixture
async def account(home: FakeHomeserver, live: Account) -> Account:
    """An account that has synced once and is in a room with Ada."""
    home.bring(joined(ROOM, state=[member(ME, name="Luna"), member(ADA, name="Ada")]))
    await live.sync_once(None)
    return live


async def test_an_event_is_sent_under_the_transaction_id_it_is_given(
    account: Account, home: FakeHomeserver
) -> None:
    assert await account.send(ROOM, HELLO, "t1") == "$sent1"
    [event] = home.events
    assert (event.room_id, event.type, event.transaction_id) == (ROOM, "m.room.message", "t1")
    assert event.content == HELLO
    assert home.of("send")[0].token == home.session.access_token


async def test_once_it_is_closed_it_says_no_more(account: Account, home: FakeHomeserver) -> None:
    await account.close()
    with pytest.raises(SessionLost, match="has ended"):
        await account.send(ROOM, HELLO, "t1")
    assert home.events == []


@pytest.mark.parametrize(
    "script",
    [
        Status(502, "<html><h1>502 Bad Gateway</h1></html>"),
        Status(500, {"errcode": "M_UNKNOWN", "error": "Internal server error"}),
        Status(200, "this is not JSON"),
        Status(200, []),
        Status(200, {}),
        Reset(),
        Lost(),
        Lost(half=True),
    ],
    ids=repr,
)
async def test_what_fails_is_sent_again_and_happens_once(
    account: Account, home: FakeHomeserver, pauses: list[float], script: Script
) -> None:
    home.enqueue("send", *[script] * 6)
    event_id = await account.send(ROOM, HELLO, "t1")
    assert [event.event_id for event in home.events] == [event_id]
    attempts = home.of("send")
    assert len(attempts) == 7
    assert {attempt.parts["transaction"] for attempt in attempts} == {"t1"}
    assert len({json.dumps(attempt.body) for attempt in attempts}) == 1


async def test_it_waits_as_long_as_the_server_asks(
    account: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    limit = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too fast", "retry_after_ms": 4321}
    home.enqueue("send", Status(429, limit))
    await account.send(ROOM, HELLO, "t1")
    assert 4.321 in pauses
    assert [request.parts["transaction"] for request in home.of("send")] == ["t1", "t1"]


async def test_pauses_between_attempts_grow_to_half_a_minute(
    account: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.enqueue("send", *[Status(502, "<html>")] * 9)
    await account.send(ROOM, HELLO, "t1")
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_it_gives_up_in_the_end(
    account: Account,
    home: FakeHomeserver,
    pauses: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account_module, "_SEND_FOR_S", 0)
    home.enqueue("send", Status(502, "<html>secret page</html>"))
    with pytest.raises(WorldError, match="answered 502") as caught:
        await account.send(ROOM, HELLO, "t1")
    assert not isinstance(caught.value, Refused)
    assert "secret" not in str(caught.value)
    assert home.session.access_token not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "errcode", "kind"),
    [
        (403, "M_FORBIDDEN", Refused),
        (413, "M_TOO_LARGE", Refused),
        (401, "M_UNKNOWN_TOKEN", SessionLost),
        (403, "M_USER_DEACTIVATED", SessionLost),
    ],
)
async def test_a_no_is_taken_at_once(
    account: Account, home: FakeHomeserver, status: int, errcode: str, kind: type[WorldError]
) -> None:
    home.enqueue("send", Status(status, {"errcode": errcode, "error": "no"}))
    with pytest.raises(kind, match=errcode):
        await account.send(ROOM, HELLO, "t1")
    assert len(home.of("send")) == 1


async def test_an_encrypted_room_gets_no_plain_text_at_any_attempt(
    account: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    await bring(account, home, joined(ROOM, encryption()))
    home.enqueue("send", Status(502, "<html>"), Lost())
    await account.send(ROOM, HELLO, "t1")
    assert [event.type for event in home.events] == ["m.room.encrypted"]
    assert {request.parts["transaction"] for request in home.of("send")} == {"t1"}
    assert not any("hello" in json.dumps(request.body) for request in home.of("send"))


async def test_a_room_it_was_put_out_of_is_refused(account: Account, home: FakeHomeserver) -> None:
    await bring(account, home, left(ROOM))
    with pytest.raises(Refused, match=f"{ME} is not in {ROOM}") as caught:
        await account.wait_for_room(ROOM, timeout_s=0)
    assert caught.value.errcode == "M_FORBIDDEN"
    assert account.joined_count(ROOM) == 0
    assert home.of("send") == []


async def test_what_is_not_a_reaction_to_anything_has_an_id_of_its_own(
    account: Account, home: FakeHomeserver
) -> None:
    await account.say(ROOM, HELLO)
    await account.say(ROOM, HELLO)
    assert len(home.events) == 2


async def test_simplematrixbotlibs_own_verbs_send_the_same_way(
    account: Account, home: FakeHomeserver, pauses: list[float]
) -> None:
    home.enqueue("send", Status(502, "<html>"))
    await account.api.send_text_message(ROOM, "hello")
    assert [event.content["body"] for event in home.events] == ["hello"]


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_file_is_uploaded_and_sent(
    account: Account, home: FakeHomeserver, encrypted: bool
) -> None:
    if encrypted:
        await bring(account, home, joined(ROOM, encryption()))
    await account.send_file(ROOM, "answer.md", b"long answer", "text/markdown")
    [upload] = home.of("upload")
    assert (upload.body == b"long answer") is not encrypted
    [event] = home.events
    if encrypted:
        assert event.type == "m.room.encrypted"
    else:
        assert (event.content["msgtype"], event.content["filename"]) == ("m.file", "answer.md")
        assert event.content["url"] == "mxc://localhost/file"


@pytest.mark.parametrize("encrypted", [False, True])
async def test_an_image_has_its_size(
    account: Account, home: FakeHomeserver, encrypted: bool
) -> None:
    if encrypted:
        await bring(account, home, joined(ROOM, encryption()))
    await account.send_image(ROOM, "usage.png", b"pixels", "image/png", (900, 600))
    [upload] = home.of("upload")
    assert (upload.body == b"pixels") is not encrypted
    [event] = home.events
    if encrypted:
        assert event.type == "m.room.encrypted"
    else:
        assert event.content == {
            "msgtype": "m.image",
            "body": "usage.png",
            "filename": "usage.png",
            "info": {"mimetype": "image/png", "w": 900, "h": 600, "size": 6},
            "url": "mxc://localhost/file",
        }


async def test_a_file_the_server_does_not_take_is_not_sent(
    account: Account, home: FakeHomeserver
) -> None:
    home.enqueue("upload", Status(413, {"errcode": "M_TOO_LARGE", "error": "too large"}))
    with pytest.raises(Refused, match="upload: M_TOO_LARGE"):
        await account.send_file(ROOM, "answer.md", b"long answer", "text/markdown")
    assert home.events == []


@pytest.mark.parametrize("script", [Status(502, "<html>"), Status(403, {}), Reset()], ids=repr)
@pytest.mark.parametrize("endpoint", ["typing", "receipt", "redact"])
async def test_marks_that_fail_harm_nobody(
    account: Account, home: FakeHomeserver, pauses: list[float], endpoint: str, script: Script
) -> None:
    actions: dict[str, Callable[[], Awaitable[None]]] = {
        "typing": lambda: account.set_typing(ROOM, True),
        "receipt": lambda: account.mark_read(ROOM, EventId("$1")),
        "redact": lambda: account.redact(ROOM, EventId("$1")),
    }
    home.enqueue(endpoint, *[script] * 20)
    await actions[endpoint]()
    assert len(home.of(endpoint)) < 20


async def test_joining_says_when_it_is_refused(account: Account, home: FakeHomeserver) -> None:
    home.enqueue("join", Status(403, {"errcode": "M_FORBIDDEN", "error": "no"}))
    with pytest.raises(Refused, match="join: M_FORBIDDEN"):
        await account.join(RoomId("!other:localhost"))
    await account.join(RoomId("!other:localhost"))
    assert [request.parts["room"] for request in home.of("join")] == ["!other:localhost"] * 2


async def test_sending_to_a_device(account: Account, home: FakeHomeserver) -> None:
    phone = DeviceId("PHONE")
    await account.send_to_device(ADA, phone, "m.test", {"a": 1})
    [request] = home.of("to_device")
    assert request.parts["type"] == "m.test"
    assert request.body == {"messages": {ADA: {phone: {"a": 1}}}}
    home.enqueue("to_device", Status(403, {"errcode": "M_FORBIDDEN", "error": "no"}))
    with pytest.raises(Refused, match="to-device: M_FORBIDDEN"):
        await account.send_to_device(ADA, phone, "m.test", {"a": 1})


async def test_it_knows_who_is_in_a_room(account: Account, home: FakeHomeserver) -> None:
    assert account.joined_members(ROOM) == {ME: "Luna", ADA: "Ada"}
    await bring(account, home, joined(ROOM, member("@bob:localhost", "invite", by=ADA)))
    assert account.joined_count(ROOM) == 2
    await bring(account, home, joined(ROOM, member("@bob:localhost", name="Bob"), wrote(ADA, "x")))
    assert account.joined_members(ROOM)[UserId("@bob:localhost")] == "Bob"
    assert account.joined_count(RoomId("!unknown")) == 0
    assert account.joined_members(RoomId("!unknown")) == {}


async def bring(account: Account, home: FakeHomeserver, batch: dict[str, Any]) -> None:
    home.bring(batch)
    await account.sync_once("s1" if len(home.of("sync")) == 1 else "s2")
