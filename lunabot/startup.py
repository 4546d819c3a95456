"""From a foundation to a Luna who is logged in, at home in her admin room, and has her skills.

First start and every later one are the same routine: what is missing is made, what is there is
left alone.
"""

import logging
from urllib.parse import quote

from lunabot.admin.loader import LoadedSkills
from lunabot.admin.reloading import load_all_skills
from lunabot.admin.room_setup import AdminRoomFound, AdminRoomSetup, RoomPlan
from lunabot.errors import Refused
from lunabot.foundation import Foundation
from lunabot.homeserver.admin_api import AdminApi
from lunabot.homeserver.client_api import ClientApi
from lunabot.homeserver.sessions import end_session, ensure_person, open_director_session
from lunabot.luna import Luna
from lunabot.matrix.account import Account
from lunabot.matrix.crosssigning import DeviceKeysLost
from lunabot.matrix.ids import RoomId, localpart, server_name
from lunabot.matrix.markdown import text_content
from lunabot.matrix.session import Session
from lunabot.opening import Opened, Opener
from lunabot.prompt.tokens import Tokenizer
from lunabot.wiring import Wiring

log = logging.getLogger(__name__)

_FOREIGN = (
    "my account has a cross-signing identity whose keys are not here, so Element does not trust "
    "me: put `cross_signing` under the folder of the secrets back from a backup"
)


async def start(base: Foundation) -> Luna:
    """Log in, find or make the admin room, load the skills, and return a Luna ready to serve.

    Raises `Misconfigured` for what only a person can mend, `WorldError` for a server out of reach.
    """
    await _ensure_administrators(base)
    session = await _open_session(base)
    problems = await _prepare_account(base, session)
    found = await _admin_room(base, session)
    opener = _opener(base, found.room_id)
    try:
        opened = await opener.open(
            session, password=base.settings.luna.password.get_secret_value() or None
        )
    except DeviceKeysLost:
        base.settings.session_path.unlink()  # the next try logs in as a new device
        await end_session(base.http, session)
        raise
    try:
        return await _assemble(base, opener, opened, found, problems)
    except BaseException:
        await opened.account.close()
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


def _opener(base: Foundation, admin_room: RoomId) -> Opener:
    settings = base.settings

    async def show(account: Account, room_id: RoomId | None, text: str) -> None:
        content = text_content(text, msgtype="m.notice")
        await account.say(room_id or admin_room, content)

    return Opener(
        base.http,
        settings.homeserver.url,
        settings.secrets_path,
        base.memory,
        lambda user: user in settings.admin.users,
        show,
    )


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
    fact = f"admin room {settings.admin.room}"
    remembered = state.fact(fact)
    setup = AdminRoomSetup(ClientApi(base.http, lambda: session.access_token), plan)
    found = await setup.ensure(RoomId(remembered) if remembered else None)
    state.set_fact(fact, found.room_id)
    return found


async def _assemble(
    base: Foundation,
    opener: Opener,
    opened: Opened,
    found: AdminRoomFound,
    known: dict[str, str],
) -> Luna:
    loaded = await load_all_skills(base.settings)
    return Wiring(
        base,
        opener,
        opened,
        found.room_id,
        loaded.registry,
        await base.models.open(base.settings),
        await _tokenizer(base, found.room_id),
        known | _found_problems(base, opened, found, loaded),
    ).luna


def _found_problems(
    base: Foundation, opened: Opened, found: AdminRoomFound, loaded: LoadedSkills
) -> dict[str, str]:
    """Return what did not work on the way here, by part; Luna lives with all of it."""
    lines = {
        "configuration": base.settings.warnings,
        "store": base.memory.warnings,
        "admin room": found.problems,
        "skills": loaded.problems,
        "identity": [] if opened.trusted else [_FOREIGN],
    }
    return {part: "; ".join(several) for part, several in lines.items() if several}


async def _tokenizer(base: Foundation, admin_room: RoomId) -> Tokenizer:
    """Return the tokenizer, loaded now where a room is so long that it will be needed.

    Loading holds the event loop for 0.2 s and takes 60 MB: never in the middle of talk, and not at
    all where everything fits. What is long in the admin room are commands, which no prompt holds.
    """
    state, tokenizer = base.memory.state, Tokenizer(base.settings.llm.model)
    limit = base.models.context(base.settings).budget_tokens // 2
    rooms = (room for room in state.recent_rooms() if room != admin_room)
    if any(sum(len(each.body) for each in state.recent(room)) > limit for room in rooms):
        await tokenizer.load()
    return tokenizer
