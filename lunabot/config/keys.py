"""The catalogue of keys, read off the Settings: for error lines, the environment and the docs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from lunabot.config.settings import Settings
from lunabot.config.values import shown

Location = tuple[str | int, ...]
"""The way to a value in a document: keys, and positions in lists."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key that can be set: where it stands and what the Settings say about it."""

    path: tuple[str, ...]
    field: FieldInfo

    @property
    def name(self) -> str:
        """The dotted name, such as ``llm.model``."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The name as an environment variable, such as ``LUNA_LLM__MODEL``."""
        return "LUNA_" + "__".join(self.path).upper()


def all_keys(model: type[BaseModel] = Settings, prefix: tuple[str, ...] = ()) -> Iterator[Key]:
    """Yield the keys that hold values, in the order of their sections."""
    for name, field in model.model_fields.items():
        if _is_model(field.annotation):
            yield from all_keys(field.annotation, (*prefix, name))
        else:
            yield Key((*prefix, name), field)


def model_of(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation is, or that the entries of its list or mapping are."""
    if _is_model(annotation):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_of(part))), None)


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def keys_on(location: Location) -> Iterator[str]:
    """Yield the keys on the way: no positions in lists, no names that entries of mappings have."""
    model: type[BaseModel] | None = Settings
    is_name = False
    for part in location:
        if is_name or isinstance(part, int):
            is_name = False
            continue
        yield part
        field = model.model_fields.get(part) if model else None
        annotation = field.annotation if field else None
        model = model_of(annotation)
        is_name = model is not None and get_origin(annotation) is Mapping


def field_at(location: Location) -> FieldInfo | None:
    """Return the field that a location leads to or into, or None where there is no such key."""
    model: type[BaseModel] | None = Settings
    field = None
    for part in keys_on(location):
        if model is None:
            break
        field = model.model_fields.get(part)
        if field is None:
            return None
        model = model_of(field.annotation)
    return field


def dotted(location: Location, origin: str = "") -> str:
    """Return a location as people write it, ``seed.users[0].name``, from an origin on."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_plain(part)}" for part in location)
    return f"{origin}{''.join(parts)}".removeprefix(".")


def _plain(name: str) -> str:
    return name if name.isprintable() and len(name) <= 60 else shown(name)
