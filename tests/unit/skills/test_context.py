"""``/context``: whose prompt is shown, what is told of it, and the file of it."""

import pytest

from lunabot.config import ContextSettings
from lunabot.dispatch.preview import Preview
from lunabot.errors import UserMistake
from lunabot.llm.image import Image
from lunabot.llm.turns import ChatTurn
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.prompt.builder import Part, Prompt
from tests.unit.llm.pictures import opened
from tests.unit.personas.characters import teacher
from tests.unit.skills.remembered import ANN, LAKE, TRAILS, encrypt_admin_room, move_in
from tests.unit.skills.running import House

PARTS = (
    Part("system prompt", 100),
    Part("lenses", 60, "1 of 2", "no room in their share: his_tory"),
    Part("question", 40),
)


@pytest.fixture
def asked(house: House) -> list[tuple[UserId, RoomId]]:
    """The accounts and rooms of which a prompt was asked for."""
    found: list[tuple[UserId, RoomId]] = []
    move_in(house)

    async def preview(account: Account, room_id: RoomId) -> Preview:
        found.append((account.user_id, room_id))
        question = Message(EventId("$1"), room_id, ANN, 0, "Which *way*?")
        turns = (
            ChatTurn("system", "You are Luna."),
            ChatTurn("user", "Ann: Which *way*?", (Image(b"pixels", "image/png", 10, 10),)),
        )
        prompt = Prompt(turns, 200, PARTS, 0, whole=False)
        return Preview(question, prompt, ContextSettings(budget_tokens=1200, reply_tokens=200))

    house.services.preview = preview
    return found


async def test_each_part_is_told(house: House, asked: list[tuple[UserId, RoomId]]) -> None:
    assert (await house.run("context trails")).split("\n") == [
        r"**Trails**, to answer Ann: “Which \*way\*?”",
        "",
        "- **system prompt**: 100 tokens (50 %)",
        r"- **lenses**: 60 tokens (30 %) – 1 of 2. Left out: no room in their share: his\_tory",
        "- **question**: 40 tokens (20 %)",
        "",
        "**200 of 1,000 tokens**, 800 are free. 200 of the budget of 1,200 are kept for the reply.",
    ]
    assert asked == [(house.account.user_id, TRAILS)]


async def test_of_a_model_whose_encoding_is_not_known_an_estimate_is_told(
    house: House, asked: list[tuple[UserId, RoomId]]
) -> None:
    llm = house.services.settings.llm.model_copy(update={"model": "qwen3:8b"})
    house.services.settings = house.services.settings.model_copy(update={"llm": llm})
    assert (await house.run("context trails")).endswith("an estimate for this model.")


async def test_the_whole_prompt_in_a_file(house: House, asked: list[tuple[UserId, RoomId]]) -> None:
    assert "200 of 1,000 tokens" in await house.run("context trails --file")
    [(kind, name, data, mimetype)] = house.account.acts
    assert (kind, name, mimetype) == ("file", "prompt.txt", "text/plain")
    assert data.decode() == (
        "=== system ===\nYou are Luna.\n\n"
        "=== user ===\nAnn: Which *way*?\n[an image of 255 tokens]\n"
    )


async def test_the_parts_as_a_picture(house: House, asked: list[tuple[UserId, RoomId]]) -> None:
    assert "200 of 1,000 tokens" in await house.run("context trails --plot")
    [(kind, name, data, mimetype, size)] = house.account.acts
    assert (kind, name, mimetype) == ("image", "context.png", "image/png")
    assert opened(data).size == size


async def test_without_a_name_it_is_lunas_or_the_only_personas(
    house: House, asked: list[tuple[UserId, RoomId]]
) -> None:
    encrypt_admin_room(house)
    await house.run("context lake")
    await house.run("context lake teacher")
    house.account.enter(LAKE, ANN, encrypted=True).name = "Lake"
    await house.run("context lake")
    assert asked == [
        (teacher().user_id, LAKE),
        (teacher().user_id, LAKE),
        (house.account.user_id, LAKE),
    ]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("trails teacher", "`teacher` is not in that room. There: `luna`"),
        ("lake luna", "`luna` is not in that room. There: `teacher`"),
        ("trails taecher", "Did you mean `teacher`"),
        ("nowhere", "I know no room"),
        ("lake", "`Lake` is encrypted"),
    ],
)
async def test_mistakes(
    house: House, asked: list[tuple[UserId, RoomId]], typed: str, told: str
) -> None:
    with pytest.raises(UserMistake, match=told):
        await house.run(f"context {typed}")
    assert asked == []
