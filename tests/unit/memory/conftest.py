"""The stores on each of their backends, and a folder nobody may write into."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lunabot.memory.archive import Archive
from lunabot.memory.state import State

_NOBODY = 65534


@pytest.fixture(params=["file", "memory"])
async def archive(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Archive]:
    opened = await Archive.open(tmp_path / "archive.db" if request.param == "file" else None)
    yield opened
    await opened.close()


@pytest.fixture(params=["file", "memory"])
async def state(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[State]:
    opened = await State.open(tmp_path / "db.json" if request.param == "file" else None)
    yield opened
    await opened.close()


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    """A folder whose files may be read and whose content may not change; root steps down for it."""
    folder = Path(tempfile.mkdtemp(prefix="luna-read-only-"))
    folder.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(_NOBODY)
    else:
        folder.chmod(0o555)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)
