"""What people see of a question: its notice, the reactions to tap, and how it ended."""

import logging

from lunabot.admin.confirmation import NO, YES, ending_content, question_content
from lunabot.admin.replies import Replies
from lunabot.errors import WorldError
from lunabot.matrix.account import Account
from lunabot.matrix.ids import EventId
from lunabot.matrix.markdown import edit_content
from lunabot.memory.questions import Question

log = logging.getLogger(__name__)


async def show(account: Account, question: Question) -> EventId:
    """Send the notice that asks, and return its id; once more changes nothing.

    Raises like `Account.send`.
    """
    return await Replies(account, question.message).send(question_content(question), "question")


async def offer(account: Account, question: Question) -> None:
    """Place ✅ and ❌ below the notice; where that fails the code can still be typed."""
    replies = Replies(account, question.message)
    try:
        for key in (YES, NO):
            await replies.react(key, f"offer {key}", to=question.notice)
    except WorldError as error:
        log.warning("no reactions were placed below a question: %s", error)


async def tell_end(account: Account, question: Question, ending: str) -> None:
    """Let the notice say how the question ended; a failure only shows in the log."""
    if not question.notice:
        return
    content = edit_content(question.notice, ending_content(question, ending))
    try:
        await Replies(account, question.message).send(content, f"ending {ending}")
    except WorldError as error:
        log.warning("the end of a question was not told: %s", error)


async def mark_undone(account: Account, question: Question) -> None:
    """Set the command's ❌; a failure only shows in the log."""
    try:
        await Replies(account, question.message).mark(ok=False)
    except WorldError as error:
        log.warning("a mark was not set: %s", error)
