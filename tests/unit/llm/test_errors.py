"""What failures are called, whatever a provider says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunabot.errors import WorldError
from lunabot.llm.errors import Endpoint, ModelError

KEY = "k3y-of-luna"
ENDPOINT = Endpoint("https://models.example.org/v1", KEY)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.just(f"your key {KEY} is odd"),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["error", "message", "detail", "code"]), inner)
    ),
    max_leaves=6,
)


@given(st.integers(300, 599), ANYTHING)
def test_any_refusal_is_short_and_holds_no_key(status: int, body: object) -> None:
    refusal = ENDPOINT.refusal(status, {}, body, "some-model")
    assert isinstance(refusal, WorldError)
    assert KEY not in str(refusal) + refusal.said
    assert "models.example.org" in str(refusal) or "some-model" in str(refusal)
    assert len(str(refusal)) < 300
    assert "\n" not in str(refusal)
    assert refusal.passing == (status in (408, 409, 429) or status >= 500)


@pytest.mark.parametrize(
    ("body", "explanation"),
    [
        ({"message": "bad role"}, " bad role"),
        ({"error": {"message": "bad role"}}, " bad role"),
        ({"error": "bad role"}, " bad role"),
        ("bad role", " bad role"),
        ("<html><h1>Bad Request</h1>", ""),
        ({"detail": [1, 2]}, ""),
        (None, ""),
    ],
)
def test_the_provider_is_quoted(body: object, explanation: str) -> None:
    text = str(ENDPOINT.refusal(400, {}, body, "m"))
    assert text == f"models.example.org refused the request (status 400){explanation}"


@pytest.mark.parametrize(
    "said",
    [
        "This model's maximum context length is 8192 tokens",
        "context_length_exceeded",
        "the request exceeds the available context size",
        "exceeds the context window",
    ],
)
def test_a_prompt_that_is_too_long(said: str) -> None:
    text = str(ENDPOINT.refusal(400, {}, {"message": said}, "m"))
    assert text == "the prompt is too long for model m: lower context.budget_tokens"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (404, "The model `m` does not exist or you do not have access to it."),
        (404, 'model "m" not found, try pulling it first'),
        (400, "Model Not Exist"),
        (400, "m is not a valid model ID"),
        (400, "model_not_found"),
    ],
)
def test_a_model_that_is_not_there(status: int, said: str) -> None:
    text = str(ENDPOINT.refusal(status, {}, {"message": said}, "m"))
    assert text == "model m is unknown to models.example.org: set llm.model"


def test_a_dummy_key_does_not_mask_ordinary_words() -> None:
    refusal = Endpoint("http://localhost/v1", "a").refusal(400, {}, "a bad role", "m")
    assert str(refusal).endswith("a bad role")


def test_an_endpoint_does_not_show_its_key() -> None:
    assert KEY not in repr(ENDPOINT)


@pytest.mark.parametrize(
    "failure", [ENDPOINT.unreachable(), ENDPOINT.late(), ENDPOINT.garbled(), ENDPOINT.broken_off()]
)
def test_failures_on_the_way_may_pass(failure: ModelError) -> None:
    assert failure.passing
    assert "models.example.org" in str(failure)
    assert "ask again later" in str(failure)


def test_silence_does_not_pass() -> None:
    assert not ENDPOINT.silent("m", None).passing
