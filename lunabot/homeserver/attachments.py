"""Files that people send to rooms, in the clear or encrypted, as bytes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nio
from nio.crypto.attachments import decrypt_attachment

from lunabot.errors import Refused, UserMistake
from lunabot.homeserver.client_api import ClientApi
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: its kind (``m.file``, ``m.image``, …), as its sender called it, and its content."""

    msgtype: str
    name: str
    mimetype: str
    data: bytes


async def read_attachment(
    account: Account, api: ClientApi, room_id: RoomId, event_id: EventId, limit: int
) -> Attachment:
    """Return the file that an event brought, decrypted, of at most `limit` bytes.

    `api` is the account's. Raises `UserMistake` where the event brings none that can be read, and
    `WorldError`.
    """
    content = _content(account, await api.event(room_id, event_id), room_id)
    keys = content.get("file")
    uri = keys.get("url") if isinstance(keys, Mapping) else content.get("url")
    if not isinstance(uri, str) or not uri.startswith("mxc://"):
        raise UserMistake("The message that you replied to holds no file.")
    try:
        data = await api.download(uri, limit)
    except Refused as error:
        raise UserMistake(f"I cannot take that file: {error}.") from error
    if isinstance(keys, Mapping):
        data = await asyncio.to_thread(_decrypted, data, keys)
    info = content.get("info")
    mimetype = info.get("mimetype") if isinstance(info, Mapping) else None
    name = content.get("filename") or content.get("body")
    return Attachment(str(content.get("msgtype")), str(name), str(mimetype or ""), data)


def _content(account: Account, source: dict[str, Any], room_id: RoomId) -> Mapping[str, Any]:
    """Return the content of an event; in an encrypted room it counts only if it was encrypted."""
    if source.get("type") == "m.room.encrypted":
        source = _decrypted_event(account, {**source, "room_id": room_id})
    elif account.client.rooms[room_id].encrypted:
        raise UserMistake("The file was not encrypted, as all else is here: send it again.")
    content = source.get("content")
    return content if isinstance(content, Mapping) else {}


def _decrypted_event(account: Account, source: dict[str, Any]) -> dict[str, Any]:
    event = nio.MegolmEvent.from_dict(source)
    try:
        read = account.read(event) if isinstance(event, nio.MegolmEvent) else None
        if isinstance(read, Message) and read.encrypted:
            return dict(account.client.decrypt_event(event).source)
    except (nio.EncryptionError, nio.LocalProtocolError):
        pass
    raise UserMistake("I cannot decrypt the message that you replied to: send it again.")


def _decrypted(data: bytes, keys: Mapping[str, Any]) -> bytes:
    """Decrypt a file (client-server API, "Sending encrypted attachments")."""
    try:
        key, digest = keys["key"]["k"], keys["hashes"]["sha256"]
        return bytes(decrypt_attachment(data, key, digest, keys["iv"]))
    except (nio.EncryptionError, KeyError, TypeError, ValueError):
        raise UserMistake("The file cannot be decrypted: send it again.") from None
