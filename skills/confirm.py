"""Yes and no to what Luna asks before she destroys; a tap on ✅ or ❌ says the same."""

from lunabot.admin.call import Call
from lunabot.admin.skill import skill


@skill("yes", group="commands", examples=("yes", "yes 0417"))
async def yes(call: Call, code: str = "") -> str:
    """Do what I asked you about.

    Only who gave the command can confirm it, for five minutes, once. A reply to my question needs
    no code either.

    code: which question, where several wait
    """
    return call.services.answer(call.event, code, True)


@skill("no", group="commands", examples=("no", "no 0417"))
async def no(call: Call, code: str = "") -> str:
    """Leave what I asked you about.

    code: which question, where several wait
    """
    return call.services.answer(call.event, code, False)
