"""When a period ends, why, and whether it was kept."""

import os
import time
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fangxin.clocks import rules
from fangxin.clocks.calendars import build, default, shipped
from fangxin.clocks.rules import Due, Extension, Pause, due, due_batch, due_many, explain, local_date, verdict
from fangxin.clocks.terms import Unit, book, term
from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.workdays import Calendar

CHINA = timezone(timedelta(hours=8))
CALENDAR = default()
VERSIONS = [version for key in ("complaint.acceptance", "complaint.mediation", "report.verification") for version in term(key).versions]
ALL = st.sampled_from(VERSIONS)
HOURS = int((datetime(2026, 6, 30, tzinfo=UTC) - datetime(2012, 1, 1, tzinfo=UTC)) / timedelta(hours=1))
STARTS = st.integers(0, HOURS).map(lambda hours: datetime(2012, 1, 1, tzinfo=UTC) + timedelta(hours=hours))
THIS_YEAR = shipped()[-1]
DAYS_2026 = st.dates(date(2026, 1, 1), date(2026, 12, 31))


def at(day: date, hour: int = 10, minute: int = 0) -> datetime:
    """A time of day in China, as the instant that is stored."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA).astimezone(UTC)


def dates(key: str, start: date, **more) -> tuple[date, date] | None:
    answer = due(term(key).on(start), CALENDAR, at(start), **more)
    return answer and (answer.strict_on, answer.lenient_on)


# --- the law's own days ---


@pytest.mark.parametrize(
    ("key", "start", "strict", "lenient"),
    [
        ("complaint.mediation", date(2026, 8, 3), date(2026, 10, 2), date(2026, 10, 8)),
        ("complaint.acceptance", date(2026, 9, 24), date(2026, 10, 12), date(2026, 10, 12)),
        ("complaint.acceptance", date(2026, 2, 13), date(2026, 3, 2), date(2026, 3, 2)),  # counts 14 and 28 February
        ("complaint.acceptance", date(2026, 4, 14), date(2026, 4, 23), date(2026, 4, 23)),
        ("complaint.acceptance", date(2026, 4, 15), date(2026, 4, 24), date(2026, 4, 24)),
        ("complaint.mediation", date(2024, 6, 28), date(2024, 8, 30), date(2024, 8, 30)),  # the last under 45 working days
        ("complaint.mediation", date(2024, 7, 1), date(2024, 8, 30), date(2024, 8, 30)),  # the first under 60 days
        ("complaint.mediation", date(2026, 4, 14), date(2026, 6, 13), date(2026, 6, 15)),
        ("complaint.mediation", date(2026, 4, 15), date(2026, 6, 14), date(2026, 6, 15)),
        ("report.verification", date(2026, 9, 21), date(2026, 10, 19), date(2026, 10, 19)),
        ("hotline.closing", date(2026, 4, 30), date(2026, 5, 11), date(2026, 5, 11)),
        ("complaint.limitation", date(2024, 2, 29), date(2027, 2, 28), date(2027, 3, 1)),
        ("recall.completion.level1", date(2026, 11, 30), date(2026, 12, 14), date(2026, 12, 14)),
        ("recall.completion.level1", date(2026, 12, 1), date(2026, 12, 11), date(2026, 12, 11)),
    ],
)
def test_due_dates(key, start, strict, lenient):
    assert dates(key, start) == (strict, lenient)


def test_a_day_ends_at_midnight_in_china():
    assert due(term("complaint.mediation").on(date(2026, 8, 3)), CALENDAR, at(date(2026, 8, 3))) == Due(
        strict_on=date(2026, 10, 2),
        lenient_on=date(2026, 10, 8),
        due_at=datetime(2026, 10, 2, 16, tzinfo=UTC),
        breach_at=datetime(2026, 10, 8, 16, tzinfo=UTC),
        nearing_at=datetime(2026, 9, 25, 16, tzinfo=UTC),
        provisional=False,
    )


def test_the_start_day_is_the_day_in_china():
    version = term("complaint.acceptance").on(date(2026, 5, 11))

    assert due(version, CALENDAR, datetime(2026, 5, 10, 16, 0, tzinfo=UTC)).strict_on == date(2026, 5, 20)
    assert due(version, CALENDAR, datetime(2026, 5, 10, 15, 59, tzinfo=UTC)).strict_on == date(2026, 5, 19)


def test_hours_run_through_nights_and_holidays():
    start = at(date(2026, 10, 1), 23, 30)
    first, answer = (due(term(key).on(date(2026, 10, 1)), CALENDAR, start) for key in ("local.dispatch", "local.answer"))

    assert (first.due_at, first.breach_at, first.nearing_at) == (
        start + timedelta(hours=2),
        start + timedelta(hours=2),
        start + timedelta(hours=1.5),
    )
    assert (first.strict_on, first.lenient_on, answer.strict_on) == (date(2026, 10, 2), date(2026, 10, 2), date(2026, 10, 2))
    assert (answer.due_at, answer.provisional) == (start + timedelta(hours=24), False)


def test_recall_must_start_sooner_from_december_2026():
    def hours(day: date) -> list[float]:
        found = [due(term(f"recall.start.level{level}").on(day), CALENDAR, at(day)) for level in (1, 2, 3)]
        return [(one.due_at - at(day)) / timedelta(hours=1) for one in found]

    assert hours(date(2026, 11, 30)) == [24, 48, 72]
    assert hours(date(2026, 12, 1)) == [24, 36, 48]


def test_what_has_no_number_has_no_date():
    day = date(2026, 5, 6)

    assert dates("dispatch.prompt", day) is None
    assert dates("complaint.identity_proof", day) is None
    assert dates("complaint.identity_proof", day, set_on=date(2026, 5, 12)) == (date(2026, 5, 12), date(2026, 5, 12))


# --- what is not known ---


def test_a_date_beyond_the_calendar_is_provisional():
    def provisional(key: str, start: date) -> bool:
        return due(term(key).on(start), CALENDAR, at(start)).provisional

    assert not provisional("complaint.acceptance", date(2026, 12, 22))  # ends on the last known day
    assert provisional("complaint.acceptance", date(2026, 12, 23))
    assert not provisional("complaint.mediation", date(2026, 11, 1))
    assert provisional("complaint.mediation", date(2026, 11, 2))  # 1 January 2027: certainly a date, but nobody knows yet where it rolls


def test_outside_the_calendar_nothing_is_guessed():
    version = term("hotline.closing").on(date(2010, 5, 1), as_if=True)

    with pytest.raises(UnknownRule):
        due(version, CALENDAR, at(date(2010, 5, 4)))
    with pytest.raises(UnknownRule):
        due(version, CALENDAR, at(date(2039, 5, 4)))


def test_a_replay_is_reckoned_as_if_in_force():
    version = term("complaint.mediation").on(date(2015, 3, 2), as_if=True)

    assert version.id == "C3@order20"
    assert due(version, CALENDAR, at(date(2015, 3, 2))).strict_on == date(2015, 5, 6)


def test_a_naive_time_is_refused():
    for key in ("complaint.acceptance", "local.dispatch"):
        version = term(key).on(date(2026, 5, 6))
        with pytest.raises(BadInput, match="no time zone"):
            due(version, CALENDAR, datetime(2026, 5, 6, 10))  # noqa: DTZ001 -- that is what is refused
        with pytest.raises(BadInput, match="no time zone"):
            due_batch(version, CALENDAR, [datetime(2026, 5, 6, 10)])  # noqa: DTZ001 -- that is what is refused


# --- the alarm ---


def test_the_alarm_counts_from_first_receipt_and_the_period_from_competent_receipt():
    version = term("complaint.acceptance").on(date(2026, 5, 14))
    alone = due(version, CALENDAR, at(date(2026, 5, 14)))
    forwarded = due(version, CALENDAR, at(date(2026, 5, 14)), received=at(date(2026, 5, 11)))

    assert alone.nearing_at == datetime(2026, 5, 21, 16, tzinfo=UTC)
    assert forwarded.nearing_at == datetime(2026, 5, 18, 16, tzinfo=UTC)
    assert forwarded._replace(nearing_at=None) == alone._replace(nearing_at=None)


@given(version=ALL, start=STARTS, hours=st.integers(-2000, 2000))
def test_the_alarm_is_never_after_the_due_instant_nor_later_for_an_earlier_receipt(version, start, hours):
    alone = due(version, CALENDAR, start)
    forwarded = due(version, CALENDAR, start, received=start + timedelta(hours=hours))

    assert forwarded.nearing_at <= alone.nearing_at <= alone.due_at <= alone.breach_at


# --- pauses, extensions, restarts ---


def test_testing_is_not_counted():
    mediation, report = "complaint.mediation", "report.verification"
    testing = [Pause("testing", date(2026, 5, 11), date(2026, 5, 21))]

    assert dates(mediation, date(2026, 5, 6)) == (date(2026, 7, 5), date(2026, 7, 6))
    assert dates(mediation, date(2026, 5, 6), pauses=testing) == (date(2026, 7, 15), date(2026, 7, 15))
    assert dates(report, date(2026, 5, 6)) == (date(2026, 5, 26), date(2026, 5, 26))
    assert dates(report, date(2026, 5, 6), pauses=testing) == (date(2026, 6, 5), date(2026, 6, 5))


def test_an_open_pause_leaves_no_date():
    assert dates("complaint.mediation", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 5, 11))]) is None
    # What begins after the last day can't hold the period up any more.
    assert dates("complaint.mediation", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 7, 5))]) == (
        date(2026, 7, 5),
        date(2026, 7, 6),
    )


def test_a_recusal_suspends_mediation_and_not_its_period():
    recusal = [Pause("recusal", date(2026, 5, 11))]

    assert dates("complaint.mediation", date(2026, 5, 6), pauses=recusal) == (date(2026, 7, 5), date(2026, 7, 6))


def test_overlapping_pauses_count_once():
    one = [Pause("testing", date(2026, 5, 11), date(2026, 5, 25))]
    two = [Pause("identification", date(2026, 5, 13), date(2026, 5, 25)), Pause("testing", date(2026, 5, 11), date(2026, 5, 21))]

    assert dates("report.verification", date(2026, 5, 6), pauses=one) == dates("report.verification", date(2026, 5, 6), pauses=two)
    assert dates("report.verification", date(2026, 5, 6), pauses=[*two, Pause("testing", date(2026, 5, 12))]) is None


def test_a_pause_the_law_does_not_know_is_refused():
    with pytest.raises(BadInput, match="C1@order121 has no pause for testing"):
        dates("complaint.acceptance", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 5, 7), date(2026, 5, 8))])
    with pytest.raises(BadInput, match="L1@pledge2024 has no pause"):
        dates("local.dispatch", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 5, 7), date(2026, 5, 8))])
    with pytest.raises(BadInput, match="can't end before it begins"):
        dates("complaint.mediation", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 5, 8), date(2026, 5, 7))])


def test_an_extension_lengthens_what_the_law_lets_it():
    day = date(2026, 5, 6)

    assert dates("report.verification", day, extensions=[Extension(15, Unit.WORKDAYS)]) == (date(2026, 6, 16), date(2026, 6, 16))
    assert dates("hotline.closing", day, extensions=[Extension(4, Unit.WORKDAYS)]) == (date(2026, 5, 18), date(2026, 5, 18))
    assert dates("recall.completion.level1", date(2026, 12, 1), extensions=[Extension(9, Unit.DAYS)]) == (
        date(2026, 12, 20),
        date(2026, 12, 21),
    )


@pytest.mark.parametrize(
    ("key", "extensions", "why"),
    [
        ("complaint.acceptance", [Extension(1, Unit.WORKDAYS)], "can't be extended"),
        ("complaint.mediation", [Extension(1, Unit.DAYS)], "can't be extended"),
        ("report.verification", [Extension(16, Unit.WORKDAYS)], "can't be extended by 16 workdays"),
        ("report.verification", [Extension(15, Unit.DAYS)], "can't be extended by 15 days"),
        ("report.verification", [Extension(0, Unit.WORKDAYS)], "can't be extended by 0 workdays"),
        ("report.verification", [Extension(5, Unit.WORKDAYS)] * 2, "can't be extended again"),
        ("local.dispatch", [Extension(1, Unit.HOURS)], "can't be extended"),
    ],
)
def test_any_other_extension_is_refused(key, extensions, why):
    with pytest.raises(BadInput, match=why):
        dates(key, date(2026, 5, 6), extensions=extensions)


@given(start=STARTS, after=st.integers(0, 59), length=st.integers(0, 200))
def test_a_pause_of_so_many_days_shifts_by_so_many_days(start, after, length):
    version = book().version("C3@order121")
    first = local_date(start) + timedelta(after)
    plain = due(version, CALENDAR, start)
    paused = due(version, CALENDAR, start, pauses=[Pause("testing", first, first + timedelta(length))])

    assert paused.strict_on - plain.strict_on == timedelta(length)


@given(start=STARTS, after=st.integers(0, 14), length=st.integers(0, 200))
def test_a_pause_shifts_working_days_by_its_working_days(start, after, length):
    version = book().version("R1@order121")
    first = CALENDAR.add(local_date(start), after)
    last = first + timedelta(length)
    plain = due(version, CALENDAR, start)
    paused = due(version, CALENDAR, start, pauses=[Pause("testing", first, last)])

    assert CALENDAR.count(plain.strict_on, paused.strict_on) == CALENDAR.count(first, last)


@given(start=STARTS, spans=st.lists(st.tuples(st.integers(-5, 40), st.integers(0, 15)), max_size=4))
def test_pauses_leave_out_exactly_the_days_they_cover(start, spans):
    """Against looking at one day after the other."""
    day = local_date(start)
    pauses = [Pause("testing", day + timedelta(first), day + timedelta(first + length)) for first, length in spans]
    covered = {pause.start + timedelta(n + 1) for pause in pauses for n in range((pause.end - pause.start).days)}
    last, left = day, 15
    while left:
        last += timedelta(1)
        left -= CALENDAR.is_workday(last) and last not in covered

    assert due(book().version("R1@order121"), CALENDAR, start, pauses=pauses).strict_on == last


def test_a_merged_report_restarts_the_count():
    """Restarting is starting again on the day of the last report; the rule says which event may do so."""
    version = term("report.verification").on(date(2026, 5, 6))

    assert version.restarts == ("report.repeat",)
    assert due(version, CALENDAR, at(date(2026, 5, 18))).strict_on == date(2026, 6, 8)


# --- properties ---


@given(version=ALL, one=STARTS, other=STARTS)
def test_who_starts_earlier_never_ends_later(version, one, other):
    first, second = (due(version, CALENDAR, start) for start in sorted((one, other)))

    assert first.strict_on <= second.strict_on
    assert first.lenient_on <= second.lenient_on
    assert first.nearing_at <= second.nearing_at


def changed(*, off: set[date], worked: set[date]) -> Calendar:
    """The year 2026 with these days moved."""
    this = shipped()[-1]
    return Calendar(
        "changed", date(2026, 1, 1), date(2026, 12, 31), (set(this.days_off) | off) - worked, (set(this.make_up) | worked) - off
    )


@settings(max_examples=40)
@given(version=ALL, holiday=DAYS_2026, start=DAYS_2026)
def test_a_holiday_never_makes_a_deadline_earlier(version, holiday, start):
    before = due(version, changed(off=set(), worked=set()), at(start))
    after = due(version, changed(off={holiday}, worked=set()), at(start))

    assert (after.strict_on >= before.strict_on, after.lenient_on >= before.lenient_on) == (True, True)


@settings(max_examples=40)
@given(version=ALL, worked=DAYS_2026.filter(lambda day: day.weekday() > 4), start=DAYS_2026)
def test_a_make_up_day_never_makes_a_deadline_later(version, worked, start):
    before = due(version, changed(off=set(), worked=set()), at(start))
    after = due(version, changed(off=set(), worked={worked}), at(start))

    assert (after.strict_on <= before.strict_on, after.lenient_on <= before.lenient_on) == (True, True)


@given(version=ALL, start=STARTS, hours=st.integers(-12, 14))
def test_the_zone_a_time_is_written_in_changes_nothing(version, start, hours):
    assert due(version, CALENDAR, start.astimezone(timezone(timedelta(hours=hours)))) == due(version, CALENDAR, start)


@pytest.fixture
def server_zone():
    """Sets the zone of this process, and puts back the one it had."""
    before = os.environ.get("TZ")

    def set_zone(name: str) -> None:
        os.environ["TZ"] = name
        time.tzset()
        rules._plain.cache_clear()

    yield set_zone
    os.environ.pop("TZ")
    if before is not None:
        os.environ["TZ"] = before
    time.tzset()


def test_the_server_s_time_zone_changes_nothing(server_zone):
    def answers() -> list[Due | None]:
        start = datetime(2026, 5, 10, 15, 59, tzinfo=UTC)
        return [
            due(term(key).on(date(2026, 5, 10)), CALENDAR, start) for key in ("complaint.acceptance", "complaint.mediation", "local.answer")
        ]

    found = []
    for zone in ("UTC", "Asia/Shanghai", "America/Los_Angeles", "Pacific/Kiritimati"):
        server_zone(zone)
        found.append(answers())

    assert found == [found[0]] * 4


# --- batches ---


@given(key=st.sampled_from(["complaint.acceptance", "complaint.mediation", "hotline.closing"]), starts=st.lists(STARTS, max_size=20))
def test_the_array_is_the_scalar(key, starts):
    version = term(key).versions[-1]
    strict, lenient, provisional = due_many(
        version, CALENDAR, np.array([local_date(start).toordinal() for start in starts], dtype=np.int64)
    )

    expected = [due(version, CALENDAR, start) for start in starts]
    assert strict.tolist() == [one.strict_on.toordinal() for one in expected]
    assert lenient.tolist() == [one.lenient_on.toordinal() for one in expected]
    assert provisional.tolist() == [one.provisional for one in expected]


@pytest.mark.parametrize(
    "key", ["local.dispatch", "complaint.acceptance", "complaint.mediation", "complaint.limitation", "dispatch.prompt"]
)
def test_the_batch_is_the_scalar(key):
    version = term(key).versions[-1]
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=97 * n) for n in range(100)]
    received = [None if n % 3 else start - timedelta(hours=50) for n, start in enumerate(starts)]

    assert due_batch(version, CALENDAR, starts) == [due(version, CALENDAR, start) for start in starts]
    assert due_batch(version, CALENDAR, starts, received=received) == [
        due(version, CALENDAR, start, received=first) for start, first in zip(starts, received, strict=True)
    ]


def test_the_array_knows_days_only():
    with pytest.raises(BadInput, match="period of hours"):
        due_many(term("local.dispatch").versions[-1], CALENDAR, np.array([1]))


# --- the verdict ---


def test_the_verdict_goes_by_the_lenient_day_and_tells_the_strict_one():
    version = term("complaint.mediation").on(date(2026, 8, 3))
    answer = due(version, CALENDAR, at(date(2026, 8, 3)))

    assert verdict(version, answer, at(date(2026, 10, 2), 23, 59)) == (True, True, 0, "days")
    assert verdict(version, answer, at(date(2026, 10, 3), 0, 0)) == (True, False, 0, "days")
    assert verdict(version, answer, at(date(2026, 10, 8), 23, 59)) == (True, False, 0, "days")
    assert verdict(version, answer, at(date(2026, 10, 9), 0, 0)) == (False, False, 1, "days")
    assert verdict(version, answer, at(date(2026, 11, 8))) == (False, False, 31, "days")


def test_hours_are_judged_to_the_second():
    version = term("local.dispatch").on(date(2026, 5, 6))
    start = at(date(2026, 5, 6))
    answer = due(version, CALENDAR, start)

    assert verdict(version, answer, start + timedelta(hours=2)) == (True, True, 0, "seconds")
    assert verdict(version, answer, start + timedelta(hours=2, microseconds=1)) == (False, False, 1, "seconds")
    assert verdict(version, answer, start + timedelta(hours=3)) == (False, False, 3600, "seconds")


@given(version=ALL, start=STARTS, hours=st.integers(0, 3000))
def test_in_time_is_before_the_breach_instant(version, start, hours):
    answer = due(version, CALENDAR, start)
    stopped = start + timedelta(hours=hours)
    found = verdict(version, answer, stopped)

    assert found.in_time == (stopped < answer.breach_at) == (found.overrun == 0)
    assert found.strict_in_time == (stopped < answer.due_at)


# --- the sentence ---


def told(key: str, start: date, hour: int = 10, minute: int = 0, *, version=None, set_on=None, **more) -> tuple[str, str]:
    version = version or term(key).on(start)
    began = at(start, hour, minute)
    answer = due(version, CALENDAR, began, set_on=set_on, **more)
    return tuple(explain(term(key), version, CALENDAR, answer, began, language, **more) for language in ("en", "zh-hans"))


def test_working_days_are_explained_with_the_days_off_and_the_make_up_days():
    assert told("complaint.acceptance", date(2026, 9, 24)) == (
        "7 working days from Thu 24 Sep 2026: Mon 12 Oct 2026; Order 121 Art 15; 11 days off skipped, make-up day 10 Oct counted",
        (
            "自2026年9月24日（星期四）起7个工作日，至2026年10月12日（星期一）届满；依据《市场监督管理投诉举报处理办法》第十五条；"
            "其间休息日11天不计，10月10日调休上班计入。"
        ),
    )
    assert told("complaint.acceptance", date(2026, 2, 13))[0] == (
        "7 working days from Fri 13 Feb 2026: Mon 2 Mar 2026; Order 20 Art 14; 10 days off skipped, make-up days 14 Feb and 28 Feb counted"
    )
    assert told("hotline.return", date(2026, 5, 11)) == (
        "2 working days from Mon 11 May 2026: Wed 13 May 2026; Shandong hotline rules",
        "自2026年5月11日（星期一）起2个工作日，至2026年5月13日（星期三）届满；依据《山东省政务服务热线管理办法》。",
    )


def test_a_last_day_that_is_off_is_explained():
    assert told("complaint.mediation", date(2026, 8, 3)) == (
        (
            "60 days from Mon 3 Aug 2026: Fri 2 Oct 2026; Order 121 Art 23(5), Consumer Rights Regulation Art 46 para 3; "
            "that day is off, so late only after Thu 8 Oct 2026"
        ),
        (
            "自2026年8月3日（星期一）起60日，至2026年10月2日（星期五）届满；依据《市场监督管理投诉举报处理办法》第二十三条第（五）项、"
            "《中华人民共和国消费者权益保护法实施条例》第四十六条第三款；届满日为休息日，2026年10月8日（星期四）之后方为逾期。"
        ),
    )


def test_hours_are_explained_to_the_minute():
    assert told("local.dispatch", date(2026, 9, 24), 23, 30) == (
        "2 hours from Thu 24 Sep 2026 23:30: Fri 25 Sep 2026 01:30; local pledge",
        "自2026年9月24日（星期四）23:30起2小时，至2026年9月25日（星期五）01:30届满；依据济宁市市场监督管理局公开承诺（2024年3月12日发布）。",
    )


def test_a_provisional_date_says_why():
    assert told("complaint.acceptance", date(2026, 12, 28)) == (
        (
            "7 working days from Mon 28 Dec 2026: Wed 6 Jan 2027; Order 121 Art 15; 2 days off skipped; "
            "provisional, the holidays after Thu 31 Dec 2026 are not announced"
        ),
        (
            "自2026年12月28日（星期一）起7个工作日，至2027年1月6日（星期三）届满；依据《市场监督管理投诉举报处理办法》第十五条；"
            "其间休息日2天不计；2026年12月31日之后的放假安排尚未公布，日期为暂定。"
        ),
    )


def test_a_pause_and_an_extension_are_explained():
    assert told(
        "report.verification",
        date(2026, 5, 6),
        pauses=[Pause("testing", date(2026, 5, 11), date(2026, 5, 21))],
        extensions=[Extension(15, Unit.WORKDAYS)],
    ) == (
        (
            "15 working days from Wed 6 May 2026: Mon 29 Jun 2026; Penalty Procedure Art 18, "
            "Order 121 Art 35; extended by 15 working days; 8 working days of testing or appraisal not counted; "
            "16 days off skipped, make-up day 9 May counted"
        ),
        (
            "自2026年5月6日（星期三）起15个工作日，至2026年6月29日（星期一）届满；依据《市场监督管理行政处罚程序规定》第十八条、"
            "《市场监督管理投诉举报处理办法》第三十五条；经批准延长15个工作日；检测、鉴定所需8个工作日不计入；其间休息日16天不计，5月9日调休上班计入。"
        ),
    )
    assert told("complaint.mediation", date(2026, 5, 6), pauses=[Pause("testing", date(2026, 5, 11))]) == (
        (
            "60 days from Wed 6 May 2026: stands still since Mon 11 May 2026 for testing or appraisal; "
            "Order 121 Art 23(5), Consumer Rights Regulation Art 46 para 3"
        ),
        (
            "自2026年5月6日（星期三）起60日，2026年5月11日（星期一）起因检测、鉴定停止计算；依据《市场监督管理投诉举报处理办法》第二十三条第（五）项、"
            "《中华人民共和国消费者权益保护法实施条例》第四十六条第三款。"
        ),
    )


def test_what_has_no_number_is_explained_too():
    assert told("dispatch.prompt", date(2026, 5, 6)) == (
        "promptly from Wed 6 May 2026, the law names no number of days; Order 121 Art 41",
        "自2026年5月6日（星期三）起应当及时办理，法律未规定具体日数；依据《市场监督管理投诉举报处理办法》第四十一条。",
    )
    assert told("complaint.identity_proof", date(2026, 5, 6), set_on=date(2026, 5, 12)) == (
        "until the day that the notice sets, Tue 12 May 2026; Order 121 Art 10 para 3",
        "以通知书载明的期限为准，至2026年5月12日（星期二）届满；依据《市场监督管理投诉举报处理办法》第十条第三款。",
    )


def test_a_replay_says_that_it_is_one():
    assert told("hotline.closing", date(2018, 5, 7), version=term("hotline.closing").on(date(2018, 5, 7), as_if=True)) == (
        (
            "5 working days from Mon 7 May 2018: Mon 14 May 2018; Shandong hotline rules; 2 days off skipped; "
            "reckoned as if L3@shandong2020 had been in force"
        ),
        (
            "自2018年5月7日（星期一）起5个工作日，至2018年5月14日（星期一）届满；依据《山东省政务服务热线管理办法》；其间休息日2天不计；"
            "起算日不在L3@shandong2020施行期间，按视同施行计算。"
        ),
    )


def test_a_sentence_about_another_period_is_refused():
    version = term("complaint.acceptance").versions[-1]

    with pytest.raises(BadInput, match="no version of"):
        explain(term("complaint.mediation"), version, CALENDAR, None, at(date(2026, 5, 6)), "en")


def test_a_later_calendar_settles_what_was_provisional():
    version = term("complaint.mediation").versions[-1]
    start = at(date(2026, 11, 10))
    later = build(shipped(), version="next")
    settled = Calendar("2027", later.first, date(2027, 12, 31), [date(2027, 1, 1), *later_days_off()], later.make_up)

    assert due(version, CALENDAR, start).provisional
    assert due(version, settled, start)._replace(provisional=True) == due(version, CALENDAR, start)
    assert not due(version, settled, start).provisional


def later_days_off() -> list[date]:
    return [day for one in shipped() for day in one.days_off]
