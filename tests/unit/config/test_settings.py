"""What the Settings derive from their values, and that they show no secret."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from lunabot.config import (
    AdminSettings,
    HomeserverSettings,
    LlmSettings,
    LunaSettings,
    Settings,
    StoreSettings,
)
from lunabot.config.keys import all_keys


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.__setattr__("skills", ())
    with pytest.raises(ValidationError):
        settings.llm.__setattr__("model", "other")


def test_paths_start_from_the_folder_of_the_file(tmp_path: Path) -> None:
    store = StoreSettings(archive="/srv/archive.db")
    llm = LlmSettings(local_model="~/m.gguf")
    settings = Settings(store=store, llm=llm, skills=("skills", "more")).placed(tmp_path, ("a",))
    assert settings.folder == tmp_path
    assert settings.warnings == ("a",)
    assert settings.data == tmp_path / "data"
    assert settings.state_path == tmp_path / "db.json"
    assert settings.archive_path == Path("/srv/archive.db")
    assert settings.secrets_path == tmp_path / "secrets"
    assert settings.session_path == tmp_path / "secrets" / "director_token.json"
    assert settings.skill_paths == (tmp_path / "skills", tmp_path / "more")
    assert settings.local_model_path == Path.home() / "m.gguf"
    assert Settings().local_model_path is None


def test_a_relative_folder_becomes_absolute() -> None:
    assert Settings().placed(Path("house")).folder == Path.cwd() / "house"


@pytest.mark.parametrize(
    ("llm", "expected"),
    [
        (LlmSettings(), False),
        (LlmSettings(base_url="https://api.openai.com/v1/"), False),
        (LlmSettings(model="gpt-4o"), False),
        (LlmSettings(api_key=SecretStr("sk-1")), True),
        (LlmSettings(base_url="http://127.0.0.1:11434/v1"), True),
    ],
)
def test_an_endpoint_is_configured_by_a_key_or_an_address(llm: LlmSettings, expected: bool) -> None:
    assert llm.is_configured is expected


def test_matrix_names_are_derived() -> None:
    homeserver = HomeserverSettings(name="example.org")
    settings = Settings(homeserver=homeserver, luna=LunaSettings(user="moon"))
    assert settings.luna_user_id == "@moon:example.org"
    assert settings.admin_alias == "#luna-admin:example.org"
    assert Settings(admin=AdminSettings(room="!abc:example.org")).admin_alias is None


def test_secrets_are_in_no_text_of_the_settings() -> None:
    secret = SecretStr("hunter2")
    settings = Settings(
        homeserver=HomeserverSettings(registration_shared_secret=secret),
        luna=LunaSettings(password=secret),
        llm=LlmSettings(api_key=secret),
    )
    for text in (repr(settings), str(settings), str(settings.model_dump()), repr(settings.luna)):
        assert "hunter2" not in text
    assert "hunter2" not in settings.model_dump_json()


def test_every_key_is_described() -> None:
    assert [key.name for key in all_keys() if not key.field.description] == []
