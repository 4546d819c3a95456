"""The order of a new homeserver: carried out at a start, once, and again where that was cut off."""

from pathlib import Path

import pytest

from lunabot import renewal
from lunabot.config import Settings
from lunabot.errors import WorldError
from lunabot.files import write_private
from lunabot.homeserver.synapse import ManagedSynapse
from lunabot.matrix.ids import UserId
from lunabot.memory.memory import Memory
from tests.unit.personas.characters import teacher


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A house with a server, people's passwords and the secrets of accounts."""
    found = Settings().placed(tmp_path)
    secrets, synapse = found.secrets_path, found.data / "synapse"
    for path in (
        secrets / "passwords" / "admin",
        secrets / "luna_password",
        secrets / "director_token.json",
        secrets / "personas" / "teacher.password",
        secrets / "crypto" / "@luna:localhost_DEVICE.db",
        secrets / "cross_signing" / "luna",
        synapse / "homeserver.db",
        synapse / "homeserver.db-wal",
        synapse / "media" / "local_content" / "a",
        synapse / "signing.key",
        synapse / "registration_shared_secret",
    ):
        write_private(path, "content")
    return found


@pytest.fixture
def synapse(settings: Settings) -> ManagedSynapse:
    return ManagedSynapse(settings.data / "synapse", "http://127.0.0.1:8008", "localhost")


def files(settings: Settings) -> set[str]:
    found = (path for path in settings.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(settings.folder)) for path in found}


async def test_without_an_order_all_stays(
    settings: Settings, synapse: ManagedSynapse, memory: Memory
) -> None:
    before = files(settings)
    assert not await renewal.complete(settings, synapse, memory)
    assert files(settings) == before


async def test_an_order_empties_what_belongs_to_the_server(
    settings: Settings, synapse: ManagedSynapse, memory: Memory
) -> None:
    memory.state.put_persona(teacher())
    await memory.record_sync(UserId("@luna:localhost"), "s1", [])
    renewal.order(settings)
    assert await renewal.complete(settings, synapse, memory)
    assert files(settings) == {
        "secrets/passwords/admin",
        "secrets/luna_password",
        "data/synapse/signing.key",
        "data/synapse/registration_shared_secret",
    }
    assert memory.state.personas() == {}
    assert await memory.archive.sync_token(UserId("@luna:localhost")) is None
    assert not await renewal.complete(settings, synapse, memory)


async def test_what_was_cut_off_is_completed_by_the_next_start(
    settings: Settings,
    synapse: ManagedSynapse,
    memory: Memory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewal.order(settings)
    with monkeypatch.context() as broken:

        async def fail() -> None:
            raise WorldError("the disk is full")

        broken.setattr(memory.archive, "scrub", fail)
        with pytest.raises(WorldError):
            await renewal.complete(settings, synapse, memory)
    assert await renewal.complete(settings, synapse, memory)
    assert "data/purge-homeserver" not in files(settings)
