"""Sessions: notice before those on site, no double booking, records, absence."""

from dataclasses import replace

import pytest
from mediationwork import NOW, accepted, at, fresh, mediating, plan

from cases.casework import last_event
from fangxin.cases.events import CaseTakenBack
from fangxin.cases.filings import Respondent
from fangxin.cases.models import Case, Note, Side
from fangxin.cases.services import checks, terminate
from fangxin.cases.states import State
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM
from fangxin.mediation import handlers, queries, services
from fangxin.mediation.models import Session
from fangxin.mediation.services.sessions import Record
from fangxin.mediation.states import Attendance, Means, Mode, Result
from fangxin.notices.models import Notice
from staffwork import person

CAME = Record(Attendance.CAME, Attendance.CAME, Result.GOES_ON, "双方陈述意见，约定下周继续。")


@pytest.fixture
def open_case(case, staff):
    return mediating(case, by=staff["officer"].ref)


def test_an_on_site_session_is_arranged_with_notice_to_both_sides(open_case, staff):
    officer = staff["officer"]

    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    assert (session.state, session.mode, session.mediator, session.office.code, session.place) == (
        *("scheduled", "on_site", officer, "370811"),
        "任城区市场监管局二楼调解室",
    )
    assert (session.starts_at, session.ends_at) == (at("2026-11-10 14:30"), at("2026-11-10 15:30"))
    assert session.told == {"complainant": "telephone", "respondent": "telephone"}
    event = last_event(open_case.ref, "mediation.SessionScheduled")
    assert (event.law, event.mediator, event.told, event.changed) == (
        *("order121:20", officer.ref),
        (("complainant", "telephone"), ("respondent", "telephone")),
        False,
    )


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"told": {Side.COMPLAINANT: Means.TELEPHONE}}, "Both sides have to be told beforehand"),
        ({"place": " "}, "A session on site needs a place"),
        ({"recusal_days": None}, "within how many days of the notice"),
        ({"recusal_days": 7}, "would end after the session"),
        ({"starts_at": at("2026-11-04 08:59")}, "only be arranged for a time to come"),
        ({"minutes": 0}, "lasts between one minute and twelve hours"),
    ],
)
def test_an_on_site_session_without_what_the_law_asks_for_is_refused(open_case, staff, changes, refusal):
    wanted = replace(plan(staff["officer"], "2026-11-10 14:30"), **changes)

    with pytest.raises(BadInput, match=refusal):
        services.schedule_session(open_case, wanted, by=staff["officer"].ref, at=at("2026-11-04 09:00"))

    assert not Session.objects.exists()


def test_a_session_by_telephone_needs_no_notice(open_case, staff):
    wanted = plan(staff["officer"], "2026-11-05 10:00", mode=Mode.TELEPHONE, told={}, place="", recusal_days=None)

    session = services.schedule_session(open_case, wanted, by=staff["officer"].ref, at=at("2026-11-04"))

    assert session.mode == "telephone"


def test_a_session_is_arranged_only_in_mediation(case, staff):
    with pytest.raises(IllegalStep):
        services.schedule_session(case, plan(staff["officer"], "2026-11-10 14:30"), by=staff["officer"].ref, at=at("2026-11-04"))


@pytest.mark.parametrize("who", ["stranger", "station", "head"])
def test_only_people_of_the_unit_preside(open_case, staff, who):
    with pytest.raises(BadInput, match="can't preside"):
        services.schedule_session(open_case, plan(staff[who], "2026-11-10 14:30"), by=staff["officer"].ref, at=at("2026-11-04"))


@pytest.mark.parametrize(
    ("starts", "minutes", "free"),
    [
        ("2026-11-10 13:30", 60, True),  # ends when the other begins
        ("2026-11-10 13:31", 60, False),
        ("2026-11-10 14:45", 10, False),
        ("2026-11-10 15:29", 60, False),
        ("2026-11-10 15:30", 60, True),
        ("2026-11-10 14:00", 180, False),
    ],
)
def test_a_mediator_is_never_booked_twice_at_the_same_time(open_case, staff, starts, minutes, free):
    officer = staff["officer"]
    other = mediating(accepted("2026-11-02", officer=officer), by=officer.ref)
    services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    wanted = plan(officer, starts, minutes=minutes)
    if free:
        services.schedule_session(other, wanted, by=officer.ref, at=at("2026-11-04"))
    else:
        with pytest.raises(BadInput, match="王芳 has another session at that time"):
            services.schedule_session(other, wanted, by=officer.ref, at=at("2026-11-04"))
    services.schedule_session(  # someone else is free
        mediating(accepted("2026-11-02", officer=officer), by=officer.ref),
        plan(staff["second"], starts),
        by=officer.ref,
        at=at("2026-11-04"),
    )

    assert Session.objects.filter(mediator=officer).count() == 1 + free


def test_a_case_has_one_coming_session_at_a_time(open_case, staff):
    officer = staff["officer"]
    services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    with pytest.raises(IllegalStep, match="arranged already"):
        services.schedule_session(open_case, plan(officer, "2026-11-12 09:00"), by=officer.ref, at=at("2026-11-04"))


def test_a_changed_session_is_told_anew_and_frees_its_old_time(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    services.change_session(session, plan(staff["second"], "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-05"), note="王芳另有任务")
    other = mediating(accepted("2026-11-02", officer=officer), by=officer.ref)
    services.schedule_session(other, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-05"))

    event = last_event(open_case.ref, "mediation.SessionScheduled")
    assert (event.changed, event.mediator, event.session) == (True, staff["second"].ref, session.pk)
    assert Session.objects.get(pk=session.pk).mediator == staff["second"]


def test_of_two_who_change_the_same_session_the_second_is_told(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))
    seen = queries.coming(fresh(open_case))
    services.change_session(session, plan(officer, "2026-11-11 09:00"), by=officer.ref, at=at("2026-11-05"), note="延后")

    with pytest.raises(StaleState):
        services.change_session(seen, plan(officer, "2026-11-12 09:00"), by=officer.ref, at=at("2026-11-05"), note="延后")


def test_what_happened_is_written_down_once_and_the_next_session_follows(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    services.record_session(open_case, CAME, session=session, by=officer.ref, at=at("2026-11-10 15:40"))
    services.schedule_session(open_case, plan(officer, "2026-11-16 09:00"), by=officer.ref, at=at("2026-11-10 15:41"))

    assert (session.state, session.result, session.recorded_at) == ("held", "goes_on", at("2026-11-10 15:40"))
    assert Note.objects.get(case=open_case, step="record_session").text == "双方陈述意见，约定下周继续。"
    with pytest.raises(StaleState):
        services.record_session(open_case, CAME, session=session, by=officer.ref, at=at("2026-11-10 15:42"))


def test_a_session_is_not_written_down_before_its_day(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    with pytest.raises(BadInput, match="has not come yet"):
        services.record_session(open_case, CAME, session=session, by=officer.ref, at=at("2026-11-09 15:40"))


@pytest.mark.parametrize(
    ("complainant", "respondent", "result", "grounds"),
    [
        (Attendance.CAME, Attendance.ABSENT, Result.GOES_ON, ["2"]),
        (Attendance.ABSENT, Attendance.CAME, Result.GOES_ON, ["2"]),
        (Attendance.CAME, Attendance.EXCUSED, Result.GOES_ON, []),
        (Attendance.CAME, Attendance.CAME, Result.FAILED, ["3"]),
        (Attendance.CAME, Attendance.CAME, Result.GOES_ON, []),
    ],
)
def test_absence_without_cause_and_no_way_to_agree_suggest_their_grounds(open_case, staff, complainant, respondent, result, grounds):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))

    services.record_session(
        open_case, Record(complainant, respondent, result, "记录"), session=session, by=officer.ref, at=at("2026-11-10 15:00")
    )

    assert [one.ground for one in checks.suggested("terminate", open_case, at("2026-11-11"))] == grounds
    assert session.state == ("held" if (complainant, respondent) == (Attendance.CAME, Attendance.CAME) else "missed")


def test_one_side_alone_can_not_have_agreed(open_case, staff):
    record = Record(Attendance.CAME, Attendance.EXCUSED, Result.AGREED, "记录")

    with pytest.raises(BadInput, match="a side was absent"):
        services.record_session(
            open_case, record, plan=plan(staff["officer"], "2026-11-05 10:00"), by=staff["officer"].ref, at=at("2026-11-05 11:00")
        )


def test_a_telephone_session_can_be_written_down_without_having_been_arranged_but_not_one_on_site_that_somebody_missed(open_case, staff):
    officer = staff["officer"]
    call = plan(officer, "2026-11-05 10:00", mode=Mode.TELEPHONE, told={}, place="", recusal_days=None)
    alone = Record(Attendance.CAME, Attendance.ABSENT, Result.GOES_ON, "被投诉人未到")

    held = services.record_session(open_case, CAME, plan=call, by=officer.ref, at=at("2026-11-05 11:00"))
    with pytest.raises(BadInput, match="arrange it first"):
        services.record_session(open_case, alone, plan=plan(officer, "2026-11-05 10:00"), by=officer.ref, at=at("2026-11-05 11:00"))

    assert (held.state, held.mode) == ("held", "telephone")


def test_messages_about_a_session_carry_time_place_and_mediator(staff):
    shop = Respondent(name="济宁市鲁好商贸有限公司", contact="陈经理", phone="13905370000")
    officer = staff["officer"]
    case = mediating(accepted("2026-11-02", officer=officer, respondent=shop), by=officer.ref)
    both = dict.fromkeys(Side, Means.MESSAGE)

    session = services.schedule_session(case, plan(officer, "2026-11-10 14:30", told=both), by=officer.ref, at=at("2026-11-04"))
    services.change_session(session, plan(officer, "2026-11-11 09:00", told=both), by=officer.ref, at=at("2026-11-05"), note="延后一天")

    sent = Notice.objects.filter(subject=case.ref).order_by("pk")
    assert [(one.template, one.audience) for one in sent] == [
        ("mediation.session", "complainant"),
        ("mediation.session", "respondent"),
        ("mediation.session_changed", "complainant"),
        ("mediation.session_changed", "respondent"),
    ]


def test_a_refused_plan_sends_nothing(staff, open_case):
    officer = staff["officer"]
    wanted = plan(officer, "2026-11-10 14:30", told={Side.COMPLAINANT: Means.MESSAGE, Side.RESPONDENT: Means.MESSAGE})

    with pytest.raises(BadInput, match="No telephone of the respondent"):
        services.schedule_session(open_case, wanted, by=officer.ref, at=at("2026-11-04"))

    assert not Notice.objects.exists()
    assert not Session.objects.exists()


def test_a_closed_case_has_no_coming_session(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))
    terminate(open_case, ground="1", by=officer.ref, at=at("2026-11-06"), note="双方自行和解")
    event = last_event(open_case.ref, "cases.CaseClosed")

    handlers.end_mediation(event)
    handlers.end_mediation(event)

    assert fresh(open_case).state == State.TERMINATED
    assert Session.objects.get(pk=session.pk).state == "cancelled"


def test_the_calendar_shows_what_may_be_seen_by_day_with_the_same_queries_for_three_sessions_as_for_one(staff, django_assert_num_queries):
    officer = staff["officer"]
    person("desk", "city_desk", "370800", at=NOW)

    def arrange(day: str, mediator=officer) -> Session:
        case = mediating(accepted("2026-11-02", officer=officer), by=SYSTEM)
        return services.schedule_session(case, plan(mediator, day), by=SYSTEM, at=at("2026-11-04"))

    first = arrange("2026-11-23 14:30")
    with django_assert_num_queries(1 + 1):  # and one for the roles
        assert list(queries.calendar(staff["second"], mine=False, since=at("2026-11-20")).rows) == [first]
    second, third = arrange("2026-11-24 09:00", staff["second"]), arrange("2026-11-24 09:00")
    with django_assert_num_queries(1):
        rows = queries.calendar(staff["second"], mine=False, since=at("2026-11-20")).rows
        assert [one.case.title and one.mediator.name and one.office.name and one.pk for one in rows] == [first.pk, second.pk, third.pk]

    def shown(who: str, **filters):
        return list(queries.calendar(staff[who], mine=filters.pop("mine", False), since=at("2026-11-20"), **filters).rows)

    assert shown("second", mine=True) == [second]
    assert shown("officer", office="370811") == [first, second, third]
    assert shown("officer", office="370881") == []
    assert shown("stranger") == []
    assert shown("station") == []


def test_an_acceptance_taken_back_ends_what_was_arranged(open_case, staff):
    officer = staff["officer"]
    session = services.schedule_session(open_case, plan(officer, "2026-11-10 14:30"), by=officer.ref, at=at("2026-11-04"))
    event = CaseTakenBack(
        subject=open_case.ref, actor=officer.ref, at=at("2026-11-05"), step="take_back", law="", undone="accept", state="dispatched"
    )
    handlers.end_mediation(event)
    session.refresh_from_db()
    assert session.state == "scheduled"  # the case is still in mediation

    Case.objects.filter(pk=open_case.pk).update(state=State.DISPATCHED)
    handlers.end_mediation(event)
    handlers.end_mediation(event)

    session.refresh_from_db()
    assert session.state == "cancelled"
    assert queries.coming(open_case) is None
