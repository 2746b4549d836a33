"""Tables out of files (读取): xlsx, xls and csv by content, streamed, with every refusal in one clear sentence."""

from collections.abc import Collection
from pathlib import Path

from fangxin.kernel.errors import BadInput

from .base import Cell, Fault, Limits, Source, Table, blank, letters, text_of
from .sheetxml import from_serial
from .sniff import kind
from .text import Text
from .xls import Xls
from .xlsx import Xlsx

__all__ = ["Cell", "Fault", "Limits", "Table", "blank", "from_serial", "letters", "open_table", "text_of"]


def open_table(path: Path, *, limits: Limits | None = None, names: Collection[str] = (), sheet: str = "") -> Table:
    """Open a file as a table; close it after use (it is a context manager).

    `names` are the column names that may be expected: they find the header among title lines. Without `sheet` the first visible sheet that
    holds anything is read. Raises BadInput for what is no table, is damaged, protected, or passes a limit.
    """
    limits = limits or Limits()
    path = Path(path)
    if not path.is_file():
        raise BadInput("exchange.no_file", "There is no file %(path)s.", path=str(path))
    found = kind(path)
    source: Source
    if found == "xlsx":
        source = Xlsx(path, limits=limits, sheet=sheet)
    elif found == "xls":
        source = Xls(path, limits=limits, sheet=sheet)
    else:
        source = Text(path, limits=limits)
    try:
        return Table(source, limits=limits, names=names)
    except BaseException:
        source.close()
        raise
