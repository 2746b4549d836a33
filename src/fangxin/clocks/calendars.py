"""Calendars as files: one year each, as the State Council's notice says it (部分节假日安排的通知)."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.workdays import Calendar

SHIPPED = Path(__file__).with_name("data") / "calendars"


@dataclass(frozen=True, slots=True)
class YearCalendar:
    """One year's days off and make-up days (调休上班), sorted. A later notice for the same year has a higher `revision`."""

    year: int
    revision: int
    notice: str
    days_off: tuple[date, ...]
    make_up: tuple[date, ...]


def load_file(path: Path) -> YearCalendar:
    """Read one year's calendar.

        year = 2026
        revision = 1
        notice = "国办发明电〔2025〕7号"
        make_up = [2026-01-04, 2026-02-14]
        [[holiday]]
        name = "元旦"
        from = 2026-01-01
        to = 2026-01-03

    Only days of that year belong in it, even if the notice says more. Raises BadInput, naming the day, for a file that is not
    such a calendar: a day of another year, a day given twice, a make-up day that is no weekend day or is also off.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput("calendar.unreadable", "%(path)s is not a calendar file: %(why)s", path=path.name, why=str(error)) from error
    return parse(content, path.name)


def parse(content: Mapping[str, Any], source: str) -> YearCalendar:
    """A calendar from the content of its file; see `load_file`. `source` names it in messages."""
    year = _whole(content.get("year"), "year", source)
    if not 1950 <= year <= 2999:
        raise BadInput("calendar.year", "%(source)s: %(year)s is no year of a calendar.", source=source, year=year)
    notice = content.get("notice")
    if not isinstance(notice, str) or not notice.strip():
        raise BadInput("calendar.notice_missing", "%(source)s does not name the notice it follows.", source=source)
    holidays = content.get("holiday")
    if not isinstance(holidays, list) or not holidays or not all(isinstance(entry, dict) for entry in holidays):
        raise BadInput("calendar.no_holidays", "%(source)s has no holidays.", source=source)
    worked = content.get("make_up", [])
    if not isinstance(worked, list):
        raise BadInput("calendar.make_up_list", "%(source)s: make_up must be a list of days.", source=source)
    make_up = [_day(day, source) for day in worked]
    days_off: list[date] = []
    for entry in holidays:
        first = _day(entry.get("from"), source)
        last = _day(entry.get("to", first), source)
        if last < first or (last - first).days > 31:
            raise BadInput(
                "calendar.range",
                "%(source)s: a holiday can't last from %(first)s to %(last)s.",
                source=source,
                first=str(first),
                last=str(last),
            )
        days_off += (first + timedelta(n) for n in range((last - first).days + 1))
    _check(year, days_off, make_up, source)
    return YearCalendar(
        year, _whole(content.get("revision", 1), "revision", source), notice.strip(), tuple(sorted(days_off)), tuple(sorted(make_up))
    )


def _whole(value: object, name: str, source: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    raise BadInput("calendar.number", "%(source)s: %(name)s must be a whole number.", source=source, name=name)


def _day(value: object, source: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise BadInput("calendar.day", "%(source)s: %(value)s is not a day such as 2026-10-01.", source=source, value=str(value))


def _check(year: int, days_off: list[date], make_up: list[date], source: str) -> None:
    seen: set[date] = set()
    for day in days_off + make_up:
        if day.year != year:
            raise BadInput(
                "calendar.other_year",
                "%(source)s: %(day)s is not in %(year)s; it belongs in the file of its own year, with a higher revision.",
                source=source,
                day=day.isoformat(),
                year=year,
            )
        if day in seen:
            raise BadInput("calendar.day_twice", "%(source)s: %(day)s is given twice.", source=source, day=day.isoformat())
        seen.add(day)
    for day in make_up:
        if day.weekday() < 5:
            raise BadInput(
                "calendar.make_up_weekday",
                "%(source)s: %(day)s is no weekend day to be worked instead of another.",
                source=source,
                day=day.isoformat(),
            )


def build(years: Iterable[YearCalendar], *, version: str | None = None) -> Calendar:
    """One calendar from consecutive years; of several revisions of a year the highest counts.

    Known from the first 1 January to the last 31 December. Without `version` its name tells the years and a digest of the days,
    so equal days have equal names. Raises BadInput if a year is missing in between or there is none.
    """
    chosen: dict[int, YearCalendar] = {}
    for one in years:
        if one.year not in chosen or chosen[one.year].revision <= one.revision:
            chosen[one.year] = one
    if not chosen:
        raise BadInput("calendar.none", "There is no calendar.")
    first, last = min(chosen), max(chosen)
    for year in range(first, last):
        if year not in chosen:
            raise BadInput("calendar.gap", "The calendar of %(year)s is missing.", year=year)
    days_off = [day for one in chosen.values() for day in one.days_off]
    make_up = [day for one in chosen.values() for day in one.make_up]
    if version is None:
        # Weekend days inside a holiday change nothing, so they don't change the name either.
        days = sorted(f"-{day}" for day in days_off if day.weekday() < 5) + sorted(f"+{day}" for day in make_up)
        version = f"{first}-{last}.{hashlib.sha256(' '.join(days).encode()).hexdigest()[:8]}"
    return Calendar(version, date(first, 1, 1), date(last, 12, 31), days_off, make_up)


def shipped() -> list[YearCalendar]:
    """The years that come with the project, oldest first."""
    years = [load_file(path) for path in sorted(SHIPPED.glob("*.toml"))]
    if not years:
        raise UnknownRule("calendar.none_shipped", "No calendar came with the program.")
    return years


@cache
def default() -> Calendar:
    """The calendar of the shipped years alone; a site that has loaded later years builds its own."""
    return build(shipped())
