"""Dice: an example of a command of your own. See docs/skills.md."""

import random

from lunabot.admin.call import Call
from lunabot.admin.skill import skill
from lunabot.errors import UserMistake


@skill("roll", group="games", examples=("roll", "roll 3", "roll 2 --sides 20"))
async def roll(call: Call, dice: int = 1, *, sides: int = 6) -> str:
    """Roll dice.

    dice: how many, up to 100
    sides: how many sides each has
    """
    if not 1 <= dice <= 100 or sides < 2:
        raise UserMistake("I roll 1 to 100 dice, and each needs two sides at least.")
    rolled = [random.randint(1, sides) for _ in range(dice)]
    return f"**{sum(rolled)}** ({', '.join(map(str, rolled))})"
