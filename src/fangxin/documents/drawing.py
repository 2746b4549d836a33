"""A filled-in form as DOCX on A4 (制作文书). The same values give the same bytes, whenever and wherever: the content hash means something."""

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import docx
from docx.document import Document as Paper
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

from fangxin.documents import filling
from fangxin.documents.filling import Piece
from fangxin.documents.specs import DECISION, EDITION, FormSpec, Row

TITLE_FONT: Final = "方正小标宋简体"
BODY_FONT: Final = "仿宋_GB2312"
LATIN_FONT: Final = "Times New Roman"
MARK_FONT: Final = "Segoe UI Symbol"
"""Has the ticked box; where it is missing, the reader's program takes another that does."""
PREVIEW: Final = "预览件　未编号，不得送达"

BODY_SIZE, DENSE_SIZE, TABLE_SIZE, NOTE_SIZE = 16.0, 14.0, 12.0, 9.0  # 三号, 四号, 小四, 小五
LEADING: Final = {BODY_SIZE: 29.0, DENSE_SIZE: 22.0, TABLE_SIZE: 18.0, NOTE_SIZE: 12.0}
COLUMNS: Final = (1.1, 3.0, 4.3, 3.0, 4.5)
"""Widths of a registration table, in cm: head, label, value, label, value."""
SIGNATURE: Final = 1.7
"""Height of a signature with its date, in cm."""
_EPOCH: Final = datetime(EDITION.year, EDITION.month, EDITION.day)  # noqa: DTZ001 -- DOCX wants a naive one; the day of the edition, not of the issue
_BOXES = re.compile("([☑□])")
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


def draw(spec: FormSpec, values: Mapping[str, str], *, preview: bool = False) -> bytes:
    """The form with these values: those of its fields, and number, office, issued_on, which stay blank where they aren't known.

    A preview says on every page that it is none of the bureau's documents.
    """
    paper = docx.Document()
    _page(paper, spec)
    if preview:
        _header(paper)
    title = _paragraph(paper, [Piece(spec.title)], font=TITLE_FONT, size=22.0, align=WD_ALIGN_PARAGRAPH.CENTER, after=10.0, leading=32.0)
    title.runs[0].bold = True
    if spec.table:
        _registration(paper, spec, values)
    else:
        _decision(paper, spec, values)
    _notes(paper, spec)
    return _bytes(paper)


# --- the page ----------------------------------------------------------------------------------------------------------------


def _page(paper: Paper, spec: FormSpec) -> None:
    section = paper.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    tight = bool(spec.table) or spec.dense
    section.top_margin, section.bottom_margin = (Cm(2.2), Cm(1.9)) if tight else (Cm(3.5), Cm(2.5))
    section.left_margin, section.right_margin = (Cm(2.55), Cm(2.55)) if spec.table else (Cm(2.8), Cm(2.6))
    section.header_distance = Cm(1.0)
    properties = paper.core_properties
    properties.title, properties.author, properties.language = spec.title, "", "zh-CN"
    properties.comments = properties.keywords = properties.last_modified_by = ""
    properties.created = properties.modified = _EPOCH
    properties.revision = 1
    normal = next(style for style in paper.styles if style.type == WD_STYLE_TYPE.PARAGRAPH and style.name == "Normal")
    normal.font.name, normal.font.size = LATIN_FONT, Pt(BODY_SIZE)
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), BODY_FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    normal.element.rPr.append(language)


def _header(paper: Paper) -> None:
    line = paper.sections[0].header.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run(PREVIEW)
    run.font.size, run.font.color.rgb = Pt(14), RGBColor(0xB3, 0x26, 0x1E)
    _chinese(run, "黑体")


# --- paragraphs --------------------------------------------------------------------------------------------------------------


def _decision(paper: Paper, spec: FormSpec, values: Mapping[str, str]) -> None:
    size = DENSE_SIZE if spec.dense else BODY_SIZE
    number = [Piece(values.get("number", "") or "市监〔　　〕第　　号", filled=True)]
    _paragraph(
        paper, number, size=size, align=WD_ALIGN_PARAGRAPH.RIGHT if spec.series != DECISION else WD_ALIGN_PARAGRAPH.CENTER, after=14.0
    )
    for style, parts in filling.paragraphs(spec, values):
        _styled(paper, style, parts, size)


def _styled(paper: Paper, style: str, parts: Sequence[Piece], size: float) -> None:
    match style:
        case "seal":
            line = _paragraph(paper, parts, size=size, align=WD_ALIGN_PARAGRAPH.RIGHT, before=size * (1.6 if size == BODY_SIZE else 1.0))
            line.paragraph_format.right_indent = Pt(size)
            line.paragraph_format.keep_with_next = True
        case "date":
            line = _paragraph(paper, parts, size=size, align=WD_ALIGN_PARAGRAPH.RIGHT)
            line.paragraph_format.right_indent = Pt(size * 3)
        case "line":
            line = _paragraph(paper, _tabbed(parts), size=size)
            line.paragraph_format.tab_stops.add_tab_stop(Cm(9.6), WD_TAB_ALIGNMENT.LEFT)
        case "sign":
            line = _paragraph(paper, parts, size=size, before=4.0)
            line.paragraph_format.keep_with_next = True
        case "addressee":
            _paragraph(paper, parts, size=size)
        case _:
            line = _paragraph(paper, parts, size=size, align=WD_ALIGN_PARAGRAPH.JUSTIFY)
            _indent(line, size)


def _tabbed(parts: Sequence[Piece]) -> list[Piece]:
    return [piece if piece.filled else Piece(piece.text.replace("|", "\t"), blank=piece.blank) for piece in parts]


def _paragraph(
    place: Any,
    parts: Sequence[Piece],
    *,
    font: str = BODY_FONT,
    size: float = BODY_SIZE,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
    before: float = 0.0,
    after: float = 0.0,
    leading: float = 0.0,
) -> Paragraph:
    line: Paragraph = place.add_paragraph()
    _fill(line, parts, font=font, size=size)
    shape = line.paragraph_format
    line.alignment = align
    shape.space_before, shape.space_after = Pt(before), Pt(after)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(leading or LEADING[size])
    shape.widow_control = True
    return line


def _fill(line: Paragraph, parts: Sequence[Piece], *, font: str, size: float) -> None:
    for piece in parts:
        for text, marked in _marks(piece.text):
            run = line.add_run(text)
            run.font.size = Pt(size)
            _chinese(run, MARK_FONT if marked else font)
            if piece.blank and not piece.text.strip():
                run.underline = True


def _marks(text: str) -> list[tuple[str, bool]]:
    """The text in stretches with and without boxes: few Chinese fonts have the ticked one, and both must look alike."""
    return [(part, part in "☑□") for part in _BOXES.split(text) if part]


def _chinese(run: Any, font: str) -> None:
    run.font.name = MARK_FONT if font == MARK_FONT else LATIN_FONT
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)  # noqa: SLF001 -- python-docx has no other way to the Chinese font
    run._element.rPr.rFonts.set(qn("w:hint"), "eastAsia")  # noqa: SLF001 -- quotation marks and brackets in the Chinese font


def _indent(line: Paragraph, size: float) -> None:
    """Two signs in, as Word counts them, with the same in points for programs that don't."""
    line.paragraph_format.first_line_indent = Pt(size * 2)
    line._p.pPr.ind.set(qn("w:firstLineChars"), "200")  # type: ignore[union-attr]  # noqa: SLF001 -- set just above


def _notes(paper: Paper, spec: FormSpec) -> None:
    for position, note in enumerate(spec.notes):
        line = _paragraph(paper, [Piece(("注：" if position == 0 else "") + note)], size=NOTE_SIZE, before=14.0 if position == 0 else 0.0)
        shape = line.paragraph_format
        shape.left_indent = Pt(NOTE_SIZE * 2)
        shape.first_line_indent = Pt(-NOTE_SIZE * 2) if position == 0 else Pt(0)
        if spec.table and position == 0:
            shape.space_before = Pt(6)


# --- registration tables -----------------------------------------------------------------------------------------------------


def _registration(paper: Paper, spec: FormSpec, values: Mapping[str, str]) -> None:
    line = _paragraph(
        paper,
        [Piece("登记单位："), Piece(values.get("office", ""), filled=True), Piece("\t编号："), Piece(values.get("number", "") or "　" * 8)],
        size=TABLE_SIZE,
        after=3.0,
    )
    line.paragraph_format.tab_stops.add_tab_stop(Cm(8.8), WD_TAB_ALIGNMENT.LEFT)
    table = paper.add_table(rows=0, cols=len(COLUMNS))
    table.style = "Table Grid"
    table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for column, width in zip(table.columns, COLUMNS, strict=True):
        column.width = Cm(width)
    for row in spec.table:
        if row.lines:
            _lines(table, spec, row, values)
        else:
            _text_row(table, spec, row, values)


def _lines(table: Table, spec: FormSpec, row: Row, values: Mapping[str, str]) -> None:
    first = len(table.rows)
    for names in row.lines:
        cells = _new_row(table, 1.05)
        for place, name in enumerate(names):
            last = place == len(names) - 1
            _cell(cells[1 + 2 * place], [Piece(spec.field(name).zh)], align=WD_ALIGN_PARAGRAPH.CENTER)
            value = cells[2 + 2 * place]
            if last and place == 0:
                value = value.merge(cells[4])
            _cell(value, [_written(spec, name, values)])
    head = table.cell(first, 0)
    if len(row.lines) > 1:
        head = head.merge(table.cell(len(table.rows) - 1, 0))
    _head(head, row.head)


def _text_row(table: Table, spec: FormSpec, row: Row, values: Mapping[str, str]) -> None:
    """A long text that begins at the top of its cell; a signature stands at the foot of it, in a row of its own without a line between."""
    first = len(table.rows)
    if not row.text:
        _signature(_new_row(table, row.height)[0].merge(table.cell(first, 4)), spec, row, values)
        return
    height = row.height - SIGNATURE if row.sign else row.height
    place = _new_row(table, height)[1].merge(table.cell(first, 4))
    text = values.get(row.text, "")
    for number, line in enumerate(text.split("\n") if text else [""]):
        made = _cell(place, [Piece(line.strip(), filled=True)], again=number > 0)
        made.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        _indent(made, TABLE_SIZE)
    place.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.TOP
    head = table.cell(first, 0)
    if row.sign:
        foot = _new_row(table, SIGNATURE)[1].merge(table.cell(first + 1, 4))
        _signature(foot, spec, row, values)
        _borderless(place, "bottom")
        _borderless(foot, "top")
        head = head.merge(table.cell(first + 1, 0))
    _head(head, row.head)


def _borderless(cell: _Cell, side: str) -> None:
    borders = OxmlElement("w:tcBorders")
    line = OxmlElement(f"w:{side}")
    line.set(qn("w:val"), "nil")
    borders.append(line)
    properties = cell._tc.get_or_add_tcPr()  # noqa: SLF001 -- python-docx has no other way to a cell's borders
    after = [child for child in properties if child.tag in {qn("w:vAlign"), qn("w:hideMark"), qn("w:tcMar"), qn("w:shd"), qn("w:noWrap")}]
    (after[0].addprevious if after else properties.append)(borders)


def _signature(place: _Cell, spec: FormSpec, row: Row, values: Mapping[str, str]) -> None:
    """A signature with its date, at the right; names and days only where they are known, else to be written by hand."""
    name = values.get(row.signer, "") if row.signer else ""
    day = values.get(row.signed_on, "") if row.signed_on else ""
    dated = filling.said(spec.field(row.signed_on), day) if day else "　　　年　　月　　日"
    whole = row.text == ""
    for line in (_cell(place, [Piece(row.sign), Piece(name, filled=True)]), _cell(place, [Piece(dated)], again=True)):
        line.paragraph_format.left_indent = Cm(9.2 if whole else 8.1)
        line.paragraph_format.keep_with_next = True


def _written(spec: FormSpec, name: str, values: Mapping[str, str]) -> Piece:
    return Piece(filling.said(spec.field(name), values.get(name, "")), filled=True)


def _new_row(table: Table, height: float) -> Sequence[_Cell]:
    row: _Row = table.add_row()  # type: ignore[no-untyped-call]  # python-docx
    row.height_rule, row.height = WD_ROW_HEIGHT_RULE.AT_LEAST, Cm(height)
    cells: Sequence[_Cell] = row.cells
    return cells


def _head(cell: _Cell, text: str) -> None:
    """One sign a line, as the official forms have it."""
    tall = len(text) > 12
    line = _cell(cell, [Piece(text)], align=WD_ALIGN_PARAGRAPH.CENTER, size=10.5 if tall else TABLE_SIZE, leading=11.6 if tall else 14.5)
    line.paragraph_format.left_indent = line.paragraph_format.right_indent = Cm(0.04)


def _cell(
    cell: _Cell,
    parts: Sequence[Piece],
    *,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
    size: float = TABLE_SIZE,
    leading: float = 0.0,
    again: bool = False,
) -> Paragraph:
    """A paragraph in a cell: its first, or `again` a further one."""
    line: Paragraph = cell.add_paragraph() if again else cell.paragraphs[0]
    _fill(line, parts, font=BODY_FONT, size=size)
    line.alignment = align
    shape = line.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(leading or LEADING[TABLE_SIZE])
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    return line


# --- the file ----------------------------------------------------------------------------------------------------------------


def _bytes(paper: Paper) -> bytes:
    """The package with one time on every part, in the order that python-docx walks its relations."""
    made = io.BytesIO()
    paper.save(made)
    steady = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(steady, "w") as target:
        for part in source.infolist():
            if part.filename == "docProps/thumbnail.jpeg":
                continue
            entry = zipfile.ZipInfo(part.filename, _ZIP_TIME)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            target.writestr(entry, source.read(part))
    return steady.getvalue()
