"""When filings come: how many on which day, and at what time of it."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from fangxin.clocks import calendars
from fangxin.kernel.workdays import Calendar
from fangxin.sample.names import Draw

WEEKDAY = (1.16, 1.10, 1.06, 1.04, 1.03, 0.82, 0.79)
MONTH = (0.92, 0.90, 1.08, 1.00, 1.03, 1.04, 1.05, 1.06, 1.00, 1.00, 1.02, 0.90)
# 3·15, the world consumer rights day, and the sales of 18 June and 11 November with the weeks of returns after them.
_FIXED = {
    **{(3, day): factor for day, factor in zip(range(12, 20), (1.2, 1.35, 1.7, 2.6, 2.0, 1.5, 1.3, 1.15), strict=True)},
    **{(6, day): 1.15 for day in range(18, 24)},
    **{(11, day): factor for day, factor in zip(range(10, 21), (1.15, 1.45, 1.6, 1.6, 1.5, 1.4, 1.35, 1.3, 1.25, 1.2, 1.1), strict=True)},
}
HOURS = (2, 1, 1, 1, 1, 2, 6, 18, 52, 78, 80, 58, 34, 38, 60, 70, 68, 58, 38, 30, 28, 22, 12, 6)
"""Weight of each hour of the day."""


@cache
def calendar() -> Calendar:
    """Working days, as the shipped notices say."""
    return calendars.default()


@cache
def _feasts() -> dict[date, float]:
    """Factors of the days around the two long holidays, found as the long runs of days off in the shipped calendars."""
    factors: dict[date, float] = {}
    for year in calendars.shipped():
        off = set(year.days_off)
        for day in sorted(off):
            length = next(n for n in range(60) if day + timedelta(n) not in off)
            if day - timedelta(1) in off or length < 6:
                continue
            if day.month in (1, 2):  # Spring Festival: shopping before, silence on the feast, everything on return
                shape = (
                    dict.fromkeys(range(-12, -1), 1.3)
                    | dict.fromkeys(range(-1, 3), 0.55)
                    | dict.fromkeys(range(3, 7), 1.0)
                    | dict.fromkeys(range(7, 14), 1.4)
                )
            else:  # National Day: journeys, meals, parking
                shape = dict.fromkeys(range(7), 1.5) | dict.fromkeys(range(7, 11), 1.25)
            factors.update({day + timedelta(n): factor for n, factor in shape.items()})
    return factors


def weight(day: date, seed: int) -> float:
    """How many filings come on that day, as a multiple of an ordinary day's, with some noise that depends on the day and the seed alone."""
    feast = _feasts().get(day, 1.0)
    # On holidays of all a weekday is like another.
    weekday = 1.0 if feast != 1.0 and not calendar().is_workday(day) else WEEKDAY[day.weekday()]
    noise = Draw(b"day", seed, day.toordinal())
    swing = sum(noise.below(1000) for _ in range(4)) / 2000 - 1  # about normal
    return weekday * MONTH[day.month - 1] * feast * _FIXED.get((day.month, day.day), 1.0) * (1 + 0.12 * swing)


def span(since: date, until: date) -> Iterator[date]:
    """The days from `since` to `until`, both included."""
    for ordinal in range(since.toordinal(), until.toordinal() + 1):
        yield date.fromordinal(ordinal)


def counts(cases: int, since: date, until: date, seed: int) -> Iterator[tuple[date, int]]:
    """How many of exactly `cases` filings come on each day, in order."""
    total = sum(weight(day, seed) for day in span(since, until))
    passed, given = 0.0, 0
    for day in span(since, until):
        passed += weight(day, seed)
        upto = cases if day == until else min(cases, int(cases * passed / total + 0.5))
        yield day, upto - given
        given = upto
