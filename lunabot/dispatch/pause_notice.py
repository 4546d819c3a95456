"""What is said of a pause, in Markdown: to the room, and to the administrators."""

from lunabot.matrix.text import inline_code
from lunabot.memory.loop import Layer
from lunabot.memory.pauses import Pause

_WHO_ENDS_IT = {
    Layer.PATTERN: "when a person writes, or ",
    Layer.TURNS: "when a person writes, or ",
    Layer.PAIR: "when somebody else writes, or ",
    Layer.PACE: "",
}


def for_the_room(pause: Pause, cooldown_s: int) -> str:
    """Return what the room is told. It names nobody: a bot that hears its name may answer."""
    return f"Conversation paused: {pause.reason}; it resumes {_ending(pause, cooldown_s)}."


def for_administrators(pause: Pause, cooldown_s: int) -> str:
    """Return what the administrators are told; the link makes it another text for each pause."""
    concerned = ", ".join(map(inline_code, sorted(pause.concerned)))
    link = f"https://matrix.to/#/{pause.room_id}/{pause.cause}"
    return (
        f"⏸️ {inline_code(pause.name)} `{pause.room_id}` paused: {pause.reason} ({concerned}). "
        f"It resumes {_ending(pause, cooldown_s)}, or by `!resume {pause.room_id}`. "
        f"[The message without an answer]({link})"
    )


def _ending(pause: Pause, cooldown_s: int) -> str:
    duration = f"{cooldown_s / 60:.0f} minutes" if cooldown_s >= 120 else f"{cooldown_s} seconds"
    return f"{_WHO_ENDS_IT[pause.layer]}in {duration}"
