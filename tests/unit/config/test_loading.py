"""Where values come from, which ones win, and what is warned of."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from lunabot.config import Price, Settings, load_settings
from lunabot.config.keys import Key, all_keys
from tests.unit.config.conftest import Load

ROOT = Path(__file__).parents[3]
SecretFile = Callable[..., Path]


def value_at(settings: Settings, path: tuple[str, ...]) -> Any:
    value: Any = settings
    for name in path:
        value = getattr(value, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def test_an_empty_file_gives_the_defaults(load: Load, tmp_path: Path) -> None:
    assert load("") == Settings().placed(tmp_path)


class TestTheFileThatComesWithLuna:
    def test_holds_the_defaults(self) -> None:
        settings = load_settings(ROOT / "config.yaml", {})
        assert settings == Settings().placed(ROOT)
        assert settings.warnings == ()

    def test_can_be_used_with_everything_that_is_commented_out(
        self, load: Load, tmp_path: Path
    ) -> None:
        lines = (ROOT / "config.yaml").read_text(encoding="utf-8").splitlines()
        (tmp_path / "model.gguf").touch()
        settings = load("\n".join(map(uncommented, lines)))
        assert settings.seed.personas[0].traits == {"openness": 80}
        assert settings.local_model_path == tmp_path / "model.gguf"
        assert "rhymes" in settings.luna.prompt


def uncommented(line: str) -> str:
    """Take away the "#" right before a key, not that of a comment in words."""
    text = line.lstrip()
    is_key = text[:1] == "#" and text[1:2] not in ("", " ")
    return line.replace("#", "", 1) if is_key else line


class TestSources:
    def test_later_ones_win(self, load: Load, secret_file: SecretFile) -> None:
        key, text = ("llm", "api_key"), "llm: {api_key: from-yaml, model: from-yaml}"
        assert value_at(load(text), key) == "from-yaml"
        secret_file("llm_api_key", "from-file\n")
        assert value_at(load(text), key) == "from-file"
        settings = load(text, LUNA_LLM__API_KEY="from-environment")
        assert value_at(settings, key) == "from-environment"
        assert settings.llm.model == "from-yaml"

    @pytest.mark.parametrize(
        ("path", "name"),
        [
            (("homeserver", "registration_shared_secret"), "registration_shared_secret"),
            (("luna", "password"), "luna_password"),
            (("llm", "api_key"), "llm_api_key"),
            (("backup", "passphrase"), "backup_passphrase"),
        ],
    )
    def test_every_secret_has_a_file(
        self, load: Load, secret_file: SecretFile, path: tuple[str, ...], name: str
    ) -> None:
        secret_file(name, "an old password \r\n")
        settings = load("")
        assert value_at(settings, path) == "an old password "
        assert settings.warnings == ()

    def test_the_folder_of_secrets_may_be_named_by_the_environment(
        self, load: Load, secret_file: SecretFile, tmp_path: Path
    ) -> None:
        secret_file("luna_password", "hunter2")
        (tmp_path / "secrets").rename(tmp_path / "safe")
        settings = load("store: {secrets: elsewhere}", LUNA_STORE__SECRETS="safe")
        assert value_at(settings, ("luna", "password")) == "hunter2"

    def test_empty_values_count_as_not_set(self, load: Load, tmp_path: Path) -> None:
        text = "luna:\nllm: {model: , api_key: null, temperature: ~}\nskills: "
        settings = load(text, LUNA_LLM__TIMEOUT_S="", LUNA_SKILLS="")
        assert settings == Settings().placed(tmp_path)

    def test_texts_are_taken_as_they_are_written(self, load: Load) -> None:
        settings = load("luna: {display_name: no, password: 0123}\nllm: {model: 1e3}")
        assert (settings.luna.display_name, settings.llm.model) == ("no", "1e3")
        assert value_at(settings, ("luna", "password")) == "0123"

    def test_anchors_and_merges_work(self, load: Load) -> None:
        settings = load("seed: {users: [&a {name: ada}, {<<: *a, name: bob}]}")
        assert [user.name for user in settings.seed.users] == ["ada", "bob"]

    def test_settings_made_by_hand_read_no_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LUNA_LLM__MODEL", "other")
        assert Settings().llm.model == "gpt-4o-mini"

    def test_the_environment_is_that_of_the_process_by_default(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LUNA_LLM__MODEL", "other")
        (tmp_path / "config.yaml").touch()
        assert load_settings(tmp_path / "config.yaml").llm.model == "other"


BY_TYPE: Mapping[Any, tuple[str, Any]] = {
    bool: ("off", False),
    int: ("321", 321),
    float: ("1.5", 1.5),
    SecretStr: ("hunter2", "hunter2"),
    str: ("other", "other"),
}
BY_NAME: Mapping[str, tuple[str, Any]] = {
    "homeserver.url": ("http://localhost:9999", "http://localhost:9999"),
    "homeserver.name": ("localhost", "localhost"),
    "llm.base_url": ("http://model:1/v1/", "http://model:1/v1"),
    "llm.local_model": ("config.yaml", "config.yaml"),
    "admin.users": ("@a:localhost, @b:localhost", ("@a:localhost", "@b:localhost")),
    "luna.handles": ('["moon, the", "luna"]', ("moon, the", "luna")),
    "invites.allowed": ("everyone", ("everyone",)),
    "context.budget_tokens": ("9000", 9000),
    "memory.share": ('{"!a:b": ["!c:d"]}', {"!a:b": ("!c:d",)}),
    "llm.prices": (
        '{"gpt-4.1": {"input": 2, "output": "0.5"}}',
        {"gpt-4.1": Price(input=2, output=0.5)},
    ),
    "lenses": ('{"legal": "Contracts."}', {"legal": "Contracts."}),
    "skills": ("one,two", ("one", "two")),
    "backup.passphrase": ("correct horse", "correct horse"),
    "metrics.host": ("::1", "::1"),
}
SEED: Mapping[str, dict[str, Any]] = {
    "seed.users": {"name": "ada"},
    "seed.personas": {"name": "eve", "system_prompt": "You are Eve.", "traits": {"openness": 8}},
    "seed.rooms": {"name": "Hall", "members": ["ada", "@eve:localhost"], "encrypted": True},
}


class TestEnvironment:
    @pytest.mark.parametrize("key", list(all_keys()), ids=lambda key: key.name)
    def test_sets_every_key(self, load: Load, key: Key) -> None:
        secrets = {"LUNA_LUNA__PASSWORD": "hunter2"}  # needed where `managed` is set to false
        if key.name in SEED:
            settings = load("", **{key.variable: json.dumps([SEED[key.name]])})
            (entry,) = value_at(settings, key.path)
            values = json.loads(entry.model_dump_json())
            assert {name: values[name] for name in SEED[key.name]} == SEED[key.name]
            return
        text, value = BY_NAME.get(key.name) or BY_TYPE[key.field.annotation]
        assert value_at(load("", **secrets | {key.variable: text}), key.path) == value
        assert value_at(load("", **secrets | {key.variable.lower(): text}), key.path) == value

    def test_a_lens_may_have_a_variable_of_its_own(self, load: Load) -> None:
        settings = load("lenses: {legal: Law.}", LUNA_LENSES__TECHNICAL="Tools.")
        assert settings.lenses == {"legal": "Law.", "technical": "Tools."}

    def test_variables_of_others_are_left_alone(self, load: Load, tmp_path: Path) -> None:
        assert load("", LUNA_E2E="process", PATH="/bin", A__B="c") == Settings().placed(tmp_path)


class TestWarnings:
    def test_a_secret_in_the_file_is_told(self, load: Load) -> None:
        assert load("luna: {password: hunter2}").warnings == (
            "luna.password: stands in config.yaml – move it to secrets/luna_password (mode 0600) "
            "or LUNA_LUNA__PASSWORD",
        )

    def test_a_secret_that_others_can_read_is_told(
        self, load: Load, secret_file: SecretFile
    ) -> None:
        secret_file("llm_api_key", "sk-1", mode=0o640)
        assert load("").warnings == (
            "secrets/llm_api_key: others on this machine can read it – "
            "chmod 600 secrets/llm_api_key",
        )

    def test_a_local_model_beside_an_endpoint_is_told(self, load: Load) -> None:
        settings = load("llm: {local_model: config.yaml, base_url: 'http://127.0.0.1:1/v1'}")
        assert settings.warnings == (
            "llm.local_model: is not used, for llm.api_key or llm.base_url names an endpoint",
        )
