"""The page docs/configuration.md: every key of the Settings."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from lunabot.config import Settings
from lunabot.config.keys import Key, all_keys, model_of
from lunabot.config.mistakes import written

_HEAD = """\
# Configuration

<!-- Generated from the descriptions in lunabot/config by `make docs`: do not edit. -->

Luna reads one file, `config.yaml`, and needs none of its keys: what is missing has a default.
`luna check --config FILE` names every mistake in it, each with its fix, and changes nothing.

Every key can be set in these places; the later ones win:

1. the default,
2. `config.yaml`,
3. for a secret, a file of its own in the folder `store.secrets`: `registration_shared_secret`,
   `luna_password` or `llm_api_key`, of mode 0600,
4. an environment variable, such as `LUNA_LLM__MODEL` for `llm.model` (two underscores between
   section and key). A list is written with commas (`luna,lunabot`) or as JSON, a mapping as JSON.

An empty value counts as not set. Paths start from the folder of the configuration file. A secret
that stands in `config.yaml` works, with a warning: such files get shared.
"""
_LONG = 60  # characters of a default, from which on it is shown in a block of its own


def page() -> str:
    """Return the page. It depends on the Settings alone, so it is the same everywhere."""
    blocks = [_HEAD]
    section = ""
    for key in all_keys():
        if key.path[0] != section:
            section = key.path[0]
            blocks.append("\n".join(_section(section)))
        blocks.append("\n".join(_key(key)))
    return "\n".join(blocks)


def _section(name: str) -> Iterator[str]:
    yield f"## {name}\n"
    model = model_of(Settings.model_fields[name].annotation)
    if model is not None:
        paragraphs = (model.__doc__ or "").split("\n\n")
        yield "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs) + "\n"


def _key(key: Key) -> Iterator[str]:
    default = key.field.get_default()
    is_long = len(_default(default)) > _LONG
    shown = "below" if is_long else _default(default)
    if len(key.path) > 1:
        yield f"### {key.name}\n"
    yield f"*{kind(key.field)}* · default: {shown} · environment: `{key.variable}`\n"
    yield f"{key.field.description}\n"
    if is_long:
        yield f"```{_block(default)}\n```\n"
    model = model_of(key.field.annotation)
    if model is not None:
        yield "\n".join(_entry(model)) + "\n"


def _entry(model: type[BaseModel]) -> Iterator[str]:
    """Yield a line for each key of a list's entries."""
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"default: {_default(field.get_default())}"
        yield f"- `{name}` – *{kind(field)}* · {default}. {field.description}"


def _default(value: object) -> str:
    if value in ("", {}) or (isinstance(value, SecretStr) and not value.get_secret_value()):
        return "none"
    return f"`{written(value)}`"


def _block(default: object) -> str:
    if not isinstance(default, Mapping):
        return f"text\n{default}"
    return "yaml\n" + "\n".join(f'{name}: "{value}"' for name, value in default.items())


def kind(field: FieldInfo) -> str:
    """Return what a field holds, in words: ``whole number, from 1 to 10``."""
    limits = {
        name: getattr(rule, name)
        for rule in field.metadata
        for name in ("gt", "ge", "le")
        if hasattr(rule, name)
    }
    name = field.title or _kind(field.annotation)
    if "ge" in limits:
        return f"{name}, from {limits['ge']} to {limits['le']}"
    return f"{name}, more than {limits['gt']}, at most {limits['le']}" if limits else name


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return f"list of {_item(get_args(annotation)[0])}s"
    names = {bool: "true or false", int: "whole number", float: "number", str: "text"}
    return names.get(annotation, "mapping of names to texts")


def _item(annotation: Any) -> str:
    if model_of(annotation):
        return "mapping"
    titles = (part.title for part in get_args(annotation) if isinstance(part, FieldInfo))
    return next((title for title in titles if title), "text")
