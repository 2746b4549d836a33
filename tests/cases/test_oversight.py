"""Supervision: what is overdue and who sits on it; the ladder; giving cases to others; who stands in for whom."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from cases.casework import NOW, at, city, history, last_event, taken
from fangxin.accounts.models import Office, Person, Role
from fangxin.cases import ladder
from fangxin.cases.models import Absence, Case, Escalation
from fangxin.cases.services import accept, dispatch
from fangxin.cases.services.oversight import assign, climb, end_absence, set_absence, told, urge
from fangxin.clocks.keeping import current_calendar
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.models import Notice
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def offices(monkeypatch) -> dict[str, Office]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return city()


@pytest.fixture
def people(offices) -> dict[str, Person]:
    """Two officers of one county, its head, the city's supervisor, and an officer elsewhere."""
    table = (
        ("wang", Role.OFFICER, "370811"),
        ("zhao", Role.OFFICER, "370811"),
        ("head", Role.SUPERVISOR, "370811"),
        ("city", Role.SUPERVISOR, "370800"),
        ("qufu", Role.OFFICER, "370881"),
    )
    return {login: person(login, role, office, at=NOW) for login, role, office in table}


def with_unit(number: str, offices, *, day: str = "2026-07-30") -> Case:
    case = taken(number, received_at=at(day))
    dispatch([case], offices["370811"], by=SYSTEM, at=at(f"{day} 10:00"))
    return Case.objects.select_related("unit", "competent").get(pk=case.pk)


def test_the_ladder_counts_working_days_past_the_last_one():
    """Due on Monday 10 August 2026, so overdue from Tuesday on."""
    _kept, calendar = current_calendar(NOW)
    breach = at("2026-08-11 00:00")

    levels = {
        day: (rung.level if (rung := ladder.rung_of(breach, at(f"{day} 08:00"), calendar)) else 0)
        for day in ("2026-08-10", "2026-08-11", "2026-08-12", "2026-08-13", "2026-08-14", "2026-08-17")
    }

    assert levels == {"2026-08-10": 0, "2026-08-11": 1, "2026-08-12": 2, "2026-08-13": 2, "2026-08-14": 3, "2026-08-17": 3}


def test_an_overdue_case_climbs_once_a_level_and_tells_who_is_concerned(offices, people):
    case = with_unit("S-1", offices)
    assign([case], people["wang"], by=SYSTEM, at=at("2026-07-31"))

    raised = [climb(at(f"{day} 09:00")).raised for day in ("2026-08-10", "2026-08-11", "2026-08-11", "2026-08-12", "2026-08-14")]

    # The 24 hours were over on 31 July: that period is the nearest one and climbs first.
    assert Escalation.objects.filter(case=case).count() == 1
    assert raised[1:3] == [0, 0]
    assert last_event(case.ref, "cases.CaseEscalated").level == 3


def test_each_level_is_told_to_others_and_nobody_twice(offices, people):
    case = with_unit("S-1", offices)
    assign([case], people["wang"], by=SYSTEM, at=at("2026-07-31"))

    for day in ("2026-08-01", "2026-08-03", "2026-08-03", "2026-08-04", "2026-08-07", "2026-08-07"):
        climb(at(f"{day} 12:00"))

    events = [name for name in history(case.ref) if name == "CaseEscalated"]
    assert len(events) == 3
    assert [one.name for one in told(case, ladder.ladder()[0], NOW)] == ["wang"]
    assert [one.name for one in told(case, ladder.ladder()[1], NOW)] == ["head"]
    assert [one.name for one in told(case, ladder.ladder()[2], NOW)] == ["city"]
    assert Notice.objects.filter(subject=case.ref).count() == 3


def test_what_is_unassigned_climbs_too_and_what_is_done_climbs_no_further(offices, people):
    waiting = taken("S-2", received_at=at("2026-07-30"))
    case = with_unit("S-3", offices)
    accept([case], by=SYSTEM, at=at("2026-07-30 11:00"))

    climb(at("2026-07-30 12:00"))

    assert set(Escalation.objects.values_list("case_id", flat=True)) == {waiting.pk}


def test_a_deputy_is_told_and_sees_the_cases_as_own_while_the_other_is_away(offices, people):
    case = with_unit("S-4", offices, day="2026-11-19")
    assign([case], people["wang"], by=SYSTEM, at=NOW)
    absence = set_absence(people["wang"], people["zhao"], from_on=date(2026, 11, 18), until_on=date(2026, 11, 24), by=SYSTEM, at=NOW)

    away = signed_in("zhao").get("/cases/?officer=me").content.decode()
    told_away = told(Case.objects.select_related("officer").get(pk=case.pk), ladder.ladder()[0], NOW)
    end_absence(absence, by=SYSTEM, at=NOW)
    back = signed_in("zhao").get("/cases/?officer=me").content.decode()

    assert case.number in away
    assert case.number not in back
    assert [one.name for one in told_away] == ["zhao"]
    with pytest.raises(IllegalStep):
        end_absence(Absence.objects.get(), by=SYSTEM, at=NOW)


def test_only_an_officer_of_the_office_who_is_there_stands_in(offices, people):
    days = {"from_on": date(2026, 11, 23), "until_on": date(2026, 11, 25)}
    for deputy in ("wang", "qufu", "head"):
        with pytest.raises(BadInput):
            set_absence(people["wang"], people[deputy], **days, by=SYSTEM, at=NOW)
    with pytest.raises(BadInput):
        set_absence(people["wang"], people["zhao"], from_on=date(2026, 11, 1), until_on=date(2026, 11, 2), by=SYSTEM, at=NOW)
    set_absence(people["zhao"], people["wang"], **days, by=SYSTEM, at=NOW)
    with pytest.raises(BadInput):
        set_absence(people["wang"], people["zhao"], **days, by=SYSTEM, at=NOW)
    with pytest.raises(BadInput):
        set_absence(people["zhao"], people["wang"], **days, by=SYSTEM, at=NOW)


def test_a_case_is_given_only_to_an_officer_of_its_unit_and_the_second_of_two_is_told(offices, people):
    case = with_unit("S-5", offices)
    stale = Case.objects.select_related("unit").get(pk=case.pk)
    for wrong in ("qufu", "head"):
        with pytest.raises(BadInput):
            assign([case], people[wrong], by=SYSTEM, at=NOW)
    assign([case], people["wang"], by=SYSTEM, at=NOW, note="熟悉情况")

    with pytest.raises(StaleState):
        assign([stale], people["zhao"], by=SYSTEM, at=NOW)
    with pytest.raises(IllegalStep):
        assign([taken("S-6")], people["wang"], by=SYSTEM, at=NOW)

    assert Case.objects.get(pk=case.pk).officer == people["wang"]
    assert last_event(case.ref, "cases.CaseAssigned").officer == people["wang"].ref


def test_an_instruction_moves_nothing_and_needs_words(offices, people):
    case = with_unit("S-7", offices)
    with pytest.raises(BadInput):
        urge(case, by=SYSTEM, at=NOW, note=" ")

    urge(case, by=people["head"].ref, at=NOW, note="请今日联系投诉人")

    assert history(case.ref)[-1] == "CaseUrged"
    assert Case.objects.get(pk=case.pk).state == "dispatched"


def test_the_overview_counts_what_the_lists_show(offices, people):
    first, second = with_unit("S-8", offices), with_unit("S-9", offices)
    taken("S-10", received_at=NOW - timedelta(minutes=20))
    assign([first], people["wang"], by=SYSTEM, at=NOW)
    client = signed_in("city")

    page = client.get("/cases/supervision?unit=370811")

    units = {load.code: (load.open, load.unassigned, load.overdue) for load in page.context["loads"]}
    persons = {load.name: (load.open, load.overdue) for load in page.context["people"]}
    assert units == {"": (1, 1, 0), "370800": (2, 1, 2), "370811": (2, 1, 2)}
    assert persons == {"nobody yet": (1, 1), "wang": (1, 1), "zhao": (0, 0)}
    listed = client.get("/cases/?unit=370811&officer=none").content.decode()
    assert second.number in listed
    assert first.number not in listed


def test_many_are_given_at_once_or_none(offices, people):
    cases = [with_unit(f"S-{n}", offices) for n in (11, 12)]
    keys = [f"{case.pk}.{case.state}.{case.unit_id}" for case in cases]
    client = signed_in("head")

    refused = client.post(
        "/cases/supervision/reassign", {"case": [*keys, "999.received.0"], "officer": people["wang"].pk, "unit": "370811"}
    )
    done = client.post("/cases/supervision/reassign", {"case": keys, "officer": people["wang"].pk, "unit": "370811", "note": "均衡"})
    nobody = client.post("/cases/supervision/reassign", {"case": keys, "officer": "", "unit": "370811"})

    assert (refused.status_code, done.status_code, nobody.status_code) == (409, 302, 409)
    assert set(Case.objects.values_list("officer__login", flat=True)) == {"wang"}


def test_one_case_and_forty_take_the_same_queries(offices, people, django_assert_max_num_queries):
    client = signed_in("city")
    with_unit("Q-0", offices)
    with django_assert_max_num_queries(20) as one:
        client.get("/cases/supervision?unit=370811")
    for n in range(1, 40):
        with_unit(f"Q-{n}", offices)
    with django_assert_max_num_queries(20) as many:
        client.get("/cases/supervision?unit=370811")

    assert len(one) == len(many)


def test_supervision_is_the_supervisors_and_an_absence_that_of_the_own_house(offices, people):
    outside = signed_in("qufu")
    absence = set_absence(people["wang"], people["zhao"], from_on=date(2026, 11, 23), until_on=date(2026, 11, 25), by=SYSTEM, at=NOW)

    assert outside.get("/cases/supervision").status_code == 403
    assert "wang" not in outside.get("/cases/absences").content.decode()
    assert outside.post(f"/cases/absences/{absence.pk}/end").status_code == 404
    assert signed_in("zhao").post(f"/cases/absences/{absence.pk}/end").status_code == 403
    assert signed_in("head").post(f"/cases/absences/{absence.pk}/end").status_code == 302
    assert Absence.objects.get().ended_at == NOW
