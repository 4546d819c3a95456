"""What is said of a ceiling, in Markdown: to the room, and to the administrators."""

from lunabot.dispatch.spending import Ceiling, Kind, Reached

_FOR_THE_ROOM = {
    Kind.PERSON: "for answers to one person",
    Kind.PERSONA: "for my answers",
    Kind.ROOM: "for answers in this room",
    Kind.ALL: "for answers",
}
_KEYS = {
    Kind.PERSON: "limits.person_tokens",
    Kind.PERSONA: "limits.persona_tokens",
    Kind.ROOM: "limits.room_tokens",
    Kind.ALL: "limits.daily_tokens",
}


def for_the_room(ceiling: Ceiling) -> str:
    """Return what stands in place of an answer. It names nobody: a bot may answer its name."""
    return (
        f"Today's limit {_FOR_THE_ROOM[ceiling.kind]} is reached. I answer again tomorrow, from "
        "0:00 UTC on; what you write until then I read, but do not answer."
    )


def for_administrators(reached: Reached) -> str:
    """Return the line that tells them of a ceiling that is near or full."""
    ceiling = reached.ceiling
    subject = f" of the {ceiling.kind} `{ceiling.subject}`" if ceiling.subject else ""
    spent = f"{reached.spent:,} of today's {ceiling.most:,} tokens{subject} are spent"
    if not reached.full:
        return f"⚠️ {spent} (`{_KEYS[ceiling.kind]}`)."
    return (
        f"🛑 {spent}: there are no answers before 0:00 UTC, or until `{_KEYS[ceiling.kind]}` is "
        "raised and read by `/reload`. `/usage` tells more."
    )
