"""What Luna tells the administrators of her own accord, in their room, without flooding it."""

import asyncio
import logging

from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.ids import RoomId
from lunabot.matrix.markdown import text_content
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

QUIET_S = 60.0


class Bulletin:
    """Sends notices to the admin room; the same one at most once a minute."""

    def __init__(self, account: Account, room_id: RoomId, tasks: Tasks) -> None:
        self._account = account
        self._room_id = room_id
        self._tasks = tasks
        self._told: dict[str, float] = {}

    def tell(self, markdown: str) -> None:
        """Say something, without waiting for it to be sent."""
        now = asyncio.get_running_loop().time()
        self._told = {text: at for text, at in self._told.items() if now - at < QUIET_S}
        if markdown not in self._told:
            self._told[markdown] = now
            self._tasks.start(self.say(markdown), "notice to the administrators")

    async def say(self, markdown: str) -> None:
        """Say something and return when it was sent; a failure only shows in the log."""
        log.info("to the administrators: %s", markdown)
        try:
            await self._account.say(self._room_id, text_content(markdown, msgtype="m.notice"))
        except WorldError as error:
            log.warning("the administrators could not be told: %s", error)
