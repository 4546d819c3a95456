"""Who is there."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Literal

from lunabot.admin.call import Call
from lunabot.admin.memoir import moment
from lunabot.admin.paging import PAGE, page_of, turning
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import code, counted
from lunabot.homeserver.admin_api import ServerUser

_Kind = Literal["people", "personas", "administrators", "guests", "deactivated"]
_Order = Literal["name", "seen", "made"]
_ORDERS: Mapping[_Order, Callable[[ServerUser], int | str]] = MappingProxyType(
    {
        "name": lambda user: user.user_id,
        "seen": lambda user: -(user.last_seen_ms or 0),
        "made": lambda user: -user.created_ms,
    }
)


@skill(
    "list_users",
    group="people",
    examples=("list_users", "list_users ann --all", "list_users --only personas --sort seen"),
)
async def list_users(
    call: Call,
    part: str = "",
    *,
    only: _Kind | None = None,
    sort: _Order = "name",
    all_: bool = False,
    page: int = 1,
) -> str:
    """List the accounts of the server.

    part: only those whose name or user id holds this
    only: only people (who are none of us), personas, administrators, guests, or the deactivated
    sort: by name, or who was seen or made last first
    all_: those too that were deactivated, as dismissed personas are
    page: which page, where there are many
    """
    users = [
        user
        for user in await call.services.admin_api.users()
        if all_ or only == "deactivated" or not user.deactivated
    ]
    found = [
        user
        for user in sorted(users, key=_ORDERS[sort])
        if _matches(user, part) and (only is None or _is(only, user, call.services))
    ]
    lines = [f"- {_line(user, call.services)}" for user in page_of(found, page)]
    text = "\n".join([f"**{len(found)} of {counted(len(users), 'account')}**\n", *lines])
    return text + turning(page, more=page * PAGE < len(found))


def _is(kind: _Kind, user: ServerUser, services: Services) -> bool:
    own = user.user_id in services.own_accounts()
    match kind:
        case "people":
            return not own and not user.deactivated
        case "personas":
            return own and user.user_id != services.account.user_id
        case "administrators":
            return user.user_id in services.settings.admin.users
        case "guests":
            return user.is_guest
        case "deactivated":
            return user.deactivated


def _matches(user: ServerUser, part: str) -> bool:
    return part.casefold() in f"{user.user_id} {user.display_name or ''}".casefold()


def _line(user: ServerUser, services: Services) -> str:
    notes = ", ".join(_notes(user, services))
    name = f" {code(user.display_name)}" if user.display_name else ""
    return f"`{user.user_id}`{name}{f' – {notes}' if notes else ''}"


def _notes(user: ServerUser, services: Services) -> Iterator[str]:
    if user.user_id in services.own_accounts():
        yield "me" if user.user_id == services.account.user_id else "persona"
    if user.user_id in services.settings.admin.users:
        yield "administrator"
    if user.is_admin:
        yield "server administrator"
    if user.is_guest:
        yield "guest"
    if user.deactivated:
        yield "deactivated"
    elif user.last_seen_ms:
        yield f"seen {moment(user.last_seen_ms)}"
