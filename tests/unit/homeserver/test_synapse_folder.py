"""The files of a local Synapse: made, completed, and never taken from somebody else."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from lunabot.errors import WorldError
from lunabot.homeserver.synapse_folder import SynapseFolder, server_of_database

SECRETS = ("registration_shared_secret", "macaroon_secret_key", "form_secret", "signing.key")


@pytest.fixture
def folder(tmp_path: Path) -> SynapseFolder:
    return SynapseFolder(tmp_path / "data" / "synapse")


def prepare(folder: SynapseFolder, name: str = "luna.test", port: int = 8008) -> None:
    folder.prepare(name, "127.0.0.1", port)


def contents(folder: SynapseFolder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.path.iterdir() if path.is_file()}


def make_database(path: Path, *user_ids: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("CREATE TABLE users (name TEXT)")
        store.executemany("INSERT INTO users VALUES (?)", [(user_id,) for user_id in user_ids])


def test_everything_is_private(folder: SynapseFolder) -> None:
    prepare(folder)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.path.iterdir()}
    assert {modes[name] for name in (*SECRETS, "homeserver.yaml")} == {0o600}


def test_a_second_time_changes_nothing(folder: SynapseFolder) -> None:
    prepare(folder)
    before = contents(folder)
    prepare(folder)
    assert contents(folder) == before


def test_two_servers_share_no_secret(tmp_path: Path) -> None:
    first, second = SynapseFolder(tmp_path / "1"), SynapseFolder(tmp_path / "2")
    prepare(first)
    prepare(second)
    values = [contents(folder)[name] for folder in (first, second) for name in SECRETS]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("missing", [*SECRETS, "homeserver.yaml", "log.yaml"])
def test_what_is_missing_is_made_and_what_is_there_is_kept(
    folder: SynapseFolder, missing: str
) -> None:
    prepare(folder)
    before = contents(folder)
    (folder.path / missing).unlink()
    prepare(folder)
    after = contents(folder)
    assert after.pop(missing)
    assert after.items() <= before.items()


def test_the_configuration_follows_lunas_and_leaves_the_owners_alone(folder: SynapseFolder) -> None:
    prepare(folder, port=8008)
    configuration, overrides = folder.configurations
    (overrides / "mine.yaml").write_text("max_upload_size: 1G\n")
    prepare(folder, port=9000)
    listeners = yaml.safe_load(configuration.read_text())["listeners"]
    assert [(listener["bind_addresses"], listener["port"]) for listener in listeners] == [
        (["127.0.0.1"], 9000)
    ]
    assert (overrides / "mine.yaml").read_text() == "max_upload_size: 1G\n"


def test_the_configuration_holds_no_secret(folder: SynapseFolder) -> None:
    prepare(folder)
    files = contents(folder)
    secrets = [files[name].split()[-1] for name in SECRETS]
    assert folder.registration_shared_secret() == secrets[0]
    assert not [secret for secret in secrets if secret in files["homeserver.yaml"]]


def test_the_database_of_another_server_is_refused_and_untouched(folder: SynapseFolder) -> None:
    make_database(folder.database, "@a:old.test")
    with pytest.raises(WorldError, match=r"old\.test.*set homeserver\.name to old\.test"):
        prepare(folder)
    assert [path.name for path in folder.path.iterdir()] == ["homeserver.db"]
    prepare(folder, "old.test")
    assert server_of_database(folder.database) == "old.test"


@pytest.mark.parametrize("tables", ["", "CREATE TABLE users (name TEXT);"])
def test_a_database_that_was_cut_short_is_cleared_away(folder: SynapseFolder, tables: str) -> None:
    folder.path.mkdir(parents=True)
    with closing(sqlite3.connect(folder.database)) as store:
        store.executescript(f"PRAGMA journal_mode = WAL; CREATE TABLE applied (x); {tables}")
    (folder.path / "homeserver.db-wal").touch()
    prepare(folder)
    assert [path.name for path in folder.path.glob("homeserver.db*")] == []


def test_a_database_that_cannot_be_read_is_left_alone(folder: SynapseFolder) -> None:
    folder.path.mkdir(parents=True)
    folder.database.write_bytes(b"not a database" * 100)
    with pytest.raises(WorldError, match="cannot be read"):
        prepare(folder)
    assert folder.database.read_bytes() == b"not a database" * 100
