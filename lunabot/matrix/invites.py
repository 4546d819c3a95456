"""Whose invitations are followed."""

from collections.abc import Collection

from lunabot.matrix.ids import UserId, server_name


def is_welcome(
    inviter: UserId, *, me: UserId, administrators: Collection[UserId], allowed: Collection[str]
) -> bool:
    """Tell whether an account joins where `inviter` asked it to.

    Administrators may always invite. `allowed` holds user ids, server names, ``local`` (people of
    the account's own server) or ``everyone``.
    """
    if inviter in administrators or "everyone" in allowed or inviter in allowed:
        return True
    server = server_name(inviter)
    return server in allowed or ("local" in allowed and server == server_name(me))
