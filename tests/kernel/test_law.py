"""Citations read and write as the law does; rules resolve to what was in force."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxin.kernel.errors import BadInput, UnknownRule
from fangxin.kernel.law import Cite, LawBook, chinese_number, instrument, instruments

BOOK = """
["complaint.refusal"]
versions = [
  { cites = ["order20:15"] },
  { cites = ["order121:16"] },
]

["complaint.termination"]
versions = [
  { cites = ["order20:21"], until = 2024-06-30 },
  { cites = ["order121:23", "crpl_regulation:46.3"] },
]
"""


@pytest.fixture
def book(tmp_path) -> LawBook:
    path = tmp_path / "book.toml"
    path.write_text(BOOK, encoding="utf-8")
    return LawBook.load(path)


def refuse(tmp_path, text: str, why: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=why):
        LawBook.load(path)


@pytest.mark.parametrize(
    ("short", "zh", "en"),
    [
        ("order121:15", "《市场监督管理投诉举报处理办法》第十五条", "Order 121 Art 15"),
        ("order121:16(4)", "《市场监督管理投诉举报处理办法》第十六条第（四）项", "Order 121 Art 16(4)"),
        ("order121:23.2", "《市场监督管理投诉举报处理办法》第二十三条第二款", "Order 121 Art 23 para 2"),
        ("order121:10.1(3)", "《市场监督管理投诉举报处理办法》第十条第一款第（三）项", "Order 121 Art 10 para 1(3)"),
        ("food_safety_law:115", "《中华人民共和国食品安全法》第一百一十五条", "Food Safety Law Art 115"),
        ("local_pledge", "济宁市市场监督管理局公开承诺（2024年3月12日发布）", "local pledge"),
    ],
)
def test_a_citation_reads_as_documents_write_it(short, zh, en):
    cite = Cite.parse(short)

    assert (cite.zh(), cite.en(), str(cite)) == (zh, en, short)
    assert (cite.text("zh-hans"), cite.text("en")) == (zh, en)


@given(article=st.none() | st.integers(1, 300), paragraph=st.none() | st.integers(1, 9), item=st.none() | st.integers(1, 20))
def test_a_citation_survives_its_short_form(article, paragraph, item):
    cite = Cite("order121", article, paragraph if article else None, item if article else None)

    assert Cite.parse(str(cite)) == cite


@pytest.mark.parametrize("text", ["", "order121:", "order121:(4)", "order121:16.", "Order 121 Art 16", "order121:16(4)x", "第十六条"])
def test_what_is_no_citation_is_refused(text):
    with pytest.raises(BadInput):
        Cite.parse(text)


def test_an_unknown_text_is_never_cited():
    with pytest.raises(UnknownRule, match="no legal text order999"):
        Cite.parse("order999:1")


def test_chinese_numbers():
    numbers = {1: "一", 10: "十", 16: "十六", 20: "二十", 46: "四十六", 100: "一百", 106: "一百零六", 110: "一百一十", 115: "一百一十五"}

    assert {number: chinese_number(number) for number in numbers} == numbers


def test_repealed_texts_end_the_day_before_their_successors_begin():
    assert instrument("order20").in_force_until == date(2026, 4, 14)
    assert instrument("order121").in_force_from == date(2026, 4, 15)
    assert instrument("recall_order12").in_force_until == date(2026, 11, 30)
    assert instrument("recall_order122").in_force_from == date(2026, 12, 1)
    assert all(one.in_force_until is None or one.in_force_from < one.in_force_until for one in instruments().values())


def test_a_rule_resolves_to_the_article_of_the_day(book):
    last, first = book.resolve("complaint.refusal", date(2026, 4, 14)), book.resolve("complaint.refusal", date(2026, 4, 15))

    assert (str(last.cites[0]), last.effective_from, last.effective_until) == ("order20:15", date(2020, 1, 1), date(2026, 4, 14))
    assert (str(first.cites[0]), first.effective_from, first.effective_until) == ("order121:16", date(2026, 4, 15), None)
    assert first.text("zh") == "《市场监督管理投诉举报处理办法》第十六条"
    assert book.names == ("complaint.refusal", "complaint.termination")


def test_outside_its_validity_a_rule_fails_aloud_and_as_if_takes_the_nearest_and_says_so(book):
    with pytest.raises(UnknownRule, match=r"complaint\.refusal is in force on 2019-12-31"):
        book.resolve("complaint.refusal", date(2019, 12, 31))
    with pytest.raises(UnknownRule, match=r"no rule complaint\.nothing"):
        book.resolve("complaint.nothing", date(2026, 5, 1))

    early = book.resolve("complaint.refusal", date(2015, 1, 1), as_if=True)
    assert (str(early.cites[0]), early.as_if) == ("order20:15", True)
    assert not book.resolve("complaint.refusal", date(2026, 5, 1), as_if=True).as_if
    # In the gap of this made-up book the nearer neighbour stands in.
    assert str(book.resolve("complaint.termination", date(2024, 7, 1), as_if=True).cites[0]) == "order20:21"
    assert str(book.resolve("complaint.termination", date(2026, 4, 1), as_if=True).cites[0]) == "order121:23"


def test_a_book_that_can_t_be_right_is_refused(tmp_path):
    refuse(tmp_path, "[rule\n", "not a book of rules")
    refuse(tmp_path, '["a"]\ncites = ["order121:16"]\n', "not a book of rules")
    refuse(tmp_path, '["a"]\nversions = [{ cites = [] }]\n', "not a book of rules")
    refuse(tmp_path, '["a"]\nversions = []\n', "a has no version")
    refuse(tmp_path, '["a"]\nversions = [{ cites = ["order121:16"], until = 2026-01-01 }]\n', "ends before it begins")
    refuse(tmp_path, '["a"]\nversions = [{ cites = ["order121:16"], from = 2026-01-01 }]\n', "outside its validity")
    refuse(tmp_path, '["a"]\nversions = [{ cites = ["order121:16"] }, { cites = ["order121:17"] }]\n', "overlap")
