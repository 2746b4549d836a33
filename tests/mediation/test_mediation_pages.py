"""Mediation in the browser: acts on the case page, the calendar, the bench, the terms as written."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from mediationwork import NOW, accepted, at, consent, fresh, mediating, plan

from cases.casework import taken
from fangxin.cases.acts import named
from fangxin.cases.filings import Consent as Filed
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.mediation import services
from fangxin.mediation.models import Agreement, Consent, Delegation, Recusal, Session
from fangxin.mediation.states import Question, Way
from staffwork import signed_in

OURS = {
    *("invite", "record_consent", "start_mediation", "schedule_session", "change_session", "record_session", "cancel_session"),
    *("agree", "sign", "settle", "delegate", "recall_delegation", "hand_back", "request_recusal", "decide_recusal", "resume"),
    "arrange_appraisal",
}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


def offered(client, case: Case) -> set[str]:
    """The acts of mediation that the case page offers."""
    return set(re.findall(r'data-act="(\w+)"', client.get(f"/cases/{case.pk}").content.decode())) & OURS


def act(client, case: Case, name: str, **given):
    """Press the button of an act."""
    page = client.get(f"/cases/{case.pk}")
    seen = re.search(r'name="seen" value="([^"]+)"', page.content.decode())
    return client.post(f"/cases/{case.pk}/act/{name}", {"seen": seen[1] if seen else "", **given})


def test_every_act_of_mediation_is_registered():
    assert set(named()) >= OURS


def test_an_officer_leads_a_complaint_through_mediation_to_a_signed_agreement(case, staff):
    client = signed_in("officer")
    assert offered(client, case) == {"invite", "record_consent", "start_mediation", "agree", "delegate", "arrange_appraisal"}

    assert act(client, case, "invite", question="mediation", complainant="telephone", respondent="telephone").status_code == 302
    refused = act(client, case, "start_mediation")
    assert refused.status_code == 409
    assert "none is recorded yet" in refused.content.decode()
    assert (
        act(client, case, "record_consent", question="mediation", complainant="yes", respondent="yes", means="telephone").status_code == 302
    )
    assert act(client, case, "start_mediation").status_code == 302
    assert offered(client, case) == {
        *("invite", "record_consent", "schedule_session", "record_session", "agree", "delegate", "request_recusal", "arrange_appraisal")
    }
    session = {
        "mode": "on_site",
        "starts_at": "2026-11-25T14:30",
        "minutes": "60",
        "place": "二楼调解室",
        "mediator": staff["officer"].pk,
        "complainant": "telephone",
        "respondent": "letter",
        "recusal_days": "3",
        "materials": "购物小票",
    }
    assert act(client, case, "schedule_session", **session).status_code == 302
    assert Session.objects.get().starts_at == at("2026-11-25 14:30")
    assert offered(client, case) >= {"change_session", "cancel_session", "record_session"}
    early = act(client, case, "record_session", complainant="came", respondent="came", result="agreed", note="达成一致")
    assert (early.status_code, "has not come yet" in early.content.decode()) == (409, True)
    assert act(client, case, "cancel_session", note="双方当天到场").status_code == 302
    on_the_spot = {"mode": "on_site", "starts_at": "2026-11-20T09:00", "minutes": "30", "place": "二楼调解室"}
    came = {"complainant": "came", "respondent": "came", "result": "agreed", "note": "达成一致"}
    assert act(client, case, "record_session", **on_the_spot, **came).status_code == 302
    assert act(client, case, "agree", way="written", terms="退款199元", recovered="199.00").status_code == 302
    assert fresh(case).state == State.MEDIATING
    assert act(client, case, "sign", complainant_signed="2026-11-20", respondent_signed="2026-11-20").status_code == 302

    closed = fresh(case)
    assert (closed.state, closed.recovered_fen) == (State.SETTLED, 19900)
    page = client.get(f"/cases/{case.pk}").content.decode()
    assert "退款199元" in page
    assert offered(client, case) == set()


def test_a_form_that_lacks_something_comes_back_with_what_was_typed(case, staff):
    client = signed_in("officer")

    answer = act(client, case, "agree", way="written", terms="", recovered="-1")
    nobody = act(client, case, "record_consent", question="mediation", means="telephone", note="已电话联系")

    assert (answer.status_code, nobody.status_code) == (422, 422)
    assert "已电话联系" in nobody.content.decode()
    assert not Agreement.objects.exists()
    assert not Consent.objects.exists()


def test_the_head_decides_on_a_recusal_and_nobody_else(case, staff):
    mediating(case, by=staff["officer"].ref)
    officer, second, head = signed_in("officer"), signed_in("second"), signed_in("head")
    asked = act(officer, case, "request_recusal", mediator=staff["officer"].pk, asked_by="respondent", note="与投诉人相识")
    assert asked.status_code == 302

    assert "decide_recusal" not in offered(officer, case) | offered(second, case)
    assert act(second, case, "decide_recusal", decision="declined", note="不回避").status_code in {403, 409}
    assert offered(head, case) == {"decide_recusal"}
    assert act(head, case, "decide_recusal", decision="granted", note="应当回避").status_code == 422
    assert act(head, case, "decide_recusal", decision="granted", replacement=staff["second"].pk, note="应当回避").status_code == 302

    assert (fresh(case).state, Recusal.objects.get().replacement) == (State.MEDIATING, staff["second"])


def test_a_station_takes_a_delegated_dispute_settles_it_and_the_bureau_confirms(staff, offices):
    case = accepted("2026-11-02", officer=staff["officer"], consent_delegate=Filed.YES)
    officer, station, association = signed_in("officer"), signed_in("station"), signed_in("association")
    assert act(officer, case, "delegate", body=offices["station"].pk, note="就近").status_code == 409  # the respondent was not asked yet
    consent(case, by=staff["officer"].ref, question=Question.DELEGATION, complainant=None)
    assert act(officer, case, "delegate", body=offices["station"].pk, note="就近").status_code == 302

    bench = station.get("/mediation/bench")
    assert case.number in bench.content.decode()
    assert case.number not in association.get("/mediation/bench").content.decode()
    assert offered(station, case) == {"invite", "record_consent", "start_mediation", "agree", "hand_back"}
    assert offered(officer, case) == {"invite", "record_consent", "recall_delegation", "arrange_appraisal"}
    page = station.get(f"/mediation/bench/{case.pk}")
    assert page.status_code == 200
    down = {
        "mode": "on_site",
        "began_at": "2026-11-20T09:00",
        "minutes": "30",
        "place": "万达广场服务站",
        "course": "双方到站协商",
        "way": "performed",
        "terms": "当场退款199元",
        "recovered": "199",
    }
    assert association.post(f"/mediation/bench/{case.pk}", down).status_code == 404
    assert officer.get(f"/mediation/bench/{case.pk}").status_code == 403
    assert station.post(f"/mediation/bench/{case.pk}", {**down, "terms": ""}).status_code == 422
    assert station.post(f"/mediation/bench/{case.pk}", down).status_code == 302

    assert fresh(case).state == State.MEDIATING
    assert "settle" not in offered(station, case)
    assert "settle" in offered(officer, case)
    assert act(station, case, "settle").status_code == 409
    assert act(officer, case, "settle").status_code == 302
    assert (fresh(case).state, fresh(case).recovered_fen) == (State.SETTLED, 19900)


def test_a_body_hands_back_what_it_can_not_settle_and_no_longer_sees_it(staff, offices):
    case = accepted("2026-11-02", officer=staff["officer"], consent_delegate=Filed.YES)
    consent(case, by=staff["officer"].ref, question=Question.DELEGATION, complainant=None)
    services.delegate(case, offices["station"], by=staff["officer"].ref, at=at("2026-11-04"), note="就近")
    station = signed_in("station")

    answer = act(station, case, "hand_back", ground="3", note="差距过大")

    assert (answer.status_code, answer["Location"]) == (302, "/cases/")
    assert station.get(f"/cases/{case.pk}").status_code == 404
    assert list(Delegation.objects.values_list("end", "ground")) == [("handed_back", "3")]
    page = signed_in("officer").get(f"/cases/{case.pk}").content.decode()
    assert "The delegated body handed the dispute back on this ground." in page
    assert re.search(r'<option value="3" selected', page)


def test_whoever_may_not_see_the_case_can_do_nothing_to_its_mediation(case, staff):
    mediating(case, by=staff["officer"].ref)
    for who in ("stranger", "station", "association"):
        client = signed_in(who)
        assert {client.post(f"/cases/{case.pk}/act/{name}").status_code for name in OURS} == {404}


def test_a_report_shows_nothing_of_mediation(staff):
    report = taken("R-9", kind=Kind.REPORT, unit_code="370811", received_at=at("2026-11-18"))

    page = signed_in("officer").get(f"/cases/{report.pk}").content.decode()

    assert 'id="mediation"' not in page
    assert offered(signed_in("officer"), report) == set()


def test_the_calendar_shows_sessions_by_day_and_what_was_not_written_down(staff):
    officer = staff["officer"]
    past = mediating(accepted("2026-11-02", officer=officer), by=officer.ref)
    services.schedule_session(past, plan(officer, "2026-11-18 09:00"), by=officer.ref, at=at("2026-11-10"))
    today = mediating(accepted("2026-11-02", officer=officer), by=officer.ref)
    services.schedule_session(today, plan(staff["second"], "2026-11-20 16:00"), by=officer.ref, at=at("2026-11-10"))

    page = signed_in("officer").get("/mediation/").content.decode()
    mine = signed_in("officer").get("/mediation/?who=mine").content.decode()
    stranger = signed_in("stranger").get("/mediation/").content.decode()

    assert re.findall(r"FX\d+", page) == [past.number, today.number]
    assert page.index("Not written down yet") < page.index(past.number) < page.index("2026-11-20") < page.index(today.number)
    assert re.findall(r"FX\d+", mine) == [past.number]
    assert re.findall(r"FX\d+", stranger) == []


def test_calendar_and_bench_ask_as_much_for_three_rows_as_for_one(staff, offices):
    officer = staff["officer"]

    def one_more(hour: int) -> None:
        case = accepted("2026-11-02", officer=officer, consent_delegate=Filed.YES)
        consent(case, by=officer.ref, question=Question.DELEGATION, complainant=None)
        services.delegate(case, offices["station"], by=officer.ref, at=at("2026-11-04"), note="就近")
        services.begin(fresh(case), by=staff["station"].ref, at=at("2026-11-05"))
        services.schedule_session(
            fresh(case), plan(staff["station"], f"2026-11-24 {hour}:00"), by=staff["station"].ref, at=at("2026-11-05")
        )

    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    client = signed_in("station")
    one_more(10)
    few = asked("/mediation/"), asked("/mediation/bench")
    one_more(12)
    one_more(14)
    many = asked("/mediation/"), asked("/mediation/bench")

    assert few == many


def test_terms_as_written_open_only_with_a_purpose_and_only_to_who_works_on_the_case(case, staff):
    mediating(case, by=staff["officer"].ref)
    services.agree(fresh(case), way=Way.WRITTEN, terms="退款到13805371234", recovered_fen=0, by=staff["officer"].ref, at=at("2026-11-10"))
    address = f"/mediation/agreements/{Agreement.objects.get().pk}/terms"

    assert "13805371234" not in signed_in("officer").get(f"/cases/{case.pk}").content.decode()
    assert signed_in("officer").post(address, {"purpose": ""}).status_code == 422
    assert "退款到13805371234" in signed_in("officer").post(address, {"purpose": "documents"}).content.decode()
    assert signed_in("head").post(address, {"purpose": "documents"}).status_code == 403
    assert signed_in("stranger").post(address, {"purpose": "documents"}).status_code == 404


def test_the_history_tells_of_it_in_chinese(case, staff):
    consent(case, by=staff["officer"].ref, respondent=False)
    with translation.override("zh-hans"):
        page = signed_in("officer", "zh-hans").get(f"/cases/{case.pk}").content.decode()

    assert "被投诉人拒绝调解（电话）" in page
    assert "投诉人同意调解（电话）" in page
