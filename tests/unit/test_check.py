"""``luna check``: a line for each thing, with what is wrong and never a secret."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lunabot import check as check_module
from lunabot.check import Line, check
from lunabot.config import HomeserverSettings, LlmSettings, Settings
from lunabot.errors import Misconfigured
from lunabot.instance import Instance
from tests.fake_homeserver import FakeHomeserver
from tests.fake_model import FakeModel

KEY = "sk-secret-12345"


def settings(folder: Path, *, url: str = "", managed: bool = False, **changes: Any) -> Settings:
    homeserver = HomeserverSettings(url=url or "http://127.0.0.1:1", managed=managed)
    warnings = changes.pop("warnings", ())
    return Settings(homeserver=homeserver, **changes).placed(folder, warnings)


def endpoint(model: FakeModel, name: str = "fake") -> LlmSettings:
    return LlmSettings(base_url=model.base_url, api_key=SecretStr(KEY), model=name)


async def test_all_is_well(home: FakeHomeserver, tmp_path: Path) -> None:
    home.answers["/_matrix/client/versions"] = {"versions": ["v1.11"]}
    (tmp_path / "skills").mkdir()
    async with FakeModel(api_key=KEY) as model:
        lines = await check(settings(tmp_path, url=home.url, llm=endpoint(model)))
        assert all(line.ok for line in lines), [str(line) for line in lines]
        assert f"the homeserver at {home.url} answers" in texts(lines)
        assert f"the model fake answers at {model.base_url.split('/')[2]}" in texts(lines)
    assert os.listdir(tmp_path) == ["skills"]


async def test_everything_wrong_is_said_at_once_and_without_secrets(
    tmp_path: Path, pauses: list[float]
) -> None:
    (tmp_path / "skills").mkdir()
    (tmp_path / "skills" / "broken.py").write_text("def broken(:\n")
    async with FakeModel(api_key="another key") as model:
        lines = await check(
            settings(tmp_path, llm=endpoint(model), warnings=("llm.api_key: stands in config",))
        )
    wrong = [line.text for line in lines if not line.ok]
    assert wrong[0] == "llm.api_key: stands in config"
    assert "The homeserver at http://127.0.0.1:1 does not answer" in wrong[1]
    assert "llm.api_key was refused" in wrong[2]
    assert "broken.py:1" in wrong[3]
    assert len(wrong) == 4
    assert KEY not in str(lines)


async def test_a_managed_server_is_looked_for_only_where_luna_runs(
    home: FakeHomeserver, tmp_path: Path, no_local_model: None
) -> None:
    home.answers["/_matrix/client/versions"] = {"versions": ["v1.11"]}
    managed = settings(tmp_path, url=home.url, managed=True)
    assert "cannot have port" in str(await check(managed)), "something else has the port"
    assert home.requests == []
    free = "http://127.0.0.1:1"
    freed = texts(await check(settings(tmp_path, url=free, managed=True)))
    assert f"a Synapse of Luna's own will be started at {free}" in freed
    with Instance(managed.data):
        assert f"the homeserver at {home.url} answers" in texts(await check(managed))


async def test_the_local_model_is_looked_for_without_being_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy = tmp_path / "toy.gguf"
    monkeypatch.setattr(check_module, "find_toy", lambda: toy)
    managed = settings(tmp_path, managed=True)
    assert f"llm.local_model: there is no file {toy}" in texts(await check(managed), ok=False)
    toy.touch()
    said = "no endpoint is set: the model in toy.gguf will run on this machine"
    assert said in texts(await check(managed))


async def test_a_local_model_that_is_not_installed(tmp_path: Path, no_local_model: None) -> None:
    lines = await check(settings(tmp_path, managed=True))
    assert "install the weights" in texts(lines, ok=False)
    own = LlmSettings(local_model="models/mine.gguf")
    missing = f"llm.local_model: there is no file {tmp_path / 'models' / 'mine.gguf'}"
    assert missing in texts(await check(settings(tmp_path, managed=True, llm=own)), ok=False)


def test_lines_are_marked() -> None:
    assert str(Line(True, "fine")) == "✓ fine"
    assert str(Line(False, "not fine")) == "✗ not fine"


@pytest.fixture
def no_local_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def find_toy() -> Path:
        raise Misconfigured("install the weights")

    monkeypatch.setattr(check_module, "find_toy", find_toy)


def texts(lines: list[Line], *, ok: bool = True) -> list[str]:
    return [line.text for line in lines if line.ok is ok]
