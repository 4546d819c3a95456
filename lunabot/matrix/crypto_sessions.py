"""Sessions of encryption as nio asks for them, in place of its own classes, which hold them all."""

from collections.abc import Callable, Iterator

from nio.crypto import InboundGroupSession, Session

ReadSession = Callable[[str, str, str], InboundGroupSession | None]
ReadSessions = Callable[[], Iterator[InboundGroupSession]]

_RECENT_SESSIONS = 64
_SESSIONS_A_DEVICE = 8


class OlmSessions:
    """The Olm sessions with each device, by its Curve25519 key: those that were used last.

    A device may begin one with each message, so there is a limit, as the specification advises
    ("m.olm.v1.curve25519-aes-sha2": at least four). It takes the place of nio's own class, which
    also remembers every key it was asked for in vain. `forget` takes one out of the store.
    """

    def __init__(self, forget: Callable[[Session], None]) -> None:
        self._forget = forget
        self._by_device: dict[str, list[Session]] = {}

    def __getitem__(self, sender_key: str) -> list[Session]:
        """Return a device's sessions, the one used last first."""
        return self._by_device.get(sender_key, [])

    def get(self, sender_key: str) -> Session | None:
        """Return the session to use with a device."""
        return next(iter(self[sender_key]), None)

    def add(self, sender_key: str, session: Session) -> bool:
        """Take a session that the caller saves; return whether it is news."""
        known = self[sender_key]
        if session in known:
            return False
        kept = sorted([*known, session], key=lambda each: each.use_time, reverse=True)
        for old in kept[_SESSIONS_A_DEVICE:]:
            self._forget(old)
        self._by_device[sender_key] = kept[:_SESSIONS_A_DEVICE]
        return True


class GroupSessions:
    """Megolm sessions as nio asks for them: from disk, the last few used kept in memory.

    `read` finds one by its room id, the sender's Curve25519 key and its session id.
    """

    def __init__(self, read: ReadSession, read_all: ReadSessions) -> None:
        self._read = read
        self._read_all = read_all
        self._recent: dict[tuple[str, str, str], InboundGroupSession] = {}

    def __iter__(self) -> Iterator[InboundGroupSession]:
        """Iterate over every stored session."""
        return self._read_all()

    def add(self, session: InboundGroupSession) -> bool:
        """Take a session that the caller saves; always news, as in nio's own class."""
        self._remember((session.room_id, session.sender_key, session.id), session)
        return True

    def get(self, room_id: str, sender_key: str, session_id: str) -> InboundGroupSession | None:
        """Return a session, or None where its key never came."""
        key = room_id, sender_key, session_id
        session = self._recent.pop(key, None) or self._read(*key)
        if session is not None:
            self._remember(key, session)
        return session

    def _remember(self, key: tuple[str, str, str], session: InboundGroupSession) -> None:
        self._recent.pop(key, None)
        self._recent[key] = session
        if len(self._recent) > _RECENT_SESSIONS:
            del self._recent[next(iter(self._recent))]
