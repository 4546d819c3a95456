"""The sources above config.yaml: files of secrets, and the environment above those.

A source is a document of the same shape, with the origin of each value, so that a mistake is
reported under the name by which it was made.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import EnvSettingsSource

from lunabot.config.document import Document
from lunabot.config.keys import Key, Location, all_keys, dotted
from lunabot.config.settings import Settings

SECRET_FILES = {
    ("homeserver", "registration_shared_secret"): "registration_shared_secret",
    ("luna", "password"): "luna_password",
    ("llm", "api_key"): "llm_api_key",
    ("backup", "passphrase"): "backup_passphrase",
}
"""The keys that are secrets, and the names of their files under `store.secrets`."""

_LENS = "luna_lenses__"


@dataclass(frozen=True, slots=True)
class Source:
    """What one source sets; `origins` names where each value comes from."""

    document: Document
    origins: Mapping[Location, str]
    mistakes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def merged(lower: Document, higher: Document) -> Document:
    """Return a document with the values of both, the higher ones where both have one.

    A section that is no mapping stays as it is, to be reported.
    """
    result = dict(lower)
    for key, value in higher.items():
        below = result.get(key) or {}
        if not isinstance(value, dict):
            result[key] = value
        elif isinstance(below, dict):
            result[key] = merged(below, value)
    return result


def from_environment(environ: Mapping[str, str]) -> Source:
    """Read ``LUNA_SECTION__KEY``, in any case; an empty variable counts as not set.

    Other names that begin with ``LUNA_`` are somebody else's unless they have a ``__``.
    """
    keys = {key.variable.lower(): key for key in all_keys()}
    origins: dict[Location, str] = {}
    values: dict[str, str] = {}
    mistakes = []
    for variable in sorted(environ):
        path = _path(variable.lower(), keys)
        if path and environ[variable]:
            origins[path] = dotted((variable,))
            values[variable.lower()] = environ[variable]
        elif not path and variable.upper().startswith("LUNA_") and "__" in variable:
            mistakes.append(_unknown(variable, keys))
    source = EnvSettingsSource(Settings)
    source.env_vars = values
    return Source(source(), origins, tuple(mistakes))


def _path(variable: str, keys: Mapping[str, Key]) -> Location | None:
    """Return the key that a variable sets; each of the lenses has a variable of its own."""
    if variable.startswith(_LENS) and variable != _LENS:
        return "lenses", variable.removeprefix(_LENS)
    return keys[variable].path if variable in keys else None


def _unknown(variable: str, keys: Mapping[str, Key]) -> str:
    near = difflib.get_close_matches(variable.lower(), keys, n=1)
    fix = f"did you mean {near[0].upper()}?" if near else "docs/configuration.md lists all of them"
    return f"{dotted((variable,))}: unknown variable – {fix}"


def from_secret_files(settings: Settings) -> Source:
    """Read the secrets that stand in files of their own; `settings` say in which folder."""
    document: dict[str, dict[str, Any]] = {}
    origins: dict[Location, str] = {}
    mistakes, warnings = [], []
    for (section, key), name in SECRET_FILES.items():
        shown = f"{settings.store.secrets}/{name}"
        try:
            text, is_private = _read_secret(settings.secrets_path / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            mistakes.append(f"{shown}: cannot be read: {error.strerror}")
            continue
        except UnicodeDecodeError:
            mistakes.append(f"{shown}: is no text in UTF-8 – write the secret on one line")
            continue
        document.setdefault(section, {})[key] = text
        origins[section, key] = shown
        if not is_private:
            warnings.append(f"{shown}: others on this machine can read it – chmod 600 {shown}")
    return Source(document, origins, tuple(mistakes), tuple(warnings))


def _read_secret(path: Path) -> tuple[str, bool]:
    """Return a secret, and whether only its owner can read it."""
    with path.open(encoding="utf-8") as file:
        return file.read().strip("\r\n"), not os.fstat(file.fileno()).st_mode & 0o077
