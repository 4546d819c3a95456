"""The one door to the personas' life cycle: summon, dismiss, and mend what a crash left."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.ids import UserId
from lunabot.memory.archive import Archive
from lunabot.memory.journal import Undertaking
from lunabot.personas.dismissal import DESPAWN, Departure, Dismisser
from lunabot.personas.first_words import FirstWords
from lunabot.personas.fleet import Fleet
from lunabot.personas.summoning import Receipt, Summoner, Summons
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
    fleet: Fleet
    first_words: FirstWords
    tasks: Tasks
    tell: Callable[[str], None]
    _under_way: set[UserId] = field(default_factory=set)

    async def spawn(self, summons: Summons) -> Receipt:
        """Summon a persona; raises `UserMistake` or `WorldError`, and then nothing was made."""
        with self._alone(summons.user_id):
            return await self.summoner.spawn(summons)

    def greet(self, receipt: Receipt) -> None:
        """Let a new persona say its first words; where it finds none, the administrators hear."""
        self.tasks.start(self._greet(receipt), "first words")

    async def look(self, user_id: UserId) -> Departure:
        """Return what a dismissal would take."""
        return await self.dismisser.look(user_id)

    async def despawn(self, user_id: UserId, *, redact: bool = False) -> Departure:
        """Dismiss a persona, or what is left of one; raises `WorldError`."""
        with self._alone(user_id):
            return await self.dismisser.despawn(user_id, redact=redact)

    async def mend(self) -> tuple[str, ...]:
        """Take back or complete what was cut off; return a line for each such transaction.

        Nobody is asked: what a summons had made so far goes again, a dismissal is completed.
        """
        undertakings = await self.archive.unfinished()
        left = [each for each in undertakings if each.subject not in self._under_way]
        return tuple([await self._mend(undertaking) for undertaking in left])

    async def _mend(self, undertaking: Undertaking) -> str:
        what = f"{undertaking.kind} of {undertaking.subject}, which was cut off"
        try:
            with self._alone(UserId(undertaking.subject)):
                if undertaking.kind == DESPAWN:
                    await self.dismisser.complete(undertaking)
                    return f"Completed the {what}."
                if await self.summoner.take_back(undertaking):
                    return f"Took back the {what}."
        except WorldError as error:
            log.error("the %s: %s", what, error)
        return f"The {what}, cannot be mended yet: I try again at the next start."

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
            raise UserMistake(f"{user_id} is being summoned or dismissed just now.")
        self._under_way.add(user_id)
        try:
            yield
        finally:
            self._under_way.discard(user_id)
