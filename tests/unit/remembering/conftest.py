"""A study with stores on the disk and a stand-in for a model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lunabot.memory.memory import Memory
from tests.fake_model import FakeModel
from tests.unit.remembering.study import Study, fitting


@pytest.fixture
async def study(tmp_path: Path) -> AsyncIterator[Study]:
    memory = await Memory.open(tmp_path / "db.json", tmp_path / "archive.db")
    async with FakeModel() as model:
        study = Study(memory, model)
        yield study
        await study.client.close()
    await memory.close()


@pytest.fixture
def fitting_answers(study: Study) -> None:
    """The model answers each kind of request fittingly, instead of echoing it."""
    study.model.reply = fitting
