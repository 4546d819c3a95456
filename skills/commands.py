"""What there is to command."""

from lunabot.admin.call import Call
from lunabot.admin.documentation import explanation, overview
from lunabot.admin.skill import skill


@skill("commands", bang_aliases=("help",), examples=("commands", "commands commands"))
async def commands(call: Call, verb: str | None = None) -> str:
    """List the commands, or explain one.

    verb: the command to explain
    """
    registry = call.services.registry
    return explanation(registry.require(verb)) if verb else overview(registry)
