"""Cross-signing, on a real Synapse, checked by an independent library for signatures."""

import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import nio
import pytest
import pytest_asyncio
from signedjson.key import decode_verify_key_bytes
from signedjson.sign import SignatureVerifyException, verify_signed_json

from lunabot.errors import WorldError
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.registration import login_with_password, register_with_shared_secret
from lunabot.matrix.crosssigning import (
    CrossSigningKeys,
    DeviceKeysLost,
    Outcome,
    check_device_keys,
    ensure_cross_signed,
    load_or_create_keys,
)
from lunabot.matrix.crypto_store import CryptoStore
from lunabot.matrix.published_keys import decode_base64, fetch_published_keys
from lunabot.matrix.session import Session
from tests.cross_signed import is_signed_by_owner
from tests.e2e.homeserver import SynapseProcess
from tests.e2e.session import unique

on_synapse = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "a password"


class Home:
    """A homeserver and the accounts of a test on it."""

    def __init__(self, http: HomeserverClient, url: str, secret: str) -> None:
        self.http = http
        self._url = url
        self._secret = secret

    async def register(self) -> Session:
        name = unique("bot")
        return await register_with_shared_secret(
            self.http, self._secret, name, PASSWORD, admin=False
        )

    async def publish_device(self, session: Session, folder: Path) -> dict[str, str]:
        """Upload a device's keys, as nio does; return its identity keys."""
        config = nio.AsyncClientConfig(store=CryptoStore, encryption_enabled=True)
        client = nio.AsyncClient(
            self._url, session.user_id, session.device_id, str(folder), config=config
        )
        client.restore_login(session.user_id, session.device_id, session.access_token)
        await client.keys_upload()
        await client.close()
        client.store.close()
        return dict(client.olm.account.identity_keys)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Home]:
    server = SynapseProcess(tmp_path_factory.mktemp("homeserver"))
    await server.start()
    async with aiohttp.ClientSession() as session:
        http = HomeserverClient(server.url, session)
        yield Home(http, server.url, server.registration_shared_secret)
    await server.stop()


class Device:
    """A logged-in device with its keys on the server."""

    def __init__(self, home: Home, session: Session, identity_keys: dict[str, str]) -> None:
        self.home = home
        self.session = session
        self.identity_keys = identity_keys

    async def ensure(self, keys: CrossSigningKeys, **options: Any) -> Outcome:
        return await ensure_cross_signed(
            self.home.http, self.session, self.identity_keys, keys, **options
        )

    async def seen(self) -> Any:
        return await fetch_published_keys(
            self.home.http, self.session.access_token, self.session.user_id
        )


@pytest_asyncio.fixture(loop_scope="module")
async def device(home: Home, tmp_path: Path) -> Device:
    session = await home.register()
    return Device(home, session, await home.publish_device(session, tmp_path / "store"))


def assert_signed(document: Mapping[str, Any], user_id: str, public_key: str) -> None:
    key = decode_verify_key_bytes(f"ed25519:{public_key}", decode_base64(public_key))
    verify_signed_json(dict(document), user_id, key)


@on_synapse
async def test_an_account_gets_an_identity_and_its_device_is_signed(device: Device) -> None:
    keys = CrossSigningKeys.generate()
    assert await device.ensure(keys) is Outcome.CREATED
    seen, user_id = await device.seen(), device.session.user_id
    assert seen.master_key == keys.master_key
    assert seen.master["usage"] == ["master"]
    assert_signed(seen.self_signing, user_id, keys.master_key)
    assert_signed(seen.user_signing, user_id, keys.master_key)
    [self_signing] = seen.self_signing["keys"].values()
    assert_signed(seen.devices[device.session.device_id], user_id, self_signing)
    with pytest.raises(SignatureVerifyException):
        assert_signed(seen.devices[device.session.device_id], user_id, keys.master_key)
    assert is_signed_by_owner(seen, device.session.device_id)


@on_synapse
async def test_at_the_next_start_there_is_nothing_to_do(device: Device) -> None:
    keys = CrossSigningKeys.generate()
    await device.ensure(keys)
    before = await device.seen()
    assert await device.ensure(keys) is Outcome.UNCHANGED
    assert await device.seen() == before


@on_synapse
async def test_a_new_device_is_signed_by_the_same_identity(device: Device, tmp_path: Path) -> None:
    keys = CrossSigningKeys.generate()
    await device.ensure(keys)
    http, user_id = device.home.http, device.session.user_id
    session = await login_with_password(http, user_id, PASSWORD, "NEW", "new")
    second = Device(device.home, session, await device.home.publish_device(session, tmp_path))
    assert not is_signed_by_owner(await second.seen(), "NEW")
    assert await second.ensure(keys) is Outcome.DEVICE_SIGNED
    assert is_signed_by_owner(await second.seen(), "NEW")


@on_synapse
async def test_a_foreign_identity_is_reported_and_left_alone(device: Device) -> None:
    await device.ensure(CrossSigningKeys.generate())
    before = await device.seen()
    assert await device.ensure(CrossSigningKeys.generate(), password=PASSWORD) is Outcome.FOREIGN
    assert await device.seen() == before


@on_synapse
async def test_a_foreign_identity_is_replaced_where_that_is_wanted(device: Device) -> None:
    await device.ensure(CrossSigningKeys.generate())
    keys = CrossSigningKeys.generate()
    assert await device.ensure(keys, password=PASSWORD, reset=True) is Outcome.REPLACED
    seen = await device.seen()
    assert seen.master_key == keys.master_key
    assert is_signed_by_owner(seen, device.session.device_id)


@on_synapse
@pytest.mark.parametrize(
    ("password", "message"),
    [(None, "wants the password of @bot"), ("wrong", r"M_FORBIDDEN\): check the password")],
)
async def test_a_replacement_needs_the_right_password(
    device: Device, password: str | None, message: str
) -> None:
    first = CrossSigningKeys.generate()
    await device.ensure(first)
    with pytest.raises(WorldError, match=message) as caught:
        await device.ensure(CrossSigningKeys.generate(), password=password, reset=True)
    assert "wrong" not in str(caught.value)
    assert (await device.seen()).master_key == first.master_key


@on_synapse
async def test_a_lost_encryption_store_is_noticed(device: Device) -> None:
    http, session = device.home.http, device.session
    await check_device_keys(http, session, device.identity_keys)
    other = dict(nio.crypto.OlmAccount().identity_keys)
    with pytest.raises(DeviceKeysLost, match=session.device_id):
        await check_device_keys(http, session, other)
    with pytest.raises(DeviceKeysLost, match=session.device_id):
        await Device(device.home, session, other).ensure(CrossSigningKeys.generate())
    assert (await device.seen()).master_key is None


@on_synapse
async def test_a_new_device_has_lost_nothing(home: Home) -> None:
    keys = dict(nio.crypto.OlmAccount().identity_keys)
    await check_device_keys(home.http, await home.register(), keys)


@on_synapse
async def test_a_device_without_keys_on_the_server_is_not_signed(home: Home) -> None:
    bare = Device(home, await home.register(), dict(nio.crypto.OlmAccount().identity_keys))
    with pytest.raises(WorldError, match="not on the server yet"):
        await bare.ensure(CrossSigningKeys.generate())
    assert (await bare.seen()).master_key is None


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "cross_signing.json"
    keys = load_or_create_keys(path)
    assert load_or_create_keys(path) == keys
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({keys.master, keys.self_signing, keys.user_signing}) == 3
    assert keys.master.hex() not in repr(keys)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"master": "AAAA"}', "\udcff"])
def test_a_damaged_file_is_never_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cross_signing.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(WorldError, match="put the file back"):
        load_or_create_keys(path)
    assert path.read_bytes() == text.encode(errors="surrogateescape")


def test_a_key_of_the_wrong_length_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cross_signing.json"
    path.write_text('{"master": "AAAA", "self_signing": "AAAA", "user_signing": "AAAA"}')
    with pytest.raises(WorldError, match="put the file back"):
        load_or_create_keys(path)
