"""Carrying out the plan of an import: each persona for itself, each with its own line."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace

from lunabot.errors import LunaError, UserMistake
from lunabot.matrix.ids import RoomId, UserId
from lunabot.personas import portrait
from lunabot.personas.exchange import Change, Newcomer, Plan
from lunabot.personas.keeper import Keeper
from lunabot.personas.summoning import Summons

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one persona, in a line."""

    line: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class Importer:
    """Summons and changes what a plan names, for `asker`.

    `known_rooms` are those into which Luna can lead a persona; `report` hears how far it is.
    """

    keeper: Keeper
    asker: UserId
    known_rooms: Collection[RoomId]
    report: Callable[[str], Awaitable[None]]
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def carry_out(self, plan: Plan) -> list[Outcome]:
        """Do it all; what one persona cannot have stops no other. Never raises a `LunaError`."""
        total = len(plan.new) + len(plan.changed)
        done: list[Outcome] = []

        async def see_to(who: UserId, work: Awaitable[str]) -> None:
            async with self._places:
                try:
                    done.append(Outcome(f"`{who}`: {await work}"))
                except LunaError as error:
                    done.append(Outcome(f"`{who}`: {error}", ok=False))
            await self.report(f"{summary(plan)}\n\n{len(done)} of {total} are done.")

        works = [see_to(new.persona.user_id, self._summon(new)) for new in plan.new]
        works += [see_to(each.before.user_id, self._change(each)) for each in plan.changed]
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
        return done

    async def _summon(self, newcomer: Newcomer) -> str:
        persona = newcomer.persona
        rooms = [room_id for room_id in newcomer.rooms if room_id in self.known_rooms]
        receipt = await self.keeper.spawn(
            Summons(
                user_id=persona.user_id,
                displayname=persona.displayname,
                system_prompt=persona.system_prompt,
                asker=self.asker,
                traits=persona.traits,
                model=persona.model,
                room=rooms[0] if rooms else None,
                notes=persona.notes,
                extra=persona.extra,
            )
        )
        missed = [room_id for room_id in newcomer.rooms if room_id not in rooms]
        missed += [room for room in rooms[1:] if not await self._joins(persona.user_id, room)]
        without = f", but not in {_listed(missed)}: invite me there first" if missed else ""
        return f"new, in `{receipt.alias or receipt.room_id}`{without}"

    async def _joins(self, user_id: UserId, room_id: RoomId) -> bool:
        try:
            await self.keeper.join(user_id, room_id)
        except UserMistake:
            return False
        return True

    async def _change(self, change: Change) -> str:
        wanted = change.after
        done = await self.keeper.change(
            wanted.user_id, lambda now: replace(wanted, stays=now.stays)
        )
        return f"changed: {portrait.difference(done)}"


def summary(plan: Plan) -> str:
    """Return how many of which kind a plan has."""
    counts = {
        "new": len(plan.new),
        "changed": len(plan.changed),
        "unchanged": len(plan.unchanged),
        "refused": len(plan.refused),
    }
    return "**" + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + "**"


def account(plan: Plan, outcomes: Iterable[Outcome]) -> str:
    """Return what an import came to, a line for each persona."""
    lines = [f"- {'✅' if outcome.ok else '❌'} {outcome.line}" for outcome in outcomes]
    lines += [f"- `{who}`: unchanged" for who in plan.unchanged]
    lines += [f"- ❌ {reason}" for reason in plan.refused]
    return "\n".join([summary(plan), "", *lines])


def _listed(rooms: Iterable[RoomId]) -> str:
    return ", ".join(f"`{room_id}`" for room_id in rooms)
