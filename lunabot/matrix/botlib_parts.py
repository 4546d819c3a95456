"""simplematrixbotlib with its open defaults closed."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import simplematrixbotlib as botlib

from lunabot.matrix.ids import EventId, RoomId
from lunabot.matrix.session import Session


class SessionCreds(botlib.Creds):
    """Credentials of a kept session. The parent derives a file key from a password: 15 ms each."""

    def __init__(self, homeserver: str, session: Session) -> None:
        self.homeserver = homeserver
        self.username = session.user_id
        self.device_id = session.device_id
        self.access_token = session.access_token
        self.password = self.login_token = self._session_stored_file = None
        self.device_name = "Luna"


class SendingApi(botlib.Api):
    """simplematrixbotlib's verbs (`send_markdown_message`, …), sent by `say` of an `Account`."""

    def __init__(self, bot: botlib.Bot, say: Callable[..., Awaitable[EventId]]) -> None:
        super().__init__(bot.creds, bot.config)
        self._say = say

    async def _send_room(
        self,
        room_id: str,
        content: dict[str, Any],
        message_type: str = "m.room.message",
        ignore_unverified_devices: bool | None = None,
    ) -> None:
        await self._say(RoomId(room_id), content, event_type=message_type)


def closed_config(store: Path) -> botlib.Config:
    """Return a configuration by which a bot joins nothing and says nothing by itself."""
    config = botlib.Config()
    config.join_on_invite = config.emoji_verify = False
    config.send_decryption_error_message_in_room = config._decryptfailure_msg = False
    config.store_path = str(store)
    return config
