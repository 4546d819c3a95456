"""Seeding: what the configuration names is made where it is missing, and nothing is wiped."""

from lunabot.admin.call import Answer, Call
from lunabot.admin.skill import skill
from lunabot.errors import UserMistake
from lunabot.seeding.outcome import told
from lunabot.seeding.seeder import Seeder


@skill("seed", group="operations", examples=("seed", "seed --update"))
async def seed(call: Call, *, update: bool = False) -> Answer:
    """Make the users, rooms, personas and memberships that `seed:` in the configuration names.

    What is there stays as it is. What differs is listed, and changed only if you say so. I never
    take anything away. A new persona says nothing before it is spoken to: a seed costs no tokens.

    update: whether what differs is changed, too
    """
    services = call.services
    wanted = services.settings.seed
    if not (wanted.users or wanted.rooms or wanted.personas):
        raise UserMistake("The configuration names nothing under `seed:`: see its documentation.")
    if services.seeding.locked():
        await call.progress("Another `!seed` is at work: I wait for its end.")
    async with services.seeding:
        outcomes = await Seeder(services, call.sender, update).sow(call.progress)
    kinds = {outcome.kind for outcome in outcomes}
    parts = [told(outcomes)]
    if any(outcome.password for outcome in outcomes):
        folder = f"{services.settings.store.secrets}/passwords"
        parts.append(f"Passwords that I made are at my machine, a file each, in `{folder}`.")
    if "different" in kinds and not update:
        parts.append("`!seed --update` changes what is different, where it can be changed.")
    return Answer("\n\n".join(parts), ok="failed" not in kinds)
