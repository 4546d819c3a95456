"""Whatever a configuration holds, it gives settings or lines: never another exception."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from lunabot.config import ConfigError, load_settings
from lunabot.config.keys import all_keys

TEXT = (Path(__file__).parents[3] / "config.yaml").read_text(encoding="utf-8")
NAMES = sorted({name for key in all_keys() for name in key.path} | {"name", "traits", "members"})

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates()
keys = st.sampled_from(NAMES) | st.text() | st.integers() | st.none()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6),
    max_leaves=20,
)
sections = st.dictionaries(st.sampled_from(NAMES), documents, max_size=12)
variables = st.dictionaries(
    st.sampled_from([key.variable for key in all_keys()]) | st.text().map("LUNA_{}__X".format),
    st.text() | st.sampled_from(["[", "[[]]", "[1]", "{}", '{"a": {}}', "1", "true", "@a:b"]),
)


def outcome(content: bytes, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the lines of mistakes; each is one line, and there is at least one or none raised."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_bytes(content)
        try:
            load_settings(path, environ)
        except ConfigError as error:
            assert error.lines
            return error.lines
        return ()


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes(content: bytes) -> None:
    outcome(content, {})


@given(documents | sections, variables)
def test_any_document(document: Any, environ: Mapping[str, str]) -> None:
    for line in outcome(yaml.safe_dump(document, allow_unicode=True).encode(), environ):
        assert "\n" not in line
        assert ": " in line


@given(st.data())
def test_any_change_of_the_file_that_comes_with_luna(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(TEXT)))
    end = data.draw(st.integers(start, min(len(TEXT), start + 40)))
    put = data.draw(st.text(max_size=10) | st.sampled_from(["*a", "&a ", "<<: ", "!!int ", "\t"]))
    for line in outcome((TEXT[:start] + put + TEXT[end:]).encode(errors="replace"), {}):
        assert "\n" not in line
