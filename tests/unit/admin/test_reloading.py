"""Reading everything anew: all of it, or nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lunabot.admin.reloading import load_all_skills, reload
from lunabot.admin.services import Services
from lunabot.config import (
    AdminSettings,
    ConfigError,
    ContextSettings,
    HomeserverSettings,
    LlmSettings,
    LunaSettings,
    Settings,
)
from lunabot.errors import Misconfigured, UserMistake
from lunabot.llm import source
from lunabot.llm.absent import NoModel
from lunabot.llm.source import ModelSource
from lunabot.memory.memory import Memory
from lunabot.problems import Problems
from lunabot.tasks import Tasks
from tests.fake_account import FakeAccount
from tests.fake_services import services

SKILL = '''
from lunabot.admin.call import Call
from lunabot.admin.skill import skill

@skill("greet")
async def greet(call: Call) -> str:
    """Say hello."""
    return "hello"
'''


class House:
    """A running Luna whose configuration and skills are changed."""

    def __init__(self, services: Services, models: ModelSource, folder: Path) -> None:
        self.services = services
        self.models = models
        self.folder = folder

    def write(self, text: str) -> None:
        (self.folder / "skills" / "mine.py").write_text(text)

    def settings(self, *warnings: str, **sections: Any) -> Settings:
        llm = LlmSettings(base_url="http://127.0.0.1:1/v1")
        return Settings(**({"llm": llm} | sections)).placed(self.folder, warnings)

    async def reload(self, settings: Settings | ConfigError) -> str:
        def load() -> Settings:
            if isinstance(settings, ConfigError):
                raise settings
            return settings

        return await reload(self.services, load, self.models)

    def parts(self) -> tuple[object, ...]:
        return (self.services.settings, self.services.registry, self.services.model)


@pytest.fixture
async def house(account: FakeAccount, memory: Memory, tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "skills").mkdir()
    models = ModelSource(Tasks())
    opened = House(services(account, memory), models, tmp_path)
    opened.services.settings = opened.settings()
    opened.services.registry = (await load_all_skills(opened.services.settings)).registry
    opened.services.model = await models.open(opened.services.settings)
    yield opened
    await models.close()


async def test_changed_skills_count_at_once(house: House) -> None:
    assert house.services.registry.find("greet") is None
    before = house.parts()
    house.write(SKILL)
    text = await house.reload(house.settings())
    assert house.services.registry.find("greet")
    count = len(house.services.registry.skills)
    assert text == f"Read anew: the configuration and {count} commands."
    assert house.services.model is before[2]


async def test_wrong_skills_change_nothing_and_every_fault_is_named(house: House) -> None:
    before = house.parts()
    house.write(SKILL.replace('"greet"', '"health"'))
    (house.folder / "skills" / "broken.py").write_text("def broken(:\n")
    with pytest.raises(UserMistake, match=r"^Nothing was changed") as caught:
        await house.reload(house.settings(llm=LlmSettings(model="other")))
    assert "broken.py:1" in str(caught.value)
    assert "/health is declared already" in str(caught.value)
    assert house.parts() == before


async def test_a_wrong_configuration_changes_nothing_and_every_fault_is_named(
    house: House,
) -> None:
    before = house.parts()
    house.write(SKILL)
    with pytest.raises(UserMistake, match=r"^Nothing was changed") as caught:
        await house.reload(ConfigError(("luna.handles: is no list", "lma: unknown key")))
    assert "\n- luna.handles: is no list\n- lma: unknown key" in str(caught.value)
    assert house.parts() == before


@pytest.mark.parametrize(
    "changed",
    [
        {"llm": LlmSettings(base_url="http://127.0.0.1:1/v1", model="other")},
        {"context": ContextSettings(reply_tokens=77)},
    ],
    ids=["llm", "context"],
)
async def test_another_model_is_opened_where_its_settings_changed(
    house: House, changed: dict[str, Any]
) -> None:
    before = house.services.model
    await house.reload(house.settings(**changed))
    assert house.services.model is not before
    assert house.services.model.model == house.services.settings.llm.model


async def test_a_model_that_cannot_be_had_is_stood_in_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "LocalModel", missing)
    await house.reload(house.settings(llm=LlmSettings()))
    assert isinstance(house.services.model, NoModel)


async def test_problems_that_were_mended_are_no_longer_shown(house: House) -> None:
    known = {"skills": "broken", "model": "refused", "store": "full"}
    house.services.problems = Problems(lambda text: None, known)
    await house.reload(house.settings())
    assert house.services.problems.lines() == ("**model**: refused", "**store**: full")
    told = await house.reload(house.settings(context=ContextSettings(reply_tokens=77)))
    store, model = house.services.problems.lines()
    assert store == "**store**: full"
    assert "cannot reach" in model, "a new model is tried at once"
    assert model in told


async def test_what_counts_after_the_next_start_only_is_said(house: House) -> None:
    text = await house.reload(
        house.settings(
            "luna.password: stands in config.yaml",
            homeserver=HomeserverSettings(url="http://127.0.0.1:9"),
            admin=AdminSettings(room="other"),
            luna=LunaSettings(user="owl", display_name="Owl"),
        )
    )
    assert "After the next start only: `homeserver`, `admin.room`, `luna.user`." in text
    assert text.endswith("⚠️ luna.password: stands in config.yaml")
    assert house.services.settings.luna.display_name == "Owl"


def missing(*_: object) -> object:
    raise Misconfigured("the weights are missing")
