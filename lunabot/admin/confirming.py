"""The questions before something is destroyed: asked, answered once, and taken to their end.

A question is on the disk before anybody sees it, and whoever answers it takes it out of the open
ones without a pause in between: two answers at once are one, and so is one that comes again after
a crash. A crash never makes a command run twice: what was begun is told of, not begun again.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from lunabot.admin import asking
from lunabot.admin.authority import Refusal
from lunabot.admin.call import Plan
from lunabot.admin.confirmation import (
    CONFIRMED,
    DECLINED,
    EXPIRED,
    INTERRUPTED,
    NO,
    Verdict,
    decide,
    digest,
    new_question,
    read_tap,
)
from lunabot.admin.execution import record, see_through
from lunabot.admin.grammar import Command
from lunabot.admin.services import Services
from lunabot.admin.wording import code as quoted
from lunabot.errors import UserMistake, WorldError
from lunabot.matrix.events import Message, Reaction
from lunabot.matrix.ids import EventId
from lunabot.memory.audit import Outcome
from lunabot.memory.questions import Question, QuestionTable
from lunabot.tasks import Tasks

log = logging.getLogger(__name__)

_ON_ITS_WAY_S = 5.0  # how late an answer given in time may come, or be in the first sync
_RECALL_S = 5.0
_EARLY = 20  # taps that wait for the id of the notice they are on
_OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {DECLINED: "declined", EXPIRED: "expired", INTERRUPTED: "failed"}
)


@dataclass
class Confirmations:
    """Asks before a command runs, hears the answers, and runs it or not.

    `tasks` owns what runs; `attempted` hears of an answer that is not for its sender to give, with
    the reason; `tell` reaches the administrators.
    """

    services: Services
    tasks: Tasks
    attempted: Callable[[Message | Reaction, Refusal], None]
    tell: Callable[[str], None]
    _timers: Tasks = field(default_factory=Tasks)
    _showing: dict[EventId, asyncio.Event] = field(default_factory=dict)
    _early: deque[Reaction] = field(default_factory=lambda: deque(maxlen=_EARLY))

    async def ask(self, message: Message, command: Command, plan: Plan | None) -> bool:
        """Tell whether a command may run at once, because it has no plan; else ask its sender.

        Raises `WorldError` where the question could not be kept or shown; then it is not asked.
        """
        if plan is None:
            return True
        await self._ask(message, command, plan, _fingerprint(plan))
        return False

    async def propose(
        self, message: Message, command: Command, plan: Plan | None, shown: str
    ) -> bool:
        """Ask somebody whether a command they did not type is to be run, were it harmless.

        `plan` is the command's own, where it has one. Returns False where their message was asked
        about before. Raises like `ask`.
        """
        if self._table.get(message.event_id):
            return False
        await self._ask(message, command, Plan(shown, ""), _fingerprint(plan))
        return True

    async def _ask(self, message: Message, command: Command, plan: Plan, fingerprint: str) -> None:
        taken = {question.code for question in self._table}
        now_ms = self.services.account.server_now()
        question = new_question(message, command.verb, command.text, plan, taken, now_ms)
        question = replace(question, fingerprint=fingerprint)
        self._table.put(question)
        try:
            await self.services.memory.state.flush()
            await self._show(question)
        except WorldError:
            self._table.remove(question)
            raise
        self._timers.start(self._expire(question), f"question {question.code}")

    def reacted(self, reaction: Reaction) -> None:
        """Hear a reaction: it may be a tap below an open question.

        It may be faster than the server's word on which event the question is: then it waits.
        """
        yes = read_tap(reaction.key)
        if yes is None or reaction.room_id != self.services.admin_room:
            return
        questions = {question.notice: question for question in self._open()}
        if question := questions.get(reaction.target):
            self._hear(question, reaction, yes=yes)
        elif None in questions:
            self._early.append(reaction)

    def answer(self, message: Message, code: str, *, yes: bool) -> str:
        """Hear a typed answer, to a question given by its code or meant; return what to say.

        Raises `UserMistake` where there is no such question, or the answer does not count.
        """
        decision = self._hear(self._meant(message, code), message, yes=yes)
        if isinstance(decision, Refusal):
            raise UserMistake(f"That does not count: {decision.reason}.")
        if decision is Verdict.EXPIRE:
            raise UserMistake("That does not count: the five minutes are over. Ask again.")
        return "Confirmed." if decision is Verdict.RUN else "Declined."

    async def begin(self) -> None:
        """Take up the questions of an earlier run, before the first sync brings answers to them."""
        for question in self._table:
            if question.ending:
                self._tell_if_interrupted(question)
                self.tasks.start(self._finish(question), f"question {question.code}")
                continue
            if not question.notice:
                await self._show_again(question)
            self._timers.start(self._expire(question), f"question {question.code}")

    async def close(self) -> None:
        """Wait for answers no longer; the next run does."""
        await self._timers.close()

    @property
    def _table(self) -> QuestionTable:
        return self.services.memory.state.questions

    def _open(self) -> list[Question]:
        return [question for question in self._table if not question.ending]

    def _meant(self, message: Message, code: str) -> Question:
        if code or message.in_reply_to:
            for question in self._open():
                if question.code == code or (not code and question.notice == message.in_reply_to):
                    return question
        if code:
            raise UserMistake(
                f"No open question has the code {quoted(code)}: it was answered, or is too old."
            )
        own = [each for each in self._open() if each.message.sender == message.sender]
        if not own:
            raise UserMistake("No question waits for your answer.")
        if len(own) > 1:
            lines = [f"- `{each.code}` – {_command(each)}" for each in own]
            raise UserMistake("\n".join(["Several questions wait. Add the code of one:", *lines]))
        return own[0]

    def _hear(
        self, question: Question, reply: Message | Reaction, *, yes: bool
    ) -> Verdict | Refusal:
        decision = decide(
            question,
            reply,
            self.services.authority,
            self.services.posture(),
            yes=yes,
            now_ms=self.services.account.server_now(),
        )
        if isinstance(decision, Verdict):
            self._end(question, decision.value)
        elif decision.tell:
            self._end(question, f"{NO} {decision.reason}.")
        else:
            self.attempted(reply, decision)
            if isinstance(reply, Reaction):
                self.tasks.start(self._record_attempt(question, reply), "attempt")
        return decision

    def _end(self, question: Question, ending: str) -> None:
        """Start what an answer, or none, leads to; for whoever comes second, nothing."""
        if taken := self._take(question, ending):
            work = self._run(taken) if ending == INTERRUPTED else self._finish(taken)
            self.tasks.start(work, f"question {question.code}")

    def _take(self, question: Question, ending: str) -> Question | None:
        """Take a question out of the open ones, if it is one of them."""
        current = self._table.get(question.name)
        if current is None or current.ending:
            return None
        taken = replace(current, ending=ending)
        self._table.put(taken)
        return taken

    async def _run(self, question: Question) -> None:
        """Run a command that was confirmed, if its plan is still the one that was shown."""

        async def approve(plan: Plan | None) -> bool:
            if _fingerprint(plan) != question.fingerprint:
                raise UserMistake("Not done: what would go has changed since I asked. Ask again.")
            await self.services.memory.state.flush()
            return True

        question = await self._as_shown(question)
        shown = asking.tell_end(self.services.account, question, CONFIRMED)
        self.tasks.start(shown, f"question {question.code}")
        command = Command(question.verb, question.text)
        await see_through(self.services, question.message, command, approve, "confirmed ")
        await self._forget(question)

    async def _finish(self, question: Question) -> None:
        """See a question to its end that runs nothing, or whose command was cut off."""
        started = time.monotonic()
        question = await self._as_shown(question)
        await asking.tell_end(self.services.account, question, question.ending)
        await asking.mark_undone(self.services.account, question)
        command = Command(question.verb, question.text)
        outcome = _OUTCOMES.get(question.ending, "refused")
        await record(self.services, question.message, command, outcome, started)
        await self._forget(question)

    async def _forget(self, question: Question) -> None:
        self._table.remove(question)
        with contextlib.suppress(WorldError):  # the state tells of it, and tries again
            await self.services.memory.state.flush()

    async def _expire(self, question: Question) -> None:
        left_ms = question.expires - self.services.account.server_now()
        await asyncio.sleep(max(left_ms, 0) / 1000 + _ON_ITS_WAY_S)
        self._end(question, EXPIRED)

    async def _show(self, question: Question) -> None:
        """Send the notice, and hear the taps that came before its id did.

        Whoever records that it was asked does so without a pause behind this.
        """
        self._showing[question.name] = asyncio.Event()
        try:
            notice = await asking.show(self.services.account, question)
            if current := self._table.get(question.name):
                shown = replace(current, notice=notice)
                self._table.put(shown)
                self.tasks.start(asking.offer(self.services.account, shown), "offer")
        finally:
            self._showing.pop(question.name).set()
        early = list(self._early)
        self._early.clear()
        for reaction in early:
            self.reacted(reaction)

    async def _as_shown(self, question: Question) -> Question:
        """Return a question with its notice: a typed answer, too, may come before its id does."""
        if showing := self._showing.get(question.name):
            await showing.wait()
        return self._table.get(question.name) or question

    async def _show_again(self, question: Question) -> None:
        """Ask where a crash came before the notice's id was kept: it is the same notice then."""
        try:
            async with asyncio.timeout(_RECALL_S):
                await self._show(question)
        except (WorldError, TimeoutError) as error:
            log.warning("a question could not be shown again: %s", error)

    def _tell_if_interrupted(self, question: Question) -> None:
        if question.ending == INTERRUPTED:
            self.tell(f"⚠️ {_command(question)} was cut off: look what is left to do.")

    async def _record_attempt(self, question: Question, reaction: Reaction) -> None:
        command = Command(question.verb, question.text)
        await record(self.services, reaction, command, "refused", time.monotonic())


def _fingerprint(plan: Plan | None) -> str:
    """Return the fingerprint of what has to be confirmed; nothing has one of its own."""
    return digest(plan) if plan else ""


def _command(question: Question) -> str:
    return quoted(f"/{question.verb}{question.text}")
