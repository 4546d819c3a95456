"""The personas' accounts while they run: started together, watched, each on its own feet."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lunabot.errors import WorldError, new_reference
from lunabot.homeserver.http import HomeserverClient
from lunabot.homeserver.sessions import open_session
from lunabot.matrix.account import Account
from lunabot.matrix.crosssigning import DeviceKeysLost
from lunabot.matrix.events import StateChange
from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.matrix.nio_client import SessionLost
from lunabot.matrix.session import load_session
from lunabot.memory.state import State
from lunabot.opening import Opened, Opener
from lunabot.personas.company import Company
from lunabot.personas.persona import Persona
from lunabot.personas.reconcile import in_step
from lunabot.personas.secrets import PersonaSecrets
from lunabot.resident import Household, Resident

log = logging.getLogger(__name__)

_AT_ONCE = 8  # accounts opened side by side: more only stand in the server's queue
_NEWS_MS = 60_000  # a join is known to the server, and soon to the account's next sync
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


@dataclass
class Fleet:
    """Runs an account for each persona of the company.

    `accounts` are those that are ready, Luna's among them: the fleet adds and takes away.
    `backlog_ms` tells how old a question may be to be answered still.
    """

    http: HomeserverClient
    opener: Opener
    secrets: PersonaSecrets
    company: Company
    state: State
    accounts: dict[UserId, Account]
    house: Household
    backlog_ms: Callable[[], int]
    _running: dict[UserId, asyncio.Task[None]] = field(default_factory=dict)
    _shown: set[UserId] = field(default_factory=set)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def assemble(self) -> None:
        """Take every persona into the company: from now on they owe answers, though none runs."""
        for persona in self.state.personas().values():
            self.company.put(persona)

    async def start(self) -> None:
        """Start the account of every persona; return when each is ready or has failed once."""
        self.assemble()
        ready = [self._launch(user_id, None) for user_id in self.state.personas()]
        for user_id, problem in self.state.broken_personas().items():
            self.house.problems.report(_part(user_id), problem, quietly=True)
        await asyncio.gather(*(event.wait() for event in ready))

    async def open(
        self, user_id: UserId, *, reset_identity: bool = False, publish: bool = True
    ) -> Opened:
        """Log a persona in, if need be as a new device, and open its account as the opener does."""
        password = self.secrets.password(user_id)
        path = self.secrets.session(user_id)
        for _ in range(2):
            # Whether a kept session is known still shows with the first sync.
            session = load_session(path) or await open_session(self.http, path, user_id, password)
            try:
                return await self.opener.open(
                    session, password=password, reset_identity=reset_identity, publish=publish
                )
            except (DeviceKeysLost, SessionLost) as error:
                log.warning("%s: %s: logging in anew", user_id, error)
                path.unlink(missing_ok=True)
        raise WorldError(f"{user_id} is logged out again as soon as it has logged in")

    async def admit(self, user_id: UserId, opened: Opened) -> None:
        """Let a persona that is kept, and whose account is open, live; return when it is ready."""
        self.house.problems.solve(_remains(user_id))
        await self._launch(user_id, opened).wait()

    async def dismiss(self, user_id: UserId) -> None:
        """Stop a persona's account, if it runs, and take it out of the company."""
        self.company.remove(user_id)
        self.house.problems.solve(_part(user_id))
        self.house.problems.solve(_remains(user_id))
        if task := self._running.pop(user_id, None):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """Stop all accounts."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def keep(self, persona: Persona) -> None:
        """Store a persona as it is now; it counts with the next answer."""
        self.company.put(self.state.put_persona(persona))

    async def forget(self, user_id: UserId) -> None:
        """Remove a persona's document and have that on the disk; raises `WorldError`."""
        self.company.remove(user_id)
        self.state.remove_persona(user_id)
        await self.state.flush()

    def trouble(self, user_id: UserId) -> str:
        """Return what is wrong with a persona's account, empty where it runs."""
        known = self.house.problems.of(_part(user_id))
        return known or ("" if user_id in self.accounts else "it is not ready yet")

    @property
    def ready(self) -> int:
        """How many personas' accounts are ready."""
        return len(self.accounts.keys() & self.company.personas().keys())

    def mend_memberships(self) -> None:
        """Bring all documents in step with the rooms the accounts know they are in."""
        for user_id in self.accounts.keys() & self.company.personas().keys():
            self._note_rooms(self.accounts[user_id], news_ms=_NEWS_MS)

    def forget_room(self, room_id: RoomId) -> None:
        """Note that a room was deleted: a server does not always tell those who were in it."""
        for account in self.accounts.values():
            account.forget_room(room_id)
            persona = self.company.personas().get(account.user_id)
            if persona and room_id in persona.rooms:
                self.keep(persona.left(room_id, account.server_now()))

    def show_remains(self, remains: Mapping[UserId, str]) -> None:
        """Show of which personas only a part is there, and no longer what was shown before."""
        for user_id in self._shown - remains.keys():
            self.house.problems.solve(_remains(user_id))
        for user_id, text in remains.items():
            self.house.problems.report(_remains(user_id), text)
        self._shown = set(remains)

    async def state_changed(self, account: Account, change: StateChange) -> None:
        """Note in its document when a persona joins or leaves a room.

        A join counts whichever account sees it: another one may be the first to hear what is said
        to the persona from then on. What it sees itself is on the disk when this returns: no later
        sync tells when it was.
        """
        if change.type != "m.room.member":
            return
        persona = self.company.personas().get(UserId(change.state_key))
        if persona is None:
            return
        if change.content.get("membership") == "join":
            self.keep(persona.joined(change.room_id, change.timestamp))
        elif account.user_id == persona.user_id:
            self.keep(persona.left(change.room_id, change.timestamp))
        if account.user_id == persona.user_id:
            with contextlib.suppress(WorldError):  # the state tells of it, and tries again
                await self.state.flush()

    def _launch(self, user_id: UserId, opened: Opened | None) -> asyncio.Event:
        ready = asyncio.Event()
        self._running[user_id] = asyncio.create_task(
            self._live(user_id, opened, ready), name=f"persona {user_id}"
        )
        return ready

    async def _live(self, user_id: UserId, opened: Opened | None, ready: asyncio.Event) -> None:
        """Run one account for ever; whatever happens to it is nobody else's trouble."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                is_new = opened is not None
                opened = opened or await self._open_in_turn(user_id)
                await self._serve(opened, ready, is_new=is_new)
            except (DeviceKeysLost, SessionLost) as error:
                log.warning("%s: %s: logging in anew", user_id, error)
                self.secrets.session(user_id).unlink(missing_ok=True)
                pause = _FIRST_PAUSE_S
            except WorldError as error:
                self.house.problems.report(_part(user_id), str(error), quietly=True)
            except Exception:
                reference = new_reference()
                log.exception("%s failed, reference %s", user_id, reference)
                problem = f"a fault of mine, reference `{reference}`"
                self.house.problems.report(_part(user_id), problem)
            opened = None
            ready.set()
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _open_in_turn(self, user_id: UserId) -> Opened:
        async with self._places:
            return await self.open(user_id, publish=False)

    async def _serve(self, opened: Opened, ready: asyncio.Event, *, is_new: bool) -> None:
        account = opened.account
        resident = Resident(opened, self.house, _part(account.user_id))
        try:
            await resident.arrive()
            self.accounts[account.user_id] = account  # from now on others hand it their questions
            await resident.begin(self.backlog_ms())
            if not is_new:  # its first sync knows nothing of the room it was summoned to
                self._note_rooms(account)
            ready.set()
            if not is_new:
                await self._publish_in_turn(opened)
            await resident.follow()
        finally:
            self.accounts.pop(account.user_id, None)
            await resident.close()

    async def _publish_in_turn(self, opened: Opened) -> None:
        """See that others can still rely on the account: after a start, when all are ready.

        Nobody but Luna has an identity for it: one whose keys are lost is replaced.
        """
        async with self._places:
            password = self.secrets.password(opened.account.user_id)
            await opened.identity.publish(password=password, reset=True)

    def _note_rooms(self, account: Account, *, news_ms: int = 0) -> None:
        """Bring the document in step with the rooms the server says the persona is in."""
        persona = self.company.personas()[account.user_id]
        rooms = [RoomId(room) for room in account.client.rooms]
        mended = in_step(persona, rooms, account.server_now(), news_ms=news_ms)
        if mended != persona:
            self.keep(mended)


def _part(user_id: UserId) -> str:
    return f"persona {localpart(user_id)}"


def _remains(user_id: UserId) -> str:
    return f"remains of {localpart(user_id)}"
