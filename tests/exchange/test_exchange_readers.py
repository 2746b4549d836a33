"""Tables out of files: the same values as the oracles read, and a clear sentence for everything that is no table."""
# ruff: noqa: DTZ001 -- spreadsheets know no zones

import csv
import io
import struct
import zipfile
from datetime import date, datetime, time
from itertools import count
from pathlib import Path

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fangxin.exchange.readers import Fault, Limits, base, open_table, sheetxml, xls
from fangxin.exchange.readers.xlsx import SharedStrings, Xlsx
from fangxin.kernel.errors import BadInput

copies = count()
SHEET = "xl/worksheets/sheet1.xml"


def workbook(path: Path, rows, **settings) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, value in settings.items():
        setattr(book, name, value)
    book.save(path)
    return path


def shared_workbook(path: Path, rows, *, constant_memory=False) -> Path:
    """As Excel writes it, with a table of shared strings; with `constant_memory` inline."""
    options = {"constant_memory": constant_memory, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    book = xlsxwriter.Workbook(path, options)
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            (sheet.write_string if isinstance(cell, str) else sheet.write)(at, column, cell)
    book.close()
    return path


def rewritten(path: Path, part: str, change) -> Path:
    """A copy of a workbook with one part's XML changed."""
    target = path.with_name(f"changed_{next(copies)}.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name == part else data)
    return target


def table_of(path: Path, **options):
    with open_table(path, **options) as table:
        return table, list(table.rows())


def refusal(path: Path, **options) -> str:
    with pytest.raises(BadInput) as caught:
        table_of(path, **options)
    assert str(caught.value).endswith(".")
    return caught.value.code


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**14), 10**14),
    st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: round(value, 6)),
    st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)).map(lambda value: value.replace(microsecond=0)),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="_"), min_size=1, max_size=30).filter(
        lambda text: not text.startswith("=") and text.strip()
    ),
)


def empty_as_none(rows):
    return [[None if cell == "" else cell for cell in row] for row in rows]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=1, max_size=8), writer=st.sampled_from(["openpyxl", "shared", "inline"])
)
def test_what_another_program_writes_is_read_back_equal(tmp_path, rows, writer):
    path = tmp_path / "table.xlsx"
    content = [["one", "two", "three", "four"], *rows]
    if writer == "openpyxl":
        workbook(path, content)
    else:
        shared_workbook(path, content, constant_memory=writer == "inline")

    with open_table(path) as table:
        read = [cells for _, cells in table.rows()]
    source = Xlsx(path, limits=Limits())
    context = sheetxml.Context(source._part, source._strings, source._dates, source.epoch_1904, Limits())
    exact, quick = (list(way(source._chunks(source._part), context)) for way in (sheetxml.exact_rows, sheetxml.quick_rows))
    source.close()

    wanted = [row for row in rows if any(cell is not None for cell in row)]
    assert [[same(cell) for cell in row] for row in read] == [[same(cell) for cell in row] for row in wanted]
    oracle = list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))[1:]
    oracle = [[same(cell) for cell in (*row, None, None, None, None)[:4]] for row in oracle if any(cell is not None for cell in row)]
    assert [[same(cell) for cell in row] for row in read] == oracle
    assert [(at, trimmed(row)) for at, row in exact if trimmed(row)] == [(at, trimmed(row)) for at, row in quick if trimmed(row)]


def trimmed(row):
    row = [None if cell == "" else cell for cell in row]
    while row and row[-1] is None:
        row.pop()
    return row


def same(cell):
    """Whole floats and integers are one thing in a spreadsheet; XML knows one line break."""
    if isinstance(cell, float):
        return float(f"{cell:.12g}")
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return datetime(cell.year, cell.month, cell.day)
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def test_calamine_reads_the_same(tmp_path):
    rows = [["名称", "数", "时间"], ["张三😀", 12, datetime(2026, 3, 5, 9, 30, 15)], ["a & b < c", 0.1, datetime(2025, 12, 31)]]
    path = workbook(tmp_path / "t.xlsx", rows)

    table, read = table_of(path)

    oracle = python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()
    assert [table.header, *[cells for _, cells in read]] == [[same(cell) for cell in row] for row in oracle]
    assert (table.kind, table.header_row, table.total_hint) == ("xlsx", 1, 2)


def test_dates_follow_the_workbooks_epoch_and_styles(tmp_path):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["day", "clock", "chinese", "plain"])
    sheet.append([datetime(2026, 3, 5), time(9, 5), datetime(2026, 3, 6, 1, 2), 45000])
    sheet["C2"].number_format = 'yyyy"年"m"月"d"日" h:mm'
    path = tmp_path / "mac.xlsx"
    book.save(path)

    table, read = table_of(path)

    assert table.epoch_1904
    assert read[0][1][0] == datetime(2026, 3, 5)
    assert read[0][1][2:] == [datetime(2026, 3, 6, 1, 2), 45000]


def test_serial_numbers_skip_the_day_that_1900_never_had():
    assert sheetxml.from_serial(1, epoch_1904=False) == datetime(1900, 1, 1)
    assert sheetxml.from_serial(59, epoch_1904=False) == datetime(1900, 2, 28)
    assert sheetxml.from_serial(60, epoch_1904=False) is None
    assert sheetxml.from_serial(61, epoch_1904=False) == datetime(1900, 3, 1)
    assert sheetxml.from_serial(0, epoch_1904=True) == datetime(1904, 1, 1)
    assert sheetxml.from_serial(0.5, epoch_1904=False) == time(12)


def test_iso_dates_errors_rich_text_and_pronunciations(tmp_path):
    path = rewritten(
        workbook(tmp_path / "t.xlsx", [["a", "b", "c", "d"]]),
        SHEET,
        lambda xml: xml.replace(
            b"</sheetData>",
            b'<row r="2"><c r="A2" t="d"><v>2026-03-05T09:30:00</v></c><c r="B2" t="e"><v>#N/A</v></c>'
            b'<c r="C2" t="inlineStr"><is><r><t>re</t></r><r><t xml:space="preserve">d &amp; </t></r>'
            b'<rPh sb="0" eb="1"><t>no</t></rPh></is></c>'
            b'<c r="D2" t="str"><f>A1</f><v></v></c></row></sheetData>',
        ),
    )

    _, [(number_, cells)] = table_of(path)

    assert number_ == 2
    assert cells[0] == datetime(2026, 3, 5, 9, 30)
    assert isinstance(cells[1], Fault)
    assert (cells[1].code, cells[1].text) == ("exchange.cell_error", "#N/A")
    assert cells[2:] == ["red & ", None]


def test_a_formula_counts_with_its_stored_value_and_is_a_fault_without(tmp_path):
    book = xlsxwriter.Workbook(tmp_path / "f.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", "b"])
    sheet.write_formula(1, 0, "=1+1", None, 2)
    book.close()
    without = workbook(tmp_path / "g.xlsx", [["a", "b"], ["=1+1", "x"]])

    assert table_of(tmp_path / "f.xlsx")[1] == [(2, [2, None])]
    fault = table_of(without)[1][0][1][0]
    assert isinstance(fault, Fault)
    assert (fault.code, fault.text) == ("exchange.formula_unvalued", "=1+1")


def test_title_lines_blank_rows_and_repeated_headers_are_skipped_and_counted(tmp_path):
    path = workbook(
        tmp_path / "t.xlsx",
        [
            ["12345 工单导出"],
            ["导出人：某某", None, "2026"],
            [],
            ["编号", "姓名", "内容"],
            ["1", "a", "x"],
            [],
            [" 编号 ", "姓名:", "内容"],
            ["2", "b", "y"],
        ],
    )

    table, rows = table_of(path, names=["编号", "内容"])

    assert (table.header, table.header_row) == (["编号", "姓名", "内容"], 4)
    assert rows == [(5, ["1", "a", "x"]), (8, ["2", "b", "y"])]
    assert (table.skipped_blank, table.skipped_headers) == (1, 1)


def test_a_header_of_two_levels_takes_the_merged_areas_value(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "投诉人", None, "内容"])
    sheet.append([None, "姓名", "电话", None])
    sheet.append(["1", "a", "138", "x"])
    for area in ("A1:A2", "B1:C1", "D1:D2"):
        sheet.merge_cells(area)
    book.save(tmp_path / "t.xlsx")

    table, rows = table_of(tmp_path / "t.xlsx", names=["编号", "姓名", "电话", "内容"])

    assert table.header == ["编号", "姓名", "电话", "内容"]
    assert rows == [(3, ["1", "a", "138", "x"])]


def test_a_header_cell_over_two_columns_is_refused_by_name(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编号", "电话", None])
    book.active.append(["1", "138", "139"])
    book.active.merge_cells("B1:C1")
    book.save(tmp_path / "t.xlsx")

    with pytest.raises(BadInput, match="“电话” is merged across columns B to C"):
        table_of(tmp_path / "t.xlsx", names=["编号", "电话"])


def test_rows_that_a_merged_area_continues_into_are_faults(tmp_path):
    book = openpyxl.Workbook()
    for row in (["a", "b"], ["1", "x"], [None, "y"], ["3", "z"]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "t.xlsx")

    _, rows = table_of(tmp_path / "t.xlsx")

    assert [row[1][-1].code if isinstance(row[1][-1], Fault) else "" for row in rows] == ["", "exchange.row_merged", ""]


def test_the_first_sheet_that_holds_anything_or_the_named_one(tmp_path):
    book = openpyxl.Workbook()
    book.create_sheet("data").append(["a", "b"])
    book.create_sheet("other").append(["c", "d"])
    book.save(tmp_path / "t.xlsx")

    assert table_of(tmp_path / "t.xlsx")[0].sheet == "data"
    assert table_of(tmp_path / "t.xlsx", sheet="other")[0].header == ["c", "d"]
    assert refusal(tmp_path / "t.xlsx", sheet="third") == "exchange.no_sheet"


def test_prefixes_comments_and_cdata_take_the_exact_way(tmp_path):
    plain = workbook(tmp_path / "t.xlsx", [["a", "b"], ["1", "x"]])
    commented = rewritten(plain, SHEET, lambda xml: xml.replace(b"<sheetData>", b"<sheetData><!-- </row> -->"))
    prefixed = rewritten(
        plain,
        SHEET,
        lambda _: (
            b'<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
            b'<x:row r="4"><x:c r="A4" t="inlineStr"><x:is><x:t>a</x:t></x:is></x:c></x:row><x:row><x:c><x:v>7</x:v></x:c></x:row>'
            b"</x:sheetData></x:worksheet>"
        ),
    )

    assert table_of(commented)[1] == [(2, ["1", "x"])]
    assert table_of(prefixed)[1] == [(5, [7])]


def test_strings_beyond_memory_come_back_from_the_file():
    strings = SharedStrings(in_memory_chars=100)
    texts = [f"第{number}条 " + "字" * (number % 50) for number in range(5000)]
    for text in texts:
        strings.add(text)
    strings.flush()

    assert len(strings) == 5000
    assert [strings[index] for index in range(5000)] == texts
    assert [strings[index] for index in (4999, 3, 4000, 3999, 0)] == [texts[index] for index in (4999, 3, 4000, 3999, 0)]
    with pytest.raises(IndexError):
        strings[5000]
    strings.close()


def test_escaped_control_characters_never_bring_nul_or_half_a_pair():
    assert sheetxml.unescape("a_x000D_b_x005F_x_x0000_") == "a\rb_x"
    assert sheetxml.unescape("_xD83D__xDE00_ _xD83D_") == "😀 �"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7 ...", "exchange.is_pdf"),
        (b"<html><body><table><tr><td>a</td></tr></table></body></html>", "exchange.is_html"),
        (b"\xef\xbb\xbf  <!DOCTYPE html>", "exchange.is_html"),
        (b'<?xml version="1.0"?><Workbook/>', "exchange.is_xml"),
        (b"{\\rtf1}", "exchange.is_rtf"),
        (b"\x89PNG\r\n", "exchange.is_image"),
        (b"Rar!\x1a", "exchange.is_archive"),
        (b'[{"a": 1}]', "exchange.is_json"),
        (b"\x00\x01" * 500, "exchange.is_binary"),
        (b"", "exchange.empty_file"),
        (b"PK\x03\x04 and then nothing", "exchange.truncated"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "exchange.protected"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "WordDocument".encode("utf-16-le"), "exchange.is_docx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "exchange.truncated"),
        (b"\n \n", "exchange.no_rows"),
        (b"a,b\n\xff\xff\xfe,1\n", "exchange.encoding_unknown"),
    ],
)
def test_what_is_no_table_is_named(tmp_path, content, code):
    path = tmp_path / "list.xls"
    path.write_bytes(content)

    assert refusal(path) == code


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["word/document.xml"], "exchange.is_docx"),
        (["xl/workbook.bin"], "exchange.is_xlsb"),
        (["mimetype", "content.xml"], "exchange.is_ods"),
        (["readme.txt"], "exchange.is_archive"),
    ],
)
def test_zips_that_are_no_workbook_are_named(tmp_path, names, code):
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        for name in names:
            archive.writestr(name, "x")

    assert refusal(tmp_path / "t.xlsx") == code


def test_a_workbook_cut_off_or_damaged_is_refused(tmp_path):
    whole = workbook(tmp_path / "t.xlsx", [["a", "b"], *([str(n), "x" * 50] for n in range(2000))]).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) * 2 // 3])
    damaged = bytearray(whole)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        info = archive.getinfo(SHEET)
        at = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
    damaged[at : at + 8] = b"\xff" * 8
    (tmp_path / "damaged.xlsx").write_bytes(damaged)
    torn = rewritten(tmp_path / "t.xlsx", SHEET, lambda xml: xml[: len(xml) // 2])

    assert refusal(tmp_path / "cut.xlsx") == "exchange.truncated"
    assert refusal(tmp_path / "damaged.xlsx") == "exchange.truncated"
    assert refusal(torn) == "exchange.xml_broken"


def test_a_zip_bomb_is_refused_unopened(tmp_path):
    path = rewritten(workbook(tmp_path / "t.xlsx", [["a"]]), SHEET, lambda xml: xml + b" " * (64 << 20))

    assert refusal(path) == "exchange.zip_bomb"
    assert refusal(workbook(tmp_path / "u.xlsx", [["a"]]), limits=Limits(unpacked_bytes=1000)) == "exchange.zip_bomb"


def test_an_encrypted_entry_is_refused(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [["a"]])
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 8 : at + 10] = struct.pack("<H", struct.unpack("<H", data[at + 8 : at + 10])[0] | 1)
    path.write_bytes(data)

    assert refusal(path) == "exchange.protected"


def test_entities_are_refused_wherever_they_stand(tmp_path):
    declaration = b'<!DOCTYPE worksheet [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    path = shared_workbook(tmp_path / "t.xlsx", [["a"], ["1"]])
    for part in (SHEET, "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"):
        changed = rewritten(
            path, part, lambda xml: declaration + xml.partition(b"?>")[2] if xml.startswith(b"<?xml") else declaration + xml
        )
        assert refusal(changed) == "exchange.xml_entities", part


def test_a_sheet_of_500_columns_is_refused_with_its_width(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [[f"c{number_}" for number_ in range(500)]])
    (tmp_path / "t.csv").write_text(",".join(f"c{number_}" for number_ in range(500)) + "\n")

    assert refusal(path) == refusal(tmp_path / "t.csv") == "exchange.too_many_columns"


def test_a_cell_of_100_000_characters_is_a_fault_of_its_row_alone(tmp_path):
    huge = "长" * 100_000
    (tmp_path / "t.csv").write_text(f"a,b\n1,{huge}\n2,x\n")
    shared_workbook(tmp_path / "shared.xlsx", [["a", "b"], ["1", "HUGE"], ["2", "x"]])
    shared = rewritten(tmp_path / "shared.xlsx", "xl/sharedStrings.xml", lambda xml: xml.replace(b"HUGE", huge.encode()))
    inline = rewritten(
        tmp_path / "shared.xlsx",
        SHEET,
        lambda xml: xml.replace(b'<c r="B2" t="s"><v>3</v></c>', f'<c r="B2" t="inlineStr"><is><t>{huge}&amp;</t></is></c>'.encode()),
    )

    for path in (tmp_path / "t.csv", shared, inline):
        _, rows = table_of(path)
        fault = rows[0][1][1]
        assert isinstance(fault, Fault), path
        assert (fault.code, len(fault.text)) == ("exchange.cell_too_long", 201)
        assert rows[1] == (3, ["2", "x"])


def test_limits_of_rows_hold_while_reading(tmp_path):
    path = workbook(tmp_path / "t.xlsx", [["a"], *([n] for n in range(10))])

    assert refusal(path, limits=Limits(rows=9)) == "exchange.too_many_rows"
    assert len(table_of(path, limits=Limits(rows=10))[1]) == 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_files_of_every_encoding_and_delimiter(tmp_path, encoding, delimiter):
    rows = [["编号", "姓名", "内容"], ["1", "张三丰", '他说"退，款"; 行\n二'], ["2", "李四", "𠮷野家"]]
    with (tmp_path / "t.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)

    table, read = table_of(tmp_path / "t.csv")

    assert table.header == rows[0]
    assert read == [(2, rows[1]), (3, rows[2])]


def test_ragged_damaged_and_blank_rows_of_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a,b,c\r\n1,x\r\n\r\n2,x,y,z\r\n3,n\0u,l\r\n4,x,y,\r\n")

    table, rows = table_of(tmp_path / "t.csv")

    assert rows[0] == (2, ["1", "x", None])
    assert (rows[1][0], rows[1][1][-1].code, rows[1][1][-1].text) == (4, "exchange.row_too_wide", "z")
    assert (rows[2][0], rows[2][1][-1].code) == (5, "exchange.row_damaged")
    assert rows[3] == (6, ["4", "x", "y"])
    assert table.skipped_blank == 1


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_row(tmp_path):
    (tmp_path / "t.csv").write_text('a,b\n1,x\n2,"y' + "z,\n" * 60_000)

    with pytest.raises(BadInput, match="From row 3 on"):
        table_of(tmp_path / "t.csv")


def test_old_workbooks_are_read_through_calamine(tmp_path):
    """Nothing at hand writes .xls; the reader only needs calamine's interface, which is the same for .xlsx."""
    path = workbook(tmp_path / "t.xlsx", [["a", "b", "c"], ["x" * 400, 1.5, datetime(2026, 3, 5, 9, 30)], [None, True, 7]])

    source = xls.Xls(path, limits=Limits(cell_chars=300))

    rows = list(base.Table(source, limits=Limits()).rows())
    assert (rows[0][1][0].code, rows[0][1][1:]) == ("exchange.cell_too_long", [1.5, datetime(2026, 3, 5, 9, 30)])
    assert rows[1] == (3, ["", True, 7.0])


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(tmp_path / "nothing.xlsx") == "exchange.no_file"
