"""Which optional parameters a model takes: endpoints that call themselves compatible differ.

Reasoning models want ``max_completion_tokens`` for ``max_tokens`` and no ``temperature``; some
servers refuse ``stream_options``; many models take no pictures, or know no tools. Which ones is
learned from their refusals.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lunabot.llm.errors import Refusal
from lunabot.llm.tools import Tool
from lunabot.llm.turns import ChatTurn

_UNSUPPORTED = re.compile(
    r"unsupported|not support|unrecognized|unknown|unexpected|not permitted|forbidden|deprecated",
    re.IGNORECASE,
)
_NEW_LIMIT = "max_completion_tokens"
# OpenAI, DeepSeek, Mistral; OpenRouter (404); vLLM; llama.cpp (500); Ollama.
_NO_PICTURES = re.compile(
    r"image[^.]{0,60} (not|only) support|not support[^.]{0,60}image|that support image input"
    r"|unsupported content part|unknown variant \W*image_url|not a multimodal model"
    r"|at most 0 image|missing data required for image",
    re.IGNORECASE,
)
_PICTURE_STATUSES = (400, 404, 415, 422, 500)
# Ollama, OpenRouter (404), vLLM, llama.cpp (500), and whoever says so in OpenAI's words.
_NO_TOOLS = re.compile(
    r"not support[^.]{0,40} tool|support tool use|tool choice requires|tools param requires"
    r"|tools\W[^.]{0,60}(not support|unsupported|not permitted|unrecognized|unexpected)"
    r"|(unsupported|unrecognized|unknown|unexpected)[^.]{0,40}\btools?\b",
    re.IGNORECASE,
)
_TOOL_STATUSES = (400, 404, 422, 500, 501)
_UNSEEN = "[You cannot see what was sent here: this model takes no pictures.]"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to ask a model; the default is what most of them understand."""

    limit: str = "max_tokens"
    temperature: bool = True
    stream_usage: bool = True
    pictures: bool = True
    tools: bool = True

    def body(
        self,
        model: str,
        turns: Sequence[ChatTurn],
        *,
        temperature: float,
        max_tokens: int,
        tools: Sequence[Tool] = (),
        stream: bool = False,
    ) -> dict[str, object]:
        """Make the JSON body of a request; `max_tokens` bounds the completion."""
        messages = [{"role": turn.role, "content": self._content(turn)} for turn in turns]
        body: dict[str, object] = {"model": model, "messages": messages, self.limit: max_tokens}
        if self.temperature:
            body["temperature"] = temperature
        if tools and self.tools:
            body["tools"] = [tool.body for tool in tools]
        if stream:
            body["stream"] = True
        if stream and self.stream_usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def adapted_to(self, refusal: Refusal) -> "Dialect":
        """Return the dialect that a refusal asks for; itself where it names no such parameter."""
        said = refusal.said
        if refusal.status in _PICTURE_STATUSES and _NO_PICTURES.search(said):
            return replace(self, pictures=False)
        if refusal.status in _TOOL_STATUSES and _NO_TOOLS.search(said):
            return replace(self, tools=False)
        if refusal.status not in (400, 422) or not _UNSUPPORTED.search(said):
            return self
        if self.limit != _NEW_LIMIT and "max_tokens" in said and _NEW_LIMIT in said:
            return replace(self, limit=_NEW_LIMIT)
        if self.temperature and "temperature" in said:
            return replace(self, temperature=False)
        if self.stream_usage and "stream_options" in said:
            return replace(self, stream_usage=False)
        return self

    def _content(self, turn: ChatTurn) -> str | list[Mapping[str, object]]:
        """Return what a turn says: a text, or a text and pictures as parts of one content."""
        if not turn.images:
            return turn.content
        if not self.pictures:
            return f"{turn.content}\n{_UNSEEN}"
        pictures = ({"type": "image_url", "image_url": {"url": each.url}} for each in turn.images)
        return [{"type": "text", "text": turn.content}, *pictures]
