"""Reports from verification to their end: applications, transfer, the notice matrix, the reward; and the pages for them."""

import re
from datetime import date

import pytest
from casework import LIN, NOW, SYSTEM, at, clocks, history, last_event, taken
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reportwork import key, people, report

from fangxin.cases import rewards, services
from fangxin.cases.filings import Kind, Person
from fangxin.cases.models import Approval, ApprovalKind, Case, Note, ReporterNotice, Reward, Transfer
from fangxin.cases.notices import CaseSubjects
from fangxin.cases.papers.handling import record_that_the_reporter_was_told
from fangxin.cases.services import approving, telling
from fangxin.clocks.models import Adjustment
from fangxin.documents.events import DocumentDelivered
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, NotPermitted, StaleState, UnknownRule
from fangxin.kernel.journal.models import Entry
from fangxin.notices.services import Message, enqueue
from staffwork import person, signed_in

FILES = {"DOCX", "PDF", "WAV", "AMR", "OGG", "JPEG", "PNG", "WebP", "GIF"}
BY = {"by": SYSTEM, "at": NOW}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


# --- applications ------------------------------------------------------------------------------------------------------------


def test_an_extension_moves_the_period_only_when_the_head_approves(offices):
    case = report(offices)
    officer, head, _ = people()
    assert clocks(case)["report.verification"] == "2026-11-23"

    approval = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="案情复杂，需异地取证", by=officer.ref, at=NOW)
    assert clocks(case)["report.verification"] == "2026-11-23"
    approving.decide(approval, approved=True, by=head, at=NOW)

    assert clocks(case)["report.verification"] == "2026-12-14"
    adjustment = Adjustment.objects.get(kind="extension")
    assert (adjustment.approver, adjustment.amount, adjustment.reason) == (str(head.ref), 15, "案情复杂，需异地取证")
    assert history(case.ref)[-4:] == ["ApprovalAsked", "ApprovalDecided", "CaseStep", "ClockAdjusted"]
    with pytest.raises(IllegalStep, match="extended as often"):
        approving.decide(
            approving.ask(case, ApprovalKind.EXTENSION, amount=1, reason="再延", by=officer.ref, at=NOW), approved=True, by=head, at=NOW
        )


def test_what_is_declined_moves_nothing_and_says_why(offices):
    case = report(offices)
    officer, head, _ = people()
    approval = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="案情复杂", by=officer.ref, at=NOW)

    with pytest.raises(BadInput, match="say why"):
        approving.decide(approval, approved=False, by=head, at=NOW, note=" ")
    approving.decide(approval, approved=False, by=head, at=NOW, note="请按期核查，联系13805371234")

    assert clocks(case)["report.verification"] == "2026-11-23"
    assert Note.objects.get(step="decide_approval").text == "请按期核查，联系138****1234"
    with pytest.raises(StaleState):
        approving.decide(approval, approved=True, by=head, at=NOW)


def test_nobody_approves_their_own_application_nor_that_of_another_bureau(offices):
    case = report(offices)
    officer, head, stranger = people()
    own = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=head.ref, at=NOW)

    for someone in (head, officer, stranger):
        with pytest.raises(NotPermitted):
            approving.decide(own, approved=True, by=someone, at=NOW)
    approving.decide(own, approved=True, by=person("city-head", "supervisor", "370800", at=NOW), at=NOW)

    assert clocks(case)["report.verification"] == "2026-12-14"


def test_one_application_of_a_kind_waits_at_a_time_and_lapses_with_the_decision(offices):
    case = report(offices)
    officer, head, _ = people()
    approval = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=officer.ref, at=NOW)
    with pytest.raises(IllegalStep, match="applied for already"):
        approving.ask(case, ApprovalKind.EXTENSION, amount=5, reason="复杂", by=officer.ref, at=NOW)

    services.file_report(case, by=officer.ref, at=NOW)

    assert Approval.objects.get().outcome == "lapsed"
    with pytest.raises(StaleState):
        approving.decide(approval, approved=True, by=head, at=NOW)


def test_a_period_that_is_over_is_not_extended_any_more(offices):
    case = report(offices, received="2026-10-09")
    officer, head, _ = people()
    approval = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=officer.ref, at=at("2026-10-28"))

    with pytest.raises(IllegalStep, match="period is over"):
        approving.decide(approval, approved=True, by=head, at=at("2026-11-02"))

    assert (Approval.objects.get().outcome, clocks(case)["report.verification"]) == ("", "2026-10-29")


@pytest.mark.parametrize("cause", ["testing", "identification"])
def test_time_for_tests_and_right_holders_is_left_out_once_approved(offices, cause):
    case = report(offices)
    officer, head, _ = people()
    approval = approving.ask(
        case, ApprovalKind.PAUSE, cause=cause, starts_on=date(2026, 11, 16), reason="送省质检院", by=officer.ref, at=at("2026-11-13")
    )
    assert clocks(case)["report.verification"] == "2026-11-23"
    approving.decide(approval, approved=True, by=head, at=at("2026-11-16"))
    assert clocks(case)["report.verification"] == "paused"

    services.resume_verification(case, on=date(2026, 11, 20), by=officer.ref, at=NOW)

    assert clocks(case)["report.verification"] == "2026-11-27"


def test_two_heads_at_once_one_wins(offices):
    case = report(offices)
    officer, head, _ = people()
    approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=officer.ref, at=NOW)
    first, second = Approval.objects.get(), Approval.objects.get()

    approving.decide(first, approved=True, by=head, at=NOW)
    with pytest.raises(StaleState):
        approving.decide(second, approved=True, by=person("deputy", "supervisor", "370811", at=NOW), at=NOW)

    assert Adjustment.objects.filter(kind="extension").count() == 1


# --- verification, decision, end ---------------------------------------------------------------------------------------------


def test_steps_of_verification_are_kept_with_their_day_and_not_ahead_of_it(offices):
    case = report(offices)
    services.verify(case, method="on_site", on=date(2026, 11, 12), by=SYSTEM, at=NOW, note="现场检查，未见明码标价")

    event = last_event(case.ref, "cases.ReportVerified")
    assert (event.method, event.on, event.law) == ("on_site", "2026-11-12", "penalty_procedure:18")
    assert Note.objects.get(step="verify").text == "现场检查，未见明码标价"
    with pytest.raises(BadInput, match="ahead"):
        services.verify(case, method="inquiry", on=date(2026, 11, 21), by=SYSTEM, at=NOW, note="询问")


def test_a_report_is_not_filed_on_a_ground_and_concluded_with_a_result(offices):
    declined, filed = report(offices, "1"), report(offices, "2")

    services.decline_report(declined, ground="2", note="初次违法且危害后果轻微并及时改正", **BY)
    services.file_report(filed, **BY)
    services.conclude_report(filed, result="penalty", **BY)

    assert (declined.ground, last_event(declined.ref, "cases.CaseClosed").ground) == ("2", "2")
    assert (filed.ground, filed.state) == ("penalty", "concluded")
    with pytest.raises(BadInput):
        services.decline_report(report(offices, "3"), ground="7", note="x", **BY)


def test_a_transfer_names_the_body_and_leaves_the_reporter_to_be_told_in_writing(offices):
    case = report(offices, field_of_law="food")
    with pytest.raises(IllegalStep, match="must be transferred"):
        services.redirect(case, note="请向农业农村部门反映", method="telephone", **BY)

    services.transfer_report(
        case, body="任城区农业农村局", reference="任市监移〔2026〕3号", on=date(2026, 11, 20), note="农产品种植环节", **BY
    )

    assert case.state == "transferred"
    assert Transfer.objects.get().body == "任城区农业农村局"
    assert clocks(case)["report.verification"] == "in_time"
    assert set(ReporterNotice.objects.owed().values_list("duty", flat=True)) == {"food.transfer", "general.outside_remit_order121"}
    with pytest.raises(BadInput, match="in writing"):
        services.notify_reporter(case, duties=["food.transfer"], method="telephone", note="已告知", **BY)
    services.notify_reporter(case, duties=["food.transfer", "general.outside_remit_order121"], method="letter", note="已函告", **BY)
    assert not ReporterNotice.objects.owed().exists()


def test_telling_the_right_route_fulfils_the_duty_if_somebody_was_told(offices):
    told, untold, nameless = report(offices, "1"), report(offices, "2"), report(offices, "3", anonymous=True, persons=())

    services.redirect(told, note="请向曲阜市局提出", method="telephone", **BY)
    services.redirect(untold, note="请向曲阜市局提出", **BY)
    services.redirect(nameless, note="无法告知", **BY)

    assert {one.case_id: one.outcome for one in ReporterNotice.objects.all()} == {told.pk: "told", untold.pk: ""}


# --- the notice matrix -------------------------------------------------------------------------------------------------------


def test_setting_the_field_starts_its_period_from_receipt_and_correcting_it_ends_it(offices):
    case = report(offices, received="2026-11-16")
    assert "report.advertising" not in clocks(case)

    services.set_field(case, "advertising", **BY)
    assert clocks(case)["report.advertising"] == "2026-11-25"
    with pytest.raises(BadInput, match="say why"):
        services.set_field(case, "food", **BY)
    services.set_field(case, "food", note="实为食品标签问题", **BY)

    assert clocks(case)["report.advertising"] == "void"
    assert case.field_of_law == Case.objects.get().field_of_law == "food"
    with pytest.raises(UnknownRule):
        services.set_field(case, "tobacco", note="x", **BY)
    with pytest.raises(IllegalStep):
        services.set_field(case, "food", note="x", **BY)


def test_a_field_set_before_dispatch_brings_its_period_with_the_arrival(offices):
    case = taken(kind=Kind.REPORT, received_at=at("2026-11-16"))
    services.set_field(case, "advertising", by=SYSTEM, at=at("2026-11-16"))
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-11-17"))

    assert clocks(case)["report.advertising"] == "2026-11-26"


@pytest.mark.parametrize(
    ("form", "to", "method", "told"),
    [
        ("report_result_notice", "reporter", "in_person", {"food.transfer", "general.outside_remit_order121"}),
        ("report_result_notice", "reporter", "telephone", {"general.outside_remit_order121"}),
        ("report_result_notice", "office", "in_person", set()),
        ("report_registration", "reporter", "in_person", set()),
    ],
)
def test_the_delivered_notice_of_the_result_fulfils_what_it_tells_once(offices, form, to, method, told):
    case = report(offices, field_of_law="food")
    services.transfer_report(case, body="任城区农业农村局", reference="任市监移〔2026〕3号", on=date(2026, 11, 20), note="种植环节", **BY)
    delivered = DocumentDelivered(
        subject=case.ref, actor=BY["by"], at=BY["at"], document="document:1", form=form, number="1", to=to, method=method, delivery=1
    )

    record_that_the_reporter_was_told(delivered)
    record_that_the_reporter_was_told(delivered)

    assert {one.duty for one in ReporterNotice.objects.filter(outcome="told")} == told
    assert history(case.ref).count("ReporterNotified") == bool(told)


def test_only_the_duty_that_is_told_is_fulfilled(offices):
    case = report(offices, field_of_law="advertising", received="2026-11-16")
    with pytest.raises(IllegalStep, match="no result"):
        telling.notify_reporter(case, duties=["advertising.handle_and_tell"], method="telephone", note="x", **BY)
    services.decline_report(case, note="不构成违法", **BY)
    assert [one.owed for one in telling.standing(case)] == [True]

    services.notify_reporter(case, duties=["advertising.handle_and_tell"], method="telephone", note="已电话告知结果", **BY)

    assert clocks(case)["report.advertising"] == "in_time"
    assert [(one.owed, one.outcome) for one in telling.standing(case)] == [(False, "told")]
    event = last_event(case.ref, "cases.ReporterNotified")
    assert (event.duties, event.method, event.outcome) == (("advertising.handle_and_tell",), "telephone", "told")
    with pytest.raises(BadInput, match="fulfilled already"):
        services.notify_reporter(case, duties=["advertising.handle_and_tell"], method="telephone", note="x", **BY)


def test_a_duty_that_rests_on_evidence_can_be_found_not_owed_and_another_can_not(offices):
    competition, advertising = report(offices, "1", field_of_law="unfair_competition"), report(offices, "2", field_of_law="advertising")
    for case in (competition, advertising):
        services.decline_report(case, note="不构成违法", **BY)

    services.notify_reporter(competition, duties=["unfair_competition.tell_result"], not_owed=True, note="未提供相关事实和证据", **BY)
    with pytest.raises(BadInput, match="does not depend"):
        services.notify_reporter(advertising, duties=["advertising.handle_and_tell"], not_owed=True, note="不想告知", **BY)

    assert [one.outcome for one in telling.standing(competition)] == ["not_owed"]


def test_a_result_is_told_when_there_is_one(offices):
    case = report(offices, field_of_law="unfair_competition")
    services.file_report(case, **BY)
    assert [one.possible for one in telling.standing(case)] == [False]
    services.conclude_report(case, result="penalty", **BY)
    assert [one.possible for one in telling.standing(case)] == [True]


def test_an_anonymous_reporter_is_told_only_if_they_left_a_way(offices):
    nameless = report(offices, "1", field_of_law="food", anonymous=True, persons=())
    caller = report(offices, "2", field_of_law="food", anonymous=True, persons=(Person(phone="13953700001"),))
    rival = report(offices, "3", field_of_law="unfair_competition", anonymous=True, persons=(Person(phone="13953700001"),))
    for case in (nameless, caller, rival):
        services.decline_report(case, note="不构成违法", **BY)

    owed = {case: [one.duty.id for one in telling.standing(case) if one.owed] for case in (nameless, caller, rival)}

    assert owed == {nameless: [], caller: ["food.answer"], rival: []}


def test_the_decision_notice_of_order_20_is_in_the_matrix_of_that_time(offices):
    case = report(offices, received="2026-04-01")
    services.file_report(case, by=SYSTEM, at=at("2026-04-10"))

    assert [(one.duty.id, one.owed) for one in telling.standing(case)] == [("general.decision_notice_order20", True)]
    assert clocks(case)["report.decision_notice"] == "2026-04-17"


def test_what_was_told_of_a_decision_that_was_undone_is_owed_again(offices):
    case = report(offices, field_of_law="food")
    services.decline_report(case, note="不构成违法", by=SYSTEM, at=at("2026-11-18"))
    services.notify_reporter(case, duties=["food.answer"], method="telephone", note="已告知", by=SYSTEM, at=at("2026-11-18"))

    services.reopen(case, note="发现新证据", by=SYSTEM, at=at("2026-11-19"))
    services.decline_report(case, note="仍不构成违法", **BY)

    assert [one.duty.id for one in telling.standing(case) if one.owed] == ["food.answer"]
    assert [one.outcome for one in ReporterNotice.objects.all()] == [""]


# --- the reward --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "base", "amount"),
    [
        (1, 100_000_00, 5_000_00),
        (1, 99_999_99, 5_000_00),
        (1, 100_000_20, 5_000_01),
        (2, 0, 3_000_00),
        (2, 1_000_000_00, 30_000_00),
        (3, 100_000_00, 1_000_00),
        (3, 123_456_78, 1_234_56),
        (1, 20_000_000_00, 1_000_000_00),
        (1, 20_000_100_00, 1_000_000_00),
    ],
)
def test_a_reward_is_a_share_with_a_floor_and_a_cap(grade, base, amount):
    assert rewards.rule_on(date(2026, 11, 20)).amount(grade, base) == amount


def test_there_is_no_reward_rule_before_december_2021():
    with pytest.raises(UnknownRule):
        rewards.rule_on(date(2021, 11, 30))
    with pytest.raises(BadInput):
        rewards.rule_on(date(2021, 12, 1)).amount(4, 0)


def test_a_reward_is_noted_told_and_claimed_in_this_order(offices):
    case = report(offices)
    services.file_report(case, **BY)
    services.conclude_report(case, result="penalty", **BY)

    services.note_reward(case, grade=2, base_fen=500_000_00, **BY)
    with pytest.raises(IllegalStep):
        services.claim_reward(case, **BY)
    services.tell_reward(case, **BY)
    services.claim_reward(case, **BY)

    reward = Reward.objects.get()
    assert (reward.eligible, reward.amount_fen, reward.rule, reward.told_at, reward.claimed_at) == (
        True,
        15_000_00,
        "reward@2021",
        NOW,
        NOW,
    )
    with pytest.raises(IllegalStep, match="already"):
        services.note_reward(case, grade=1, base_fen=0, **BY)


def test_who_gets_no_reward_is_noted_without_telling_the_journal_why(offices):
    case, unproven, nameless = report(offices, "1"), report(offices, "2"), report(offices, "3", anonymous=True, persons=())
    for one, result in ((case, "penalty"), (unproven, "unfounded"), (nameless, "penalty")):
        services.file_report(one, **BY)
        services.conclude_report(one, result=result, **BY)

    services.note_reward(case, ground="staff", note="系本局工作人员", **BY)
    for one in (unproven, nameless):
        with pytest.raises(IllegalStep):
            services.note_reward(one, grade=1, base_fen=0, **BY)

    assert (Reward.objects.get().ground, Reward.objects.get().amount_fen) == ("staff", 0)
    assert "staff" not in "".join(Entry.objects.of(case.ref).values_list("data", flat=True))


# --- pages -------------------------------------------------------------------------------------------------------------------


def act(client, case: Case, name: str, **data):
    return client.post(f"/cases/{case.pk}/act/{name}", {"seen": key(case), **data})


def offered(page) -> set[str]:
    return set(re.findall(r'data-act="(\w+)"', page.content.decode()))


def test_the_officer_applies_and_the_head_approves_on_the_page(offices):
    case = report(offices)
    people()
    officer, head, stranger = (signed_in(login) for login in ("officer", "head", "other-head"))

    asked = act(officer, case, "extend", amount="15", note="案情复杂")
    again = officer.get(f"/cases/{case.pk}")
    page = head.get(f"/cases/{case.pk}")
    foreign = act(stranger, case, "decide_approval", application="1", decision="approve")
    own = act(officer, case, "decide_approval", application=str(Approval.objects.get().pk), decision="approve")
    approved = act(head, case, "decide_approval", application=str(Approval.objects.get().pk), decision="approve", note="")
    late = act(head, case, "decide_approval", application=str(Approval.objects.get().pk), decision="approve", note="")

    assert (asked.status_code, approved.status_code, foreign.status_code, own.status_code, late.status_code) == (302, 302, 404, 403, 409)
    assert "extend" not in offered(again)
    assert "decide_approval" in offered(page)
    assert "Mon 2026-12-14" in page.content.decode()
    assert clocks(case)["report.verification"] == "2026-12-14"


def test_more_than_the_law_allows_can_not_be_applied_for(offices):
    case = report(offices)
    people()

    answer = act(signed_in("officer"), case, "extend", amount="16", note="案情复杂")

    assert answer.status_code == 409
    assert "no more than 15 working days" in answer.content.decode()
    assert "案情复杂" in answer.content.decode()


def test_every_step_of_a_report_can_be_taken_on_its_page(offices):
    case = report(offices)
    people()
    officer = signed_in("officer")

    steps = [
        ("set_field", {"field": "unfair_competition", "note": ""}),
        ("verify", {"method": "on_site", "on": "2026-11-19", "note": "现场检查"}),
        ("pause_verification", {"cause": "testing", "on": "2026-11-20", "note": "送检"}),
        ("file", {"note": ""}),
        ("conclude", {"result": "penalty", "note": ""}),
        ("notify", {"duty": "unfair_competition.tell_result", "outcome": "told", "method": "telephone", "note": "已告知"}),
        ("reward", {"ground": "", "grade": "1", "base": "200000", "note": ""}),
        ("follow_reward", {"stage": "told", "note": ""}),
        ("follow_reward", {"stage": "claimed", "note": ""}),
    ]
    taken_ = []
    for name, data in steps:
        page = officer.get(f"/cases/{case.pk}")
        taken_.append((name, name in offered(page), act(officer, case, name, **data).status_code))

    assert taken_ == [(name, True, 302) for name, _ in steps]
    page = officer.get(f"/cases/{case.pk}").content.decode()
    assert "¥10,000" in page
    assert Case.objects.get().state == "concluded"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("decline", {"ground": "", "note": "x"}, "This field is required"),
        ("transfer", {"body": "农业农村局", "reference": "", "on": "2026-11-20", "note": "x"}, "This field is required"),
        ("verify", {"method": "on_site", "on": "yesterday", "note": "现场检查"}, "Enter a valid date"),
    ],
)
def test_a_form_that_lacks_something_comes_back_as_it_was_filled_in(offices, name, data, said):
    case = report(offices)
    people()

    answer = act(signed_in("officer"), case, name, **data)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert data["note"] in answer.content.decode()


def test_the_matrix_stands_on_the_page_with_its_basis(offices):
    case = report(offices, field_of_law="advertising", received="2026-11-16")
    people()

    chinese = signed_in("officer", "zh-CN").get(f"/cases/{case.pk}").content.decode()

    assert "自收到之日起七个工作日内予以处理并告知举报人" in chinese
    assert "《中华人民共和国广告法》第五十三条" in chinese
    assert "2026-11-25" in chinese


def test_a_chinese_page_of_a_report_holds_no_english_sentence(offices):
    case = report(offices, field_of_law="food")
    people()
    client = signed_in("officer", "zh-CN")
    act(client, case, "extend", amount="15", note="案情复杂")
    services.verify(case, method="on_site", on=date(2026, 11, 12), note="现场检查", **BY)
    services.file_report(case, **BY)
    services.conclude_report(case, result="penalty", **BY)
    services.notify_reporter(case, duties=["food.answer"], method="letter", note="已告知", **BY)
    services.note_reward(case, grade=1, base_fen=20_000_000_00, **BY)

    for login in ("officer", "head"):
        page = signed_in(login, "zh-CN").get(f"/cases/{case.pk}").content.decode()
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page[page.index("<main") :], flags=re.S)
        text = re.sub(r"[A-Z]\d\w*@\w+|（[^（）]*JPEG[^（）]*）|\w*PDF\w*|OGG|MP3", "", text)
        assert set(re.findall(r"[A-Za-z][A-Za-z_]{2,}", text)) - FILES == set(), login


# --- what is still owed ------------------------------------------------------------------------------------------------------


def numbers(answer) -> set[str]:
    return set(re.findall(r"data-open>(FX\d+)<", answer.content.decode()))


def test_the_list_of_what_is_owed_shows_closed_cases_that_still_owe_a_notice(offices):
    advertising, prompt, told, plain = (
        report(offices, "1", field_of_law="advertising", received="2026-11-16"),
        report(offices, "2", field_of_law="unfair_competition"),
        report(offices, "3", field_of_law="food"),
        report(offices, "4"),
    )
    for case in (advertising, prompt, told, plain):
        services.decline_report(case, note="不构成违法", **BY)
    services.notify_reporter(told, duties=["food.answer"], method="telephone", note="已告知", **BY)
    complaint = taken("5", received_at=at("2026-11-02"))
    services.dispatch([complaint], offices["370811"], by=SYSTEM, at=at("2026-11-02"))
    services.accept([complaint], by=SYSTEM, at=at("2026-11-03"))
    services.terminate(complaint, ground="3", by=SYSTEM, at=at("2026-11-19"))
    elsewhere = report(offices, "6", field_of_law="food", unit="370881")
    services.decline_report(elsewhere, note="不构成违法", **BY)
    people()

    assert numbers(signed_in("officer").get("/cases/?status=owed")) == {advertising.number, prompt.number, complaint.number}
    person("desk", "city_desk", "370800", at=NOW)
    assert numbers(signed_in("desk").get("/cases/?status=owed")) == {
        advertising.number, prompt.number, complaint.number, elsewhere.number
    }  # fmt: skip


def test_the_list_of_applications_shows_the_head_what_waits(offices):
    waiting, _plain = report(offices, "1"), report(offices, "2")
    officer, _head, _other = people()
    approving.ask(waiting, ApprovalKind.EXTENSION, amount=15, reason="复杂", by=officer.ref, at=NOW)

    assert numbers(signed_in("head").get("/cases/?status=approval")) == {waiting.number}
    assert numbers(signed_in("other-head").get("/cases/?status=approval")) == set()


def test_the_list_of_what_is_owed_costs_the_same_for_one_and_for_many(offices):
    people()
    client = signed_in("officer")
    counts = []
    for number in ("1", "2", "3"):
        services.decline_report(report(offices, number, field_of_law="food"), note="x", **BY)
        with CaptureQueriesContext(connection) as queries:
            client.get("/cases/?status=owed")
        counts.append(len(queries))

    assert counts[0] == counts[2]


# --- the reporter is protected -----------------------------------------------------------------------------------------------


def test_the_journal_of_a_report_holds_no_personal_data_and_no_words(offices):
    case = report(offices, field_of_law="food", narrative=f"{LIN.name}举报，电话{LIN.phone}")
    officer, head, _ = people()
    told = f"举报人{LIN.name}，电话{LIN.phone}，身份证{LIN.id_number}"
    approval = approving.ask(case, ApprovalKind.EXTENSION, amount=15, reason=told, by=officer.ref, at=NOW)
    approving.decide(approval, approved=True, by=head, at=NOW, note=told)
    services.verify(case, method="inquiry", on=date(2026, 11, 20), note=told, **BY)
    services.transfer_report(case, body="农业农村局", reference="移〔2026〕1号", on=date(2026, 11, 20), note=told, **BY)
    services.notify_reporter(case, duties=["food.transfer"], method="letter", note=told, **BY)

    written = "".join(Entry.objects.values_list("data", flat=True))
    kept = "".join([*Note.objects.values_list("text", flat=True), *Adjustment.objects.values_list("reason", flat=True)])
    for secret in (LIN.name, LIN.phone, LIN.id_number):
        assert secret not in written
    for secret in (LIN.phone, LIN.id_number):
        assert secret not in kept + "".join(Approval.objects.values_list("reason", flat=True))
    for note in Note.objects.exclude(sealed=b""):
        assert bytes(note.sealed)[:1] != b"{"


@pytest.mark.parametrize(
    ("role", "office"), [("mediator", "association"), ("mediator", "station"), ("publisher", "370811"), ("officer", "370881")]
)
def test_a_report_is_not_there_for_who_has_nothing_to_do_with_it(offices, role, office):
    case = report(offices)
    person("someone", role, office, at=NOW)
    client = signed_in("someone")

    assert client.get(f"/cases/{case.pk}").status_code == 404
    assert client.post(f"/cases/{case.pk}/act/notify", {"seen": key(case)}).status_code == 404
    assert case.number not in client.get("/cases/?status=all").content.decode()


def test_why_there_is_no_reward_is_shown_only_to_who_works_on_the_report(offices):
    case = report(offices)
    services.file_report(case, **BY)
    services.conclude_report(case, result="penalty", **BY)
    services.note_reward(case, ground="infringed", **BY)
    people()

    assert "the infringed party" in signed_in("officer").get(f"/cases/{case.pk}").content.decode()
    assert "the infringed party" not in signed_in("head").get(f"/cases/{case.pk}").content.decode()


def test_whom_a_report_is_against_hears_nothing_of_it_in_any_state(offices):
    cases = [report(offices, str(number), field_of_law="food") for number in range(4)]
    services.file_report(cases[1], **BY)
    services.decline_report(cases[2], note="x", **BY)
    services.transfer_report(cases[3], body="农业农村局", reference="移1号", on=date(2026, 11, 20), note="x", **BY)
    sides = [(case.ref, side) for case in cases for side in ("respondent", "enterprise", "reporter")]

    forbidden = CaseSubjects().forbidden(sides)

    assert forbidden == {(ref, side) for ref, side in sides if side != "reporter"}
    told = dict.fromkeys(("number", "time", "place", "mediator", "office", "phone"), "x")
    for case in cases:
        message = Message(case.ref, "case.mediation_invitation", "sms", "13953700000", told, audience="respondent")
        with pytest.raises(DomainError) as refused:
            enqueue([message], **BY)
        assert refused.value.code == "notices.audience_forbidden"
