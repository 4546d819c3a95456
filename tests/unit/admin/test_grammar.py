"""Every spelling of a command, and what is none."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lunabot.admin.grammar import Command, Names, normalise_verb, read_command
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId

LUNA = Names(UserId("@luna:localhost"), "Luna 🌙", ("luna", "lunabot"))
VERBS = frozenset({"spawn", "list_users", "commands", "help"})


def said(body: str, html: str | None = None, *, reply: bool = False) -> Message:
    return Message(
        event_id=EventId("$1"),
        room_id=RoomId("!admin"),
        sender=UserId("@admin:localhost"),
        timestamp=0,
        body=body,
        formatted_body=html,
        in_reply_to=EventId("$0") if reply else None,
    )


def read(body: str, html: str | None = None, *, reply: bool = False) -> Command | None:
    return read_command(said(body, html, reply=reply), LUNA, VERBS)


PREFIXES = ["/", "//", "\\/", "!", "/plain /", "/plain !", "/PLAIN /", "\\/plain /"]
ADDRESSES = [
    "",
    "luna: ",
    "Luna, ",
    "LUNA ",
    "@luna ",
    "lunabot:",
    "Luna 🌙: ",
    "luna 🌙 ",
    "@luna:localhost: ",
    "@luna:localhost ",
    "@lunabot, ",
]
MANGLINGS: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f"  {text}",
    lambda text: f"\n\n{text}",
    lambda text: f"\ufeff{text}",
    lambda text: text.replace("spawn", "sp\u200bawn"),
    lambda text: text.replace("spawn", "Spawn"),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: text.replace("scout", "\u2068scout\u2069"),
]


@pytest.mark.parametrize("mangle", MANGLINGS)
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_spelling_is_the_same_command(
    prefix: str, address: str, mangle: Callable[[str], str]
) -> None:
    assert read(mangle(f"{address}{prefix}spawn scout")) == Command("spawn", " scout")


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_spelling_works_in_a_reply(prefix: str, address: str) -> None:
    body = f"> <@admin:localhost> /commands\n> more\n\n{address}{prefix}spawn scout"
    html = (
        "<mx-reply><a href='https://matrix.to/#/@admin:localhost'>scout</a></mx-reply>spawn scout"
    )
    assert read(body, html, reply=True) == Command("spawn", " scout")
    assert read(f"{address}{prefix}spawn scout", reply=True) == Command("spawn", " scout")


@pytest.mark.parametrize(
    "verb", ["list_users", "list-users", "LIST_USERS", "List-Users", "list–users", "list‑users"]
)
def test_verbs_come_in_any_case_and_with_any_hyphen(verb: str) -> None:
    assert read(f"/{verb}") == Command("list_users", "")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "!important",
        "!important spawn",
        "luna: !important",
        "luna, what is /spawn?",
        "luna",
        "luna/spawn",
        "hey luna: /spawn scout",
        "spawn scout",
        "/ spawn",
        "! spawn",
        "//",
        "// a comment",
        "///spawn",
        "/etc/passwd",
        "/spawn/scout",
        "/spawn,",
        "/5",
        "/plain hello",
        "/plain !important",
        "> /spawn scout",
        "lunatic: /spawn scout",
        "wait /spawn scout",
    ],
)
def test_everything_else_is_chat(body: str) -> None:
    assert read(body) is None


def test_a_quoted_command_in_a_reply_is_not_run() -> None:
    assert read("> /spawn scout\n\nplease do not", reply=True) is None


@pytest.mark.parametrize("body", ["/spwan scout", "//spwan scout", "luna: /spwan scout"])
def test_an_unknown_verb_behind_a_slash_is_a_command_to_be_answered(body: str) -> None:
    assert read(body) == Command("spwan", " scout")


def test_lines_below_are_kept() -> None:
    assert read("!spawn scout\n  two\r\n\nthree") == Command("spawn", " scout\n  two\n\nthree")


@pytest.mark.parametrize("separator", [": ", ", ", " ", ":"])
@pytest.mark.parametrize("prefix", PREFIXES)
def test_her_pill_may_stand_in_front(prefix: str, separator: str) -> None:
    body = f"Moon{separator}{prefix}spawn Moon"
    html = (
        f'<a href="https://matrix.to/#/%40luna%3Alocalhost">Moon</a>{separator}{prefix}spawn Moon'
    )
    assert read(body, html) == Command("spawn", " Moon")


def test_pills_behind_the_verb_become_identifiers() -> None:
    html = '!spawn <a href="https://matrix.to/#/@a:b.c">The Scout</a> now'
    assert read("!spawn The Scout now", html) == Command("spawn", " @a:b.c now")


@given(st.text())
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise_verb(normalise_verb(text)) == normalise_verb(text)


any_text = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@given(any_text, any_text | st.none(), st.booleans())
@example("!spawn", "<![broken", False)
@example("!spawn \ud800", "<a href='https://matrix.to/#/%ff'>x", True)
def test_no_text_breaks_the_grammar(body: str, html: str | None, reply: bool) -> None:
    for text in (body, f"!spawn {body}", f"/{body}"):
        command = read(text, html, reply=reply)
        assert command is None or (command.verb and command.verb == normalise_verb(command.verb))
