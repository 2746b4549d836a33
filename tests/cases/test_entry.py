"""The entry screen: forms 1 and 2 in one go, and what is looked up while somebody speaks."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from casework import LIN, NOW, at, clocks, filing, taken
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from entering import kettle, sent

from fangxin.accounts.models import Person as Staff
from fangxin.cases import lookups
from fangxin.cases.entry_form import CHANNELS
from fangxin.cases.filings import Consent, Filing, Kind, PartyRole, Person, Respondent
from fangxin.cases.models import PLACE_PARTY, Case, CaseLink, Draft, Party
from fangxin.cases.services import dispatch, receive
from fangxin.cases.services.drafting import missing
from fangxin.kernel import vault
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Town, Trader
from fangxin.registry.names import normalise
from fangxin.registry.services import load_places
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(offices):
    person("desk", "city_desk", "370800", at=NOW, name="李静")
    return signed_in("desk")


@pytest.fixture
def officer(offices):
    person("officer", "officer", "370811", at=NOW, name="王芳")
    return signed_in("officer")


def trader(name: str, **more) -> Trader:
    return Trader.objects.create(name=name, normalised_name=normalise(name), status="active", stated_key=more.pop("key", name)[:32], **more)


def people(case: Case) -> dict[str, dict[str, str]]:
    """Everybody in the case in plain text, by role; for whoever may open the vault."""
    fields = ("name", "phone", "id_type", "id_number", "address", "authority")
    found = {}
    for one in Party.objects.filter(case=case):
        sealed = vault.Sealed(one.keys, PLACE_PARTY, one.pk, bytes(one.sealed))
        plain = vault.reveal(sealed, fields=fields, subject=case.ref, purpose="test", actor=SYSTEM, at=NOW)
        found[one.role] = {name: value for name, value in plain.items() if value}
    return found


# --- what becomes of a form --------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_whole_complaint_holds_every_field_of_form_one(desk):
    answer = desk.post("/cases/new", kettle())

    case = Case.objects.get()
    assert answer["Location"].startswith("/cases/new?done=")
    assert (case.kind, case.channel, case.state, case.unit) == ("complaint", "telephone", "received", None)
    assert case.request == "退货、退款；另赔偿误工费50元"
    assert (case.claimed_fen, str(case.occurred_on), case.goods_or_service) == (19900, "2026-11-10", "电热水壶")
    assert (case.consent_publish, case.consent_delegate) == ("yes", "no")
    assert (case.respondent_name, case.respondent_address) == ("济宁市鲁好商贸有限公司", "济宁市任城区阜桥街道建设路1号")
    assert "林晓梅" not in case.narrative
    assert people(case) == {
        "complainant": {
            "name": "林晓梅",
            "phone": "13805371234",
            "id_type": "居民身份证",
            "id_number": "37081119860512112X",
            "address": "济宁市任城区古槐路19号3单元502室",
        },
        "respondent_contact": {"name": "陈明", "phone": "0537-2345678"},
    }
    assert Entry.objects.get(event="cases.CaseReceived").actor.startswith("person:")


def test_the_number_is_told_large_and_what_is_missing_with_it(desk):
    answer = desk.post("/cases/new", kettle(name="", address="", requests=[], request=""))

    page = desk.get(answer["Location"]).content.decode()
    assert Case.objects.get().number in re.search(r'fx-done-number">(.*?)</p>', page, re.DOTALL)[1]
    assert re.search(r"Still missing:(.*?)</p>", page, re.DOTALL)[1].split() == ["name,", "address,", "request"]


def test_somebody_elses_registration_is_not_told(desk, officer):
    desk.post("/cases/new", kettle())

    assert Case.objects.get().number not in officer.get(f"/cases/new?done={Draft.objects.get().pk}").content.decode()


def test_one_word_is_enough(desk):
    answer = desk.post("/cases/new", sent(narrative="水壶漏水"))

    case = Case.objects.get()
    assert answer.status_code == 302
    assert (case.kind, case.consent_publish, Party.objects.count()) == ("undetermined", "not_asked", 0)


def test_save_and_open_leads_to_the_case(desk):
    assert desk.post("/cases/new", kettle(do="open"))["Location"] == f"/cases/{Case.objects.get().pk}"


def test_a_mixed_filing_becomes_two_linked_cases_and_both_numbers_are_told(desk):
    answer = desk.post("/cases/new", kettle(kind="mixed", field_of_law="food"))

    cases = list(Case.objects.order_by("pk"))
    assert [(case.kind, case.field_of_law) for case in cases] == [("complaint", "food"), ("report", "food")]
    assert CaseLink.objects.get().kind == "split"
    page = desk.get(answer["Location"]).content.decode()
    assert all(case.number in page for case in cases)


def test_an_anonymous_report_names_nobody(desk):
    desk.post("/cases/new", sent(kind="report", anonymous="on", narrative="某超市卖过期牛奶", field_of_law="food"))

    case = Case.objects.get()
    assert (case.kind, case.anonymous, case.field_of_law, Party.objects.count()) == ("report", True, "food", 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "report", "anonymous": "on"}, "An anonymous report holds no personal data"),
        ({"anonymous": "on"}, "Only a report can be anonymous"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "twelve"}, "amount"),
        ({"occurred_on": "2026-11-21"}, "This day has not come yet"),
        ({"arrived_on": "2026-11-21"}, "This day has not come yet"),
        ({"channel": "12345"}, "channel"),
        ({"kind": "nonsense"}, "kind"),
        ({"narrative": ""}, "nothing to register"),
        ({"do": "dispatch"}, "Choose the unit"),
        ({"do": "dispatch", "unit": "association"}, "unit"),
        ({"phone": "1" * 41}, "phone"),
    ],
)
def test_what_can_not_be_right_is_told_beside_its_field_and_nothing_is_lost(desk, changes, field):
    answer = desk.post("/cases/new", kettle(**changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "fx-field-error" in page
    assert field in page
    assert "林晓梅" in page
    assert (Case.objects.count(), Draft.objects.open().count()) == (0, 1)


def test_a_wrong_check_digit_stops_nobody(desk):
    assert desk.post("/cases/new", kettle(id_number="370811198605121128", respondent_uscc="91", phone="12")).status_code == 302


def test_messages_are_in_the_readers_language(desk, offices):
    answer = signed_in("desk", "zh-hans").post("/cases/new", kettle(narrative="", occurred_on="2026-11-21"))

    assert "这一天还没有到" in answer.content.decode()


@pytest.mark.parametrize(
    ("day", "received"),
    [("2026-11-18", at("2026-11-18 09:00")), ("2026-11-20", NOW), ("", NOW)],
)
def test_a_letter_is_received_on_the_day_of_its_arrival(desk, day, received):
    desk.post("/cases/new", kettle(channel="letter", arrived_on=day))

    assert Case.objects.get().first_received_at == received


def test_the_channel_used_last_is_offered_first(desk):
    desk.post("/cases/new", kettle(channel="window"))

    assert re.search(r'value="window"[^>]*checked', desk.get("/cases/new").content.decode())
    assert [one.value for one in CHANNELS] == ["telephone", "window", "letter"]


@pytest.mark.django_db(transaction=True)
def test_agents_and_joint_complainants_come_with_their_roles(desk):
    further = {
        "further-TOTAL_FORMS": "3",
        "further-0-role": "agent", "further-0-name": "周律师", "further-0-id_number": "37", "further-0-authority": "代为投诉、和解，三个月",
        "further-1-role": "joint", "further-1-name": "王强", "further-1-phone": "13905379999",
        "further-2-role": "agent", "further-2-name": "",
    }  # fmt: skip

    desk.post("/cases/new", kettle(respondent_contact="", respondent_phone="", **further))

    found = people(Case.objects.get())
    assert set(found) == {"complainant", "agent", "joint"}
    assert found["agent"] == {"name": "周律师", "id_number": "37", "authority": "代为投诉、和解，三个月"}


# --- where it goes -----------------------------------------------------------------------------------------------------------


def test_the_desk_dispatches_at_once(desk):
    desk.post("/cases/new", kettle(do="dispatch", unit="370811-guhuai"))

    case = Case.objects.get()
    assert (case.state, case.unit.code, case.competent.code) == ("dispatched", "370811-guhuai", "370811")
    assert clocks(case)["local.dispatch"] == "in_time"


def test_the_desk_keeps_what_is_not_dispatched_whatever_unit_was_proposed(desk):
    desk.post("/cases/new", kettle(unit="370811"))

    assert (Case.objects.get().state, Case.objects.get().unit) == ("received", None)


@pytest.mark.parametrize("button", ["next", "open", "dispatch"])
def test_an_officer_takes_in_for_their_own_unit_and_the_period_by_law_begins(officer, button):
    desk_free = officer.post("/cases/new", kettle(do=button))

    case = Case.objects.get()
    assert desk_free.status_code == 302
    assert (case.unit.code, case.competent_received_at) == ("370811", NOW)
    assert clocks(case)["complaint.acceptance"] == "2026-12-01"
    assert officer.get(f"/cases/{case.pk}").status_code == 200


def test_an_officer_gives_nothing_to_another_unit(officer):
    answer = officer.post("/cases/new", kettle(do="dispatch", unit="370881"))

    assert answer.status_code == 422
    assert not Case.objects.exists()


@pytest.mark.parametrize("role", ["mediator", "supervisor", "publisher", "evaluator", "auditor", "administrator", ""])
def test_nobody_else_enters_anything(offices, role):
    person("someone", role, "370800", at=NOW)
    client = signed_in("someone")

    answers = {client.get(f"/cases/{page}").status_code for page in ("new", "drafts")}
    answers |= {
        client.post(f"/cases/new{page}", kettle()).status_code for page in ("", "/save", "/traders", "/places", "/where", "/earlier")
    }

    assert answers == {403}
    assert not Draft.objects.exists()


# --- the trader --------------------------------------------------------------------------------------------------------------


def test_a_trader_chosen_among_namesakes_is_the_cases_trader(desk):
    first, second = trader("老王饭店", key="a"), trader("老王饭店", key="b")

    desk.post("/cases/new", kettle(respondent_name="老王饭店", trader=str(second.pk)))
    desk.post("/cases/new", kettle(respondent_name="老王饭店"))

    assert list(Case.objects.order_by("pk").values_list("trader_id", flat=True)) == [second.pk, None]
    assert Entry.objects.filter(event="cases.TraderMatched").count() == 1
    assert first.pk != second.pk


def test_a_name_typed_over_the_choice_counts_and_not_the_choice(desk):
    chosen = trader("老王饭店")

    desk.post("/cases/new", kettle(respondent_name="老李饭店", trader=str(chosen.pk)))

    assert Case.objects.get().trader is None


def test_traders_are_offered_with_code_address_and_the_unit_of_their_town(desk):
    load_places(by=SYSTEM, at=NOW)
    town = Town.objects.get(name="古槐街道")
    Trader.objects.create(
        name="济宁市鲁好商贸有限公司",
        normalised_name="济宁市鲁好商贸有限公司",
        uscc="91370811MA3XXXXXX1",
        address="古槐路1号",
        town=town,
        status="active",
    )

    page = desk.post("/cases/new/traders", {"q": "鲁好"}).content.decode()

    for text in ("济宁市鲁好商贸有限公司", "91370811MA3XXXXXX1", "古槐路1号", "→ 古槐市场监管所"):
        assert text in page
    assert "Not on the register" in desk.post("/cases/new/traders", {"q": "没有"}).content.decode()


def test_the_look_up_of_traders_costs_the_same_for_one_and_for_many(desk):
    load_places(by=SYSTEM, at=NOW)
    town = Town.objects.get(name="古槐街道")
    costs = []
    for size in (1, 50):
        for number in range(size):
            trader(f"鲁好{size}之{number}店", town=town)
        desk.post("/cases/new/traders", {"q": "鲁好"})
        with CaptureQueriesContext(connection) as spent:
            desk.post("/cases/new/traders", {"q": "鲁好"})
        costs.append(len(spent))

    assert costs[0] == costs[1] <= 14


# --- the place ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "unit", "shown"),
    [
        ({"address": "济宁市任城区古槐街道1号"}, "370811-guhuai", "古槐街道"),
        ({"address": "任城区建设路1号"}, "370811", "任城区"),
        ({"address": "市中区"}, "370811", "任城区"),
        ({"address": "曲阜市"}, "370881", "曲阜市"),
        ({"address": "", "place": "曲阜市"}, "370881", "曲阜市"),
        ({"address": "北京市"}, None, ""),
    ],
)
def test_an_address_shows_the_unit_that_it_would_go_to(desk, given, unit, shown):
    load_places(by=SYSTEM, at=NOW)

    page = desk.post("/cases/new/where", given).content.decode()

    assert (re.search(r'data-unit="([^"]*)"', page) or ["", None])[1] == unit
    assert shown in page


def test_without_an_address_the_register_tells(desk):
    load_places(by=SYSTEM, at=NOW)
    known = trader("鲁好", town=Town.objects.get(name="古槐街道"))

    page = desk.post("/cases/new/where", {"trader": known.pk, "address": ""}).content.decode()

    assert 'data-unit="370811-guhuai"' in page


def test_places_are_offered_with_their_unit(desk):
    load_places(by=SYSTEM, at=NOW)

    page = desk.post("/cases/new/places", {"q": "古槐"}).content.decode()

    assert 'data-name="任城区古槐街道"' in page
    assert "→ 古槐市场监管所" in page


# --- earlier cases -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def earlier(offices) -> dict[str, Case]:
    """Of 林晓梅: a complaint in one county, a report and a complaint with the other; and a stranger's."""
    other = replace(LIN, name="王强", phone="13905379999", id_number="")
    rows = {
        "mine": filing("1", received_at=NOW - timedelta(days=3)),
        "report": filing("2", received_at=NOW - timedelta(days=2), kind=Kind.REPORT, respondent=Respondent(name="别的店")),
        "elsewhere": filing("3", received_at=NOW - timedelta(days=1), respondent=Respondent(name="第三家")),
        "stranger": filing("4", received_at=NOW - timedelta(days=1), persons=(other,)),
    }
    receive(list(rows.values()), by=SYSTEM, at=NOW)
    cases = dict(zip(rows, Case.objects.order_by("pk"), strict=True))
    for name, unit in (("mine", "370811"), ("report", "370881"), ("elsewhere", "370881"), ("stranger", "370811")):
        dispatch([cases[name]], offices[unit], by=SYSTEM, at=NOW)
    return cases


def shown(client, **given) -> list[str]:
    return re.findall(r">(FX\d+)</a>", client.post("/cases/new/earlier", given).content.decode())


def test_earlier_cases_of_a_number_stand_there_at_once_newest_first(desk, earlier):
    page = desk.post("/cases/new/earlier", {"phone": "138 0537-1234"}).content.decode()

    assert "3 earlier cases of this number" in page
    assert re.findall(r">(FX\d+)</a>", page) == [earlier[name].number for name in ("elsewhere", "report", "mine")]
    assert "13805371234" not in page
    assert "林晓梅" not in page


def test_an_officer_sees_and_counts_only_cases_whose_people_they_may_look_at(officer, earlier):
    page = officer.post("/cases/new/earlier", {"phone": "13805371234"}).content.decode()

    assert "1 earlier case of this number" in page
    assert re.findall(r">(FX\d+)</a>", page) == [earlier["mine"].number]


def test_a_case_against_the_same_trader_comes_first_and_is_marked(desk, earlier):
    page = desk.post("/cases/new/earlier", {"phone": "13805371234", "respondent_name": "济宁市 鲁好商贸有限公司"}).content.decode()

    assert "perhaps the same matter" in page
    assert re.findall(r">(FX\d+)</a>", page)[0] == earlier["mine"].number
    assert page.count("fx-e-hit") == 1


def test_the_identity_number_finds_as_well(desk, earlier):
    assert len(shown(desk, id_number="370811198605121128")) == 3


@pytest.mark.parametrize("given", [{}, {"phone": ""}, {"phone": "138"}, {"phone": "无"}, {"phone": "13900000000"}, {"id_number": "x"}])
def test_nothing_or_a_fragment_finds_nobody(desk, earlier, given):
    assert shown(desk, **given) == []


def test_a_look_up_opens_nothing_and_is_not_in_the_journal(desk, earlier):
    before = Entry.objects.count()

    shown(desk, phone="13805371234")

    assert Entry.objects.count() == before


def test_the_look_up_costs_the_same_for_one_and_for_many(desk):
    costs = []
    for size in (1, 60):
        receive([filing(f"{size}-{n}", received_at=NOW - timedelta(hours=n)) for n in range(size)], by=SYSTEM, at=NOW)
        shown(desk, phone="13805371234")
        with CaptureQueriesContext(connection) as spent:
            assert len(shown(desk, phone="13805371234")) == min(size, lookups.EARLIER)
        costs.append(len(spent))

    assert costs[0] == costs[1]


def test_the_look_up_by_number_walks_its_index(desk, earlier):
    with CaptureQueriesContext(connection) as spent:
        lookups.earlier(Staff.objects.get(login="desk"), phone="13805371234")
    sql = spent[-1]["sql"]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        plan = "\n".join(str(row) for row in cursor.fetchall())

    assert "cases_party_phone" in plan


# --- what the law asks for ---------------------------------------------------------------------------------------------------


def said(**changes) -> Filing:
    plain = {"respondent": Respondent(name="店", address="路1号"), "consent_publish": Consent.YES, "consent_delegate": Consent.NO}
    return filing("", **{**plain, **changes})


@pytest.mark.parametrize(
    ("one", "lacks"),
    [
        (said(), []),
        (said(persons=()), ["name", "phone", "address"]),
        (said(request=""), ["request"]),
        (said(consent_publish=Consent.NOT_ASKED, consent_delegate=Consent.NOT_ASKED), ["consent_publish", "consent_delegate"]),
        (replace(said(), respondent=Respondent(uscc="9137", platform="淘宝")), []),
        (replace(said(), respondent=Respondent()), ["respondent_name", "respondent_address"]),
        (said(kind=Kind.REPORT, persons=(), anonymous=True, request=""), []),
        (said(kind=Kind.REPORT, persons=(replace(LIN, id_number=""),)), ["id_number"]),
        (said(kind=Kind.CONSULTATION, persons=()), ["phone"]),
        (said(persons=(LIN, Person(name="周", role=PartyRole.AGENT))), ["authority"]),
        (said(persons=(LIN, Person(name="王", role=PartyRole.JOINT))), ["representatives"]),
        (
            said(
                persons=(
                    LIN,
                    *[Person(name=f"王{n}", role=PartyRole.REPRESENTATIVE) for n in "甲乙"],
                    Person(name="丙", role=PartyRole.JOINT),
                )
            ),
            [],
        ),
    ],
)
def test_what_article_ten_to_twelve_ask_for_is_named(one, lacks):
    assert missing(one) == lacks


def test_a_case_that_the_desk_took_down_is_like_any_other(desk):
    desk.post("/cases/new", kettle())

    case = Case.objects.get()
    other = taken("x", received_at=NOW)
    assert set(clocks(case)) == set(clocks(other))
