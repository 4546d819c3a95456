"""All or nothing over things that know no transactions: a server, a disk, a running process.

Steps are done in order and noted before they are done. When one fails, those begun are undone in
reverse (sagas: Garcia-Molina and Salem, 1987); when the process dies, the journal tells the next
one what to undo or, past the point of no return, to go on with. So a step's `undo`, and a `do`
that is gone on with, must bear that its work was done not at all, in part, or twice.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from lunabot.errors import LunaError, WorldError, new_reference
from lunabot.memory.archive import Archive
from lunabot.memory.journal import Undertaking

log = logging.getLogger(__name__)

Facts = dict[str, str]

RETRY = "I try again at the next start, and when you name it in `!spawn` or `!despawn`"


async def _nothing(facts: Facts) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Step:
    """One step, under the `name` that the journal knows.

    `facts` is what is known by now; what `do` puts there is noted with the next step. `do` raises
    `WorldError` or `UserMistake` where it cannot be; `undo` undoes whatever `do` may have done, and
    raises `WorldError` where that cannot be, yet.
    """

    name: str
    do: Callable[[Facts], Awaitable[None]]
    undo: Callable[[Facts], Awaitable[None]] = _nothing


async def carry_out(
    archive: Archive, kind: str, subject: str, facts: Mapping[str, str], steps: Sequence[Step]
) -> Facts:
    """Do all steps, or none; return the facts. What a step raises is raised when all is undone.

    What could not be undone now stays in the journal, and the error says so. Whoever cancels has no
    time: all stays in the journal then.
    """
    undertaking = await archive.begin(kind, subject, facts)
    known = dict(facts)
    try:
        for step in steps:
            undertaking = replace(
                undertaking, steps=(*undertaking.steps, step.name), facts=dict(known)
            )
            await archive.note(undertaking)
            await _do(step, known)
        await archive.end(undertaking)
    except Exception as error:
        complete = await take_back(archive, replace(undertaking, facts=known), steps)
        if complete or not isinstance(error, LunaError):
            raise
        told = str(error).rstrip(".")
        raise WorldError(f"{told}. What was done by then is not undone yet: {RETRY}") from error
    return known


async def _do(step: Step, facts: Facts) -> None:
    try:
        await step.do(facts)
    except OSError as error:  # the disk's: those of the network are `WorldError` by now
        raise WorldError(f"a file could not be written ({error.strerror})") from error


async def take_back(archive: Archive, undertaking: Undertaking, steps: Sequence[Step]) -> bool:
    """Undo the steps that were begun, in reverse; return whether all of it could be."""
    facts, complete = dict(undertaking.facts), True
    for step in reversed(steps):
        if step.name not in undertaking.steps:
            continue
        what = f"{undertaking.kind} {undertaking.subject}: undoing {step.name}"
        try:
            await step.undo(facts)
        except WorldError as error:
            log.error("%s failed: %s", what, error)
            complete = False
        except Exception:  # whatever it is: what was done before it is to be undone all the same
            log.exception("%s failed, reference %s", what, new_reference())
            complete = False
    left = replace(undertaking, facts=facts)
    try:
        await (archive.end(undertaking) if complete else archive.note(left))
    except WorldError as error:
        log.error("%s %s: %s", undertaking.kind, undertaking.subject, error)
        return False
    return complete


async def go_on(archive: Archive, undertaking: Undertaking, steps: Sequence[Step]) -> None:
    """Do all steps of a transaction that is only ever completed; raises what a step raises."""
    facts = dict(undertaking.facts)
    for step in steps:
        await step.do(facts)
    await archive.end(undertaking)
