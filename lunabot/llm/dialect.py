"""Which optional parameters a model takes: endpoints that call themselves compatible differ.

Reasoning models want ``max_completion_tokens`` for ``max_tokens`` and no ``temperature``; some
servers refuse ``stream_options``. Which ones is learned from their refusals.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lunabot.llm.errors import Refusal
from lunabot.llm.turns import ChatTurn

_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|forbidden|deprecated",
    re.IGNORECASE,
)
_NEW_LIMIT = "max_completion_tokens"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to ask a model; the default is what most of them understand."""

    limit: str = "max_tokens"
    temperature: bool = True
    stream_usage: bool = True

    def body(
        self,
        model: str,
        turns: Sequence[ChatTurn],
        *,
        temperature: float,
        max_tokens: int,
        stream: bool = False,
    ) -> dict[str, object]:
        """Make the JSON body of a request; `max_tokens` bounds the completion."""
        messages = [{"role": turn.role, "content": turn.content} for turn in turns]
        body: dict[str, object] = {"model": model, "messages": messages, self.limit: max_tokens}
        if self.temperature:
            body["temperature"] = temperature
        if stream:
            body["stream"] = True
        if stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def adapted_to(self, refusal: Refusal) -> "Dialect":
        """Return the dialect that a refusal asks for; itself where it names no such parameter."""
        said = refusal.said
        if refusal.status not in (400, 422) or not _UNSUPPORTED.search(said):
            return self
        if self.limit != _NEW_LIMIT and "max_tokens" in said and _NEW_LIMIT in said:
            return replace(self, limit=_NEW_LIMIT)
        if self.temperature and "temperature" in said:
            return replace(self, temperature=False)
        if self.stream_usage and "stream_options" in said:
            return replace(self, stream_usage=False)
        return self
