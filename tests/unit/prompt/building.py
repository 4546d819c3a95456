"""Prompts made with as few words as a test needs, and their exact sizes."""

from collections.abc import Mapping, Sequence

from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.prompt.builder import Prompt, build
from lunabot.prompt.material import Material
from lunabot.prompt.shares import Limits
from lunabot.prompt.tokens import Counter, Tokenizer
from tests.unit.prompt.conversations import LUNA, NAMES

SYSTEM = "You are Luna."


def built(
    messages: Sequence[Message],
    counter: Counter,
    *,
    names: Mapping[UserId, str] = NAMES,
    budget: int = 8_000,
    reply: int = 1_000,
    system: str = SYSTEM,
) -> Prompt:
    return build(Material(system, messages, LUNA, names), Limits(budget, reply), counter=counter)


def sent_tokens(prompt: Prompt, tokenizer: Tokenizer) -> int:
    """Count what is sent as the OpenAI cookbook does, without anything remembered."""
    assert tokenizer._encoding
    encode = tokenizer._encoding.encode_ordinary
    return 3 + sum(3 + len(encode(turn.role)) + len(encode(turn.content)) for turn in prompt.turns)
