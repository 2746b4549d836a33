"""Walking page by page loses and doubles no row, and a key that is not ours leads nowhere."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fangxin.clocks.models import CalendarVersion
from fangxin.kernel.errors import BadInput
from fangxin.kernel.pages import page
from fangxin.kernel.vault.models import VaultRotation

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 8, 3, 4, tzinfo=UTC)


def fill(values) -> None:
    VaultRotation.objects.all().delete()
    VaultRotation.objects.bulk_create(
        VaultRotation(
            fingerprint="x", place=str(place), cursor=place, finished_at=None if value is None else NOON + timedelta(microseconds=value)
        )
        for place, value in enumerate(values)
    )


def walk(queryset, by: str, size: int) -> list:
    rows, key, pages = [], "", 0
    while True:
        one = page(queryset, by=by, after=key, size=size)
        rows += one.rows
        pages += 1
        assert len(one.rows) <= size
        if not one.next:
            return rows
        assert len(one.rows) == size
        key = one.next


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | st.integers(0, 4), max_size=14), size=st.integers(1, 5))
def test_every_row_comes_once_in_order_with_those_without_a_value_last(values, size):
    fill(values)

    rows = walk(VaultRotation.objects.all(), "finished_at", size)

    expected = sorted(VaultRotation.objects.all(), key=lambda row: (row.finished_at is None, row.finished_at or NOON, row.pk))
    assert rows == expected


@pytest.mark.parametrize("by", ["cursor", "place", "finished_at"])
def test_numbers_texts_and_times_lead_on(by):
    fill([3, 1, 2, 1, None])

    assert len(walk(VaultRotation.objects.all(), by, 2)) == 5


def test_days_lead_on():
    for number in range(3):
        CalendarVersion.objects.create(label=str(number), known_until=NOON.date(), years=[], digest="", loaded_at=NOON)

    assert len(walk(CalendarVersion.objects.filter(digest=""), "known_until", 1)) == 3


def test_a_row_that_comes_in_behind_us_is_not_shown_and_one_ahead_is():
    fill([10, 20, 30])
    first = page(VaultRotation.objects.all(), by="finished_at", size=2)
    for place, value in (("a", 5), ("b", 25)):
        VaultRotation.objects.create(fingerprint="x", place=place, finished_at=NOON + timedelta(microseconds=value))

    rest = page(VaultRotation.objects.all(), by="finished_at", after=first.next, size=9)

    assert [row.place for row in rest.rows] == ["b", "2"]


def test_a_full_page_and_a_short_one_are_two_queries(django_assert_num_queries):
    fill(range(8))
    rotations = VaultRotation.objects.all()

    with django_assert_num_queries(6):
        first = page(rotations, by="finished_at", size=3)
        second = page(rotations, by="finished_at", after=first.next, size=3)
        last = page(rotations, by="finished_at", after=second.next, size=3)

    assert (len(second.rows), bool(second.next), len(last.rows), last.next) == (3, True, 2, "")


def coded(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "key",
    [
        "x",
        "%%%",
        "é",
        "AAAA",
        coded(7),
        coded([1]),
        coded([1, 2, 3]),
        coded(["2026-08-03T04:00:00", 1]),
        coded(["yesterday", 1]),
        coded([5, 1]),
        coded([[], 1]),
        coded([None, "one"]),
        coded([None, None]),
        coded([None, float("inf")]),
        coded([True, 1]),
        base64.urlsafe_b64encode(b"[" * 5_000).decode(),
    ],
)
def test_a_tampered_key_is_refused(key):
    fill([1, 2])

    with pytest.raises(BadInput):
        page(VaultRotation.objects.all(), by="finished_at", after=key)


@pytest.mark.parametrize(("by", "value"), [("place", 5), ("place", "a\0b"), ("cursor", "five"), ("cursor", [1])])
def test_a_key_of_another_kind_is_refused(by, value):
    with pytest.raises(BadInput):
        page(VaultRotation.objects.all(), by=by, after=coded([value, 1]))


def test_a_key_out_of_every_range_finds_nothing():
    fill([1])

    assert page(VaultRotation.objects.all(), by="cursor", after=coded([10**30, 10**30])).rows == []


def test_the_database_can_start_where_the_key_says():
    """No page may read its way through the ones before it: the column itself is bounded, not only by an OR."""
    fill(range(6))
    first = page(VaultRotation.objects.all(), by="finished_at", size=2)

    with CaptureQueriesContext(connection) as asked:
        page(VaultRotation.objects.all(), by="finished_at", after=first.next, size=2)

    assert '"finished_at" >= ' in asked[0]["sql"]
