"""Reading config.yaml as texts, lists and mappings.

Numbers, truth values and dates stay the texts they are written as: the Settings read them as they
read the environment, and a name such as ``no`` or ``1e3`` is not turned into something else.
"""

import math
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import yaml

from lunabot.config.keys import dotted
from lunabot.errors import UserMistake

Document = dict[str, Any]

_MOST_VALUES = 20_000


class ConfigError(UserMistake):
    """The configuration cannot be used: every mistake in a line of its own, without any secret."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Loader(yaml.SafeLoader):
    """Knows texts, lists, mappings and the empty value, and nothing else."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - declared so by the base class
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors = {  # noqa: RUF012
        tag: constructor
        for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.endswith((":null", ":str", ":seq", ":map"))
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Make every key a text."""
        return {str(key): value for key, value in super().construct_mapping(node, deep).items()}


def read_document(path: Path) -> tuple[Document, list[str]]:
    """Return what a configuration file holds, and a line for each key that stands there twice.

    Raises `ConfigError` where there is no file, or it is no YAML made of sections.
    """
    try:
        document, duplicates = _parse(path.read_bytes(), path.name)
    except FileNotFoundError:
        fix = "an empty one will do; docs/configuration.md has every key"
        raise ConfigError((f"{path}: there is no such file – {fix}",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: cannot be read: {error.strerror}",)) from None
    except RecursionError:
        raise ConfigError((f"{path.name}: is nested too deeply – two levels are enough",)) from None
    except yaml.YAMLError as error:
        raise ConfigError((f"{path.name}{_syntax_error(error)}",)) from None
    if isinstance(document, dict):
        return document, duplicates
    fix = "write “luna:” on one line, and “user: luna” indented below it"
    raise ConfigError((f"{path.name}: has no sections – e.g. {fix}",))


def _parse(content: bytes, name: str) -> tuple[Any, list[str]]:
    loader = _Loader(content)
    node = loader.get_single_node()
    if node is None:
        return {}, []
    if _written_out(node, {}) > _MOST_VALUES:
        raise ConfigError(
            (f"{name}: holds over {_MOST_VALUES} values – write fewer, and no *alias",)
        )
    duplicates = list(_duplicates(node, (), set()))  # before constructing, which merges mappings
    document = loader.construct_document(node)
    return {} if document is None else document, duplicates


def _written_out(node: yaml.Node, known: dict[int, float]) -> float:
    """Return how many values a node holds with all aliases written out: infinite in itself.

    A few lines of aliases can stand for more than any memory holds.
    """
    if id(node) not in known:
        known[id(node)] = math.inf
        inner: list[Any] = [] if isinstance(node, yaml.ScalarNode) else node.value
        pairs = isinstance(node, yaml.MappingNode)
        nodes = [each for pair in inner for each in pair] if pairs else inner
        known[id(node)] = 1 + sum(_written_out(each, known) for each in nodes)
    return known[id(node)]


def _syntax_error(error: yaml.YAMLError) -> str:
    """Return what is wrong and where; texts from the file are left out, one may be a secret."""
    problem = getattr(error, "problem", None) or "it holds what is no text in UTF-8"
    problem = re.sub(r"'(?!<|\\t')[^']{2,}'|\"[^\"]{2,}\"", "…", str(problem))
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}" if mark else ""
    fix = "mind the indentation, and put quotes around a text with special characters"
    return f"{place}: this is not valid YAML ({problem}) – {fix}"


def _duplicates(node: yaml.Node, path: tuple[str | int, ...], seen: set[int]) -> Iterator[str]:
    """Yield a line for each key that stands twice in one mapping, which YAML itself lets pass."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            yield from _duplicates(item, (*path, position), seen)
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in lines and isinstance(key, yaml.ScalarNode) and name != "<<":
                where = dotted((*path, name))
                yield f"{where}: stands in line {lines[name]} and again in line {line} – keep one"
            lines.setdefault(name, line)
            yield from _duplicates(value, (*path, name), seen)
