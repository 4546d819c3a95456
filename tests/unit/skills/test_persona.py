"""``/persona`` and ``/personas``: what is typed, and what it is refused for."""

from types import SimpleNamespace
from typing import Any

import pytest

from lunabot.errors import UserMistake
from lunabot.matrix.ids import UserId
from lunabot.personas.exchange import Change
from tests.unit.personas.characters import teacher
from tests.unit.skills.running import House


class Door:
    """The door to the personas, behind which lives a teacher."""

    def __init__(self) -> None:
        self.known = {teacher().user_id: teacher()}
        company = SimpleNamespace(personas=lambda: self.known)
        self.fleet = SimpleNamespace(company=company, accounts={}, trouble=lambda who: "")

    async def change(self, user_id: UserId, apply: Any, avatar: Any) -> Change:
        before, self.known[user_id] = self.known[user_id], apply(self.known[user_id])
        return Change(before, self.known[user_id])


@pytest.fixture
def door(house: House) -> Door:
    door = Door()
    house.services.personas = lambda: door  # type: ignore[assignment,return-value]
    return door


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ('--set name="Old Teacher" traits=o=10 model=gpt-4o', "name **Old Teacher**, the traits"),
        ("--set prompt You rest.\nAnd sleep.", "prompt “You rest. And sleep.”"),
        ("--set prompt=You rest now.", "prompt “You rest now.”"),
        ("—prompt “You rest.”", "prompt “You rest.”"),
        ("name=Old", "name **Old**"),
        ("--rename Old Teacher", "name **Old Teacher**"),
        ("--set name=Teacher", "is so already"),
    ],
)
async def test_what_is_set_is_told(house: House, door: Door, typed: str, told: str) -> None:
    assert told in await house.run(f"persona teacher {typed}")


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("teacher --set", "What can be set"),
        ("teacher --set colour=red", "What can be set"),
        ("teacher --rename A --name B", "are the same"),
        ("teacher --avatar", "as a reply"),
        ("teacher --set traits=o=900", "from 0 to 100"),
        ("teacher --copy other --avatar", "A copy is made first"),
        ("taecher", "Did you mean `teacher`"),
        ("", "Which persona"),
        ("--import", "as a reply"),
    ],
)
async def test_mistakes(house: House, door: Door, typed: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told):
        await house.run(f"persona {typed}")
    assert list(door.known.values()) == [teacher()]


async def test_all_are_listed_and_those_that_are_broken_too(house: House, door: Door) -> None:
    state = house.services.memory.state
    state._personas.broken[UserId("@ghost:localhost")] = "its document is broken: age"
    listed = await house.run("personas")
    assert "2 of 2" in listed
    assert "`@ghost:localhost` – ⚠️ its document is broken: age" in listed
    assert "1 of 2" in await house.run("personas TEACH")
    with pytest.raises(UserMistake, match="its document is broken"):
        await house.run("persona ghost")


async def test_one_in_full_and_in_a_file(house: House, door: Door) -> None:
    assert "> You teach history." in await house.run("persona teacher")
    assert "1 persona**" in await house.run("persona --export")
    kind, name, data, _ = house.account.acts[-1]
    assert (kind, name) == ("file", "personalities.json")
    assert b"You teach history." in data
