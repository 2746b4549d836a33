"""Clocks are started, stopped and adjusted under the rule of their start day, and their stored dates can always be derived again."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import HEAD, OFFICER, at, running, running_many
from fangxin.clocks import services
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Adjustment, Announced, Clock, Verdict
from fangxin.clocks.services import (
    Start,
    Stop,
    derive,
    extend,
    override_rule,
    pause,
    restart,
    resume,
    start_clocks,
    stop_clocks,
    void_clocks,
)
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, UnknownRule
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 8, 3)
WHO = {"reason": "see file 7", "approver": HEAD, "by": OFFICER}


def stop(clock: Clock, when: datetime) -> Clock:
    stop_clocks([Stop(Ref(clock.subject), clock.term, when)], by=OFFICER)
    clock.refresh_from_db()
    return clock


def proven(clock: Clock) -> bool:
    """Whether what is stored is what the rules say."""
    clock.refresh_from_db()
    due = derive(clock)
    return due == (clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at, clock.nearing_at, clock.provisional)


# --- start ---


def test_a_clock_is_pinned_to_the_rule_of_its_day_and_to_the_calendar():
    old = running("complaint.acceptance", at(date(2026, 4, 14)), "case:1")
    new = running("complaint.acceptance", at(date(2026, 4, 15)), "case:2")

    kept, _ = current_calendar(at(MONDAY))
    assert (old.version, new.version) == ("C1@order20", "C1@order121")
    assert {old.calendar_id, new.calendar_id} == {kept.pk}
    assert (new.strict_on, new.next_at, new.as_if, new.announced) == (date(2026, 4, 24), new.nearing_at, False, Announced.NOTHING)
    assert proven(old)
    assert proven(new)


def test_the_alarm_counts_from_first_receipt_and_the_due_date_does_not():
    plain = running("complaint.acceptance", at(MONDAY), "case:1")
    late = running("complaint.acceptance", at(MONDAY), "case:2", received=at(date(2026, 7, 30)))

    assert late.due_at == plain.due_at
    assert late.nearing_at < plain.nearing_at
    assert proven(late)


def test_a_law_not_in_force_is_never_guessed():
    start = Start(Ref("case:1"), "complaint.acceptance", at(date(2019, 5, 6)))

    with pytest.raises(UnknownRule):
        start_clocks([Start(Ref("case:2"), "complaint.acceptance", at(MONDAY)), start], by=OFFICER, at=at(MONDAY))

    assert (Clock.objects.count(), Entry.objects.count()) == (0, 0)
    start_clocks([start], by=OFFICER, at=at(MONDAY), as_if=True)
    clock = Clock.objects.get()
    assert (clock.as_if, clock.version) == (True, "C1@order20")


def test_a_promise_that_had_not_been_made_starts_no_clock():
    starts = [Start(Ref("case:1"), "local.dispatch", at(date(2024, 3, day))) for day in (11, 12)]

    started = start_clocks(starts, by=OFFICER, at=at(MONDAY))

    assert [one.due_at for one in started] == [at(date(2024, 3, 12), 12)]
    assert Clock.objects.get().started_at == at(date(2024, 3, 12))


def test_a_period_runs_once_for_a_subject_and_may_run_again_after_its_end():
    clock = running("complaint.acceptance", at(MONDAY))

    with pytest.raises(IntegrityError), transaction.atomic():
        running("complaint.acceptance", at(MONDAY))
    stop(clock, at(MONDAY, 11))

    assert running("complaint.acceptance", at(date(2026, 8, 4))).pk != clock.pk


def test_many_clocks_start_with_one_event_a_subject_and_no_more_queries_than_few(django_assert_max_num_queries):
    running("complaint.acceptance", at(MONDAY), "case:0")

    with django_assert_max_num_queries(14):
        running_many("complaint.acceptance", {f"case:{number}": at(MONDAY) for number in range(1, 101)})

    assert (Clock.objects.count(), Entry.objects.filter(event="clocks.ClocksStarted").count()) == (101, 101)


# --- stop ---


@pytest.mark.parametrize(
    ("day", "verdict", "strict", "overrun"),
    [
        (date(2026, 8, 3), "in_time", True, 0),
        (date(2026, 10, 2), "in_time", True, 0),
        (date(2026, 10, 3), "in_time", False, 0),
        (date(2026, 10, 8), "in_time", False, 0),
        (date(2026, 10, 9), "late", False, 1),
        (date(2026, 11, 8), "late", False, 31),
    ],
)
def test_the_day_of_the_stop_event_decides_the_verdict(day, verdict, strict, overrun):
    clock = running("complaint.mediation", at(MONDAY))

    stop(clock, at(day, 23, 59))

    assert (clock.verdict, clock.strict_in_time, clock.overrun, clock.stopped_at, clock.next_at) == (
        verdict,
        strict,
        overrun,
        at(day, 23, 59),
        None,
    )
    entry = Entry.objects.get(event="clocks.ClockStopped")
    assert (entry.at, entry.actor) == (at(day, 23, 59), OFFICER)


def test_hours_are_judged_to_the_second():
    one, two = (running("local.dispatch", at(MONDAY), f"case:{number}") for number in (1, 2))

    stop(one, at(MONDAY, 12))
    stop(two, at(MONDAY, 12) + timedelta(seconds=1))

    assert [(clock.verdict, clock.overrun) for clock in (one, two)] == [("in_time", 0), ("late", 1)]


def test_what_does_not_run_is_left_as_it_is():
    clock = stop(running("complaint.acceptance", at(MONDAY)), at(MONDAY, 12))

    again = stop_clocks(
        [Stop(Ref("case:1"), "complaint.acceptance", at(date(2026, 12, 1))), Stop(Ref("case:9"), "x", at(MONDAY))], by=OFFICER
    )

    clock.refresh_from_db()
    assert (again, clock.stopped_at, clock.verdict) == (0, at(MONDAY, 12), "in_time")


def test_stopping_many_asks_no_more_than_stopping_one(django_assert_max_num_queries):
    running_many("complaint.acceptance", {f"case:{number}": at(MONDAY) for number in range(60)})

    with django_assert_max_num_queries(13):
        count = stop_clocks([Stop(Ref(f"case:{number}"), "complaint.acceptance", at(MONDAY, 11)) for number in range(60)], by=OFFICER)

    assert (count, set(Clock.objects.values_list("verdict", flat=True))) == (60, {"in_time"})


def test_a_void_clock_says_nothing():
    clock = running("complaint.acceptance", at(MONDAY))

    void_clocks([Stop(Ref("case:1"), "complaint.acceptance", at(date(2026, 12, 1)))], by=OFFICER, reason="merged")

    clock.refresh_from_db()
    assert (clock.verdict, clock.strict_in_time, clock.overrun) == (Verdict.VOID, None, None)


# --- pause, extend, restart, override ---


def test_a_pause_stands_still_and_shifts_by_its_days():
    clock = running("complaint.mediation", at(MONDAY))

    pause(clock, cause="testing", on=date(2026, 8, 10), at=at(date(2026, 8, 10)), **WHO)
    clock.refresh_from_db()
    assert (clock.paused, clock.next_at, clock.strict_on) == (True, None, date(2026, 10, 2))
    with pytest.raises(IllegalStep):
        derive(clock)
    with pytest.raises(IllegalStep):
        pause(clock, cause="testing", on=date(2026, 8, 11), at=at(date(2026, 8, 11)), **WHO)

    resume(clock, on=date(2026, 8, 20), by=OFFICER, at=at(date(2026, 8, 20)))
    assert proven(clock)
    assert (clock.paused, clock.strict_on, clock.next_at) == (False, date(2026, 10, 12), clock.nearing_at)
    with pytest.raises(IllegalStep):
        resume(clock, on=date(2026, 8, 21), by=OFFICER, at=at(date(2026, 8, 21)))


def test_the_verdict_on_a_paused_clock_takes_the_pause_to_end_then():
    clock = running("complaint.mediation", at(MONDAY))
    pause(clock, cause="testing", on=date(2026, 9, 30), at=at(date(2026, 9, 30)), **WHO)

    stop(clock, at(date(2026, 12, 1)))

    assert (clock.verdict, clock.strict_in_time, clock.overrun, clock.paused) == ("in_time", True, 0, False)


def test_a_pause_whose_days_the_law_counts_silences_nothing():
    clock = running("complaint.mediation", at(MONDAY))

    pause(clock, cause="recusal", on=date(2026, 8, 10), at=at(date(2026, 8, 10)), **WHO)

    assert proven(clock)
    assert (clock.paused, clock.next_at) == (False, clock.nearing_at)
    resume(clock, on=date(2026, 8, 12), by=OFFICER, at=at(date(2026, 8, 12)))
    assert proven(clock)
    assert clock.strict_on == date(2026, 10, 2)


def test_a_pause_after_the_last_day_silences_nothing():
    clock = running("complaint.mediation", at(MONDAY))

    pause(clock, cause="testing", on=date(2026, 10, 9), at=at(date(2026, 10, 9)), **WHO)

    assert proven(clock)
    assert not clock.paused


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"cause": "holiday"}, IllegalStep),
        ({"on": date(2026, 8, 2)}, BadInput),
        ({"reason": " "}, BadInput),
        ({"approver": ""}, BadInput),
    ],
)
def test_a_pause_needs_an_allowed_cause_a_day_a_reason_and_an_approver(change, refusal):
    clock = running("complaint.mediation", at(MONDAY))

    with pytest.raises(refusal):
        pause(clock, **({"cause": "testing", "on": date(2026, 8, 10), "at": at(date(2026, 8, 10))} | WHO | change))

    clock.refresh_from_db()
    assert (clock.paused, Adjustment.objects.count()) == (False, 0)


def test_an_extension_goes_as_far_as_its_rule_and_no_further():
    clock = running("report.verification", at(date(2026, 9, 21)))

    with pytest.raises(IllegalStep):
        extend(clock, amount=16, at=at(MONDAY), **WHO)
    extend(clock, amount=15, at=at(MONDAY), **WHO)
    with pytest.raises(IllegalStep):
        extend(clock, amount=1, at=at(MONDAY), **WHO)

    assert proven(clock)
    assert clock.strict_on == date(2026, 11, 9)
    with pytest.raises(IllegalStep):
        extend(running("complaint.acceptance", at(MONDAY)), amount=1, at=at(MONDAY), **WHO)


def test_a_restart_counts_anew_and_takes_no_extension_along():
    clock = _restartable()
    version = services.rule_of(clock)
    if version.extension:
        extend(clock, amount=version.extension.amount or 1, at=at(MONDAY), **WHO)

    restart(clock, start=at(date(2026, 9, 7)), at=at(date(2026, 9, 7)), **WHO)

    assert proven(clock)
    fresh = running(clock.term, at(date(2026, 9, 7)), "case:2")
    assert (clock.strict_on, clock.due_at, clock.announced) == (fresh.strict_on, fresh.due_at, Announced.NOTHING)
    with pytest.raises(BadInput):
        restart(clock, start=at(MONDAY), at=at(date(2026, 9, 7)), **WHO)
    with pytest.raises(IllegalStep):
        restart(running("complaint.acceptance", at(MONDAY)), start=at(MONDAY), at=at(MONDAY), **WHO)


def _restartable() -> Clock:
    from fangxin.clocks.terms import book  # noqa: PLC0415 -- only here

    term = next(one for one in book().terms.values() if one.versions[-1].restarts and one.versions[-1].amount)
    return running(term.id, at(MONDAY))


def test_an_override_puts_a_clock_under_another_version_and_says_so():
    clock = running("complaint.mediation", at(date(2026, 4, 14)))

    override_rule(clock, version=_other_version(clock), at=at(date(2026, 4, 20)), **WHO)

    assert proven(clock)
    assert clock.as_if
    with pytest.raises(UnknownRule):
        override_rule(clock, version="nonsense", at=at(MONDAY), **WHO)


def _other_version(clock: Clock) -> str:
    from fangxin.clocks.terms import term  # noqa: PLC0415 -- only here

    return next(version.id for version in reversed(term(clock.term).versions) if version.id != clock.version)


def test_a_stopped_clock_can_not_be_changed():
    clock = stop(running("complaint.mediation", at(MONDAY)), at(MONDAY, 12))

    for change in (
        lambda: pause(clock, cause="testing", on=MONDAY, at=at(MONDAY), **WHO),
        lambda: resume(clock, on=MONDAY, by=OFFICER, at=at(MONDAY)),
        lambda: override_rule(clock, version=clock.version, at=at(MONDAY), **WHO),
    ):
        with pytest.raises(IllegalStep):
            change()


STEPS = st.lists(st.tuples(st.sampled_from(["pause", "resume", "extend", "restart", "override"]), st.integers(0, 25)), max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(term=st.sampled_from(["complaint.mediation", "report.verification", "complaint.acceptance"]), start=st.integers(0, 200), steps=STEPS)
def test_after_any_sequence_the_stored_dates_are_those_that_the_rules_give(term, start, steps):
    day = date(2026, 1, 5) + timedelta(days=start)
    with transaction.atomic():
        clock = running(term, at(day))
        for step, later in steps:
            day += timedelta(days=later)
            try:
                if step == "pause":
                    pause(clock, cause="testing", on=day, at=at(day), **WHO)
                elif step == "resume":
                    resume(clock, on=day, by=OFFICER, at=at(day))
                elif step == "extend":
                    extend(clock, amount=later or 1, at=at(day), **WHO)
                elif step == "restart":
                    restart(clock, start=at(day), at=at(day), **WHO)
                else:
                    override_rule(clock, version=_other_version(clock), at=at(day), **WHO)
            except DomainError:
                pass
            clock.refresh_from_db()
            if clock.paused:
                assert clock.next_at is None
            else:
                assert proven(clock)
                assert clock.next_at == [clock.nearing_at or clock.due_at, clock.due_at, clock.breach_at, None][clock.announced]
        transaction.set_rollback(True)
