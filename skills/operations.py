"""Running Luna: taking over a changed configuration, and stopping."""

from lunabot.admin.call import Call, Plan
from lunabot.admin.parameters import Tail
from lunabot.admin.skill import skill
from lunabot.admin.wording import counted


@skill("reload", group="operations")
async def reload(call: Call) -> str:
    """Read the configuration and the commands anew.

    All of it or nothing: where something is wrong, I say what, and go on as before.
    """
    return await call.services.reload()


async def shutdown_plan(call: Call, reason: Tail = "") -> Plan:
    """Tell who falls silent; however many that are, it is the same stop."""
    services = call.services
    personas = len(services.memory.state.personas())
    goes = ["**I stop**", *([f"{counted(personas, 'persona')} with me"] if personas else [])]
    waiting = services.queues.waiting + services.queues.busy_rooms
    left = f" {counted(waiting, 'answer')} that I owe will wait till then." if waiting else ""
    text = f"{', '.join(goes)}. Somebody at the machine has to start me again.{left}"
    return Plan(text, "stop")


@skill(
    "shutdown",
    group="operations",
    destructive=True,
    plan=shutdown_plan,
    examples=("shutdown", "shutdown update", "shutdown --yes update"),
)
async def shutdown(call: Call, reason: Tail = "") -> str:
    """Stop me. Somebody at the machine has to start me again.

    reason: what I say in farewell
    """
    name = call.services.account.joined_members(call.room_id).get(call.sender, call.sender)
    call.services.request_shutdown(reason or f"{name} asked me to")
    return "I am stopping."
