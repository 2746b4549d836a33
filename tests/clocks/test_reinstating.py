"""A period whose end was taken back runs on as if it had never ended."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import HEAD, OFFICER, at, running
from fangxin.clocks.loading import load_calendar
from fangxin.clocks.models import Clock, Verdict
from fangxin.clocks.rules import Due
from fangxin.clocks.services import Start, Stop, derive, extend, pause, reinstate, resume, start_clocks, stop_clocks, void_clocks
from fangxin.clocks.sweeping import sweep
from fangxin.kernel.errors import DomainError, IllegalStep
from fangxin.kernel.journal.events import rebuild
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref

pytestmark = pytest.mark.django_db

WHO = {"reason": "see file 7", "approver": HEAD, "by": OFFICER}
DATES = (
    *("strict_on", "lenient_on", "nearing_at", "due_at", "breach_at", "provisional", "paused", "announced", "next_at"),
    *("stopped_at", "verdict", "strict_in_time", "overrun", "started_at", "version"),
)


def end(clock: Clock, when: datetime, *, void: bool) -> None:
    stop = Stop(Ref(clock.subject), clock.term, when)
    if void:
        void_clocks([stop], by=OFFICER, reason="closed")
    else:
        stop_clocks([stop], by=OFFICER)


def dates(clock: Clock) -> dict:
    clock.refresh_from_db()
    return {name: getattr(clock, name) for name in DATES}


def notice(folder: Path) -> Path:
    """An invented notice for 2027."""
    path = folder / "2027.toml"
    path.write_text(
        'year = 2027\nrevision = 1\nnotice = "invented"\nmake_up = [2027-01-09]\n[[holiday]]\nname = "元旦"\nfrom = 2027-01-01\nto = 2027-01-03\n',
        encoding="utf-8",
    )
    return path


def test_a_stopped_period_runs_on_with_its_old_dates_and_says_so():
    clock = running("complaint.acceptance", at(date(2026, 7, 30)), "case:1")
    end(clock, at(date(2026, 8, 4)), void=False)
    assert Clock.objects.get().verdict == Verdict.IN_TIME

    reinstate([clock], by=OFFICER, at=at(date(2026, 8, 5)))

    clock.refresh_from_db()
    assert (clock.verdict, clock.stopped_at, clock.strict_on, clock.overrun) == ("", None, date(2026, 8, 10), None)
    assert derive(clock).strict_on == date(2026, 8, 10)
    entry = Entry.objects.of("case:1").last()
    told = rebuild(entry.event, subject=entry.subject, actor=entry.actor, at=entry.at, data=entry.data)
    assert (told.name, told.term, told.was, told.strict) == ("clocks.ClockReinstated", "complaint.acceptance", "in_time", date(2026, 8, 10))


def test_the_alarms_passed_meanwhile_come_with_the_next_sweep_and_the_verdict_is_late():
    clock = running("complaint.acceptance", at(date(2026, 7, 30)), "case:1")
    end(clock, at(date(2026, 8, 4)), void=True)
    sweep(at(date(2026, 8, 20)))
    assert not Entry.objects.filter(event__startswith="clocks.ClockBreached").exists()

    reinstate([clock], by=OFFICER, at=at(date(2026, 8, 20)))
    swept = sweep(at(date(2026, 8, 20)))
    end(clock, at(date(2026, 8, 20)), void=False)

    clock.refresh_from_db()
    assert (swept.nearing, swept.due, swept.breached) == (1, 1, 1)
    assert (clock.verdict, clock.overrun) == ("late", 10)


def test_a_pause_that_was_open_is_open_again():
    clock = running("complaint.mediation", at(date(2026, 8, 3)), "case:1")
    pause(clock, cause="testing", on=date(2026, 8, 10), at=at(date(2026, 8, 10)), **WHO)
    end(clock, at(date(2026, 8, 20)), void=False)

    reinstate([clock], by=OFFICER, at=at(date(2026, 8, 21)))
    clock.refresh_from_db()
    assert (clock.paused, clock.next_at) == (True, None)
    resume(clock, on=date(2026, 8, 25), by=OFFICER, at=at(date(2026, 8, 25)))

    clock.refresh_from_db()
    assert clock.strict_on == date(2026, 10, 17)


def test_a_period_that_runs_or_has_begun_anew_is_not_reinstated():
    clock = running("complaint.acceptance", at(date(2026, 7, 30)), "case:1")
    with pytest.raises(IllegalStep, match="runs already"):
        reinstate([clock], by=OFFICER, at=at(date(2026, 8, 5)))

    end(clock, at(date(2026, 8, 4)), void=False)
    start_clocks([Start(Ref("case:1"), "complaint.acceptance", at(date(2026, 8, 5)))], by=OFFICER, at=at(date(2026, 8, 5)))
    with pytest.raises(IllegalStep, match="runs already"):
        reinstate([clock], by=OFFICER, at=at(date(2026, 8, 5)))


def test_a_day_that_a_notice_sets_is_the_last_day_and_can_be_derived_again():
    at_ = at(date(2026, 7, 31))
    start_clocks([Start(Ref("case:1"), "complaint.identity_proof", at_, set_on=date(2026, 8, 6))], by=OFFICER, at=at_)

    clock = Clock.objects.get()
    assert (clock.set_on, clock.strict_on, clock.lenient_on) == (date(2026, 8, 6), date(2026, 8, 6), date(2026, 8, 6))
    assert derive(clock) == Due(clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at, clock.nearing_at, provisional=False)


STEPS = st.lists(st.sampled_from(["pause", "resume", "extend", "sweep"]), max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    term=st.sampled_from(["complaint.acceptance", "complaint.mediation", "report.verification", "local.answer"]),
    start=st.dates(date(2026, 4, 15), date(2026, 12, 28)),
    before=STEPS,
    gap=st.integers(0, 90),
    void=st.booleans(),
    loaded=st.booleans(),
    after=STEPS,
)
def test_it_ends_on_the_day_on_which_its_twin_ends_that_never_stopped(tmp_path, term, start, before, gap, void, loaded, after):
    """Whatever adjusted them before and after, and whatever notice came in between: nobody gains or loses a day."""
    with transaction.atomic():
        twins = [running(term, at(start), f"case:{number}") for number in (1, 2)]
        stopped, twin = twins
        now = at(start)

        def take(step: str, when: datetime) -> None:
            if step == "sweep":
                sweep(when)
                return
            for clock in twins:
                try:
                    with transaction.atomic():
                        if step == "pause":
                            pause(clock, cause="testing", on=when.date(), at=when, **WHO)
                        elif step == "resume":
                            resume(clock, on=when.date(), by=OFFICER, at=when)
                        else:
                            extend(clock, amount=3, at=when, **WHO)
                except DomainError:
                    continue

        for step in before:
            now += timedelta(days=2)
            take(step, now)
        end(stopped, now, void=void)
        now += timedelta(days=gap)
        if loaded:
            load_calendar(notice(tmp_path), by=OFFICER, at=datetime(2026, 11, 10, tzinfo=UTC))
        reinstate([stopped], by=OFFICER, at=now)
        for step in after:
            now += timedelta(days=2)
            take(step, now)
        sweep(now)

        assert dates(stopped) == dates(twin)
        transaction.set_rollback(True)
