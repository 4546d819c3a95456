"""The file that a command is about: it came in the message that the command replies to."""

from lunabot.admin.call import Call
from lunabot.errors import UserMistake
from lunabot.homeserver.attachments import Attachment, read_attachment


async def attached(call: Call, what: str, limit: int) -> Attachment:
    """Return the file, of at most `limit` bytes; `what` asks for it where the command is no reply.

    Raises `UserMistake` where there is none that can be read, and `WorldError`.
    """
    event_id = call.event.in_reply_to
    if event_id is None:
        raise UserMistake(f"Send {what} to this room, and the command as a reply to it.")
    services = call.services
    return await read_attachment(
        services.account, services.client_api, call.room_id, event_id, limit
    )
