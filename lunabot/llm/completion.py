"""What a model gave back, read from the JSON of an answer, whole or in pieces."""

import json
from dataclasses import dataclass, field
from typing import Any

from lunabot.llm.tools import ToolCall

_MOST_TOKENS = 10**9  # what is more was not counted


@dataclass(frozen=True, slots=True)
class Completion:
    """A finished answer.

    The token counts are the endpoint's own; None where it gives none (then they are the caller's
    to estimate). `finish_reason` is "stop", or "length" when the text ran into its limit. With
    `tool_calls` the text may be empty.
    """

    text: str
    model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    finish_reason: str | None
    tool_calls: tuple[ToolCall, ...] = ()


class Unreadable(Exception):
    """What came is no completion: half a JSON, another format, no choices."""


@dataclass(slots=True)
class Gathering:
    """A completion that grows by the chunks of a stream; a whole answer is a single chunk."""

    model: str
    finish_reason: str | None = None
    _texts: list[str] = field(default_factory=list)
    _usage: Any = None
    _calls: dict[int, tuple[str, str]] = field(default_factory=dict)

    def take(self, chunk: Any, part: str = "delta") -> str:
        """Add a decoded chunk and return its text, which stands in `part` of its choice.

        Raises `Unreadable` where the chunk has another shape.
        """
        try:
            self.model = _named(chunk.get("model")) or self.model
            self._usage = chunk.get("usage") or self._usage
            text = "".join(self._text(choice, part) for choice in chunk["choices"][:1])
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise Unreadable from error
        self._texts.append(text)
        return text

    def completion(self) -> Completion:
        """Return what was gathered, blanks around it cut off."""
        return Completion(
            "".join(self._texts).strip(),
            self.model,
            _count(self._usage, "prompt_tokens"),
            _count(self._usage, "completion_tokens"),
            self.finish_reason,
            tuple(ToolCall(name, written) for name, written in self._calls.values() if name),
        )

    def _text(self, choice: Any, part: str) -> str:
        self.finish_reason = _named(choice.get("finish_reason")) or self.finish_reason
        message = choice.get(part) or {}
        for place, call in enumerate(message.get("tool_calls") or ()):
            self._add_call(call.get("index", place), call.get("function") or {})
        text = message.get("content") or message.get("refusal") or ""
        if not isinstance(text, str):
            raise TypeError(type(text))
        return text

    def _add_call(self, number: int, part: Any) -> None:
        """Add a piece of a tool call: the name comes first, the arguments bit by bit.

        Some servers write the arguments as an object in place of its JSON.
        """
        name, written = self._calls.get(number, ("", ""))
        more = part.get("arguments") or ""
        more = more if isinstance(more, str) else json.dumps(more)
        self._calls[number] = (name or str(part.get("name") or ""), written + more)


def read_completion(body: bytes, model: str) -> Completion:
    """Read a whole answer; `model` stands in where it does not say. Raises `Unreadable`."""
    gathering = Gathering(model)
    answer = _decoded(body)
    gathering.take(answer, "message")
    if not answer["choices"]:
        raise Unreadable
    return gathering.completion()


def read_model_names(body: bytes) -> list[str]:
    """Read the identifiers in an endpoint's list of models. Raises `Unreadable`."""
    try:
        return [str(entry["id"]) for entry in _decoded(body)["data"]]
    except (KeyError, TypeError) as error:
        raise Unreadable from error


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable from error


def _named(value: object) -> str:
    """Return a name as a store can hold it: JSON can bring half a character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _count(usage: Any, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and 0 <= count < _MOST_TOKENS else None
