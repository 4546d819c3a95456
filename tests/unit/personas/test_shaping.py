"""Changing a persona on the server and in its document: both or neither."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import pytest

from lunabot.dispatch.cast import Character
from lunabot.errors import Refused, UserMistake, WorldError
from lunabot.homeserver.attachments import Attachment
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.http import HomeserverClient
from lunabot.matrix.ids import DeviceId, UserId
from lunabot.matrix.session import Session, save_session
from lunabot.memory.state import State
from lunabot.personas.company import Company
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.persona import Persona
from lunabot.personas.secrets import PersonaSecrets
from lunabot.personas.shaping import Shaper
from tests.fake_homeserver import FakeHomeserver, Request
from tests.homeserver_scripts import Status
from tests.unit.personas.characters import CLASSROOM, GARDEN, TEACHER, teacher

PROFILE = f"/_matrix/client/v3/profile/{TEACHER}"
PICTURE = Attachment("m.image", "me.png", "image/png", b"pixels")
FORBIDDEN = Status(403, {"errcode": "M_FORBIDDEN", "error": "names are fixed here"})


class World:
    """A shaper with a persona, a server that notes its profile, and a state."""

    def __init__(self, home: FakeHomeserver, http: HomeserverClient, folder: Path) -> None:
        self.home = home
        self.profile = {"displayname": "Teacher", "avatar_url": "mxc://localhost/old"}
        self.state: State
        self.secrets = PersonaSecrets(folder)
        save_session(self.secrets.session(TEACHER), Session(TEACHER, DeviceId("D"), "its-token"))
        home.answers[PROFILE] = self.profile
        home.answers[f"{PROFILE}/displayname"] = self._set
        home.answers[f"{PROFILE}/avatar_url"] = self._set
        self._luna = ClientApi(http, lambda: "luna-token")

    async def begin(self) -> "World":
        self.state = await State.open(None)
        luna = Character(UserId("@luna:localhost"), ("Luna",), "You are Luna.")
        self.company = Company(lambda: luna)
        fleet = cast(Any, Fleet)(
            None, None, self.secrets, self.company, self.state, {}, SimpleNamespace(), lambda: 0
        )
        fleet.keep(teacher())
        self.shaper = Shaper(Homes(self._luna, cast(Any, None), self.secrets), fleet)
        return self

    @property
    def persona(self) -> Persona:
        persona = self.company.personas()[TEACHER]
        assert self.state.personas()[TEACHER] == persona
        return persona

    def _set(self, request: Request) -> Any:
        assert request.token == "its-token"
        self.profile.update(request.body)
        return {}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with FakeHomeserver() as home, aiohttp.ClientSession() as session:
        http = HomeserverClient(home.url, session, patience_s=2)
        yield await World(home, http, tmp_path).begin()


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    async def flush(self: State) -> None:
        raise WorldError("the disk is full")

    monkeypatch.setattr(State, "flush", flush)
    yield


def old(persona: Persona) -> Persona:
    return replace(persona, displayname="Old", system_prompt="You rest.")


async def test_name_and_picture_are_the_servers_too(world: World) -> None:
    change = await world.shaper.change(TEACHER, old, PICTURE)
    assert change.fields == ("displayname", "system_prompt")
    assert world.persona == change.after == old(teacher())
    assert world.profile == {"displayname": "Old", "avatar_url": "mxc://localhost/file"}


async def test_the_server_is_not_asked_for_what_it_does_not_know(world: World) -> None:
    await world.shaper.change(TEACHER, lambda now: replace(now, model="large"))
    assert world.home.requests == []
    assert world.persona.model == "large"


async def test_a_name_that_the_server_refuses_changes_nothing(world: World) -> None:
    world.home.answers[f"{PROFILE}/displayname"] = FORBIDDEN
    with pytest.raises(Refused, match="names are fixed"):
        await world.shaper.change(TEACHER, old)
    assert world.persona == teacher()


async def test_a_picture_that_the_server_refuses_takes_the_name_back(world: World) -> None:
    world.home.enqueue("upload", Status(413, {"errcode": "M_TOO_LARGE", "error": "too large"}))
    with pytest.raises(Refused, match="too large"):
        await world.shaper.change(TEACHER, old, PICTURE)
    assert world.profile == {"displayname": "Teacher", "avatar_url": "mxc://localhost/old"}
    assert world.persona == teacher()


@pytest.mark.usefixtures("full_disk")
async def test_a_full_disk_takes_all_back(world: World) -> None:
    with pytest.raises(WorldError, match="full"):
        await world.shaper.change(TEACHER, old, PICTURE)
    assert world.profile == {"displayname": "Teacher", "avatar_url": "mxc://localhost/old"}
    assert world.persona == teacher()


async def test_a_mistake_reaches_no_server(world: World) -> None:
    def impossible(persona: Persona) -> Persona:
        raise UserMistake("no")

    with pytest.raises(UserMistake):
        await world.shaper.change(TEACHER, impossible, PICTURE)
    assert world.home.requests == []


async def test_a_room_joined_meanwhile_is_kept(world: World) -> None:
    def joins_meanwhile(request: Request) -> Any:
        world.shaper.fleet.keep(world.persona.joined(GARDEN, 2_000))
        return {}

    world.home.answers[f"{PROFILE}/displayname"] = joins_meanwhile
    await world.shaper.change(TEACHER, old)
    assert world.persona.displayname == "Old"
    assert world.persona.rooms == (CLASSROOM, GARDEN)


async def test_leaving_where_it_is_not(world: World) -> None:
    world.home.answers["/_matrix/client/v3/joined_rooms"] = {"joined_rooms": [CLASSROOM]}
    world.home.answers[f"/_matrix/client/v3/rooms/{CLASSROOM}/leave"] = {}
    assert not await world.shaper.leave(TEACHER, GARDEN)
    assert await world.shaper.leave(TEACHER, CLASSROOM)
    assert {request.token for request in world.home.requests} == {"its-token"}
