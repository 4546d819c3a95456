"""What a model may ask for in place of an answer, and who hears of it."""

from collections.abc import Sequence
from typing import Protocol

from lunabot.dispatch.queue import Question
from lunabot.llm.tools import Tool, ToolCall
from lunabot.matrix.account import Account


class Proposals(Protocol):
    """Offers tools to the model and takes what it calls, once or again after a crash."""

    def tools(self, account: Account, questions: Sequence[Question]) -> Sequence[Tool]:
        """Return what the model may call in its answer of an account to these questions."""

    async def propose(self, questions: Sequence[Question], calls: Sequence[ToolCall]) -> None:
        """Take what it called; raises `WorldError`."""


class NoProposals:
    """Offers nothing."""

    def tools(self, account: Account, questions: Sequence[Question]) -> Sequence[Tool]:
        """Return nothing."""
        return ()

    async def propose(self, questions: Sequence[Question], calls: Sequence[ToolCall]) -> None:
        """Pass over what was called unasked."""
