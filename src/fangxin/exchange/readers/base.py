"""What every reader gives: a header and rows of cells, with what is wrong in them said and not hidden. Pure: no Django."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, time
from types import TracebackType
from typing import Protocol, Self

from fangxin.kernel.errors import BadInput

HEADER_WITHIN = 10
"""The header stands within this many rows; what is above it is a title."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it is refused; the defaults bear a province's year on one sheet."""

    columns: int = 200
    rows: int = 5_000_000
    cell_chars: int = 32_767
    """Excel's own limit of a cell."""
    unpacked_bytes: int = 4 << 30
    """All parts of an xlsx together."""
    part_ratio: int = 300
    """Unpacked to packed size of one part larger than `ratio_from_bytes`; real sheets stay under 100."""
    ratio_from_bytes: int = 16 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell (or, as one value beyond the header, a row) that can't be used; its row belongs in quarantine.

    `code` and `message` are as in DomainError, `params` fill the message, `text` is what the file holds, for the person who corrects it.
    """

    code: str
    message: str
    text: str = ""
    params: tuple[tuple[str, str | int], ...] = ()


Cell = str | int | float | bool | datetime | time | Fault | None
"""An empty cell is None or "". Datetimes are naive, as in the file; numbers of cells without a date format stay numbers."""

Area = tuple[int, int, int, int]
"""A merged area: first row, first column, last row, last column; rows from 1, columns from 0, both ends in it."""


class Source(Protocol):
    """One sheet or text file, read from its beginning as often as asked."""

    kind: str
    sheet: str
    total_hint: int
    epoch_1904: bool
    merges: Sequence[Area]

    def records(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every row with its number as a spreadsheet shows it, from the first on; blank ones may be left out."""
        ...

    def close(self) -> None:
        """Release files."""
        ...


def letters(index: int) -> str:
    """The spreadsheet's name of a column counted from 0: A, B … Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def text_of(cell: Cell) -> str:  # noqa: PLR0911 -- one return a type
    """A cell as text, as a person would type it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Fault):
        return cell.text
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    return str(cell)


def blank(cells: Sequence[Cell]) -> bool:
    """Nothing but empty cells and white space."""
    return all(cell is None or (isinstance(cell, str) and not cell.strip()) for cell in cells)


def _label(cell: Cell) -> str:
    """A header cell compared without white space, line breaks and the form's colon or star."""
    return "".join(text_of(cell).split()).strip(":：*＊")


class Table(AbstractContextManager["Table"]):
    """A header with the rows under it.

    Title lines above the header, blank rows and repeated headers are skipped (`skipped_blank`, `skipped_headers` count them while `rows`
    runs). A header of two levels is read with each merged cell's value standing in its whole area; a header cell merged across
    columns is refused, since nobody can say which column it names.
    """

    def __init__(self, source: Source, *, limits: Limits, names: Collection[str] = ()) -> None:
        self._source = source
        self._limits = limits
        self.kind = source.kind
        self.sheet = source.sheet
        self.epoch_1904 = source.epoch_1904
        self.skipped_blank = 0
        self.skipped_headers = 0
        known = {_label(name) for name in names}
        self.header_row, self._first_row, self.header = self._find_header(known)
        self.total_hint = max(0, source.total_hint - self._first_row + 1)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __enter__(self) -> Self:
        return self

    def close(self) -> None:
        self._source.close()

    def _top(self) -> list[tuple[int, list[Cell]]]:
        """The first rows that hold anything, merged areas filled with their value."""
        top: dict[int, list[Cell]] = {}
        for number, cells in self._source.records():
            if number > HEADER_WITHIN and top:
                break
            if not blank(cells):
                top[number] = list(cells)
            if len(top) >= HEADER_WITHIN:
                break
        for first, left, last, right in self._source.merges:
            value = top[first][left] if first in top and left < len(top[first]) else None
            if value in (None, ""):
                continue
            for number in range(first, min(last, first + HEADER_WITHIN) + 1):
                cells = top.setdefault(number, []) if number > first else top[number]
                cells.extend([None] * (right + 1 - len(cells)))
                cells[left : right + 1] = [value] * (right + 1 - left)
        return sorted(top.items())

    def _find_header(self, known: Collection[str]) -> tuple[int, int, list[str]]:
        top = self._top()
        if not top:
            raise BadInput("exchange.no_rows", "The file holds no rows.")

        def matching(row: tuple[int, list[Cell]]) -> int:
            return len({_label(cell) for cell in row[1] if isinstance(cell, str)} & set(known))

        def filled(row: tuple[int, list[Cell]]) -> int:
            return sum(not blank([cell]) for cell in row[1])

        number, cells = max(top, key=matching)  # the first of equals
        if not matching((number, cells)):  # nothing known: the first row about as wide as any, for the refusal to show
            widest = max(map(filled, top))
            number, cells = next(row for row in top if filled(row) * 4 >= widest * 3)
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if len(cells) > self._limits.columns:
            raise too_many_columns(len(cells), self._limits)
        bottom = number
        for first, left, last, right in self._source.merges:
            if first <= number <= last and left < len(cells) and cells[left] not in (None, ""):
                if right > left:
                    raise BadInput(
                        "exchange.header_merged",
                        "The header cell “%(name)s” is merged across columns %(first)s to %(last)s: give each column its own name.",
                        name=text_of(cells[left]).strip(),
                        first=letters(left),
                        last=letters(right),
                    )
                bottom = max(bottom, last)
        header = [" ".join(text_of(cell).split()) or f"#{letters(index)}" for index, cell in enumerate(cells)]
        return number, bottom + 1, header

    def rows(self) -> Iterator[tuple[int, list[Cell]]]:
        """Each row as (number as a spreadsheet shows it, cells); as many cells as the header has.

        One cell more than the header has is a Fault about the whole row. Raises BadInput where the file breaks off or passes a limit.
        """
        self.skipped_blank = self.skipped_headers = 0
        header, width, first_row, limit = self.header, len(self.header), self._first_row, self._limits.rows
        mark = next(index for index, name in enumerate(header) if not name.startswith("#"))
        marked = header[mark]
        labels = [_label(name) if not name.startswith("#") else "" for name in header]
        continued = self._continued()
        previous, count = first_row - 1, 0
        for number, cells in self._source.records():
            if number < first_row:
                continue
            self.skipped_blank += number - previous - 1
            previous = number
            if blank(cells):
                self.skipped_blank += 1
                continue
            count += 1
            if count > limit:
                raise BadInput("exchange.too_many_rows", "The file has more than %(limit)s rows: split it.", limit=limit)
            if len(cells) < width:
                cells.extend([None] * (width - len(cells)))
            elif len(cells) > width:
                beyond = [cell for cell in cells[width:] if cell not in (None, "")]
                del cells[width:]
                if beyond:
                    whole = beyond[-1] if isinstance(beyond[-1], Fault) and beyond[-1].code == "exchange.row_damaged" else None
                    cells.append(whole or _beyond(beyond, width))
            cell = cells[mark]
            if isinstance(cell, str) and cell.strip() == marked and [_label(each) for each in cells[:width]] == labels:
                self.skipped_headers += 1
                continue
            if number in continued and len(cells) == width:
                cells.append(Fault("exchange.row_merged", "The row is part of merged cells: split them and repeat their value."))
            yield number, cells

    def _continued(self) -> Collection[int]:
        """Rows that a merged area of the data continues into: their own cells are empty in the file."""
        spans = {(first, last) for first, _, last, _ in self._source.merges if first >= self._first_row}
        if sum(max(0, last - first) for first, last in spans) > 1_000_000:
            raise BadInput("exchange.merged_everywhere", "Too many rows are merged: split the merged cells.")
        return {number for first, last in spans for number in range(first + 1, last + 1)}


def _beyond(cells: Sequence[Cell], width: int) -> Fault:
    return Fault(
        "exchange.row_too_wide",
        "The row has more cells than the header has columns (%(width)s).",
        text=" | ".join(text_of(cell) for cell in cells),
        params=(("width", width),),
    )


def too_many_columns(found: int, limits: Limits) -> BadInput:
    """The refusal of a sheet that is wider than any list of orders."""
    return BadInput(
        "exchange.too_many_columns",
        "The sheet has %(found)s columns or more; at most %(limit)s are read.",
        found=found,
        limit=limits.columns,
    )


def too_long(text: str, limits: Limits, *, length: int | None = None) -> Fault:
    """The fault of a cell longer than a cell can be; keeps the beginning."""
    return Fault(
        "exchange.cell_too_long",
        "The cell has more than %(limit)s characters.",
        text=text[:200] + "…",
        params=(("limit", limits.cell_chars), ("length", length or len(text))),
    )
