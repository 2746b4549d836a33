"""csv, streamed: UTF-8 with or without mark, UTF-16 with one, GB18030; comma, semicolon or tab."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from io import TextIOWrapper
from pathlib import Path

from fangxin.kernel.errors import BadInput

from .base import Area, Cell, Fault, Limits, too_long, too_many_columns

HEAD = 65536


class Text:
    """One delimited text file; a row's number counts records, as a spreadsheet does, not lines."""

    kind = "csv"
    sheet = ""
    epoch_1904 = False
    merges: Sequence[Area] = ()

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self.encoding, self.total_hint = _encoding(path)
        with path.open(encoding=self.encoding, newline="") as file:
            head = file.read(HEAD)
        self.delimiter = _delimiter(head)

    def close(self) -> None:
        """Nothing is held open between readings."""

    def records(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every record that holds anything; a control character NUL makes its row a Fault."""
        limits = self._limits
        spoiled = [False]

        def lines(file: TextIOWrapper) -> Iterator[str]:
            for line in file:
                if "\0" in line:
                    spoiled[0] = True
                    yield line.replace("\0", "")
                else:
                    yield line

        with self._path.open(encoding=self.encoding, newline="") as file:
            reader = csv.reader(lines(file), delimiter=self.delimiter)
            number = 0
            try:
                for number, values in enumerate(reader, 1):
                    if values:
                        yield number, _cells(values, limits, damaged=spoiled[0])
                    spoiled[0] = False
            except csv.Error as error:
                raise BadInput(
                    "exchange.quote_open",
                    "From row %(row)s on the text can't be split into cells: a quotation mark is probably never closed.",
                    row=number + 1,
                ) from error


def _cells(values: list[str], limits: Limits, *, damaged: bool) -> list[Cell]:
    cells: list[Cell] = list(values)
    if len(values) > limits.columns:
        if any(values[limits.columns :]):
            raise too_many_columns(len(values), limits)
        del cells[limits.columns :]
    if max(map(len, values)) > limits.cell_chars:
        cells = [too_long(value, limits) if len(value) > limits.cell_chars else value for value in values[: limits.columns]]
    if damaged:
        cells.extend([None] * (limits.columns - len(cells)))  # beyond every header, so that it speaks of the whole row
        cells.append(Fault("exchange.row_damaged", "The row holds NUL characters: it was damaged on its way."))
    return cells


def _encoding(path: Path) -> tuple[str, int]:
    """(encoding, number of lines), by reading the whole file once: a wrong guess would show a thousand rows later."""
    with path.open("rb") as file:
        head = file.read(4)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    candidates = ["utf-16"] if wide else ["utf-8-sig", "gb18030"]
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        rows = 0
        try:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    decoder.decode(chunk)
                    rows += chunk.count(b"\n")
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding, rows + 1
    raise BadInput("exchange.encoding_unknown", "The text is neither UTF-8 nor GB18030: save it as UTF-8 (CSV UTF-8).")


def _delimiter(head: str) -> str:
    """The mark that splits most of the first lines into the same number of cells; a comma if none does."""
    best, delimiter = (0, 0), ","
    for candidate in ",;\t":
        try:
            widths = [
                len(row)
                for _, row in zip(
                    range(10), csv.reader(head.replace("\0", "").splitlines(keepends=True), delimiter=candidate), strict=False
                )
                if row
            ]
        except csv.Error:
            continue
        score = max(((widths.count(width), width) for width in set(widths) if width > 1), default=(0, 0))
        if score > best:
            best, delimiter = score, candidate
    return delimiter
