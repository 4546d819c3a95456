"""An administrator in Luna's admin room."""

from dataclasses import dataclass

from tests.e2e.person import Person
from tests.e2e.timeline import Event, reaction_to, reply_to

YES = "✅"
NO = "❌"


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended: its mark (✅ or ❌) and Luna's replies, as edited last, oldest first."""

    event_id: str
    mark: str
    replies: list[str]

    @property
    def text(self) -> str:
        """All replies, joined by newlines."""
        return "\n".join(self.replies)


class Administrator:
    """A person who commands a Luna from her admin room; `person` has the other verbs."""

    def __init__(self, person: Person, room: str, luna_id: str) -> None:
        self.person = person
        self.room = room
        self.luna_id = luna_id

    async def command(self, text: str, timeout_s: float = 30) -> CommandResult:
        """Send a command, such as ``health`` or ``!health``; return how it ended.

        A text that begins with a letter gets a slash. Waits for the mark and for a reply.
        """
        return await self.result(await self.say(text), timeout_s)

    async def say(self, text: str) -> str:
        """Send a command and do not wait; return its event id."""
        return await self.person.send(self.room, f"/{text}" if text[0].isalpha() else text)

    async def question(self, event_id: str, timeout_s: float = 30) -> Event:
        """Return Luna's first reply to a command: the question before something is destroyed."""
        return await self.person.wait_for(self.room, reply_to(event_id, self.luna_id), timeout_s)

    async def result(self, event_id: str, timeout_s: float = 30) -> CommandResult:
        """Return how a command that was sent ended, once it has its mark and a reply."""
        marked = reaction_to(event_id, YES, NO, sender=self.luna_id)
        mark = await self.person.wait_for(self.room, marked, timeout_s)
        await self.question(event_id, timeout_s)
        return CommandResult(
            event_id, mark["content"]["m.relates_to"]["key"], self.replies(event_id)
        )

    def replies(self, event_id: str) -> list[str]:
        """Return what Luna has replied to an event so far, as edited last."""
        timeline = self.person.timeline
        found = timeline.find(self.room, reply_to(event_id, self.luna_id))
        return [timeline.text_of(event) for event in found]

    def marks(self, event_id: str) -> list[str]:
        """Return the ✅ and ❌ an event got from Luna so far: there must never be two."""
        found = self.person.timeline.find(
            self.room, reaction_to(event_id, YES, NO, sender=self.luna_id)
        )
        return [event["content"]["m.relates_to"]["key"] for event in found]
