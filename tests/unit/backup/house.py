"""A Luna's folder as she leaves it when she stops, small."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from lunabot.config import BackupSettings, HomeserverSettings, Settings
from lunabot.files import write_private

PASSPHRASE = "correct horse battery"
TEXTS = {
    "prod.yaml": "luna: {user: luna}\n",
    "db.json": "{}\n",
    "secrets/director_token.json": '{"access_token": "syt_luna"}',
    "secrets/passwords/admin": "geheim\n",
    "secrets/personas/scout/password": "auch geheim\n",
    "data/synapse/signing.key": "ed25519 a_1 abc\n",
    "data/synapse/homeserver.d/mine.yaml": "{}\n",
    "data/synapse/media/local_content/ab/cd/picture": "not really one",
    "skills/mine.py": "'''Nothing.'''\n",
}
PASSING = {
    "db.json.bak": "old",
    "data/luna.pid": "1",
    "data/logs/luna.log": "much",
    "data/synapse/synapse.log": "more",
    "data/synapse/synapse.pid": "2",
    "data/backups/luna-1.luna-backup": "older",
    "secrets/.luna_password.x1y2": "half",
    "skills/__pycache__/mine.pyc": "code",
    "notes.txt": "somebody's own",
}
DATABASES = ("archive.db", "data/synapse/homeserver.db", "secrets/crypto/luna.db")


def fill(folder: Path) -> Settings:
    """Write the files into a folder; return the settings of a Luna with a managed server there."""
    for name, text in (TEXTS | PASSING).items():
        write_private(folder / name, text)
    for name in DATABASES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as database, database:
            database.executescript(
                "PRAGMA journal_mode = WAL; CREATE TABLE olm_sessions (word TEXT);"
            )
            database.execute("INSERT INTO olm_sessions VALUES (?)", (name,))
    return settings(folder)


def settings(folder: Path, *, managed: bool = True, passphrase: str = PASSPHRASE) -> Settings:
    """Return the settings of a Luna in a folder."""
    return Settings(
        homeserver=HomeserverSettings(managed=managed),
        backup=BackupSettings(passphrase=SecretStr(passphrase)),
    ).placed(folder, file="prod.yaml")


def words(database: Path) -> list[str]:
    """Return what is in the table of a database."""
    with closing(sqlite3.connect(database)) as opened:
        return [word for (word,) in opened.execute("SELECT word FROM olm_sessions")]


def files(folder: Path) -> set[str]:
    """Return the names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
