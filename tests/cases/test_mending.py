"""What was decided wrongly is put right: taken back before its notice is served, reopened after it; nobody gains or loses a day."""

import pytest
from casework import at, city, clock, clocks, history, last_event, taken

from fangxin.cases import services
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case, Correction, Note
from fangxin.cases.services import mending
from fangxin.clocks.models import Clock
from fangxin.clocks.sweeping import sweep
from fangxin.documents import services as documents
from fangxin.documents.models import Document
from fangxin.documents.specs import spec
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM, Ref

pytestmark = pytest.mark.django_db
WANG, ZHAO = SYSTEM, Ref("person:8")


def sent(offices, number="A-1", **changes) -> Case:
    case = taken(number, **changes)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    return case


def accepted(offices, number="A-1", **changes) -> Case:
    case = sent(offices, number, **changes)
    services.accept([case], by=SYSTEM, at=at("2026-08-03"))
    return case


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def back(case: Case, when: str, note: str = "误操作") -> None:
    services.take_back(case, by=SYSTEM, at=at(when), note=note)


# --- taken back before the notice is served ----------------------------------------------------------------------------------


def test_a_refusal_taken_back_leaves_the_case_as_it_was_with_its_period_running(offices):
    case = sent(offices, channel=Channel.HOTLINE_12345)
    before = clocks(case)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="误认为不属职责")
    assert clocks(case)["complaint.acceptance"] == "in_time"

    back(case, "2026-08-05", "属于本局职责")

    assert clocks(case) == before
    assert clocks(case)["complaint.acceptance"] == "2026-08-10"
    found = fresh(case)
    assert (found.state, found.closed_at, found.ground, found.decided_at, found.responded_at) == ("dispatched", None, "", None, None)
    assert (found.next_due_at, found.next_term) == (clock(case, "local.answer").due_at, "local.answer")


def test_a_period_that_runs_out_meanwhile_is_late_as_if_nothing_had_been_decided(offices):
    case = sent(offices)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="误")
    back(case, "2026-08-12")
    services.accept([case], by=SYSTEM, at=at("2026-08-12"))

    acceptance = clock(case, "complaint.acceptance")
    assert (acceptance.verdict, acceptance.overrun) == ("late", 2)
    assert Clock.objects.filter(subject=case.ref, term="complaint.acceptance").count() == 1


def test_an_acceptance_taken_back_ends_the_mediation_period_that_it_began(offices):
    case = accepted(offices)
    back(case, "2026-08-04", "受理错案")

    assert fresh(case).state == "dispatched"
    assert clocks(case)["complaint.acceptance"] == "2026-08-10"
    assert clocks(case)["complaint.mediation"] == "void"
    services.accept([case], by=SYSTEM, at=at("2026-08-06"))
    assert clocks(case)["complaint.mediation"] == "2026-10-05"
    assert [one.verdict for one in Clock.objects.filter(subject=case.ref, term="complaint.mediation").order_by("pk")] == ["void", ""]


@pytest.mark.parametrize(("before", "state"), [((), "accepted"), (("start",), "mediating"), (("start", "suspend"), "suspended")])
def test_a_termination_taken_back_leads_to_where_mediation_stood(offices, before, state):
    case = accepted(offices)
    if "start" in before:
        services.start_mediation(case, by=SYSTEM, at=at("2026-08-05"))
    if "suspend" in before:
        services.suspend_mediation(case, by=SYSTEM, at=at("2026-08-06"), note="申请回避")
    services.terminate(case, ground="3", by=SYSTEM, at=at("2026-09-01"))

    back(case, "2026-09-02")

    assert fresh(case).state == state
    assert clocks(case)["complaint.mediation"] == "2026-10-02"
    assert clocks(case)["complaint.termination_notice"] == "void"


def test_a_settlement_taken_back_takes_its_amount_along(offices):
    case = accepted(offices)
    services.settle(case, by=SYSTEM, at=at("2026-09-01"), recovered_fen=19900)
    back(case, "2026-09-01 10:00", "录入错误")

    found = fresh(case)
    assert (found.state, found.recovered_fen, found.closed_at) == ("accepted", 0, None)
    assert clocks(case)["complaint.mediation"] == "2026-10-02"


def test_a_withdrawal_taken_back_leads_to_the_desk_or_to_the_unit(offices):
    early, later = taken("A-1"), sent(offices, "A-2")
    for case in (early, later):
        services.withdraw(case, by=SYSTEM, at=at("2026-07-30 10:30"), note="误录")
        back(case, "2026-07-30 10:40")

    assert (fresh(early).state, fresh(later).state) == ("received", "dispatched")
    assert clocks(early) == {"local.dispatch": "2026-07-30", "local.answer": "2026-07-31"}
    assert clocks(later)["complaint.acceptance"] == "2026-08-10"


def test_a_report_declined_by_mistake_is_taken_back(offices):
    case = sent(offices, kind=Kind.REPORT)
    services.decline_report(case, by=SYSTEM, at=at("2026-08-05"), note="误")
    back(case, "2026-08-05 10:00")

    assert (fresh(case).state, clocks(case)["report.verification"]) == ("dispatched", "2026-08-20")


def test_what_was_done_under_the_decision_stays_in_the_history_and_the_reason_is_kept(offices, tmp_path):
    case = sent(offices)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="误认为不属职责")
    back(case, "2026-08-05", "属于本局职责")

    event = last_event(case.ref, "cases.CaseTakenBack")
    assert (event.undone, event.state, event.law, len(event.note)) == ("refuse", "dispatched", "order121:5", 64)
    assert history(case.ref)[-5:] == ["ClockStopped", "ClockStopped", "CaseTakenBack", "ClockReinstated", "ClockReinstated"]
    texts = list(Note.objects.filter(case=case).order_by("pk").values_list("step", "text"))
    assert [step for step, _text in texts] == ["refuse", "take_back"]
    assert texts[1][1] == "属于本局职责"
    found = Correction.objects.get(case=case)
    assert (found.kind, found.undone, found.was, found.again, found.decided_at) == (
        *("taken_back", "refuse", "refused", "dispatched", at("2026-08-04")),
    )
    assert journal.verify(tmp_path).sound


def test_taking_back_needs_a_reason_and_a_decision(offices):
    case = sent(offices)
    with pytest.raises(IllegalStep, match="No decision"):
        back(case, "2026-08-04")
    services.accept([case], by=SYSTEM, at=at("2026-08-04"))
    with pytest.raises(IllegalStep, match="note"):
        back(case, "2026-08-04 10:00", " ")
    services.start_mediation(case, by=SYSTEM, at=at("2026-08-05"))
    with pytest.raises(IllegalStep, match="No decision"):
        back(case, "2026-08-05 10:00")

    assert fresh(case).state == "mediating"
    assert not Correction.objects.exists()


def test_the_same_decision_is_taken_back_once(offices):
    case = sent(offices)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="误")
    stale = fresh(case)
    back(case, "2026-08-05")

    with pytest.raises((IllegalStep, StaleState)):
        back(stale, "2026-08-05 10:00")


def test_two_mistakes_are_put_right_one_after_the_other(offices):
    """Accepted, terminated, both wrongly: each is undone by its own reason, and the first clock runs on from its own start."""
    case = accepted(offices)
    services.terminate(case, ground="3", by=SYSTEM, at=at("2026-08-05"))
    back(case, "2026-08-06")
    back(case, "2026-08-06 10:00")

    assert fresh(case).state == "dispatched"
    assert (clocks(case)["complaint.acceptance"], clocks(case)["complaint.mediation"]) == ("2026-08-10", "void")
    assert mending.last_decision(case).step == "dispatch"


# --- served: no way back -----------------------------------------------------------------------------------------------------


def issued(case: Case, form: str, when: str) -> Document:
    values = {
        "addressee": "林晓梅",
        "received_on": "2026-07-30",
        "matter": "电热水壶漏水",
        "ground": "1",
        "contact": "王芳",
        "contact_phone": "05372345601",
    }
    fields = {field.name for field in spec(form).fields}
    mine = {name: value for name, value in values.items() if name in fields}
    return documents.issue(form, case.ref, mine, office=case.competent, by=SYSTEM, at=at(when))


def serve(case: Case, form: str, when: str) -> None:
    """The decision's document is written and handed over."""
    documents.deliver(issued(case, form, when), to="complainant", method="in_person", reference="送达回证3号", by=SYSTEM, at=at(when))


@pytest.mark.parametrize(
    ("form", "step"),
    [
        ("refusal_decision", lambda case: services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="理由")),
        ("acceptance_decision", lambda case: services.accept([case], by=SYSTEM, at=at("2026-08-04"))),
    ],
)
def test_a_decision_whose_notice_was_served_stands(offices, form, step):
    case = sent(offices)
    step(case)
    serve(case, form, "2026-08-05")

    with pytest.raises(IllegalStep, match="served on 2026-08-05"):
        back(case, "2026-08-06")
    assert mending.may_be_taken_back(case) is None


def test_a_notice_on_its_way_can_not_be_called_back(offices):
    case = sent(offices)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="理由")
    paper = issued(case, "refusal_decision", "2026-08-04 10:00")
    documents.deliver(paper, to="complainant", method="sms", address="13805371234", by=SYSTEM, at=at("2026-08-04 10:00"))

    with pytest.raises(IllegalStep, match="on its way"):
        back(case, "2026-08-04 10:01")


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_lies_written_becomes_void_with_it_and_keeps_its_number():
    case = sent(city())
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="误")
    paper = issued(case, "refusal_decision", "2026-08-04 10:00")

    back(case, "2026-08-04 11:00")

    paper.refresh_from_db()
    assert (paper.voided_at, paper.sequence) == (at("2026-08-04 11:00"), 1)


def test_what_was_served_of_an_earlier_decision_does_not_hold_a_later_one(offices):
    case = sent(offices)
    services.refuse(case, ground="1", by=SYSTEM, at=at("2026-08-04"), note="理由")
    serve(case, "refusal_decision", "2026-08-05")
    services.reopen(case, by=ZHAO, at=at("2026-08-06"), note="复核后应予受理")
    services.refuse(case, ground="2", by=SYSTEM, at=at("2026-08-07"), note="误")

    back(case, "2026-08-07 10:00")

    assert fresh(case).state == "dispatched"


def test_once_one_side_was_told_of_the_termination_it_stands(offices):
    case = accepted(offices)
    services.terminate(case, ground="3", by=SYSTEM, at=at("2026-09-01"))
    services.notify_termination(case, sides=["respondent"], method="telephone", by=SYSTEM, at=at("2026-09-02"))

    with pytest.raises(IllegalStep, match="served on 2026-09-02"):
        back(case, "2026-09-03")


def test_mediation_that_should_not_have_begun_ends_with_ground_six_and_names_the_ground_of_refusal(offices):
    """Order 121 Art 23(6): what was served can't be taken back, so mediation is terminated."""
    case = accepted(offices)
    for found in ("", "8", "6a"):
        with pytest.raises(BadInput):
            services.terminate(case, ground="6", found=found, by=SYSTEM, at=at("2026-08-10"))
    with pytest.raises(BadInput):
        services.terminate(case, ground="3", found="3", by=SYSTEM, at=at("2026-08-10"))

    services.terminate(case, ground="6", found="3", by=SYSTEM, at=at("2026-08-10"), note="系职业索赔，非生活消费")

    event = last_event(case.ref, "cases.CaseClosed")
    assert (event.ground, event.found, event.outcome) == ("6", "3", "terminated")
    text = Note.objects.get(case=case, step="terminate").text
    assert text.startswith("《市场监督管理投诉举报处理办法》第十六条第（三）项：不是为生活消费需要")
    assert "系职业索赔" in text
    assert clocks(case)["complaint.termination_notice"] == "2026-08-19"


def test_fraud_is_a_reason_since_order_121_only(offices):
    case, old = accepted(offices), sent(offices, "A-2", received_at=at("2026-04-01"))
    services.terminate(case, ground="6", found="42", by=SYSTEM, at=at("2026-08-10"))
    assert "第四十二条" in Note.objects.get(case=case, step="terminate").text

    old = taken("A-3", received_at=at("2026-03-30"))
    services.dispatch([old], offices["370811"], by=SYSTEM, at=at("2026-03-30 10:00"))
    services.accept([old], by=SYSTEM, at=at("2026-04-01"))
    with pytest.raises(BadInput):
        services.terminate(old, ground="6", found="42", by=SYSTEM, at=at("2026-04-10"))


# --- reopening ---------------------------------------------------------------------------------------------------------------


def test_a_refused_complaint_is_reopened_and_its_period_runs_on_from_its_start(offices):
    case = sent(offices)
    services.refuse(case, ground="1", by=WANG, at=at("2026-08-04"), note="理由")
    serve(case, "refusal_decision", "2026-08-05")

    services.reopen(case, by=ZHAO, at=at("2026-09-01"), note="复议撤销")

    found = fresh(case)
    assert (found.state, found.closed_at, found.decided_at, found.ground) == ("dispatched", None, None, "")
    acceptance = clock(case, "complaint.acceptance")
    assert (str(acceptance.strict_on), acceptance.verdict, acceptance.stopped_at) == ("2026-08-10", "", None)
    assert sweep(at("2026-09-01")).breached == 1
    services.accept([case], by=WANG, at=at("2026-09-02"))
    assert clock(case, "complaint.acceptance").verdict == "late"
    event = last_event(case.ref, "cases.CaseReopened")
    assert (event.undone, event.state, event.times) == ("refuse", "dispatched", 1)


def test_the_person_was_answered_so_the_first_answer_stays_given(offices):
    case = taken("Q-1", kind=Kind.CONSULTATION)
    services.answer([case], by=WANG, at=at("2026-07-30 10:00"), note="可到窗口办理")

    services.reopen(case, by=ZHAO, at=at("2026-08-10"), note="答复有误")

    assert clocks(case) == {"local.dispatch": "2026-07-30", "local.answer": "in_time"}
    assert (fresh(case).state, fresh(case).responded_at) == ("received", at("2026-07-30 10:00"))


def test_a_case_reopened_twice_says_so(offices):
    case = accepted(offices)
    for month in ("08-10", "08-20"):
        services.terminate(case, ground="3", by=WANG, at=at(f"2026-{month}"))
        services.notify_termination(case, by=WANG, at=at(f"2026-{month} 15:00"))
        services.reopen(case, by=ZHAO, at=at(f"2026-{month} 16:00"), note="双方愿意再次调解")

    assert mending.reopened_times(case) == 2
    assert last_event(case.ref, "cases.CaseReopened").times == 2
    assert (fresh(case).state, clocks(case)["complaint.mediation"]) == ("accepted", "2026-10-02")
    services.terminate(case, ground="3", by=WANG, at=at("2026-08-25"))
    assert [one.side for one in services.complaints.sides_told(case)] == []  # a new termination, a new notice


def test_an_overdue_notice_ends_late_when_the_case_is_reopened(offices):
    """No unit improves its score: what was owed and overdue stays a breach."""
    case = accepted(offices)
    services.terminate(case, ground="3", by=WANG, at=at("2026-08-10"))
    services.reopen(case, by=ZHAO, at=at("2026-09-01"), note="应继续调解")

    assert clocks(case)["complaint.termination_notice"] == "late"


def test_a_settlement_is_not_reopened(offices):
    case = accepted(offices)
    services.settle(case, by=WANG, at=at("2026-08-10"), recovered_fen=100)

    with pytest.raises(IllegalStep, match="sue or file a new complaint"):
        services.reopen(case, by=ZHAO, at=at("2026-09-01"), note="未履行")


def test_an_open_case_is_not_reopened(offices):
    with pytest.raises(IllegalStep):
        services.reopen(sent(offices), by=ZHAO, at=at("2026-09-01"), note="x")
