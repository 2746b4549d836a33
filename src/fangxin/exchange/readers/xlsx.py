"""xlsx in bounded memory: the sheet's XML through expat piece by piece, shared strings beyond a few megabytes in an unnamed temporary file.

Measured against python-calamine and openpyxl in tests: the same values. What grows with the rows is eight bytes a shared string.
"""

import os
import re
import tempfile
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from fangxin.kernel.errors import BadInput

from .base import Area, Cell, Limits, blank
from .sheetxml import Context, column_index, exact_rows, exact_strings, feed, is_plain, parser, quick_rows, quick_strings
from .sniff import protected, truncated

CHUNK = 1 << 18
DATA_END = re.compile(rb"</(?:\w+:)?sheetData\s*>")
MERGES_WITHIN = 4 << 20
MERGE = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref\s*=\s*["\']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["\']')
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Number formats that are dates in every file, those of East Asia (27-36, 50-58) among them."""
QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')


class SharedStrings:
    """The workbook's table of strings: the first ones in memory, the rest in a file that has no name and vanishes with us."""

    def __init__(self, in_memory_chars: int = 12_000_000) -> None:
        self._memory: list[str] = []
        self._left = in_memory_chars
        self._offsets = array("Q", [0])
        self._file: Any = None
        self._pending = bytearray()
        self._flushed = 0
        self._window = b""
        self._window_at = 0

    def add(self, text: str) -> None:
        if self._file is None:
            self._memory.append(text)
            self._left -= len(text) + 60
            if self._left < 0:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 -- closed in close()
            return
        self._pending += text.encode("utf-8", "surrogatepass")
        self._offsets.append(self._flushed + len(self._pending))
        if len(self._pending) > 1 << 20:
            self.flush()

    def flush(self) -> None:
        if self._file is not None and self._pending:
            self._file.write(self._pending)
            self._flushed += len(self._pending)
            self._pending = bytearray()

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        memory = self._memory
        if index < len(memory):
            return memory[index]
        index -= len(memory)
        begin, end = self._offsets[index], self._offsets[index + 1]
        at = begin - self._window_at
        if not 0 <= at <= end - self._window_at <= len(self._window):
            # Strings are numbered as they appear, so reading ahead serves the next ones; a jump back is read alone.
            if at < 0:
                return os.pread(self._file.fileno(), end - begin, begin).decode("utf-8", "surrogatepass")
            self._window = os.pread(self._file.fileno(), max(end - begin, CHUNK // 4), begin)
            self._window_at, at = begin, 0
        return self._window[at : at + end - begin].decode("utf-8", "surrogatepass")

    def __len__(self) -> int:
        return len(self._memory) + len(self._offsets) - 1

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def local(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def is_date_format(code: str) -> bool:
    """A custom number format that shows a date or time of day; durations ([h]:mm) are numbers."""
    if re.search(r"\[(h+|m+|s+)\]", code, re.IGNORECASE):
        return False
    bare = QUOTED.sub("", code.partition(";")[0]).lower()
    return any(letter in bare for letter in "ymdhs年月日") and "general" not in bare


class Xlsx:
    """One sheet of a workbook."""

    kind = "xlsx"

    def __init__(self, path: Path, *, limits: Limits, sheet: str = "") -> None:
        self._limits = limits
        self._strings = SharedStrings()
        self._file = path.open("rb")
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._check_parts()
            workbook, relations = self._workbook()
            self.epoch_1904, sheets = workbook
            self._dates = self._date_styles(self._related(relations, "/styles"))
            self._load_strings(self._related(relations, "/sharedStrings"))
            self.sheet, self._part = self._choose(sheets, relations, sheet)
        except (zipfile.BadZipFile, ValueError) as error:
            self.close()
            raise truncated() from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._strings.close()
        self._file.close()

    def _check_parts(self) -> None:
        """Refuse what unpacks to far more than it is, before anything is unpacked; sizes declared too small are cut off by zipfile."""
        total = 0
        for info in self._zip.infolist():
            if info.flag_bits & 1:
                raise protected()
            total += info.file_size
            if info.file_size > self._limits.ratio_from_bytes and info.file_size > self._limits.part_ratio * max(1, info.compress_size):
                total = self._limits.unpacked_bytes + 1
            if total > self._limits.unpacked_bytes:
                raise BadInput("exchange.zip_bomb", "The file unpacks to far more than a list of orders: it is refused.")

    def _chunks(self, part: str) -> Iterator[bytes]:
        try:
            with self._zip.open(part) as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except KeyError as error:
            raise BadInput("exchange.part_missing", "The workbook lacks its part %(part)s: it is damaged.", part=part) from error
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise truncated() from error
        except RuntimeError as error:  # zipfile's answer to an encrypted part
            raise protected() from error

    def _all(self, part: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None] | None = None) -> None:
        made = parser(start, end)
        for chunk in self._chunks(part):
            feed(made, part, chunk)
        feed(made, part, b"", last=True)

    def _workbook(self) -> tuple[tuple[bool, list[tuple[str, str, bool]]], dict[str, tuple[str, str]]]:
        """(1904 mode, sheets as (name, relation, hidden)) and relations as id → (type, part)."""
        roots: list[str] = []
        if "_rels/.rels" in self._zip.namelist():
            self._all(
                "_rels/.rels",
                lambda _, a: roots.append(a.get("Target", "").lstrip("/")) if a.get("Type", "").endswith("/officeDocument") else None,
            )
        book = roots[0] if roots else "xl/workbook.xml"
        folder, _, name = book.rpartition("/")
        relations: dict[str, tuple[str, str]] = {}

        def relation(_: str, attributes: dict[str, str]) -> None:
            if "Id" in attributes and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "")
                part = target.lstrip("/") if target.startswith("/") else os.path.normpath(f"{folder}/{target}")
                relations[attributes["Id"]] = attributes.get("Type", ""), part

        self._all(f"{folder}/_rels/{name}.rels", relation)
        mode = [False]
        sheets: list[tuple[str, str, bool]] = []

        def element(tag: str, attributes: dict[str, str]) -> None:
            if local(tag) == "workbookPr":
                mode[0] = attributes.get("date1904", "0") in {"1", "true"}
            elif local(tag) == "sheet":
                identity = next((value for key, value in attributes.items() if local(key) == "id"), "")
                sheets.append((attributes.get("name", ""), identity, attributes.get("state", "visible") != "visible"))

        self._all(book, element)
        return (mode[0], sheets), relations

    @staticmethod
    def _related(relations: dict[str, tuple[str, str]], kind: str) -> str:
        return next((part for type_, part in relations.values() if type_.endswith(kind)), "")

    def _date_styles(self, part: str) -> frozenset[str]:
        """Style numbers (as text, as cells name them) whose cells are dates."""
        if not part or part not in self._zip.namelist():
            return frozenset()
        custom: dict[int, bool] = {}
        dates: list[str] = []
        within = [False, 0]

        def start(tag: str, attributes: dict[str, str]) -> None:
            name = local(tag)
            if name == "numFmt":
                custom[int(attributes.get("numFmtId", 0))] = is_date_format(attributes.get("formatCode", ""))
            elif name == "cellXfs":
                within[0] = True
            elif name == "xf" and within[0]:
                number = int(attributes.get("numFmtId", 0))
                if custom.get(number, number in DATE_FORMATS):
                    dates.append(str(within[1]))
                within[1] += 1

        def end(tag: str) -> None:
            if local(tag) == "cellXfs":
                within[0] = False

        self._all(part, start, end)
        return frozenset(dates)

    def _load_strings(self, part: str) -> None:
        if part and part in self._zip.namelist():
            plain = is_plain(*self._signs(self._chunks(part)))
            (quick_strings if plain else exact_strings)(self._chunks(part), part, self._strings.add, self._limits)
            self._strings.flush()

    @staticmethod
    def _signs(chunks: Iterator[bytes]) -> tuple[bytes, int, int]:
        """First bytes, number of `<?`, number of `<!`."""
        first, last, instructions, declarations = b"", b"", 0, 0
        for chunk in chunks:
            first = first or chunk[:1024]
            window = last + chunk
            instructions += window.count(b"<?")
            declarations += window.count(b"<!")
            last = chunk[-1:]
        return first, instructions, declarations

    def _choose(self, sheets: list[tuple[str, str, bool]], relations: dict[str, tuple[str, str]], wanted: str) -> tuple[str, str]:
        """The sheet by its name, or the first visible one that holds anything."""
        found = [
            (name, relations[identity][1], hidden)
            for name, identity, hidden in sheets
            if identity in relations and relations[identity][0].endswith("/worksheet")
        ]
        if wanted:
            for name, part, _ in found:
                if name == wanted:
                    self._part = part
                    self.total_hint, self.merges, self._plain = self._scan()
                    return name, part
            raise BadInput(
                "exchange.no_sheet",
                "There is no sheet “%(name)s”; the file has: %(found)s.",
                name=wanted,
                found="、".join(n for n, _, _ in found),
            )
        for name, part, _ in sorted(found, key=lambda sheet: sheet[2]):
            self._part = part
            self.total_hint, self.merges, self._plain = self._scan()
            if any(not blank(cells) for _, cells in self.records()):
                return name, part
        raise BadInput("exchange.no_rows", "The file holds no rows.")

    def _scan(self) -> tuple[int, Sequence[Area], bool]:
        """Unpack the sheet once unparsed: check sum, number of rows, merged areas (they stand behind the rows), whether it is plain."""
        rows, tail, behind = 0, b"", bytearray()
        ended = False

        def watched() -> Iterator[bytes]:
            nonlocal rows, tail, ended
            for chunk in self._chunks(self._part):
                yield chunk
                rows += chunk.count(b"<row ") + chunk.count(b"<row>") + chunk.count(b":row ")
                if ended:
                    if len(behind) < MERGES_WITHIN:
                        behind.extend(chunk)
                    continue
                window = tail + chunk
                if match := DATA_END.search(window):
                    ended = True
                    behind.extend(window[match.end() :])
                tail = chunk[-64:]

        plain = is_plain(*self._signs(watched()))
        areas = [
            (int(first), column_index(left.decode()), int(last), column_index(right.decode()))
            for left, first, right, last in MERGE.findall(bytes(behind))
        ]
        return rows, areas, plain

    def records(self) -> Iterator[tuple[int, list[Cell]]]:
        """The rows that the sheet holds, in its order."""
        context = Context(self._part, self._strings, self._dates, self.epoch_1904, self._limits)
        return (quick_rows if self._plain else exact_rows)(self._chunks(self._part), context)
