"""A complaint's life on its page: what is offered, what each act says it will do, and what it then does."""

import html
import re

import pytest
from casework import NOW, at, clocks, last_event, taken
from django.utils import timezone

from fangxin.cases import grounds, services
from fangxin.cases.filings import Channel
from fangxin.cases.models import Approval, CallBack, Case, Correction, Note, Told
from fangxin.kernel.refs import SYSTEM, Ref
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


SIGNS = {"Enter", "CSV", "Esc", "DOCX", "PDF", "JPEG", "PNG", "GIF", "WebP", "WAV", "OGG", "AMR", "ODR", "XLSX", "DOC", "XLS"}
"""Names of keys and file formats, which a Chinese page writes in Latin letters too."""
NAMES = {"officer": "王芳", "colleague": "赵强", "desk": "李静", "head": "孙立", "far": "周敏", "auditor": "吴昊"}


class Day:
    """The clock on the wall: Friday 20 November 2026, ten o'clock, until a test turns it."""

    now = NOW


@pytest.fixture(autouse=True)
def wall(monkeypatch):
    wall = Day()
    monkeypatch.setattr(timezone, "now", lambda: wall.now)
    return wall


@pytest.fixture
def staff(offices):
    people = {
        "officer": ("officer", "370811"), "colleague": ("officer", "370811"), "desk": ("city_desk", "370800"),
        "head": ("supervisor", "370811"), "far": ("officer", "370881"), "auditor": ("auditor", "370800"),
    }  # fmt: skip
    return {login: person(login, role, office, at=NOW, name=NAMES[login]) for login, (role, office) in people.items()}


def sent(offices, number="A-1", when="2026-11-19", **changes) -> Case:
    case = taken(number, received_at=at(when), **changes)
    services.dispatch([case], offices["370811"], by=SYSTEM, at=at(f"{when} 10:00"))
    return case


def page(case: Case, login="officer", language="en") -> str:
    return signed_in(login, language).get(f"/cases/{case.pk}").content.decode()


def offered(case: Case, login="officer") -> list[str]:
    return re.findall(r'data-act="(\w+)"', page(case, login))


def says(case: Case, act: str, login="officer", language="en") -> list[str]:
    """The sentences under an act, and its article last."""
    text = page(case, login, language)
    block = re.split(r'data-act="', text[text.index(f'data-act="{act}"') + 10 :])[0]
    told = re.findall(r"<li>(.*?)</li>", block[block.index("</form>") :].split("</section>")[0], re.S)
    law = re.findall(r'class="fx-law">(.*?)<', block.split("</section>")[0])
    return [html.unescape(one) for one in [*told, *law]]


def do(case: Case, act: str, login="officer", **given):
    fresh = Case.objects.get(pk=case.pk)
    seen = {"seen": f"{fresh.pk}.{fresh.state}.{fresh.unit_id or 0}"}
    return signed_in(login).post(f"/cases/{case.pk}/act/{act}", seen | given)


def done(case: Case, act: str, login="officer", **given) -> Case:
    answer = do(case, act, login, **given)
    assert answer.status_code == 302, re.findall(r'role="alert">(.*?)</', answer.content.decode(), re.S)
    return Case.objects.get(pk=case.pk)


# --- what is offered ---------------------------------------------------------------------------------------------------------


def test_each_role_is_offered_what_its_table_says_in_the_order_of_the_work(offices, staff):
    case = sent(offices)

    mine = [name for name in offered(case) if name in {"respond", "accept", "refuse", "ask_identity_proof", "withdraw", "return_to_desk"}]
    assert mine == ["respond", "accept", "refuse", "ask_identity_proof", "withdraw", "return_to_desk"]
    assert not {"accept", "refuse", "terminate", "ask_identity_proof"} & set(offered(case, "desk"))
    assert "withdraw" in offered(case, "desk")
    assert offered(case, "auditor") == []
    assert signed_in("far").get(f"/cases/{case.pk}").status_code == 404
    for login, status in (("desk", 403), ("auditor", 403), ("far", 404)):
        assert do(case, "accept", login).status_code == status
    assert Case.objects.get(pk=case.pk).state == "dispatched"


def test_nothing_that_the_state_forbids_is_offered(offices, staff):
    case = sent(offices)
    done(case, "accept")

    names = set(offered(case))
    assert {"terminate", "appraise", "take_back"} <= names
    assert not names & {"accept", "refuse", "withdraw", "return_to_desk", "end_appraisal", "notify_termination", "reopen", "call_back"}
    assert do(case, "refuse", ground="1", note="x").status_code == 409


# --- what it says it will do -------------------------------------------------------------------------------------------------


def test_acceptance_says_which_period_ends_and_which_begins_until_when(offices, staff):
    """Friday 20 November and 60 days: Tuesday 19 January 2027, whose holidays nobody knows yet."""
    case = sent(offices, when="2026-11-12")

    assert says(case, "accept") == [
        "Stops the period “decision to accept a complaint or not, told to the complainant” of 7 working days (1 working day left).",
        "Starts 60 days of “mediation”, last day Tue 2027-01-19, provisional until the next holiday notice.",
        "The case becomes yours.",
        "Order 121 Art 15",
    ]
    assert says(case, "accept", language="zh-CN") == [
        "“投诉受理决定”期限7个工作日停止计算（还剩 1 个工作日）。",
        "开始计算“调解期限”60日，最后一日为2027-01-19（星期二）（放假安排公布前为暂定）。",
        "您将成为经办人。",
        "《市场监督管理投诉举报处理办法》第十五条",
    ]
    assert clocks(case)["complaint.acceptance"] == "2026-11-23"  # only said, nothing written

    done(case, "accept", note="符合受理条件")

    assert clocks(case)["complaint.mediation"] == "2027-01-19"
    assert Case.objects.get(pk=case.pk).officer == staff["officer"]


def test_a_last_day_that_is_off_is_said_with_the_day_after_which_it_is_late(offices, staff, wall):
    """The sixtieth day after 3 August lies in the national holiday."""
    case = sent(offices, when="2026-07-30")
    wall.now = at("2026-08-03")

    assert says(case, "accept")[1] == "Starts 60 days of “mediation”, last day Fri 2026-10-02 (a day off: late only after Thu 2026-10-08)."


def test_a_late_acceptance_says_so(offices, staff):
    case = sent(offices, when="2026-11-02")

    assert says(case, "accept")[0].endswith("of 7 working days (9 days overdue).")


def test_termination_says_how_long_both_sides_may_wait_for_the_news(offices, staff):
    case = sent(offices)
    done(case, "accept")

    told = says(case, "terminate")
    assert told[0] == "Stops the period “mediation” of 60 days (60 days left)."
    assert "Starts 7 working days of “notice to both parties that mediation is terminated”, last day Tue 2026-12-01." in told
    assert "Closes the case." in told
    assert told[-1] == "Order 121 Art 23"


def test_a_refusal_says_what_ends_with_it(offices, staff):
    case = sent(offices, channel=Channel.HOTLINE_12345)

    told = says(case, "refuse")
    assert told[0].startswith("Stops the period “decision to accept a complaint or not")
    assert told[1].startswith("Stops the period “first answer to the complainant”")
    assert any("closing of a hotline order" in one for one in told)
    assert told[-2:] == [
        "The complainant must be told the reason and the other routes of the consumer law.",
        "Order 121 Art 16, Consumer Rights Law Art 39",
    ]


# --- refusal -----------------------------------------------------------------------------------------------------------------


def test_the_grounds_are_the_articles_own_items_on_the_day(offices, staff, wall):
    case = sent(offices)
    text = page(case, language="zh-CN")
    choices = re.findall(r'<option value="(\d)">（', text[text.index('data-act="refuse"') : text.index('data-act="ask_identity_proof"')])
    assert choices == list("1234567")
    assert "（六）冒用他人名义或者拒不配合市场监督管理部门核验真实身份信息的" in text
    assert "请求消费者协会或者依法成立的其他调解组织调解" in text

    old = sent(offices, "A-2", when="2026-04-09")
    wall.now = at("2026-04-10")
    text = page(old, language="zh-CN")
    choices = re.findall(r'<option value="(\d)">（', text[text.index('data-act="refuse"') : text.index('data-act="withdraw"')])
    assert choices == list("123456")


def test_the_wording_is_that_of_the_text(shared):
    """Every item stands in the order word for word."""
    for name, day in (("order121_2026.txt", "2026-04-15"), ("order20_2019_repealed.txt", "2026-04-14")):
        text = re.sub(r"\s", "", (shared / "law" / "texts" / name).read_text(encoding="utf-8"))
        for step in ("refuse", "terminate"):
            for ground in grounds.grounds(step, at(day).date()):
                assert ground.zh in text, ground


def test_a_refusal_keeps_its_ground_its_reason_and_the_other_routes(offices, staff):
    case = sent(offices)
    assert do(case, "refuse", ground="3", note=" ").status_code == 422
    assert do(case, "refuse", ground="", note="x").status_code == 422
    closed = done(case, "refuse", ground="3", note="一次购买300件，非生活消费")

    note = Note.objects.get(case=case, step="refuse").text
    assert (closed.state, closed.ground) == ("refused", "3")
    assert note.startswith("一次购买300件，非生活消费\n根据《中华人民共和国消费者权益保护法》第三十九条")
    assert note.count("（") == 5
    assert "（五）向人民法院提起诉讼。" in note
    assert "(3) not bought or used for daily consumption" in page(case)


# --- proof of identity -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "status"), [("2026-11-19", 409), ("2026-11-20", 302), ("2026-11-30", 302), ("2026-12-01", 409), ("", 422)]
)
def test_the_day_for_the_proof_lies_inside_the_acceptance_period(offices, staff, until, status):
    case = sent(offices)  # its seventh working day is Monday 30 November

    assert do(case, "ask_identity_proof", until=until, note="身份证复印件").status_code == status
    assert ("complaint.identity_proof" in clocks(case)) is (status == 302)
    assert clocks(case)["complaint.acceptance"] == "2026-11-30"


def test_proof_that_came_in_time_stops_its_period_and_acceptance_follows(offices, staff, wall):
    case = sent(offices)
    done(case, "ask_identity_proof", until="2026-11-25", note="身份证复印件")
    assert clocks(case)["complaint.identity_proof"] == "2026-11-25"
    assert "ask_identity_proof" not in offered(case)
    assert do(case, "ask_identity_proof", until="2026-11-26", note="再次").status_code == 409
    wall.now = at("2026-11-24")
    done(case, "record_identity_proof", result="received")

    assert clocks(case)["complaint.identity_proof"] == "in_time"
    assert (Case.objects.get(pk=case.pk).officer, last_event(case.ref, "cases.IdentityProof").law) == (staff["officer"], "order121:10.3")
    done(case, "accept")


def test_proof_that_did_not_come_fills_in_the_refusal(offices, staff, wall):
    case = sent(offices)
    done(case, "ask_identity_proof", until="2026-11-24", note="身份证复印件")
    wall.now = at("2026-11-24 17:00")
    assert do(case, "record_identity_proof", result="missing").status_code == 409  # the day is not over
    wall.now = at("2026-11-25")
    done(case, "record_identity_proof", result="missing")

    text = page(case, language="zh-CN")
    block = text[text.index('data-act="refuse"') : text.index('data-act="ask_identity_proof"')]
    assert re.search(r'<option value="5" selected>（五）', block)
    assert "经通知限期提供身份证明材料，投诉人逾期未提供。" in block
    assert clocks(case)["complaint.identity_proof"] == "void"  # the complainant's time, no delay of the bureau


def test_who_declines_the_check_is_refused_under_the_sixth_item(offices, staff):
    case = sent(offices)
    done(case, "ask_identity_proof", until="2026-11-24", note="身份证复印件")
    done(case, "record_identity_proof", result="declined")

    text = page(case)
    assert re.search(r'<option value="6" selected>', text[text.index('data-act="refuse"') : text.index('data-act="ask_identity_proof"')])


# --- test and appraisal ------------------------------------------------------------------------------------------------------


def test_a_test_is_applied_for_approved_by_the_head_and_left_out_of_the_count(offices, staff, wall):
    case = sent(offices)
    done(case, "accept")
    application = {"cause": "test", "on": "2026-11-20", "note": "电热水壶泄漏电流，市质检院，费用由商家先垫"}
    assert do(case, "appraise", **(application | {"on": "2026-11-21"})).status_code == 422
    assert do(case, "appraise", **(application | {"on": "2026-11-19"})).status_code == 422
    done(case, "appraise", **application)
    asked = Approval.objects.get()
    assert clocks(case)["complaint.mediation"] == "2027-01-19"
    assert "appraise" not in offered(case)
    assert do(case, "decide_approval", application=str(asked.pk), decision="approve").status_code == 403

    done(case, "decide_approval", "head", application=str(asked.pk), decision="approve")

    assert clocks(case)["complaint.mediation"] == "paused"
    event = last_event(case.ref, "cases.CaseStep")
    assert (event.step, event.law, event.actor, event.approver) == ("appraise", "order121:22", staff["officer"].ref, staff["head"].ref)
    wall.now = at("2026-12-10")
    assert says(case, "end_appraisal")[0].startswith(
        "The period “mediation” goes on; if the pause ends today, its last day is Mon 2027-02-08"
    )
    assert do(case, "end_appraisal", on="2026-12-11").status_code == 422
    done(case, "end_appraisal", on="2026-12-10", note="泄漏电流超标")
    assert clocks(case)["complaint.mediation"] == "2027-02-08"  # twenty days later


def test_an_application_lapses_when_mediation_ends_without_it(offices, staff):
    case = sent(offices)
    done(case, "accept")
    done(case, "appraise", cause="appraisal", on="2026-11-20", note="鉴定")
    done(case, "terminate", ground="4")

    assert Approval.objects.get().outcome == "lapsed"


# --- termination and its notice ----------------------------------------------------------------------------------------------


def test_termination_for_want_of_agreement_in_time_waits_for_the_periods_last_day(offices, staff, wall):
    case = sent(offices, when="2026-07-30")
    wall.now = at("2026-08-03")
    done(case, "accept")
    wall.now = at("2026-10-01")
    refused = do(case, "terminate", ground="5")
    assert refused.status_code == 409
    assert "its last day is 2026-10-02" in refused.content.decode()
    wall.now = at("2026-10-02")
    done(case, "terminate", ground="5")

    assert clocks(case)["complaint.mediation"] == "in_time"


def test_ground_six_asks_which_ground_of_refusal_was_found(offices, staff):
    case = sent(offices)
    done(case, "accept")
    assert do(case, "terminate", ground="6").status_code == 422
    done(case, "terminate", ground="6", found="2", note="法院已受理")

    event = last_event(case.ref, "cases.CaseClosed")
    assert (event.ground, event.found) == ("6", "2")


def test_the_notice_is_done_when_both_sides_were_told_each_in_its_way(offices, staff, wall):
    case = sent(offices)
    done(case, "accept")
    done(case, "terminate", ground="3", note="双方分歧过大")
    wall.now = at("2026-11-23")
    done(case, "notify_termination", side="complainant", method="telephone")
    assert clocks(case)["complaint.termination_notice"] == "2026-12-01"
    assert "still to be told" in page(case)
    assert do(case, "notify_termination", side="complainant", method="letter").status_code == 422  # no longer among the choices
    wall.now = at("2026-11-24")
    done(case, "notify_termination", side="respondent", method="letter")

    assert clocks(case)["complaint.termination_notice"] == "in_time"
    assert list(Told.objects.order_by("pk").values_list("side", "method", "at")) == [
        ("complainant", "telephone", at("2026-11-23")),
        ("respondent", "letter", at("2026-11-24")),
    ]
    assert "notify_termination" not in offered(case)
    assert "Told of the termination: respondent (letter)" in page(case)


# --- mending and looking back ------------------------------------------------------------------------------------------------


def test_a_decision_is_taken_back_from_the_page_by_a_colleague_with_a_reason(offices, staff):
    case = sent(offices)
    done(case, "refuse", ground="1", note="误")
    assert says(case, "take_back", "colleague") == [
        "Undoes “Refuse to accept”; the case is “dispatched” again.",
        "Runs on from its original start: first answer to the complainant, decision to accept a complaint or not, told to the complainant.",
        "Possible until the notice of the decision is served.",
        "Order 121 Art 5",
    ]
    assert do(case, "take_back", note="").status_code == 422
    assert "take_back" not in offered(case, "desk")
    assert "take_back" not in offered(case, "head")
    back = done(case, "take_back", "colleague", note="属本局职责")

    assert (back.state, Correction.objects.get().by) == ("dispatched", staff["colleague"].ref)
    text = page(case)
    assert "Taken back before its notice was served: Refuse to accept; “dispatched” again" in text
    assert "属本局职责" in text
    assert "Runs on from its original start" in text


def test_desk_and_supervision_reopen_and_call_back_and_who_handled_it_does_not(offices, staff):
    case = sent(offices)
    done(case, "refuse", ground="1", note="不属职责")
    assert not {"reopen", "call_back"} & set(offered(case))
    assert {"reopen", "call_back"} <= set(offered(case, "desk")) & set(offered(case, "head"))
    assert do(case, "reopen", "officer", note="x").status_code == 403
    reopened = done(case, "reopen", "head", note="复核应予受理")

    assert (reopened.state, Correction.objects.get().kind) == ("dispatched", "reopened")
    assert "Reopened (1): the end by “Refuse to accept” no longer stands; “dispatched” again" in page(case)


def test_a_call_back_from_the_page_is_whole(offices, staff):
    case = sent(offices)
    case = done(case, "accept")
    services.settle(case, by=staff["officer"].ref, at=NOW, recovered_fen=19900)
    assert do(case, "call_back", "desk", reached="yes", process="5").status_code == 422
    done(case, "call_back", "desk", reached="no", process="5")
    done(case, "call_back", "desk", reached="yes", process="5", result="4", solved="yes", note="已退款")

    assert list(CallBack.objects.order_by("attempt").values_list("reached", "process", "result", "solved")) == [
        (False, None, None, None),
        (True, 5, 4, True),
    ]
    text = page(case)
    assert "process 5 of 5, result 4 of 5, solved" in text
    assert "¥199" in text
    assert "sue or file a new complaint" in text
    assert "reopen" not in offered(case, "desk")


def test_the_amount_recovered_is_typed_in_yuan(offices, staff):
    case = sent(offices)
    closed = done(case, "withdraw", note="双方和解", recovered="88.50")
    assert closed.recovered_fen == 8850
    assert 'value="88.50"' in page(case)
    assert do(case, "correct_recovery", recovered="-1", note="x").status_code == 422
    assert do(case, "correct_recovery", recovered="1.005", note="x").status_code == 422
    assert done(case, "correct_recovery", recovered="80", note="多录").recovered_fen == 8000


# --- the first response ------------------------------------------------------------------------------------------------------


def test_a_response_counts_from_the_time_of_the_contact(offices, staff):
    case = sent(offices)  # received on the nineteenth at nine
    done(case, "respond", when="2026-11-20T08:59", method="telephone", result="spoken", note="已沟通")

    assert clocks(case)["local.answer"] == "in_time"
    assert Case.objects.get(pk=case.pk).responded_at == at("2026-11-20 08:59")


@pytest.mark.parametrize("when", ["2026-11-20T10:01", "2026-11-19T08:59", "nonsense"])
def test_a_contact_lies_between_receipt_and_now(offices, staff, when):
    case = sent(offices)

    assert do(case, "respond", when=when, method="telephone").status_code == 422
    assert Case.objects.get(pk=case.pk).responded_at is None


def test_an_attempt_that_reached_nobody_is_recorded_and_stops_nothing(offices, staff):
    case = sent(offices)
    done(case, "respond", method="telephone", result="unreached")
    assert Case.objects.get(pk=case.pk).responded_at is None
    assert clocks(case)["local.answer"] == "2026-11-20"
    assert "Tried to reach the person: telephone" in page(case)
    done(case, "respond", method="visit", result="negotiating")

    assert [last_event(case.ref, "cases.CaseResponded").first, clocks(case)["local.answer"]] == [True, "late"]
    assert "First response: visit or meeting; will negotiate with the business first" in page(case)


def test_a_case_that_goes_to_another_unit_is_nobodys_there(offices, staff):
    case = sent(offices)
    done(case, "ask_identity_proof", until="2026-11-25", note="身份证")
    assert Case.objects.get(pk=case.pk).officer == staff["officer"]
    answer = do(case, "return_to_desk", note="不属辖区")

    assert (answer.status_code, Case.objects.get(pk=case.pk).officer) == (302, None)


# --- the page ----------------------------------------------------------------------------------------------------------------


def test_a_chinese_page_holds_no_english_sentence_at_any_station(offices, staff):
    accepted, terminated, reopened, refused = (sent(offices, f"A-{n}") for n in range(4))
    done(accepted, "accept")
    done(terminated, "accept")
    done(terminated, "terminate", ground="3", note="分歧过大")
    done(terminated, "notify_termination", side="respondent", method="letter")
    done(terminated, "call_back", "desk", reached="yes", process="1", result="2", solved="no")
    done(reopened, "withdraw", note="和解", recovered="1")
    done(reopened, "reopen", "desk", note="并非本人")
    done(reopened, "respond", method="telephone", result="unreached")
    done(reopened, "ask_identity_proof", until="2026-11-24", note="身份证")
    done(refused, "refuse", ground="1", note="不属职责")
    done(refused, "take_back", note="误")
    done(refused, "refuse", ground="2", note="已受理")
    for case in (accepted, terminated, reopened, refused):
        for login in ("officer", "desk", "head"):
            text = page(case, login, "zh-CN")
            text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", text[text.index("<main") :], flags=re.S)
            text = re.sub(r"[A-Z]\d\w*@\w+", "", text)
            strange = set(re.findall(r"[A-Za-z][A-Za-z_]{2,}", html.unescape(text))) - SIGNS
            assert strange == set(), (case.state, login)


def test_the_page_costs_a_bounded_number_of_queries(offices, staff, django_assert_max_num_queries):
    case = sent(offices, channel=Channel.HOTLINE_12345)
    done(case, "accept")
    client = signed_in("officer")
    client.get(f"/cases/{case.pk}")

    with django_assert_max_num_queries(100):
        client.get(f"/cases/{case.pk}")


def test_merged_cases_and_the_delegated_body_stand_on_the_page(offices, staff):
    lead, member, far = (sent(offices, f"A-{n}") for n in range(3))
    services.dispatch([far], offices["370881"], by=SYSTEM, at=NOW, note="曲阜办理")
    Case.objects.filter(pk__in=[member.pk, far.pk]).update(lead=lead)
    Case.objects.filter(pk=lead.pk).update(delegate=offices["association"])

    text = page(lead)
    assert "济宁市消费者协会" in text
    assert f"/cases/{member.pk}" in text
    assert f"/cases/{far.pk}" not in text
    assert "1 with another unit" in text
    assert lead.number in page(member)


def test_the_head_who_approves_is_not_who_applies(offices, staff):
    case = sent(offices)
    done(case, "accept")

    with pytest.raises(Exception, match="Someone else has to approve"):
        services.start_appraisal(case, cause="testing", on=NOW.date(), approver=Ref("person:5"), by=Ref("person:5"), at=NOW, note="送检")
