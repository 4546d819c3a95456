"""Links to a message, as clients copy them.

Matrix specification, appendices, "URIs" (``matrix:`` and ``https://matrix.to/#/``).
"""

import re
from urllib.parse import unquote

from lunabot.matrix.ids import EventId

_PART = r"[^/?\s()\[\]<>]+"
_MATRIX_TO = re.compile(rf"https?://matrix\.to/#/(?P<room>{_PART})/(?P<event>{_PART})")
_URI = re.compile(rf"matrix:(?P<kind>r|roomid)/(?P<room>{_PART})/(?:e|event)/(?P<event>{_PART})")
_EVENT_ID = re.compile(r"\$(?:[\w+/-]{43}|[^\s:]+:\S+)", re.ASCII)
_SIGILS = {"r": "#", "roomid": "!"}


def linked_event(text: str) -> tuple[str, EventId] | None:
    """Return the room (its id or alias) and the message that a link in a text leads to."""
    if link := _MATRIX_TO.search(text):
        room, event = unquote(link["room"]), unquote(link["event"])
        return (room, EventId(event)) if room[0] in "!#" and event[0] == "$" else None
    if link := _URI.search(text):
        return _SIGILS[link["kind"]] + unquote(link["room"]), EventId("$" + unquote(link["event"]))
    return None


def event_id_in(text: str) -> EventId | None:
    """Return the event id that a text is, or that a link in it has."""
    if _EVENT_ID.fullmatch(text.strip()):
        return EventId(text.strip())
    linked = linked_event(text)
    return linked[1] if linked else None
