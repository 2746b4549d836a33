"""Real messages to a government hotline, and ten real orders, go in whole (they are read where they lie and are no part of the project)."""

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest
from django.db import transaction

from fangxin.cases.models import Case, Note
from fangxin.clocks.models import Clock
from fangxin.exchange.models import QuarantinedRow
from fangxin.exchange.services import import_file
from fangxin.kernel import journal
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM

pytestmark = pytest.mark.xdist_group("real")  # one worker takes the messages in, once
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
FILES = {"with_replies.csv": 1767, "hot_issues.csv": 4326}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def local(text: str) -> datetime:
    return (datetime.fromisoformat(text) - timedelta(hours=8)).replace(tzinfo=UTC)


def take_in(path: Path, profile: str = "12345-messages", **options):
    report = import_file(path, profile, by=SYSTEM, at=NOW, **options)
    return report.rows, report.created, report.updated, report.unchanged, report.quarantined


@pytest.fixture(scope="module")
def messages(shared):
    return shared / "data" / "messages"


@pytest.mark.django_db
def test_without_the_flag_messages_older_than_the_rules_are_refused_aloud(messages):
    rows = rows_of(messages / "with_replies.csv")
    old = [row for row in rows if row["留言时间"] < "2020"]

    counts = take_in(messages / "with_replies.csv")

    assert counts == (1767, 1767 - len(old), 0, 0, len(old))
    assert set(QuarantinedRow.objects.values_list("code", flat=True)) == {"law.not_in_force"}
    assert not Clock.objects.filter(started_at__lt=local("2020-01-01T00:00:00")).exists()
    assert not Clock.objects.filter(as_if=True).exists()


@pytest.mark.django_db
def test_the_ten_real_orders_are_ten_cases(shared):
    path = shared / "data" / "orders" / "complaint_samples.csv"

    assert take_in(path, "plain") == (10, 10, 0, 0, 0)
    assert take_in(path, "plain") == (10, 0, 0, 10, 0)

    texts = [row["text"].strip() for row in rows_of(path)]
    assert [case.narrative[:6] for case in Case.objects.order_by("pk")] == [text[:6] for text in texts]
    assert Case.objects.filter(first_received_at=NOW, channel="list").count() == 10


# --- the replay: one import for all tests below ---


@pytest.fixture(scope="module")
def replayed(messages, django_db_setup, django_db_blocker):
    """Both files taken in once, as if today's rules had been in force; taken back when the module is done."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield {name: take_in(messages / name, as_if=True) for name in FILES}
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_every_message_is_a_case_once(replayed, messages):
    assert replayed == {name: (rows, rows, 0, 0, 0) for name, rows in FILES.items()}

    filed = [row["留言编号"] for name in FILES for row in rows_of(messages / name)]
    assert Counter(Case.objects.values_list("outside_number", flat=True)) == Counter(filed)
    assert set(Case.objects.values_list("channel", "kind", "as_if")) == {("12345", "undetermined", True)}
    assert not QuarantinedRow.objects.exists()


@pytest.mark.django_db
def test_message_and_reply_times_are_the_clocks_own(replayed, messages):
    cases = {case.outside_number: case for case in Case.objects.all()}
    closing = {clock.subject: clock for clock in Clock.objects.filter(term="hotline.closing")}
    for name in FILES:
        for row in rows_of(messages / name):
            case, reply = cases[row["留言编号"]], row.get("答复时间")
            assert case.first_received_at == local(row["留言时间"])
            assert closing[case.ref].started_at == case.first_received_at
            assert case.closed_at == (local(reply) if reply else None)
            assert closing[case.ref].stopped_at == case.closed_at
    assert Counter(case.state for case in cases.values()) == {"received": 4326, "answered": 1767}


def last_working_day(start: date, count: int) -> date:
    """By the other library and a plain loop: the first day is out."""
    day = start
    while count:
        day += timedelta(1)
        count -= chinese_calendar.is_workday(day)
    return day


@pytest.mark.django_db
def test_the_late_replies_are_those_that_a_plain_count_finds(replayed, messages):
    """Five working days of the Shandong hotline rules (L3)."""
    late = {
        row["留言编号"]
        for row in rows_of(messages / "with_replies.csv")
        if datetime.fromisoformat(row["答复时间"]).date() > last_working_day(datetime.fromisoformat(row["留言时间"]).date(), 5)
    }

    stored = set(Clock.objects.filter(term="hotline.closing", verdict="late").values_list("subject", flat=True))
    numbers = {case.outside_number for case in Case.objects.closed() if case.ref in stored}
    assert numbers == late
    assert len(stored) == len(late) == 1066
    assert Clock.objects.filter(term="hotline.closing", verdict="in_time").count() == 1767 - 1066


@pytest.mark.django_db
def test_a_second_import_changes_nothing(replayed, messages):
    before = (
        Case.objects.count(),
        Clock.objects.count(),
        Note.objects.count(),
        Entry.objects.exclude(event="exchange.FileImported").count(),
    )

    again = {name: take_in(messages / name, as_if=True) for name in FILES}

    assert again == {name: (rows, 0, 0, rows, 0) for name, rows in FILES.items()}
    assert before == (
        Case.objects.count(),
        Clock.objects.count(),
        Note.objects.count(),
        Entry.objects.exclude(event="exchange.FileImported").count(),
    )


@pytest.mark.django_db
def test_each_case_keeps_its_nearest_due_date_and_the_journal_is_sound(replayed, tmp_path):
    nearest: dict[str, datetime] = {}
    for subject, due_at in Clock.objects.running().values_list("subject", "due_at"):
        nearest[subject] = min(due_at, nearest.get(subject, due_at))

    assert [case.outside_number for case in Case.objects.all() if case.next_due_at != nearest.get(case.ref)] == []
    assert journal.verify(tmp_path).sound
