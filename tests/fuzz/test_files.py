"""Whatever files an administrator writes or attaches: each mistake is a line with its place."""

import json as json_text
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lunabot.config import ConfigError, load_settings
from lunabot.errors import UserMistake
from lunabot.personas.exchange import House, export, plan
from lunabot.personas.persona import from_document, to_document
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ
from tests.fuzz.test_state_file import PERSONA, TEACHER
from tests.unit.personas.characters import ADMIN

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + depth)}: &{chr(98 + depth)} [{', '.join(['*' + chr(97 + depth)] * 10)}]\n"
    for depth in range(9)
)
CONFIGURATIONS = {
    "aliases of aliases": BOMB + "luna: *j\n",
    "aliases for a text": BOMB + "luna: {prompt: *j}\n",
    "aliases for texts": BOMB + "lenses: {a: *j}\n",
    "aliases for a list": BOMB + "admin: {users: *j}\n",
    "a mapping in itself": "luna: &a {user: *a}\n",
    "a list in itself": "admin: {users: &a [*a]}\n",
    "a key in itself": "? &a [*a]\n: 1\n",
    "merged with itself": "luna: &a {<<: *a}\n",
    "merges of merges": "a: &a {k: v}\n"
    + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} {{<<: [{', '.join(['*' + chr(97 + n)] * 10)}]}}\n"
        for n in range(7)
    ),
    "a megabyte of a key": "x" * 2**20 + ": 1\n",
    "lists in lists": "luna: " + "[" * 2**14,
    "many keys": "".join(f"k{number}: 1\n" for number in range(300)),
    "a Python object": "luna: !!python/object/apply:os.system [id]\n",
    "a number as long as a book": "context: {budget_tokens: " + "9" * 9_000 + "}\n",
    "a null byte": "luna: {user: a\0}\n",
    "two documents": "luna: {}\n---\nluna: {}\n",
}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_hostile_configuration_is_refused_in_lines(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIGURATIONS[kind])
    with pytest.raises(ConfigError) as refused:
        load_settings(path, {})
    for line in refused.value.lines:
        assert "\n" not in line
        assert len(line) < 1_000


HERE = House("localhost", {TEACHER: from_document(TEACHER, PERSONA)})
TIME = "2025-01-31T12:00:00Z"
NAMED = st.sampled_from(
    [TEACHER, "teacher", "pupil", "@pupil:localhost", "@a:elsewhere", "Ünmöglich"]
)
personas = st.dictionaries(
    NAMED | made_up.texts, made_up.spoiled(PERSONA) | made_up.objects | made_up.json, max_size=4
)


@FUZZ
@example(json_text.dumps({TEACHER: {"\n": made_up.nested()}}).encode())
@given(
    (personas | made_up.json).map(json_text.dumps).map(str.encode)
    | st.binary()
    | st.sampled_from(
        [b"[" * 100_000, b'{"a": ' * 50_000, b"9" * 9_000, b"\xef\xbb\xbf{}", b" " * 2**23]
    )
)
def test_any_file_of_personas_is_a_plan_or_a_mistake(content: bytes) -> None:
    try:
        found = plan(content, HERE, now=TIME, by=ADMIN)
    except UserMistake as mistake:
        assert len(str(mistake)) < 1_000
        return
    for line in found.refused:
        assert "\n" not in line
    made = [each.persona for each in found.new] + [each.after for each in found.changed]
    for persona in made:  # what is taken can be kept, and taken again
        assert from_document(persona.user_id, to_document(persona)) == persona
        persona.system_prompt.encode()
    plan(export(made), HERE, now=TIME, by=ADMIN)
