"""The images near a question: fetched and made fit for the model, or why that cannot be."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lunabot.errors import Refused, UserMistake, WorldError
from lunabot.homeserver.attachments import fetch
from lunabot.homeserver.client_api import ClientApi
from lunabot.llm.image import Image
from lunabot.llm.scaling import NoPicture, scaled
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.matrix.media import IMAGE
from lunabot.prompt.transcript import Seen

log = logging.getLogger(__name__)

REACH = 8
"""Among how many of the newest messages images are looked at."""
MOST_IMAGES = 3
"""How many of them at most."""
_LARGEST = 20_000_000  # bytes
_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Sight:
    """Looks at images with the account that answers.

    `enabled` is the configuration of the moment, `api` gives an account's. One image is scaled at
    a time, whoever asks: a large one takes hundreds of MB.
    """

    enabled: Callable[[], bool]
    api: Callable[[Account], ClientApi]
    _scaling: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    async def __call__(
        self, account: Account, messages: Sequence[Message], question: Message
    ) -> Seen:
        """Return the images near a question, those first that it is most likely about.

        `messages` is the conversation, oldest first.
        """
        if not self.enabled():
            return {}
        near = near_images(messages, question, account.user_id)
        return {each.event_id: await self._look(account, each) for each in near}

    async def _look(self, account: Account, message: Message) -> Image | str:
        """Return the image that a message brought, or the reason why there is none."""
        media = message.media
        if media is None or not media.uri:
            return "it came without an address"
        if media.size and media.size > _LARGEST:
            return _too_large()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                data = await fetch(self.api(account), media, _LARGEST)
            async with self._scaling:
                return await asyncio.to_thread(scaled, data)
        except NoPicture as error:
            return str(error)
        except UserMistake:
            return "it cannot be decrypted"
        except Refused as error:
            log.info("the image of %s: %s", message.event_id, error)
            return _too_large() if error.errcode == "M_TOO_LARGE" else "the server has it no more"
        except (WorldError, TimeoutError) as error:
            log.info("the image of %s: %s", message.event_id, error)
            return "the server did not hand it out in time"


def near_images(messages: Sequence[Message], question: Message, me: UserId) -> list[Message]:
    """Return the images that a question may be about, newest first.

    They are the one it replies to and those among the newest messages, but for own ones.
    """
    newest = [*messages[-REACH:], *(m for m in messages if m.event_id == question.in_reply_to)]
    images = {
        each.event_id: each
        for each in reversed(newest)
        if each.msgtype == IMAGE and each.sender != me
    }
    return list(images.values())[:MOST_IMAGES]


def _too_large() -> str:
    return f"it is larger than {_LARGEST / 1e6:.0f} MB"
