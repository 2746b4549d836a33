"""The dispatch bench: the queue with what is left, proposals with their reason, what came back, one unit for many."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.casework import NOW, at, city, filing
from fangxin.accounts.models import Office, Role
from fangxin.cases import proposals
from fangxin.cases.models import Case
from fangxin.cases.services import dispatch, receive, return_to_desk
from fangxin.cases.services.jurisdiction import raise_dispute
from fangxin.cases.services.merging import combine
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Trader
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def offices(monkeypatch) -> dict[str, Office]:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    found = city()
    person("desk", Role.CITY_DESK, "370800", at=NOW)
    return found


def waiting(count: int, **changes) -> list[Case]:
    receive(
        [filing(f"W-{n}", **({"received_at": NOW - timedelta(minutes=10 * (count - n))} | changes)) for n in range(count)],
        by=SYSTEM,
        at=NOW,
    )
    return list(Case.objects.order_by("pk"))


def key(case: Case) -> str:
    return f"{case.pk}.{case.state}.{case.unit_id or 0}"


def laid(page) -> list[str]:
    return [one.row.number for one in page.context["laid"]]


def test_the_queue_stands_by_what_is_left_and_the_first_is_open(offices):
    cases = waiting(3)

    page = signed_in("desk").get("/cases/bench")

    assert laid(page) == [case.number for case in cases]
    assert page.context["chosen"] == key(cases[0])
    assert "1 h 30 min left" in page.content.decode()
    assert page.context["counts"] == {"waiting": 3, "returned": 0, "disputes": 0}


def test_sent_with_one_post_the_next_moves_up_and_the_promise_is_kept(offices):
    first, second = waiting(2)
    client = signed_in("desk")

    answer = client.post("/cases/bench", {"case": [key(first), key(second)], "unit": "370811", "note": ""}, headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "2 cases dispatched to 任城区市场监督管理局." in answer.content.decode()
    assert set(Case.objects.values_list("unit__code", flat=True)) == {"370811"}
    assert "Nothing waits for dispatch." in answer.content.decode()


def test_what_someone_else_sent_first_is_refused_whole_and_nothing_is_lost(offices):
    first, second = waiting(2)
    keys = [key(first), key(second)]
    dispatch([Case.objects.get(pk=second.pk)], offices["370881"], by=SYSTEM, at=NOW)

    answer = signed_in("desk").post("/cases/bench", {"case": keys, "unit": "370811", "note": "x"})

    assert answer.status_code == 409
    assert second.number in answer.content.decode()
    first.refresh_from_db()
    assert first.state == "received"


def test_no_unit_no_case_and_a_strange_one_are_told(offices):
    (case,) = waiting(1)
    client = signed_in("desk")

    assert client.post("/cases/bench", {"case": key(case), "unit": "", "note": ""}).status_code == 422
    assert client.post("/cases/bench", {"unit": "370811"}).status_code == 409
    assert client.post("/cases/bench", {"case": "999.received.0", "unit": "370811"}).status_code == 409
    assert client.post("/cases/bench", {"case": key(case), "unit": "station"}).status_code == 422


def test_what_a_unit_gave_back_stands_apart_with_its_reason_and_that_unit_is_not_proposed(offices):
    back, _other = waiting(2, place="任城区古槐街道")
    dispatch([back], offices["370811-guhuai"], by=SYSTEM, at=NOW - timedelta(minutes=5))
    return_to_desk(back, by=SYSTEM, at=NOW - timedelta(minutes=2), note="经营地址在曲阜")

    page = signed_in("desk").get("/cases/bench?pile=returned")

    (one,) = page.context["laid"]
    assert (one.row.number, one.returned_by, one.why) == (back.number, "古槐市场监管所", "经营地址在曲阜")
    assert "古槐市场监管所" not in [choice.unit.name for choice in one.choices]
    assert page.context["counts"]["returned"] == 1


def test_proposals_are_the_registered_then_the_place_the_address_the_trader_s_units_and_the_usual(offices, monkeypatch):
    trader = Trader.objects.create(uscc="91370811MA3C000000", name="某商贸有限公司", normalised_name="某商贸有限公司")
    old, *_ = waiting(4, place="")
    dispatch([old], offices["370881"], by=SYSTEM, at=NOW)
    case = Case.objects.order_by("pk")[1]
    case.place, case.respondent_address = "任城区古槐街道", "济宁市任城区李营街道12号"
    Case.objects.filter(pk__in=[old.pk, case.pk]).update(trader=trader)
    case.trader_id = trader.pk
    units = [offices[code] for code in ("370800", "370811", "370811-guhuai", "370881")]

    plain = proposals.propose([case], units)[case.pk]
    monkeypatch.setattr(
        proposals, "_proposers", [lambda cases, _units: {one.pk: [proposals.Proposal(offices["370811"], "学到的", 0.93)] for one in cases}]
    )
    taught = proposals.propose([case], units)[case.pk]

    assert [(one.unit.code, bool(one.reason)) for one in plain] == [("370811-guhuai", True), ("370811", True), ("370881", True)]
    assert [one.unit.code for one in taught] == ["370811", "370811-guhuai", "370881"]
    assert taught[0].probability == 0.93


def test_what_is_worked_together_goes_out_together(offices):
    lead, member = waiting(2)
    combine(member, lead, by=SYSTEM, at=NOW, note="同一批")

    signed_in("desk").post("/cases/bench", {"case": key(lead), "unit": "370811", "note": ""})

    assert set(Case.objects.values_list("state", "unit__code")) == {("dispatched", "370811")}


def test_one_case_and_thirty_take_the_same_queries(offices, django_assert_max_num_queries):
    client = signed_in("desk")
    waiting(1)
    with django_assert_max_num_queries(22) as one:
        client.get("/cases/bench")
    receive([filing(f"V-{n}", received_at=NOW - timedelta(minutes=n)) for n in range(29)], by=SYSTEM, at=NOW)
    with django_assert_max_num_queries(22) as many:
        assert len(laid(client.get("/cases/bench"))) == 30

    assert len(many) == len(one)


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.MEDIATOR, Role.AUDITOR])
def test_the_bench_is_the_desk_s(offices, role):
    person("other", role, "370811", at=NOW)

    assert signed_in("other").get("/cases/bench").status_code == 403


def test_a_dispute_is_seen_by_both_bureaus_and_their_superiors_and_by_no_third(offices):
    (case,) = waiting(1, received_at=at("2026-11-16"))
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-11-16 10:00"))
    raise_dispute(case, offices["370881"], by=SYSTEM, at=at("2026-11-17"), note="x")
    for login, role, office in (
        ("here", Role.OFFICER, "370811"),
        ("there", Role.OFFICER, "370881"),
        ("boss", Role.SUPERVISOR, "370800"),
        ("station", Role.MEDIATOR, "station"),
        ("third", Role.OFFICER, "370811-guhuai"),
    ):
        person(login, role, office, at=NOW)

    seen = {
        login: case.number in signed_in(login).get("/cases/jurisdiction").content.decode()
        for login in ("here", "there", "boss", "station", "third")
    }
    links = {
        login: f'href="/cases/{case.pk}"' in signed_in(login).get("/cases/jurisdiction").content.decode() for login in ("here", "there")
    }

    assert seen == {"here": True, "there": True, "boss": True, "station": False, "third": False}
    assert links == {"here": True, "there": False}


def test_the_superior_designates_on_the_case_page_and_the_two_can_not(offices):
    (case,) = waiting(1, received_at=at("2026-11-16"))
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-11-16 10:00"))
    person("here", Role.OFFICER, "370811", at=NOW)
    officer = signed_in("here")
    raised = officer.post(f"/cases/{case.pk}/act/dispute_jurisdiction", {"seen": key(case), "office": "370881", "note": "经营地在曲阜"})
    refused = officer.post(f"/cases/{case.pk}/act/designate_jurisdiction", {"seen": key(case), "office": "370881", "note": "x"})
    page = officer.get(f"/cases/{case.pk}").content.decode()
    done = signed_in("desk").post(
        f"/cases/{case.pk}/act/designate_jurisdiction", {"seen": key(case), "office": "370881", "note": "指定曲阜"}
    )

    assert (raised.status_code, refused.status_code, done.status_code) == (302, 409, 302)
    assert "/act/refer_jurisdiction" in page
    assert "/act/designate_jurisdiction" not in page
    case.refresh_from_db()
    assert case.unit == offices["370881"]
