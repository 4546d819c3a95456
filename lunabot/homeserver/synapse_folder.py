"""The files of a local Synapse, made so that a start may be cut short anywhere and repeated.

Every file appears whole or not at all, secrets and data that are there stay as they are, and what
is missing is made. Only `homeserver.yaml` and `log.yaml` are written at every start, for they
follow Luna's configuration; settings of one's own belong in ``homeserver.d/NAME.yaml``, which
Synapse reads after them (a top-level key there replaces ours).
"""

import base64
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from lunabot.errors import WorldError
from lunabot.files import write_private
from lunabot.homeserver.synapse_config import SYNAPSE_LOGGING, synapse_settings

_HEADER = "# Written by Luna at every start: your own settings belong in homeserver.d/NAME.yaml\n"


@dataclass(frozen=True, slots=True)
class SynapseFolder:
    """The folder of a local Synapse, an absolute path. Methods block: call them off the loop."""

    path: Path

    @property
    def configurations(self) -> tuple[Path, Path]:
        """What Synapse reads, in this order: Luna's file and the owner's folder."""
        return self.path / "homeserver.yaml", self.path / "homeserver.d"

    @property
    def database(self) -> Path:
        """The SQLite file with all accounts, rooms and messages."""
        return self.path / "homeserver.db"

    @property
    def log(self) -> Path:
        """What Synapse says."""
        return self.path / "synapse.log"

    def registration_shared_secret(self) -> str:
        """Read the secret that makes accounts; `prepare` has made it."""
        return (self.path / "registration_shared_secret").read_text(encoding="utf-8").strip()

    def prepare(self, server_name: str, host: str, port: int) -> None:
        """Make whatever is missing for a server that listens at `host` and `port`.

        Raises `WorldError`, with nothing touched, when the database is another server's.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)  # the database holds tokens
        self._check_database(server_name)
        for name in ("registration_shared_secret", "macaroon_secret_key", "form_secret"):
            _write_if_missing(self.path / name, _new_secret)
        _write_if_missing(self.path / "signing.key", _new_signing_key)
        write_private(self.path / "log.yaml", yaml.safe_dump(SYNAPSE_LOGGING))
        configuration, overrides = self.configurations
        overrides.mkdir(exist_ok=True)
        settings = synapse_settings(server_name, host, port, self.path)
        write_private(configuration, _HEADER + yaml.safe_dump(settings, sort_keys=False))

    def erase(self) -> None:
        """Delete the database and the media, for a server that begins anew under the same keys."""
        shutil.rmtree(self.path / "media", ignore_errors=True)
        self._delete_database()

    def _delete_database(self) -> None:
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.database}{suffix}").unlink(missing_ok=True)

    def _check_database(self, server_name: str) -> None:
        """Refuse another server's database; clear away one that holds nobody.

        Synapse makes its tables in several transactions, and a database that was cut short in
        between never opens again. One without a single account has nothing to lose.
        """
        if not self.database.exists():
            return
        owner = server_of_database(self.database)
        if owner is None:
            self._delete_database()
        elif owner != server_name:
            raise WorldError(
                f"{self.path} holds the data of the server {owner}, which cannot be renamed: set "
                f"homeserver.name to {owner}, or move the folder away to begin anew"
            )


def server_of_database(database: Path) -> str | None:
    """Return the name of the server whose accounts a Synapse database holds; None if it has none.

    Raises `WorldError` when it cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as store:
            if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone():
                return None
            row = store.execute("SELECT name FROM users LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise WorldError(f"The homeserver's database {database} cannot be read: {error}") from error
    return str(row[0]).partition(":")[2] if row else None


def _write_if_missing(path: Path, make: Callable[[], str]) -> None:
    if not path.exists():
        write_private(path, make() + "\n")


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _new_signing_key() -> str:
    """Return an ed25519 key as the `signedjson` library writes it."""
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    return f"ed25519 a_{secrets.token_hex(2)} {seed}"
