"""Cases worked together: reversible, both people and both periods kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.casework import LIN, NOW, at, city, clocks, history, taken
from fangxin.accounts.models import Office, Role
from fangxin.cases.filings import Kind, Person, Respondent
from fangxin.cases.models import Case, Combination, Note, Party
from fangxin.cases.services import accept, dispatch
from fangxin.cases.services.merging import combine, likely, members, separate, together
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Trader
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db
WANG = Person(name="王建国", phone="13905370001", address="济宁市任城区太白楼路8号")


@pytest.fixture
def offices() -> dict[str, Office]:
    return city()


def two(offices) -> tuple[Case, Case]:
    """Two complaints against one shop by two people, received a day apart, both with the county bureau."""
    first = taken("A-1", received_at=at("2026-07-30"))
    second = taken("A-2", received_at=at("2026-07-31"), persons=(WANG,))
    dispatch([first], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    dispatch([second], offices["370811"], by=SYSTEM, at=at("2026-07-31 10:00"))
    return first, second


def test_combined_cases_keep_their_people_and_their_periods(offices):
    first, second = two(offices)
    before = clocks(first), clocks(second)

    combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="同一商家同一批水壶")

    assert [case.number for case in members(first)] == [second.number]
    assert (clocks(first), clocks(second)) == before
    assert before[0]["complaint.acceptance"] == "2026-08-10"
    assert before[1]["complaint.acceptance"] == "2026-08-11"
    assert Party.objects.filter(case=second).get().name_masked == "王**"
    assert history(second.ref)[-1] == "CaseCombined"
    assert Note.objects.get(case=second, step="combine").text == "同一商家同一批水壶"


def test_what_is_done_together_leaves_each_its_own_verdict(offices):
    first, second = two(offices)
    combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="同一批")

    accept(together([first]), by=SYSTEM, at=at("2026-08-11 09:30"))

    assert clocks(first)["complaint.acceptance"] == "late"
    assert clocks(second)["complaint.acceptance"] == "in_time"
    assert {case.state for case in Case.objects.all()} == {"accepted"}


def test_separated_the_case_goes_on_by_itself(offices):
    first, second = two(offices)
    combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="同一批")
    separate(Case.objects.get(pk=second.pk), by=SYSTEM, at=at("2026-08-04"), note="不是同一型号")

    accept(together([first]), by=SYSTEM, at=at("2026-08-05"))

    second.refresh_from_db()
    assert (second.state, second.lead_id) == ("dispatched", None)
    assert clocks(second)["complaint.acceptance"] == "2026-08-11"
    assert Combination.objects.get().ended_at == at("2026-08-04")
    combine(second, Case.objects.get(pk=taken_twin(offices).pk), by=SYSTEM, at=at("2026-08-06"), note="与另一件相同")
    assert Combination.objects.standing().count() == 1


def taken_twin(offices) -> Case:
    twin = taken("A-3", received_at=at("2026-07-31"))
    dispatch([twin], offices["370811"], by=SYSTEM, at=at("2026-07-31 10:00"))
    return twin


def test_no_chain_no_report_no_other_state_and_no_self(offices):
    first, second = two(offices)
    third = taken_twin(offices)
    report = taken("R-1", kind=Kind.REPORT)
    waiting = taken("A-4")
    combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="x")
    second.refresh_from_db()

    for member, lead, refusal in (
        (third, second, IllegalStep),
        (first, third, IllegalStep),
        (second, third, IllegalStep),
        (report, first, IllegalStep),
        (waiting, first, IllegalStep),
        (third, third, BadInput),
    ):
        with pytest.raises(refusal):
            combine(member, lead, by=SYSTEM, at=at("2026-08-03"), note="x")
    with pytest.raises(IllegalStep):
        separate(third, by=SYSTEM, at=at("2026-08-03"), note="x")


def test_who_read_an_older_state_is_told(offices):
    first, second = two(offices)
    accept([Case.objects.get(pk=second.pk)], by=SYSTEM, at=at("2026-08-03"))

    with pytest.raises(StaleState):
        combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="x")


def test_likely_are_the_same_person_first_then_the_same_trader_and_an_empty_number_matches_nobody(offices, django_assert_num_queries):
    trader = Trader.objects.create(uscc="91370811MA3C000000", name="济宁市鲁好商贸有限公司", normalised_name="济宁市鲁好商贸有限公司")
    mine = taken("B-1", received_at=at("2026-07-30"))
    same_person = taken("B-2", received_at=at("2026-07-31"), respondent=replace_name("曲阜某店"))
    same_trader = taken("B-3", received_at=at("2026-08-20"), persons=(WANG,))
    long_ago = taken("B-4", received_at=at("2026-03-02"), persons=(WANG,))
    nobody = [taken(f"B-{n}", persons=(Person(name="某人"),), respondent=replace_name("别家")) for n in (5, 6)]
    Case.objects.filter(pk__in=[mine.pk, same_trader.pk, long_ago.pk]).update(trader=trader)
    mine.refresh_from_db()

    with django_assert_num_queries(4):
        found = likely(mine)

    assert [(one.case.number, one.same_person, one.same_trader) for one in found] == [
        (same_person.number, True, False),
        (same_trader.number, False, True),
    ]
    assert likely(nobody[0]) == []
    assert NOW - long_ago.first_received_at > timedelta(days=60)
    assert LIN.phone


def replace_name(name: str):
    return Respondent(name=name)


def test_on_the_page_what_is_done_with_the_leading_case_is_done_with_all_or_none(offices, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: at("2026-08-05"))
    person("officer", Role.OFFICER, "370811", at=at("2026-07-01"))
    first, second = two(offices)
    combine(second, first, by=SYSTEM, at=at("2026-08-03"), note="同一批")
    client = signed_in("officer")
    key = f"{first.pk}.dispatched.{first.unit_id}"

    page = client.get(f"/cases/{first.pk}").content.decode()
    answer = client.post(f"/cases/{first.pk}/act/accept", {"seen": key, "note": ""})

    assert "The same is done with 1 case that is worked together with it." in page
    assert answer.status_code == 302
    assert set(Case.objects.values_list("state", flat=True)) == {"accepted"}
    assert clocks(second)["complaint.acceptance"] == "in_time"
