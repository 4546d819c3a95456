"""Which parameters are sent, and which refusals change that."""

from typing import Any

import pytest

from lunabot.llm.dialect import Dialect
from lunabot.llm.errors import Refusal
from lunabot.llm.image import Image
from lunabot.llm.turns import ChatTurn

PLAIN = Dialect()
REASONING = Dialect(limit="max_completion_tokens")
SIGHTLESS = Dialect(pictures=False)
TOOLLESS = Dialect(tools=False)
PICTURE = Image(b"pixels", "image/jpeg", 10, 10)


@pytest.mark.parametrize(
    ("dialect", "status", "said", "adapted"),
    [
        (
            PLAIN,
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
            REASONING,
        ),
        (
            PLAIN,
            400,
            "Unsupported value: 'temperature' does not support 0.7 with this model.",
            Dialect(temperature=False),
        ),
        (PLAIN, 400, "`temperature` is deprecated for this model.", Dialect(temperature=False)),
        (PLAIN, 422, "extra_forbidden: stream_options", Dialect(stream_usage=False)),
        (PLAIN, 400, "'max_tokens' or 'max_completion_tokens' is too large: 9000", PLAIN),
        (PLAIN, 400, "Unsupported parameter: 'messages[0].name'", PLAIN),
        (PLAIN, 500, "temperature is not supported", PLAIN),
        (REASONING, 400, "'max_completion_tokens' is not supported", REASONING),
        (PLAIN, 404, "No endpoints found that support image input", SIGHTLESS),
        (PLAIN, 500, "image input is not supported - hint: you need the mmproj", SIGHTLESS),
        (PLAIN, 400, "unknown variant `image_url`, expected `text`", SIGHTLESS),
        (PLAIN, 400, '{"message": "unknown variant \\"image_url\\""}', SIGHTLESS),
        (PLAIN, 400, "image_url is only supported by certain models.", SIGHTLESS),
        (PLAIN, 500, 'Unsupported content part type: "image_url"', SIGHTLESS),
        (PLAIN, 400, "smollm2 is not a multimodal model", SIGHTLESS),
        (PLAIN, 400, "Your image was rejected by our safety system.", PLAIN),
        (PLAIN, 429, "image input is not supported", PLAIN),
        (PLAIN, 400, "registry.ollama.ai/library/gemma does not support tools", TOOLLESS),
        (PLAIN, 404, "No endpoints found that support tool use.", TOOLLESS),
        (PLAIN, 400, '"auto" tool choice requires --enable-auto-tool-choice', TOOLLESS),
        (PLAIN, 500, "tools param requires --jinja flag", TOOLLESS),
        (PLAIN, 400, "Unsupported parameter: 'tools'", TOOLLESS),
        (PLAIN, 422, "body.tools: Extra inputs are not permitted", TOOLLESS),
        (PLAIN, 400, "Invalid schema for function 'spawn'", PLAIN),
        (Dialect(temperature=False), 400, "temperature is not supported", None),
    ],
)
def test_refusals(dialect: Dialect, status: int, said: str, adapted: Dialect | None) -> None:
    assert dialect.adapted_to(Refusal("no", status, said)) == (adapted or dialect)


def test_adapting_comes_to_an_end() -> None:
    refusal = Refusal(
        "no", 400, "unsupported: max_tokens, max_completion_tokens, temperature, stream_options"
    )
    dialects = [PLAIN]
    for _ in range(5):
        dialects.append(dialects[-1].adapted_to(refusal))
    assert len(set(dialects)) == 4
    assert dialects[3:] == [dialects[3]] * 3
    assert dialects[3].body("m", [], temperature=1, max_tokens=5, stream=True) == {
        "model": "m",
        "messages": [],
        "max_completion_tokens": 5,
        "stream": True,
    }


def _content(dialect: Dialect, turn: ChatTurn) -> Any:
    messages: Any = dialect.body("m", [turn], temperature=1, max_tokens=5)["messages"]
    return messages[0]["content"]


def test_pictures_are_parts_behind_the_text() -> None:
    assert _content(PLAIN, ChatTurn("user", "hi")) == "hi"
    assert _content(PLAIN, ChatTurn("user", "hi", (PICTURE, PICTURE))) == [
        {"type": "text", "text": "hi"},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,cGl4ZWxz"}},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,cGl4ZWxz"}},
    ]


def test_a_model_without_sight_is_told_so_in_words() -> None:
    content = _content(SIGHTLESS, ChatTurn("user", "hi", (PICTURE,)))
    assert content.startswith("hi\n[You cannot see") and "pixels" not in content
    assert _content(SIGHTLESS, ChatTurn("user", "hi")) == "hi"
