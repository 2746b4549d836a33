"""The sweep announces every threshold once, whatever was missed, and its cost follows what is due."""

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from factories import HEAD, OFFICER, at, running, running_many
from fangxin.clocks import sweeping
from fangxin.clocks.models import Announced, Clock
from fangxin.clocks.services import pause, resume
from fangxin.clocks.sweeping import sweep
from fangxin.kernel.journal.models import Entry

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 8, 3)
WHO = {"reason": "see file 7", "approver": HEAD, "by": OFFICER}


def alarms(subject: str = "case:1") -> list[str]:
    found = Entry.objects.filter(subject=subject, event__in=["clocks.ClockNearing", "clocks.ClockDue", "clocks.ClockBreached"])
    return [event.removeprefix("clocks.Clock") for event in found.order_by("seq").values_list("event", flat=True)]


def counts(swept) -> tuple[int, int, int]:
    return swept.nearing, swept.due, swept.breached


def test_each_threshold_is_announced_once_when_it_has_passed():
    clock = running("complaint.mediation", at(MONDAY))
    moment = timedelta(microseconds=1)

    assert counts(sweep(clock.nearing_at - moment)) == (0, 0, 0)
    assert counts(sweep(clock.nearing_at)) == (1, 0, 0)
    assert counts(sweep(clock.due_at - moment)) == (0, 0, 0)
    assert counts(sweep(clock.due_at)) == (0, 1, 0)
    assert counts(sweep(clock.breach_at)) == (0, 0, 1)
    assert counts(sweep(clock.breach_at + timedelta(days=900))) == (0, 0, 0)

    clock.refresh_from_db()
    assert (alarms(), clock.announced, clock.next_at) == (["Nearing", "Due", "Breached"], Announced.BREACHED, None)


def test_one_late_run_raises_all_that_was_missed():
    running("complaint.mediation", at(MONDAY))

    assert counts(sweep(at(date(2028, 1, 1)))) == (1, 1, 1)
    assert counts(sweep(at(date(2028, 1, 1)))) == (0, 0, 0)

    assert alarms() == ["Nearing", "Due", "Breached"]


def test_ten_thousand_overdue_are_all_found_beside_ten_thousand_fresh():
    running_many("complaint.acceptance", {f"case:{number}": at(MONDAY) + timedelta(seconds=number) for number in range(10_000)})
    running_many("complaint.acceptance", {f"case:{number}": at(date(2026, 9, 1)) for number in range(10_000, 20_000)})

    assert counts(sweep(at(date(2026, 9, 1)))) == (10_000, 10_000, 10_000)
    assert counts(sweep(at(date(2026, 9, 1)))) == (0, 0, 0)


def test_the_oldest_comes_first():
    running_many("local.dispatch", {f"case:{number}": at(MONDAY) - timedelta(minutes=number * 7 % 10) for number in range(10)})

    sweep(at(MONDAY, 11, 40), batch=3)

    nearing = Entry.objects.filter(event="clocks.ClockNearing").order_by("seq").values_list("subject", flat=True)
    started = dict(Clock.objects.values_list("subject", "started_at"))
    assert [started[subject] for subject in nearing] == sorted(started.values())


def test_one_bad_row_is_named_and_the_others_are_announced(caplog):
    running_many("local.dispatch", {f"case:{number}": at(MONDAY) for number in range(5)})
    bad = Clock.objects.get(subject="case:2")
    Clock.objects.filter(pk=bad.pk).update(nearing_at=None, due_at=None, breach_at=None)

    swept = sweep(at(MONDAY, 13))

    assert (counts(swept), swept.failed) == ((4, 4, 4), [bad.pk])
    assert f"clock {bad.pk} can't be swept" in caplog.text
    assert sweep(at(MONDAY, 13)).failed == [bad.pk]
    assert alarms("case:1") == ["Nearing", "Due", "Breached"]


def test_a_paused_clock_is_silent_and_speaks_again_when_it_goes_on():
    clock = running("complaint.mediation", at(MONDAY))
    pause(clock, cause="testing", on=date(2026, 8, 10), at=at(date(2026, 8, 10)), **WHO)

    assert counts(sweep(at(date(2027, 1, 1)))) == (0, 0, 0)

    resume(clock, on=date(2026, 12, 1), by=OFFICER, at=at(date(2026, 12, 1)))
    clock.refresh_from_db()
    assert counts(sweep(clock.nearing_at)) == (1, 0, 0)


def test_a_date_that_moves_is_announced_anew():
    clock = running("complaint.mediation", at(MONDAY))
    sweep(clock.due_at)
    pause(clock, cause="testing", on=date(2026, 8, 10), at=at(date(2026, 10, 3)), **WHO)
    resume(clock, on=date(2026, 8, 20), by=OFFICER, at=at(date(2026, 10, 3)))

    sweep(at(date(2027, 1, 1)))

    assert alarms() == ["Nearing", "Due", "Nearing", "Due", "Breached"]


def test_cost_follows_what_is_due(django_assert_max_num_queries):
    running_many("local.dispatch", {f"case:{number}": at(MONDAY) for number in range(200)})
    running_many("local.dispatch", {f"case:{number}": at(date(2026, 8, 4)) for number in range(200, 400)})

    with django_assert_max_num_queries(13):
        assert counts(sweep(at(MONDAY, 11, 30))) == (200, 0, 0)
    with django_assert_max_num_queries(3):
        sweep(at(MONDAY, 11, 30))


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_announce_once():
    running_many("local.dispatch", {f"case:{number}": at(MONDAY) for number in range(300)})
    found, barrier = [], threading.Barrier(3)

    def work() -> None:
        try:
            barrier.wait()
            found.append(counts(sweep(at(MONDAY, 13), batch=20)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert [sum(column) for column in zip(*found, strict=True)] == [300, 300, 300]
    assert Entry.objects.filter(event="clocks.ClockBreached").count() == 300
    assert sweeping.sweep(at(MONDAY, 13)).failed == []
