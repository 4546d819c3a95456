"""What the rules need to know of a room, fetched from where it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lunabot.config import Settings
from lunabot.dispatch.cast import Cast
from lunabot.dispatch.mentions import Addressee, Mentions, order
from lunabot.dispatch.rules import decide
from lunabot.dispatch.scene import Scene
from lunabot.matrix.account import Account
from lunabot.matrix.events import Message
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.state import State

_FOR_EVER = 2**63
_NOTHING = Scene()


@dataclass(frozen=True, slots=True)
class Deciding:
    """Applies the rules to a message for each of Luna's accounts in its room."""

    settings: Callable[[], Settings]
    state: State
    cast: Cast

    def __call__(
        self,
        seer: Account,
        message: Message,
        scene: Scene = _NOTHING,
        *,
        at_any_age: bool = False,
    ) -> tuple[UserId, ...]:
        """Return who answers, in order, by the members that `seer` knows of the room.

        What the seer says itself may be ahead of the sync that tells it who has joined: then a
        persona is there, too, of which another account knows.
        An account that was there when the message was sent counts the members of then; one that
        came later counts those of now, so that the words of whoever invites it are heard. Where
        nobody else is left nobody answers.
        What the message replies to is looked up in the newest messages and in the scene's older
        ones. With `at_any_age` nothing is too old: whoever asks looks after that.
        """
        present = self._present(seer, message)
        if not present:
            return ()
        mentions = Mentions(message)
        replied_to = self._replied_to(message, scene.older)
        news = sum(not seer.has_joined(message.room_id, each.user_id) for each in present)
        joined = seer.joined_count(message.room_id) + news
        then = scene.joined.get(message.event_id, frozenset()) if joined > 1 else frozenset()
        answering = {
            each.user_id
            for each in present
            if decide(
                message,
                account=each,
                joined_members=len(then) if each.user_id in then else joined,
                now_ms=seer.server_now(),
                backlog_ms=_FOR_EVER if at_any_age else self._backlog_ms(),
                replied_to_sender=replied_to,
                mentions=mentions,
            ).answer
        }
        if len(answering) < 2:
            return tuple(answering)
        called = [user for user in order(message, present, replied_to) if user in answering]
        return (*answering.difference(called), *called)

    def _backlog_ms(self) -> int:
        return self.settings().sync.backlog_minutes * 60_000

    def addressed(self, seer: Account, message: Message) -> tuple[UserId, ...]:
        """Return whom of Luna's accounts in the room a message addresses, its sender left out."""
        present = self._present(seer, message)
        return order(message, present) if present else ()

    def _present(self, seer: Account, message: Message) -> list[Addressee]:
        is_own = message.sender == seer.user_id
        return [
            Addressee.of(each.user_id, each.names)
            for each in self.cast.characters().values()
            if each.user_id != message.sender
            and (
                seer.has_joined(message.room_id, each.user_id)
                or (is_own and each.has_joined(message.room_id))
            )
        ]

    def _replied_to(self, message: Message, older: Mapping[EventId, Message]) -> UserId | None:
        """Return who wrote the message that this one replies to, as far as it is known."""
        if message.in_reply_to is None:
            return None
        for each in (*self.state.recent(message.room_id), older.get(message.in_reply_to)):
            if each and (each.event_id, each.room_id) == (message.in_reply_to, message.room_id):
                return each.sender
        return None
