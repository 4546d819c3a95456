"""Reading what endpoints send, whatever its shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.llm.completion import Completion, Unreadable, read_completion, read_model_names

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "usage", "model", "data", "id"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_what_cannot_be_read_is_named(body: bytes) -> None:
    try:
        completion = read_completion(body, "m")
    except Unreadable:
        return
    assert isinstance(completion.text, str)
    assert completion.prompt_tokens is None or isinstance(completion.prompt_tokens, int)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_model_names_are_texts_or_cannot_be_read(body: bytes) -> None:
    try:
        names = read_model_names(body)
    except Unreadable:
        return
    assert all(isinstance(name, str) for name in names)


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"message": {"content": "  hi \n"}}, "hi"),
        ({"message": {"content": None, "refusal": "I will not."}}, "I will not."),
        ({"message": {"content": None}}, ""),
        ({"message": None}, ""),
        ({}, ""),
    ],
)
def test_the_text_of_an_answer(choice: object, text: str) -> None:
    body = json.dumps({"choices": [choice]}).encode()
    assert read_completion(body, "m") == Completion(text, "m", None, None, None)


def test_all_that_an_answer_says() -> None:
    body = {
        "model": "m-2024",
        "choices": [{"message": {"content": "hi"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 1},
    }
    assert read_completion(json.dumps(body).encode(), "m") == Completion(
        "hi", "m-2024", 7, 1, "length"
    )
