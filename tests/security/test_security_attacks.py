"""What an attacker tried and what must stay refused: odd page keys and ids, empty purposes, crafted workbooks and profiles."""

import base64
import json
import zipfile
from datetime import UTC, datetime

import pytest

from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.cases.forms import RevealForm
from fangxin.exchange import profiles
from fangxin.exchange.models import QuarantinedRow
from fangxin.exchange.services import import_file
from fangxin.exchange.services.exporting import neutral
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
HEAD = "工单编号", "来电时间", "诉求内容", "来电人"
BOOK = '<workbook xmlns:r="r"><sheets><sheet name="S" sheetId="1" r:id="a"/></sheets></workbook>'
RELATIONS = '<Relationships><Relationship Id="a" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'


@pytest.fixture
def desk(transactional_db):
    load_offices([OfficeRow(code="370800", name="City Bureau", kind="city_amr")], by=SYSTEM, at=AT)
    person("desk", "city_desk", "370800", at=AT)
    return signed_in("desk")


def key(*parts) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def row(number: str, *values: str) -> str:
    cells = "".join(f'<c r="{chr(65 + i)}1" t="inlineStr"><is><t>{value}</t></is></c>' for i, value in enumerate(values))
    return f'<row r="{number}">{cells}</row>'


def workbook(path, body: str, *, behind: str = "", **parts: str):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELATIONS)
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{row('1', *HEAD)}{body}</sheetData>{behind}</worksheet>")
        for name, text in parts.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_page_key_beyond_the_calendar_is_refused(desk, instant):
    assert desk.get("/cases/", {"after": key(instant, 1)}).status_code == 409


@pytest.mark.parametrize("digits", [19, 30, 5000])
def test_a_case_key_that_no_database_holds_finds_nothing(desk, digits):
    assert desk.post("/cases/dispatch", {"case": f"{'9' * digits}.received.0", "unit": "370800"}).status_code == 409


@pytest.mark.parametrize("blank", ["\u200b", "\u3000", "…", "-"])
def test_a_purpose_without_a_word_is_none(blank):
    assert not RevealForm({"purpose": "other", "more": blank}).is_valid()


@pytest.fixture
def quarantined(desk, tmp_path) -> QuarantinedRow:
    import_file(
        workbook(tmp_path / "a.xlsx", row("2", "JN7", "2026-02-30 09:30:00", "锅漏水", "欧阳静怡")), "12345-orders", by=SYSTEM, at=AT
    )
    return QuarantinedRow.objects.get()


def test_a_row_is_not_shown_for_a_purpose_without_a_word(desk, quarantined):
    page = desk.post(f"/exchange/quarantine/{quarantined.pk}/", {"purpose": "\u200b…"})

    assert "欧阳静怡" not in page.content.decode()
    assert not Entry.objects.filter(event="kernel.PersonalDataRevealed").exists()


def test_a_long_purpose_does_not_swell_the_journal(desk, quarantined):
    desk.post(f"/exchange/quarantine/{quarantined.pk}/", {"purpose": "why " * 100_000})

    assert len(Entry.objects.get(event="kernel.PersonalDataRevealed").data) < 1000


def test_a_correction_writes_no_invented_column_into_the_journal(desk, quarantined):
    sent = {"name": ["来电时间", "张三 13912345678"], "before": ["", ""], "value": ["2026-02-28 09:30:00", "x"]}

    assert desk.post(f"/exchange/quarantine/{quarantined.pk}/retry", sent).status_code == 302
    assert json.loads(Entry.objects.get(event="exchange.RowRetried").data)["columns"] == ["来电时间"]


def test_signs_that_no_text_may_hold_are_left_out(desk, quarantined):
    sent = {"name": ["来电时间", "诉求内容"], "before": ["", ""], "value": ["2026-02-31 09:30:00", "锅\0漏"]}

    assert desk.post(f"/exchange/quarantine/{quarantined.pk}/retry", sent).status_code == 409
    assert desk.post(f"/exchange/quarantine/{quarantined.pk}/drop", {"reason": "\0\u200b"}).status_code == 409
    assert desk.post(f"/exchange/quarantine/{quarantined.pk}/drop", {"reason": "a line\0 of totals"}).status_code == 302


LONG = "9" * 5000


@pytest.mark.django_db
@pytest.mark.parametrize(
    "crafted",
    [
        {"body": row(LONG, "A", "2026-11-01 09:00:00", "x")},
        {"body": row("1" + "0" * 20, "", "bad", "")},
        {"body": f"<!-- -->{row(LONG, 'A', 'bad', 'x')}"},
        {"body": f'<row r="2"><c r="A2" t="s"><v>{LONG}</v></c></row>'},
        {"body": row("2", "A", "bad", "x"), "behind": '<mergeCells><mergeCell ref="A1:ZZZZZZZ3"/></mergeCells>'},
        {"body": row("2", "A", "bad", "x"), "behind": f'<mergeCells><mergeCell ref="A2:B{LONG}"/></mergeCells>'},
        {"body": "", "_rels/.rels": '<Relationships><Relationship Id="a" Type="x/officeDocument"/></Relationships>'},
    ],
)
def test_a_crafted_workbook_ends_in_quarantine_or_a_refusal(tmp_path, crafted):
    try:
        report = import_file(workbook(tmp_path / "a.xlsx", **crafted), "12345-orders", by=SYSTEM, at=AT)
    except BadInput:
        return
    assert report.rows == report.created + report.quarantined


@pytest.mark.django_db
def test_merges_upon_merges_are_refused_at_once(tmp_path):
    areas = "".join(f'<mergeCell ref="A{first}:A{first + 9000}"/>' for first in range(2, 20_000))
    path = workbook(tmp_path / "a.xlsx", row("2", "A", "bad", "x"), behind=f"<mergeCells>{areas}</mergeCells>")

    with pytest.raises(BadInput) as refusal:
        import_file(path, "12345-orders", by=SYSTEM, at=AT)
    assert refusal.value.code == "exchange.merged_everywhere"


def test_a_profile_is_not_named_like_a_path():
    shipped = (profiles.resources.files(profiles.__name__) / "12345-orders.toml").read_text(encoding="utf-8")

    for name in ("/tmp/evil.toml", "../orders", "x" * 65):
        with pytest.raises(BadInput):
            profiles.parse(shipped.replace('name = "12345-orders"', f'name = "{name}"', 1).encode(), source="own")


def test_a_profile_nested_without_end_is_refused():
    with pytest.raises(BadInput):
        profiles.parse(b"a=" + b"[" * 100_000, source="own")


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", "\n=1+1", "@SUM(A1)", "－1"])
def test_no_exported_cell_is_a_formula(text):
    assert neutral(text).startswith("'")
