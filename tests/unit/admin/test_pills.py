"""Identifiers in the place of display names."""

import pytest

from lunabot.admin.pills import identifier_of, with_identifiers
from tests.worst_texts import WORST

SCOUT = "https://matrix.to/#/@scout:localhost"


@pytest.mark.parametrize(
    ("link", "identifier"),
    [
        ("https://matrix.to/#/@scout:localhost", "@scout:localhost"),
        ("http://matrix.to/#/@scout:localhost", "@scout:localhost"),
        ("https://matrix.to/#/%40scout%3Alocalhost", "@scout:localhost"),
        ("https://matrix.to/#/%23trails%3Alocalhost?via=localhost", "#trails:localhost"),
        ("https://matrix.to/#/!abc?via=localhost", "!abc"),
        ("https://matrix.to/#/!abc:localhost", "!abc:localhost"),
        ("https://matrix.to/#/@a%2Fb:localhost", "@a/b:localhost"),
        ("matrix:u/scout:localhost?action=chat", "@scout:localhost"),
        ("matrix:r/trails:localhost", "#trails:localhost"),
        ("matrix:roomid/abc:localhost?via=a.b", "!abc:localhost"),
        ("https://matrix.to/#/!abc:localhost/$event", None),
        ("matrix:roomid/abc:localhost/e/event", None),
        ("https://matrix.to/#/+group:localhost", None),
        ("https://matrix.to/#/@with space:localhost", None),
        ("https://matrix.to/#/", None),
        ("https://example.org/#/@scout:localhost", None),
        ("matrix:", None),
        ("scout", None),
        ("", None),
    ],
)
def test_links(link: str, identifier: str | None) -> None:
    assert identifier_of(link) == identifier


@pytest.mark.parametrize(
    ("body", "html", "meant"),
    [
        ("!x Scout", f'!x <a href="{SCOUT}">Scout</a>', "!x @scout:localhost"),
        ("!x The Scout now", f'!x <a href="{SCOUT}">The Scout</a> now', "!x @scout:localhost now"),
        ("!x --u=Scout", f'!x --u=<a href="{SCOUT}">Scout</a>', "!x --u=@scout:localhost"),
        ("!x [Scout](" + SCOUT + ")", f'!x <a href="{SCOUT}">Scout</a>', "!x @scout:localhost"),
        (
            f"!x [scout]({SCOUT}) scout",
            f'!x <a href="{SCOUT}">scout</a> scout',
            "!x @scout:localhost scout",
        ),
        ("!x @scout", f'!x <a href="{SCOUT}">@scout</a>', "!x @scout:localhost"),
        (
            "!x @scout:localhost",
            f'!x <a href="{SCOUT}">@scout:localhost</a>',
            "!x @scout:localhost",
        ),
        ("!x A & B", f'!x <a href="{SCOUT}">A &amp; B</a>', "!x @scout:localhost"),
        ("!x A B", f'!x <a class="pill" href="{SCOUT}"><b>A</b> B</a>', "!x @scout:localhost"),
        ("!x The Scout", f'!x <a href="{SCOUT}">The&nbsp;Scout</a>', "!x @scout:localhost"),
        ("!x 🌙", f'!x <a href="{SCOUT}">🌙</a>', "!x @scout:localhost"),
        # The name is a part of other words, and stands there as a plain word, too.
        ("!add a a", f'!add a <a href="{SCOUT}">a</a>', "!add a @scout:localhost"),
        ("!add a a", f'!add <a href="{SCOUT}">a</a> a', "!add @scout:localhost a"),
        (
            "!x Scout\nScout",
            f'<p>!x <a href="{SCOUT}">Scout</a></p><p><a href="{SCOUT}">Scout</a></p>',
            "!x @scout:localhost\n@scout:localhost",
        ),
        (
            "!x Trails Scout",
            f'!x <a href="https://matrix.to/#/!t">Trails</a> <a href="{SCOUT}">Scout</a>',
            "!x !t @scout:localhost",
        ),
        # What is quoted above a reply names people, too.
        (
            "!x Scout",
            f"<mx-reply><blockquote><a href='{SCOUT}'>Scout</a></blockquote></mx-reply>!x Scout",
            "!x Scout",
        ),
        ("!x Scout", '!x <a href="https://example.org">Scout</a>', "!x Scout"),
        ("!x Scout", f'!x <a href="{SCOUT}">Someone</a>', "!x Scout"),
        ("!x Scout", f'!x <a href="{SCOUT}"></a>Scout', "!x Scout"),
        ("!x Scout", f'!x <a href="{SCOUT}">Scout', "!x Scout"),
        ("!x Scout", "<![broken", "!x Scout"),
        ("!x [a](b) c", None, "!x [a](b) c"),
    ],
)
def test_each_pill_becomes_its_identifier(body: str, html: str | None, meant: str) -> None:
    assert with_identifiers(body, html) == meant


@pytest.mark.timeout(30)  # measured: at most 0.1 s
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_no_message_is_read_for_ever(text: str) -> None:
    assert with_identifiers("x", text) == "x"
    assert with_identifiers(text, None) == text
    assert with_identifiers("x " + text, text).startswith("x ")


def test_pills_beyond_the_limit_stay_names() -> None:
    read = with_identifiers("Scout " * 40, f'<a href="{SCOUT}">Scout</a> ' * 40)
    assert read == "@scout:localhost " * 32 + "Scout " * 8
