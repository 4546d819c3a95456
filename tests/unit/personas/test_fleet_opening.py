"""How a persona's account opens at a start: what that asks of the server, and in which order.

The one account of the fake homeserver is the persona's here.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from lunabot.dispatch.cast import Character
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.batch import SyncBatch
from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.session import load_session, save_session
from lunabot.memory.memory import Memory
from lunabot.opening import Opener
from lunabot.personas.company import Company
from lunabot.personas.fleet import Fleet
from lunabot.personas.secrets import PersonaSecrets
from lunabot.problems import Problems
from tests.fake_homeserver import ME, FakeHomeserver
from tests.homeserver_scripts import Status
from tests.quiet_house import QuietInbox, quiet_household
from tests.unit.personas.characters import teacher

LOGIN = "/_matrix/client/v3/login"
GONE = Status(401, {"errcode": "M_UNKNOWN_TOKEN", "error": "gone"})


class School:
    """Fleets, one a start."""

    def __init__(
        self, home: FakeHomeserver, memory: Memory, folder: Path, http: HomeserverClient
    ) -> None:
        self.home, self.memory, self.http = home, memory, http
        self.secrets = PersonaSecrets(folder)
        self.told: list[str] = []

    async def start(self) -> Fleet:
        """Start a fleet; return it when all are ready."""
        house = quiet_household(
            QuietInbox(self._take), Problems(self.told.append), self.told.append
        )
        opener = Opener(
            self.http, self.home.url, self.secrets.folder, self.memory, lambda user: False, _show
        )
        company = Company(lambda: Character(UserId("@director:localhost"), (), ""))
        fleet = Fleet(
            self.http, opener, self.secrets, company, self.memory.state, {}, house, lambda: 0
        )
        await fleet.start()
        return fleet

    async def live_once(self) -> None:
        """Start a fleet, let it publish the identity and follow its account, and stop it."""
        fleet = await self.start()
        assert fleet.trouble(ME) == ""
        await self.home.wait_for(lambda: len(self.home.of("sync")) == 2)
        await fleet.close()

    async def _take(self, batch: SyncBatch) -> None:
        await self.memory.record_sync(batch.account, batch.token, batch.events)

    def expect_login(self, device: str) -> None:
        """Let the account log in as a new device."""
        session = {"user_id": ME, "device_id": device, "access_token": "new"}
        self.home.answers[LOGIN] = session
        self.home.session = replace(self.home.session, device_id=DeviceId(device))

    def syncs(self, token: str) -> int:
        """Return how many syncs there were by the session of a token."""
        return sum(request.token == token for request in self.home.of("sync"))


async def _show(*_: object) -> None:
    """Show nothing."""


@pytest.fixture
async def school(home: FakeHomeserver, memory: Memory, tmp_path: Path) -> AsyncIterator[School]:
    async with aiohttp.ClientSession() as session:
        school = School(home, memory, tmp_path, HomeserverClient(home.url, session))
        save_session(school.secrets.session(ME), home.session)
        memory.state.put_persona(replace(teacher(stays=()), user_id=ME))
        yield school


async def test_once_its_identity_is_published_a_start_takes_one_request(school: School) -> None:
    await school.live_once()
    assert len(school.home.of("identity")) == len(school.home.of("signatures")) == 1
    school.home.requests.clear()
    await school.live_once()
    assert [request.endpoint for request in school.home.requests] == ["sync", "keys_query", "sync"]


@pytest.mark.parametrize("endpoint", ["keys_query", "sync"])
async def test_a_session_that_is_no_longer_known_is_replaced(school: School, endpoint: str) -> None:
    school.expect_login("NEW")
    school.home.enqueue(endpoint, GONE)
    fleet = await school.start()
    assert fleet.trouble(ME) == ""
    await fleet.close()
    session = load_session(school.secrets.session(ME))
    assert session is not None
    assert (session.device_id, session.access_token) == ("NEW", "new")


async def test_keys_that_others_see_wrong_lead_to_a_new_device(
    school: School, pauses: list[float]
) -> None:
    await school.live_once()
    device = school.home.published["device_keys"][ME]["DEVICE"]
    device["keys"] = {name: "another key" for name in device["keys"]}
    school.expect_login("NEW")
    fleet = await school.start()
    await school.home.wait_for(lambda: school.syncs("new") == 2)
    assert fleet.trouble(ME) == ""
    assert list(school.home.published["device_keys"][ME]) == ["NEW"]
    await fleet.close()


async def test_an_identity_whose_keys_are_lost_is_replaced(school: School) -> None:
    await school.live_once()
    before = school.home.published["master_keys"][ME]
    shutil.rmtree(school.secrets.folder / "cross_signing")
    fleet = await school.start()
    await school.home.wait_for(lambda: school.home.published["master_keys"][ME] != before)
    await school.home.wait_for(lambda: len(school.home.of("signatures")) == 2)
    await fleet.close()
