"""Words, options and the tail, as phones and keyboards type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.admin.arguments import Arguments, Shape, join_arguments, quote, split_arguments
from lunabot.errors import UserMistake

SHAPE = Shape(words=9, options=frozenset({"name", "room"}), flags=frozenset({"loud"}))
WITH_TAIL = Shape(
    words=1, options=frozenset({"name", "room"}), flags=frozenset({"loud"}), tail=True
)


def split(text: str) -> Arguments:
    return split_arguments(text, SHAPE)


@pytest.mark.parametrize(
    "text",
    [
        '--name "The Scout"',
        '--name="The Scout"',
        'name="The Scout"',
        "--name 'The Scout'",
        "—name “The Scout”",
        "–name “The Scout”",
        "—name=“The Scout”",
        "–-name „The Scout“",
        "--Name «The Scout»",
        "NAME=‘The Scout’",
        "name=‚The Scout‘",
        "--name ”The Scout”",
        '--name “The Scout"',
    ],
)
def test_every_spelling_of_an_option_is_the_same(text: str) -> None:
    assert (
        split(f"{text} x") == split(f" x\u2003{text} ") == Arguments(("x",), {"name": "The Scout"})
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("  \n ", ()),
        ("a b", ("a", "b")),
        ("a\nb", ("a", "b")),
        ("'a b' c", ("a b", "c")),
        ('""', ("",)),
        ("don't o'clock", ("don't", "o'clock")),
        ("don’t", ("don’t",)),
        ("'don't stop' now", ("don't stop", "now")),
        ('5" wide', ('5"', "wide")),
        (r'"say \"hi\" \\ \x"', ('say "hi" \\ \\x',)),
        ('x=a,y="b c",z=“d e”', ("x=a,y=b c,z=d e",)),
        ('x==,a"b",="c d",', ('x==,a"b",=c d,',)),
        ("'a'.", ("a.",)),
        ('a,"b c",d', ("a,b c,d",)),
        ('"a b"c d"', ('a b"c d',)),
        ('"--name"', ("--name",)),
        ("-5 - -x", ("-5", "-", "-x")),
        ("-- --name x", ("--name", "x")),
        ("-- -- x", ("--", "x")),
        ("— name=x", ("name=x",)),
        ("--5", ("--5",)),
        ("unknown=x", ("unknown=x",)),
        ("http://a.b/?name=x", ("http://a.b/?name=x",)),
        ('"one\ntwo"', ("one\ntwo",)),
    ],
)
def test_words(text: str, words: tuple[str, ...]) -> None:
    assert split(text) == Arguments(words)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("--loud", {"loud": "yes"}),
        ("--loud --name x", {"loud": "yes", "name": "x"}),
        ("--loud=no", {"loud": "no"}),
        ("loud=no", {"loud": "no"}),
        ("--name=", {"name": ""}),
        ("--name '--room'", {"name": "--room"}),
        ("--name -5", {"name": "-5"}),
        ("--name o=80,c=40", {"name": "o=80,c=40"}),
        ("--name room=x", {"name": "room=x"}),
    ],
)
def test_options(text: str, options: dict[str, str]) -> None:
    assert split(text) == Arguments((), options)


@pytest.mark.parametrize(
    ("text", "tail"),
    [
        ("scout You know every trail.", "You know every trail."),
        ("scout  “Be” — well — nice ", "“Be” — well — nice"),
        ("scout It's five o'clock", "It's five o'clock"),
        ("scout 'tis --loud name=x", "'tis --loud name=x"),
        ("scout\nYou\n  know\n\nit ", "You\n  know\n\nit"),
        ("scout You\nknow", "You\nknow"),
        ("scout\n--loud name=x", "--loud name=x"),
        ('scout "You know"', "You know"),
        ("scout “You\nknow”", "You\nknow"),
        ('scout "You" and "me"', '"You" and "me"'),
        ('scout "open', '"open'),
        ("scout -- --loud", "--loud"),
        ("scout — --loud", "--loud"),
        ("scout - one\n- two", "- one\n- two"),
        ("scout", ""),
        ("scout\n\n", ""),
    ],
)
def test_the_tail_is_as_it_was_typed(text: str, tail: str) -> None:
    assert split_arguments(text, WITH_TAIL) == Arguments(("scout",), {}, tail)


@pytest.mark.parametrize(
    "text",
    [
        "scout --name Ada --loud Be nice.",
        "--loud name=Ada scout Be nice.",
        "—name “Ada” scout —loud\nBe nice.",
        "--name=Ada --loud scout\n\n\nBe nice.\n",
    ],
)
def test_options_stand_anywhere_before_the_tail(text: str) -> None:
    expected = Arguments(("scout",), {"name": "Ada", "loud": "yes"}, "Be nice.")
    assert split_arguments(text, WITH_TAIL) == expected


def test_the_lines_below_are_the_tail_even_when_a_word_is_missing() -> None:
    assert split_arguments("--loud\nBe nice.", WITH_TAIL) == Arguments(
        (), {"loud": "yes"}, "Be nice."
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('"open', "The quote before `open` is never closed."),
        ("x --name “open `x`", "The quote before `open 'x'` is never closed."),
        ("'tis", "The quote before `tis` is never closed."),
        (',"a"' * 1_001, "One word has over 1,000 texts in quotes in it."),
        ("--nmae x", "There is no option `--nmae`. Did you mean `--name`?"),
        ("—a", "There is no option `--a`. A text that starts so goes after `--`."),
        ("--room:x", "There is no option `--room:x`. Did you mean `--room`?"),
        ("1 2 3 4 5 6 7 8 9 'ten' `11`", "`'ten' '11'` is more than it takes."),
        ("--name x name=y", "`--name` is given twice."),
        ("--name", "`--name` needs a value."),
        ("--name --loud", "`--name` needs a value."),
    ],
)
def test_mistakes_say_what_is_wrong(text: str, told: str) -> None:
    with pytest.raises(UserMistake) as mistake:
        split(text)
    assert str(mistake.value).startswith(told)


def test_an_option_takes_no_value_from_the_text_below() -> None:
    with pytest.raises(UserMistake, match="`--name` needs a value"):
        split_arguments("scout --name\nBe nice.", WITH_TAIL)


@given(st.text())
def test_a_quoted_word_is_read_as_it_was(word: str) -> None:
    assert split(quote(word)) == Arguments((word,))


marks = st.text("ab1 \n\t\\\"'“”„‘’‚«»-–—=,.…")
option_values = st.dictionaries(st.sampled_from(["name", "room", "loud"]), marks)


@given(st.lists(marks, max_size=9), option_values)
def test_joined_words_and_options_are_read_as_they_were(
    words: list[str], options: dict[str, str]
) -> None:
    arguments = Arguments(tuple(words), options)
    assert split(join_arguments(arguments)) == arguments


@given(marks, option_values, marks)
def test_a_joined_tail_is_read_as_it_was(word: str, options: dict[str, str], tail: str) -> None:
    arguments = Arguments((word,), options, tail)
    assert split_arguments(join_arguments(arguments), WITH_TAIL) == arguments


@given(st.text() | marks, st.sampled_from([SHAPE, WITH_TAIL, Shape(), Shape(tail=True)]))
def test_any_text_is_arguments_or_a_mistake(text: str, shape: Shape) -> None:
    try:
        arguments = split_arguments(text, shape)
    except UserMistake as mistake:
        assert str(mistake)
    else:
        assert not shape.tail or len(arguments.words) <= shape.words
