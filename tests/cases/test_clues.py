"""Clues found in mediation (Order 121 Art 27): a report that the bureau makes, with nothing of the complainant in it."""

from datetime import date

import pytest
from casework import LIN, NOW, SYSTEM, at, clocks, last_event, taken
from django.utils import timezone
from reportwork import key, people

from fangxin.cases import services
from fangxin.cases.models import ApprovalKind, Case, CaseLink, Note, Party
from fangxin.cases.services import approving, telling
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.journal.models import Entry
from staffwork import person, signed_in

BY = {"by": SYSTEM, "at": NOW}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def complaint(offices) -> Case:
    """A complaint in mediation."""
    case = taken("1", received_at=at("2026-11-02"))
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-11-02"))
    services.accept([case], by=SYSTEM, at=at("2026-11-03"))
    services.start_mediation(case, by=SYSTEM, at=at("2026-11-04"))
    return case


def test_a_clue_becomes_a_linked_report_with_the_period_of_article_27(complaint, offices):
    report = services.open_clue(complaint, clue="店内在售电热水壶无强制性产品认证标志", found_at=at("2026-11-18"), **BY)

    assert (report.kind, report.channel, report.state, report.unit) == ("report", "found", "dispatched", offices["370811"])
    assert clocks(report) == {
        "local.dispatch": "in_time",
        "local.answer": "void",
        "complaint.clue_verification": "2026-12-09",
    }
    link = CaseLink.objects.get()
    assert (link.first, link.second, link.kind) == (complaint, report, "clue")
    assert last_event(complaint.ref, "cases.ClueFound").report == report.ref
    assert clocks(complaint)["complaint.mediation"] == "2027-01-02"


def test_nothing_of_the_complainant_goes_into_the_report(complaint):
    clue = f"投诉人电话{LIN.phone}、身份证{LIN.id_number}反映；店内电热水壶无认证标志"

    report = services.open_clue(complaint, clue=clue, title=f"{LIN.phone}提供", found_at=NOW, **BY)

    assert not Party.objects.filter(case=report).exists()
    assert (report.anonymous, report.outside_number, bytes(report.sealed_filing)) == (False, "", b"")
    assert report.respondent_name == complaint.respondent_name
    for secret in (LIN.name, LIN.phone, LIN.id_number, LIN.address):
        assert secret not in report.narrative + report.title + report.request
        assert secret not in "".join(Entry.objects.of(report.ref).values_list("data", flat=True))
    assert Note.objects.get(step="find_clue").case == complaint
    assert telling.standing(report) == []


def test_the_clues_period_is_extended_with_approval_and_ends_with_the_decision(complaint):
    officer, head, _ = people()
    report = services.open_clue(complaint, clue="无认证标志", found_at=at("2026-11-18"), by=officer.ref, at=NOW)

    approval = approving.ask(report, ApprovalKind.EXTENSION, amount=15, reason="送检", by=officer.ref, at=NOW)
    approving.decide(approval, approved=True, by=head, at=NOW)
    assert clocks(report)["complaint.clue_verification"] == "2026-12-30"
    services.file_report(report, by=officer.ref, at=NOW)

    assert clocks(report)["complaint.clue_verification"] == "in_time"


def test_there_is_no_clue_before_acceptance_nor_found_before_the_complaint_came(offices, complaint):
    fresh = taken("2", received_at=at("2026-11-19"))
    services.dispatch([fresh], offices["370811"], by=SYSTEM, at=at("2026-11-19"))

    with pytest.raises(IllegalStep):
        services.open_clue(fresh, clue="无认证标志", found_at=NOW, **BY)
    for day in ("2026-11-01", "2026-11-23"):
        with pytest.raises(BadInput):
            services.open_clue(complaint, clue="无认证标志", found_at=at(day), **BY)
    assert Case.objects.filter(kind="report").count() == 0


def test_the_officer_opens_it_on_the_complaints_page_and_a_delegated_mediator_does_not_see_it(complaint, offices):
    people()
    person("helper", "mediator", "association", at=NOW)
    Case.objects.filter(pk=complaint.pk).update(delegate=offices["association"])
    officer, helper = signed_in("officer"), signed_in("helper")

    page = officer.get(f"/cases/{complaint.pk}").content.decode()
    sent = {"seen": key(complaint), "found_on": "2026-11-18", "title": "无认证标志", "clue": "店内电热水壶无认证标志", "field": ""}
    refused = helper.post(f"/cases/{complaint.pk}/act/find_clue", sent)
    done = officer.post(f"/cases/{complaint.pk}/act/find_clue", sent)
    report = Case.objects.get(kind="report")

    assert 'data-act="find_clue"' in page
    assert (refused.status_code, done.status_code) == (403, 302)
    assert str(clocks(report)["complaint.clue_verification"]) == str(date(2026, 12, 9))
    assert report.number in officer.get(f"/cases/{complaint.pk}").content.decode()
    seen = helper.get(f"/cases/{complaint.pk}")
    assert seen.status_code == 200
    assert report.number not in seen.content.decode()
    assert helper.get(f"/cases/{report.pk}").status_code == 404


@pytest.mark.parametrize("end", ["settle", "terminate"])
def test_a_clue_is_also_opened_after_mediation_has_ended(complaint, end):
    if end == "settle":
        services.settle(complaint, **BY)
    else:
        services.terminate(complaint, ground="3", **BY)

    report = services.open_clue(complaint, clue="无认证标志", found_at=NOW, **BY)

    assert clocks(report)["complaint.clue_verification"] == "2026-12-11"
