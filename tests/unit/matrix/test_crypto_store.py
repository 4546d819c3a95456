"""The encryption store, driven as nio drives it."""

import re
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import nio
import pytest
from nio.crypto import (
    InboundGroupSession,
    Olm,
    OlmAccount,
    OlmDevice,
    OutboundGroupSession,
    OutboundSession,
    OutgoingKeyRequest,
    TrustState,
)

from lunabot.errors import WorldError
from lunabot.matrix.crypto_store import CryptoStore
from tests.unit.memory.disk import full_beyond

Restart = Callable[[], CryptoStore]
USER, DEVICE, ROOM = "@luna:example.org", "LUNA1", "!room:example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def open_store(folder: Path) -> Iterator[Restart]:
    """Open the device's store; every further call closes it and opens it again."""
    opened: list[CryptoStore] = []

    def close() -> None:
        while opened:
            opened.pop().close()

    def restart() -> CryptoStore:
        close()
        opened.append(CryptoStore(USER, DEVICE, str(folder)))
        return opened[0]

    yield restart
    close()


@pytest.fixture
def store(open_store: Restart) -> CryptoStore:
    return open_store()


def group_session(outbound: OutboundGroupSession, room: str = ROOM) -> InboundGroupSession:
    return InboundGroupSession(outbound.session_key, "ed25519 key", "curve25519 key", room)


def shared_session() -> OutboundGroupSession:
    session = OutboundGroupSession()
    session.mark_as_shared()
    return session


def test_a_device_is_the_same_after_a_restart(store: CryptoStore, open_store: Restart) -> None:
    olm = Olm(USER, DEVICE, store)
    olm.account.shared = True
    olm.save_account()
    again = Olm(USER, DEVICE, open_store())
    assert again.account.identity_keys == olm.account.identity_keys
    assert again.account.shared


def test_a_new_device_has_no_account(store: CryptoStore) -> None:
    assert store.load_account() is None
    assert store.load_encrypted_rooms() == set()
    assert store.load_outgoing_key_requests() == {}


def test_olm_sessions_go_on_after_a_restart(store: CryptoStore, open_store: Restart) -> None:
    ours, theirs = OlmAccount(), OlmAccount()
    theirs.generate_one_time_keys(1)
    [one_time_key] = theirs.one_time_keys["curve25519"].values()
    their_key = theirs.identity_keys["curve25519"]
    session = OutboundSession(ours, their_key, one_time_key)
    session.encrypt("one")
    store.save_session(their_key, session)
    kept = open_store().load_sessions().get(their_key)
    assert kept is not None
    assert kept.id == session.id
    assert (kept.creation_time, kept.use_time) == (session.creation_time, session.use_time)
    assert kept.encrypt("two").to_parts() == session.encrypt("two").to_parts()


def test_of_a_devices_olm_sessions_those_used_last_are_kept(
    store: CryptoStore, open_store: Restart
) -> None:
    ours, theirs = OlmAccount(), OlmAccount()
    theirs.generate_one_time_keys(20)
    their_key, sessions = theirs.identity_keys["curve25519"], store.load_sessions()
    made = [
        OutboundSession(ours, their_key, key) for key in theirs.one_time_keys["curve25519"].values()
    ]
    made[0].use_time = max(each.use_time for each in made) + timedelta(days=1)
    for session in made:
        assert sessions.add(their_key, session)
        store.save_session(their_key, session)
    kept = [each.id for each in sessions[their_key]]
    assert kept == [each.id for each in (made[0], *made[:12:-1])]
    assert sessions.get(their_key) is made[0]
    assert not sessions.add(their_key, made[0])
    assert [each.id for each in open_store().load_sessions()[their_key]] == kept


def test_nothing_stays_of_keys_that_are_asked_for_in_vain(store: CryptoStore) -> None:
    sessions = store.load_sessions()
    assert sessions.get("a stranger's key") is None and sessions["another's"] == []
    assert not sessions._by_device


def test_room_keys_are_read_when_needed(store: CryptoStore, open_store: Restart) -> None:
    outbound = shared_session()
    session = group_session(outbound)
    ciphertext = outbound.encrypt("hello")
    session.forwarding_chain = ["forwarder"]
    store.save_inbound_group_session(session)
    sessions = open_store().load_inbound_group_sessions()
    assert sessions.get(ROOM, "another key", session.id) is None
    assert sessions.get("!other:example.org", "curve25519 key", session.id) is None
    kept = sessions.get(ROOM, "curve25519 key", session.id)
    assert kept is not None
    assert kept.decrypt(ciphertext) == ("hello", 0)
    assert (kept.ed25519, kept.forwarding_chain) == ("ed25519 key", ["forwarder"])
    assert sessions.get(ROOM, "curve25519 key", session.id) is kept


def test_memory_holds_few_room_keys_and_the_disk_all(store: CryptoStore) -> None:
    sessions = store.load_inbound_group_sessions()
    made = [group_session(OutboundGroupSession()) for _ in range(100)]
    for session in made:
        assert sessions.add(session)
        store.save_inbound_group_session(session)
    assert len(sessions._recent) < len(made)
    for session in made:
        kept = sessions.get(ROOM, "curve25519 key", session.id)
        assert kept is not None and kept.id == session.id
    assert {session.id for session in sessions} == {session.id for session in made}


def test_two_senders_may_share_one_session(store: CryptoStore) -> None:
    session, other = (group_session(outbound) for outbound in [OutboundGroupSession()] * 2)
    other.sender_key = "a forwarder's key"
    store.save_inbound_group_session(session)
    store.save_inbound_group_session(other)
    assert len(list(store.all_group_sessions())) == 2


def device(user: str, name: str, **changes: object) -> OlmDevice:
    keys = {"ed25519": f"ed {user} {name}", "curve25519": f"curve {user} {name}"}
    return OlmDevice(**{"user_id": user, "device_id": name, "keys": keys, **changes})


def test_devices_and_their_trust_are_kept(store: CryptoStore, open_store: Restart) -> None:
    phone, tablet = device("@a:x", "PHONE"), device("@a:x", "TABLET", display_name="Tablet")
    store.save_device_keys({"@a:x": {"PHONE": phone, "TABLET": tablet}})
    assert store.verify_device(phone) and not store.verify_device(phone)
    tablet.deleted = True
    store.save_device_keys({"@a:x": {"TABLET": tablet, "PHONE": device("@a:x", "PHONE")}})
    store = open_store()
    kept = store.load_device_keys()
    assert kept["@a:x"] == {"PHONE": phone, "TABLET": tablet}
    assert store.is_device_verified(kept["@a:x"]["PHONE"])


@pytest.mark.parametrize(
    ("mark", "unmark", "state"),
    [
        ("verify_device", "unverify_device", TrustState.verified),
        ("blacklist_device", "unblacklist_device", TrustState.blacklisted),
        ("ignore_device", "unignore_device", TrustState.ignored),
    ],
)
def test_trust_is_given_and_taken_back(
    store: CryptoStore, open_store: Restart, mark: str, unmark: str, state: TrustState
) -> None:
    phone = device("@a:x", "PHONE")
    store.save_device_keys({"@a:x": {"PHONE": phone}})
    assert not getattr(store, unmark)(phone)
    assert getattr(store, mark)(phone)
    store = open_store()
    kept = store.load_device_keys()["@a:x"]["PHONE"]
    assert phone.trust_state == kept.trust_state == state
    assert getattr(store, unmark)(kept)
    again = open_store().load_device_keys()["@a:x"]["PHONE"]
    assert kept.trust_state == again.trust_state == TrustState.unset


def test_all_devices_of_a_room_are_ignored_at_once(store: CryptoStore, open_store: Restart) -> None:
    devices = [device(f"@user{number}:x", "PHONE") for number in range(300)]
    store.save_device_keys({one.user_id: {one.id: one} for one in devices})
    store.ignore_devices(devices)
    store = open_store()
    kept = list(store.load_device_keys())
    assert len(kept) == 300
    assert all(store.is_device_ignored(one) for one in [*devices, *kept])


def test_encrypted_rooms_stay_encrypted(store: CryptoStore, open_store: Restart) -> None:
    store.load_encrypted_rooms()
    store.save_encrypted_rooms({"!a:x", "!b:x"})
    store.save_encrypted_rooms({"!b:x", "!c:x"})
    store.delete_encrypted_room("!a:x")
    assert open_store().load_encrypted_rooms() == {"!b:x", "!c:x"}


def test_a_sync_with_nothing_new_writes_nothing(store: CryptoStore) -> None:
    store.load_encrypted_rooms()
    store.save_encrypted_rooms({"!a:x"})
    changes = store.database.total_changes
    store.save_encrypted_rooms({"!a:x"})
    store.save_encrypted_rooms(set())
    assert store.database.total_changes == changes


def test_key_requests_are_kept_until_answered(store: CryptoStore, open_store: Restart) -> None:
    request = OutgoingKeyRequest("request", "session", ROOM, "m.megolm.v1.aes-sha2")
    store.add_outgoing_key_request(request)
    store.add_outgoing_key_request(request)
    store = open_store()
    assert store.load_outgoing_key_requests() == {"request": request}
    store.remove_outgoing_key_request(request)
    assert store.load_outgoing_key_requests() == {}


def test_what_was_written_outlives_the_process(store: CryptoStore, folder: Path) -> None:
    olm = Olm(USER, DEVICE, store)
    copy = folder.parent / "as the disk was when the process died"
    shutil.copytree(folder, copy)
    revived = CryptoStore(USER, DEVICE, str(copy))
    account = revived.load_account()
    revived.close()
    assert account is not None and account.identity_keys == olm.account.identity_keys


def test_what_a_full_disk_does_not_take_waits_in_order(
    store: CryptoStore, open_store: Restart
) -> None:
    account = OlmAccount()
    with full_beyond(0):
        store.save_account(account)
        store.save_encrypted_rooms([ROOM, "!left:example.org"])
        store.delete_encrypted_room("!left:example.org")
        with pytest.raises(
            WorldError, match=re.escape(f"store {store.path} could not be written (")
        ):
            store.settle()
    store.settle()
    later = open_store()
    kept = later.load_account()
    assert kept and kept.identity_keys == account.identity_keys
    assert later.load_encrypted_rooms() == {ROOM}


def test_what_waits_is_written_with_what_comes_next(
    store: CryptoStore, folder: Path, tmp_path: Path
) -> None:
    first, second = (group_session(shared_session()) for _ in range(2))
    with full_beyond(0):
        store.save_inbound_group_session(first)
    store.save_inbound_group_session(second)
    shutil.copytree(folder, copy := tmp_path / "killed")
    with closing(CryptoStore(USER, DEVICE, str(copy))) as revived:
        assert {each.id for each in revived.all_group_sessions()} == {first.id, second.id}


def test_what_is_refused_for_what_it_is_keeps_nothing_waiting(
    store: CryptoStore, open_store: Restart
) -> None:
    before, unfit, after = "!before:example.org", cast(Any, object()), "!after:example.org"
    with full_beyond(0):
        for room in (before, unfit, after):
            store.save_encrypted_rooms([room])
    with pytest.raises(sqlite3.ProgrammingError):
        store.settle()
    store.settle()
    assert open_store().load_encrypted_rooms() == {before, after}


def test_what_waits_is_written_at_the_end(store: CryptoStore, open_store: Restart) -> None:
    with full_beyond(0):
        store.save_encrypted_rooms([ROOM])
    assert open_store().load_encrypted_rooms() == {ROOM}


def test_only_the_owner_may_read_the_files(store: CryptoStore, folder: Path) -> None:
    Olm(USER, DEVICE, store)
    files = list(folder.iterdir())
    assert len(files) == 2  # the database and its log
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_process_cannot_use_the_same_device(store: CryptoStore, folder: Path) -> None:
    Olm(USER, DEVICE, store)
    with pytest.raises(WorldError, match="cannot be opened: database is locked"):
        CryptoStore(USER, DEVICE, str(folder))


def test_a_file_that_is_no_store_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    path = folder / f"{USER}_{DEVICE}.db"
    path.write_text("certainly not a database" * 100)
    with pytest.raises(WorldError, match="cannot be opened"):
        CryptoStore(USER, DEVICE, str(folder))
    assert path.read_text().startswith("certainly")


def test_a_user_id_with_a_slash_stays_in_its_folder(folder: Path) -> None:
    CryptoStore("@../luna/x:example.org", DEVICE, str(folder)).close()
    assert [file.parent for file in folder.rglob("*.db")] == [folder]


async def test_nio_takes_it_for_its_own(folder: Path) -> None:
    config = nio.AsyncClientConfig(store=CryptoStore, encryption_enabled=True)
    keys = []
    for _ in range(2):
        client = nio.AsyncClient("http://x", USER, DEVICE, str(folder), config=config)
        client.restore_login(USER, DEVICE, "token")
        keys.append(client.olm.account.identity_keys)
        await client.close()
        client.store.close()
    assert keys[0] == keys[1]


def test_a_conversation_between_two_devices(store: CryptoStore, tmp_path: Path) -> None:
    """Key sharing and decryption by nio's own machinery, with both ends on this store."""
    other = CryptoStore("@person:example.org", "PHONE", str(tmp_path / "other"))
    luna, person = Olm(USER, DEVICE, store), Olm("@person:example.org", "PHONE", other)
    for one, peer in ((luna, person), (person, luna)):
        known = OlmDevice(peer.user_id, peer.device_id, peer.account.identity_keys)
        one.device_store.add(known)
        one.store.save_device_keys({peer.user_id: {peer.device_id: known}})
    person.account.generate_one_time_keys(1)
    [one_time_key] = person.account.one_time_keys["curve25519"].values()
    luna.create_session(one_time_key, person.account.identity_keys["curve25519"])
    _, to_device = luna.share_group_session(ROOM, [person.user_id], ignore_unverified_devices=True)
    content = to_device["messages"][person.user_id][person.device_id]
    event = {"sender": USER, "type": "m.room.encrypted", "content": content}
    assert isinstance(
        person.handle_to_device_event(nio.ToDeviceEvent.parse_event(event)), nio.RoomKeyEvent
    )
    luna.outbound_group_sessions[ROOM].shared = True
    plain = {"type": "m.room.message", "content": {"msgtype": "m.text", "body": "hello"}}
    message = {"event_id": "$1", "sender": USER, "origin_server_ts": 1, "room_id": ROOM}
    content = luna.group_encrypt(ROOM, plain)
    received = nio.Event.parse_encrypted_event(
        {**message, "type": "m.room.encrypted", "content": content}
    )
    restarted = Olm(person.user_id, person.device_id, other)
    assert restarted.decrypt_megolm_event(received, ROOM).body == "hello"
    other.close()
