"""Saving in the background: soon, together, and again after a failure."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from lunabot.errors import WorldError
from lunabot.memory import json_file, json_storage
from lunabot.memory.documents import Documents
from lunabot.memory.json_storage import JsonStorage
from tests.unit.memory.disk import full_beyond


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db.json"


@pytest.fixture
async def storage(path: Path) -> AsyncIterator[JsonStorage]:
    opened = JsonStorage(path)
    opened.start()
    yield opened
    await opened.stop()


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("what was waited for did not happen within five seconds")


def _saved(path: Path) -> object:
    return json.loads(path.read_bytes()) if path.exists() else None


async def test_a_change_is_saved_without_being_asked(
    storage: JsonStorage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_storage, "_PAUSE_S", 0.01)
    Documents(storage, "facts").put("moon", {"phase": "full"})
    await _until(lambda: _saved(path) == {"facts": {"moon": {"phase": "full"}}})


async def test_flush_returns_when_it_is_saved(storage: JsonStorage, path: Path) -> None:
    facts = Documents(storage, "facts")
    for number in range(20):
        facts.put("moon", {"number": number})
        flushes = [asyncio.create_task(storage.flush()) for _ in range(2)]
        await flushes[1]
        assert _saved(path) == {"facts": {"moon": {"number": number}}}
        await flushes[0]


async def test_what_did_not_change_is_not_saved(storage: JsonStorage, path: Path) -> None:
    Documents(storage, "facts").put("moon", {})
    await storage.flush()
    json_file.save(path, {"changed": {}})
    await storage.flush()
    assert _saved(path) == {"changed": {}}


async def test_a_save_holds_what_was_there_when_it_began(storage: JsonStorage, path: Path) -> None:
    facts = Documents(storage, "facts")
    facts.put("moon", {"phase": "new"})
    saving = asyncio.create_task(storage.flush())
    await asyncio.sleep(0)
    facts.put("moon", {"phase": "full"})
    facts.put("sun", {})
    await saving
    assert _saved(path) == {"facts": {"moon": {"phase": "new"}}}
    await storage.flush()
    assert _saved(path) == {"facts": {"moon": {"phase": "full"}, "sun": {}}}


async def test_a_cancelled_save_is_made_up_for(storage: JsonStorage, path: Path) -> None:
    Documents(storage, "facts").put("moon", {})
    saving = asyncio.create_task(storage.flush())
    await asyncio.sleep(0)
    saving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await saving
    await storage.flush()
    assert _saved(path) == {"facts": {"moon": {}}}


async def test_a_full_disk_is_told_and_tried_again(
    storage: JsonStorage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_storage, "_RETRY_S", 0.01)
    facts = Documents(storage, "facts")
    facts.put("moon", {"phase": "new"})
    await storage.flush()
    facts.put("moon", {"text": "x" * 100_000})
    with full_beyond(50_000):
        with pytest.raises(WorldError, match=r"could not be saved .* tried again"):
            await storage.flush()
        assert storage.problem and "db.json" in storage.problem
        assert _saved(path) == {"facts": {"moon": {"phase": "new"}}}
    await _until(lambda: storage.problem is None)
    assert _saved(path) == {"facts": {"moon": {"phase": "new", "text": "x" * 100_000}}}


async def test_a_large_file_is_saved_less_often(
    storage: JsonStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_storage, "_BYTES_PER_SECOND", 10)
    Documents(storage, "facts").put("moon", {"text": "x" * 100})
    assert storage._pause_s() == json_storage._PAUSE_S
    await storage.flush()
    assert storage._pause_s() > 10


async def test_without_a_path_nothing_is_saved() -> None:
    storage = JsonStorage(None)
    storage.start()
    Documents(storage, "facts").put("moon", {})
    await storage.flush()
    await storage.stop()
    assert storage.read() == {"facts": {"moon": {}}}
    assert storage.problem is None
