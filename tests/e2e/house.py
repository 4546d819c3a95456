"""Lunas on a homeserver, each with her administrator, for as long as a test or module needs."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.administrator import Administrator
from tests.e2e.encrypted_person import EncryptedPerson
from tests.e2e.homeserver import Homeserver
from tests.e2e.luna import LunaProcess
from tests.e2e.person import Person
from tests.e2e.session import unique


class Household(NamedTuple):
    """A running Luna and an administrator in her admin room."""

    luna: LunaProcess
    admin: Administrator


class House(AsyncExitStack):
    """Makes people and Lunas on a homeserver, and ends them all when it is closed."""

    def __init__(self, homeserver: Homeserver, folder: Path, model_url: str) -> None:
        super().__init__()
        self._homeserver = homeserver
        self._folder = folder
        self._model_url = model_url

    async def person(self, word: str = "person", *, encrypted: bool = False) -> Person:
        """Return somebody new; with `encrypted` their client encrypts."""
        kind = EncryptedPerson if encrypted else Person
        person = await kind.register(self._homeserver, unique(word))
        self.push_async_callback(person.close)
        return person

    def luna(self, administrator: Person, **options: Any) -> LunaProcess:
        """Return a Luna that was not started yet; `options` are those of `LunaProcess`."""
        folder = self._folder / unique("luna")
        folder.mkdir(parents=True)
        given = {"model_url": self._model_url, "administrators": [administrator.user_id]}
        luna = LunaProcess(folder, self._homeserver, **{**given, **options})
        self.push_async_callback(luna.close)
        return luna

    async def household(self, *, encrypted: bool = False, **options: Any) -> Household:
        """Return a running Luna, with an encrypted admin room or not, and her administrator."""
        person = await self.person("admin", encrypted=encrypted)
        return await self.start(self.luna(person, encrypted=encrypted, **options), person)

    async def start(self, luna: LunaProcess, person: Person) -> Household:
        """Start a Luna for the first time and lead her administrator into the admin room."""
        await luna.start()
        room = await person.accept_invitation(sender=luna.user_id)
        return Household(luna, Administrator(person, room, luna.user_id))
