"""Who is there."""

from collections.abc import Iterator

from lunabot.admin.call import Call
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import code
from lunabot.homeserver.admin_api import ServerUser


@skill("list_users", group="people", examples=("list_users", "list_users ann --all"))
async def list_users(call: Call, part: str = "", *, all_: bool = False) -> str:
    """List the accounts of the server.

    part: only those whose name or user id holds this
    all_: those too that were deactivated, as dismissed personas are
    """
    users = [
        user
        for user in await call.services.admin_api.users()
        if all_ or not user.deactivated
    ]
    shown = [user for user in users if _matches(user, part)]
    lines = [f"- {_line(user, call.services)}" for user in shown]
    return "\n".join([f"**{len(shown)} of {len(users)} accounts**\n", *lines])


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
