"""Disputes over jurisdiction (Order 121 Art 33): seven working days, then the superior, and never sideways."""

import pytest

from cases.casework import at, city, clocks, history, taken
from fangxin.accounts.models import Office
from fangxin.cases.models import Case, JurisdictionDispute
from fangxin.cases.services import accept, dispatch
from fangxin.cases.services.jurisdiction import agree, designate, raise_dispute, refer
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def offices() -> dict[str, Office]:
    return city()


@pytest.fixture
def case(offices) -> Case:
    """With the township office of one county since Thursday 30 July 2026."""
    found = taken("D-1")
    dispatch([found], offices["370811-guhuai"], by=SYSTEM, at=at("2026-07-30 10:00"))
    return found


def test_raising_starts_seven_working_days_and_the_case_s_own_period_goes_on(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="实际经营地在曲阜")

    assert clocks(case)["jurisdiction.negotiation"] == "2026-08-12"
    assert clocks(case)["complaint.acceptance"] == "2026-08-10"
    assert (dispute.raised_by.code, dispute.other.code, dispute.state) == ("370811", "370881", "negotiating")
    assert history(case.ref).count("CaseStep") == 1
    with pytest.raises(IllegalStep):
        raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-04"), note="再次")


def test_agreed_on_the_other_the_case_goes_back_to_the_desk_and_not_sideways(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="实际经营地在曲阜")

    agree(dispute, offices["370881"], by=SYSTEM, at=at("2026-08-05"), note="双方协商一致")

    case.refresh_from_db()
    assert (case.state, case.unit_id) == ("received", None)
    assert clocks(case)["jurisdiction.negotiation"] == "in_time"
    assert clocks(case)["complaint.acceptance"] == "2026-08-10"
    assert JurisdictionDispute.objects.get().outcome == offices["370881"]


def test_agreed_on_the_one_that_has_it_nothing_moves(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="x")

    agree(dispute, offices["370811"], by=SYSTEM, at=at("2026-08-13"), note="协商一致")

    case.refresh_from_db()
    assert (case.state, case.unit) == ("dispatched", offices["370811-guhuai"])
    assert clocks(case)["jurisdiction.negotiation"] == "late"


def test_the_superior_has_seven_working_days_from_the_papers_and_its_word_sends_the_case(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="x")
    refer(dispute, by=SYSTEM, at=at("2026-08-12"), note="协商不成")
    assert clocks(case)["jurisdiction.designation"] == "2026-08-21"

    designate(dispute, offices["370881"], by=SYSTEM, at=at("2026-08-20"), note="指定曲阜处理")

    case.refresh_from_db()
    assert (case.state, case.unit, case.competent) == ("dispatched", offices["370881"], offices["370881"])
    assert clocks(case)["jurisdiction.designation"] == "in_time"
    assert history(dispute.ref) == ["JurisdictionRaised", "JurisdictionReferred", "JurisdictionEnded"]


def test_it_may_designate_at_once_and_only_once(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="x")
    again = JurisdictionDispute.objects.get()
    designate(dispute, offices["370811"], by=SYSTEM, at=at("2026-08-04"), note="由任城处理")

    with pytest.raises(StaleState):
        designate(again, offices["370881"], by=SYSTEM, at=at("2026-08-04"), note="由曲阜处理")

    case.refresh_from_db()
    assert case.unit == offices["370811-guhuai"]


def test_only_another_bureau_and_only_one_of_the_two(case, offices):
    for wrong in ("370811", "370811-guhuai", "association", "370882"):
        with pytest.raises(BadInput):
            raise_dispute(case, offices[wrong], by=SYSTEM, at=at("2026-08-03"), note="x")
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="x")
    with pytest.raises(BadInput):
        agree(dispute, offices["370800"], by=SYSTEM, at=at("2026-08-04"), note="x")
    with pytest.raises(BadInput):
        designate(dispute, offices["370811"], by=SYSTEM, at=at("2026-08-04"), note=" ")


def test_accepted_meanwhile_the_case_stays_where_it_is(case, offices):
    dispute = raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-08-03"), note="x")
    accept([case], by=SYSTEM, at=at("2026-08-04"))

    with pytest.raises(IllegalStep):
        designate(dispute, offices["370881"], by=SYSTEM, at=at("2026-08-05"), note="由曲阜处理")

    case.refresh_from_db()
    assert (case.state, case.unit) == ("accepted", offices["370811-guhuai"])
    assert JurisdictionDispute.objects.open().count() == 1
