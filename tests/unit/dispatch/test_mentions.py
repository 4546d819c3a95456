"""Who is addressed: names in any script and spelling, pills, ids, and all that is no mention."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.dispatch.mentions import Addressee, Mentions, order
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.media import Media
from tests.worst_texts import WORST

LUNA = UserId("@luna:localhost")
TEACHER = UserId("@teacher:localhost")
PUPIL = UserId("@pupil:localhost")


def said(body: str, html: str | None = None) -> Message:
    sender = UserId("@person:localhost")
    return Message(
        EventId("$1"), RoomId("!r:x"), sender, 0, body, formatted_body=html, mentions=None
    )


def is_addressed(message: Message, *names: str, user: UserId = LUNA) -> bool:
    return Mentions(message).position(Addressee.of(user, names)) is not None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Luna, are you there?", "Luna"),
        ("what does LUNA think", "Luna"),
        ("ask luna", "Somebody Else"),
        ("@luna please", "Moon"),
        ("luna: hello", "Moon"),
        ("Luna's idea", "Luna"),
        ("(Luna)", "Luna"),
        ("**Luna**", "Luna"),
        ("line one\nluna", "Luna"),
        ("hey @luna:localhost!", "Moon"),
        ("@LUNA:localhost.", "Moon"),
        ("hey Luna\u200bBot", "Lunabot"),
        ("hey  luna\n bot", "Luna Bot"),
        ("ｌｕｎａ?", "Luna"),
        ("e\u0301lise?", "Élise"),
        ("STRASSE hilf", "Straße"),
        ("привет, ЛУНА", "Луна"),
        ("ルナさん、こんにちは", "ルナ"),
        ("Luna你好", "Luna"),
        ("请问小月你好吗", "小月"),
        ("राम जी", "राम"),
        ("שלום לונה!", "לונה"),
        ("good night 🌙", "🌙"),
        ("is C++ there?", "C++"),
        ("mail a@b.c or ask luna", "Luna"),
        ("`code` luna `code`", "Luna"),
        ("a ` and luna", "Luna"),
    ],
)
def test_addressed_in_text(body: str, name: str) -> None:
    assert is_addressed(said(body), name)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("a lunatic idea", "Luna"),
        ("lunaluna", "Luna"),
        ("luna2 and my_luna", "Luna"),
        ("the luna-park", "Luna"),
        ("my anti-luna plan", "Luna"),
        ("@room hello", "Luna"),
        ("@luna:example.org hello", "Luna"),
        ("see https://luna.org/luna?luna", "Luna"),
        ("in #luna:localhost", "Luna"),
        ("luna@example.org", "Luna"),
        ("luna.png", "Luna"),
        ("run `luna up`", "Luna"),
        ("``a ` luna``", "Luna"),
        ("```\nluna\n```", "Luna"),
        ("```py\nluna", "Luna"),
        ("~~~\nluna\n~~~", "Luna"),
        ("> luna said so\nreally?", "Luna"),
        ("лунатик", "Луна"),
        ("ルナティック", "ルナ"),
        ("रामा", "राम"),
        ("Élise", "Elise"),
        ("a moon", "a"),
        ("月光", "月"),
        ("", "Luna"),
    ],
)
def test_not_addressed_in_text(body: str, name: str) -> None:
    user = LUNA if name == "Luna" else UserId("@someone-else:localhost")
    assert not is_addressed(said(body), name, user=user)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://matrix.to/#/@luna:localhost">Moon</a>: hello',
        '<a href="https://matrix.to/#/%40luna%3Alocalhost?via=x">Moon</a>',
        "<a href='matrix:u/luna:localhost?action=chat'>Moon</a>",
        "<p>hello Luna</p>",
        "a<br/>luna",
        "<b>Luna</b>, hello",
        "&lt;luna&gt;",
        "<mx-reply><blockquote>x</blockquote></mx-reply>luna",
        "<code>x</code> luna",
        "1 < 2, luna > 3",
    ],
)
def test_addressed_in_html(html: str) -> None:
    assert is_addressed(said("Moon", html), "Luna")


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://matrix.to/#/@other:localhost">Luna</a>',
        '<a href="https://matrix.to/#/#luna:localhost">Luna</a>',
        '<a href="https://matrix.to/#/!luna:localhost/$luna">luna</a>',
        "<code>luna</code>",
        "<pre><code>a\nluna</code></pre>",
        "<blockquote>luna</blockquote>really?",
        "<mx-reply>luna</mx-reply>really?",
        "<blockquote>never closed luna",
        "luna<b>tic</b>",
        '<img alt="luna"/>',
        "",
    ],
)
def test_not_addressed_in_html(html: str) -> None:
    assert not is_addressed(said("luna", html), "Luna")


@pytest.mark.parametrize(
    ("body", "addressed"),
    [
        ("> <@luna:localhost> I am Luna\n\nreally?", False),
        ("> <@other:localhost> hello\n\nluna?", True),
        ("> * <@luna:localhost> waves\n\nnice", False),
    ],
)
def test_a_quoted_reply_addresses_nobody(body: str, addressed: bool) -> None:
    reply = replace(said(body), in_reply_to=EventId("$0"))
    assert is_addressed(reply, "Luna") == addressed


@pytest.mark.parametrize(
    ("mentions", "addressed"),
    [(frozenset({LUNA}), True), (frozenset({TEACHER}), False), (frozenset[UserId](), False)],
)
@pytest.mark.parametrize("body", ["luna", "nobody"])
def test_explicit_mentions_are_the_whole_truth(
    mentions: frozenset[UserId], addressed: bool, body: str
) -> None:
    assert is_addressed(replace(said(body), mentions=mentions), "Luna") == addressed


def test_the_name_of_a_file_is_not_said() -> None:
    named = replace(said("luna"), msgtype="m.image")
    for picture in (named, replace(named, media=Media(name="luna"), formatted_body="<b>luna</b>")):
        assert not is_addressed(picture, "Luna")
        assert is_addressed(replace(picture, mentions=frozenset({LUNA})), "Luna")


def test_the_caption_of_a_file_is_said() -> None:
    picture = replace(said("Who is this, Luna?"), msgtype="m.image", media=Media(name="cat.jpg"))
    assert is_addressed(picture, "Luna")
    assert not is_addressed(replace(picture, formatted_body="<code>Luna</code>"), "Luna")


@pytest.mark.parametrize("kind", ["m.location", "m.sticker", "m.poll.start"])
def test_places_stickers_and_polls_address_nobody_by_their_words(kind: str) -> None:
    assert not is_addressed(replace(said("luna"), msgtype=kind, media=Media()), "Luna")


ACCOUNTS = [Addressee.of(user) for user in (LUNA, PUPIL, TEACHER)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (said("hello all"), []),
        (said("teacher and luna, hello"), [TEACHER, LUNA]),
        (said("@luna:localhost, then teacher, then luna"), [LUNA, TEACHER]),
        (
            said("x", 'Teacher, <a href="https://matrix.to/#/@pupil:localhost">P</a>, luna'),
            [TEACHER, PUPIL, LUNA],
        ),
        (replace(said("teacher, luna"), mentions=frozenset({LUNA, TEACHER})), [TEACHER, LUNA]),
        (replace(said("you two"), mentions=frozenset({TEACHER, LUNA})), [LUNA, TEACHER]),
        (replace(said("you, luna"), mentions=frozenset({PUPIL, LUNA})), [LUNA, PUPIL]),
    ],
)
def test_order(message: Message, expected: list[UserId]) -> None:
    assert list(order(message, ACCOUNTS)) == expected


def test_who_is_replied_to_answers_first() -> None:
    assert order(said("luna and teacher"), ACCOUNTS, replied_to=TEACHER) == (TEACHER, LUNA)
    assert order(said("yes"), ACCOUNTS, replied_to=PUPIL) == (PUPIL,)


_NAMES = st.text(st.characters(categories=["L", "N"]), min_size=2, max_size=12)


@given(
    _NAMES,
    st.sampled_from(["", "hello ", "(", "¿", "…", "\n"]),
    st.sampled_from(["", " x", "!", ", x", "?"]),
)
def test_any_name_between_borders_is_found_in_any_case(name: str, before: str, after: str) -> None:
    for spelled in (name, name.upper(), name.lower()):
        if spelled.casefold() == name.casefold():
            assert is_addressed(said(f"{before}{spelled}{after}"), name)


@given(
    st.from_regex(r"[a-zà-öа-яα-ω]{2,8}", fullmatch=True),
    st.from_regex(r"[a-zа-я0-9_]", fullmatch=True),
)
def test_no_name_is_found_inside_of_a_word(name: str, letter: str) -> None:
    user = UserId("@0:x")
    for word in (f"{name}{letter}", f"{letter}{name}", f"{letter}{name}{letter}"):
        if name not in word.replace(name, "", 1) and word.casefold() != name.casefold():
            assert not is_addressed(said(f"a {word} b"), name, user=user)


@given(st.text(st.characters(codec=None)), st.booleans())
def test_no_text_makes_it_fall_over(text: str, as_html: bool) -> None:
    message = said(text, text if as_html else None)
    assert len(order(message, ACCOUNTS)) <= 3


@pytest.mark.timeout(30)  # measured: at most 20 ms
@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_no_text_is_read_for_ever(text: str) -> None:
    assert set(order(said(text), ACCOUNTS)) | set(order(said(text, text), ACCOUNTS)) <= {LUNA}


def test_the_end_of_a_long_message_is_read() -> None:
    assert is_addressed(said("log line\n" * 5_000 + "Luna, what is this?"), "Luna")
