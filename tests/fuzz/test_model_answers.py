"""Whatever a model writes, what reaches a room is words and a little HTML that calls nobody."""

import json as json_text
import re
import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.dispatch import writing
from lunabot.llm.completion import Completion, Gathering, Unreadable, read_completion
from lunabot.matrix.ids import EventId, RoomId, UserId
from lunabot.matrix.markdown import edit_content, render, render_parts, text_content
from lunabot.matrix.rendering import Rendered
from lunabot.matrix.splitting import MESSAGE_BYTES
from lunabot.memory.archive import Archive
from lunabot.memory.usage import Usage
from tests.fuzz import made_up
from tests.fuzz.campaign import FUZZ, LONG
from tests.html_subset import HtmlSubset

# Client-server API, "Default override rules" and "Conditions for push rules": a word of the body,
# its borders anything but letters, digits and underscores of ASCII, in any case.
ROOM_NOTIFICATION = re.compile(r"(?<![A-Za-z0-9_])@room(?![A-Za-z0-9_])", re.IGNORECASE)

_PIECES = (
    "@room |@ROOM|@Ro|om|@|room|@\u200broom|@\u200d\u2060room|&#64;room|@&#8203;room|"
    "@<b></b>room|@r**oo**m|`@room`|[@room](https://a.example/@room)|**@**room|@\\room|"
    "<script>alert(1)</script>|<img src=x onerror=a()>|<b>|</b>|<!--|-->|<mx-reply>|"
    "[a](javascript:alert(1))|[a](JaVaScRiPt&#58;alert(1))|[a](data:text/html,x)|[a](vbscript:x)|"
    "[pill](https://matrix.to/#/@ada:localhost)|https://matrix.to/#/@ada:localhost|"
    "[pill](matrix:u/ada:localhost)|![image](https://a.example/b.png)|![i](mxc://a/b)|"
    '[a](https://a.example/"onmouseover="b)|[a](https://a.example "title")|'
    "<https://a.example/?a&b>|<javascript:a>|mailto:a@room.example|/purge everything|!shutdown|"
    "# |> |- |1. |99999999. |```|~~~|```html onclick=a\n|`|**|__|*|_|~~|\\|&lt;script&gt;|"
    "&amp;|&#0;|&#xd800;|&#8238;|---|[|]|(|)|![|\n|\n\n|    |\t| \\\n"
)
pieces = st.sampled_from(_PIECES.split("|")) | st.sampled_from(["|", "|-|-|", "| a | b |"])
answers = st.lists(pieces | made_up.texts, max_size=40).map("".join)


def check(rendered: Rendered) -> None:
    """See to it that a text calls nobody and has no HTML but ours, sent or as an edit."""
    assert not ROOM_NOTIFICATION.search(rendered.body)
    if rendered.formatted_body is not None:
        assert not ROOM_NOTIFICATION.search(HtmlSubset(rendered.formatted_body).text)
    content = text_content(rendered)
    edit = edit_content(EventId("$e"), content)
    for said in (content, edit, edit["m.new_content"]):
        assert said["m.mentions"] == {}
        assert not ROOM_NOTIFICATION.search(said["body"])
    json_text.dumps(edit, ensure_ascii=False).encode()


@FUZZ
@given(answers)
def test_an_answer_calls_nobody_and_has_no_html_but_ours(answer: str) -> None:
    check(render(answer))


@FUZZ
@given(answers, st.integers(512, 4096))
def test_so_does_each_part_of_a_long_one(answer: str, limit: int) -> None:
    for part in render_parts(answer, limit):
        check(part)


@FUZZ
@given(answers, st.data())
def test_and_each_beginning_of_one_that_grows(answer: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(0, len(answer)))
    check(render(answer[:end] + writing.GROWING))


_MIB = 2**20 if LONG else 2**17  # of what is costly, the sample takes an eighth
HUGE = {
    "words": "many words " * 95_000,
    "one word": "x" * 2**20,
    "combining": "a" + "\u0301" * 500_000,
    "invisible": "\u200b\u2060\ufeff" * 350_000 + "seen",
    "mentions of everyone": "@room " * (_MIB // 6),
    "pills": "[ada](https://matrix.to/#/@ada:localhost) " * (_MIB // 42),
    "a thousand pills": "[ada](https://matrix.to/#/@ada:localhost) " * 1_000,
    "HTML": "<div onclick='a()'>" * (_MIB // 19),
    "fences": "```\n" * (_MIB // 4),
    "lists in lists": "".join(f"{'  ' * depth}- a\n" for depth in range(1_000 if LONG else 350)),
    "quotes": ">" * 10_000 + " deep",
    "brackets": "[" * 10_000 + "]" * 10_000,
    "emphasis": "*a " * 10_000 + "*" * 10_000,
    "links in links": "[" * 10_000 + "a" + "](https://a.example)" * 10_000,
    "table": "| @room " * 100 + "|\n" + "|-" * 100 + "|\n" + ("| @room " * 100 + "|\n") * 100,
}


@pytest.mark.parametrize("kind", HUGE)
async def test_a_huge_answer_becomes_messages_off_the_loop(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(text: str) -> list[Rendered]:
        threads.append(threading.current_thread())
        return render_parts(text)

    monkeypatch.setattr(writing, "render_parts", noted)
    parts = await writing._rendered(HUGE[kind])
    assert threading.main_thread() not in threads
    assert parts
    for part in parts:
        check(part)
        size = len(json_text.dumps((part.body, part.formatted_body), ensure_ascii=False).encode())
        assert size <= MESSAGE_BYTES


@FUZZ
@given(answers, st.lists(st.integers(0, 2_000), max_size=20))
def test_a_stream_may_be_cut_anywhere(answer: str, cuts: list[int]) -> None:
    gathering = Gathering("m")
    borders = [0, *sorted(min(cut, len(answer)) for cut in cuts), len(answer)]
    for start, end in pairwise(borders):
        gathering.take({"choices": [{"delta": {"content": answer[start:end]}}]})
    assert gathering.completion().text == answer.strip()


ANSWER: dict[str, Any] = {
    "id": "c",
    "model": "m",
    "choices": [],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2},
}
MESSAGE = made_up.spoiled(
    {"role": "assistant", "content": "hi", "refusal": None},
    {"content": None, "function": {"name": "propose_command", "arguments": "{}"}, "index": 0},
)
calls = st.lists(MESSAGE | made_up.json, max_size=2) | made_up.json
messages = st.builds(lambda message, more: {**message, "tool_calls": more}, MESSAGE, calls)
choices = st.lists(
    st.fixed_dictionaries({"message": messages | made_up.json, "finish_reason": made_up.json}),
    max_size=2,
)
bodies = st.builds(
    lambda answer, some: {**answer, "choices": some},
    made_up.spoiled(ANSWER),
    choices | made_up.json,
)
too_deep = st.sampled_from([b"[" * 100_000, b'{"choices": ' + b"[" * 100_000])


@FUZZ
@given(bodies.map(lambda body: json_text.dumps(body).encode()) | too_deep)
def test_what_an_endpoint_answers_is_a_completion_that_can_be_counted_or_none(body: bytes) -> None:
    try:
        completion = read_completion(body, "m")
    except Unreadable:
        return
    for count in (completion.prompt_tokens, completion.completion_tokens):
        assert count is None or 0 <= count <= 10**9
    assert completion.finish_reason is None or isinstance(completion.finish_reason, str)
    assert all(isinstance(call.arguments, str) for call in completion.tool_calls)
    completion.model.encode()
    check(render(completion.text))


async def test_what_it_cost_is_kept_whatever_the_endpoint_calls_itself() -> None:
    body = {
        "model": "\ud800",
        "choices": [{"message": {"content": "\udfff"}}],
        "usage": {"prompt_tokens": 10**30, "completion_tokens": -1},
    }
    completion: Completion = read_completion(json_text.dumps(body).encode(), "m")
    assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)
    archive = await Archive.open(None)
    room, luna, ada = RoomId("!r:localhost"), UserId("@luna:localhost"), UserId("@ada:localhost")
    await archive.record_usage(Usage(1, room, luna, ada, completion.model, 0, 0))
    await archive.close()
