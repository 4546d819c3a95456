"""What the model has cost, in tokens and in money."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from lunabot.admin.bill import EARLIER, OTHERS, Line, bill, by_day, shortened, total, without_price
from lunabot.admin.call import Call
from lunabot.admin.finding import room_name
from lunabot.admin.services import Services
from lunabot.admin.skill import skill
from lunabot.admin.wording import code, counted
from lunabot.charts.bars import Bar, bars
from lunabot.errors import UserMistake
from lunabot.matrix.ids import RoomId, UserId, localpart, server_name
from lunabot.memory import usage as ledger
from lunabot.memory.usage import Grouping
from lunabot.personas.portrait import plain

_DAYS = 7
_MOST_DAYS = 3_650
_LINES = 10  # as many as a phone shows at once
_DAY_LINES = 14
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

    Money is shown where `llm.prices` has the prices of the models. Days are those of UTC.

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
    if not rows:
        return f"No tokens were spent since {first}."
    lines = bill(rows, services.settings.llm.prices)
    is_daily = by == "day"
    shown = by_day(lines, today, _DAY_LINES) if is_daily else shortened(lines, _LINES)
    name, spent = partial(_name, services, by), partial(_spent, services)
    head = f"Tokens by {by}", f"since {first} (UTC): {spent(total(lines))}"
    if not text:
        drawn = [Bar(name(line), line.tokens, _short(services, line)) for line in shown]
        await call.show("usage.png", partial(bars, *head, drawn))
    listed = _listed(shown, name, spent)
    missing = without_price(rows, services.settings.llm.prices)
    return "\n\n".join([f"**{head[0]}** {head[1]}", listed, *_priceless(missing)])


def _first_day(today: date, since: date | None, days: int | None) -> date:
    if since and days:
        raise UserMistake("Give `--since` or `--days`, not both.")
    if since and since > today:
        raise UserMistake(f"{since} is yet to come.")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise UserMistake(f"I count the last 1 to {_MOST_DAYS:,} days.")
    return since or today - timedelta(days=(days or _DAYS) - 1)


def _name(services: Services, by: Grouping, line: Line) -> str:
    """Return what people call the subject of a line."""
    subject, me = line.subject, services.account.user_id
    if subject in (OTHERS, EARLIER) or by in ("day", "model"):
        return subject
    if by == "room":
        return room_name(services, RoomId(subject))
    if by == "person" and subject == me:
        return "summing up"
    is_here = server_name(UserId(subject)) == server_name(me)
    return localpart(UserId(subject)) if is_here else subject


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


def _listed(
    lines: Sequence[Line], name: Callable[[Line], str], spent: Callable[[Line], str]
) -> str:
    return "\n".join(
        f"{number}. **{plain(name(line))}**: {spent(line)}" for number, line in enumerate(lines, 1)
    )


def _priceless(models: Collection[str]) -> Iterator[str]:
    if models:
        listed = ", ".join(map(code, models))
        yield f"Without a price in `llm.prices`, and in no sum of money: {listed}."
