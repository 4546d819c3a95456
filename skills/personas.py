"""Personas: summon and dismiss them."""

from lunabot.admin.call import Call, Plan
from lunabot.admin.finding import find_room, room_name, shown_room
from lunabot.admin.parameters import Localpart, RoomReference, Tail
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted
from lunabot.matrix.ids import UserId, server_name, user_id
from lunabot.personas import portrait
from lunabot.personas.dismissal import Departure
from lunabot.personas.summoning import Receipt, Summons
from lunabot.personas.traits import parse


@skill(
    "spawn",
    group="personas",
    examples=(
        "spawn scout You are Scout, who knows every trail.",
        'spawn scout --name "Old Scout" --traits o=80,c=40 --room #trails You know every trail.',
    ),
)
async def spawn(
    call: Call,
    localpart: Localpart,
    *,
    name: str = "",
    room: RoomReference | None = None,
    traits: str = "",
    model: str = "",
    prompt: Tail,
) -> str:
    """Summon a persona: a Matrix user with a character of its own.

    localpart: the name of its account, without `@` and server
    name: the name people see; that of its account with a capital, if not given
    room: where it lives; a room is made for it, and you invited, if not given
    traits: o, c, e, a, n from 0 to 100, and any others (o=80,humour=dry)
    model: the model it thinks with; mine, if not given
    prompt: who it is
    """
    services = call.services
    summons = Summons(
        user_id=_persona_id(call, localpart),
        displayname=name or localpart.capitalize(),
        system_prompt=prompt,
        asker=call.sender,
        traits=parse(traits),
        model=model,
        room=await find_room(services, room) if room else None,
    )
    receipt = await services.personas().spawn(summons)
    services.personas().greet(receipt)
    return _receipt(call.services, receipt)


async def despawn_plan(call: Call, name: Localpart, *, redact: bool = False) -> Plan | None:
    """Tell what goes with a persona; None where nothing is left of it."""
    services = call.services
    departure = await services.personas().look(_persona_id(call, name))
    if not departure.has_document and not departure.exists:
        return None
    persona = services.personas().fleet.company.personas().get(departure.user_id)
    shown = f"**{portrait.plain(persona.displayname)}** " if persona else ""
    named = [room_name(services, each) for each in departure.rooms]
    goes = [f"its place in {portrait.plain(', '.join(named))}"] if named else []
    goes += ["its account, erased for good"] if departure.exists else []
    goes += ["its document and its keys"] if departure.has_document else []
    goes += ["everything it ever said"] if redact else []
    lines = "\n".join(f"- {line}" for line in goes)
    stays = "" if redact else "\n\nWhat it said stays in the rooms; `--redact` takes that along."
    text = f"{shown}`{departure.user_id}` goes, with\n\n{lines}{stays}"
    return Plan(text, f"{departure} {redact}")


@skill(
    "despawn",
    group="personas",
    destructive=True,
    plan=despawn_plan,
    examples=("despawn scout", "despawn scout --redact"),
)
async def despawn(call: Call, name: Localpart, *, redact: bool = False) -> str:
    """Dismiss a persona: it leaves its rooms, its account is erased, its document removed.

    What it said stays in the rooms, unless you say otherwise.

    name: the name of its account, without `@` and server
    redact: whether what it said goes, too
    """
    who = _persona_id(call, name)
    return _farewell(await call.services.personas().despawn(who, redact=redact))


def _persona_id(call: Call, name: Localpart) -> UserId:
    return user_id(name, server_name(call.services.account.user_id))


def _receipt(services: Services, receipt: Receipt) -> str:
    persona = receipt.persona
    where = f"`{receipt.alias}`" if receipt.alias else shown_room(services, receipt.room_id)
    made = [f"account `{persona.user_id}`, with an encrypted, cross-signed device"]
    place = "room" if receipt.alias else "membership in"
    made.append(f"{place} {where}, where it answers to its name")
    lines = "\n".join(f"- {line}" for line in made)
    link = f"https://matrix.to/#/{persona.user_id}"
    invited = " You are invited." if receipt.alias else ""
    return f"**{persona.displayname}** is here.{invited}\n\n{lines}\n\n[Talk with it alone]({link})"


def _farewell(departure: Departure) -> str:
    if not departure.has_document and not departure.exists:
        return f"There is no `{departure.user_id}`, nor anything left of it. `!personas` lists all."
    gone = ["its account"] if departure.exists else []
    gone += ["its document"] if departure.has_document else []
    rooms = counted(len(departure.rooms), "room")
    gone += [f"its membership in {rooms}"] if departure.rooms else []
    missing = "" if departure.exists else " Somebody had removed the account before."
    return f"`{departure.user_id}` is gone, with {', '.join(gone)}.{missing}"
