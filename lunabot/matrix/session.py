"""The session of an account: what a restart needs to be the same device again."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lunabot.files import write_private
from lunabot.matrix.ids import DeviceId, UserId


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in device. `access_token` is a secret: it is in no repr, log or message."""

    user_id: UserId
    device_id: DeviceId
    access_token: str

    def __repr__(self) -> str:
        return f"Session({self.user_id}, {self.device_id})"


def load_session(path: Path) -> Session | None:
    """Return the session kept in a file, or None where there is none or it cannot be read."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Session(
            UserId(str(data["user_id"])),
            DeviceId(str(data["device_id"])),
            str(data["access_token"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_session(path: Path, session: Session) -> None:
    """Keep a session in a file of mode 0600."""
    write_private(path, json.dumps(asdict(session), indent=1))
