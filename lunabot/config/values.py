"""The types of single values: what is accepted, and the line that says why something is not.

Values come as text from YAML and from the environment alike. A validator raises `ValueError` with
what is wrong and the fix; `lunabot.config.mistakes` puts the key before it.
"""

import json
import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from lunabot.matrix.ids import RoomId, UserId, is_valid_localpart, server_name

_SERVER_NAME = re.compile(r"([0-9A-Za-z.-]{1,230}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_USER_ID = re.compile(r"@[^\s:@]+:\S+")
_LENS_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def shown(value: object) -> str:
    """Return a value as it may stand in an error line: short, on one line, never a whole list."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if isinstance(value, (list, tuple)):
        return "a list"
    return "a mapping" if isinstance(value, dict) else str(value)[:60]


def is_server_name(name: str) -> bool:
    """Tell whether a text is a server name (Matrix appendices, "Server Name")."""
    return bool(_SERVER_NAME.fullmatch(name))


def is_user_id(name: str) -> bool:
    """Tell whether a text is a user id, in the wide grammar of old accounts (appendices)."""
    return (
        bool(_USER_ID.fullmatch(name))
        and name.isprintable()
        and is_server_name(server_name(UserId(name)))
    )


def as_list(value: object) -> object:
    """Split a text into a list: a JSON array, or names with commas between them."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _json(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def as_mapping(value: object) -> object:
    """Read a text as a JSON object."""
    return _json(value) if isinstance(value, str) else value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not valid JSON – mind the brackets and double quotes") from None


def _rule(holds: Callable[[str], bool], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if holds(value):
            return value
        raise ValueError(f"{shown(value)} is not {what}")

    return AfterValidator(check)


def check_text(value: str) -> str:
    """Return a text that says something and can be sent."""
    if not value.strip():
        raise ValueError("is blank – write something, or remove the key for its default")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("is not valid UTF-8 – type it anew")
    return value


def _check_secret(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isprintable():
        raise ValueError("has line breaks or control characters – write it on one line")
    return value


def _check_path(value: str) -> str:
    if not value.isprintable():
        raise ValueError("has control characters, which no path needs – remove them")
    return str(Path(value).expanduser()) if value.startswith("~/") else value


def _check_url(value: str) -> str:
    """Accept an http(s) address; none is repeated in the error, for it may hold a password."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not value.isprintable() or " " in value:
        raise ValueError("is not an address that begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("holds a user name or password – leave it out, nothing reads it")
    if "?" in value or "#" in value:
        raise ValueError("has a part behind “?” or “#” – leave it out")
    return value.rstrip("/")


def _is_room(value: str) -> bool:
    is_plain = value.isprintable() and " " not in value
    return is_plain and bool(re.fullmatch(r"!.+|[^:#!@]+", value)) and len(value) <= 255


def _is_ip_address(value: str) -> bool:
    try:
        return bool(ip_address(value))
    except ValueError:
        return False


def _is_inviter(value: str) -> bool:
    return value in ("local", "everyone") or is_user_id(value) or is_server_name(value)


def _is_member(value: str) -> bool:
    return is_valid_localpart(value) or is_user_id(value)


Listed = BeforeValidator(as_list)
Mapped = BeforeValidator(as_mapping)

Text = Annotated[str, AfterValidator(check_text)]
Secret = Annotated[SecretStr, AfterValidator(_check_secret), Field(title="secret")]
PathText = Annotated[str, AfterValidator(_check_path), Field(title="path")]
Url = Annotated[str, AfterValidator(_check_url), Field(title="address")]
IpAddress = Annotated[
    str, _rule(_is_ip_address, "an IP address – e.g. 127.0.0.1"), Field(title="address")
]
Localpart = Annotated[
    str,
    _rule(is_valid_localpart, "a localpart – lower case, digits and . _ = - / +, without @ and :"),
    Field(title="localpart"),
]
ServerName = Annotated[
    str,
    _rule(is_server_name, "a server name – e.g. example.org, without https:// and @"),
    Field(title="server name"),
]
UserIdText = Annotated[
    UserId, _rule(is_user_id, "a user id – e.g. @admin:localhost"), Field(title="user id")
]
Inviter = Annotated[
    str,
    _rule(_is_inviter, "local, everyone, a user id or a server name – e.g. example.org"),
    Field(title="name"),
]
Member = Annotated[
    str,
    _rule(_is_member, "a localpart or user id – e.g. pupil, or @pupil:example.org"),
    Field(title="name"),
]
Room = Annotated[
    str,
    _rule(_is_room, "an alias localpart or a room id – e.g. luna-admin, or !abc:example.org"),
    Field(title="alias localpart or room id"),
]
RoomIdText = Annotated[
    RoomId,
    _rule(lambda value: _is_room(value) and value[0] == "!", "a room id – e.g. !abc:example.org"),
    Field(title="room id"),
]
LensName = Annotated[
    str,
    _rule(
        lambda name: bool(_LENS_NAME.fullmatch(name)),
        "a name for a lens – a word in lower case, e.g. technical",
    ),
]
