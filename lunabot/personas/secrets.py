"""The secrets of a persona: a file for each, and none left when it is gone."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lunabot.homeserver.sessions import keep_password
from lunabot.matrix.ids import UserId, localpart


@dataclass(frozen=True, slots=True)
class PersonaSecrets:
    """Where the secrets of personas lie, under the folder of all secrets."""

    folder: Path

    def session(self, user_id: UserId) -> Path:
        """Return the file of a persona's session."""
        return self.folder / "personas" / f"{localpart(user_id)}.json"

    def password(self, user_id: UserId) -> str:
        """Return a persona's password, generated at first use."""
        return keep_password(self.folder / "personas" / f"{localpart(user_id)}.password")

    def known(self) -> frozenset[str]:
        """Return the localparts that have secrets here."""
        found = (self.folder / "personas").glob("*.password")
        return frozenset(path.name.removesuffix(".password") for path in found)

    def remove(self, user_id: UserId) -> None:
        """Delete all secrets of a persona; none is left of one that never had any."""
        name = localpart(user_id)
        for path in (
            self.session(user_id),
            self.folder / "personas" / f"{name}.password",
            self.folder / "cross_signing" / name,
            *(self.folder / "crypto").glob(f"{user_id}_*"),
        ):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
