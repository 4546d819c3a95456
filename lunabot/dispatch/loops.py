"""Who talks in circles: from the newest turns of a room to a loop, or none. Pure.

Luna's own accounts are known to be bots, so two layers look at them: a repeating order, and the
number of answers since a person spoke. A foreign bot looks like a person. The third layer knows it
by its speed alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise, takewhile

from lunabot.config import LoopsSettings
from lunabot.matrix.ids import UserId
from lunabot.memory.loop import Layer, Turn


@dataclass(frozen=True, slots=True)
class Loop:
    """Why some senders are stopped, as a clause for people."""

    layer: Layer
    reason: str
    concerned: frozenset[UserId]


@dataclass(frozen=True, slots=True)
class Situation:
    """A room in which `account` is about to answer the `askers`.

    `turns` are the newest ones, oldest first, what they ask among them; no two neighbours have the
    same sender. `own` are Luna's accounts.
    """

    turns: Sequence[Turn]
    account: UserId
    askers: frozenset[UserId]
    own: Collection[UserId]
    is_direct: bool


def turns_needed(settings: LoopsSettings) -> int:
    """Return how many turns are enough to find every loop."""
    return max(settings.bot_turns, 2 * settings.pair_events + 2)


def find_loop(situation: Situation, settings: LoopsSettings) -> Loop | None:
    """Return the loop that the next answer would go on with, or None.

    When a person is among those who ask, it is the third layer's business alone; when several
    are, each of them has to be in a loop with the account.
    """
    people = situation.askers.difference(situation.own)
    if not people:
        return _pattern(situation, settings) or _too_many_turns(situation, settings)
    find = _inhuman_pace if situation.is_direct else _too_many_between
    found = [find(situation, person, settings) for person in sorted(people)]
    loops = [loop for loop in found if loop]
    if len(loops) < len(people):
        return None
    concerned = frozenset[UserId]().union(*(loop.concerned for loop in loops))
    return Loop(loops[0].layer, loops[0].reason, concerned)


def _pattern(situation: Situation, settings: LoopsSettings) -> Loop | None:
    """Find the newest turns to be rounds of the same senders in the same order."""
    spoke = [turn.sender for turn in _since_a_person(situation)]
    repeats = settings.pattern_repeats
    for length in range(2, len(spoke) // repeats + 1):
        rounds = spoke[-length * repeats :]
        concerned = frozenset(rounds)
        if rounds == rounds[:length] * repeats and situation.account in concerned:
            reason = f"the same {len(concerned)} bots spoke in the same order {repeats} times"
            return Loop(Layer.PATTERN, reason, concerned)
    return None


def _too_many_turns(situation: Situation, settings: LoopsSettings) -> Loop | None:
    if len(_since_a_person(situation)) < settings.bot_turns:
        return None
    reason = f"{settings.bot_turns} answers of bots followed each other without a person's message"
    return Loop(Layer.TURNS, reason, frozenset(situation.own))


def _since_a_person(situation: Situation) -> Sequence[Turn]:
    newest = takewhile(lambda turn: turn.sender in situation.own, reversed(situation.turns))
    return tuple(newest)[::-1]


def _too_many_between(situation: Situation, person: UserId, settings: LoopsSettings) -> Loop | None:
    """Count, in a group, what the two said to each other, whoever else spoke between."""
    newest = situation.turns[-1].ended if situation.turns else 0
    between = [
        turn.sender
        for turn in situation.turns
        if turn.ended > newest - settings.pair_seconds * 1000
        and (turn.sender == situation.account or (turn.sender == person and turn.asks))
    ]
    if len(list(groupby(between))) < settings.pair_events:
        return None
    reason = f"{settings.pair_events} messages went back and forth within {settings.pair_seconds} s"
    return Loop(Layer.PAIR, reason, frozenset((situation.account, person)))


def _inhuman_pace(situation: Situation, person: UserId, settings: LoopsSettings) -> Loop | None:
    """Count, in a direct room, how often in a row the other side was quick to write again."""
    order, quick = (situation.account, person), 0
    for answer, reply in reversed(list(pairwise(situation.turns))):
        if (answer.sender, reply.sender) == order:
            if reply.began - answer.ended >= settings.inhuman_seconds * 1000:
                break
            quick += 1
        elif (reply.sender, answer.sender) != order:
            break
    if quick < settings.pair_events:
        return None
    reason = (
        f"{settings.pair_events} answers in a row were followed by a new message in less than "
        f"{settings.inhuman_seconds:g} s"
    )
    return Loop(Layer.PACE, reason, frozenset(order))
