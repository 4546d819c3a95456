"""Markdown as phones show it: every tag and link, nasty nesting, and the content of events."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.matrix.ids import EventId, UserId
from lunabot.matrix.markdown import Rendered, edit_content, render, text_content
from tests.html_subset import HtmlSubset
from tests.worst_texts import WORST


@pytest.mark.parametrize(
    ("markdown", "body"),
    [
        ("Hello, how are you?", "Hello, how are you?"),
        ("two\nlines", "two\nlines"),
        ("two\n\n\nparagraphs", "two\n\nparagraphs"),
        ("5 \\* 3 &lt; 2**4 snake_case_name", "5 * 3 < 2**4 snake_case_name"),
        ("@room look", "@\u2060room look"),
        ("<b>raw</b>", "<b>raw</b>"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("a\u202eb\0c\u200bd&#8238;e", "abcde"),
        ("", ""),
    ],
)
def test_plain_text_stays_plain(markdown: str, body: str) -> None:
    assert render(markdown) == Rendered(body, None)


@pytest.mark.parametrize(
    ("markdown", "body", "html"),
    [
        ("**a** *b* ~~c~~", "a b ~~c~~", "<strong>a</strong> <em>b</em> <del>c</del>"),
        ("`a<b`", "`a<b`", "<code>a&lt;b</code>"),
        ("*a*\nb", "a\nb", "<em>a</em><br>b"),
        ("*a*\n\nb", "a\n\nb", "<p><em>a</em></p><p>b</p>"),
        ("# One\ntwo", "One\n\ntwo", "<p><strong>One</strong></p><p>two</p>"),
        ("a\n\n---", "a\n\n———", "<p>a</p><p>———</p>"),
        (
            "> a\n> > b",
            "> a\n> \n> > b",
            "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
        ),
        ("- a\n- b", "• a\n• b", "<ul><li>a</li><li>b</li></ul>"),
        (
            "- a\n  1. b\n  2. c",
            "• a\n  1. b\n  2. c",
            "<ul><li>a<ol><li>b</li><li>c</li></ol></li></ul>",
        ),
        ("9. a\n9. b", "9. a\n10. b", '<ol start="9"><li>a</li><li>b</li></ol>'),
        (
            "```py\nx < 1\n```",
            "```py\nx < 1\n```",
            '<pre><code class="language-py">x &lt; 1\n</code></pre>',
        ),
        ("~~~\nx", "~~~\nx\n~~~", "<pre><code>x</code></pre>"),
        (
            "[a](https://b.c/?d=1&e)",
            "a (https://b.c/?d=1&e)",
            '<a href="https://b.c/?d=1&amp;e">a</a>',
        ),
        ("<https://b.c>", "https://b.c", '<a href="https://b.c">https://b.c</a>'),
        ("<me@b.c>", "me@b.c", '<a href="mailto:me@b.c">me@b.c</a>'),
        ("[](https://b.c)", "https://b.c", '<a href="https://b.c">https://b.c</a>'),
        ("[Al](https://matrix.to/#/@al:b)", "Al", '<a href="https://matrix.to/#/@al:b">Al</a>'),
        (
            "![cat](https://b.c/i.png)",
            "cat (https://b.c/i.png)",
            '<a href="https://b.c/i.png">cat</a>',
        ),
        (
            "[![cat](https://b.c/i)](https://d.e)",
            "cat (https://b.c/i) (https://d.e)",
            '<a href="https://d.e">cat</a>',
        ),
        ("**[a](x) <i>b</i>**", "[a](x) <i>b</i>", "<strong>[a](x) &lt;i&gt;b&lt;/i&gt;</strong>"),
        ('*a* "b"', 'a "b"', '<em>a</em> "b"'),
    ],
)
def test_formatting(markdown: str, body: str, html: str) -> None:
    assert render(markdown) == Rendered(body, html)


def test_a_narrow_table_is_aligned() -> None:
    rendered = render("| Name | 数 |\n|---|--:|\n| **Luna** | 1 |\n| 月 | a & b |")
    assert rendered.body == "Name  数\n────  ─────\nLuna  1\n月    a & b"
    assert rendered.formatted_body == f"<pre>{rendered.body.replace('&', '&amp;')}\n</pre>"


def test_a_wide_table_is_a_list() -> None:
    rendered = render(
        "| Name | What it is for | |\n|---|---|---|\n"
        "| Luna | to *talk* with people all day | x |\n| | to listen | |"
    )
    assert rendered.body == (
        "• Luna\n  What it is for: to talk with people all day\n  x\n"
        "• \n  What it is for: to listen"
    )
    assert rendered.formatted_body == (
        "<ul><li><strong>Luna</strong><br>What it is for: to <em>talk</em> with people all day<br>x"
        "</li><li>What it is for: to listen</li></ul>"
    )


def test_a_wide_table_of_headings_loses_none() -> None:
    body = render("| a long heading of a column | and another one |\n|---|---|").body
    assert "a long heading of a column" in body and "and another one" in body


@pytest.mark.timeout(60)  # measured: at most 0.6 s
@pytest.mark.parametrize("markdown", WORST.values(), ids=WORST)
def test_no_text_is_rendered_for_ever(markdown: str) -> None:
    rendered = render(markdown)
    assert rendered.body or not markdown.strip()
    if rendered.formatted_body:
        HtmlSubset(rendered.formatted_body)


def test_half_of_the_marks_a_text_may_have_still_count() -> None:
    assert render("**a** " * 1_500).formatted_body is not None


_PIECES = ["*", "**", "_", "`", "```", "~~", ">", "-", "1.", "#", "[", "](", ")", "!", "<", "&"]
_PIECES += ["&lt;", "|", "|-|-|", "\\", "a", "https://a.b", "javascript:x"]
_PIECES += ["\n", "\n\n", " ", "    ", "```\n", "|a|b|\n|-|-|\n"]
_MARKDOWN = st.sampled_from(_PIECES) | st.characters(codec=None)


@given(st.lists(_MARKDOWN, max_size=60).map("".join))
def test_any_markdown_is_safe(markdown: str) -> None:
    rendered = render(markdown)
    rendered.body.encode()
    if rendered.formatted_body is not None:
        text = HtmlSubset(rendered.formatted_body).text
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200b\0]", text)


@given(st.text(st.characters(categories=["L", "N", "Zs"]), max_size=200))
def test_words_come_through_as_they_are(words: str) -> None:
    text = " ".join(words.split())
    rendered = render(text)
    assert rendered == Rendered(text, None) or not text


EVENT, ROOT = EventId("$event"), EventId("$root")


def test_content_of_plain_text_pings_nobody() -> None:
    assert text_content("hi @room") == {
        "msgtype": "m.text",
        "body": "hi @\u2060room",
        "m.mentions": {},
    }


def test_content_of_a_formatted_notice_in_reply() -> None:
    mentions = [UserId("@b:c"), UserId("@a:c"), UserId("@b:c")]
    assert text_content("**hi**", "m.notice", in_reply_to=EVENT, mentions=mentions) == {
        "msgtype": "m.notice",
        "body": "hi",
        "format": "org.matrix.custom.html",
        "formatted_body": "<strong>hi</strong>",
        "m.mentions": {"user_ids": ["@a:c", "@b:c"]},
        "m.relates_to": {"m.in_reply_to": {"event_id": EVENT}},
    }


@pytest.mark.parametrize(("in_reply_to", "shown_below"), [(None, ROOT), (EVENT, EVENT)])
def test_content_in_a_thread(in_reply_to: EventId | None, shown_below: EventId) -> None:
    content = text_content("hi", in_reply_to=in_reply_to, thread=ROOT)
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": ROOT,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": shown_below},
    }


def test_content_of_what_is_rendered_already() -> None:
    assert text_content(Rendered("*", None))["body"] == "*"


def test_an_edit_carries_the_new_content_and_a_fallback() -> None:
    new = text_content("**hi**", in_reply_to=EVENT, mentions=[UserId("@a:c")])
    edit = edit_content(EVENT, new)
    assert edit["m.new_content"] == {key: new[key] for key in new if key != "m.relates_to"}
    assert (edit["body"], edit["formatted_body"]) == ("* hi", "* <strong>hi</strong>")
    assert edit["m.mentions"] == {}
    assert edit["m.relates_to"] == {"rel_type": "m.replace", "event_id": EVENT}
    assert "m.relates_to" in new
    assert "formatted_body" not in edit_content(EVENT, text_content("hi"))
