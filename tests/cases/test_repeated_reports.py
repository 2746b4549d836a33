"""Repeated reports (Order 121 Art 35): the same again is not handled again; new facts count anew."""

import re

import pytest
from casework import LIN, NOW, SYSTEM, at, clock, clocks, history, last_event, started_on, taken
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reportwork import key, people, report

from fangxin.cases import services
from fangxin.cases.filings import Kind, Person, Respondent
from fangxin.cases.models import Approval, ApprovalKind, Case, CaseLink
from fangxin.cases.services import approving
from fangxin.clocks.models import Clock
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.journal.models import Entry
from staffwork import signed_in

BY = {"by": SYSTEM, "at": NOW}
ZHOU = Person(name="周大勇", phone="13953799999")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def test_the_same_facts_again_are_not_handled_again(offices):
    earlier, later = report(offices, "1"), report(offices, "2", received="2026-11-18")

    services.close_repeated(later, earlier, note="与前次举报事实相同", **BY)

    assert (later.state, later.ground) == ("merged", "repeat")
    assert clocks(later)["report.verification"] == "void"
    assert clocks(earlier)["report.verification"] == "2026-11-23"
    assert (CaseLink.objects.get().first, CaseLink.objects.get().second, CaseLink.objects.get().kind) == (earlier, later, "repeat")
    assert last_event(earlier.ref, "cases.ReportRepeated").later == later.ref


def test_new_facts_are_merged_and_the_earlier_report_counts_anew_from_the_last(offices):
    earlier, later = report(offices, "1"), report(offices, "2", received="2026-11-18")
    services.respond([earlier], method="telephone", by=SYSTEM, at=at("2026-11-02"))

    services.merge_repeated(later, earlier, note="补充了进货票据", **BY)

    assert (later.state, later.ground, clocks(later)["report.verification"]) == ("merged", "new_facts", "void")
    assert (started_on(earlier, "report.verification"), clocks(earlier)["report.verification"]) == ("2026-11-18", "2026-12-09")
    assert "ClockAdjusted" in history(earlier.ref)
    assert Clock.objects.filter(subject=earlier.ref, term="report.verification").count() == 1
    earlier.refresh_from_db()
    assert earlier.next_due_at == clock(earlier, "report.verification").due_at


def test_a_period_that_was_over_when_the_new_facts_came_stays_late(offices):
    earlier, later = report(offices, "1", received="2026-10-09"), report(offices, "2", received="2026-11-18")

    services.merge_repeated(later, earlier, note="补充了新的事实", **BY)

    found = Clock.objects.filter(subject=earlier.ref, term="report.verification").order_by("pk")
    assert [(one.verdict, str(one.strict_on)) for one in found] == [("late", "2026-10-29"), ("", "2026-12-09")]


def test_a_filed_report_takes_new_facts_over_without_a_period(offices):
    earlier, later = report(offices, "1"), report(offices, "2", received="2026-11-18")
    services.file_report(earlier, **BY)

    services.merge_repeated(later, earlier, note="补充了新的事实", **BY)

    assert (later.state, clocks(earlier)["report.verification"]) == ("merged", "in_time")


def test_new_facts_on_a_closed_report_or_one_elsewhere_need_a_report_of_their_own(offices):
    closed, elsewhere = report(offices, "1"), report(offices, "2", unit="370881")
    later = report(offices, "3", received="2026-11-18")
    services.decline_report(closed, note="不构成违法", **BY)

    for earlier in (closed, elsewhere):
        with pytest.raises(IllegalStep):
            services.merge_repeated(later, earlier, note="补充了新的事实", **BY)
    services.close_repeated(later, closed, note="事实相同，已处理", **BY)

    assert Case.objects.get(pk=later.pk).state == "merged"


@pytest.mark.parametrize(
    "changes",
    [
        {"persons": (ZHOU,)},
        {"persons": (), "anonymous": True},
        {"persons": (Person(name=LIN.name),)},
        {"respondent": Respondent(name="济宁市另一家商店")},
    ],
    ids=["another reporter", "anonymous", "the same name only", "another target"],
)
def test_another_reporter_or_another_target_is_no_repeat(offices, changes):
    earlier = report(offices, "1", **changes)
    later = report(offices, "2", received="2026-11-18", **({"persons": ()} if changes.get("anonymous") else {}))

    assert services.earlier_reports(later) == []
    for close in (services.close_repeated, services.merge_repeated):
        with pytest.raises(IllegalStep, match="same reporter"):
            close(later, earlier, note="x", **BY)
    assert Case.objects.get(pk=later.pk).state == "dispatched"


def test_the_same_reporter_is_known_by_telephone_or_by_identity_number(offices):
    phone = report(offices, "1", persons=(Person(name="林女士", phone="138 0537 1234"),))
    number = report(offices, "2", persons=(Person(name="林晓梅", phone="15600000000", id_number=LIN.id_number.lower()),))
    complaint = taken("3", received_at=at("2026-11-03"))
    later = report(offices, "4", received="2026-11-18")

    assert services.earlier_reports(later) == [number, phone]
    assert complaint.kind == Kind.COMPLAINT
    assert services.earlier_reports(phone) == []


def test_earlier_reports_are_found_by_index_and_nobody_is_opened(offices):
    for number in range(5):
        report(offices, f"1{number}")
    later = report(offices, "2", received="2026-11-18")
    before = Entry.objects.count()

    with CaptureQueriesContext(connection) as queries:
        found = services.earlier_reports(later)

    assert (len(found), len(queries)) == (5, 4)
    assert Entry.objects.count() == before


def test_an_application_that_waits_lapses_with_the_merge(offices):
    earlier, later = report(offices, "1"), report(offices, "2", received="2026-11-18")
    officer, _, _ = people()
    approving.ask(later, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=officer.ref, at=NOW)

    services.close_repeated(later, earlier, note="相同", **BY)

    assert Approval.objects.get().outcome == "lapsed"


def test_the_page_offers_the_earlier_reports_that_the_officer_may_see(offices):
    mine, elsewhere = report(offices, "1"), report(offices, "2", unit="370881")
    later, fresh = report(offices, "3", received="2026-11-18"), report(offices, "4", persons=(ZHOU,))
    people()
    client = signed_in("officer")

    page = client.get(f"/cases/{later.pk}").content.decode()
    plain = client.get(f"/cases/{fresh.pk}").content.decode()
    forged = client.post(f"/cases/{later.pk}/act/merge", {"seen": key(later), "earlier": str(elsewhere.pk), "facts": "repeat", "note": "x"})
    done = client.post(
        f"/cases/{later.pk}/act/merge", {"seen": key(later), "earlier": str(mine.pk), "facts": "new_facts", "note": "补充票据"}
    )

    assert mine.number in page
    assert elsewhere.number not in page
    assert 'data-act="merge"' not in plain
    assert (forged.status_code, done.status_code) == (422, 302)
    assert re.search(r"was merged into this report", client.get(f"/cases/{mine.pk}").content.decode())
