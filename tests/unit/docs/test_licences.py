"""The page of the licences: everything Luna stands on, as each package states it."""

from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from doctools.licences import closure, licence, page


def stated(folder: Path, *fields: str) -> str:
    """Return the licence of a package with these fields of metadata."""
    information = folder / "thing-1.dist-info"
    information.mkdir()
    lines = "\n".join(["Metadata-Version: 2.4", "Name: thing", "Version: 1", *fields])
    (information / "METADATA").write_text(lines + "\n\n")
    return licence(PathDistribution(information))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["License-Expression: MIT", "License: BSD"], "MIT"),
        (["License: BSD"], "BSD"),
        (["License: MIT License", "        Copyright (c) A. Body"], "MIT License"),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: ISC"], "ISC"),
        (["License: Copyright (c) 2014", "Classifier: License :: OSI Approved :: ISC"], "ISC"),
        (["Classifier: License :: Public Domain", "Classifier: Topic :: X"], "Public Domain"),
    ],
)
def test_a_licence_is_read_from_the_metadata(
    fields: list[str], expected: str, tmp_path: Path
) -> None:
    assert stated(tmp_path, *fields) == expected


def test_a_package_without_a_licence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="thing does not say what its licence is"):
        stated(tmp_path, "Classifier: Topic :: Communications :: Chat")


def test_the_closure_follows_requirements_and_extras() -> None:
    assert {"peewee", "vodozemac"} <= closure(["matrix-nio[e2e]"]).keys()
    assert "peewee" not in closure(["matrix-nio"])
    assert "absent-package" not in closure(['absent-package; sys_platform == "none"', "peewee"])


def test_the_page_names_each_package_once() -> None:
    rows = [line.split(" | ")[0] for line in page().splitlines() if line.startswith("| ")]
    packages = [row.removeprefix("| ") for row in rows if row != "| package"]
    assert len(packages) == len(set(packages))
    assert {"matrix-nio", "matrix-synapse", "xllamacpp", "ruff"} <= set(packages)
