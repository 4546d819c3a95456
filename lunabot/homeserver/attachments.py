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
from lunabot.matrix.media import FILES, FileKeys, Media, read_media


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
    kind = str(content.get("msgtype"))
    _, media = read_media(kind, content)
    if kind not in FILES or media is None or not media.uri:
        raise UserMistake("The message that you replied to holds no file.")
    try:
        data = await fetch(api, media, limit)
    except Refused as error:
        raise UserMistake(f"I cannot take that file: {error}.") from error
    return Attachment(kind, media.name, media.mimetype, data)


async def fetch(api: ClientApi, media: Media, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes, decrypted.

    Raises `Refused` (``M_TOO_LARGE`` for a larger one), `UserMistake` where its keys do not fit,
    and `WorldError`.
    """
    data = await api.download(media.uri, limit)
    return await asyncio.to_thread(_decrypted, data, media.keys) if media.keys else data


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


def _decrypted(data: bytes, keys: FileKeys) -> bytes:
    """Decrypt a file (client-server API, "Sending encrypted attachments")."""
    try:
        return bytes(decrypt_attachment(data, keys.key, keys.sha256, keys.iv))
    except (nio.EncryptionError, TypeError, ValueError):
        raise UserMistake("The file cannot be decrypted: send it again.") from None
