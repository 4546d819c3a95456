"""Where a device keeps its encryption keys: one small SQLite file an account, fit for the loop.

It takes the place of nio's own stores, with the same methods. Those write through an object mapper
with an fsync a statement: measured 1-3 ms for one key and 40-60 ms for a room's device list, all on
the event loop, and they read every Megolm session ever received at each start (0.5 ms each). Here a
write costs about 0.1 ms and sessions are read when an event needs them.

A commit survives the death of the process; a power cut may take the last few, but never corrupts
the file (``synchronous=NORMAL`` in WAL mode). Where peers and the device disagree after that, they
open new Olm sessions, as the specification has it. What a full disk does not take waits in memory
and is written with what comes next: nio, calling from the midst of a sync, would lose its place.
"""

import json
import os
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from nio.crypto import (
    DeviceStore,
    InboundGroupSession,
    OlmAccount,
    OlmDevice,
    OutgoingKeyRequest,
    Session,
    TrustState,
)

from lunabot.errors import WorldError
from lunabot.matrix.crypto_sessions import GroupSessions, OlmSessions

_Row = tuple[object, ...]

# An exclusive lock keeps a second process from using the same device, which would break its
# ratchets, and saves the shared-memory file: two file descriptors an account instead of three.
_PRAGMAS = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 100;
PRAGMA cache_size = -128;
PRAGMA secure_delete = FAST;
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    id INTEGER PRIMARY KEY CHECK (id = 1), pickle BLOB NOT NULL, shared INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS olm_sessions (
    session_id TEXT PRIMARY KEY, sender_key TEXT NOT NULL, pickle BLOB NOT NULL,
    created TEXT NOT NULL, used TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS megolm_sessions (
    room_id TEXT NOT NULL, sender_key TEXT NOT NULL, session_id TEXT NOT NULL,
    ed25519 TEXT NOT NULL, pickle BLOB NOT NULL, forwarders TEXT NOT NULL,
    PRIMARY KEY (room_id, sender_key, session_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS devices (
    user_id TEXT NOT NULL, device_id TEXT NOT NULL, keys TEXT NOT NULL, name TEXT NOT NULL,
    deleted INTEGER NOT NULL, trust INTEGER NOT NULL,
    PRIMARY KEY (user_id, device_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS encrypted_rooms (room_id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS key_requests (
    request_id TEXT PRIMARY KEY, session_id TEXT NOT NULL, room_id TEXT NOT NULL,
    algorithm TEXT NOT NULL) WITHOUT ROWID;
"""


class CryptoStore:
    """The store of one device, for ``nio.AsyncClientConfig(store=CryptoStore)``.

    The file (mode 0600) is all that protects the keys: it belongs beside the access token, and a
    pickle key kept beside both would add nothing. Raises `WorldError` when it cannot be opened.
    """

    def __init__(
        self, user_id: str, device_id: str, store_path: str, pickle_key: str = "", name: str = ""
    ) -> None:
        self._pickle_key = pickle_key
        path = Path(store_path) / (name or quote(f"{user_id}_{device_id}.db", safe="@:"))
        self.path = path
        try:
            self.database = _open(path)
        except (sqlite3.DatabaseError, OSError) as error:
            raise WorldError(f"the encryption store {path} cannot be opened: {error}") from error
        self._encrypted_rooms: frozenset[str] = frozenset()
        self._unwritten: deque[tuple[str, list[_Row]]] = deque()

    def settle(self) -> None:
        """Write what the disk did not take yet; raises `WorldError` while it still does not.

        What is refused for what it is does not stay, and hinders nothing that comes after it.
        """
        while self._unwritten:
            statement, rows = self._unwritten.popleft()
            try:
                with self.database:
                    self.database.executemany(statement, rows)
            except sqlite3.OperationalError as error:
                self._unwritten.appendleft((statement, rows))
                raise WorldError(
                    f"the encryption store {self.path} could not be written ({error}): make room "
                    "on the disk, or let me write there"
                ) from error

    def close(self) -> None:
        """Write everything into the one file and close it."""
        with suppress(WorldError):
            self.settle()
        self.database.close()

    def content(self) -> bytes:
        """Return the file as it would be if it were closed now; a millisecond for a megabyte."""
        return self.database.serialize()

    # The account: the device's identity and its one-time keys.

    def load_account(self) -> OlmAccount | None:
        """Return the device's Olm account, or None for a new store."""
        row = self._query("SELECT pickle, shared FROM account").fetchone()
        return OlmAccount.from_pickle(row[0], self._pickle_key, bool(row[1])) if row else None

    def save_account(self, account: OlmAccount) -> None:
        """Keep the Olm account as it is now."""
        pickle = account.pickle(self._pickle_key)
        self._write("REPLACE INTO account VALUES (1, ?, ?)", (pickle, account.shared))

    # Olm: the channels to single devices, through which keys travel.

    def load_sessions(self) -> OlmSessions:
        """Return the Olm sessions with each device."""
        sessions = OlmSessions(self.forget_session)
        rows = self._query("SELECT sender_key, pickle, created, used FROM olm_sessions").fetchall()
        for sender_key, pickle, created, used in rows:
            created, used = datetime.fromisoformat(created), datetime.fromisoformat(used)
            session = Session.from_pickle(pickle, created, self._pickle_key, used)
            sessions.add(sender_key, session)
        return sessions

    def save_session(self, sender_key: str, session: Session) -> None:
        """Keep an Olm session as it is now."""
        pickle = session.pickle(self._pickle_key)
        times = session.creation_time.isoformat(), session.use_time.isoformat()
        self._write(
            "REPLACE INTO olm_sessions VALUES (?, ?, ?, ?, ?)",
            (session.id, sender_key, pickle, *times),
        )

    def forget_session(self, session: Session) -> None:
        """Forget an Olm session."""
        self._write("DELETE FROM olm_sessions WHERE session_id = ?", (session.id,))

    # Megolm: the keys of room messages.

    def load_inbound_group_sessions(self) -> GroupSessions:
        """Return the Megolm sessions, read one by one as they are asked for."""
        return GroupSessions(self.read_group_session, self.all_group_sessions)

    def read_group_session(
        self, room_id: str, sender_key: str, session_id: str
    ) -> InboundGroupSession | None:
        """Return one Megolm session."""
        condition = "WHERE room_id = ? AND sender_key = ? AND session_id = ?"
        return next(self._group_sessions(condition, (room_id, sender_key, session_id)), None)

    def all_group_sessions(self) -> Iterator[InboundGroupSession]:
        """Yield every Megolm session (for a key export)."""
        return self._group_sessions()

    def _group_sessions(
        self, condition: str = "", values: tuple[str, ...] = ()
    ) -> Iterator[InboundGroupSession]:
        columns = "pickle, ed25519, sender_key, room_id, forwarders"
        for pickle, ed25519, sender_key, room_id, forwarders in self._query(
            f"SELECT {columns} FROM megolm_sessions {condition}", values
        ):
            yield InboundGroupSession.from_pickle(
                pickle, ed25519, sender_key, room_id, self._pickle_key, json.loads(forwarders)
            )

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        """Keep a Megolm session."""
        key = session.room_id, session.sender_key, session.id
        pickle, chain = session.pickle(self._pickle_key), json.dumps(session.forwarding_chain)
        self._write(
            "REPLACE INTO megolm_sessions VALUES (?, ?, ?, ?, ?, ?)",
            (*key, session.ed25519, pickle, chain),
        )

    # Devices: whom this device encrypts to, and whether it trusts them.

    def load_device_keys(self) -> DeviceStore:
        """Return the known devices of all users."""
        devices = DeviceStore()
        for user_id, device_id, keys, name, deleted, trust in self._query("SELECT * FROM devices"):
            state = TrustState(trust)
            device = OlmDevice(user_id, device_id, json.loads(keys), name, bool(deleted), state)
            devices.add(device)
        return devices

    def save_device_keys(self, device_keys: Mapping[str, Mapping[str, OlmDevice]]) -> None:
        """Keep devices, given by user id and device id; what is known of their trust stays."""
        self._write(
            "INSERT INTO devices VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " keys = excluded.keys, name = excluded.name, deleted = excluded.deleted",
            *(
                (
                    device.user_id,
                    device.id,
                    json.dumps(device.keys),
                    device.display_name or "",
                    device.deleted,
                    device.trust_state.value,
                )
                for devices in device_keys.values()
                for device in devices.values()
            ),
        )

    def verify_device(self, device: OlmDevice) -> bool:
        """Trust a device; return whether that is news."""
        return self._trust(device, TrustState.verified)

    def unverify_device(self, device: OlmDevice) -> bool:
        """Take trust back; return whether there was any."""
        return device.verified and self._trust(device, TrustState.unset)

    def is_device_verified(self, device: OlmDevice) -> bool:
        """Tell whether a device is trusted."""
        return bool(device.verified)

    def blacklist_device(self, device: OlmDevice) -> bool:
        """Never encrypt to a device again; return whether that is news."""
        return self._trust(device, TrustState.blacklisted)

    def unblacklist_device(self, device: OlmDevice) -> bool:
        """Take a device off the black list; return whether it was on it."""
        return device.blacklisted and self._trust(device, TrustState.unset)

    def is_device_blacklisted(self, device: OlmDevice) -> bool:
        """Tell whether a device is on the black list."""
        return bool(device.blacklisted)

    def ignore_device(self, device: OlmDevice) -> bool:
        """Encrypt to a device without trusting it; return whether that is news."""
        return self._trust(device, TrustState.ignored)

    def unignore_device(self, device: OlmDevice) -> bool:
        """Stop encrypting to a device that is not trusted; return whether that is news."""
        return device.ignored and self._trust(device, TrustState.unset)

    def is_device_ignored(self, device: OlmDevice) -> bool:
        """Tell whether a device is encrypted to without being trusted."""
        return bool(device.ignored)

    def ignore_devices(self, devices: Iterable[OlmDevice]) -> None:
        """Encrypt to devices without trusting them."""
        self._set_trust([device for device in devices if not device.ignored], TrustState.ignored)

    def _trust(self, device: OlmDevice, state: TrustState) -> bool:
        if device.trust_state == state:
            return False
        self._set_trust([device], state)
        return True

    def _set_trust(self, devices: list[OlmDevice], state: TrustState) -> None:
        self._write(
            "UPDATE devices SET trust = ? WHERE user_id = ? AND device_id = ?",
            *((state.value, device.user_id, device.id) for device in devices),
        )
        for device in devices:
            device.trust_state = state

    # Rooms and requests.

    def load_encrypted_rooms(self) -> set[str]:
        """Return the rooms known to be encrypted: what is sent there is never plain."""
        rows = self._query("SELECT room_id FROM encrypted_rooms")
        self._encrypted_rooms = frozenset(room_id for (room_id,) in rows)
        return set(self._encrypted_rooms)

    def save_encrypted_rooms(self, rooms: Iterable[str]) -> None:
        """Remember rooms as encrypted. nio calls this at every sync, mostly with nothing new."""
        if new := frozenset(rooms) - self._encrypted_rooms:
            self._write("INSERT OR IGNORE INTO encrypted_rooms VALUES (?)", *zip(new))
            self._encrypted_rooms |= new

    def delete_encrypted_room(self, room_id: str) -> None:
        """Forget a room that was left."""
        self._encrypted_rooms -= {room_id}
        self._write("DELETE FROM encrypted_rooms WHERE room_id = ?", (room_id,))

    def load_outgoing_key_requests(self) -> dict[str, OutgoingKeyRequest]:
        """Return the requests for missing keys that are not answered yet, by request id."""
        requests = (OutgoingKeyRequest(*row) for row in self._query("SELECT * FROM key_requests"))
        return {request.request_id: request for request in requests}

    def add_outgoing_key_request(self, request: OutgoingKeyRequest) -> None:
        """Keep a request for a missing key."""
        values = request.request_id, request.session_id, request.room_id, request.algorithm
        self._write("INSERT OR IGNORE INTO key_requests VALUES (?, ?, ?, ?)", values)

    def remove_outgoing_key_request(self, request: OutgoingKeyRequest) -> None:
        """Forget a request for a missing key."""
        self._write("DELETE FROM key_requests WHERE request_id = ?", (request.request_id,))

    def _query(self, statement: str, values: _Row = ()) -> sqlite3.Cursor:
        return self.database.execute(statement, values)

    def _write(self, statement: str, *rows: _Row) -> None:
        self._unwritten.append((statement, list(rows)))
        with suppress(WorldError):
            self.settle()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=0)
    try:
        database.executescript(_PRAGMAS + "BEGIN;" + _SCHEMA + "COMMIT;")
    except BaseException:
        database.close()
        raise
    return database


def forget_channels(path: Path) -> None:
    """Take the Olm sessions out of a store that is not open.

    One that goes on from an old copy would use keys twice, and those it talks to would refuse
    what it says (specification, "Recovering from undecryptable messages"): new ones are opened.
    """
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DELETE FROM olm_sessions")
