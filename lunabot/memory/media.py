"""What a message brings besides words, as JSON holds it: what has its default is left out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lunabot.matrix.media import FileKeys, Media
from lunabot.memory.text import storable

_DEFAULTS = asdict(Media())


def media_fields(media: Media) -> dict[str, Any]:
    """Return the media as plain fields."""
    fields = {name: value for name, value in asdict(media).items() if value != _DEFAULTS[name]}
    return {name: _storable(value) for name, value in fields.items()}


def media_of(stored: Mapping[str, Any] | None) -> Media | None:
    """Return the media that `media_fields` was given, None for none."""
    if stored is None:
        return None
    keys = stored.get("keys")
    options = tuple(stored.get("options", ()))
    return Media(**{**stored, "keys": FileKeys(**keys) if keys else None, "options": options})


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    return [_storable(inner) for inner in value] if isinstance(value, tuple) else value
