"""What a persona remembers of a room besides its messages, fit for a prompt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, RoomId, UserId, localpart
from lunabot.memory.chapters import Chapter
from lunabot.memory.memory import Memory
from lunabot.memory.notes import Note
from lunabot.memory.retrieval.words import words
from lunabot.prompt.material import Excerpt
from lunabot.remembering.desk import day
from lunabot.remembering.instructions import OPEN
from lunabot.remembering.outline import told_once
from lunabot.remembering.relevance import relevant
from lunabot.remembering.segments import weight

_RECENT = 0.5  # of a prompt's tokens that recent messages fill at least, where there are so many

Saw = Callable[[Message], bool]
Recalled = tuple[tuple[Excerpt, ...], tuple[Excerpt, ...], tuple[Excerpt, ...]]
"""Lenses, the best first; chapters in the order of time; notes, the best first."""


@dataclass(frozen=True, slots=True)
class Records:
    """Chapters, lenses and notes as they may be shown to one account.

    `lenses` gives their descriptions by name, `budget_tokens` what a prompt may take.
    """

    memory: Memory
    lenses: Callable[[], Mapping[str, str]]
    budget_tokens: Callable[[], int]

    async def material(
        self,
        account: UserId,
        room_id: RoomId,
        question: Message,
        saw: Saw,
        names: Mapping[UserId, str],
    ) -> Recalled:
        """Return what an account remembers of a room that may matter for a question.

        Nothing of it was made of what the account did not see (`saw`), and nothing only of what the
        recent messages say anyway. Raises `WorldError` where the archive fails.
        """
        state = self.memory.state
        if not (state.chapters.of(room_id) or state.lenses.of(room_id) or state.notes.of(account)):
            return (), (), ()
        sight = _Sight(account, room_id, saw, self._stays(account, room_id))
        begins = self._recent_from(room_id)
        chapters = [each for each in state.chapters.of(room_id) if sight.of_chapter(each)]
        older = [each for each in told_once(chapters) if each.begins < begins]
        texts = relevant(question, self.lenses(), state.lenses.of(room_id))
        oldest = await self.memory.archive.oldest(room_id) if texts else None
        seen = [each for each in texts if oldest is not None and sight.between(oldest, each.until)]
        dates = {each.number: each for each in state.chapters.of(room_id, 0)}
        notes = [
            note
            for note in state.notes.of(account)
            if not note.room_id or (note.room_id == room_id and _begin(note, dates) < begins)
        ]
        return (
            tuple(Excerpt(each.lens, each.text) for each in seen),
            tuple(_chapter_excerpt(each) for each in older),
            tuple(_note_excerpt(each, dates, names) for each in _best(notes, question)),
        )

    def _stays(self, account: UserId, room_id: RoomId) -> Sequence[Callable[[int], bool]] | None:
        """Return a persona's stays in a room; None for an account that is none."""
        persona = self.memory.state.personas().get(account)
        if persona is None:
            return None
        return [stay.covers for stay in persona.stays if stay.room_id == room_id]

    def _recent_from(self, room_id: RoomId) -> int:
        """Return from when on (milliseconds) messages stand in the prompt themselves."""
        left = self.budget_tokens() * _RECENT
        begins = 2**63
        for message in reversed(self.memory.state.recent(room_id)):
            left -= weight(message)
            if left < 0:
                break
            begins = message.timestamp
        return begins


@dataclass(frozen=True, slots=True)
class _Sight:
    """What an account may know: what was said while it was there, from beginning to end."""

    account: UserId
    room_id: RoomId
    saw: Saw
    stays: Sequence[Callable[[int], bool]] | None

    def of_chapter(self, chapter: Chapter) -> bool:
        return self.between(chapter.begins, chapter.ends)

    def between(self, begins: int, ends: int) -> bool:
        """Tell whether it was there all the time, in one stay."""
        seen = all(self.saw(self._moment(moment)) for moment in (begins, ends))
        in_one = self.stays is None or any(covers(begins) and covers(ends) for covers in self.stays)
        return seen and in_one

    def _moment(self, timestamp: int) -> Message:
        return Message(EventId("$"), self.room_id, self.account, timestamp, "")


def _chapter_excerpt(chapter: Chapter) -> Excerpt:
    days = " – ".join(dict.fromkeys((day(chapter.begins), day(chapter.ends))))
    threads = "".join(f"\n{OPEN} {thread}" for thread in chapter.threads)
    title = ", ".join(filter(None, (days, chapter.title)))
    return Excerpt(title, f"{chapter.summary}{threads}")


def _note_excerpt(
    note: Note, chapters: Mapping[int, Chapter], names: Mapping[UserId, str]
) -> Excerpt:
    about = names.get(note.about) or localpart(note.about) if note.about else "myself"
    source = chapters.get(note.chapter) if note.room_id else None
    when = day(source.ends if source else note.written)
    return Excerpt(f"{when}, on {about}, {note.number}", note.text)


def _begin(note: Note, chapters: Mapping[int, Chapter]) -> int:
    """Return when that was said which a note is made of."""
    source = chapters.get(note.chapter)
    return source.begins if source else note.written


def _best(notes: Sequence[Note], question: Message) -> list[Note]:
    """Return notes on who asks and what is asked first, then the newest."""
    asked = frozenset(words(question.body[:2_000]))
    return sorted(
        notes,
        key=lambda note: (
            -(note.about == question.sender) - len(asked.intersection(words(note.text))),
            -note.number,
        ),
    )
