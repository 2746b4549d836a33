"""The work list, the case page, dispatch, looking at personal data, the export."""

import csv
import io
import re
from datetime import timedelta

import pytest
from casework import LIN, NOW, at, filing, taken
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from fangxin.cases import queries, words
from fangxin.cases.filings import Channel, Kind
from fangxin.cases.models import Case, Note, Party
from fangxin.cases.services import accept, dispatch, receive
from fangxin.cases.views.exporting import cell
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Clock
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

FORMATS = ("JPEG", "PNG", "WebP", "GIF", "PDF", "WAV", "AMR", "OGG", "DOCX")


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return NOW


@pytest.fixture
def desk(offices):
    return person("desk", "city_desk", "370800", at=NOW, name="李静")


@pytest.fixture
def officer(offices):
    return person("officer", "officer", "370811", at=NOW, name="王芳")


def key(case: Case) -> str:
    fresh = Case.objects.get(pk=case.pk)
    return f"{fresh.pk}.{fresh.state}.{fresh.unit_id or 0}"


def numbers(answer) -> list[str]:
    """The case numbers of a list, from the top."""
    return re.findall(r"data-open>(FX\d+)<", answer.content.decode())


def waiting(number: str, minutes: int = 30, **changes) -> Case:
    """A case on the desk's queue, received so many minutes ago."""
    return taken(number, received_at=NOW - timedelta(minutes=minutes), **changes)


# --- the list ----------------------------------------------------------------------------------------------------------------


def test_the_list_begins_with_what_is_late_longest(desk):
    late, fresh, later = waiting("b", 600), waiting("c", 5), waiting("a", 300)

    answer = signed_in("desk").get("/cases/")

    assert numbers(answer) == [late.number, later.number, fresh.number]
    page = answer.content.decode()
    assert "8 h overdue" in page
    assert "1 h 55 min left" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"waiting", "report", "county", "township"}),
        ("state=received", {"waiting", "report"}),
        ("kind=report", {"report"}),
        ("unit=370811", {"county", "township"}),
        ("unit=370811-guhuai", {"township"}),
        ("unit=370881", set()),
        ("channel=12345", {"county"}),
        ("due=overdue", {"report"}),
        ("due=today", {"waiting"}),
        ("term=local.dispatch", {"waiting", "report"}),
        ("status=closed", set()),
        ("status=all&order=newest", {"waiting", "report", "county", "township"}),
        ("kind=nonsense&unit=elsewhere&due=never", {"waiting", "report", "county", "township"}),
    ],
)
def test_filters_narrow_the_list(desk, offices, query, expected):
    cases = {
        "waiting": waiting("1"),
        "report": waiting("2", 300, kind=Kind.REPORT),
        "county": waiting("3", channel=Channel.HOTLINE_12345),
        "township": waiting("4"),
    }
    dispatch([cases["county"]], offices["370811"], by=SYSTEM, at=NOW)
    dispatch([cases["township"]], offices["370811-guhuai"], by=SYSTEM, at=NOW)

    answer = signed_in("desk").get(f"/cases/?{query}")

    assert set(numbers(answer)) == {cases[name].number for name in expected}


@pytest.mark.parametrize("form", ["FX{n}", "fx{n} ", "JN-1"])
def test_a_case_is_found_by_either_number_open_or_closed(desk, form):
    case = waiting("JN-1")
    waiting("JN-2")

    answer = signed_in("desk").get("/cases/", {"q": form.replace("{n}", case.number[2:]), "state": ""})

    assert numbers(answer) == [case.number]


def test_the_list_costs_twelve_queries_for_1_3_and_100_cases(desk):
    client = signed_in("desk")
    costs = []
    for size in (1, 2, 97):
        receive([filing(f"{size}-{n}", received_at=NOW - timedelta(minutes=n)) for n in range(size)], by=SYSTEM, at=NOW)
        client.get("/cases/")
        with CaptureQueriesContext(connection) as spent:
            client.get("/cases/")
        costs.append(len(spent))

    assert costs == [12, 12, 12]


def test_pages_lead_through_all_cases_once(desk):
    receive([filing(f"{n}", received_at=NOW - timedelta(minutes=n)) for n in range(120)], by=SYSTEM, at=NOW)
    client = signed_in("desk")

    for order in ("due", "newest"):
        seen, address = [], f"/cases/?order={order}"
        while address:
            answer = client.get(address)
            seen += numbers(answer)
            following = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
            address = "/cases/" + following[1].replace("&amp;", "&") if following else ""
        assert len(seen) == len(set(seen)) == 120


def test_htmx_gets_the_list_alone_and_a_short_address(desk):
    waiting("1")

    answer = signed_in("desk").get("/cases/?state=received&kind=&unit=&q=&status=open", headers={"hx-request": "true"})

    assert answer.content.decode().strip().startswith("<section")
    assert answer["HX-Push-Url"] == "/cases/?state=received"


def test_a_mangled_page_key_is_refused_not_a_crash(desk):
    assert signed_in("desk").get("/cases/?after=zzz&status=closed").status_code == 409


def test_who_has_no_role_sees_an_empty_list(offices):
    person("nobody", "", "370811", at=NOW)
    case = waiting("1")

    client = signed_in("nobody")

    assert numbers(client.get("/cases/")) == []
    assert client.get(f"/cases/{case.pk}").status_code == 404


def test_counts_stop_at_the_cap(desk, monkeypatch):
    monkeypatch.setattr(queries, "COUNTED", 3)
    receive([filing(f"{n}", received_at=NOW - timedelta(hours=5)) for n in range(5)], by=SYSTEM, at=NOW)

    assert "<strong>2+</strong> overdue" in signed_in("desk").get("/cases/").content.decode()


# --- what is left ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "english", "chinese", "level"),
    [
        ("2026-11-20", "7 working days left", "还剩 7 个工作日", "fine"),
        ("2026-11-30", "1 working day left", "还剩 1 个工作日", "near"),
        ("2026-12-01 23:59", "due today", "今日到期", "near"),
        ("2026-12-02 00:00", "1 day overdue", "已超期 1 天", "overdue"),
        ("2026-12-05", "4 days overdue", "已超期 4 天", "overdue"),
    ],
)
def test_what_is_left_of_seven_working_days(offices, local, english, chinese, level):
    case = waiting("1")
    dispatch([case], offices["370811"], by=SYSTEM, at=NOW)
    clock = Clock.objects.get(subject=case.ref, term="complaint.acceptance")
    _, calendar = current_calendar(NOW)

    for language, text in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert words.left(clock, now=at(local), calendar=calendar) == words.Left(level, text)


def test_a_last_day_that_is_off_is_late_only_after_the_next_working_day(offices):
    case = waiting("1")
    dispatch([case], offices["370811"], by=SYSTEM, at=NOW)
    accept([case], by=SYSTEM, at=NOW)
    clock = Clock.objects.get(subject=case.ref, term="complaint.mediation")
    clock.strict_on, clock.lenient_on = at("2026-11-21").date(), at("2026-11-23").date()
    clock.due_at, clock.breach_at = at("2026-11-22 00:00"), at("2026-11-24 00:00")
    _, calendar = current_calendar(NOW)

    with translation.override("zh-hans"):
        assert words.left(clock, now=at("2026-11-22"), calendar=calendar) == words.Left("grace", "11月23日 后逾期")
        assert words.left(clock, now=at("2026-11-24"), calendar=calendar) == words.Left("overdue", "已超期 1 天")


def test_the_stated_place_suggests_the_lowest_unit_that_it_names(offices):
    units = [offices[code] for code in ("370800", "370811", "370811-guhuai", "370881")]

    assert queries.suggested("任城区古槐街道", units) == offices["370811-guhuai"]
    assert queries.suggested("济宁市曲阜市", units) == offices["370881"]
    assert queries.suggested("", units) is None
    assert queries.suggested("某处", units) is None


# --- dispatch ----------------------------------------------------------------------------------------------------------------


def test_dispatch_sends_several_cases_and_answers_with_the_list(desk, offices):
    one, two, rest = waiting("1"), waiting("2"), waiting("3")

    answer = signed_in("desk").post(
        "/cases/dispatch",
        {"case": [key(one), key(two)], "unit": "370811", "note": "请处理", "list": "state=received"},
        headers={"hx-request": "true"},
    )

    assert answer.status_code == 200
    assert "2 cases dispatched to 任城区市场监督管理局." in answer.content.decode()
    assert numbers(answer) == [rest.number]
    assert set(Case.objects.filter(unit=offices["370811"])) == {one, two}


def test_a_unit_is_found_by_part_of_its_name_without_script(desk, offices):
    case = waiting("1")

    answer = signed_in("desk").post("/cases/dispatch", {"case": key(case), "other": "古槐", "list": ""})

    assert (answer.status_code, answer["Location"]) == (302, "/cases/")
    assert Case.objects.get(pk=case.pk).unit == offices["370811-guhuai"]


@pytest.mark.parametrize(
    ("unit", "said"), [("", "Choose the unit."), ("station", "There is no such unit."), ("370882", "There is no such unit.")]
)
def test_no_unit_or_one_that_takes_no_cases_is_said_beside_the_form(desk, unit, said):
    case = waiting("1")

    answer = signed_in("desk").post("/cases/dispatch", {"case": key(case), "unit": unit})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Case.objects.get(pk=case.pk).state == "received"


def test_the_second_of_two_desks_is_told_and_sees_the_newest_state(desk, offices):
    case = waiting("1")
    old = key(case)
    dispatch([case], offices["370881"], by=SYSTEM, at=NOW)

    answer = signed_in("desk").post("/cases/dispatch", {"case": old, "unit": "370811", "note": "x"})

    assert answer.status_code == 409
    assert f"Someone else changed {case.number} first" in answer.content.decode()
    assert Case.objects.get(pk=case.pk).unit == offices["370881"]


def test_a_case_is_dispatched_anew_only_with_a_note(desk, offices):
    case = waiting("1")
    dispatch([case], offices["370881"], by=SYSTEM, at=NOW)
    client = signed_in("desk")

    refused = client.post("/cases/dispatch", {"case": key(case), "unit": "370811"})
    taken_ = client.post("/cases/dispatch", {"case": key(case), "unit": "370811", "note": "属任城区管辖"})

    assert (refused.status_code, taken_.status_code) == (409, 302)
    assert "To dispatch a case anew, say why." in refused.content.decode()
    assert Case.objects.get(pk=case.pk).unit == offices["370811"]


# --- the case page -----------------------------------------------------------------------------------------------------------


def test_the_page_explains_each_period_with_its_article_in_the_readers_language(desk, officer, offices):
    case = waiting("1")
    dispatch([case], offices["370811"], by=desk.ref, at=NOW, note="请核实后联系13805371234")

    chinese = signed_in("officer", "zh-CN").get(f"/cases/{case.pk}").content.decode()
    english = signed_in("officer").get(f"/cases/{case.pk}").content.decode()

    assert "自2026年11月20日（星期五）起7个工作日，至2026年12月1日（星期二）届满；依据《市场监督管理投诉举报处理办法》第十五条" in chinese
    assert "分送至任城区市场监督管理局" in chinese
    assert "李静" in chinese
    assert "7 working days from Fri 20 Nov 2026: Tue 1 Dec 2026; Order 121 Art 15" in english
    assert "13805371234" not in chinese
    assert "请核实后联系138****1234" in chinese


def test_a_chinese_page_holds_no_english_sentence(desk, officer, offices):
    case = waiting("1")
    dispatch([case], offices["370811"], by=desk.ref, at=NOW, note="请处理")
    client = signed_in("officer", "zh-CN")
    client.post(f"/cases/{case.pk}/act/respond", {"seen": key(case), "method": "telephone", "note": "已联系"})
    other = waiting("2", kind=Kind.UNDETERMINED)
    dispatch([other], offices["370811"], by=desk.ref, at=NOW)
    client.post(f"/cases/{other.pk}/act/set_kind", {"seen": key(other), "kind": "report", "note": ""})

    for address in ("/cases/", f"/cases/{case.pk}", f"/cases/{other.pk}"):
        page = client.get(address).content.decode()
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", page[page.index("<main") :], flags=re.S)
        text = re.sub(r"[A-Z]\d\w*@\w+", "", text)  # the rule's version, e.g. C1@order121
        assert set(re.findall(r"[A-Za-z][A-Za-z_]{2,}", text)) - {"Enter", "CSV", "Esc", *FORMATS} == set(), address


def test_the_page_offers_what_is_lawful_for_state_and_role_and_nothing_else(desk, officer, offices):
    case = waiting("1", kind=Kind.UNDETERMINED)
    dispatch([case], offices["370811"], by=desk.ref, at=NOW)
    person("boss", "supervisor", "370800", at=NOW)

    def offered(login: str) -> set[str]:
        page = signed_in(login).get(f"/cases/{case.pk}").content.decode()
        return set(re.findall(r'action="/cases/(?:\d+/)?(?:act/)?(dispatch|return_to_desk|respond|set_kind|reveal)', page))

    assert offered("officer") == {"return_to_desk", "respond", "set_kind", "reveal"}
    assert offered("desk") == {"dispatch", "respond", "set_kind", "reveal"}
    assert offered("boss") == set()


def test_return_to_desk_needs_a_reason_and_keeps_it_as_a_note(desk, officer, offices):
    case = waiting("1")
    dispatch([case], offices["370811"], by=desk.ref, at=NOW)
    client = signed_in("officer")

    without = client.post(f"/cases/{case.pk}/act/return_to_desk", {"seen": key(case), "note": " "})
    done = client.post(f"/cases/{case.pk}/act/return_to_desk", {"seen": key(case), "note": "不属本辖区"})

    assert (without.status_code, done.status_code, done["Location"]) == (422, 302, "/cases/")
    assert (Case.objects.get(pk=case.pk).state, Note.objects.get(step="return_to_desk").text) == ("received", "不属本辖区")


def test_setting_the_kind_starts_the_statutory_period_from_the_bureaus_receipt(desk, officer, offices):
    case = waiting("1", kind=Kind.UNDETERMINED)
    dispatch([case], offices["370811"], by=desk.ref, at=at("2026-11-20 09:55"))

    answer = signed_in("officer").post(f"/cases/{case.pk}/act/set_kind", {"seen": key(case), "kind": "complaint", "note": ""})

    assert answer.status_code == 302
    assert Clock.objects.get(subject=case.ref, term="complaint.acceptance").started_at == at("2026-11-20 09:55")


def test_a_step_that_someone_else_made_impossible_is_answered_with_409_and_the_newest_state(desk, officer, offices):
    case = waiting("1")
    dispatch([case], offices["370811"], by=desk.ref, at=NOW)
    old = key(case)
    accept([case], by=officer.ref, at=NOW)
    client = signed_in("officer", "zh-CN")

    stale = client.post(f"/cases/{case.pk}/act/return_to_desk", {"seen": old, "note": "x"})
    illegal = client.post(f"/cases/{case.pk}/act/return_to_desk", {"seen": key(case), "note": "x"})

    assert (stale.status_code, illegal.status_code) == (409, 409)
    assert "当前状态为“已受理”，不能办理“退回分送台”。" in illegal.content.decode()


@pytest.mark.parametrize(("login", "role", "status"), [("boss", "supervisor", 403), ("far", "officer", 404)])
def test_who_may_not_act_is_refused(desk, offices, login, role, status):
    person(login, role, "370881" if login == "far" else "370800", at=NOW)
    case = waiting("1")
    dispatch([case], offices["370811"], by=desk.ref, at=NOW)

    answer = signed_in(login).post(f"/cases/{case.pk}/act/respond", {"seen": key(case), "method": "telephone"})

    assert answer.status_code == status


# --- personal data -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_personal_data_is_shown_once_for_a_purpose_and_the_look_is_journalled(desk):
    case = waiting("1", narrative="我叫林晓梅，电话13805371234。")
    party = Party.objects.get(case=case)
    client = signed_in("desk")

    before = client.get(f"/cases/{case.pk}").content.decode()
    answer = client.post(f"/cases/{case.pk}/reveal/party/{party.pk}", {"purpose": "contact", "more": "核实付款"})
    after = client.get(f"/cases/{case.pk}").content.decode()

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    for value in (LIN.name, LIN.phone, LIN.id_number, LIN.address):
        assert value in answer.content.decode()
        assert value not in before + after
    entry = Entry.objects.of(case.ref).last()
    assert (entry.event, entry.actor) == ("kernel.PersonalDataRevealed", str(desk.ref))
    assert '"purpose":"contact: 核实付款"' in entry.data
    assert "contact the person about the case (核实付款)" in after


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [Kind.UNDETERMINED, Kind.REPORT])
def test_the_text_as_filed_opens_also_after_the_kind_was_set(desk, offices, kind):
    case = waiting("1", narrative="我叫林晓梅，电话13805371234。", kind=kind)
    client = signed_in("desk")
    if kind is Kind.UNDETERMINED:
        client.post(f"/cases/{case.pk}/act/set_kind", {"seen": key(case), "kind": "report", "note": ""})
        assert Case.objects.get(pk=case.pk).kind == "report"

    answer = client.post(f"/cases/{case.pk}/reveal/filing/{case.pk}", {"purpose": "documents"}, headers={"hx-request": "true"})

    assert answer.status_code == 200
    assert "我叫林晓梅，电话13805371234。" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sent", [{}, {"purpose": "other", "more": " "}, {"purpose": "curiosity"}])
def test_without_a_purpose_nothing_is_shown_and_nothing_journalled(desk, sent):
    case = waiting("1")
    party = Party.objects.get(case=case)

    answer = signed_in("desk").post(f"/cases/{case.pk}/reveal/party/{party.pk}", sent)

    assert answer.status_code == 422
    assert LIN.phone not in answer.content.decode()
    assert not Entry.objects.filter(event="kernel.PersonalDataRevealed").exists()


@pytest.mark.parametrize(
    ("role", "office", "status"), [("supervisor", "370800", 403), ("auditor", "370800", 403), ("officer", "370881", 404)]
)
def test_personal_data_stays_closed_for_who_does_not_work_on_the_case(offices, role, office, status):
    case = waiting("1")
    dispatch([case], offices["370811"], by=SYSTEM, at=NOW)
    party = Party.objects.get(case=case)
    person("other", role, office, at=NOW)

    answer = signed_in("other").post(f"/cases/{case.pk}/reveal/party/{party.pk}", {"purpose": "contact"})

    assert answer.status_code == status


def test_a_person_of_another_case_is_not_opened_through_this_one(desk):
    case, other = waiting("1"), waiting("2")
    stranger = Party.objects.get(case=other)

    assert signed_in("desk").post(f"/cases/{case.pk}/reveal/party/{stranger.pk}", {"purpose": "contact"}).status_code == 404


# --- export ------------------------------------------------------------------------------------------------------------------


def test_the_export_holds_the_list_masked_and_runs_no_formula_and_is_journalled(desk):
    case = waiting("1", title='=HYPERLINK("http://x")', narrative="林晓梅 13805371234 反映水壶漏水")
    waiting("2", kind=Kind.REPORT)

    answer = signed_in("desk").get("/cases/export.csv?kind=complaint&q=&state=received")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")

    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows] == ["number", case.number]
    assert rows[1][8].startswith("'=")
    assert "13805371234" not in text
    assert "林晓梅" not in text
    entry = Entry.objects.get(event="cases.ListExported")
    assert entry.data == '{"filters":["kind=complaint","state=received"],"rows":1}'


def test_a_searched_number_stays_out_of_the_journal(desk):
    answer = signed_in("desk").get("/cases/export.csv?q=13805371234")
    b"".join(answer.streaming_content)

    assert Entry.objects.get(event="cases.ListExported").data == '{"filters":["q"],"rows":0}'


@pytest.mark.parametrize("value", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1"])
def test_no_cell_begins_like_a_formula(value):
    assert cell(value) == "'" + value


def test_times_of_the_export_are_local(desk):
    waiting("1", minutes=0)

    text = b"".join(signed_in("desk").get("/cases/export.csv").streaming_content).decode()

    assert "2026-11-20 10:00" in text
