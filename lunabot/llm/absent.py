"""What stands in where no model is set up: it says so, each time it is asked."""

from collections.abc import AsyncGenerator, Sequence

from lunabot.llm.completion import Completion
from lunabot.llm.errors import ModelError
from lunabot.llm.tools import Tool
from lunabot.llm.turns import ChatTurn


class NoModel:
    """A model client that cannot answer, and tells why and what to set."""

    model = "none"
    host = "nowhere"

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def complete(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> Completion:
        """Raise `ModelError`."""
        raise self._error()

    async def stream(
        self, messages: Sequence[ChatTurn], *, model: str | None = None, tools: Sequence[Tool] = ()
    ) -> AsyncGenerator[str | Completion]:
        """Raise `ModelError`."""
        pieces: tuple[str, ...] = ()
        for piece in pieces:
            yield piece
        raise self._error()

    async def check(self) -> None:
        """Raise `ModelError`."""
        raise self._error()

    async def close(self) -> None:
        """Do nothing."""

    def _error(self) -> ModelError:
        return ModelError(
            f"no model is set up ({self._reason}): set llm.base_url, llm.api_key and llm.model"
        )
