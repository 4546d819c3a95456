"""From a foundation to a Luna who is logged in, at home in her admin room, and has her skills.

First start and every later one are the same routine: what is missing is made, what is there is
left alone.
"""

import logging
import time
from urllib.parse import quote

from lunabot.admin.bulletin import Bulletin
from lunabot.admin.loader import LoadedSkills
from lunabot.admin.reloading import load_all_skills, reload
from lunabot.admin.room import AdminRoom
from lunabot.admin.room_setup import AdminRoomFound, AdminRoomSetup, RoomPlan
from lunabot.admin.services import Services
from lunabot.config import Settings
from lunabot.dispatch.answering import Answering
from lunabot.dispatch.attention import Attention
from lunabot.dispatch.cast import Character
from lunabot.dispatch.deciding import Deciding
from lunabot.dispatch.inbox import Inbox
from lunabot.dispatch.prompting import Prompting
from lunabot.dispatch.queue import RoomQueues
from lunabot.errors import Refused, WorldError
from lunabot.foundation import Foundation
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.sessions import ensure_person, open_director_session
from lunabot.luna import Luna
from lunabot.matrix.account import Account
from lunabot.matrix.crosssigning import DeviceKeysLost, check_device_keys
from lunabot.matrix.identity import publish
from lunabot.matrix.ids import RoomId, UserId, localpart, server_name
from lunabot.matrix.invites import is_welcome
from lunabot.matrix.markdown import text_content
from lunabot.matrix.session import Session
from lunabot.personas.company import Company
from lunabot.problems import Problems
from lunabot.prompt.tokens import Tokenizer
from lunabot.resident import Household, Resident
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

_ADMIN_ROOM_FACT = "admin_room"
_FIRST_WORD_S = 3.0


async def start(base: Foundation) -> Luna:
    """Log in, find or make the admin room, load the skills, and return a Luna ready to serve.

    Raises `Misconfigured` for what only a person can mend, `WorldError` for a server out of reach.
    """
    # Whoever mistyped the address learns of it now, not when the patience of all calls is over.
    await base.http.call("GET", "/_matrix/client/versions", patience_s=_FIRST_WORD_S)
    await _ensure_administrators(base)
    session = await _open_session(base)
    problems = await _prepare_account(base, session)
    found = await _admin_room(base, session)
    account = await _open_account(base, session)
    try:
        return await _assemble(base, session, account, found, problems)
    except BaseException:
        await account.close()
        raise


async def _open_session(base: Foundation) -> Session:
    settings = base.settings
    return await open_director_session(
        base.http,
        settings.secrets_path,
        settings.luna_user_id,
        password=settings.luna.password.get_secret_value(),
        registration_secret=base.registration_secret,
    )


async def _open_account(base: Foundation, session: Session) -> Account:
    """Open the account's encryption store; raises `WorldError` once where the keys are lost.

    The dead device's session is put away then, so that the next try is a new device.
    """
    settings = base.settings
    account = Account(settings.homeserver.url, session, settings.secrets_path / "crypto")
    try:
        if not account.has_published_keys:
            await check_device_keys(base.http, session, account.identity_keys)
    except WorldError as error:
        await account.close()
        if isinstance(error, DeviceKeysLost):
            settings.session_path.unlink()
        raise
    return account


async def _ensure_administrators(base: Foundation) -> None:
    """Make the administrators' accounts on a managed server, and say their new passwords once."""
    settings = base.settings
    if not settings.homeserver.managed:
        return
    for user in settings.admin.users:
        if server_name(user) != settings.homeserver.name:
            continue
        password = await ensure_person(
            base.http, settings.secrets_path, base.registration_secret, user
        )
        if password:
            base.say(f"Made the account {user} with the password {password}")


async def _prepare_account(base: Foundation, session: Session) -> dict[str, str]:
    """See to Luna's display name and rate limit; return what did not work, by part."""
    profile = f"/_matrix/client/v3/profile/{quote(session.user_id)}/displayname"
    name = base.settings.luna.display_name
    try:
        shown = (await base.http.call("GET", profile)).get("displayname")
        if shown in (None, "", localpart(session.user_id)) and shown != name:
            body = {"displayname": name}
            await base.http.call("PUT", profile, body=body, token=session.access_token)
        admin_api = AdminApi(base.http, lambda: session.access_token)
        await admin_api.override_ratelimit(session.user_id)
    except Refused as error:
        return {
            "account": f"{session.user_id} is no server administrator ({error}): I cannot list "
            "users or rooms, and the server may slow me down. Its operator can make me one"
        }
    return {}


async def _admin_room(base: Foundation, session: Session) -> AdminRoomFound:
    settings, state = base.settings, base.memory.state
    plan = RoomPlan(
        session.user_id,
        settings.admin.room,
        settings.homeserver.name,
        settings.admin.users,
        settings.admin.encrypted,
    )
    remembered = state.fact(_ADMIN_ROOM_FACT)
    setup = AdminRoomSetup(ClientApi(base.http, lambda: session.access_token), plan)
    found = await setup.ensure(RoomId(remembered) if remembered else None)
    state.set_fact(_ADMIN_ROOM_FACT, found.room_id)
    return found


async def _assemble(
    base: Foundation,
    session: Session,
    account: Account,
    found: AdminRoomFound,
    known: dict[str, str],
) -> Luna:
    memory, tasks, attention = base.memory, Tasks(), Attention()
    token = await memory.archive.sync_token(account.user_id)
    first = await account.sync_once(token, full_state=True)
    loaded = await load_all_skills(base.settings)
    bulletin = Bulletin(account, found.room_id, tasks)
    problems = Problems(bulletin.tell, known | _found_problems(base, found, loaded))
    company = Company(lambda: _luna_character(services.settings))
    accounts = {account.user_id: account}
    prompting = Prompting(
        lambda: base.models.context(services.settings),
        company,
        memory.state,
        await _tokenizer(base),
        lambda message: not room.claims(message),
    )
    model = await base.models.open(base.settings)
    queues = RoomQueues(
        Answering(
            accounts,
            company,
            prompting,
            lambda: services.model,
            memory,
            attention,
            bulletin.tell,
        )
    )
    services = Services(
        settings=base.settings,
        registry=loaded.registry,
        model=model,
        account=account,
        admin_room=found.room_id,
        client_api=ClientApi(base.http, lambda: session.access_token),
        admin_api=AdminApi(base.http, lambda: session.access_token),
        memory=memory,
        queues=queues,
        own_accounts=lambda: frozenset(company.characters()),
        reload=lambda: reload(services, base.load, base.models),
        request_shutdown=base.stopping.request,
        started=time.monotonic(),
        problems=problems,
    )
    room = AdminRoom(services, bulletin.tell)
    deciding = Deciding(lambda: services.settings, memory.state, company)
    house = Household(
        Inbox(accounts, memory, queues, room, deciding),
        problems,
        bulletin.tell,
        lambda inviter: _is_welcome(inviter, services),
        lambda seer, change: luna.state_changed(seer, change),
    )
    identity = await publish(
        base.http,
        account,
        session,
        base.settings.secrets_path / "cross_signing" / localpart(account.user_id),
        password=base.settings.luna.password.get_secret_value() or None,
        may_verify=lambda user: user in services.settings.admin.users,
        show=lambda room_id, text: _show(account, room_id or found.room_id, text),
    )
    luna = Luna(
        services=services,
        me=Resident(account, identity, house, first, token is None, "homeserver"),
        room=room,
        bulletin=bulletin,
        attention=attention,
        tasks=tasks,
        stopping=base.stopping,
        say=base.say,
        toy=base.models.is_toy,
    )
    return luna


def _luna_character(settings: Settings) -> Character:
    luna = settings.luna
    return Character(settings.luna_user_id, (luna.display_name, *luna.handles), luna.prompt)


def _is_welcome(inviter: UserId, services: Services) -> bool:
    settings = services.settings
    return is_welcome(
        inviter,
        me=services.account.user_id,
        administrators=settings.admin.users,
        allowed=settings.invites.allowed,
    )


def _found_problems(
    base: Foundation, found: AdminRoomFound, loaded: LoadedSkills
) -> dict[str, str]:
    """Return what did not work on the way here, by part; Luna lives with all of it."""
    lines = {
        "configuration": base.settings.warnings,
        "store": base.memory.warnings,
        "admin room": found.problems,
        "skills": loaded.problems,
    }
    return {part: "; ".join(several) for part, several in lines.items() if several}


async def _tokenizer(base: Foundation) -> Tokenizer:
    """Return the tokenizer, loaded now where a room is so long that it will be needed.

    Loading holds the event loop for 0.2 s and takes 60 MB: never in the middle of talk, and not at
    all where everything fits.
    """
    state, tokenizer = base.memory.state, Tokenizer(base.settings.llm.model)
    limit = base.models.context(base.settings).budget_tokens // 2
    said = (sum(len(each.body) for each in state.recent(room)) for room in state.recent_rooms())
    if any(length > limit for length in said):
        await tokenizer.load()
    return tokenizer


async def _show(account: Account, room_id: RoomId, text: str) -> None:
    await account.say(room_id, text_content(text, msgtype="m.notice"))
