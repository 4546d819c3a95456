"""docs/configuration.md: complete, and true."""

import pytest
import yaml

from doctools.configuration import page
from lunabot.config.defaults import LENSES
from lunabot.config.keys import all_keys


def test_every_key_is_in_it_once() -> None:
    text = page()
    for key in all_keys():
        heading = f"### {key.name}" if len(key.path) > 1 else f"## {key.name}"
        assert text.splitlines().count(heading) == 1
        assert text.count(f"environment: `{key.variable}`") == 1


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
    assert line in page().splitlines()


def test_the_lenses_can_be_copied() -> None:
    block = page().split("```yaml\n")[1].split("```")[0]
    assert yaml.safe_load(block) == LENSES
