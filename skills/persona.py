"""Living with personas: see them, shape them, copy them, keep them in a file."""

import asyncio
from datetime import UTC, datetime

from lunabot.admin.attached import attached
from lunabot.admin.call import Answer, Call
from lunabot.admin.finding import find_persona
from lunabot.admin.parameters import Localpart, Tail
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted
from lunabot.errors import UserMistake
from lunabot.homeserver.attachments import Attachment
from lunabot.matrix.ids import RoomId, server_name, user_id
from lunabot.personas import census, exchange, importing, portrait
from lunabot.personas.changes import Changes, read_changes, require
from lunabot.personas.persona import Persona
from lunabot.personas.summoning import Summons

_AVATAR_BYTES = 1024 * 1024


@skill("personas", group="personas", examples=("personas", "personas scout"))
async def personas(call: Call, part: str = "") -> str:
    """List the personas: where they are, what they said last, what they spend, what is wrong.

    part: only those whose name or user id holds this
    """
    services = call.services
    known = services.personas().fleet.company.personas().values()
    found = [each for each in known if part.casefold() in _searchable(each)]
    broken = services.memory.state.broken_personas()
    taken = await _census(services)
    lines = [
        portrait.in_a_line(each, taken, *_trouble_and_rooms(services, each))
        for each in sorted(found, key=lambda each: each.displayname.casefold())
    ]
    lines += [f"`{who}` – ⚠️ {problem}" for who, problem in broken.items() if part in who]
    if not known and not broken:
        return "There are no personas yet. `!spawn scout You are …` summons one."
    head = f"**{len(lines)} of {counted(len(known) + len(broken), 'persona')}**\n"
    return "\n".join([head, *(f"- {line}" for line in lines)])


@skill(
    "persona",
    group="personas",
    examples=(
        "persona scout",
        'persona scout --set name="Old Scout" traits=o=80,humour=dry model=gpt-4o',
        "persona scout --set prompt You are Scout, who knows every trail.",
        "persona scout --set avatar",
        "persona scout --rename Old Scout",
        'persona scout --copy ranger name="The Ranger"',
        "persona --export",
        "persona --import",
    ),
)
async def persona(
    call: Call,
    who: Localpart | None = None,
    *,
    set_: bool = False,
    name: str | None = None,
    traits: str | None = None,
    model: str | None = None,
    prompt: str | None = None,
    avatar: bool = False,
    rename: str | None = None,
    copy: Localpart | None = None,
    export: bool = False,
    import_: bool = False,
    text: Tail = "",
) -> Answer | str:
    """Show everything about a persona, change it, copy it; or keep all of them in a file.

    What is set counts with its next answer. Its account keeps its name: Matrix renames none, but
    `--copy` makes the same persona under another.

    who: the name of its account, without `@` and server
    set_: change it: what follows is what is set
    name: the name people see
    traits: o, c, e, a, n from 0 to 100, and any others, added to those it has; `none,o=80` drops
        the others
    model: the model it thinks with; mine again, if empty
    prompt: who it is
    avatar: its picture: this command has to be the reply to an image
    rename: the same as `--set name`
    copy: the account of a new persona with this one's character, and a room of its own
    export: send all personas, or this one, to this room, as the file `personalities.json`
    import_: take over what such a file says: this command has to be the reply to it
    text: what to set it to, as the last of all without quotes (`prompt You are …`)
    """
    if export:
        return await _export(call, who)
    if import_:
        return await _import(call)
    if who is None:
        raise UserMistake("Which persona? `!personas` lists them.")
    found = find_persona(call.services, who)
    if rename is not None:
        if name is not None:
            raise UserMistake("`--rename` and `--name` are the same: give one.")
        name, text = f"{rename} {text}".strip(), ""
    options = {"name": name, "traits": traits, "model": model, "prompt": prompt}
    changes = read_changes(options, text, avatar=avatar)
    if copy:
        return await _copy(call, found, copy, changes)
    if set_ or changes:
        return await _change(call, found, changes)
    taken = await _census(call.services)
    trouble_and_rooms = _trouble_and_rooms(call.services, found)
    return portrait.in_full(found, taken, *trouble_and_rooms, call.services.model.model)


async def _change(call: Call, found: Persona, changes: Changes) -> str:
    require(changes)
    avatar = await _avatar(call) if changes.avatar else None
    keeper = call.services.personas()
    change = await keeper.change(found.user_id, changes.apply, avatar)
    new = ", ".join(filter(None, [portrait.difference(change), "its avatar" if avatar else ""]))
    who = f"**{portrait.plain(change.after.displayname)}** `{found.user_id}`"
    return f"{who} has {new} from its next answer on." if new else f"{who} is so already."


async def _copy(call: Call, found: Persona, name: Localpart, changes: Changes) -> str:
    if changes.avatar:
        raise UserMistake("A copy is made first: set its avatar then.")
    named = Changes(name=name.capitalize()).apply(found)
    wanted = changes.apply(named)
    summons = Summons(
        user_id=user_id(name, server_name(found.user_id)),
        displayname=wanted.displayname,
        system_prompt=wanted.system_prompt,
        asker=call.sender,
        traits=wanted.traits,
        model=wanted.model,
        notes=wanted.notes,
        extra=wanted.extra,
    )
    keeper = call.services.personas()
    receipt = await keeper.spawn(summons)
    keeper.greet(receipt)
    return (
        f"**{portrait.plain(wanted.displayname)}** `{summons.user_id}` is here, a copy of "
        f"`{found.user_id}`, in its room `{receipt.alias}`. You are invited.\n\n"
        f"[Talk with it alone](https://matrix.to/#/{summons.user_id})"
    )


async def _export(call: Call, who: Localpart | None) -> str:
    services = call.services
    everybody = list(services.personas().fleet.company.personas().values())
    chosen = [find_persona(services, who)] if who else everybody
    content = exchange.export(chosen)
    await services.account.send_file(
        call.room_id, "personalities.json", content, "application/json"
    )
    broken = services.memory.state.broken_personas()
    without = f" Those with broken documents are not in it: {', '.join(broken)}." if broken else ""
    return f"The file holds **{counted(len(chosen), 'persona')}**.{'' if who else without}"


async def _import(call: Call) -> Answer:
    """Take over a file; nothing that is there is removed, and a mistake costs its persona only."""
    services = call.services
    file = await attached(call, "a file such as `--export` makes", exchange.MAX_BYTES)
    server = server_name(services.account.user_id)
    keeper = services.personas()
    known = dict(keeper.fleet.company.personas())
    house = exchange.House(server, known, tuple(services.memory.state.broken_personas()))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    plan = await asyncio.to_thread(exchange.plan, file.data, house, now=now, by=call.sender)
    await call.progress(importing.summary(plan))
    rooms = {RoomId(room_id) for room_id in services.account.client.rooms} - {call.room_id}
    importer = importing.Importer(keeper, call.sender, rooms, call.progress)
    outcomes = await importer.carry_out(plan)
    ok = not plan.refused and all(outcome.ok for outcome in outcomes)
    return Answer(importing.account(plan, outcomes), ok=ok)


async def _avatar(call: Call) -> Attachment:
    image = await attached(call, "an image", _AVATAR_BYTES)
    if image.msgtype != "m.image" or not image.mimetype.startswith("image/"):
        raise UserMistake("The message that you replied to is no image.")
    return image


def _trouble_and_rooms(services: Services, who: Persona) -> tuple[str, portrait.RoomName]:
    """Return what is wrong with a persona's account, and the names of rooms as it sees them."""
    fleet = services.personas().fleet
    account = fleet.accounts.get(who.user_id, services.account)

    def name(room_id: RoomId) -> str:
        room = account.client.rooms.get(room_id)
        return str(room.display_name) if room else room_id

    return fleet.trouble(who.user_id), name


async def _census(services: Services) -> census.Census:
    """Look how all fare; what was said encrypted is told only where this room is, too."""
    return await census.take(services.memory, encrypted=services.posture().encrypted)


def _searchable(who: Persona) -> str:
    return f"{who.user_id} {who.displayname}".casefold()
