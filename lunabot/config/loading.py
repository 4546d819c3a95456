"""From a file, the secrets beside it and the environment to one Settings, or to all mistakes."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from lunabot.config import checks, mistakes
from lunabot.config.document import ConfigError, Document, read_document
from lunabot.config.keys import Location
from lunabot.config.settings import Settings
from lunabot.config.sources import SECRET_FILES, from_environment, from_secret_files, merged


def load_settings(path: Path | str, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a configuration file; relative paths start from its folder.

    Later sources win: defaults, the file, files of secrets, `environ` (that of the process where
    none is given). Raises `ConfigError` with all mistakes at once.
    """
    path = Path(path).absolute()
    document, duplicates = read_document(path)
    environment = from_environment(os.environ if environ is None else environ)
    draft, _ = _validated(merged(document, environment.document), {})
    secrets = from_secret_files(draft.placed(path.parent))
    origins = {**secrets.origins, **environment.origins}
    document_with_secrets = merged(document, secrets.document)
    settings, found = _validated(merged(document_with_secrets, environment.document), origins)
    warnings = (*_warnings(document, path.name, settings), *secrets.warnings)
    settings = settings.placed(path.parent, warnings, path.name)
    lines = [
        *duplicates,
        *found.values(),
        *_combined(settings, found, origins),
        *secrets.mistakes,
        *environment.mistakes,
    ]
    if lines:
        raise ConfigError(tuple(lines))
    return settings


def _validated(
    document: Document, origins: Mapping[Location, str]
) -> tuple[Settings, dict[Location, str]]:
    """Return the settings a document makes, and a line for each value it was made without."""
    found: dict[Location, str] = {}
    known = {}
    for key, value in document.items():
        if key not in Settings.model_fields:
            found[(key,)] = mistakes.unknown(key)
        elif value not in (None, ""):
            known[key] = value
    try:
        return Settings(**known), found
    except ValidationError as error:
        found |= mistakes.lines(error, origins)
        return Settings(**_without(known, found)), found


def _without(document: Document, locations: Collection[Location]) -> Document:
    """Return a document without the keys that locations lead into, so that the rest is sound."""
    result = {
        key: dict(value) if isinstance(value, dict) else value for key, value in document.items()
    }
    for section, *inner in locations:
        keys = result.get(str(section))
        if inner and isinstance(keys, dict):
            keys.pop(inner[0], None)
        else:
            result.pop(str(section), None)
    return result


def _combined(
    settings: Settings, found: Collection[Location], origins: Mapping[Location, str]
) -> Iterator[str]:
    """Yield what sound values get wrong together; one that was left out gives no second line."""
    unsound = {location[:2] for location in found}
    for mistake in checks.find(settings):
        involved = (mistake.location, *mistake.depends_on)
        if not any(bad[: len(key)] == key[: len(bad)] for bad in unsound for key in involved):
            yield f"{mistakes.located(mistake.location, origins)}: {mistake.text}"


def _warnings(document: Document, file: str, settings: Settings) -> Iterator[str]:
    """Yield what works and should still be changed: above all, secrets in the file itself."""
    if settings.llm.local_model and settings.llm.is_configured:
        yield "llm.local_model: is not used, for llm.api_key or llm.base_url names an endpoint"
    for (section, key), name in SECRET_FILES.items():
        keys = document.get(section)
        if isinstance(keys, dict) and keys.get(key):
            place = f"{settings.store.secrets}/{name} (mode 0600)"
            variable = f"LUNA_{section}__{key}".upper()
            yield f"{section}.{key}: stands in {file} – move it to {place} or {variable}"
