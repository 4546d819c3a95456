"""What the model has cost, in tokens and in money."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from lunabot.admin.bill import EARLIER, OTHERS, Line, bill, by_day, shortened, total, without_price
from lunabot.admin.call import Call
from lunabot.admin.finding import known_room, room_name
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import bullets, code, counted
from lunabot.charts.bars import Bar, bars
from lunabot.dispatch.ceilings import spending_of
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId, localpart, server_name
from lunabot.memory import usage as ledger
from lunabot.memory.usage import Grouping
from lunabot.personas.portrait import plain

_DAYS = 7
_MOST_DAYS = 3_650
_LINES = 10  # as many as a phone shows at once
_DAY_LINES = 14
_FULLEST = 3  # limits of each kind
_SMALL = 0.1  # of a unit of money


@skill(
    "usage",
    group="operations",
    examples=("usage", "usage --by room --days 30", "usage --by day --since 2026-05-01 --text"),
)
async def usage(
    call: Call,
    *,
    by: Grouping = "persona",
    since: date | None = None,
    days: int | None = None,
    text: bool = False,
) -> str:
    """Show what the model has cost, in tokens and money, as a picture and in words.

    Below it stands how far the limits of today (`limits` in the configuration) are used up. Money
    is shown where `llm.prices` has the prices of the models. Days are those of UTC.

    by: what each bar is for
    since: from this day on; otherwise the last seven days
    days: the last so many days, today included
    text: without the picture
    """
    services = call.services
    today = datetime.fromtimestamp(services.account.server_now() / 1000, UTC).date()
    first = _first_day(today, since, days)
    begins = int(datetime.combine(first, time(), UTC).timestamp() * 1000)
    rows = await services.memory.archive.search(ledger.spent, by, begins)
    limits = await _limits(services, today)
    if not rows:
        return "\n\n".join([f"No tokens were spent since {first}.", *limits])
    lines = bill(rows, services.settings.llm.prices)
    is_daily = by == "day"
    shown = by_day(lines, today, _DAY_LINES) if is_daily else shortened(lines, _LINES)
    name, spent = partial(_name, services, by), partial(_spent, services)
    head = f"Tokens by {by}", f"since {first} (UTC): {spent(total(lines))}"
    if not text:
        handle, short = partial(_handle, services, by), partial(_short, services)
        drawn = [
            Bar(name(line.subject), line.tokens, short(line), handle(line.subject))
            for line in shown
        ]
        await call.show("usage.png", partial(bars, *head, drawn))
    listed = _listed(shown, name, spent)
    prices = services.settings.llm.prices
    missing = without_price(rows, prices) if prices else ()
    return "\n\n".join([f"**{head[0]}** {head[1]}", listed, *limits, *_priceless(missing)])


def _first_day(today: date, since: date | None, days: int | None) -> date:
    if since and days:
        raise UserMistake("Give `--since` or `--days`, not both.")
    if since and since > today:
        raise UserMistake(f"{since} is yet to come.")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise UserMistake(f"I count the last 1 to {_MOST_DAYS:,} days.")
    return since or today - timedelta(days=(days or _DAYS) - 1)


async def _limits(services: Services, today: date) -> list[str]:
    """Return how far the limits of a day are reached; nothing where there are none."""
    day = (today - date(1970, 1, 1)).days
    spending = await services.memory.archive.search(spending_of, day)
    lines = []
    for each in spending.fullest(services.settings.limits, _FULLEST):
        ceiling = each.ceiling
        name = plain(_name(services, ceiling.kind.value, ceiling.subject))
        mark = "🛑 " if each.full else "⚠️ " if each.near else ""
        what = f"{ceiling.kind} **{name}**" if ceiling.subject else "**all**"
        lines.append(f"{mark}{what}: {each.percent} % of {ceiling.most:,} tokens")
    return [bullets("Limits of today, until 0:00 UTC", lines)] if lines else []


def _name(services: Services, by: str, subject: str) -> str:
    """Return what people call the subject of a line."""
    me = services.account.user_id
    if subject in (OTHERS, EARLIER) or by in ("day", "model", "all"):
        return subject
    if by == "room":
        return room_name(services, RoomId(subject))
    if by == "person" and subject == me:
        return "summing up"
    is_here = server_name(UserId(subject)) == server_name(me)
    return localpart(UserId(subject)) if is_here else subject


def _handle(services: Services, by: Grouping, subject: str) -> str:
    """Return the localpart of a room's alias, often in plain letters; empty for anything else."""
    room = known_room(services, RoomId(subject)) if by == "room" else None
    return (room.canonical_alias or "").partition(":")[0] if room else ""


def _spent(services: Services, line: Line) -> str:
    money = _money(services, line)
    return f"{line.tokens:,} tokens in {counted(line.calls, 'call')}{money and f', {money}'}"


def _short(services: Services, line: Line) -> str:
    money = _money(services, line)
    return f"{line.tokens:,}{money and f' ({money})'}"


def _money(services: Services, line: Line) -> str:
    llm = services.settings.llm
    digits = 4 if 0 < line.money < _SMALL else 2
    return f"{line.money:,.{digits}f} {llm.currency}" if llm.prices else ""


def _listed(lines: Sequence[Line], name: Callable[[str], str], spent: Callable[[Line], str]) -> str:
    return "\n".join(
        f"{number}. **{plain(name(line.subject))}**: {spent(line)}"
        for number, line in enumerate(lines, 1)
    )


def _priceless(models: Collection[str]) -> Iterator[str]:
    if models:
        listed = ", ".join(map(code, models))
        yield f"Without a price in `llm.prices`, and in no sum of money: {listed}."
