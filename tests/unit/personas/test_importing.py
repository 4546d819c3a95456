"""An import carried out: one by one, and no failure is another's."""

from collections.abc import Callable
from typing import Any, cast

from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.ids import RoomId, UserId
from lunabot.personas.exchange import Change, Newcomer, Plan
from lunabot.personas.importing import Importer, Outcome, account
from lunabot.personas.persona import Persona
from lunabot.personas.summoning import Receipt, Summons
from tests.unit.personas.characters import ADMIN, CLASSROOM, GARDEN, TEACHER, teacher

OWL, FOX = UserId("@owl:localhost"), UserId("@fox:localhost")
NOWHERE = RoomId("!nowhere")


class Keeper:
    """A keeper of whom some are refused."""

    def __init__(self, *refused: UserId) -> None:
        self.refused = refused
        self.known = {TEACHER: teacher().joined(GARDEN, 2_000)}
        self.summoned: list[Summons] = []

    async def spawn(self, summons: Summons) -> Receipt:
        self.summoned.append(summons)
        if summons.user_id in self.refused:
            raise UserMistake("belongs to somebody")
        return Receipt(teacher(), summons.room or RoomId("!made"), "" if summons.room else "#made")

    async def join(self, user_id: UserId, room_id: RoomId) -> None:
        if room_id == GARDEN:
            raise UserMistake("I cannot invite anybody")

    async def change(self, user_id: UserId, apply: Callable[[Persona], Persona]) -> Change:
        if user_id in self.refused:
            raise WorldError("the server is away")
        before, after = self.known[user_id], apply(self.known[user_id])
        self.known[user_id] = after
        return Change(before, after)


def newcomer(user_id: UserId, *rooms: RoomId) -> Newcomer:
    persona = Persona(user_id, "Name", "You are.", {}, "2025-01-31T12:00:00Z", ADMIN, notes=("n",))
    return Newcomer(persona, rooms)


async def carried_out(keeper: Keeper, plan: Plan) -> tuple[dict[str, Outcome], list[str]]:
    reports: list[str] = []

    async def report(text: str) -> None:
        reports.append(text)

    importer = Importer(cast(Any, keeper), ADMIN, {CLASSROOM, GARDEN}, report)
    outcomes = await importer.carry_out(plan)
    return {outcome.line.split("`")[1]: outcome for outcome in outcomes}, reports


async def test_each_has_its_own_line() -> None:
    keeper = Keeper(FOX)
    changed = Change(teacher(), teacher(displayname="Old"))
    plan = Plan([newcomer(OWL), newcomer(FOX)], [changed], [ADMIN], ["'x': is no object"])
    done, reports = await carried_out(keeper, plan)
    assert done[OWL] == Outcome(f"`{OWL}`: new, in `#made`")
    assert done[FOX] == Outcome(f"`{FOX}`: belongs to somebody", ok=False)
    assert done[TEACHER] == Outcome(f"`{TEACHER}`: changed: the name **Old**")
    assert len(reports) == 3
    text = account(plan, done.values())
    assert text.startswith("**2 new, 1 changed, 1 unchanged, 1 refused**\n")
    assert len([line for line in text.splitlines() if line.startswith("- ")]) == 5
    assert keeper.summoned[0].notes == ("n",)


async def test_a_change_leaves_the_rooms_alone() -> None:
    keeper = Keeper()
    await carried_out(keeper, Plan(changed=[Change(teacher(), teacher(model="large"))]))
    assert keeper.known[TEACHER].model == "large"
    assert keeper.known[TEACHER].rooms == (CLASSROOM, GARDEN)


async def test_a_change_that_fails_is_told() -> None:
    done, _ = await carried_out(
        Keeper(TEACHER), Plan(changed=[Change(teacher(), teacher(model="large"))])
    )
    assert done[TEACHER] == Outcome(f"`{TEACHER}`: the server is away", ok=False)


async def test_rooms_that_cannot_be_had_are_named() -> None:
    keeper = Keeper()
    done, _ = await carried_out(keeper, Plan([newcomer(OWL, NOWHERE, CLASSROOM, GARDEN)]))
    assert keeper.summoned[0].room == CLASSROOM
    assert f"in `{CLASSROOM}`, but not in `{NOWHERE}`, `{GARDEN}`" in done[OWL].line
    assert done[OWL].ok
