"""The knowledge base: what ships, how it is found, who keeps it, and that nothing of the bureau's own is lost."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cases.casework import NOW, city
from fangxin.kernel.errors import BadInput, DomainError, StaleState
from fangxin.kernel.journal.models import Entry as JournalEntry
from fangxin.kernel.law import Cite
from fangxin.kernel.refs import SYSTEM
from fangxin.knowledge import queries
from fangxin.knowledge.models import Entry, Topic
from fangxin.knowledge.services import COLUMNS, Loaded, load_entries, save_entry
from staffwork import person, signed_in


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def base(db) -> None:
    """What ships with the product."""
    load_entries(by=SYSTEM, at=NOW)


@pytest.fixture
def people(db) -> None:
    """Who keeps the base, and who reads it."""
    city()
    for login, role in (("desk", "city_desk"), ("officer", "officer"), ("admin", "administrator"), ("mediator", "mediator")):
        person(login, role, "370800", at=NOW)


VALUES = {
    "topic": "rights",
    "title": "共享充电宝乱扣费怎么办？",
    "title_en": "",
    "answer": "请保存订单截图后投诉。",
    "words": "充电宝 扣费",
    "cites": "crpl_regulation:10",
    "sources": "",
    "body": "",
    "phone": "",
    "checked": True,
    "active": True,
}


# --- what ships --------------------------------------------------------------------------------------------------------------


def test_what_ships_answers_the_usual_questions_with_sources(base):
    entries = list(Entry.objects.all())

    assert len(entries) >= 25
    assert {entry.topic for entry in entries} == set(Topic.values)
    for entry in entries:
        assert entry.title_en, entry.slug
        assert entry.basis("zh-hans"), entry.slug
        assert len(queries.quoted(entry)) <= 1500, entry.slug
        assert not re.search(r"[一-龥][,;:?!]", entry.answer), entry.slug
        for cite in entry.cites.split():
            assert Cite.parse(cite).source.in_force_until is None, entry.slug
        if entry.topic == Topic.ELSEWHERE:
            assert "" not in {entry.body, entry.phone}, entry.slug


def test_what_rests_on_texts_that_nobody_read_is_to_be_checked(base):
    read = {"order121", "crpl_regulation", "penalty_procedure", "advertising_law", "food_safety_law", "crpl"}
    read |= {"drug_law", "device_regulation", "cosmetics_regulation"}
    for entry in Entry.objects.filter(checked=True):
        assert not entry.sources, entry.slug
        assert {Cite.parse(cite).instrument for cite in entry.cites.split()} <= read, entry.slug
    assert Entry.objects.filter(checked=False).count() > 10


def test_loading_again_changes_nothing_and_what_the_bureau_wrote_stays(base):
    total = Entry.objects.count()
    before = JournalEntry.objects.count()
    assert load_entries(by=SYSTEM, at=NOW) == Loaded(0, 0, 0)
    assert JournalEntry.objects.count() == before

    own = save_entry(Entry.objects.get(slug="complain.how"), {"answer": "请拨打12315。"}, by=SYSTEM, at=NOW)
    Entry.objects.filter(slug="report.how").update(answer="旧文本")

    assert load_entries(by=SYSTEM, at=NOW) == Loaded(0, 1, 1)
    assert Entry.objects.get(pk=own.pk).answer == "请拨打12315。"
    assert Entry.objects.get(slug="report.how").answer != "旧文本"
    assert Entry.objects.count() == total


@pytest.mark.parametrize(
    "text",
    ["[[entry]]\nslug = 1", "[[entry", 'entry = "x"', '[[entry]]\nslug="a"\ntopic="b"\ntitle="c"\ntitle_en="d"\nanswer="e"'],
)
def test_a_file_that_is_none_is_refused_and_leaves_nothing(db, tmp_path, text):
    path = tmp_path / "entries.toml"
    path.write_text(text, "utf-8")

    with pytest.raises(BadInput):
        load_entries(path, by=SYSTEM, at=NOW)

    assert not Entry.objects.exists()


def test_a_file_that_cites_an_unknown_text_is_refused(db, tmp_path):
    path = tmp_path / "entries.toml"
    path.write_text('[[entry]]\nslug="a"\ntopic="rights"\ntitle="c"\ntitle_en="d"\nanswer="e"\ncites=["nowhere:1"]', "utf-8")

    with pytest.raises(DomainError):
        load_entries(path, by=SYSTEM, at=NOW)


# --- search ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("健身房跑路了会员卡怎么退", "prepaid.refund"),
        ("七天无理由", "return.seven_days"),
        ("吃了外卖拉肚子", "food.poisoning"),
        ("过期食品 十倍", "food.tenfold"),
        ("超市标价和收银价不一样，是价格欺诈吗", "price.fraud"),
        ("手机三包", "three_guarantees"),
        ("老板拖欠工资", "elsewhere.labour"),
        ("信用卡", "elsewhere.banking"),
        ("物业费太高", "elsewhere.property"),
        ("出租车拒载", "elsewhere.taxi"),
        ("宽带乱扣费", "elsewhere.telecom"),
        ("快递丢了", "elsewhere.postal"),
        ("旅行社强制购物", "elsewhere.travel"),
        ("医院收费", "elsewhere.medical"),
        ("odr", "complain.odr"),
        ("taxis", "elsewhere.taxi"),
        ("押金", "deposit"),
        ("７天 无理由", "return.seven_days"),
    ],
)
def test_the_first_answer_is_the_one_that_is_looked_for(base, asked, slug):
    assert queries.search(asked)[0].entry.slug == slug


@pytest.mark.parametrize("asked", ["", "  ", "，。", "的", "zzzz", "鑫犇垚"])
def test_what_says_nothing_finds_nothing(base, asked):
    assert queries.search(asked) == []


def test_search_costs_one_query_and_leaves_out_what_is_not_in_use(base):
    Entry.objects.filter(slug="deposit").update(active=False)

    with CaptureQueriesContext(connection) as made:
        found = queries.search("押金不退")

    assert len(made) == 1
    assert "deposit" not in {hit.entry.slug for hit in found}
    assert "deposit" in {hit.entry.slug for hit in queries.search("押金不退", inactive=True)}


def test_a_quotation_names_the_body_and_the_articles(base):
    assert queries.quoted(Entry.objects.get(slug="elsewhere.labour")).endswith(
        "承办单位：人力资源和社会保障部门，电话：12333。\n依据：《市场监督管理投诉举报处理办法》第十六条第（一）项。"
    )


# --- keeping it --------------------------------------------------------------------------------------------------------------


def test_every_change_is_in_the_journal_by_its_columns_and_hash_alone(base):
    entry = Entry.objects.get(slug="deposit")

    save_entry(entry, {"answer": "押金应当及时退还。", "phone": "12315"}, by=SYSTEM, at=NOW)
    save_entry(Entry.objects.get(slug="deposit"), {"answer": "押金应当及时退还。"}, by=SYSTEM, at=NOW)

    written = list(JournalEntry.objects.of(entry.ref).values_list("data", flat=True))
    assert len(written) == 2
    assert '"changed":["answer","phone"]' in written[-1]
    assert "押金应当" not in written[-1]


def test_two_who_edit_at_once_are_told(base):
    entry = Entry.objects.get(slug="deposit")
    save_entry(entry, {"answer": "第一版"}, by=SYSTEM, at=timezone.now().replace(minute=1), seen=entry.updated_at)

    with pytest.raises(StaleState):
        save_entry(entry, {"answer": "第二版"}, by=SYSTEM, at=NOW, seen=entry.updated_at)

    assert Entry.objects.get(slug="deposit").answer == "第一版"


def test_a_short_name_is_there_once_and_citations_can_be_read(base):
    with pytest.raises(BadInput, match="short name"):
        save_entry(None, VALUES, slug="deposit", by=SYSTEM, at=NOW)
    with pytest.raises(DomainError):
        save_entry(None, {**VALUES, "cites": "第十条"}, slug="power-bank", by=SYSTEM, at=NOW)

    assert save_entry(None, VALUES, slug="power-bank", by=SYSTEM, at=NOW).edited


# --- pages -------------------------------------------------------------------------------------------------------------------


def test_everybody_reads_and_finds(base, people):
    for login in ("desk", "officer", "mediator"):
        client = signed_in(login)
        page = client.get("/knowledge/").content.decode()
        found = client.get("/knowledge/?q=押金").content.decode()
        assert page.count("/knowledge/") > 25
        assert "押金不退怎么办？" in signed_in(login, "zh-CN").get("/knowledge/").content.decode()
        assert "A deposit is not returned" in found
    nothing = signed_in("officer").get("/knowledge/?q=zzzz")
    assert "No entry fits these words." in nothing.content.decode()


def test_an_entry_shows_its_articles_and_whether_they_were_checked(base, people):
    client = signed_in("officer", "zh-CN")
    plain = client.get(f"/knowledge/{Entry.objects.get(slug='price.discrimination').pk}").content.decode()
    open_ = client.get(f"/knowledge/{Entry.objects.get(slug='price.fraud').pk}").content.decode()

    assert "《中华人民共和国消费者权益保护法实施条例》第九条" in plain
    assert "尚待本局核对" not in plain
    assert "尚待本局核对" in open_
    assert "明码标价和禁止价格欺诈规定" in open_


def test_the_desk_and_the_administrator_write_and_others_do_not(base, people):
    entry = Entry.objects.get(slug="deposit")
    sent = {**{name: getattr(entry, name) for name in COLUMNS}, "answer": "新文本", "seen": entry.updated_at.isoformat()}
    sent = {name: value for name, value in sent.items() if value is not False}

    for login, status in (("officer", 403), ("mediator", 403), ("desk", 302)):
        client = signed_in(login)
        assert client.get(f"/knowledge/{entry.pk}/edit").status_code == (200 if status == 302 else status)
        assert client.post(f"/knowledge/{entry.pk}/edit", sent).status_code == status
    assert (Entry.objects.get(pk=entry.pk).answer, Entry.objects.get(pk=entry.pk).edited) == ("新文本", True)
    made = signed_in("admin").post("/knowledge/new", {**VALUES, "slug": "power-bank"})
    assert made["Location"] == f"/knowledge/{Entry.objects.get(slug='power-bank').pk}"
    assert signed_in("officer").get("/knowledge/new").status_code == 403


def test_what_was_typed_comes_back_with_an_error_or_a_refusal(base, people):
    client = signed_in("desk")
    entry = Entry.objects.get(slug="deposit")

    wrong = client.post("/knowledge/new", {**VALUES, "slug": "power-bank", "cites": "第十条"})
    taken = client.post("/knowledge/new", {**VALUES, "slug": "deposit"})
    stale = client.post(f"/knowledge/{entry.pk}/edit", {**VALUES, "seen": "2026-01-01T00:00:00+00:00"})

    assert (wrong.status_code, taken.status_code, stale.status_code) == (422, 409, 409)
    for answer in (wrong, taken, stale):
        assert "请保存订单截图后投诉。" in answer.content.decode()
    assert "There is an entry with this short name already." in taken.content.decode()


def test_what_is_not_in_use_is_there_only_for_who_keeps_it(base, people):
    entry = Entry.objects.get(slug="deposit")
    Entry.objects.filter(pk=entry.pk).update(active=False)

    assert signed_in("officer").get(f"/knowledge/{entry.pk}").status_code == 404
    assert signed_in("desk").get(f"/knowledge/{entry.pk}").status_code == 200
    assert "A deposit is not returned" not in signed_in("officer").get("/knowledge/").content.decode()
    assert "A deposit is not returned" not in signed_in("officer").get("/knowledge/?q=押金").content.decode()
    assert "not in use" in signed_in("desk").get("/knowledge/").content.decode()


def test_the_list_costs_the_same_for_one_entry_and_for_many(people):
    client = signed_in("officer")
    save_entry(None, VALUES, slug="one", by=SYSTEM, at=NOW)
    with CaptureQueriesContext(connection) as one:
        client.get("/knowledge/")
    load_entries(by=SYSTEM, at=NOW)
    with CaptureQueriesContext(connection) as many:
        client.get("/knowledge/")

    assert len(one) == len(many)
