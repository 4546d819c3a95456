"""What was spent, by what it was for, and row by row."""

import pytest

from lunabot.memory import usage
from lunabot.memory.archive import Archive
from lunabot.memory.usage import Grouping, Spent, Usage
from tests.unit.memory.samples import ADA, BOB, LUNA, OTHER_ROOM, ROOM

DAY = 86_400_000
ROWS = (
    Usage(DAY - 1, ROOM, LUNA, ADA, "small", 1, 1),
    Usage(DAY, ROOM, LUNA, ADA, "small", 10, 2),
    Usage(DAY + 5, ROOM, LUNA, BOB, "large", 20, 3),
    Usage(2 * DAY, OTHER_ROOM, BOB, ADA, "small", 40, 4),
)


@pytest.fixture(autouse=True)
async def spent(archive: Archive) -> None:
    for row in ROWS:
        await archive.record_usage(row)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("persona", {(LUNA, "small"): 12, (LUNA, "large"): 23, (BOB, "small"): 44}),
        ("person", {(ADA, "small"): 56, (BOB, "large"): 23}),
        ("room", {(ROOM, "small"): 12, (ROOM, "large"): 23, (OTHER_ROOM, "small"): 44}),
        (
            "day",
            {
                ("1970-01-02", "small"): 12,
                ("1970-01-02", "large"): 23,
                ("1970-01-03", "small"): 44,
            },
        ),
        ("model", {("small", "small"): 56, ("large", "large"): 23}),
    ],
)
async def test_tokens_are_summed_by_subject_and_model(
    archive: Archive, by: Grouping, expected: dict[tuple[str, str], int]
) -> None:
    found = await archive.search(usage.spent, by, DAY)
    sums = {
        (each.subject, each.model): each.prompt_tokens + each.completion_tokens for each in found
    }
    assert sums == expected


async def test_calls_are_counted(archive: Archive) -> None:
    assert await archive.search(usage.spent, "model", 0) == (
        Spent("large", "large", 1, 20, 3),
        Spent("small", "small", 3, 51, 7),
    )


async def test_rows_are_read_from_a_number_and_a_moment_on(archive: Archive) -> None:
    rows = await archive.search(usage.newer, 0, DAY)
    assert [row for _, row in rows] == list(ROWS[1:])
    assert [row for _, row in await archive.search(usage.newer, rows[1][0], DAY)] == [ROWS[3]]
    assert await archive.search(usage.newer, rows[-1][0], 0) == ()
