"""Transaction ids that follow from what is sent, so that sending again changes nothing.

Matrix specification, client-server API, "Transaction identifiers": a server makes one event of
several requests of one device with one id.
"""

import hashlib

from lunabot.matrix.ids import EventId, UserId


def transaction_id(account: UserId, cause: EventId, part: str) -> str:
    """Return the id under which an account sends `part` of what it says because of an event."""
    digest = hashlib.sha256(f"{account}\0{cause}\0{part}".encode()).hexdigest()
    return f"luna-{digest[:32]}"
