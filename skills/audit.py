"""Who commanded what, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from types import MappingProxyType

from lunabot.admin.call import Call
from lunabot.admin.grammar import normalise_verb
from lunabot.admin.paging import turning
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, code
from lunabot.errors import UserMistake
from lunabot.matrix.ids import UserId
from lunabot.memory.audit import AuditEntry, Outcome, newest

_MOST = 500
_SIGNS: Mapping[Outcome, str] = MappingProxyType(
    {"ok": "✅", "failed": "❌", "refused": "⛔", "asked": "❓", "declined": "✋", "expired": "⌛"}
)


@skill(
    "audit",
    group="operations",
    examples=("audit", "audit 50 --who @ann", "audit --verb despawn --page 2"),
)
async def audit(
    call: Call,
    number: int = 20,
    *,
    who: UserId | None = None,
    verb: str | None = None,
    page: int = 1,
) -> str:
    """Read the audit trail: every command, the refused ones too, the newest first.

    Times are UTC. A command that I asked about has two lines: ❓, and what came of it.

    number: how many commands, up to 500
    who: only those of one person
    verb: only one command
    page: further back
    """
    if not 1 <= number <= _MOST or page < 1:
        raise UserMistake(f"I show 1 to {_MOST} commands, and pages count from 1.")
    found = await call.services.memory.archive.search(
        newest,
        number + 1,
        skip=(page - 1) * number,
        sender=who,
        verb=_verb(call, verb) if verb else None,
    )
    shown = found[:number]
    if not shown:
        return f"There is no page {page}." if page > 1 else "No such command is in the audit trail."
    days = [bullets(day, list(map(_line, entries))) for day, entries in _by_day(shown)]
    return "\n\n".join([*days, _legend(shown)]) + turning(page, more=len(found) > number)


def _verb(call: Call, typed: str) -> str:
    """Return the verb as the trail has it; one that is no command may have been tried, too."""
    found = call.services.registry.find(typed.lstrip("/!"))
    return found.verb if found else normalise_verb(typed.lstrip("/!"))


def _by_day(entries: Sequence[AuditEntry]) -> Iterator[tuple[str, Iterator[AuditEntry]]]:
    return groupby(entries, key=lambda entry: f"{_time(entry):%a %d %b %Y}")


def _line(entry: AuditEntry) -> str:
    command = code(f"/{entry.verb} {entry.arguments}")
    took = f", {entry.duration_ms / 1000:.1f} s" if entry.duration_ms >= 1000 else ""
    fault = f", reference `{entry.reference}`" if entry.reference else ""
    when = f"{_time(entry):%H:%M:%S}"
    return f"{_SIGNS[entry.outcome]} {when} {command} `{entry.sender}`{took}{fault}"


def _time(entry: AuditEntry) -> datetime:
    return datetime.fromtimestamp(entry.timestamp / 1000, UTC)


def _legend(entries: Sequence[AuditEntry]) -> str:
    there = {entry.outcome for entry in entries}
    return ", ".join(f"{sign} {outcome}" for outcome, sign in _SIGNS.items() if outcome in there)
