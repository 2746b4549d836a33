"""Recusal: suspended at once, decided by the head, another mediator or the same, and the sixty days go on."""

import pytest
from mediationwork import accepted, at, fresh, mediating, plan

from cases.casework import clocks, history, last_event
from fangxin.cases.models import Note
from fangxin.cases.services import settle, suspend_mediation, terminate
from fangxin.cases.states import State
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted, StaleState
from fangxin.kernel.refs import SYSTEM
from fangxin.mediation import handlers, queries, services
from fangxin.mediation.models import Recusal, Session
from fangxin.mediation.services.sessions import Record
from fangxin.mediation.states import AskedBy, Attendance, Result


@pytest.fixture
def open_case(case, staff):
    return mediating(case, by=staff["officer"].ref)


@pytest.fixture
def request_(open_case, staff) -> Recusal:
    return services.request_recusal(
        open_case,
        mediator=staff["officer"],
        asked_by=AskedBy.RESPONDENT,
        by=staff["officer"].ref,
        at=at("2026-11-05"),
        note="调解员与投诉人系亲属",
    )


def test_a_request_suspends_mediation_and_stops_no_period(open_case, request_):
    assert fresh(open_case).state == State.SUSPENDED
    assert clocks(open_case)["complaint.mediation"] == "2027-01-01"
    assert history(open_case.ref)[-2:] == ["CaseStep", "RecusalRequested"] or history(open_case.ref)[-2:] == [
        "RecusalRequested",
        "CaseStep",
    ]
    assert Note.objects.get(case=open_case, step="suspend").text == "调解员与投诉人系亲属"
    assert last_event(open_case.ref, "mediation.RecusalRequested").law == "order121:21"


def test_declined_mediation_goes_on_with_the_same_mediator(open_case, request_, staff):
    services.decide_recusal(request_, granted=False, by=staff["head"].ref, at=at("2026-11-06"), note="不存在利害关系")

    assert fresh(open_case).state == State.MEDIATING
    assert (request_.decision, request_.decided_by) == ("declined", staff["head"].ref)
    assert staff["officer"] in queries.mediators(open_case)
    assert clocks(open_case)["complaint.mediation"] == "2027-01-01"


def test_granted_another_mediator_takes_over_what_is_arranged_and_the_sides_are_told_anew(open_case, staff):
    officer, second = staff["officer"], staff["second"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))
    request = services.request_recusal(
        open_case, mediator=officer, asked_by=AskedBy.COMPLAINANT, by=officer.ref, at=at("2026-11-05"), note="与商家相识"
    )

    services.decide_recusal(request, granted=True, replacement=second, by=staff["head"].ref, at=at("2026-11-06"), note="应当回避")

    moved = Session.objects.get(pk=session.pk)
    assert (fresh(open_case).state, moved.mediator, moved.told) == (State.MEDIATING, second, {"complainant": "", "respondent": ""})
    assert officer not in queries.mediators(open_case)
    event = last_event(open_case.ref, "mediation.RecusalDecided")
    assert (event.decision, event.mediator, event.replacement) == ("granted", officer.ref, second.ref)
    came = Record(Attendance.CAME, Attendance.CAME, Result.GOES_ON, "记录")
    with pytest.raises(IllegalStep, match="have to be told of this session first"):
        services.record_session(fresh(open_case), came, session=moved, by=second.ref, at=at("2026-11-10 15:40"))
    services.change_session(moved, plan(second, "2026-11-10 14:30"), by=second.ref, at=at("2026-11-06 15:00"), note="更换调解员")
    services.record_session(fresh(open_case), came, session=moved, by=second.ref, at=at("2026-11-10 15:40"))


def test_a_replacement_who_is_not_free_then_can_not_take_over(open_case, staff):
    officer, second = staff["officer"], staff["second"]
    services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))
    other = mediating(accepted("2026-11-02", officer=officer), by=officer.ref)
    services.schedule_session(other, plan(second, "2026-11-10 14:00"), by=officer.ref, at=at("2026-11-04"))
    request = services.request_recusal(
        open_case, mediator=officer, asked_by=AskedBy.COMPLAINANT, by=officer.ref, at=at("2026-11-05"), note="与商家相识"
    )

    with pytest.raises(BadInput, match="孙强 has another session at that time"):
        services.decide_recusal(request, granted=True, replacement=second, by=staff["head"].ref, at=at("2026-11-06"), note="应当回避")

    assert fresh(open_case).state == State.SUSPENDED
    assert Recusal.objects.get().decision == ""


def test_who_is_asked_to_stand_aside_does_not_decide(request_, staff):
    with pytest.raises(NotPermitted):
        services.decide_recusal(request_, granted=False, by=staff["officer"].ref, at=at("2026-11-06"), note="不回避")


@pytest.mark.parametrize("replacement", [None, "officer", "station", "stranger"])
def test_who_takes_over_is_another_mediator_of_the_unit(open_case, request_, staff, replacement):
    with pytest.raises(BadInput):
        services.decide_recusal(
            request_, granted=True, replacement=staff.get(replacement), by=staff["head"].ref, at=at("2026-11-06"), note="应当回避"
        )

    assert fresh(open_case).state == State.SUSPENDED


def test_a_request_is_decided_once(request_, staff):
    seen = Recusal.objects.select_related("case", "mediator").get(pk=request_.pk)
    services.decide_recusal(request_, granted=False, by=staff["head"].ref, at=at("2026-11-06"), note="不回避")

    with pytest.raises(StaleState):
        services.decide_recusal(seen, granted=False, by=staff["head"].ref, at=at("2026-11-06"), note="不回避")


def test_nothing_is_held_or_settled_while_it_waits_for_the_decision(open_case, request_, staff):
    case = fresh(open_case)

    with pytest.raises(IllegalStep):
        services.schedule_session(case, plan(staff["officer"], "2026-11-10 14:30"), by=staff["officer"].ref, at=at("2026-11-06"))
    with pytest.raises(IllegalStep):
        settle(case, by=staff["officer"].ref, at=at("2026-11-06"))
    with pytest.raises(IllegalStep, match="decided first"):
        services.resume(case, by=staff["officer"].ref, at=at("2026-11-06"))


def test_a_suspension_without_a_request_is_simply_ended(open_case, staff):
    suspend_mediation(open_case, by=SYSTEM, at=at("2026-11-05"), note="另案中止")

    services.resume(open_case, by=staff["officer"].ref, at=at("2026-11-06"))

    assert fresh(open_case).state == State.MEDIATING


def test_a_request_lapses_when_the_case_is_closed(open_case, request_, staff):
    case = fresh(open_case)
    terminate(case, ground="1", by=staff["second"].ref, at=at("2026-11-06"), note="撤回投诉")

    handlers.end_mediation(last_event(case.ref, "cases.CaseClosed"))

    assert Recusal.objects.get().decision == "lapsed"
