"""The staff API: the same cases, steps and refusals as the pages, and never more than its person may."""

import json
import re
from datetime import timedelta

import pytest
from casework import LIN, NOW, clocks, filing, taken
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fangxin.accounts.models import Person, Role
from fangxin.accounts.tokens import issue_token
from fangxin.cases import acts
from fangxin.cases.models import Case, Party, Submission
from fangxin.cases.services import dispatch, receive
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db
STAFF = [*Role, ""]
KETTLE = {
    "channel": "telephone",
    "kind": "complaint",
    "narrative": "林晓梅购买的电热水壶漏水，商家拒绝退货。",
    "persons": [{"name": "林晓梅", "phone": "13805371234", "address": "济宁市任城区古槐路19号3单元502室"}],
    "respondent": {"name": "济宁市鲁好商贸有限公司", "address": "任城区"},
    "request": "退货",
    "claimed_fen": 19900,
    "consent_publish": "yes",
}


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock; nobody has asked anything this minute."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    cache.clear()


class Program:
    """A program that speaks for a person."""

    def __init__(self, login: str, scope: str = "write", language: str = "en") -> None:
        who = Person.objects.get(login=login)
        _token, secret = issue_token(who, name="test", scope=scope, expires_at=NOW + timedelta(days=30), by=who.ref, at=NOW)
        self.client = Client(headers={"authorization": f"Bearer {secret}", "accept-language": language})

    def get(self, path: str, **query):
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body, **headers: str):
        return self.client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def desk(offices) -> Program:
    person("desk", "city_desk", "370800", at=NOW, name="李静")
    return Program("desk")


@pytest.fixture
def officer(offices) -> Program:
    person("officer", "officer", "370811", at=NOW, name="王芳")
    return Program("officer")


@pytest.fixture
def cases(offices) -> list[Case]:
    """Six cases: two at the desk, two in one county (one with its township office), two in the other."""
    receive([filing(f"JN-{n}", received_at=NOW - timedelta(hours=n + 1)) for n in range(6)], by=SYSTEM, at=NOW)
    found = list(Case.objects.order_by("pk"))
    for case, code in zip(found, ("", "", "370811", "370811-guhuai", "370881", "370881"), strict=True):
        if code:
            dispatch([case], offices[code], by=SYSTEM, at=NOW)
    return found


def listed(program: Program, **query) -> list[str]:
    found, after = [], ""
    while True:
        page = program.get("cases", after=after, **query).json()
        found += [one["number"] for one in page["cases"]]
        after = page["next"]
        if not after:
            return found


# --- the page and the API agree ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("office", ["370800", "370811"])
def test_listed_on_the_page_is_listed_is_openable_and_can_do_the_same(cases, role, office):
    person("someone", role, office, at=NOW)
    program, browser = Program("someone"), signed_in("someone")

    on_page = re.findall(r"data-open>(FX\d+)<", browser.get("/cases/").content.decode())
    openable = [case.number for case in cases if program.get(f"cases/{case.number}").status_code == 200]

    assert listed(program) == on_page
    assert set(openable) == set(on_page)
    for case in cases:
        page = browser.get(f"/cases/{case.pk}")
        answer = program.get(f"cases/{case.number}/acts")
        assert answer.status_code == page.status_code
        if page.status_code == 200:
            offered = set(re.findall(r'data-act="(\w+)"', page.content.decode()))
            offered |= {"dispatch"} if "data-dispatch" in page.content.decode() else set()
            assert {act["name"] for act in answer.json()["acts"]} == offered


@pytest.mark.parametrize("role", STAFF)
def test_who_may_not_see_a_case_can_do_nothing_to_it(cases, role):
    person("someone", role, "370881", at=NOW)
    program = Program("someone")
    number = cases[2].number

    answers = {program.get(f"cases/{number}").status_code, program.get(f"cases/{number}/acts").status_code}
    answers |= {program.post(f"cases/{number}/acts/{name}", {"fields": {}}).status_code for name in (*acts.named(), "dispatch")}

    assert answers == {404}


@pytest.mark.parametrize("role", STAFF)
def test_only_who_enters_on_the_page_registers_by_program(offices, role):
    person("someone", role, "370811", at=NOW)

    page = signed_in("someone").get("/cases/new").status_code
    answer = Program("someone").post("cases", KETTLE).status_code

    assert (page, answer) in {(200, 201), (403, 403)}
    assert (answer == 201) is (role in {Role.CITY_DESK, Role.OFFICER})


def test_a_reading_token_changes_nothing(desk, cases):
    program = Program("desk", scope="read")
    before = Entry.objects.count()

    answers = [program.post("cases", KETTLE), program.post(f"cases/{cases[0].number}/acts/respond", {"fields": {"method": "telephone"}})]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "accounts.token_only_reads")] * 2
    assert program.get("cases").status_code == 200
    assert Entry.objects.count() == before


@pytest.mark.parametrize("path", ["me", "units", "cases", "cases/FX00000010", "cases/FX00000010/acts"])
def test_without_a_token_there_is_nothing_not_even_for_who_is_signed_in(desk, cases, path):
    for client in (Client(), signed_in("desk")):
        answer = client.get(f"/api/v1/{path}")
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/json")


# --- registering -------------------------------------------------------------------------------------------------------------


def test_one_filing_becomes_a_case_like_one_from_the_screen(desk):
    answer = desk.post("cases", KETTLE)

    case = Case.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {"outcome": "created", "cases": [case.number], "missing": ["consent_delegate"], "error": None, "errors": []}
    assert (case.state, case.unit, case.claimed_fen, case.first_received_at) == ("received", None, 19900, NOW)
    assert "林晓梅" not in case.narrative
    assert Party.objects.get().name_masked == "林**"


def test_a_refusal_is_409_with_code_and_sentence_in_the_language_asked_for(offices):
    person("desk", "city_desk", "370800", at=NOW)
    late = {**KETTLE, "received_at": "2026-11-21T10:00:00+08:00"}

    english = Program("desk").post("cases", late)
    chinese = Program("desk", language="zh-hans").post("cases", {**KETTLE, "narrative": " "})

    assert (english.status_code, english.json()["code"]) == (409, "cases.received_in_future")
    assert "in the future" in english.json()["message"]
    assert re.search("[一-鿿]", chinese.json()["message"])
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"channel": "12345"}, "channel"),
        ({"narrative": ""}, "narrative"),
        ({"narrativ": "x"}, "narrativ"),
        ({"claimed_fen": -1}, "claimed_fen"),
        ({"received_at": "2026-11-20T10:00:00"}, "received_at"),
        ({"persons": [{"nam": "林晓梅"}]}, "nam"),
        ({"consent_publish": "perhaps"}, "consent_publish"),
    ],
)
def test_a_wrong_shape_is_422_and_says_where_but_not_what(desk, change, place):
    answer = desk.post("cases", {**KETTLE, **change})

    assert (answer.status_code, answer.json()["code"]) == (422, "api.shape")
    assert place in answer.json()["errors"][0]["loc"]
    assert "林晓梅" not in answer.content.decode()


@pytest.mark.parametrize("body", [[], [KETTLE] * 501, "x", 7, None])
def test_no_batch_at_all_or_too_large_a_one_is_422(desk, body):
    assert desk.post("cases", body).status_code == 422
    assert not Case.objects.exists()


def test_what_is_no_json_is_400(desk):
    answer = desk.client.post("/api/v1/cases", "{", content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "api.unreadable")


def test_one_bad_row_keeps_none_of_the_others_out(desk):
    rows = [
        KETTLE,
        {**KETTLE, "channel": "nonsense"},
        {**KETTLE, "narrative": " "},
        {**KETTLE, "unit": "elsewhere"},
        {**KETTLE, "kind": "mixed", "unit": "370811"},
    ]

    answer = desk.post("cases", rows)

    receipts = answer.json()["receipts"]
    assert answer.status_code == 200
    assert [one["outcome"] for one in receipts] == ["created", "refused", "refused", "refused", "created"]
    assert receipts[1]["errors"][0]["loc"][-1] == "channel"
    assert [one["error"]["code"] for one in receipts[2:4]] == ["cases.narrative_missing", "cases.unit_not_yours"]
    assert [len(one["cases"]) for one in receipts] == [1, 0, 0, 0, 2]
    assert list(Case.objects.order_by("pk").values_list("unit__code", flat=True)) == [None, "370811", "370811"]


def test_a_batch_costs_as_many_queries_as_one_filing(desk):
    costs = []
    for size in (2, 1, 40):
        with CaptureQueriesContext(connection) as spent:
            assert desk.post("cases", [{**KETTLE, "outside_number": f"{size}-{n}"} for n in range(size)]).status_code == 200
        costs.append(len(spent))

    assert costs[1] == costs[2]  # the first finds calendar and rules unread


def test_an_officer_registers_for_their_own_unit_alone(officer):
    own = officer.post("cases", KETTLE)
    other = officer.post("cases", {**KETTLE, "unit": "370881"})

    case = Case.objects.get()
    assert (own.status_code, other.status_code, other.json()["code"]) == (201, 409, "cases.unit_not_yours")
    assert (case.unit.code, clocks(case)["complaint.acceptance"]) == ("370811", "2026-12-01")


def test_a_number_known_elsewhere_changes_no_case_of_another_unit(desk, officer, offices):
    desk.post("cases", {**KETTLE, "outside_number": "L-1", "unit": "370881"})
    before = Case.objects.values().get()

    taken_over = officer.post("cases", {**KETTLE, "outside_number": "L-1", "narrative": "改写"})
    again = desk.post("cases", {**KETTLE, "outside_number": "L-1", "narrative": "水壶和插头都坏了"})

    assert (taken_over.status_code, taken_over.json()["code"]) == (409, "cases.number_elsewhere")
    assert before["narrative"] != "改写"
    assert (again.status_code, again.json()["outcome"]) == (200, "updated")
    assert Case.objects.count() == 1


# --- once --------------------------------------------------------------------------------------------------------------------


def test_the_same_key_and_body_are_answered_as_before_and_make_nothing_twice(desk):
    rows = [KETTLE, {**KETTLE, "narrative": " "}, {**KETTLE, "claimed_fen": -1}]

    first = desk.post("cases", rows, **{"idempotency-key": "k1"})
    second = desk.post("cases", rows, **{"idempotency-key": "k1"})

    assert first.json() == second.json()
    assert ("Idempotent-Replayed" in first.headers, second.headers.get("Idempotent-Replayed")) == (False, "true")
    assert (Case.objects.count(), Submission.objects.count()) == (1, 1)


def test_a_key_stands_for_one_body_of_one_person(desk, officer):
    desk.post("cases", KETTLE, **{"idempotency-key": "k1"})

    other_body = desk.post("cases", {**KETTLE, "claimed_fen": 1}, **{"idempotency-key": "k1"})
    other_person = officer.post("cases", KETTLE, **{"idempotency-key": "k1"})

    assert (other_body.status_code, other_body.json()["code"]) == (409, "cases.key_used")
    assert other_person.status_code == 201
    assert Case.objects.count() == 2


def test_what_is_kept_for_an_answer_holds_no_personal_data(desk):
    desk.post("cases", [KETTLE, {**KETTLE, "channel": "林晓梅"}], **{"idempotency-key": "k1"})

    row = Submission.objects.get()
    assert "林晓梅" not in row.answer
    assert "13805371234" not in row.answer


def test_without_a_key_the_same_is_registered_twice(desk):
    assert [desk.post("cases", KETTLE).status_code for _ in range(2)] == [201, 201]
    assert Case.objects.count() == 2


# --- reading -----------------------------------------------------------------------------------------------------------------


def test_a_case_is_given_masked(desk):
    case = taken("JN-9", received_at=NOW - timedelta(hours=1), narrative="我叫林晓梅，电话13805371234，水壶漏水。")

    answer = desk.get(f"cases/{case.number}")

    body = answer.json()
    assert body["persons"] == [
        {"role": "complainant", "name": "林**", "phone": "138****1234", "id_number": "**************1128", "address": "济宁市任城区****"}
    ]
    assert {one["term"] for one in body["periods"]} == set(clocks(case))
    assert body["seen"] == f"{case.pk}.received.0"
    for secret in (LIN.name, LIN.phone, LIN.id_number, "502室"):
        assert secret not in answer.content.decode()


@pytest.mark.parametrize("number", ["FX0", "FX00000011", "12", "%27", "FX99999999999999999999"])
def test_a_number_that_is_none_is_404(desk, number):
    assert desk.get(f"cases/{number}").json()["code"] == "api.not_found"


@pytest.mark.parametrize(
    ("query", "expected"), [({}, 6), ({"state": "received"}, 2), ({"unit": "370811"}, 2), ({"q": "JN-3"}, 1), ({"status": "closed"}, 0)]
)
def test_the_filters_are_those_of_the_list(desk, cases, query, expected):
    assert len(listed(desk, **query)) == expected


@pytest.mark.parametrize("query", [{"state": "nonsense"}, {"unit": "elsewhere"}, {"due": "never"}])
def test_a_filter_that_is_none_is_refused_and_not_passed_over(desk, cases, query):
    assert desk.get("cases", **query).status_code == 422


def test_a_mangled_page_key_is_refused(desk):
    assert desk.get("cases", after="zzz").status_code == 409


def test_pages_lead_through_all_cases_once(desk):
    receive([filing(f"{n}", received_at=NOW - timedelta(minutes=n)) for n in range(120)], by=SYSTEM, at=NOW)

    for order in ("due", "newest"):
        found = listed(desk, order=order)
        assert len(found) == len(set(found)) == 120


def test_the_list_costs_the_same_for_one_and_for_many(desk):
    costs = []
    desk.get("cases")
    for size in (1, 49):
        receive([filing(f"{size}-{n}", received_at=NOW - timedelta(minutes=n)) for n in range(size)], by=SYSTEM, at=NOW)
        with CaptureQueriesContext(connection) as spent:
            desk.get("cases", order="newest")
        costs.append(len(spent))

    assert costs[0] == costs[1]


def test_units_and_me_tell_what_the_person_may(officer):
    units = {one["code"]: one["dispatchable"] for one in officer.get("units").json()}
    me = officer.get("me").json()

    assert units == {"370811": True, "370811-guhuai": False, "station": False}
    assert (me["login"], me["office"], me["roles"], me["scope"]) == ("officer", "370811", ["officer@370800/370811/"], "write")


# --- steps -------------------------------------------------------------------------------------------------------------------


def test_steps_are_offered_with_their_fields_and_article(officer, cases):
    offered = {act["name"]: act for act in officer.get(f"cases/{cases[2].number}/acts").json()["acts"]}

    fields = {field["name"]: field for field in offered["respond"]["fields"]}
    assert (fields["method"]["type"], fields["method"]["required"]) == ("choice", True)
    assert ["telephone", "telephone"] in fields["method"]["choices"]
    assert "121" in offered["return_to_desk"]["law"]


def test_a_step_is_taken_as_on_the_page(officer, cases):
    case = cases[2]
    seen = officer.get(f"cases/{case.number}").json()["seen"]

    answer = officer.post(f"cases/{case.number}/acts/return_to_desk", {"fields": {"note": "不属本辖区"}, "seen": seen})
    case.refresh_from_db()

    assert answer.json() == {"done": "return_to_desk", "case": None}  # out of sight now
    assert (case.state, case.unit) == ("received", None)
    assert Entry.objects.of(case.ref).filter(event="cases.CaseReturned").get().actor.startswith("person:")


def test_what_somebody_else_has_moved_meanwhile_is_refused(officer, cases):
    case = cases[2]

    answer = officer.post(f"cases/{case.number}/acts/return_to_desk", {"fields": {"note": "x"}, "seen": f"{case.pk}.received.0"})

    assert (answer.status_code, answer.json()["code"]) == (409, "kernel.stale_state")
    case.refresh_from_db()
    assert case.state == "dispatched"


@pytest.mark.parametrize(
    ("name", "fields", "status", "place"),
    [
        ("respond", {"method": "pigeon"}, 422, "method"),
        ("respond", {"methode": "telephone"}, 422, "methode"),
        ("return_to_desk", {}, 422, "note"),
        ("set_kind", {"kind": "report"}, 409, "cases.not_now"),
        ("nonsense", {}, 404, "api.not_found"),
        ("dispatch", {"unit": "370881"}, 403, "kernel.not_permitted"),
    ],
)
def test_what_the_form_or_the_rules_refuse_is_told(officer, cases, name, fields, status, place):
    answer = officer.post(f"cases/{cases[2].number}/acts/{name}", {"fields": fields})

    assert answer.status_code == status
    assert place in answer.content.decode()


def test_the_desk_dispatches_and_to_dispatch_anew_needs_a_reason(desk, cases):
    number = cases[0].number

    sent = desk.post(f"cases/{number}/acts/dispatch", {"fields": {"unit": "370811"}})
    again = desk.post(f"cases/{number}/acts/dispatch", {"fields": {"unit": "370881"}})
    nowhere = desk.post(f"cases/{number}/acts/dispatch", {"fields": {"unit": "association"}})

    assert (sent.status_code, sent.json()["case"]["unit"]) == (200, "370811")
    assert (again.status_code, again.json()["code"]) == (409, "cases.note_for_redispatch")
    assert nowhere.status_code == 422


# --- what it says of itself --------------------------------------------------------------------------------------------------


def test_the_description_is_for_signed_in_staff(desk):
    browser = signed_in("desk")
    schema = browser.get("/api/v1/openapi.json").json()
    page = browser.get("/api/v1/docs").content.decode()

    assert schema["openapi"].startswith("3.1")
    assert {"/api/v1/me", "/api/v1/units", "/api/v1/cases", "/api/v1/cases/{number}"} <= set(schema["paths"])
    assert "/api/v1/cases/{number}/acts/{name}" in page
    assert not re.search(r'(?:src|href)="https?://', page)
    assert Client().get("/api/v1/openapi.json").status_code == 302
    assert Client().get("/api/v1/docs").status_code == 302
