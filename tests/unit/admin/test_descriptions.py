"""The commands as clients are told of them: state events, sent when they change."""

import base64
import hashlib
import json
from typing import Any

import pytest

from lunabot.admin.descriptions import EVENT_TYPE, description, publish, state_key
from lunabot.admin.loader import builtin_folder, load_skills
from lunabot.admin.registry import Registry
from lunabot.config import Settings
from lunabot.errors import Refused, WorldError
from lunabot.matrix.ids import RoomId, UserId
from tests.fake_services import ADMIN_ROOM
from tests.unit.admin.house import House, destroy, greet
from tests.unit.admin.test_structured import paint

BUILTIN = load_skills([builtin_folder()]).registry
LUNA = UserId("@luna:localhost")


class Room:
    """Takes state events."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.failure: WorldError | None = None

    async def set_state(
        self, room_id: RoomId, kind: str, content: dict[str, Any], key: str
    ) -> None:
        assert (room_id, kind) == (ADMIN_ROOM, EVENT_TYPE)
        if self.failure:
            raise self.failure
        self.sent.append(content)


@pytest.fixture
def room(house: House) -> Room:
    room = Room()
    house.services.client_api = room  # type: ignore[assignment]
    house.services.registry = Registry((greet, destroy))
    return room


async def test_only_what_changed_is_sent(house: House, room: Room) -> None:
    await publish(house.services)
    await publish(house.services)
    assert [content["command"] for content in room.sent] == ["greet", "destroy"]
    house.services.registry = Registry((greet, paint))
    await publish(house.services)
    assert [content.get("command") for content in room.sent[2:]] == [None, "paint"]


@pytest.mark.parametrize("failure", [Refused("M_FORBIDDEN", "no power"), WorldError("away")])
async def test_what_failed_is_tried_again(house: House, room: Room, failure: WorldError) -> None:
    room.failure = failure
    await publish(house.services)
    room.failure = None
    await publish(house.services)
    assert len(room.sent) == 2


async def test_nothing_is_sent_where_it_is_not_wanted(house: House, room: Room) -> None:
    house.services.settings = Settings.model_validate({"admin": {"describe_commands": False}})
    await publish(house.services)
    assert room.sent == []


def test_the_key_is_the_hash_of_command_and_sender() -> None:
    digest = hashlib.sha256(b"audit@luna:localhost").digest()
    assert base64.b64decode(state_key("audit", LUNA)) == digest


def test_a_description() -> None:
    told = description(paint)
    assert (told["command"], told["description"]) == ("paint", {"m.text": [{"body": "Paint"}]})
    schemas = {each["key"]: each["schema"] for each in told["parameters"]}
    keys = list(schemas)
    assert (keys[0], keys[-1]) == ("name", "text")
    assert [each["key"] for each in told["parameters"] if "optional" not in each] == ["name"]
    assert told["fi.mau.tail_parameter"] == "text"

    def primitive(kind: str) -> dict[str, str]:
        return {"schema_type": "primitive", "type": kind}

    assert schemas["times"] == primitive("integer")
    assert schemas["wet"] == schemas["sharp"] == primitive("boolean")
    assert schemas["day"] == primitive("string")
    assert schemas["who"] == {"schema_type": "array", "items": primitive("user_id")}
    rooms = [primitive("room_id"), primitive("room_alias")]
    assert schemas["room"] == {"schema_type": "union", "variants": rooms}
    assert schemas["colour"]["variants"][0] == {
        "schema_type": "literal",
        "value": "red",
        "literal_type": "string",
    }


def test_every_command_can_be_described() -> None:
    for skill in BUILTIN.skills:
        told = description(skill)
        keys = [each["key"] for each in told["parameters"]]
        assert len(set(keys)) == len(keys)
        assert len(json.dumps(told)) < 60_000
