"""Every mistake is one line that names the key, what is wrong and the fix."""

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from lunabot.config import ConfigError, load_settings
from tests.unit.config.conftest import Load

QUOTES = "mind the indentation, and put quotes around a text with special characters"
LOCALPART = "is not a localpart – lower case, digits and . _ = - / +, without @ and :"
NO_ADDRESS = "is not an address that begins with http:// or https://"
IN_WORDS = "is not a user id – e.g. @admin:localhost"

# A configuration, and the lines that say what is wrong with it.
UNKNOWN_KEYS = {
    "llm: {modle: x}": "llm.modle: unknown key – did you mean llm.model?",
    "lmm: {model: x}": "lmm: unknown key – did you mean llm?",
    "luna: {model: x}": "luna.model: unknown key – did you mean llm.model?",
    "budget_tokens: 1": "budget_tokens: unknown key – did you mean context.budget_tokens?",
    "llm: {prices: {gpt-4.1: {inpt: 1, input: 1, output: 2}}}": "llm.prices.gpt-4.1.inpt: unknown "
    "key – did you mean llm.prices.gpt-4.1.input?",
    "llm: {prices: {moon: 5, sun: {input: -1, output: 1}, sky: {input: 1}}}": """\
llm.prices.moon: each entry is a mapping – e.g. {"gpt-4o-mini": {"input": 0.15, "output": 0.60}}
llm.prices.sun.input: -1 is too small – at least 0
llm.prices.sky.output: is missing – e.g. 0.6""",
    "store: {zzz: }": "store.zzz: unknown key – known here: state, archive, secrets",
    "llm.model: x": "llm.model: unknown key – write “llm:” on one line, and below it, indented, "
    "“model:”",
    "_env_file: x": "_env_file: unknown key – known here: homeserver, luna, admin, invites, llm, "
    "context, memory, store, sync, answers, loops, limits, lenses, skills, backup, metrics, seed",
    "seed: {rooms: [{name: a, membres: []}]}": "seed.rooms[0].membres: unknown key – did you mean "
    "seed.rooms[0].members?",
    '"a\\nb": x': "'a\\nb': unknown key – known here: homeserver, luna, admin, invites, llm, "
    "context, memory, store, sync, answers, loops, limits, lenses, skills, backup, metrics, seed",
}
WRONG_TYPES = {
    "context: {budget_tokens: many}": "context.budget_tokens: 'many' is not a whole number – e.g. "
    "8000",
    "context: {budget_tokens: yes, reply_tokens: 1.5}": """\
context.budget_tokens: 'yes' is not a whole number – e.g. 8000
context.reply_tokens: '1.5' is not a whole number – e.g. 1000""",
    "llm: {temperature: hot, timeout_s: nan, model: [a], base_url: {}}": """\
llm.base_url: a mapping is not text – e.g. https://api.openai.com/v1
llm.model: a list is not text – e.g. gpt-4o-mini
llm.temperature: 'hot' is not a number – e.g. 0.7
llm.timeout_s: 'nan' is not a number – e.g. 60""",
    "homeserver: {managed: perhaps}": "homeserver.managed: 'perhaps' is not true or false – e.g. "
    "true",
    "skills: {a: b}": 'skills: a mapping is not a list – e.g. ["skills"]',
    'skills: "[a"': "skills: is not valid JSON – mind the brackets and double quotes",
    "lenses: [a]": "lenses: a list is not a mapping of names to texts – e.g. "
    '{"legal": "Contracts, deadlines, who agreed to what."}',
    "luna: Luna": "luna: is not a section – write its keys on the lines below it, indented",
    "llm: {temperature: 3, timeout_s: 0, max_concurrent: 0}": """\
llm.temperature: 3 is too large – at most 2
llm.timeout_s: 0 is too small – more than 0
llm.max_concurrent: 0 is too small – at least 1""",
}
SINGLE_VALUES = {
    "homeserver: {url: localhost:8008}": f"homeserver.url: {NO_ADDRESS}",
    "homeserver: {url: 'ftp://127.0.0.1'}": f"homeserver.url: {NO_ADDRESS}",
    "homeserver: {url: 'http://127.0.0.1:80800'}": f"homeserver.url: {NO_ADDRESS}",
    "homeserver: {url: 'http://[::1'}": f"homeserver.url: {NO_ADDRESS}",
    "llm: {base_url: 'https://me:pw@host/v1'}": "llm.base_url: holds a user name or password – "
    "leave it out, nothing reads it",
    "llm: {base_url: 'https://host/v1?key=pw'}": "llm.base_url: has a part behind “?” or “#” – "
    "leave it out",
    "homeserver: {name: '@example'}": "homeserver.name: '@example' is not a server name – e.g. "
    "example.org, without https:// and @",
    "luna: {user: '@Luna', display_name: ' '}": f"""\
luna.user: '@Luna' {LOCALPART}
luna.display_name: is blank – write something, or remove the key for its default""",
    "admin: {users: [admin, '@a:localhost', '@b']}": f"""\
admin.users[0]: 'admin' {IN_WORDS}
admin.users[2]: '@b' {IN_WORDS}""",
    "metrics: {host: everywhere, port: 70000}": """\
metrics.port: 70000 is too large – at most 65535
metrics.host: 'everywhere' is not an IP address – e.g. 127.0.0.1""",
    "admin: {users: []}": 'admin.users: is empty – e.g. ["@admin:localhost"]',
    "admin: {room: '#luna:localhost'}": "admin.room: '#luna:localhost' is not an alias localpart "
    "or a room id – e.g. luna-admin, or !abc:example.org",
    "invites: {allowed: [no body]}": "invites.allowed[0]: 'no body' is not local, everyone, a user "
    "id or a server name – e.g. example.org",
    "lenses: {Legal: x}": "lenses.Legal: 'Legal' is not a name for a lens – a word in lower case, "
    "e.g. technical",
    "llm: {local_model: none.gguf}": "llm.local_model: there is no file FOLDER/none.gguf – correct "
    "the path, or remove the key",
    'store: {state: "a\\0"}': "store.state: has control characters, which no path needs – remove "
    "them",
    'luna: {prompt: "\\uD800"}': "luna.prompt: is not valid UTF-8 – type it anew",
}
TOGETHER = {
    "context: {budget_tokens: 800, reply_tokens: 800}": "context.reply_tokens: 800 leaves nothing "
    "of the 800 tokens of context.budget_tokens for the prompt – use 200",
    "homeserver: {url: 'https://matrix.org'}": "homeserver.url: a managed server listens on a port "
    "of this machine only – use http://127.0.0.1:8008, or homeserver.managed: false for one that "
    "is there already",
    "homeserver: {url: 'http://localhost'}": "homeserver.url: a managed server listens on a port "
    "of this machine only – use http://127.0.0.1:8008, or homeserver.managed: false for one that "
    "is there already",
    'homeserver: {managed: true}\nllm: {temperature: " 3\\n"}': "llm.temperature: 3 is too "
    "large – at most 2",
    "homeserver: {managed: false}": "luna.password: is missing, and so is "
    "homeserver.registration_shared_secret – set one of them: LUNA_LUNA__PASSWORD or the file "
    "secrets/luna_password for an account that is there, "
    "LUNA_HOMESERVER__REGISTRATION_SHARED_SECRET or the file secrets/registration_shared_secret "
    "to have it made",
    "admin: {users: ['@a:b.org', '@Ada:localhost', '@luna:localhost']}": """\
admin.users[0]: @a:b.org is not on localhost, and a managed server knows no other – use @…:localhost
admin.users[1]: @Ada:localhost cannot be made – use lower case letters, digits and . _ = - / +
admin.users[2]: @luna:localhost is Luna herself – name a person""",
    "backup: {passphrase: hunter2}": "backup.passphrase: is short – use 12 characters or more, "
    "such as five words",
    "store: {state: a, archive: a}": "store: state, archive and secrets need three different names "
    "– e.g. their defaults",
    "context: {budget_tokens: many, reply_tokens: 9000}": "context.budget_tokens: 'many' is not a "
    "whole number – e.g. 8000",
}
SEEDS = {
    "seed: {users: [ada, {}, {name: Bob}]}": f"""\
seed.users[0]: each entry is a mapping – e.g. [{{"name": "pupil"}}]
seed.users[1].name: is missing – e.g. pupil
seed.users[2].name: 'Bob' {LOCALPART}""",
    "seed: {users: [{name: luna}, {name: a}, {name: a}], rooms: [{name: A}, {name: A}]}": """\
seed.users[0].name: 'luna' is taken by luna.user – choose another name
seed.users[2].name: 'a' is taken by seed.users[1].name – choose another name
seed.rooms[1].name: 'A' is taken by seed.rooms[0].name – choose another name""",
    "seed: {personas: [{name: a, system_prompt: x, rooms: [Hall, '!x', Attic]}], "
    "rooms: [{name: Hall}]}": "seed.personas[0].rooms[2]: 'Attic' is not in seed.rooms – add it "
    "there, or write the !id or #alias of a room that exists",
    "seed: {personas: [{name: a, traits: {openness: 101}}]}": """\
seed.personas[0].system_prompt: is missing – e.g. You teach history, with patience and a dry wit.
seed.personas[0].traits: '101' is not a whole number from 0 to 100, which 'openness' needs""",
    "seed: {personas: [{name: a, system_prompt: x, traits: {mood: []}}]}": "seed.personas[0]"
    ".traits: a list is not a text, which 'mood' needs",
    "seed: {rooms: [{name: Hall, members: [ada, '@x']}]}": "seed.rooms[0].members[1]: '@x' is not "
    "a localpart or user id – e.g. pupil, or @pupil:example.org",
}
YAML = {
    "luna:\n  user: a\n  user: b\nadmin:\nluna:\n": """\
luna.user: stands in line 2 and again in line 3 – keep one
luna: stands in line 1 and again in line 5 – keep one""",
    "luna:\n\tuser: a": "config.yaml, line 2: this is not valid YAML (found character '\\t' that "
    f"cannot start any token) – {QUOTES}",
    "admin:\n  users: [@admin:localhost]": "config.yaml, line 2: this is not valid YAML (found "
    f"character '@' that cannot start any token) – {QUOTES}",
    "\x01": "config.yaml: this is not valid YAML (it holds what is no text in UTF-8) – " + QUOTES,
    "- luna": "config.yaml: has no sections – e.g. write “luna:” on one line, and “user: luna” "
    "indented below it",
    "[" * 2000: "config.yaml: is nested too deeply – two levels are enough",
    "seed: !!python/object:os.system x": "config.yaml, line 1: this is not valid YAML (could not "
    f"determine a constructor for the tag …) – {QUOTES}",
}
ALL = UNKNOWN_KEYS | WRONG_TYPES | SINGLE_VALUES | TOGETHER | SEEDS | YAML


def mistakes(load: Load, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, **environ)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return list(caught.value.lines)


@pytest.mark.parametrize(("text", "lines"), ALL.items(), ids=[text[:40] for text in ALL])
def test_a_mistake_is_a_line_that_names_the_key_and_the_fix(
    load: Load, tmp_path: Path, text: str, lines: str
) -> None:
    assert mistakes(load, text) == lines.replace("FOLDER", str(tmp_path)).splitlines()


def test_all_mistakes_are_told_at_once(load: Load) -> None:
    text = "homeserver: {managed: false, url: x}\nstore: {state: a, archive: a}\nluna: {usr: b}"
    variables = {"LUNA_CONTEXT__BUDGET_TOKENS": "many", "LUNA_LLM__MODLE": "x"}
    assert [line.split(":")[0] for line in mistakes(load, text, **variables)] == [
        "homeserver.url",
        "luna.usr",
        "LUNA_CONTEXT__BUDGET_TOKENS",
        "luna.password",
        "store",
        "LUNA_LLM__MODLE",
    ]


class TestOrigins:
    def test_a_variable_is_named_as_it_was_written(self, load: Load) -> None:
        assert mistakes(load, "", luna_admin__users="@a:localhost,bob") == [
            f"luna_admin__users[1]: 'bob' {IN_WORDS}"
        ]

    def test_a_lens_is_named_by_its_variable(self, load: Load) -> None:
        assert mistakes(load, "", LUNA_LENSES__LEGAL=" ") == [
            "LUNA_LENSES__LEGAL: is blank – write something, or remove the key for its default"
        ]

    @pytest.mark.parametrize(
        ("variable", "fix"),
        [
            ("LUNA_LLM__MODLE", "did you mean LUNA_LLM__MODEL?"),
            ("LUNA_LMM__MODEL", "did you mean LUNA_LLM__MODEL?"),
            ("LUNA_LENSES__", "did you mean LUNA_LENSES?"),
            ("LUNA_Q__Q", "docs/configuration.md lists all of them"),
        ],
    )
    def test_an_unknown_variable_is_a_mistake(self, load: Load, variable: str, fix: str) -> None:
        assert mistakes(load, "", **{variable: "x"}) == [f"{variable}: unknown variable – {fix}"]

    def test_a_section_that_is_none_is_told_beside_its_variables(self, load: Load) -> None:
        assert mistakes(load, "llm: x", LUNA_LLM__MODEL="m") == [
            "llm: is not a section – write its keys on the lines below it, indented"
        ]


class TestFiles:
    def test_a_missing_configuration(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            load_settings(tmp_path / "none.yaml", {})
        fix = "an empty one will do; docs/configuration.md has every key"
        assert caught.value.lines == (f"{tmp_path}/none.yaml: there is no such file – {fix}",)

    def test_a_folder_in_place_of_a_configuration(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r": cannot be read: Is a directory"):
            load_settings(tmp_path, {})

    def test_a_secret_of_two_lines(self, load: Load, secret_file: Callable[..., Path]) -> None:
        secret_file("llm_api_key", "hunter\n2")
        assert mistakes(load, "") == [
            "secrets/llm_api_key: has line breaks or control characters – write it on one line"
        ]

    def test_a_secret_that_is_no_text(self, load: Load, secret_file: Callable[..., Path]) -> None:
        secret_file("llm_api_key", "").write_bytes(b"\xff")
        assert mistakes(load, "") == [
            "secrets/llm_api_key: is no text in UTF-8 – write the secret on one line"
        ]

    def test_a_secret_that_cannot_be_read(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "secrets" / "llm_api_key").mkdir(parents=True)
        assert mistakes(load, "") == ["secrets/llm_api_key: cannot be read: Is a directory"]

    def test_a_kept_session_is_secret_enough(
        self, load: Load, secret_file: Callable[..., Path]
    ) -> None:
        secret_file("director_token.json", "{}")
        assert not load("homeserver: {managed: false}").homeserver.managed

    def test_an_existing_server_may_be_anywhere(self, load: Load) -> None:
        text = "homeserver: {managed: false, url: 'https://example.org/', name: example.org}\n"
        settings = load(text + "admin: {users: ['@Ada:matrix.org']}", LUNA_LUNA__PASSWORD="x")
        assert settings.homeserver.url == "https://example.org"


@pytest.mark.parametrize(
    "text",
    [
        "luna: {password: [hunter2]}",
        "luna: {password: {hunter2: x}}",
        "luna: hunter2",
        "luna: [hunter2]",
        "luna:\n  password:hunter2",
        "luna: {password: *hunter2}",
        "luna: {password: !hunter2 x}",
        "luna: {password: &hunter2 x, prompt: &hunter2 y, usr: x}",
        "luna: {password: %hunter2}",
        "luna: {passwrd: hunter2}",
        'luna: {password: "hunter2\\n"}',
        "luna: {password: 'hunter2}",
        "luna: password: hunter2",
        "llm: {base_url: 'https://hunter2@host'}",
        "llm: {base_url: 'hunter2'}",
        "llm: {base_url: 'hunter2@host'}",
    ],
)
def test_an_error_never_shows_a_secret(load: Load, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value)).replace(text, "")
