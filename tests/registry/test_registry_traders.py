"""Taking traders in, and finding them."""

import csv
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Division, Trader, TraderKind, TraderName, TraderStatus
from fangxin.registry.queries import by_name, by_uscc, match_stated
from fangxin.registry.rows import _KIND_CODES, _KIND_WORDS, _STATUSES
from fangxin.registry.services import ImportReport, import_traders, load_places

NOW = datetime(2026, 7, 30, 1, 0, tzinfo=UTC)
HEADER = "uscc,name,kind,status,industry,division,town,address,registered_on,former_names,brand_names"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"

pytestmark = pytest.mark.django_db


def uscc(number: int) -> str:
    """A valid code for each number."""
    body = f"91370811MA{number:07d}"
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(body))
    return body + ALPHABET[(31 - total % 31) % 31]


A, B, C = uscc(1), uscc(2), uscc(3)
ROWS = (
    f"{A},济宁市鲁好商贸有限公司,有限责任公司,存续,F5211,370811,古槐街道,济宁市任城区古槐路1号,2012-03-15,济宁鲁好商店|鲁好批发部,鲁好",
    f"{B},任城区老王饭店（个体）,个体工商户,注销,6210,市中区,,古槐路2号,2015/1/2,,老王",
    f"{C},兖州区𠮷祥🍜面馆,个体工商户,在营（开业）企业,,兖州区,王因街道,,2020年5月6日,,",
)


@pytest.fixture(autouse=True)
def _jining():
    Division.objects.exists() or load_places(by=SYSTEM, at=NOW)


def take_in(*rows: str, header: str = HEADER, **options) -> ImportReport:
    return import_traders([f"{line}\r\n" for line in (header, *rows)], by=SYSTEM, at=NOW, **options)


def test_rows_become_traders_with_their_places_names_and_one_event():
    report = take_in(*ROWS)

    assert report == ImportReport(rows=3, created=3, updated=0, unchanged=0, rejected=0)
    first = Trader.objects.get(uscc=A)
    assert (first.name, first.kind, first.legal_form, first.status, first.industry) == (
        *("济宁市鲁好商贸有限公司", TraderKind.ENTERPRISE, "有限责任公司", TraderStatus.ACTIVE, "F5211"),
    )
    assert (first.division.code, first.town.name, first.registered_on) == ("370811", "古槐街道", date(2012, 3, 15))
    assert list(TraderName.objects.filter(trader=first).order_by("pk").values_list("kind", "name")) == [
        ("former", "济宁鲁好商店"),
        ("former", "鲁好批发部"),
        ("brand", "鲁好"),
    ]
    second, third = Trader.objects.get(uscc=B), Trader.objects.get(uscc=C)
    assert (second.division.code, second.status, second.registered_on) == ("370811", TraderStatus.DEREGISTERED, date(2015, 1, 2))
    assert (third.name, third.division.code, third.town.code) == ("兖州区𠮷祥🍜面馆", "370812", "370871004")
    assert Entry.objects.filter(event="registry.TradersImported").count() == 1


def test_the_same_file_again_changes_nothing_and_announces_nothing():
    take_in(*ROWS)
    before = list(Trader.objects.order_by("pk").values()), list(TraderName.objects.order_by("pk").values())

    report = take_in(*ROWS)

    assert report == ImportReport(rows=3, created=0, updated=0, unchanged=3, rejected=0)
    assert (list(Trader.objects.order_by("pk").values()), list(TraderName.objects.order_by("pk").values())) == before
    assert Entry.objects.filter(event="registry.TradersImported").count() == 1


def test_a_changed_row_changes_its_trader_alone():
    take_in(*ROWS)
    kept = Trader.objects.get(uscc=A)

    report = take_in(
        ROWS[0].replace("济宁市鲁好商贸有限公司", "济宁市鲁佳商贸有限公司").replace("鲁好批发部", "济宁市鲁好商贸有限公司"), *ROWS[1:]
    )

    changed = Trader.objects.get(uscc=A)
    assert (report.updated, report.unchanged) == (1, 2)
    assert (changed.pk, changed.name, changed.normalised_name) == (kept.pk, "济宁市鲁佳商贸有限公司", "济宁市鲁佳商贸有限公司")
    assert [found.kind for found in by_name("济宁市鲁好商贸有限公司")] == ["former"]
    assert by_name("鲁好批发部") == []


def test_a_file_with_fewer_columns_leaves_the_rest_as_it_is():
    take_in(*ROWS)
    before = list(TraderName.objects.order_by("pk").values_list("name", flat=True))

    same = take_in(f"{A},济宁市鲁好商贸有限公司", header="统一社会信用代码,企业名称")
    other = take_in(f"{A},济宁市鲁好商贸有限公司,歇业", header="统一社会信用代码,名称,登记状态")

    trader = Trader.objects.get(uscc=A)
    assert (same.unchanged, other.updated) == (1, 1)
    assert (trader.status, trader.industry, trader.division.code) == (TraderStatus.DORMANT, "F5211", "370811")
    assert list(TraderName.objects.order_by("pk").values_list("name", flat=True)) == before
    assert take_in(*ROWS).updated == 1  # back to what the whole file says


def test_traders_without_code_are_known_by_name_division_and_address():
    rows = (
        ",古槐早点摊,个体工商户,存续,,370811,,古槐路3号,,,",
        ",古槐早点摊,个体工商户,存续,,370811,,古槐路9号,,,",
        ",古槐早点摊 ,个体工商户,存续,,任城区,,古槐路９号,,,",
    )

    first, again = take_in(*rows), take_in(*rows[:2])

    assert (first.created, first.rejected, again.unchanged) == (2, 1, 2)
    assert first.rejections[0].code == "registry.twice_in_file"


def test_a_bad_row_is_reported_with_line_column_and_reason_and_the_rest_goes_in(tmp_path):
    rows = (
        ROWS[0],
        f"{B[:-1]}*,甲店,,,,,,,,,",
        ",甲店,,不明,,,,,,,",
        ",甲店,,,食品,,,,,,",
        ",甲店,,,,370999,,,,,",
        ",甲店,,,,370811,大安镇,,,,",
        ",甲店,,,,,,,2026-02-30,,",
        ",甲店,,,,,,,2026-07-31,,",
        ",=cmd|甲\x00店,,,,,,,,,",
        f",{'长' * 201},,,,,,,,,",
        "只有一格",
        f"{A},又是鲁好,,,,,,,,,",
        ",　,,,,,,,,,",
        "",
        ROWS[1],
    )

    report = take_in(*rows, errors_to=tmp_path / "errors.csv")

    assert (report.rows, report.created, report.rejected) == (14, 2, 12)
    with (tmp_path / "errors.csv").open(encoding="utf-8-sig", newline="") as file:
        errors = list(csv.DictReader(file))
    assert [(error["line"], error["column"], error["code"]) for error in errors] == [
        ("3", "uscc", "registry.uscc_alphabet"),
        ("4", "status", "registry.status_unknown"),
        ("5", "industry", "registry.industry_code"),
        ("6", "division", "registry.division_unknown"),
        ("7", "town", "registry.town_unknown"),
        ("8", "registered_on", "registry.date"),
        ("9", "registered_on", "registry.date_future"),
        ("10", "", "registry.control_character"),
        ("11", "name", "registry.too_long"),
        ("12", "", "registry.cells"),
        ("13", "uscc", "registry.twice_in_file"),
        ("14", "name", "registry.name_empty"),
    ]
    assert all(error["reason"] for error in errors)


def test_a_formula_in_a_refused_cell_is_made_harmless_in_the_report(tmp_path):
    take_in(",甲店,,=HYPERLINK(1),,,,,,,", errors_to=tmp_path / "errors.csv")

    assert "'=HYPERLINK(1)" in (tmp_path / "errors.csv").read_text(encoding="utf-8-sig")


def test_a_code_twice_in_a_file_is_found_across_batches(monkeypatch):
    monkeypatch.setattr("fangxin.registry.services.importing.BATCH", 1)
    seen: list[int] = []

    report = take_in(*ROWS, f"{A},又是鲁好,,,,,,,,,", progress=seen.append)

    assert (report.created, report.updated, report.rejections[0].line, report.rejections[0].code) == (3, 0, 5, "registry.twice_in_file")
    assert seen == [1, 2, 3, 4]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encoding_is_recognised(tmp_path, encoding):
    path = tmp_path / "traders.csv"
    path.write_text(
        "\n".join(["统一社会信用代码,名称,类型,状态,行业代码,区划代码,乡镇,地址,成立日期,曾用名,字号/品牌", *ROWS]), encoding=encoding
    )

    report = import_traders(path, by=SYSTEM, at=NOW)

    assert report.created == 3
    assert by_name("兖州区𠮷祥🍜面馆")[0].trader.uscc == C
    assert len(Entry.objects.get(event="registry.TradersImported").data) > 64  # holds the file's hash


@pytest.mark.parametrize("content", [b"PK\x03\x04....", "uscc,名称".encode("utf-16"), b"\xff\xff\xff\x81"])
def test_what_is_no_csv_is_refused(tmp_path, content):
    path = tmp_path / "traders.csv"
    path.write_bytes(content)

    with pytest.raises(BadInput) as refusal:
        import_traders(path, by=SYSTEM, at=NOW)

    assert refusal.value.code == "registry.not_csv"


@pytest.mark.parametrize(
    ("header", "code"),
    [("uscc,地址", "registry.column_missing"), ("名称,企业名称", "registry.column_twice"), ("", "registry.column_missing")],
)
def test_a_header_that_can_not_be_used_is_refused(header, code):
    with pytest.raises(BadInput) as refusal:
        take_in("x,y", header=header)

    assert refusal.value.code == code


def test_an_unclosed_quote_costs_its_own_rows_and_no_more():
    report = take_in(ROWS[0], f'{B},"甲{"乙" * 140_000}', ROWS[2])

    assert (report.created, report.rejected) == (2, 1)
    assert (report.rejections[0].line, report.rejections[0].code) == (3, "registry.row_unreadable")


def test_reasons_are_given_in_the_language_of_the_operator():
    with translation.override("en"):
        report = take_in(",甲店,,不明,,,,,,,")

    assert report.rejections[0].reason == "The state of registration is not known."


def test_every_status_and_kind_of_a_file_is_one_of_the_register():
    assert set(_STATUSES.values()) == set(TraderStatus.values)
    assert set(TraderKind.values) == _KIND_CODES
    assert {kind for _, kind in _KIND_WORDS} < _KIND_CODES


def test_by_uscc_finds_one_and_refuses_what_is_no_code():
    take_in(*ROWS)

    assert by_uscc(A.lower()).name == "济宁市鲁好商贸有限公司"
    assert by_uscc(uscc(9)) is None
    with pytest.raises(BadInput):
        by_uscc("123")


@pytest.mark.parametrize("count", [1, 3])
def test_by_name_says_which_name_it_was_in_two_queries(count, django_assert_num_queries):
    take_in(*(f"{uscc(n)},连锁{n}店,,,,,,,,,鲁好" for n in range(11, 10 + count)), ROWS[0])

    with django_assert_num_queries(2):
        brand = by_name("鲁好")

    assert [(found.matched, found.kind) for found in brand] == [("鲁好", "brand")] * count
    assert [(found.matched, found.kind) for found in by_name(" 济宁市鲁好商贸有限公司")] == [("济宁市鲁好商贸有限公司", "registered")]
    assert by_name("济宁鲁好商店")[0].kind == "former"
    assert by_name("") == by_name("　") == by_name("鲁") == []


def test_only_what_is_exact_and_without_contradiction_is_matched(django_assert_num_queries):
    take_in(
        *ROWS,
        f"{uscc(4)},连锁店,,,,370811,,,,,同名",
        f"{uscc(5)},连锁店,,,,370812,,,,,",
        ",无证摊,,,,370811,,,,,",
    )
    pk = dict(Trader.objects.exclude(uscc=None).values_list("uscc", "pk"))
    stand = Trader.objects.get(uscc=None).pk
    stated = [
        (("济宁市鲁好商贸有限公司", ""), pk[A]),
        (("", A), pk[A]),
        (("随便写的店名", A), pk[A]),
        (("任城区老王饭店(个体)", A), None),  # the name is another trader's
        (("济宁鲁好商店", ""), pk[A]),  # former name
        (("老王", "1234"), pk[B]),  # brand; the code is none
        (("任城区老王饭店(个体)", uscc(77)), None),  # a code that the register does not know is not B's
        (("无证摊", uscc(77)), stand),
        (("连锁店", ""), None),
        (("连锁店", uscc(5)), pk[uscc(5)]),
        (("", ""), None),
        (("没有这家", ""), None),
    ]

    for size in (1, 3, len(stated)):
        with django_assert_num_queries(3 if size > 1 else 2):
            answers = match_stated([given for given, _ in stated[:size]])
        assert answers == [answer for _, answer in stated[:size]]
    with django_assert_num_queries(0):
        assert match_stated([]) == []
        assert match_stated([("", "")]) == [None]


def test_the_database_refuses_a_trader_known_by_nothing_and_one_known_twice():
    with pytest.raises(IntegrityError), transaction.atomic():
        Trader.objects.create(name="甲", normalised_name="甲")
    with pytest.raises(IntegrityError), transaction.atomic():
        Trader.objects.create(name="甲", normalised_name="甲", uscc="123")
    Trader.objects.create(name="甲", normalised_name="甲", uscc=A)
    with pytest.raises(IntegrityError), transaction.atomic():
        Trader.objects.create(name="乙", normalised_name="乙", uscc=A)
