"""Which parameters are sent, and which refusals change that."""

import pytest

from lunabot.llm.dialect import Dialect
from lunabot.llm.errors import Refusal

PLAIN = Dialect()
REASONING = Dialect(limit="max_completion_tokens")


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
