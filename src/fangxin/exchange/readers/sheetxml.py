"""Rows out of a sheet's XML and strings out of the shared table, in two ways that give the same.

`exact_*` go through expat and know everything the format allows. `quick_*` take apart with one regular expression a row what nearly every
program writes, several times faster, and hand each row that is not of that plain form (entities, rich text, formulas …) to expat.
They are right only for parts without comments, CDATA, processing instructions, prefixes and document types: `is_plain` says which are.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Protocol
from xml.parsers import expat

from fangxin.kernel.errors import BadInput

from .base import Cell, Fault, Limits, letters, too_long, too_many_columns

TEXT = r"[^<&\r\x00-\x08\x0b\x0c\x0e-\x1f]*"
CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?'
    rf'(?:/>|>(?:<v>({TEXT})</v>|<is><t(?: xml:space="preserve")?>({TEXT})</t></is>)?</c>)'
)
ROW = re.compile(r"\s*<row((?:\s[^<>]*[^<>/])?)>\s*")
ROW_NUMBER = re.compile(r'\sr="([0-9]{1,7})"')
STRING = re.compile(rf'<si><t(?: xml:space="preserve")?>({TEXT})</t></si>')
OPENING = re.compile(rb"(?:\xef\xbb\xbf)?(?:<\?xml[^<>]*\?>)?\s*<(?:worksheet|sst)[\s>]")
ENCODING = re.compile(rb'encoding\s*=\s*["\'](?!utf-8["\'])', re.IGNORECASE)
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
LONGEST_ROW = 16 << 20


class Strings(Protocol):
    """The shared table as far as rows need it."""

    def __getitem__(self, index: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a cell needs to know of its workbook."""

    part: str
    strings: Strings
    dates: frozenset[str]
    """Style numbers, as cells name them, of dates."""
    epoch_1904: bool
    limits: Limits


def unescape(text: str) -> str:
    """The characters that OOXML writes as _x000D_; `_x005F_` guards a literal underscore. What no text may hold (NUL, half a pair) goes."""
    if "_x" not in text:
        return text
    found = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\0", "")
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def from_serial(serial: float, *, epoch_1904: bool) -> datetime | time | None:
    """The date of a spreadsheet's serial number, to the millisecond; None outside 1900-9999 (and for 1900-02-29)."""
    if not 0 <= serial < 2_958_466:
        return None
    if serial < 1 and not epoch_1904:
        return (datetime(2000, 1, 1) + timedelta(milliseconds=round(serial * 86_400_000))).time()  # noqa: DTZ001 -- a time of day only
    if 60 <= serial < 61 and not epoch_1904:
        return None
    base = EPOCH_1904 if epoch_1904 else EPOCH_1900 if serial >= 61 else EPOCH_1900 + timedelta(days=1)
    try:
        return base + timedelta(milliseconds=round(serial * 86_400_000))
    except OverflowError:
        return None


EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 -- spreadsheets know no zones; the day before, for the 29 February that 1900 never had
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 -- spreadsheets know no zones


def number(text: str) -> int | float | Fault:
    """A number as the sheet stores it; whole ones are int, even where the file wrote an exponent."""
    try:
        if len(text) <= 40:
            return int(text)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            pass
        else:
            return int(value) if abs(value) < 2**53 and value.is_integer() else value
    return Fault("exchange.number_broken", "“%(text)s” is not a number.", text=text[:40], params=(("text", text[:40]),))


def stored_value(kind: str, style: str | None, text: str, context: Context) -> Cell:  # noqa: PLR0911 -- one return a type
    """The value of a cell with the text of its `v` element."""
    if kind == "s":
        try:
            found = context.strings[int(text)]
        except (ValueError, IndexError):
            return Fault("exchange.string_missing", "The cell points to a text that the workbook lacks.", text=text[:40])
        return found if len(found) <= context.limits.cell_chars else too_long(found, context.limits)
    if kind == "n":
        if style not in context.dates:
            return number(text)
        try:
            return from_serial(float(text), epoch_1904=context.epoch_1904) or _no_date(text)
        except ValueError:
            return _no_date(text)
    if kind in {"str", "inlineStr"}:
        text = unescape(text)
        return text if len(text) <= context.limits.cell_chars else too_long(text, context.limits)
    if kind == "b":
        return text.strip() not in {"0", "false"}
    if kind == "d":
        try:
            return datetime.fromisoformat(text.strip()).replace(tzinfo=None)
        except ValueError:
            return _no_date(text)
    return Fault("exchange.cell_error", "The cell holds the error %(text)s.", text=text[:40], params=(("text", text[:40]),))


def _no_date(text: str) -> Fault:
    return Fault("exchange.date_impossible", "“%(text)s” is not a date.", text=text[:40], params=(("text", text[:40]),))


def column_index(name: str) -> int:
    """A=0, Z=25, AA=26."""
    index = 0
    for letter in name:
        index = index * 26 + ord(letter) - 64
    return index - 1


def _refuse(*_: object) -> None:
    raise BadInput("exchange.xml_entities", "The workbook declares XML entities, which no spreadsheet program does: it is refused.")


def parser(start: Callable[..., Any], end: Callable[[str], Any] | None = None, text: Callable[[str], Any] | None = None) -> Any:
    """An expat parser that refuses document types and entities."""
    made = expat.ParserCreate()
    made.buffer_text = True
    made.buffer_size = 65536
    made.StartDoctypeDeclHandler = _refuse
    made.EntityDeclHandler = _refuse
    made.StartElementHandler = start
    made.EndElementHandler = end
    made.CharacterDataHandler = text
    return made


def feed(made: Any, part: str, data: bytes | str, *, last: bool = False) -> None:
    """Give the parser a piece; broken XML is a BadInput."""
    try:
        made.Parse(data, last)
    except expat.ExpatError as error:
        raise BadInput(
            "exchange.xml_broken", "The workbook's part %(part)s is broken at line %(line)s.", part=part, line=error.lineno
        ) from error


def shorten(chunks: list[str], keep: int) -> None:
    """Hold a text that is still growing to what its limit will judge anyway."""
    if len(chunks) > 1 and sum(map(len, chunks)) > 2 * keep:
        chunks[:] = ["".join(chunks)[: keep + 1]]


def is_plain(first: bytes, instructions: int, declarations: int) -> bool:
    """A part that the quick way may take apart: from its first bytes and the counts of `<?` and `<!` in the whole of it."""
    opening = OPENING.match(first)
    if not opening or declarations:
        return False
    return instructions == opening[0].count(b"<?") and not ENCODING.search(opening[0])


Row = tuple[int, list[Cell]]


def row_parser(context: Context, out: list[Row], number: int = 0) -> tuple[Any, Callable[[], None]]:  # noqa: C901, PLR0915 -- one closure over the state of a row
    """An expat parser that appends each finished row to `out`; `number` is the last row's. Call the second value between pieces."""
    limits = context.limits
    keep = limits.cell_chars
    chunks: list[str] = []
    pieces: list[str] = []
    row: list[Cell] = []
    kind, style, reference = "n", "", ""
    value: Cell = None
    formula: str | None = None
    stored = phonetic = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal number, kind, style, reference, value, formula, stored, phonetic, row
        tag = tag.rpartition(":")[2]
        if tag == "c":
            kind = attributes.get("t", "n")
            style = attributes.get("s", "")
            reference = attributes.get("r", "")
            value = formula = None
            stored = False
        elif tag == "row":
            at = attributes.get("r", "")
            number = int(at) if at.isdecimal() and len(at) < 8 else number + 1
            row = []
        elif tag == "rPh":
            phonetic = True
        chunks.clear()

    def end(tag: str) -> None:
        nonlocal value, formula, stored, phonetic
        tag = tag.rpartition(":")[2]
        if tag == "v":
            if text := "".join(chunks):
                value = stored_value(kind, style, text, context)
                stored = True
            elif kind == "str":
                stored = True  # a formula whose value is the empty text
        elif tag == "t" and not phonetic:
            pieces.append("".join(chunks))
        elif tag == "f":
            formula = "".join(chunks)
        elif tag == "rPh":
            phonetic = False
        elif tag == "row":
            out.append((number, row))
        elif tag == "c":
            finish()
        chunks.clear()

    def finish() -> None:
        nonlocal value
        if pieces:
            value = stored_value("inlineStr", "", "".join(pieces), context)
            pieces.clear()
        if value is None and formula is not None and not stored:
            value = Fault("exchange.formula_unvalued", "The cell is a formula without a stored value.", text="=" + formula[:keep])
        place(row, column_index(reference.rstrip("0123456789")) if reference else len(row), value, limits)

    def between() -> None:
        shorten(chunks, keep)
        shorten(pieces, keep)

    return parser(start, end, chunks.append), between


def place(row: list[Cell], index: int, value: Cell, limits: Limits) -> None:
    """Put a cell where it belongs; refuse a sheet that is wider than the limit, but not its empty cells."""
    if value is None or value == "":
        return
    if not 0 <= index < limits.columns:
        raise too_many_columns(index + 1, limits)
    if index >= len(row):
        row.extend([None] * (index + 1 - len(row)))
    row[index] = value


def exact_rows(chunks: Iterator[bytes], context: Context) -> Iterator[Row]:
    """Every row that has cells, through expat."""
    out: list[Row] = []
    made, between = row_parser(context, out)
    for chunk in chunks:
        feed(made, context.part, chunk)
        between()
        yield from out
        out.clear()
    feed(made, context.part, b"", last=True)
    yield from out


def _decoded(chunks: Iterator[bytes], part: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BadInput("exchange.xml_broken", "The workbook's part %(part)s is broken at line %(line)s.", part=part, line=1) from error


def quick_rows(chunks: Iterator[bytes], context: Context) -> Iterator[Row]:  # noqa: C901, PLR0912 -- opening, rows and end of one stream
    """Every row that has cells, of a plain part; the same as `exact_rows` gives."""
    texts = _decoded(chunks, context.part)
    rest = ""
    for text in texts:
        rest += text
        prolog, found, after = rest.partition("<sheetData")
        if found and ">" in after:
            break
        _bound(rest, context)
    else:
        prolog, after = rest, "/>"
    close, _, rest = after.partition(">")
    feed(parser(lambda *_: None), context.part, f"{prolog}<sheetData></sheetData></worksheet>", last=True)
    if close.endswith("/"):
        return
    last = 0
    ended = False
    while not ended:
        end = rest.find("</sheetData>")
        ended = end >= 0
        fragments = (rest[:end] if ended else rest).split("</row>")
        rest = fragments.pop()
        for fragment in fragments:
            found_row = _quick_row(fragment, last, context)
            if found_row is None:
                for found_row in _exact_fragment(fragment, last, context):
                    last = found_row[0]
                    yield found_row
            else:
                last = found_row[0]
                yield found_row
        if not ended:
            _bound(rest, context)
            try:
                rest += next(texts)
            except StopIteration:
                break
    if not ended or rest.strip():
        for found_row in _exact_fragment(rest, last, context, closing="" if ended else "</row>"):
            yield found_row
        if not ended:
            raise BadInput("exchange.xml_broken", "The workbook's part %(part)s is broken at line %(line)s.", part=context.part, line=1)


def _bound(rest: str, context: Context) -> None:
    if len(rest) > LONGEST_ROW:
        raise too_many_columns(context.limits.columns + 1, context.limits)


def _exact_fragment(fragment: str, last: int, context: Context, closing: str = "</row>") -> list[Row]:
    out: list[Row] = []
    made, _ = row_parser(context, out, last)
    feed(made, context.part, f"<sheetData>{fragment}{closing}</sheetData>", last=True)
    return out


NAMES = [letters(index) for index in range(16_384)]
INDEX = {name: index for index, name in enumerate(NAMES)}


def _quick_row(fragment: str, last: int, context: Context) -> Row | None:  # noqa: C901, PLR0912 -- 3 million cells pass here
    """One row without its end tag; None if it is not of the plain form."""
    parts = CELL.split(fragment)  # what is between, then column, style, type, value, inline text
    head = ROW.fullmatch(parts[0])
    if head is None or any(parts[6::6]):
        return None
    at = ROW_NUMBER.search(head[1])
    strings, dates, keep = context.strings, context.dates, context.limits.cell_chars
    row: list[Cell] = []
    for kind, style, text, inline in zip(parts[3::6], parts[2::6], parts[4::6], parts[5::6], strict=True):
        value: Cell = None
        if inline is not None:
            value = unescape(inline) if "_x" in inline else inline
            if len(value) > keep:
                value = too_long(value, context.limits)
        elif text:
            if kind == "s" and text.isdecimal():
                try:
                    value = strings[int(text)]
                except (IndexError, ValueError):
                    value = stored_value(kind, style, text, context)
                else:
                    if len(value) > keep:
                        value = too_long(value, context.limits)
            elif kind is None and style not in dates and text.isdecimal() and len(text) < 16:
                value = int(text)
            else:
                value = stored_value(kind or "n", style, text, context)
        row.append(value)
    columns = parts[1::6]
    if columns != NAMES[: len(columns)] or len(columns) > context.limits.columns:
        cells, row = row, []
        for name, value in zip(columns, cells, strict=True):
            place(row, INDEX.get(name, -1), value, context.limits)
    return (int(at[1]) if at else last + 1), row


def exact_strings(chunks: Iterator[bytes], part: str, add: Callable[[str], None], limits: Limits) -> None:
    """Every shared string in turn, through expat; pronunciation guides (rPh) are no part of the text."""
    texts: list[str] = []
    pieces: list[str] = []
    phonetic = False

    def start(tag: str, _: dict[str, str]) -> None:
        nonlocal phonetic
        tag = tag.rpartition(":")[2]
        if tag == "si":
            pieces.clear()
        elif tag == "rPh":
            phonetic = True
        texts.clear()

    def end(tag: str) -> None:
        nonlocal phonetic
        tag = tag.rpartition(":")[2]
        if tag == "t" and not phonetic:
            pieces.append("".join(texts))
        elif tag == "si":
            add(unescape("".join(pieces)))
        elif tag == "rPh":
            phonetic = False
        texts.clear()

    made = parser(start, end, texts.append)
    for chunk in chunks:
        feed(made, part, chunk)
        shorten(texts, limits.cell_chars)
        shorten(pieces, limits.cell_chars)
    feed(made, part, b"", last=True)


def quick_strings(chunks: Iterator[bytes], part: str, add: Callable[[str], None], limits: Limits) -> None:
    """Every shared string in turn, of a plain part; the same as `exact_strings` gives."""
    rest = ""
    opened = False
    for text in _decoded(chunks, part):
        rest += text
        if not opened:
            at = rest.find("<si>")
            if at < 0:
                continue
            feed(parser(lambda *_: None), part, f"{rest[:at]}</sst>", last=True)
            rest, opened = rest[at:], True
        cut = rest.rfind("</si>") + 5
        if cut < 5:
            if len(rest) > LONGEST_ROW:
                raise BadInput("exchange.zip_bomb", "The file unpacks to far more than a list of orders: it is refused.")
            continue
        pieces = STRING.split(rest[:cut])
        rest = rest[cut:]
        for index, piece in enumerate(pieces):
            if index % 2:
                add(unescape(piece) if "_x" in piece else piece)
            elif piece and not piece.isspace():
                exact_strings(iter([f"<sst>{piece}</sst>".encode()]), part, add, limits)
    if opened and rest.strip() != "</sst>":
        exact_strings(iter([f"<sst>{rest}".encode()]), part, add, limits)
