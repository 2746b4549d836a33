"""Files become cases exactly once; what can't waits in quarantine; what was done goes back to the channel."""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from fangxin.accounts.models import Office
from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.cases.models import Case, Party
from fangxin.cases.services import dispatch, respond
from fangxin.exchange import profiles
from fangxin.exchange.models import Collected, Disposition, ExportRun, ImportRun, QuarantinedRow, RowState
from fangxin.exchange.services import acknowledge, collect, drop, export, import_file, importing, look, retry
from fangxin.exchange.services.exporting import neutral
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
DESK = Ref("person:7")
HEADER = ["工单编号", "来电时间", "来电人", "联系电话", "诉求类型", "诉求内容", "承办单位"]


def orders(path: Path, rows) -> Path:
    book = openpyxl.Workbook()
    for row in [HEADER, *rows]:
        book.active.append(row)
    book.save(path)
    return path


def order(number: int, *, told="锅漏水", when="2026-11-18 09:30:00", kind="投诉", unit=""):
    return [f"JN{number}", when, "张三", "13800138000", kind, f"{told}{number}", unit]


def counts(report):
    return report.rows, report.created, report.updated, report.unchanged, report.quarantined


def state():
    return {
        "cases": sorted(Case.objects.values_list("channel", "outside_number", "part", "narrative")),
        "parties": Party.objects.count(),
        "journal": Entry.objects.count(),
        "quarantine": sorted(QuarantinedRow.objects.values_list("row", "code", "state")),
        "runs": ImportRun.objects.count(),
    }


@pytest.fixture
def bureau(db) -> Office:
    rows = [
        OfficeRow(code="370800", name="城市局", kind="city_amr"),
        OfficeRow(code="370811", name="试验县市场监督管理局", kind="county_amr", parent_code="370800"),
    ]
    load_offices(rows, by=DESK, at=AT)
    return Office.objects.select_related("competent").get(code="370811")


def test_every_row_is_a_case_or_in_quarantine_and_again_changes_nothing(tmp_path):
    path = orders(
        tmp_path / "t.xlsx", [order(1), order(2, kind="投诉举报"), order(3, when="2026-02-30"), order(4, kind="感谢"), HEADER, [], order(5)]
    )
    told = []

    report = import_file(path, "12345-orders", by=DESK, at=AT, progress=lambda done, of: told.append((done, of)))

    assert (counts(report), report.skipped) == ((5, 3, 0, 0, 2), 2)
    assert told == [(5, 6)]
    assert report.reasons == Counter({("来电时间", "exchange.date_impossible"): 1, ("诉求类型", "exchange.code_unknown"): 1})
    assert sorted(Case.objects.values_list("outside_number", "part")) == [("JN1", ""), ("JN2", "complaint"), ("JN2", "report"), ("JN5", "")]
    assert list(QuarantinedRow.objects.open().order_by("row").values_list("row", "column")) == [(4, "来电时间"), (5, "诉求类型")]
    assert set(Entry.objects.filter(event="cases.CaseReceived").values_list("actor", flat=True)) == {f"import:{report.run}"}
    assert Entry.objects.filter(event="exchange.FileImported", actor=DESK).count() == 1

    before = state()
    again = import_file(path, "12345-orders", by=DESK, at=AT + timedelta(days=1))

    assert counts(again) == (5, 0, 0, 3, 2)
    after = state()
    assert after["journal"] == before.pop("journal") + 1
    assert {**after, "runs": 1} == {**before, "journal": after["journal"]}


def test_a_changed_row_is_an_update(tmp_path):
    import_file(orders(tmp_path / "a.xlsx", [order(1), order(2)]), "12345-orders", by=DESK, at=AT)

    report = import_file(orders(tmp_path / "b.xlsx", [order(1), order(2, told="锅裂了")]), "12345-orders", by=DESK, at=AT)

    assert counts(report) == (2, 0, 1, 1, 0)
    assert list(Case.objects.order_by("outside_number").values_list("narrative", flat=True)) == ["锅漏水1", "锅裂了2"]


def test_a_dry_run_reports_all_and_writes_nothing(tmp_path):
    path = orders(tmp_path / "t.xlsx", [*(order(n) for n in range(5)), *(order(n, kind="感谢") for n in range(5, 10))])
    before = state()

    report = import_file(path, "12345-orders", by=DESK, at=AT, dry_run=True, batch=3)

    assert (counts(report), report.run, report.dry_run) == ((10, 5, 0, 0, 5), None, True)
    assert [(reject.row, reject.code, reject.raw) for reject in report.rejects] == [
        (row, "exchange.code_unknown", {}) for row in range(7, 12)
    ]
    assert state() == before


def test_an_interrupted_import_is_taken_up_after_its_last_batch(tmp_path, monkeypatch):
    path = orders(tmp_path / "t.xlsx", [order(n) if n % 5 else order(n, kind="感谢") for n in range(1, 21)])
    real, calls = importing.receive, []

    def dies(filings, **options):
        calls.append(len(filings))
        receipts = real(filings, **options)
        if len(calls) == 3:
            raise KeyboardInterrupt  # after the rows of the third batch are written, before it commits
        return receipts

    monkeypatch.setattr(importing, "receive", dies)
    with pytest.raises(KeyboardInterrupt):
        import_file(path, "12345-orders", by=DESK, at=AT, batch=5)
    assert (Case.objects.count(), QuarantinedRow.objects.count()) == (8, 2)

    report = import_file(path, "12345-orders", by=DESK, at=AT + timedelta(hours=1), batch=5)

    assert (counts(report), report.resumed_after) == ((20, 16, 0, 0, 4), 11)
    assert calls == [4, 4, 4, 4, 4]
    assert (Case.objects.count(), QuarantinedRow.objects.count(), ImportRun.objects.count()) == (16, 4, 1)
    run = ImportRun.objects.get()
    assert (run.rows, run.created, run.quarantined, run.last_row, run.finished_at) == (20, 16, 4, 21, AT + timedelta(hours=1))


def test_two_imports_of_one_file_at_once_do_not_run_into_each_other(tmp_path, monkeypatch):
    path = orders(tmp_path / "t.xlsx", [order(n) for n in range(6)])

    def take(self, chunk, mapper):
        if not started:
            started.append(True)
            import_file(path, "12345-orders", by=DESK, at=AT, batch=2)
        return original(self, chunk, mapper)

    started = []
    original = importing._Importing.take
    monkeypatch.setattr(importing._Importing, "take", take)
    with pytest.raises(StaleState):
        import_file(path, "12345-orders", by=DESK, at=AT, batch=2)

    assert Case.objects.count() == 6


def test_one_row_that_breaks_its_batch_goes_alone_into_quarantine(tmp_path, monkeypatch):
    path = orders(tmp_path / "t.xlsx", [order(n) for n in range(1, 6)])
    real = importing.receive

    def breaks(filings, **options):
        if any(filing.outside_number == "JN3" for filing in filings):
            raise ValueError("张三")
        return real(filings, **options)

    monkeypatch.setattr(importing, "receive", breaks)
    report = import_file(path, "12345-orders", by=DESK, at=AT)

    assert counts(report) == (5, 4, 0, 0, 1)
    row = QuarantinedRow.objects.get()
    assert (row.row, row.code, row.params) == (4, "exchange.row_failed", {"reason": "ValueError"})


def test_what_receive_refuses_is_quarantined_with_its_reason(tmp_path):
    path = orders(tmp_path / "t.xlsx", [order(1, when="2012-05-02 08:00:00"), order(2)])

    report = import_file(path, "12345-orders", by=DESK, at=AT)

    assert report.rows == 2
    assert report.created + report.quarantined == 2
    assert import_file(path, "12345-orders", by=DESK, at=AT, as_if=True).quarantined == 0


def test_a_quarantined_row_is_sealed_corrected_and_taken_in_once(tmp_path):
    path = orders(tmp_path / "t.xlsx", [order(1, kind="感谢"), order(2)])
    import_file(path, "12345-orders", by=DESK, at=AT)
    row = QuarantinedRow.objects.get()

    assert b"13800138000" not in bytes(row.sealed)
    assert "感谢" not in str(row.params)
    assert "感谢" not in row.reason
    assert look(row, purpose="check", by=DESK, at=AT)["联系电话"] == "13800138000"
    assert Entry.objects.filter(event="kernel.PersonalDataRevealed", subject=row.ref).count() == 1
    with pytest.raises(BadInput, match="感谢"):
        retry(row, {}, by=DESK, at=AT)
    assert QuarantinedRow.objects.open().count() == 1

    receipt = retry(row, {"诉求类型": "投诉"}, by=DESK, at=AT)

    assert receipt.outcome == "created"
    assert (row.state, row.settled_by) == (RowState.FIXED, DESK)
    assert Case.objects.get(outside_number="JN1").kind == "complaint"
    assert Entry.objects.get(event="exchange.RowRetried").actor == DESK
    with pytest.raises(IllegalStep):
        retry(row, {"诉求类型": "投诉"}, by=DESK, at=AT)
    assert counts(import_file(path, "12345-orders", by=DESK, at=AT)) == (2, 0, 0, 1, 1)
    assert (QuarantinedRow.objects.count(), QuarantinedRow.objects.open().count()) == (1, 0)


def test_what_the_file_does_not_hold_must_be_given_before_a_retry(tmp_path):
    rows = [order(1)]
    rows[0][5] = "=A1"
    import_file(orders(tmp_path / "t.xlsx", rows), "12345-orders", by=DESK, at=AT)
    row = QuarantinedRow.objects.get()

    with pytest.raises(BadInput, match="correct the cell first"):
        retry(row, {"诉求类型": "投诉"}, by=DESK, at=AT)

    assert retry(row, {"诉求内容": "锅漏水"}, by=DESK, at=AT).outcome == "created"


def test_a_row_is_dropped_with_a_reason_only(tmp_path):
    import_file(orders(tmp_path / "t.xlsx", [["合计", None, None, None, None, "1", None]]), "12345-orders", by=DESK, at=AT)
    row = QuarantinedRow.objects.get()

    with pytest.raises(BadInput):
        drop(row, reason="  ", by=DESK, at=AT)
    drop(row, reason="总计行", by=DESK, at=AT)

    assert (row.state, row.note) == (RowState.DROPPED, "总计行")
    with pytest.raises(IllegalStep):
        drop(row, reason="again", by=DESK, at=AT)


def test_a_better_profile_settles_what_waited(tmp_path):
    path = orders(tmp_path / "t.xlsx", [order(1, kind="表扬")])
    import_file(path, "12345-orders", by=DESK, at=AT)
    text = (Path(profiles.__file__).parent / "12345-orders.toml").read_text()
    (tmp_path / "own.toml").write_text(text.replace('"求助" =', '"表扬" = "consultation", "求助" ='))

    import_file(path, str(tmp_path / "own.toml"), by=DESK, at=AT)

    assert (Case.objects.get().kind, QuarantinedRow.objects.get().state) == ("consultation", RowState.FIXED)


def test_a_list_without_numbers_or_times_is_the_same_list_tomorrow_and_when_it_grows(tmp_path):
    (tmp_path / "a.csv").write_text("text,label\n退货,1\n退货,1\n换货,0\n", encoding="utf-8-sig")
    (tmp_path / "b.csv").write_bytes("text,label\n退货,1\n退货,1\n换货,0\n修理,1\n".encode("gb18030"))

    first = import_file(tmp_path / "a.csv", "plain", by=DESK, at=AT)
    second = import_file(tmp_path / "a.csv", "plain", by=DESK, at=AT + timedelta(days=1))
    longer = import_file(tmp_path / "b.csv", "plain", by=DESK, at=AT + timedelta(days=2))

    assert [counts(report) for report in (first, second, longer)] == [(3, 3, 0, 0, 0), (3, 0, 0, 3, 0), (4, 1, 0, 3, 0)]


def test_the_journal_verifies_after_an_import(tmp_path):
    import_file(orders(tmp_path / "t.xlsx", [order(n) for n in range(3)]), "12345-orders", by=DESK, at=AT)

    assert journal.verify().sound


def test_dispositions_go_out_once_neutralised_and_are_acknowledged(tmp_path, bureau):
    import_file(orders(tmp_path / "t.xlsx", [order(1), order(2, unit=bureau.name)]), "12345-orders", by=DESK, at=AT)
    one, two = Case.objects.order_by("outside_number")
    dispatch([one], bureau, by=DESK, at=AT)
    respond([one, two], method="phone", by=DESK, at=AT + timedelta(hours=1), note="=HYPERLINK(1)")

    assert collect() == 3  # the second order's dispatch came from the channel itself
    assert collect() == 0
    done = export("12345-orders", tmp_path / "out.csv", by=DESK, at=AT)
    nothing = export("12345-orders", tmp_path / "none.xlsx", by=DESK, at=AT)

    assert (done.count, nothing.count) == (3, 0)
    with (tmp_path / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["工单编号", "办理状态", "办理时间", "承办单位", "答复内容"]
    assert lines[1] == ["JN1", "已派单", "2026-11-20 10:00:00", "试验县市场监督管理局", ""]
    assert lines[2] == ["JN1", "已回应", "2026-11-20 11:00:00", "试验县市场监督管理局", "'=HYPERLINK(1)"]
    assert [row.value for row in openpyxl.load_workbook(tmp_path / "none.xlsx").active[1]] == lines[0]
    with pytest.raises(BadInput, match="exists already"):
        export("12345-orders", tmp_path / "out.csv", by=DESK, at=AT)

    (tmp_path / "ack.csv").write_text(
        "工单编号,办理状态,接收结果\nJN1,已派单,成功\nJN1,已回应,格式错误\nJN9,已回应,成功\n", encoding="utf-8"
    )
    answer = acknowledge("12345-orders", tmp_path / "ack.csv", by=DESK, at=AT)
    again = acknowledge("12345-orders", tmp_path / "ack.csv", by=DESK, at=AT)

    assert (answer.accepted, answer.refused, answer.unknown) == (1, 1, ("JN9",))
    assert again.accepted == 0
    assert list(Disposition.objects.order_by("entry").values_list("outside_number", "what", "refusal")) == [
        ("JN1", "dispatched", ""),
        ("JN1", "responded", "格式错误"),
        ("JN2", "responded", ""),
    ]
    assert Disposition.objects.unacknowledged("12345").count() == 2


def test_a_workbook_of_dispositions_holds_texts_only(tmp_path, bureau):
    import_file(orders(tmp_path / "t.xlsx", [order(1)]), "12345-orders", by=DESK, at=AT)
    case = Case.objects.get()
    dispatch([case], bureau, by=DESK, at=AT)
    respond([case], method="phone", by=DESK, at=AT, note="=1+1")

    export("12345-orders", tmp_path / "out.xlsx", by=DESK, at=AT)

    cells = [cell for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "inlineStr"} & {cell.data_type for cell in cells}
    assert "=1+1" in [cell.value for cell in cells]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_neutralised(text):
    assert neutral(text) == f"'{text}"
    assert neutral(f"a{text}") == f"a{text}"


def test_an_export_that_breaks_off_marks_nothing(tmp_path, monkeypatch, bureau):
    import_file(orders(tmp_path / "t.xlsx", [order(1)]), "12345-orders", by=DESK, at=AT)
    dispatch([Case.objects.get()], bureau, by=DESK, at=AT)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))

    with pytest.raises(OSError, match="disk full"):
        export("12345-orders", tmp_path / "out.csv", by=DESK, at=AT)

    assert (list(tmp_path.glob("*out*")), ExportRun.objects.count(), Disposition.objects.pending("12345").count()) == ([], 0, 1)
    assert Collected.objects.get().entry > 0


def test_ten_real_orders_without_anything_but_text(shared):
    report = import_file(shared / "data" / "orders" / "complaint_samples.csv", "plain", by=DESK, at=AT)

    assert counts(report) == (10, 10, 0, 0, 0)
