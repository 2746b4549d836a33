"""The operator's page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cases.casework import city
from fangxin.kernel.journal.models import Delivery, Entry
from staffwork import person, signed_in

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def failing(db, monkeypatch) -> Delivery:
    """A delivery that has failed twice, and will again: nobody handles it."""
    monkeypatch.setattr(timezone, "now", lambda: AT)
    city()
    for role in ("administrator", "auditor", "officer"):
        person(role, role, "370800", at=AT)
    return Delivery.objects.create(
        entry=Entry.objects.order_by("seq").first(), handler="gone.handler", attempts=2, next_at=AT + timedelta(hours=1), error="boom"
    )


def test_it_shows_what_fails_and_warns_of_a_near_horizon(failing):
    page = signed_in("auditor").get("/operations").content.decode()

    assert "gone.handler" in page
    assert "boom" in page
    assert "Holidays are known until 2026-12-31 only." in page
    assert "Try all again now" not in page


def test_an_administrator_tries_again_and_an_auditor_only_reads(failing):
    refused = signed_in("auditor").post("/operations")
    answer = signed_in("administrator").post("/operations")

    assert (refused.status_code, answer.status_code) == (403, 302)
    failing.refresh_from_db()
    assert failing.attempts == 3


def test_it_is_for_administrators_and_auditors_alone(failing):
    assert signed_in("officer").get("/operations").status_code == 403
