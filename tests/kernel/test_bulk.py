"""Rows handed over as tuples are the rows that the ORM would have written."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from django.db import IntegrityError, connection, transaction

from fangxin.clocks.models import CalendarVersion, Clock
from fangxin.kernel.sql import bulk

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 8, 3, 4, 0, 0, 7, tzinfo=UTC)
COLUMNS = ("id", "label", "known_until", "years", "digest", "loaded_at")


def row(key: int, label: str, at: datetime = NOON) -> tuple:
    return (key, label, date(2026, 12, 31), '[{"年":"2026"}]', "d", at)


def test_what_goes_in_comes_out():
    texts = ["tab\there", "line\nbreak", "back\\slash", "\\N", "emoji 🍎", "'quote'\"", "%s", ""]
    with transaction.atomic():
        keys = bulk.reserve_ids(CalendarVersion, len(texts))
        bulk.insert(CalendarVersion, COLUMNS, [row(key, text) for key, text in zip(keys, texts, strict=True)])

    found = list(CalendarVersion.objects.order_by("pk").values_list(*COLUMNS))
    assert found == [(key, text, date(2026, 12, 31), [{"年": "2026"}], "d", NOON) for key, text in zip(keys, texts, strict=True)]


def test_an_instant_is_the_same_whatever_its_zone():
    bulk.insert(CalendarVersion, COLUMNS, [row(1, "a", NOON.astimezone(timezone(timedelta(hours=8))))])
    CalendarVersion.objects.create(label="b", known_until=date(2026, 12, 31), years=[], digest="", loaded_at=NOON)

    assert CalendarVersion.objects.filter(loaded_at=NOON).count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT loaded_at) FROM clocks_calendarversion")
        assert cursor.fetchone() == (1,)


def test_nothing_stays_nothing():
    bulk.insert(CalendarVersion, COLUMNS, [row(1, "a")])
    columns = (
        "subject",
        "term",
        "version",
        "calendar_id",
        "as_if",
        "started_at",
        "provisional",
        "paused",
        "announced",
        "verdict",
        "due_at",
    )
    bulk.insert(Clock, columns, [("case:1", "t", "v", 1, False, NOON, True, False, 0, "", None)])

    clock = Clock.objects.get()
    assert (clock.due_at, clock.strict_on, clock.provisional, clock.as_if) == (None, None, True, False)


def test_no_rows_are_no_work():
    bulk.insert(CalendarVersion, COLUMNS, [])

    assert bulk.reserve_ids(CalendarVersion, 0) == []
    assert not CalendarVersion.objects.exists()


def test_reserved_keys_are_nobody_elses():
    first = bulk.reserve_ids(CalendarVersion, 3)
    made = CalendarVersion.objects.create(label="orm", known_until=date(2026, 12, 31), years=[], digest="", loaded_at=NOON)
    second = bulk.reserve_ids(CalendarVersion, 2)

    keys = [*first, made.pk, *second]
    assert sorted(set(keys)) == keys
    bulk.insert(CalendarVersion, COLUMNS, [row(key, str(key)) for key in (*first, *second)])


def test_what_the_database_refuses_is_djangos_error():
    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.insert(CalendarVersion, COLUMNS, [row(1, "same"), row(2, "same")])

    assert not CalendarVersion.objects.exists()


def test_queries_are_counted(django_assert_num_queries):
    with django_assert_num_queries(1):
        bulk.insert(CalendarVersion, COLUMNS, [row(number, str(number)) for number in range(1, 50)])
