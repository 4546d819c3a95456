"""Rooms of which something is remembered, and the accounts that are in them."""

from types import SimpleNamespace

from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.memory.chapters import Chapter
from lunabot.memory.lenses import LensText
from lunabot.memory.notes import Note
from tests.fake_account import FakeAccount
from tests.fake_services import ADMIN, ADMIN_ROOM
from tests.homeserver_scripts import Status
from tests.unit.personas.characters import teacher
from tests.unit.skills.running import V3, House

ANN, BOB = UserId("@ann:localhost"), UserId("@bob:localhost")
TRAILS, LAKE = RoomId("!trails:localhost"), RoomId("!lake:localhost")
MAY_17 = 1_715_928_000_000  # 2024, 06:40 UTC
DAY = 86_400_000


def move_in(house: House) -> FakeAccount:
    """Let Luna be in Trails with Ann and Bob, and a teacher in the encrypted Lake; return its."""
    for alias in ("trails", "lake", "trials", "nowhere"):
        missing = Status(404, {"errcode": "M_NOT_FOUND", "error": "no such alias"})
        house.answer(f"{V3}/directory/room/#{alias}:localhost", missing)
    house.account.enter(TRAILS, ANN, BOB).name = "Trails"
    persona = FakeAccount(teacher().user_id)
    persona.enter(LAKE, ANN, encrypted=True).name = "Lake"
    company = SimpleNamespace(personas=lambda: {teacher().user_id: teacher()})
    accounts = {house.account.user_id: house.account, persona.user_id: persona}
    fleet = SimpleNamespace(
        company=company,
        accounts=accounts,
        trouble=lambda who: "",
        forget_room=house.account.forget_room,
    )
    house.services.personas = lambda: SimpleNamespace(  # type: ignore[assignment,return-value]
        fleet=fleet
    )
    return persona


def encrypt_admin_room(house: House) -> None:
    """Make the admin room one where everything may be told."""
    house.account.enter(ADMIN_ROOM, ADMIN, encrypted=True)


def put_chapter(house: House, number: int, title: str = "Maps", **more: object) -> Chapter:
    """Keep a chapter of a day in May; by default it is one of Trails."""
    begins = MAY_17 + (number - 1) * DAY
    usual: dict[str, object] = {
        "room_id": TRAILS,
        "level": 0,
        "first": EventId(f"$first-{number}"),
        "last": EventId(f"$last-{number}"),
        "begins": begins,
        "ends": begins + 3_600_000,
        "people": (ANN, BOB),
        "summary": "Ann drew a map.\nBob *lost* it.",
        "threads": ("Who finds it?",),
    }
    chapter = Chapter(number=number, title=title, **(usual | more))  # type: ignore[arg-type]
    house.services.memory.state.chapters.put(chapter)
    return chapter


def put_lens(house: House, lens: str = "technical", room_id: RoomId = TRAILS) -> LensText:
    """Keep what a lens has seen up to the second day."""
    text = LensText(room_id, lens, "They map by hand.", MAY_17 + DAY, MAY_17 + DAY)
    house.services.memory.state.lenses.put(text)
    return text


def put_note(house: House, text: str, room_id: RoomId = TRAILS) -> Note:
    """Let the teacher note something of Ann."""
    notes = house.services.memory.state.notes
    return notes.add(teacher().user_id, text, ANN, room_id, 1, MAY_17)
