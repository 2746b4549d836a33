"""Working-day arithmetic, as properties of any calendar and against counting day by day."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.workdays import Calendar

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
DAYS = st.dates(FIRST, LAST)
WEEKENDS = DAYS.filter(lambda day: day.weekday() > 4)
GOLDEN_WEEK = [date(2026, 10, day) for day in range(1, 8)]
PLAIN = Calendar("plain", FIRST, LAST, [], [])
OCTOBER = Calendar("october", FIRST, LAST, GOLDEN_WEEK, [date(2026, 9, 20), date(2026, 10, 10)])


@st.composite
def calendars(draw) -> Calendar:
    made_up = draw(st.sets(WEEKENDS, max_size=5))
    off = draw(st.sets(DAYS, max_size=12)) - made_up
    return Calendar("drawn", FIRST, LAST, off, made_up)


CALENDARS = calendars()


def counted(calendar: Calendar, day: date, n: int) -> date:
    """The n-th working day after a day, by looking at one day after the other."""
    while n:
        day += timedelta(1)
        n -= calendar.is_workday(day)
    return day


def test_the_first_day_is_out_and_a_make_up_saturday_counts():
    assert OCTOBER.add(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert OCTOBER.add(date(2026, 9, 30), 3) == date(2026, 10, 10)
    assert OCTOBER.add(date(2026, 9, 30), 4) == date(2026, 10, 12)
    assert OCTOBER.add(date(2026, 10, 3), 0) == date(2026, 10, 3)
    assert OCTOBER.add(date(2026, 10, 12), -1) == date(2026, 10, 10)
    assert OCTOBER.add(date(2026, 10, 3), -1) == date(2026, 9, 30)


def test_a_day_off_rolls_to_the_next_working_day_and_a_working_day_stays():
    assert [OCTOBER.roll(date(2026, 10, day)) for day in (1, 7, 8, 10, 11)] == [
        date(2026, 10, 8),
        date(2026, 10, 8),
        date(2026, 10, 8),
        date(2026, 10, 10),
        date(2026, 10, 12),
    ]


def test_a_calendar_is_known_to_its_last_notice_and_plain_weeks_follow():
    assert OCTOBER.known(date(2026, 12, 31))
    assert not OCTOBER.known(date(2027, 1, 1))
    assert not OCTOBER.known(date(2025, 12, 31))
    assert OCTOBER.add(date(2026, 12, 31), 1) == date(2027, 1, 1)  # Friday: presumed, as nobody has announced a holiday yet
    assert OCTOBER.add(date(2026, 12, 31), 2) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: PLAIN.add(date(2025, 12, 31), 1),
        lambda: PLAIN.add(date(2038, 12, 31), 1),
        lambda: PLAIN.add(date(2026, 1, 5), -9),
        lambda: PLAIN.add(date(2039, 1, 1), 0),
        lambda: PLAIN.roll(date(2039, 1, 1)),
        lambda: PLAIN.is_workday(date(2025, 12, 31)),
        lambda: PLAIN.count(date(2026, 1, 1), date(2039, 1, 1)),
        lambda: PLAIN.add_many(np.array([date(2025, 12, 31).toordinal()]), 1),
        lambda: PLAIN.add_many(np.array([date(2038, 12, 31).toordinal()]), 1),
        lambda: PLAIN.add_many(np.array([date(2026, 1, 5).toordinal()]), -9),
        lambda: PLAIN.roll_many(np.array([-5])),
    ],
)
def test_a_day_outside_the_table_fails_aloud(ask):
    with pytest.raises(UnknownRule):
        ask()


def test_a_calendar_that_contradicts_itself_is_refused():
    with pytest.raises(BadInput, match="2026-10-10 is both off and worked"):
        Calendar("x", FIRST, LAST, [date(2026, 10, 10)], [date(2026, 10, 10)])
    with pytest.raises(BadInput, match="2027-01-01 lies outside"):
        Calendar("x", FIRST, LAST, [date(2027, 1, 1)], [])
    with pytest.raises(BadInput, match="can't end before"):
        Calendar("x", LAST, FIRST, [], [])


@given(calendar=CALENDARS, start=DAYS, n=st.integers(0, 80))
def test_adding_is_counting_day_by_day(calendar, start, n):
    assert calendar.add(start, n) == counted(calendar, start, n)


@given(calendar=CALENDARS, start=DAYS, m=st.integers(0, 60), n=st.integers(0, 60))
def test_periods_add_up(calendar, start, m, n):
    """Seven days and then five days end when twelve days end."""
    assert calendar.add(calendar.add(start, m), n) == calendar.add(start, m + n)


@given(calendar=CALENDARS, start=DAYS, end=DAYS, n=st.integers(1, 60))
def test_count_undoes_add_and_add_undoes_count(calendar, start, end, n):
    assert calendar.count(start, calendar.add(start, n)) == n
    assert calendar.count(start, end) == -calendar.count(end, start)
    assert calendar.add(calendar.add(start, n), -n) <= start
    if start < end and calendar.is_workday(end):
        assert calendar.add(start, calendar.count(start, end)) == end


@given(calendar=CALENDARS, holiday=DAYS, start=DAYS, n=st.integers(0, 60))
def test_a_holiday_never_makes_a_deadline_earlier(calendar, holiday, start, n):
    off = {FIRST + timedelta(k) for k in range(365) if not calendar.is_workday(FIRST + timedelta(k))}
    more = Calendar("more", FIRST, LAST, (off | {holiday}) - calendar.make_up, calendar.make_up - {holiday})

    assert more.add(start, n) >= calendar.add(start, n)
    assert more.roll(start) >= calendar.roll(start)


@given(calendar=CALENDARS, worked=WEEKENDS, start=DAYS, n=st.integers(0, 60))
def test_a_make_up_day_never_makes_a_deadline_later(calendar, worked, start, n):
    off = {FIRST + timedelta(k) for k in range(365) if not calendar.is_workday(FIRST + timedelta(k))}
    more = Calendar("more", FIRST, LAST, off - {worked}, calendar.make_up | {worked})

    assert more.add(start, n) <= calendar.add(start, n)
    assert more.roll(start) <= calendar.roll(start)


@given(calendar=CALENDARS, one=DAYS, other=DAYS, n=st.integers(0, 60))
def test_who_starts_earlier_never_ends_later(calendar, one, other, n):
    first, second = sorted((one, other))

    assert calendar.add(first, n) <= calendar.add(second, n)
    assert calendar.roll(first) <= calendar.roll(second)


@settings(max_examples=40)
@given(calendar=CALENDARS, n=st.integers(-40, 80), starts=st.lists(st.dates(date(2026, 3, 1), date(2027, 6, 30)), max_size=30))
def test_the_batch_is_the_scalar(calendar, n, starts):
    days = np.array([day.toordinal() for day in starts], dtype=np.int64)

    assert [date.fromordinal(int(day)) for day in calendar.add_many(days, n)] == [calendar.add(day, n) for day in starts]
    assert [date.fromordinal(int(day)) for day in calendar.roll_many(days)] == [calendar.roll(day) for day in starts]
    assert calendar.known_many(days).tolist() == [calendar.known(day) for day in starts]
    assert calendar.count_many(days, days[::-1]).tolist() == [calendar.count(*pair) for pair in zip(starts, starts[::-1], strict=True)]
