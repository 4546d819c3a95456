"""Which part gets which: the parts of one session, each made when another first needs it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from lunabot.admin.bulletin import Bulletin
from lunabot.admin.descriptions import publish
from lunabot.admin.plain_words import PlainWords
from lunabot.admin.registry import Registry
from lunabot.admin.reloading import reload
from lunabot.admin.room import AdminRoom
from lunabot.admin.services import Services
from lunabot.dispatch.absence import Absence
from lunabot.dispatch.answering import Answering
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.backfill import Backfill
from lunabot.dispatch.ceilings import Ceilings
from lunabot.dispatch.completing import Completing
from lunabot.dispatch.deciding import Deciding
from lunabot.dispatch.guard import Guard
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.looking import Intake, Looking
from lunabot.dispatch.preview import preview
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import Question, RoomQueues
from lunabot.dispatch.reactions import Reactions
from lunabot.dispatch.recall import Recall
from lunabot.dispatch.sight import Sight
from lunabot.dispatch.stops import Stops
from lunabot.foundation import Foundation
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.llm.source import Model
from lunabot.luna import Luna
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message, StateChange
from lunabot.matrix.history import History
from lunabot.matrix.ids import RoomId, UserId
from lunabot.matrix.invites import is_welcome
from lunabot.memory.retrieval.retriever import Retriever, configured
from lunabot.opening import Opened, Opener
from lunabot.personas.company import Company, luna_character
from lunabot.personas.dismissal import Dismisser
from lunabot.personas.first_words import FirstWords
from lunabot.personas.fleet import Fleet
from lunabot.personas.home import Homes
from lunabot.personas.inspection import Inspection
from lunabot.personas.keeper import Keeper
from lunabot.personas.secrets import PersonaSecrets
from lunabot.personas.shaping import Shaper
from lunabot.personas.summoning import Summoner
from lunabot.problems import Problems
from lunabot.prompt.tokens import Tokenizer
from lunabot.remembering.desk import Desk
from lunabot.remembering.records import Records
from lunabot.remembering.summariser import Summariser
from lunabot.remembering.writer import Writer
from lunabot.resident import Household, Resident
from lunabot.storing import until_stored
from lunabot.tasks import Tasks


@dataclass(frozen=True)
class Wiring:
    """All there is at the start of a session; `luna` is what it comes to.

    `known` are the problems met so far, by part. What a reload changes (settings, registry, model)
    is asked of `services` each time it is needed.
    """

    base: Foundation
    opener: Opener
    opened: Opened
    admin_room: RoomId
    registry: Registry
    model: Model
    tokenizer: Tokenizer
    known: dict[str, str]

    @cached_property
    def luna(self) -> Luna:
        """Luna, ready to serve."""
        return Luna(
            services=self.services,
            accounts=self.accounts,
            me=Resident(self.opened, self.house, "homeserver"),
            fleet=self.fleet,
            inspection=self.inspection,
            room=self.room,
            retriever=self.retriever,
            bulletin=self.bulletin,
            attention=self.attention,
            tasks=self.tasks,
            stopping=self.base.stopping,
            say=self.base.say,
            toy=self.base.models.is_toy,
        )

    @cached_property
    def services(self) -> Services:
        """What skills may use."""
        base = self.base
        return Services(
            settings=base.settings,
            registry=self.registry,
            model=self.model,
            account=self.opened.account,
            admin_room=self.admin_room,
            client_api=ClientApi(base.http, lambda: self.opened.session.access_token),
            admin_api=AdminApi(base.http, lambda: self.opened.session.access_token),
            memory=base.memory,
            queues=self.queues,
            guard=self.guard,
            own_accounts=self.company.user_ids,
            personas=lambda: self.keeper,
            history=lambda: self.backfill,
            summariser=self.summariser,
            preview=partial(preview, self.prompting),
            reload=self._reload,
            answer=lambda message, code, yes: self.room.confirmations.answer(
                message, code, yes=yes
            ),
            request_shutdown=base.stopping.request_when_done,
            begin_anew=partial(base.stopping.request_when_done, again=True),
            started=time.monotonic(),
            problems=self.problems,
        )

    @cached_property
    def keeper(self) -> Keeper:
        """The personas' life cycle."""
        services, memory = self.services, self.base.memory
        homes = Homes(services.client_api, services.admin_api, self._secrets)
        return Keeper(
            memory.archive,
            Summoner(self.opened.account, services.admin_api, homes, memory, self.fleet),
            Dismisser(services.admin_api, homes, memory, self.fleet),
            Shaper(homes, self.fleet),
            self.fleet,
            FirstWords(lambda: services.model, self.company, memory, self.prompting.tokens),
            self.tasks,
            self.bulletin.tell,
        )

    @cached_property
    def fleet(self) -> Fleet:
        """The personas' accounts."""
        return Fleet(
            self.base.http,
            self.opener,
            self._secrets,
            self.company,
            self.base.memory.state,
            self.accounts,
            self.house,
            self._backlog_ms,
        )

    @cached_property
    def inspection(self) -> Inspection:
        """Who looks after what belongs to the personas."""
        server = self.base.settings.homeserver.name
        return Inspection(self.services.admin_api, self.base.memory, self.fleet, server)

    @cached_property
    def house(self) -> Household:
        """What all accounts share."""
        archive, own = self.base.memory.archive, self.company.user_ids
        return Household(
            self.inbox,
            Absence(archive, self.queues, self.bulletin.tell),
            self.problems,
            self.bulletin.tell,
            self._is_welcome,
            self._state_changed,
            Completing(self.history, archive, own, self._backlog_ms),
        )

    @cached_property
    def backfill(self) -> Backfill:
        """Who fetches what was missed, and history."""
        memory = self.base.memory
        intake = Intake(self.inbox, memory, self._backlog_ms)
        return Backfill(
            self.accounts,
            memory.archive,
            self.history,
            intake,
            Looking(self.accounts, memory.archive, self.history, intake),
            lambda: self.services.settings.sync.gap_fill_minutes * 60,
        )

    @cached_property
    def recall(self) -> Recall:
        """What is remembered besides the newest messages."""
        base = self.base
        records = Records(
            base.memory,
            lambda: self.services.settings.lenses,
            lambda: base.models.context(self.services.settings).budget_tokens,
        )
        return Recall(
            records,
            self.retriever,
            lambda: self.services.settings.memory.share,
            lambda message: not self.room.claims(message),
        )

    @cached_property
    def retriever(self) -> Retriever:
        """Who finds what was said long ago."""
        base = self.base
        return configured(base.settings, base.web, base.memory.archive, self.problems)

    @cached_property
    def summariser(self) -> Summariser:
        """Who sums up what was said."""
        base = self.base
        desk = Desk(
            base.memory,
            self.company,
            self._people,
            lambda message: not self.room.claims(message),
            lambda: self.services.settings,
            self.opened.account.server_now,
        )
        writer = Writer(
            self.opened.account.user_id,
            base.memory.archive,
            self.queues,
            self.tokenizer,
            lambda: self.services.model,
            desk.settings,
            lambda: base.models.context(desk.settings()),
            lambda: base.models.places(desk.settings()),
            desk.now,
        )
        return Summariser(desk, writer, self.problems)

    @cached_property
    def history(self) -> History:
        """The rooms' timelines."""
        return History(self.base.http)

    @cached_property
    def inbox(self) -> Inbox:
        """Where all that is said comes in."""
        reactions = Reactions(self.base.memory, self.queues, self.stops, self.tasks)
        return Inbox(
            self.accounts,
            self.base.memory,
            self.queues,
            self.room,
            self.deciding,
            reactions,
            self.company.user_ids,
        )

    @cached_property
    def deciding(self) -> Deciding:
        """The rules of who answers."""
        return Deciding(lambda: self.services.settings, self.base.memory.state, self.company)

    @cached_property
    def guard(self) -> Guard:
        """Who stops those that talk in circles."""
        return Guard(
            lambda: self.services.settings.loops,
            self.company.characters,
            self.base.memory,
            self.bulletin.tell,
        )

    @cached_property
    def ceilings(self) -> Ceilings:
        """Who keeps to what a day may cost."""
        return Ceilings(
            lambda: self.services.settings.limits,
            self.company.characters,
            self.base.memory,
            self.bulletin.tell,
        )

    @cached_property
    def stops(self) -> Stops:
        """What is being written, and may be stopped."""
        return Stops()

    @cached_property
    def prompting(self) -> Prompting:
        """Who builds prompts."""
        return Prompting(
            lambda: self.base.models.context(self.services.settings),
            self.company,
            self.base.memory,
            self.tokenizer,
            lambda message: not self.room.claims(message),
            Sight(
                lambda: self.services.settings.llm.vision,
                lambda account: self.services.client_api.acting_for(account.client.access_token),
            ),
            self.recall,
        )

    @cached_property
    def queues(self) -> RoomQueues:
        """The questions in line, and who answers them."""
        return RoomQueues(
            Answering(
                self.accounts,
                self.company,
                self.prompting,
                lambda: self.services.model,
                self.base.memory,
                self.attention,
                self._allows,
                self._said,
                self.deciding.addressed,
                lambda: self.services.settings.answers,
                self.stops,
                self.bulletin.tell,
                PlainWords(lambda: self.room.confirmations),
            ),
            lambda: self.services.settings.answers.quiet_s,
        )

    @cached_property
    def room(self) -> AdminRoom:
        """The admin room."""
        return AdminRoom(self.services, self.bulletin.tell)

    @cached_property
    def company(self) -> Company:
        """Who answers."""
        return Company(lambda: luna_character(self.services.settings))

    @cached_property
    def accounts(self) -> dict[UserId, Account]:
        """The accounts that run."""
        return {self.opened.account.user_id: self.opened.account}

    @cached_property
    def problems(self) -> Problems:
        """What does not work."""
        return Problems(self.bulletin.tell, self.known)

    @cached_property
    def bulletin(self) -> Bulletin:
        """What the administrators are told."""
        return Bulletin(self.opened.account, self.admin_room, self.tasks)

    @cached_property
    def attention(self) -> Attention:
        """Typing notices and receipts."""
        return Attention()

    @cached_property
    def tasks(self) -> Tasks:
        """What runs beside the rest."""
        return Tasks()

    @cached_property
    def _secrets(self) -> PersonaSecrets:
        return PersonaSecrets(self.base.settings.secrets_path)

    async def _allows(self, account: Account, questions: Sequence[Question]) -> bool:
        return await self.guard.allows(account, questions) and await self.ceilings.allows(
            account, questions
        )

    async def _said(self, account: Account, message: Message) -> None:
        await until_stored(partial(self.inbox.said, account, message), self.problems)

    def _backlog_ms(self) -> int:
        return self.services.settings.sync.backlog_minutes * 60_000

    def _people(self, room_id: RoomId) -> dict[UserId, str]:
        """Return the display names of a room's members, as the first account there knows them."""
        rooms = (account.joined_members(room_id) for account in list(self.accounts.values()))
        return next(filter(None, rooms), {})

    async def _reload(self) -> str:
        answer = await reload(self.services, self.base.load, self.base.models)
        self.room.check_posture()  # the administrators may be others now
        self.tasks.start(publish(self.services), "command descriptions")
        return answer

    async def _state_changed(self, seer: Account, change: StateChange) -> None:
        await self.luna.state_changed(seer, change)

    def _is_welcome(self, inviter: UserId) -> bool:
        settings = self.services.settings
        return is_welcome(
            inviter,
            me=self.opened.account.user_id,
            administrators=settings.admin.users,
            allowed=settings.invites.allowed,
        )
