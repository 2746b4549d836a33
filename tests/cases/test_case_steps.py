"""The life of each kind of case, step by step, through the services."""

import json
import threading

import pytest
from casework import LIN, NOW, at, city, clock, clocks, history, last_event, started_on, taken
from django.db import connection

from fangxin.accounts.models import Person
from fangxin.cases import services
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case, Note, Party
from fangxin.clocks.models import Adjustment, Clock
from fangxin.clocks.sweeping import sweep
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.kernel.vault import key_ring
from fangxin.kernel.vault.ciphers import key_id_of

pytestmark = pytest.mark.django_db
HEAD = Ref("person:7")


def sent(offices, number="A-1", unit="370811", when="2026-07-30 10:00", **changes) -> Case:
    case = taken(number, **changes)
    services.dispatch([case], offices[unit], by=SYSTEM, at=at(when))
    return case


def accepted(offices, when="2026-08-03", **changes) -> Case:
    case = sent(offices, **changes)
    services.accept([case], by=SYSTEM, at=at(when))
    return case


# --- dispatch ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "verdict", "overrun"), [("2026-07-30 11:00", "in_time", 0), ("2026-07-30 11:00:01", "late", 1)])
def test_dispatch_stops_the_two_hours_with_their_verdict(offices, when, verdict, overrun):
    case = sent(offices, when=when)

    promise = clock(case, "local.dispatch")
    assert (promise.verdict, promise.overrun, promise.stopped_at) == (verdict, overrun, at(when))


def test_dispatch_to_a_township_office_reaches_its_county_bureau(offices):
    case = sent(offices, unit="370811-guhuai")

    assert (case.unit, case.competent, case.competent_received_at) == (offices["370811-guhuai"], offices["370811"], at("2026-07-30 10:00"))
    event = last_event(case.ref, "cases.CaseDispatched")
    assert (event.step, event.unit, event.competent, event.law) == ("dispatch", "370811-guhuai", "370811", "order121:41")


def test_the_acceptance_period_starts_once_whatever_way_the_case_takes(offices):
    case = sent(offices)
    services.dispatch([case], offices["370811-guhuai"], by=SYSTEM, at=at("2026-07-31"), note="由所里办")
    services.return_to_desk(case, by=SYSTEM, at=at("2026-08-03"), note="不在辖区")
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-08-04"), note="核实后仍由你局办理")
    services.return_to_desk(case, by=SYSTEM, at=at("2026-08-05"), note="经营地在曲阜")
    services.dispatch([case], offices["370881"], by=SYSTEM, at=at("2026-08-06"))

    assert clocks(case)["complaint.acceptance"] == "2026-08-10"
    assert Clock.objects.filter(subject=case.ref, term="complaint.acceptance").count() == 1
    assert (case.competent, case.competent_received_at) == (offices["370881"], at("2026-07-30 10:00"))
    assert history(case.ref) == [
        *("CaseReceived", "ClocksStarted", "CaseDispatched", "ClockStopped", "ClocksStarted"),
        *("CaseDispatched", "CaseReturned", "CaseDispatched", "CaseReturned", "CaseDispatched"),
    ]


def test_the_period_counts_from_receipt_by_the_bureau_and_not_from_first_receipt(offices):
    case = sent(offices, when="2026-08-03", received_at=at("2026-07-30"))

    assert started_on(case, "complaint.acceptance") == "2026-08-03"
    assert clocks(case)["complaint.acceptance"] == "2026-08-12"


@pytest.mark.parametrize("unit", ["association", "station", "370882"])
def test_no_case_is_dispatched_to_association_station_or_closed_bureau(offices, unit):
    case = taken("A-1")

    with pytest.raises(IllegalStep, match="dispatched to"):
        services.dispatch([case], offices[unit], by=SYSTEM, at=at("2026-07-30"))

    case.refresh_from_db()
    assert (case.state, case.unit) == ("received", None)


def test_sending_elsewhere_without_a_return_needs_a_note(offices):
    case = sent(offices)

    with pytest.raises(IllegalStep, match="note"):
        services.dispatch([case], offices["370881"], by=SYSTEM, at=at("2026-07-31"), note="  ")

    case.refresh_from_db()
    assert case.unit == offices["370811"]


def test_nothing_happens_to_a_case_before_it_was_received(offices):
    case = taken("A-1")

    with pytest.raises(BadInput, match="not there yet"):
        services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-29"))


def test_a_clock_that_runs_some_minutes_ahead_delays_nothing(offices):
    case = sent(offices, when="2026-07-30 08:55")

    assert (clocks(case)["local.dispatch"], case.competent_received_at) == ("in_time", at("2026-07-30 09:00"))


def test_dispatching_many_costs_a_bounded_number_of_queries_each(offices, django_assert_max_num_queries):
    cases = [taken(f"A-{number}", kind=kind) for number, kind in enumerate([Kind.COMPLAINT, Kind.REPORT, Kind.UNDETERMINED] * 7)]

    with django_assert_max_num_queries(25 + 5 * len(cases)):
        services.dispatch(cases, offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))

    assert {case.state for case in cases} == {"dispatched"}


def test_a_batch_goes_whole_or_not_at_all(offices):
    first, second = taken("A-1"), taken("A-2")
    Case.objects.filter(pk=second.pk).update(state="withdrawn", closed_at=NOW)

    with pytest.raises(StaleState):
        services.dispatch([first, second], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))

    assert Case.objects.get(pk=first.pk).state == "received"
    assert history(first.ref) == ["CaseReceived", "ClocksStarted"]


# --- the hotline -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("channel", "expected"), [(Channel.HOTLINE_12345, {"hotline.closing", "hotline.return"}), (Channel.WEB, set())])
def test_the_hotlines_periods_run_for_its_own_orders_only(offices, channel, expected):
    case = sent(offices, channel=channel)

    assert {term for term in clocks(case) if term.startswith("hotline.")} == expected


def test_a_hotline_order_returned_in_time_begins_anew_and_one_returned_late_has_used_up_its_time(offices):
    quick, slow = (sent(offices, number, channel=Channel.HOTLINE_12345) for number in ("H-1", "H-2"))
    services.return_to_desk(quick, by=SYSTEM, at=at("2026-08-03 17:00"), note="错派")
    services.return_to_desk(slow, by=SYSTEM, at=at("2026-08-04"), note="错派")

    assert [clocks(case)["hotline.return"] for case in (quick, slow)] == ["in_time", "late"]
    for case in (quick, slow):
        services.dispatch([case], offices["370881"], by=SYSTEM, at=at("2026-08-05"))
    assert [started_on(case, "hotline.closing") for case in (quick, slow)] == ["2026-08-05", "2026-07-30"]
    services.return_to_desk(slow, by=SYSTEM, at=at("2026-08-06"), note="再次退回")  # in time, but the order's time was used up before
    assert (clocks(slow)["hotline.return"], clocks(slow)["hotline.closing"]) == ("in_time", "2026-08-06")


def test_the_right_to_return_an_order_lapses_without_an_alarm(offices):
    case = sent(offices, channel=Channel.HOTLINE_12345)

    sweep(at("2026-08-20"))

    case.refresh_from_db()
    alarmed = {json.loads(data)["term"] for data in Entry.objects.filter(event="clocks.ClockBreached").values_list("data", flat=True)}
    assert "hotline.return" not in alarmed
    assert {"local.answer", "hotline.closing", "complaint.acceptance"} <= alarmed
    assert case.next_term != "hotline.return"


def test_a_reply_to_the_hotline_stops_its_five_days_and_leaves_the_procedure_alone(offices):
    case = sent(offices, channel=Channel.HOTLINE_12345)

    services.report_back([case], by=SYSTEM, at=at("2026-08-03"), note="已联系来电人，正在核实。")

    assert case.state == "dispatched"
    assert (clocks(case)["hotline.closing"], clocks(case)["hotline.return"], clocks(case)["complaint.acceptance"]) == (
        "in_time",
        "void",
        "2026-08-10",
    )
    assert last_event(case.ref, "cases.CaseReportedBack").law == "hotline_shandong_2020"


def test_only_the_hotline_is_replied_to_as_the_hotline(offices):
    case = sent(offices, channel=Channel.WEB)

    with pytest.raises(IllegalStep, match="did not come from the 12345 hotline"):
        services.report_back([case], by=SYSTEM, at=at("2026-08-03"), note="已办理。")


def test_whoever_asked_is_a_reporter_once_the_case_is_a_report_and_notes_come_under_the_reporters_keys(offices):
    case = sent(offices, kind=Kind.UNDETERMINED)
    services.respond([case], method="telephone", by=SYSTEM, at=at("2026-07-30 15:00"), note="回电 13805371234，已说明。")

    services.set_kind(case, Kind.REPORT, by=SYSTEM, at=at("2026-07-31"))

    note = Note.objects.get(case=case, step="respond")
    assert next((party.role, party.keys) for party in Party.objects.filter(case=case).order_by("position")) == ("reporter", "reporter")
    assert key_ring().key(key_id_of(bytes(note.sealed))).purpose == "reporter"


# --- respond, kind -----------------------------------------------------------------------------------------------------------


def test_the_first_contact_stops_the_twenty_four_hours_and_the_second_changes_nothing(offices):
    case = sent(offices)
    services.respond([case], method="telephone", by=SYSTEM, at=at("2026-07-30 15:00"))
    services.respond([case], method="visit", by=SYSTEM, at=at("2026-08-02"))

    assert (case.responded_at, clocks(case)["local.answer"]) == (at("2026-07-30 15:00"), "in_time")
    told = Entry.objects.of(case.ref).filter(event="cases.CaseResponded").order_by("seq")
    assert ['"first":true' in entry.data for entry in told] == [True, False]


def test_of_two_who_respond_at_once_the_earlier_written_counts(offices):
    case = sent(offices)
    stale = Case.objects.get(pk=case.pk)
    services.respond([case], method="telephone", by=SYSTEM, at=at("2026-07-30 15:00"))

    services.respond([stale], method="telephone", by=SYSTEM, at=at("2026-07-30 16:00"))

    assert Case.objects.get(pk=case.pk).responded_at == at("2026-07-30 15:00")


def test_a_stale_copy_of_a_bounced_case_does_not_move_its_receipt(offices):
    case = taken("A-1")
    stale = Case.objects.get(pk=case.pk)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    services.return_to_desk(case, by=SYSTEM, at=at("2026-07-31"), note="错派")

    services.dispatch([stale], offices["370881"], by=SYSTEM, at=at("2026-08-03"))

    assert Case.objects.get(pk=case.pk).competent_received_at == at("2026-07-30 10:00")
    assert started_on(case, "complaint.acceptance") == "2026-07-30"


def test_a_kind_is_set_once(offices):
    case = sent(offices, kind=Kind.UNDETERMINED)
    stale = Case.objects.get(pk=case.pk)
    services.set_kind(case, Kind.REPORT, by=SYSTEM, at=at("2026-08-03"), note="反映违法线索")

    for copy in (case, stale):
        with pytest.raises(IllegalStep):
            services.set_kind(copy, Kind.CONSULTATION, by=SYSTEM, at=at("2026-08-04"))
    with pytest.raises(BadInput):
        services.set_kind(taken("A-2", kind=Kind.UNDETERMINED), Kind.MIXED, by=SYSTEM, at=at("2026-08-04"))
    event = last_event(case.ref, "cases.KindSet")
    assert (event.was, event.kind) == ("undetermined", "report")


# --- complaint: every way to its end -----------------------------------------------------------------------------------------


def end(case: Case) -> tuple:
    case.refresh_from_db()
    return case.state, case.closed_at is not None, case.next_term


def test_accept_stops_one_period_and_starts_the_next(offices):
    officer = Person.objects.create(login="zhang", name="张三", office=offices["370811"])
    case = sent(offices)

    services.accept([case], by=officer.ref, at=at("2026-08-03"))

    case.refresh_from_db()
    assert (case.state, case.officer, case.decided_at) == ("accepted", officer, at("2026-08-03"))
    assert clocks(case) == {
        "local.dispatch": "in_time",
        "local.answer": "2026-07-31",
        "complaint.acceptance": "in_time",
        "complaint.mediation": "2026-10-02",
    }
    assert (case.next_term, case.next_due_at) == ("local.answer", at("2026-07-31 09:00"))
    event = last_event(case.ref, "cases.CaseAccepted")
    assert (event.law, event.actor) == ("order121:15", officer.ref)


def test_a_late_acceptance_is_an_acceptance_and_stays_late(offices):
    case = accepted(offices, when="2026-08-11")

    period = clock(case, "complaint.acceptance")
    assert (case.state, period.verdict, period.overrun) == ("accepted", "late", 1)


def test_refuse(offices):
    case = sent(offices)

    services.refuse(case, ground="4", by=SYSTEM, at=at("2026-08-10"), note="超过三年")

    assert end(case) == ("refused", True, "")
    assert case.ground == "4"
    assert clocks(case) == {"local.dispatch": "in_time", "local.answer": "late", "complaint.acceptance": "in_time"}
    event = last_event(case.ref, "cases.CaseClosed")
    assert (event.outcome, event.ground, event.law, event.closed_at) == ("refused", "4", "order121:16 crpl:39", at("2026-08-10"))


@pytest.mark.parametrize(
    ("when", "grounds", "wrong"),
    [("2026-04-10", "123456", ["7", "0", ""]), ("2026-04-16", "1234567", ["8", "x", "٣"])],
)
def test_the_grounds_of_refusal_are_those_of_the_law_of_the_day(offices, when, grounds, wrong):
    for ground in grounds:
        case = sent(offices, f"A-{ground}", received_at=at("2026-04-09"), when="2026-04-09 10:00")
        services.refuse(case, ground=ground, by=SYSTEM, at=at(when), note="理由")
    case = sent(offices, "A-x", received_at=at("2026-04-09"), when="2026-04-09 10:00")
    for ground in wrong:
        with pytest.raises(BadInput):
            services.refuse(case, ground=ground, by=SYSTEM, at=at(when), note="理由")


def test_a_refusal_needs_its_reason(offices):
    case = sent(offices)

    with pytest.raises(IllegalStep, match="note"):
        services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-03"), note=" ")
    case.refresh_from_db()
    assert case.state == "dispatched"


def test_withdraw_before_dispatch_and_after(offices):
    early, later = taken("A-1"), sent(offices, "A-2")

    services.withdraw(early, by=SYSTEM, at=at("2026-07-30 10:00"), note="已和解")
    services.withdraw(later, by=SYSTEM, at=at("2026-08-03"), note="已和解")

    assert end(early) == end(later) == ("withdrawn", True, "")
    assert clocks(early) == {"local.dispatch": "void", "local.answer": "in_time"}
    assert clocks(later) == {"local.dispatch": "in_time", "local.answer": "late", "complaint.acceptance": "void"}


def test_mediation_with_recusal_appraisal_and_agreement(offices):
    case = accepted(offices)
    services.start_mediation(case, by=SYSTEM, at=at("2026-08-05"))
    services.suspend_mediation(case, by=SYSTEM, at=at("2026-08-06"), note="申请回避")
    assert (case.state, clocks(case)["complaint.mediation"]) == ("suspended", "2026-10-02")
    services.resume_mediation(case, by=SYSTEM, at=at("2026-08-07"))
    services.start_appraisal(
        case, cause="testing", on=at("2026-08-10").date(), approver=HEAD, by=SYSTEM, at=at("2026-08-10"), note="送检，联系13805371234"
    )
    assert clocks(case)["complaint.mediation"] == "paused"
    services.end_appraisal(case, on=at("2026-08-25").date(), by=SYSTEM, at=at("2026-08-25"))
    assert (clocks(case)["complaint.mediation"], case.next_term) == ("2026-10-17", "local.answer")
    services.settle(case, by=SYSTEM, at=at("2026-10-17"), recovered_fen=19900, note="退款")

    assert end(case) == ("settled", True, "")
    assert (case.recovered_fen, clocks(case)["complaint.mediation"]) == (19900, "in_time")
    assert "13805371234" not in Adjustment.objects.get().reason
    assert [entry.data.split('"step":"')[1].split('"')[0] for entry in Entry.objects.of(case.ref).filter(event="cases.CaseStep")] == [
        *("start_mediation", "suspend", "resume", "appraise", "end_appraisal")
    ]


def test_an_appraisal_needs_an_approver_and_ends_once(offices):
    case = accepted(offices)
    day = at("2026-08-10").date()

    with pytest.raises(IllegalStep, match="approver"):
        services.start_appraisal(case, cause="testing", on=day, approver=Ref(""), by=SYSTEM, at=at("2026-08-10"), note="送检")
    with pytest.raises(DomainError):
        services.end_appraisal(case, on=day, by=SYSTEM, at=at("2026-08-10"))
    services.settle(case, by=SYSTEM, at=at("2026-08-11"))
    with pytest.raises(IllegalStep, match="does not run"):
        services.end_appraisal(case, on=day, by=SYSTEM, at=at("2026-08-12"))


def test_terminate_leaves_the_notice_to_both_parties(offices):
    case = accepted(offices)
    services.terminate(case, ground="3", by=SYSTEM, at=at("2026-09-24"))

    assert end(case) == ("terminated", True, "complaint.termination_notice")
    assert clocks(case)["complaint.mediation"] == "in_time"
    assert clocks(case)["complaint.termination_notice"] == "2026-10-12"
    services.notify_termination(case, by=SYSTEM, at=at("2026-10-13"))
    assert (clocks(case)["complaint.termination_notice"], end(case)) == ("late", ("terminated", True, ""))
    assert [last_event(case.ref, name).law for name in ("cases.CaseClosed", "cases.PartyTold")] == ["order121:23", "order121:23.2"]


def test_steps_before_the_fifteenth_of_april_cite_the_old_order(offices):
    case = sent(offices, received_at=at("2026-04-09"), when="2026-04-09 10:00")
    services.accept([case], by=SYSTEM, at=at("2026-04-14 23:59"))
    services.start_mediation(case, by=SYSTEM, at=at("2026-04-15 00:00"))

    assert last_event(case.ref, "cases.CaseDispatched").law == "order20:37"
    assert last_event(case.ref, "cases.CaseAccepted").law == "order20:14"
    assert last_event(case.ref, "cases.CaseStep").law == "order121:18"


# --- report: every way to its end --------------------------------------------------------------------------------------------


def test_file_and_conclude(offices):
    case = sent(offices, kind=Kind.REPORT)
    services.extend_verification(case, amount=15, approver=HEAD, by=SYSTEM, at=at("2026-08-19"), note="案情复杂")
    assert clocks(case)["report.verification"] == "2026-09-10"
    services.file_report(case, by=SYSTEM, at=at("2026-09-10"))
    assert (case.state, clocks(case)["report.verification"]) == ("filed", "in_time")
    services.conclude_report(case, by=SYSTEM, at=at("2026-11-02"))

    assert end(case) == ("concluded", True, "")
    assert clocks(case) == {"local.dispatch": "in_time", "local.answer": "late", "report.verification": "in_time"}


def test_the_verification_is_extended_once_and_no_further_than_the_rule_says(offices):
    case = sent(offices, kind=Kind.REPORT)
    with pytest.raises(IllegalStep):
        services.extend_verification(case, amount=16, approver=HEAD, by=SYSTEM, at=at("2026-08-19"), note="案情复杂")
    services.extend_verification(case, amount=5, approver=HEAD, by=SYSTEM, at=at("2026-08-19"), note="案情复杂")
    with pytest.raises(IllegalStep):
        services.extend_verification(case, amount=5, approver=HEAD, by=SYSTEM, at=at("2026-08-20"), note="案情复杂")

    assert clocks(case)["report.verification"] == "2026-08-27"


def test_decline(offices):
    case = sent(offices, kind=Kind.REPORT)
    services.decline_report(case, by=SYSTEM, at=at("2026-08-21"), note="证据不足")

    assert end(case) == ("not_filed", True, "")
    assert clocks(case)["report.verification"] == "late"


def test_redirect_a_report(offices):
    case = sent(offices, kind=Kind.REPORT, field_of_law="advertising")
    services.redirect(case, by=SYSTEM, at=at("2026-08-03"), note="不具备处理权限")

    assert end(case) == ("redirected", True, "")
    assert clocks(case)["report.verification"] == "in_time"
    assert clocks(case)["report.advertising"] == "void"


def test_an_advertising_report_is_owed_a_notice_that_closing_does_not_end(offices):
    """广告法 Art 53: handle and tell within seven working days of receipt."""
    case = sent(offices, kind=Kind.REPORT, field_of_law="advertising")
    assert clocks(case)["report.advertising"] == "2026-08-10"
    services.decline_report(case, by=SYSTEM, at=at("2026-08-05"), note="不构成违法")
    assert end(case) == ("not_filed", True, "report.advertising")
    services.notify_reporter(case, by=SYSTEM, at=at("2026-08-11"))

    assert (clocks(case)["report.advertising"], end(case)) == ("late", ("not_filed", True, ""))


def test_the_notice_is_still_owed_when_the_investigation_is_over(offices):
    case = sent(offices, kind=Kind.REPORT, field_of_law="advertising")
    services.file_report(case, by=SYSTEM, at=at("2026-08-03"))
    services.conclude_report(case, by=SYSTEM, at=at("2026-08-05"))

    assert end(case) == ("concluded", True, "report.advertising")
    assert clocks(case)["report.advertising"] == "2026-08-10"


def test_a_real_name_reporter_was_owed_the_decision_within_five_working_days_under_the_old_order(offices):
    """Order 20 Art 31(2): counted from the decision; dropped by Order 121, as are decisions after it."""
    old, new, nameless = (
        sent(offices, number, kind=Kind.REPORT, received_at=at("2026-04-01"), when="2026-04-01 10:00", anonymous=anonymous)
        for number, anonymous in (("R-1", False), ("R-2", False), ("R-3", True))
    )
    assert "report.decision_notice" not in clocks(old)
    services.file_report(old, by=SYSTEM, at=at("2026-04-14"))
    services.file_report(new, by=SYSTEM, at=at("2026-04-15"))
    services.decline_report(nameless, by=SYSTEM, at=at("2026-04-14"), note="无事实")

    assert clocks(old)["report.decision_notice"] == "2026-04-21"
    assert not {"report.decision_notice"} & (set(clocks(new)) | set(clocks(nameless)))
    services.notify_reporter(old, by=SYSTEM, at=at("2026-04-21"))
    assert clocks(old)["report.decision_notice"] == "in_time"


# --- consultation, undetermined ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dispatched", [True, False])
def test_answer_and_redirect_a_consultation(offices, dispatched):
    for number, step, state in (("Q-1", services.answer, "answered"), ("Q-2", services.redirect, "redirected")):
        case = sent(offices, number, kind=Kind.CONSULTATION) if dispatched else taken(number, kind=Kind.CONSULTATION)
        subject = [case] if step is services.answer else case
        step(subject, by=SYSTEM, at=at("2026-07-30 10:30"), note="可到窗口办理")

        assert end(case) == (state, True, "")
        assert clocks(case) == {"local.dispatch": "in_time" if dispatched else "void", "local.answer": "in_time"}


def test_answer_an_undetermined_hotline_message(offices):
    case = sent(offices, kind=Kind.UNDETERMINED, channel=Channel.HOTLINE_12345)
    services.answer([case], by=SYSTEM, at=at("2026-08-07"), note="已答复")

    assert end(case) == ("answered", True, "")
    assert clocks(case) == {
        "local.dispatch": "in_time",
        "local.answer": "late",
        "local.cautious_acceptance": "void",
        "hotline.closing": "late",
        "hotline.return": "void",
    }


# --- no breach is undone -----------------------------------------------------------------------------------------------------


def test_a_breach_stays_one_when_the_case_ends_another_way(offices):
    withdrawn, answered = sent(offices, "A-1"), taken("A-2", kind=Kind.CONSULTATION)

    services.withdraw(withdrawn, by=SYSTEM, at=at("2026-08-11"), note="劝说撤回")
    services.answer([answered], by=SYSTEM, at=at("2026-07-31"), note="已答复")

    assert clocks(withdrawn)["complaint.acceptance"] == "late"
    assert clocks(answered)["local.dispatch"] == "late"


def test_deciding_on_the_kind_late_does_not_make_the_decision_on_acceptance_timely(offices):
    case = sent(offices, kind=Kind.UNDETERMINED)
    services.set_kind(case, Kind.COMPLAINT, by=SYSTEM, at=at("2026-08-20"))
    services.accept([case], by=SYSTEM, at=at("2026-08-20"))

    assert clock(case, "complaint.acceptance").overrun == 10


# --- notes, two at once ------------------------------------------------------------------------------------------------------


def test_a_note_is_shown_scrubbed_and_the_journal_has_its_hash_only(offices):
    case = sent(offices)
    services.accept([case], by=SYSTEM, at=at("2026-08-03"), note=f"已联系投诉人 {LIN.phone}")

    note = Note.objects.get(case=case)
    assert LIN.phone not in note.text
    assert note.sealed
    assert len(last_event(case.ref, "cases.CaseAccepted").note) == 64


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_who_decide_at_once_one_gets_stale_state(tmp_path):
    offices = city()
    case = sent(offices)
    barrier = threading.Barrier(2)
    done, refused = [], []

    def decide(step) -> None:
        mine = Case.objects.get(pk=case.pk)
        barrier.wait(10)
        try:
            step(mine)
            done.append(mine.state)
        except StaleState as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide, args=(step,))
        for step in (
            lambda mine: services.accept([mine], by=SYSTEM, at=at("2026-08-03")),
            lambda mine: services.refuse(mine, ground="1", by=SYSTEM, at=at("2026-08-03"), note="无管辖权"),
        )
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert (len(done), refused) == (1, ["kernel.stale_state"])
    assert Case.objects.get(pk=case.pk).state == done[0]
    assert history(case.ref).count("CaseAccepted") + history(case.ref).count("CaseClosed") == 1
    assert journal.verify(tmp_path).sound
