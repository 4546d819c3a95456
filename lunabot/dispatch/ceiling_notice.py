"""What is said of a ceiling, in Markdown: to the room, and to the administrators."""

from lunabot.dispatch.spending import Ceiling, Kind, Reached

_FOR_THE_ROOM = {
    Kind.PERSON: "for answers to one person",
    Kind.PERSONA: "for my answers",
    Kind.ROOM: "for answers in this room",
    Kind.ALL: "for answers",
}
_WHAT_STOPS = {
    Kind.PERSON: "they get no answers",
    Kind.PERSONA: "it does not answer",
    Kind.ROOM: "nobody there is answered",
    Kind.ALL: "nobody is answered",
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
    key = _KEYS[ceiling.kind]
    if not reached.full:
        return f"⚠️ {spent} (`{key}`)."
    return (
        f"🛑 {spent}: {_WHAT_STOPS[ceiling.kind]} before 0:00 UTC, or until `{key}` is raised and "
        "read by `!reload`. `!usage` tells more."
    )
