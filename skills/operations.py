"""Running Luna: taking over a changed configuration, and stopping."""

from lunabot.admin.call import Call
from lunabot.admin.parameters import Tail
from lunabot.admin.skill import skill


@skill("reload", group="operations")
async def reload(call: Call) -> str:
    """Read the configuration and the commands anew.

    All of it or nothing: where something is wrong, I say what, and go on as before.
    """
    return await call.services.reload()


@skill("shutdown", group="operations", destructive=True, examples=("shutdown", "shutdown update"))
async def shutdown(call: Call, reason: Tail = "") -> str:
    """Stop me. Somebody at the machine has to start me again.

    reason: what I say in farewell
    """
    name = call.services.account.joined_members(call.room_id).get(call.sender, call.sender)
    call.services.request_shutdown(reason or f"{name} asked me to")
    return "I am stopping."
