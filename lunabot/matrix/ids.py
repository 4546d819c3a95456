"""Matrix identifiers as distinct types, so that a room id cannot stand where a user id belongs.

Grammar: Matrix specification, appendices, "Identifier Grammar".
"""

import re
from typing import NewType

UserId = NewType("UserId", str)
RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
DeviceId = NewType("DeviceId", str)

_LOCALPART = re.compile(r"[a-z0-9._=/+-]+")


def localpart(identifier: str) -> str:
    """Return the part between the sigil and the first colon of a user id or room alias."""
    return identifier[1:].partition(":")[0]


def server_name(user_id: UserId) -> str:
    """Return the part behind the first colon of a user id."""
    return user_id.partition(":")[2]


def user_id(name: str, server: str) -> UserId:
    """Return the user id of a localpart on a server; a whole user id is returned as it is."""
    return UserId(name if name.startswith("@") else f"@{name}:{server}")


def is_valid_localpart(name: str) -> bool:
    """Tell whether a name may be the localpart of a new account (lower case, no spaces)."""
    return bool(_LOCALPART.fullmatch(name)) and not name.startswith("_")
