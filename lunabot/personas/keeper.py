"""The one door to the personas' life cycle: summon, dismiss, and mend what a crash left."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lunabot.errors import UserMistake, WorldError, new_reference
from lunabot.homeserver.attachments import Attachment
from lunabot.matrix.ids import RoomId, UserId
from lunabot.memory.archive import Archive
from lunabot.memory.journal import Undertaking
from lunabot.personas.dismissal import DESPAWN, Departure, Dismisser
from lunabot.personas.exchange import Change
from lunabot.personas.first_words import FirstWords
from lunabot.personas.fleet import Fleet
from lunabot.personas.persona import Persona
from lunabot.personas.shaping import Shaper
from lunabot.personas.summoning import Receipt, Summoner, Summons
from lunabot.personas.transaction import RETRY
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)


@dataclass
class Keeper:
    """Keeps the personas. Several may come and go at the same time, one of a name only once.

    `tell` says something to the administrators.
    """

    archive: Archive
    summoner: Summoner
    dismisser: Dismisser
    shaper: Shaper
    fleet: Fleet
    first_words: FirstWords
    tasks: Tasks
    tell: Callable[[str], None]
    _under_way: set[UserId] = field(default_factory=set)

    async def spawn(self, summons: Summons) -> Receipt:
        """Summon a persona; raises `UserMistake` or `WorldError`, and then nothing was made."""
        with self._alone(summons.user_id):
            await self._finish_earlier(summons.user_id)
            return await self.summoner.spawn(summons)

    def greet(self, receipt: Receipt) -> None:
        """Let a new persona say its first words; where it finds none, the administrators hear."""
        self.tasks.start(self._greet(receipt), "first words")

    async def change(
        self,
        user_id: UserId,
        apply: Callable[[Persona], Persona],
        avatar: Attachment | None = None,
    ) -> Change:
        """Let a persona be what `apply` makes of it; see `Shaper.change`."""
        with self._alone(user_id):
            return await self.shaper.change(user_id, apply, avatar)

    async def join(self, user_id: UserId, room_id: RoomId) -> None:
        """Invite a persona to a room and let it join; raises `UserMistake` or `WorldError`."""
        with self._alone(user_id):
            await self.shaper.join(user_id, room_id)

    async def leave(self, user_id: UserId, room_id: RoomId) -> bool:
        """Let a persona leave a room; return whether it was there. Raises `WorldError`."""
        with self._alone(user_id):
            return await self.shaper.leave(user_id, room_id)

    async def look(self, user_id: UserId) -> Departure:
        """Return what a dismissal would take; raises `UserMistake` for whoever is no persona."""
        return await self.dismisser.look(user_id)

    async def despawn(self, user_id: UserId, *, redact: bool = False) -> Departure:
        """Dismiss a persona, or what is left of one; raises `UserMistake` or `WorldError`."""
        with self._alone(user_id):
            departure = await self.dismisser.look(user_id)
            await self._finish_earlier(user_id)
            await self.dismisser.despawn(user_id, redact=redact)
            return departure

    async def mend(self) -> tuple[str, ...]:
        """Take back or complete what was cut off; return a line for each such transaction.

        Nobody is asked: what a summons had made so far goes again, a dismissal is completed.
        """
        lines = []
        for user_id in dict.fromkeys(each.subject for each in await self.archive.unfinished()):
            if user_id not in self._under_way:
                with self._alone(UserId(user_id)):
                    lines += [await self._mend(each) for each in await self._earlier(user_id)]
        return tuple(lines)

    async def _mend(self, undertaking: Undertaking) -> str:
        what = f"{undertaking.kind} of {undertaking.subject}, which was cut off"
        try:
            await self._finish(undertaking)
        except WorldError as error:
            return f"The {what}, cannot be mended yet: {error}. {RETRY}."
        except Exception:
            reference = new_reference()
            log.exception("the %s, failed again, reference %s", what, reference)
            return f"The {what}, cannot be mended: a fault of mine, reference `{reference}`."
        return f"{'Completed' if undertaking.kind == DESPAWN else 'Took back'} the {what}."

    async def _finish_earlier(self, user_id: UserId) -> None:
        """Mend what an earlier transaction left: later, its mending would hit the next one."""
        for undertaking in await self._earlier(user_id):
            await self._finish(undertaking)

    async def _finish(self, undertaking: Undertaking) -> None:
        """Take back or complete a transaction; raises `WorldError`."""
        if undertaking.kind == DESPAWN:
            await self.dismisser.complete(undertaking)
        elif not await self.summoner.take_back(undertaking):
            raise WorldError(f"not all that was made of {undertaking.subject} could be undone")

    async def _earlier(self, user_id: str) -> list[Undertaking]:
        return [each for each in await self.archive.unfinished() if each.subject == user_id]

    async def _greet(self, receipt: Receipt) -> None:
        user_id = receipt.persona.user_id
        try:
            await self.first_words.say(self.fleet.accounts[user_id], receipt.room_id)
        except (WorldError, KeyError) as error:
            log.warning("no first words of %s: %s", user_id, error)
            self.tell(f"{receipt.persona.displayname} is there, but found no first words: {error}.")

    @contextmanager
    def _alone(self, user_id: UserId) -> Iterator[None]:
        if user_id in self._under_way:
            raise UserMistake(f"{user_id} is being summoned, changed or dismissed just now.")
        self._under_way.add(user_id)
        try:
            yield
        finally:
            self._under_way.discard(user_id)
