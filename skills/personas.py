"""Personas: summon and dismiss them."""

from lunabot.admin.call import Call
from lunabot.admin.finding import find_room
from lunabot.admin.parameters import Localpart, RoomReference, Tail
from lunabot.admin.skill import skill
from lunabot.matrix.ids import server_name, user_id
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

    localpart: the localpart of its account
    name: the name people see; the localpart with a capital, if not given
    room: where it lives; a room is made for it, and you invited, if not given
    traits: o, c, e, a, n from 0 to 100, and any others (o=80,humour=dry)
    model: the model it thinks with; mine, if not given
    prompt: who it is
    """
    services = call.services
    summons = Summons(
        user_id=user_id(localpart, server_name(services.account.user_id)),
        displayname=name or localpart.capitalize(),
        system_prompt=prompt,
        asker=call.sender,
        traits=parse(traits),
        model=model,
        room=await find_room(services, room) if room else None,
    )
    receipt = await services.personas().spawn(summons)
    services.personas().greet(receipt)
    return _receipt(receipt)


@skill("despawn", group="personas", destructive=True, examples=("despawn scout",))
async def despawn(call: Call, name: Localpart, *, redact: bool = False) -> str:
    """Dismiss a persona: it leaves its rooms, its account is erased, its document removed.

    What it said stays in the rooms, unless you say otherwise.

    name: the localpart of its account
    redact: whether what it said goes, too
    """
    services = call.services
    who = user_id(name, server_name(services.account.user_id))
    return _farewell(await services.personas().despawn(who, redact=redact))


def _receipt(receipt: Receipt) -> str:
    persona = receipt.persona
    where = f"`{receipt.alias or receipt.room_id}`"
    made = [f"account `{persona.user_id}`, with an encrypted, cross-signed device"]
    made.append(f"{'room' if receipt.alias else 'membership in the room'} {where}")
    lines = "\n".join(f"- {line}" for line in made)
    link = f"https://matrix.to/#/{persona.user_id}"
    invited = " You are invited." if receipt.alias else ""
    return f"**{persona.displayname}** is here.{invited}\n\n{lines}\n\n[Talk with it]({link})"


def _farewell(departure: Departure) -> str:
    if not departure.has_document and not departure.exists:
        return f"`{departure.user_id}` was gone already: nothing is left of it."
    gone = ["its account"] if departure.exists else []
    gone += ["its document"] if departure.has_document else []
    gone += [f"its membership in {len(departure.rooms)} rooms"] if departure.rooms else []
    missing = "" if departure.exists else " Somebody had removed the account before."
    return f"`{departure.user_id}` is gone, with {', '.join(gone)}.{missing}"
