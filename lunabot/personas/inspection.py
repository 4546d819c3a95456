"""Looking, at each start and every hour, whether all that belongs to a persona is there."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass

from lunabot.errors import WorldError
from lunabot.homeserver.admin_api import AdminApi
from lunabot.matrix.ids import UserId, user_id
from lunabot.memory.memory import Memory
from lunabot.personas.fleet import Fleet
from lunabot.personas.reconcile import Finding, differences

log = logging.getLogger(__name__)

EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """Names what does not agree as problems, and mends memberships without a word.

    `server_name` is the part after the colon in the personas' user ids.
    """

    admin_api: AdminApi
    memory: Memory
    fleet: Fleet
    server_name: str

    async def run(self) -> None:
        """Look now and every hour, until cancelled."""
        while True:
            try:
                await self.look()
            except WorldError as error:
                log.warning("the personas were not looked after: %s", error)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> tuple[Finding, ...]:
        """Compare once; raises `WorldError` where the server does not tell."""
        self.fleet.mend_memberships()
        before = self._secrets()
        busy = {each.subject for each in await self.memory.archive.unfinished()}
        # What came or went in the meantime is in one of the two, or is busy.
        secrets = (before & self._secrets()) - busy
        state = self.memory.state
        documents = {*state.personas(), *state.broken_personas()} - busy
        accounts = await self._accounts(documents | secrets)
        findings = differences(documents=documents, secrets=secrets, accounts=accounts)
        self.fleet.show_remains({finding.user_id: finding.text for finding in findings})
        return findings

    def _secrets(self) -> frozenset[UserId]:
        known = self.fleet.secrets.known()
        return frozenset(user_id(name, self.server_name) for name in known)

    async def _accounts(self, user_ids: Collection[UserId]) -> set[UserId]:
        """Return those who have an account; of one that runs, that needs no asking."""
        there = set(user_ids) & self.fleet.accounts.keys()
        for each in set(user_ids) - there:
            found = await self.admin_api.user(each)
            if found and not found.deactivated:
                there.add(each)
        return there
