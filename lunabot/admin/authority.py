"""Who may command: a pure decision over the event, the room and the clock, with its reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from lunabot.matrix.events import Message
from lunabot.matrix.ids import RoomId, UserId

MAX_AGE_MS = 120_000


@dataclass(frozen=True, slots=True)
class RoomState:
    """What decides whether the admin room is safe.

    A missing ``m.room.join_rules`` means "invite", a missing ``m.room.guest_access`` "forbidden"
    (client-server API, "Room Events" and "Guest Access"), a missing ``m.room.history_visibility``
    "shared". `members` are joined or invited.
    """

    members: frozenset[UserId]
    join_rule: str = "invite"
    guest_access: str = "forbidden"
    encrypted: bool = False
    history_visibility: str = "shared"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The command may run."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command may not run, for a reason that its sender hears if `tell`.

    `again` tells that the same command may run when it is sent anew.
    """

    reason: str
    tell: bool
    again: bool = False


@dataclass(frozen=True, slots=True)
class Posture:
    """How the admin room stands: `problems` say in words why it is not safe."""

    encrypted: bool
    problems: tuple[str, ...] = ()

    @property
    def safe(self) -> bool:
        """Whether everybody who can act or read here is meant to."""
        return not self.problems

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing may be destroyed from here now."""
        if self.safe:
            return None
        reasons = "; ".join(self.problems)
        return Refusal(f"not run, because this room is not safe: {reasons}", tell=True)


@dataclass(frozen=True, slots=True)
class Authority:
    """What authority rests on: the one room, the administrators, Luna's own accounts."""

    admin_room: RoomId
    administrators: frozenset[UserId]
    own_accounts: frozenset[UserId]

    def posture(self, state: RoomState) -> Posture:
        """Judge the admin room."""
        return Posture(state.encrypted, tuple(self._problems(state)))

    def decide(
        self, command: Message, posture: Posture, *, destructive: bool, now_ms: int
    ) -> Allowed | Refusal:
        """Decide about one command. `now_ms` is when it reached Luna, in the server's time.

        A forwarded message is refused where its client marks it, as FluffyChat and others do
        (MSC2723, MSC4553). Element sends what is forwarded as a message of its own, without a mark:
        it cannot be told from one that was typed, and is obeyed.
        """
        if refusal := self.outsider(command.room_id, command.sender):
            return refusal
        if command.msgtype != "m.text":
            return Refusal(f"it is {command.msgtype}, and only a text commands", tell=False)
        if command.replaces:
            reason = "not run: it is an edit – send it as a new message"
            return Refusal(reason, tell=True, again=True)
        if command.forwarded:
            return Refusal("not run: it was forwarded – type it yourself", tell=True)
        if posture.encrypted and not command.encrypted:
            return Refusal("not run: this room is encrypted, your message was not", tell=True)
        if now_ms - command.timestamp > MAX_AGE_MS:
            return Refusal("not run, I was offline – send it again", tell=True, again=True)
        if destructive and posture.refusal:
            return posture.refusal
        return Allowed()

    def outsider(self, room_id: RoomId, sender: UserId) -> Refusal | None:
        """Return why what somebody does somewhere, whatever it is, commands nothing."""
        if room_id != self.admin_room:
            return Refusal("it is not in the admin room", tell=False)
        if sender in self.own_accounts:
            return Refusal("it is from one of Luna's own accounts", tell=False)
        if sender not in self.administrators:
            return Refusal("its sender is not an administrator", tell=False)
        return None

    def _problems(self, state: RoomState) -> Iterator[str]:
        if state.join_rule != "invite":
            yield f"people can get in without an invitation (join rule “{state.join_rule}”)"
        if state.guest_access != "forbidden":
            yield "guests may join"
        if state.history_visibility == "world_readable":
            yield "anybody may read what is said here, without being a member"
        for stranger in sorted(state.members - self.administrators - self.own_accounts):
            yield f"{stranger} is a member or invited, but no administrator"
