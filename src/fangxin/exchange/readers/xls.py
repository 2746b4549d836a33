"""xls, the old binary workbook, through python-calamine: at most 65,536 rows of 256 columns, so it may stand in memory."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path

import python_calamine as calamine

from fangxin.kernel.errors import BadInput

from .base import Area, Cell, Limits, too_long, too_many_columns
from .sniff import protected, truncated


class Xls:
    """One sheet of an old workbook. It does not tell which cells are formulas: their stored value is used."""

    kind = "xls"
    epoch_1904 = False  # calamine converts the dates itself

    def __init__(self, path: Path, *, limits: Limits, sheet: str = "") -> None:
        self._limits = limits
        try:
            book = calamine.CalamineWorkbook.from_path(path)
            names = [meta.name for meta in book.sheets_metadata if meta.typ == calamine.SheetTypeEnum.WorkSheet]
            if sheet and sheet not in names:
                raise BadInput(
                    "exchange.no_sheet", "There is no sheet “%(name)s”; the file has: %(found)s.", name=sheet, found="、".join(names)
                )
            chosen = None
            for name in [sheet] if sheet else names:
                chosen = book.get_sheet_by_name(name)
                if chosen.total_height:
                    break
            if chosen is None or not chosen.total_height:
                raise BadInput("exchange.no_rows", "The file holds no rows.")
            if chosen.total_width > 256:
                raise too_many_columns(chosen.total_width, limits)
            self.sheet = chosen.name
            self.total_hint = chosen.total_height
            self._rows = chosen.to_python(skip_empty_area=False)
            areas = chosen.merged_cell_ranges or []
        except calamine.PasswordError as error:
            raise protected() from error
        except (calamine.CalamineError, OSError) as error:
            raise truncated() from error
        self.merges: Sequence[Area] = [(first[0] + 1, first[1], last[0] + 1, last[1]) for first, last in areas]

    def close(self) -> None:
        self._rows = []

    def records(self) -> Iterator[tuple[int, list[Cell]]]:
        """Every row; dates as datetimes."""
        keep, most = self._limits.cell_chars, self._limits.columns
        for number, values in enumerate(self._rows, 1):
            cells: list[Cell] = []
            for value in values:
                if isinstance(value, str):
                    cells.append(value if len(value) <= keep else too_long(value, self._limits))
                elif isinstance(value, (bool, int, float, datetime, time)):
                    cells.append(value)
                elif isinstance(value, date):
                    cells.append(datetime(value.year, value.month, value.day))  # noqa: DTZ001 -- spreadsheets know no zones
                else:
                    cells.append(str(value))
            if any(cell not in (None, "") for cell in cells[most:]):
                raise too_many_columns(len(cells), self._limits)
            yield number, cells
