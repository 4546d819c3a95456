"""What of the personas does not agree: documents, secrets, the server's accounts, memberships."""

from collections.abc import Collection
from dataclasses import dataclass

from lunabot.matrix.ids import RoomId, UserId, localpart
from lunabot.personas.persona import Persona


@dataclass(frozen=True, slots=True)
class Finding:
    """A persona of which only a part is there; `text` says which, and the command that helps."""

    user_id: UserId
    text: str


def differences(
    *,
    documents: Collection[UserId],
    secrets: Collection[UserId],
    accounts: Collection[UserId],
) -> tuple[Finding, ...]:
    """Return the personas of which a part is missing, by user id.

    `documents` are those that have one, sound or broken, `secrets` those whose secrets are here,
    and `accounts` those of both whose account the server knows and has not deactivated. Whoever
    is being summoned or dismissed is in none of them.
    """
    found = []
    for user_id in sorted({*documents, *secrets}):
        if what := _missing(user_id in documents, user_id in accounts):
            repair = f"`!despawn {localpart(user_id)}` removes what is left"
            found.append(Finding(user_id, f"{what}: {repair}"))
    return tuple(found)


def in_step(persona: Persona, rooms: Collection[RoomId], now: int, *, news_ms: int = 0) -> Persona:
    """Return a persona as a member of exactly these rooms, as far as that changes, since `now`.

    `now` is milliseconds of the server's time. A join not older than `news_ms` stays: whoever
    says what the rooms are may not have heard of it yet.
    """
    for room_id in rooms:
        persona = persona.joined(room_id, now)
    for stay in persona.stays:
        if stay.left_at is None and stay.room_id not in rooms and stay.joined_at <= now - news_ms:
            persona = persona.left(stay.room_id, now)
    return persona


def _missing(has_document: bool, has_account: bool) -> str:
    if has_document:
        return "" if has_account else "its document is here, but the server has no such account"
    if has_account:
        return "its account is on the server, but its document is gone"
    return "its secrets are here, but its account and its document are gone"
