"""docs/configuration.md: complete, up to date, the same on every machine."""

from pathlib import Path

import pytest
import yaml

from lunabot.config.defaults import LENSES
from lunabot.config.documentation import main, render
from lunabot.config.keys import all_keys

ROOT = Path(__file__).parents[3]


def test_the_document_in_the_repository_is_up_to_date() -> None:
    main(["--check", str(ROOT / "docs" / "configuration.md")])


def test_every_key_is_in_it_once() -> None:
    document = render()
    for key in all_keys():
        heading = f"### {key.name}" if len(key.path) > 1 else f"## {key.name}"
        assert document.splitlines().count(heading) == 1
        assert document.count(f"environment: `{key.variable}`") == 1


@pytest.mark.parametrize(
    "line",
    [
        "*address* · default: `http://127.0.0.1:8008` · environment: `LUNA_HOMESERVER__URL`",
        "*secret* · default: none · environment: `LUNA_LLM__API_KEY`",
        "*number, from 0 to 2* · default: `0.7` · environment: `LUNA_LLM__TEMPERATURE`",
        '*list of user ids* · default: `["@admin:localhost"]` · environment: `LUNA_ADMIN__USERS`',
        "*mapping of names to texts* · default: below · environment: `LUNA_LENSES`",
        "- `name` – *localpart* · required. The account's localpart.",
    ],
)
def test_a_key_shows_type_default_and_variable(line: str) -> None:
    assert line in render().splitlines()


def test_the_lenses_can_be_copied() -> None:
    block = render().split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(block) == LENSES


def test_it_is_written_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "configuration.md"
    main(["--write", str(path)])
    assert path.read_text(encoding="utf-8") == render()
    main(["--check", str(path)])


@pytest.mark.parametrize("old", [None, "", "# Configuration\n"])
def test_an_old_document_fails_the_check(tmp_path: Path, old: str | None) -> None:
    path = tmp_path / "configuration.md"
    if old is not None:
        path.write_text(old, encoding="utf-8")
    with pytest.raises(SystemExit, match="is out of date: run `make docs`"):
        main(["--check", str(path)])
