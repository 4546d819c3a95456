"""The words with which Luna comes and goes in the admin room."""

from collections.abc import Collection

from lunabot import __version__
from lunabot.matrix.ids import UserId

TOY = (
    "I think with a **toy** of a model that runs on this machine: it is polite and makes things "
    "up. For a real one set `llm.base_url`, `llm.api_key` and `llm.model`, then type `!reload`."
)


def welcome(me: UserId, *, toy: bool, problems: Collection[str]) -> str:
    """Return what an administrator reads first."""
    lines = [
        "**Hello, I am Luna.** From this room you run me; only administrators are in it. "
        "Three things to try:",
        f"1. `!health` – how I am\n2. `!commands` – what I can do\n3. Start a direct chat with "
        f"`{me}` and ask me something",
        "`!` works in every client; many take a `/` for themselves.",
    ]
    return "\n\n".join([*lines, *([TOY] if toy else []), *_listed(problems)])


def back_again(problems: Collection[str]) -> str:
    """Return what Luna says when she starts where she was before."""
    return "\n\n".join([f"I am here again (Luna {__version__}).", *_listed(problems)])


def farewell(reason: str, owed: int) -> str:
    """Return what Luna says when she stops."""
    left = {0: "", 1: " One answer is left for when I come back."}
    return f"I am stopping now: {reason}." + left.get(
        owed, f" {owed} answers are left for when I come back."
    )


def _listed(problems: Collection[str]) -> list[str]:
    if not problems:
        return []
    return ["⚠️ Not everything works:\n" + "\n".join(f"- {problem}" for problem in problems)]
