"""``/audit``: who commanded what."""

import pytest

from lunabot.errors import UserMistake
from lunabot.matrix.ids import EventId, UserId
from lunabot.memory.audit import AuditEntry, Outcome
from tests.unit.skills.running import House

ANN, EVE = UserId("@ann:localhost"), UserId("@eve:elsewhere.org")
NOON = 1_780_228_800_000  # Sun 31 May 2026, 12:00 UTC
DAY = 86_400_000


async def gave(
    house: House,
    verb: str,
    *,
    timestamp: int = NOON,
    sender: UserId = ANN,
    arguments: str = "",
    outcome: Outcome = "ok",
    duration_ms: int = 5,
    reference: str | None = None,
) -> None:
    entry = AuditEntry(
        timestamp, EventId("$1"), sender, verb, arguments, outcome, duration_ms, reference
    )
    await house.services.memory.archive.record_command(entry)


async def test_the_newest_first_by_day_with_their_outcomes(house: House) -> None:
    await gave(house, "health", timestamp=NOON - DAY)
    await gave(house, "despawn", arguments="scout", outcome="asked")
    await gave(house, "purge", sender=EVE, outcome="refused", arguments="x`\n**y**")
    await gave(house, "spawn", outcome="failed", duration_ms=2340, reference="a1b2")
    assert await house.run("audit") == (
        "**Sun 31 May 2026**\n\n"
        "- ❌ 12:00:00 `/spawn` `@ann:localhost`, 2.3 s, reference `a1b2`\n"
        "- ⛔ 12:00:00 `/purge x' **y**` `@eve:elsewhere.org`\n"
        "- ❓ 12:00:00 `/despawn scout` `@ann:localhost`\n\n"
        "**Sat 30 May 2026**\n\n"
        "- ✅ 12:00:00 `/health` `@ann:localhost`\n\n"
        "✅ ok, ❌ failed, ⛔ refused, ❓ asked"
    )


async def test_of_one_person_or_one_command(house: House) -> None:
    await gave(house, "health")
    await gave(house, "list_users", sender=EVE)
    assert "list_users" not in await house.run("audit --who ann")
    for typed in ("list-users", "/list_users", "LIST_USERS"):
        text = await house.run(f"audit --verb {typed}")
        assert ("/list_users" in text, "/health" in text) == (True, False)
    assert await house.run("audit --verb frobnicate") == "No such command is in the audit trail."
    assert await house.run("audit --page 9") == "There is no page 9."


async def test_pages(house: House) -> None:
    for number in range(5):
        await gave(house, f"verb{number}")
    first, second, last = [await house.run(f"audit 2 --page {page}") for page in (1, 2, 3)]
    assert "verb4" in first and "verb3" in first and "verb2" not in first
    assert first.endswith("Page 1: `--page 2` goes on.")
    assert "verb2" in second and "verb1" in second
    assert "verb0" in last
    assert last.endswith("Page 3, the last.")


@pytest.mark.parametrize("typed", ["0", "501", "5 --page 0"])
async def test_numbers_that_make_no_sense(house: House, typed: str) -> None:
    with pytest.raises(UserMistake, match="1 to 500"):
        await house.run(f"audit {typed}")
