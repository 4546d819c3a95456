"""What only several values together can get wrong."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from lunabot.config.keys import Location, dotted
from lunabot.config.settings import Settings
from lunabot.config.values import shown
from lunabot.matrix.ids import is_valid_localpart, localpart, server_name

_SHORTEST_PASSPHRASE = 12  # characters


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake at a location; it counts only where the values of `depends_on` are sound."""

    location: Location
    text: str
    depends_on: tuple[Location, ...] = ()


def find(settings: Settings) -> Iterator[Mistake]:
    """Yield the mistakes in settings whose single values are sound."""
    yield from _homeserver(settings)
    yield from _secrets(settings)
    yield from _administrators(settings)
    yield from _model(settings)
    yield from _files(settings)
    yield from _backup(settings)
    yield from _seed(settings)


def _homeserver(settings: Settings) -> Iterator[Mistake]:
    parts = urlsplit(settings.homeserver.url)
    is_local = parts.scheme == "http" and parts.port and _is_loopback(parts.hostname or "")
    if settings.homeserver.managed and not is_local:
        yield Mistake(
            ("homeserver", "url"),
            "a managed server listens on a port of this machine only – use "
            "http://127.0.0.1:8008, or homeserver.managed: false for one that is there already",
            (("homeserver", "managed"),),
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secrets(settings: Settings) -> Iterator[Mistake]:
    homeserver, luna = settings.homeserver, settings.luna
    secrets = (luna.password, homeserver.registration_shared_secret)
    has_session = os.path.isfile(settings.session_path)
    if homeserver.managed or has_session or any(secret.get_secret_value() for secret in secrets):
        return
    yield Mistake(
        ("luna", "password"),
        "is missing, and so is homeserver.registration_shared_secret – set one of them: "
        f"LUNA_LUNA__PASSWORD or the file {settings.store.secrets}/luna_password for an account "
        "that is there, LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET or the file "
        f"{settings.store.secrets}/registration_shared_secret to have it made",
        (
            ("homeserver", "managed"),
            ("homeserver", "registration_shared_secret"),
            ("store", "secrets"),
        ),
    )


def _administrators(settings: Settings) -> Iterator[Mistake]:
    name, luna = settings.homeserver.name, settings.luna_user_id
    for position, user in enumerate(settings.admin.users):
        location = ("admin", "users", position)
        if user == luna:
            text = f"{user} is Luna herself – name a person"
        elif settings.homeserver.managed and server_name(user) != name:
            text = f"{user} is not on {name}, and a managed server knows no other – use @…:{name}"
        elif settings.homeserver.managed and not is_valid_localpart(localpart(user)):
            text = f"{user} cannot be made – use lower case letters, digits and . _ = - / +"
        else:
            continue
        depends_on = (("homeserver", "managed"), ("homeserver", "name"), ("luna", "user"))
        yield Mistake(location, text, depends_on)


def _model(settings: Settings) -> Iterator[Mistake]:
    context = settings.context
    if context.reply_tokens >= context.budget_tokens:
        yield Mistake(
            ("context", "reply_tokens"),
            f"{context.reply_tokens} leaves nothing of the {context.budget_tokens} tokens of "
            f"context.budget_tokens for the prompt – use {max(1, context.budget_tokens // 4)}",
            (("context", "budget_tokens"),),
        )


def _files(settings: Settings) -> Iterator[Mistake]:
    model, store = settings.local_model_path, settings.store
    if model and not os.path.isfile(model):
        text = f"there is no file {model} – correct the path, or remove the key"
        yield Mistake(("llm", "local_model"), text)
    if len({store.state, store.archive, store.secrets}) < 3:
        text = "state, archive and secrets need three different names – e.g. their defaults"
        yield Mistake(("store",), text)


def _backup(settings: Settings) -> Iterator[Mistake]:
    passphrase = settings.backup.passphrase.get_secret_value()
    if 0 < len(passphrase) < _SHORTEST_PASSPHRASE:
        text = f"is short – use {_SHORTEST_PASSPHRASE} characters or more, such as five words"
        yield Mistake(("backup", "passphrase"), text)


def _seed(settings: Settings) -> Iterator[Mistake]:
    seed = settings.seed
    accounts: dict[Location, str] = {("luna", "user"): settings.luna.user}
    accounts |= {("seed", "users", n, "name"): user.name for n, user in enumerate(seed.users)}
    accounts |= {("seed", "personas", n, "name"): one.name for n, one in enumerate(seed.personas)}
    yield from _used_twice(accounts)
    rooms: dict[Location, str] = {}
    rooms |= {("seed", "rooms", n, "name"): room.name for n, room in enumerate(seed.rooms)}
    yield from _used_twice(rooms)
    for number, persona in enumerate(seed.personas):
        for position, room in enumerate(persona.rooms):
            if room not in rooms.values() and not room.startswith(("!", "#")):
                yield Mistake(
                    ("seed", "personas", number, "rooms", position),
                    f"{shown(room)} is not in seed.rooms – add it there, or write the !id or "
                    "#alias of a room that exists",
                    (("seed", "rooms"),),
                )


def _used_twice(names: Mapping[Location, str]) -> Iterator[Mistake]:
    first: dict[str, Location] = {}
    for location, name in names.items():
        if name in first:
            text = f"{shown(name)} is taken by {dotted(first[name])} – choose another name"
            yield Mistake(location, text, (first[name][:2],))
        first.setdefault(name, location)
