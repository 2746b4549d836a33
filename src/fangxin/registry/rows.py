"""Reading a list of traders: encoding, header, and what a row says (pure)."""

import codecs
import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b, sha256
from pathlib import Path
from typing import NamedTuple

from fangxin.kernel.errors import BadInput
from fangxin.registry.names import check_uscc, normalise, place_key

COLUMNS = (
    "uscc",
    "name",
    "kind",
    "status",
    "industry",
    "division",
    "town",
    "address",
    "registered_on",
    "former_names",
    "brand_names",
)
NAME_LENGTH, ADDRESS_LENGTH, FORM_LENGTH = 200, 300, 80
_HEADERS = {
    normalise(alias): column
    for column, aliases in {
        "uscc": ("uscc", "统一社会信用代码", "社会信用代码", "信用代码"),
        "name": ("name", "名称", "企业名称", "经营者名称", "市场主体名称", "字号名称"),
        "kind": ("kind", "类型", "企业类型", "市场主体类型"),
        "status": ("status", "状态", "登记状态", "经营状态"),
        "industry": ("industry", "行业代码", "行业"),
        "division": ("division", "区划代码", "行政区划", "县区", "县市区"),
        "town": ("town", "乡镇", "乡镇街道", "镇街"),
        "address": ("address", "地址", "住所", "经营场所", "注册地址"),
        "registered_on": ("registered_on", "成立日期", "注册日期", "登记日期"),
        "former_names": ("former_names", "曾用名"),
        "brand_names": ("brand_names", "字号/品牌", "字号", "品牌"),
    }.items()
    for alias in aliases
}
_STATUSES = {
    "": "unknown",
    **dict.fromkeys(("active", "存续", "在业", "在营", "开业", "正常", "存续(在营)", "存续(在营、开业、在册)", "在营(开业)企业"), "active"),
    **dict.fromkeys(("dormant", "歇业"), "dormant"),
    **dict.fromkeys(("revoked", "吊销", "吊销,未注销", "吊销未注销"), "revoked"),
    **dict.fromkeys(("annulled", "撤销", "撤销登记"), "annulled"),
    **dict.fromkeys(("deregistered", "注销", "已注销", "吊销,已注销", "吊销已注销"), "deregistered"),
    **dict.fromkeys(("moved_out", "迁出", "已迁出"), "moved_out"),
    **dict.fromkeys(("unknown", "未知"), "unknown"),
}
_STATUS_BY_KEY = {normalise(text): status for text, status in _STATUSES.items()}
_KIND_CODES = {"enterprise", "individual", "cooperative", "other", "unknown"}
_KIND_WORDS = (
    (re.compile("合作社"), "cooperative"),
    (re.compile("个体"), "individual"),
    (re.compile("公司|企业|合伙|独资|集体|国有|全民|股份|联营|外商|分支机构"), "enterprise"),
)
_INDUSTRY = re.compile("[A-T]?[0-9]{2,4}|[A-T]")
_DAY = re.compile("([0-9]{4})(?:[-/.年]?)([0-9]{1,2})(?:[-/.月]?)([0-9]{1,2})日?(?:[ T]0?0:00(?::00)?)?")


class Content(NamedTuple):
    """All that an import knows of one trader."""

    uscc: str | None
    name: str
    kind: str
    legal_form: str
    status: str
    industry: str | None
    division_id: int | None
    town_id: int | None
    address: str
    registered_on: date | None
    former_names: tuple[str, ...]
    brand_names: tuple[str, ...]

    def digest(self) -> str:
        """32 hexadecimal digits that are equal for equal content only."""
        scalars = "\x1e".join(["" if item is None else str(item) for item in self[:10]])
        former, brands = "\x1f".join(self.former_names), "\x1f".join(self.brand_names)
        text = f"{scalars}\x1e{former}\x1e{brands}"
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def stated_key(self) -> str | None:
        """What a trader without a code is known by: a digest of name, division and address; None for one with a code."""
        if self.uscc is not None:
            return None
        text = f"{normalise(self.name)}\x1f{self.division_id or ''}\x1f{normalise(self.address)}"
        return blake2b(text.encode(), digest_size=16).hexdigest()


class RowRefused(Exception):
    """A row that can't go in: in which column, and why."""

    def __init__(self, column: str, value: str, refusal: BadInput) -> None:
        super().__init__(column, refusal)
        self.column = column
        self.value = value
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class TownEntry:
    """A town with its county first and then whoever else claims it."""

    id: int
    counties: tuple[int, ...]


@dataclass(slots=True)
class Places:
    """Ids of places by `place_key` of their names and codes. A name may mean several."""

    divisions: Mapping[str, frozenset[int]]
    towns: Mapping[str, tuple[TownEntry, ...]]
    _answers: dict[tuple[str, str], tuple[int | None, int | None]] = field(default_factory=dict)

    def resolve(self, division: str, town: str) -> tuple[int | None, int | None]:
        """Ids of the division and town stated. A town alone brings its county. Raises RowRefused for what is unknown or ambiguous."""
        answer = self._answers.get((division, town))
        if answer is None:
            answer = self._resolve(division, town)
            if len(self._answers) < 10_000:
                self._answers[division, town] = answer
        return answer

    def _resolve(self, division: str, town: str) -> tuple[int | None, int | None]:
        county = None
        if division:
            found = self.divisions.get(place_key(division), frozenset())
            if len(found) != 1:
                raise RowRefused(
                    "division", division, BadInput("registry.division_unknown", "The division is not known or not the only one.")
                )
            (county,) = found
        if not town:
            return county, None
        towns = [entry for entry in self.towns.get(place_key(town), ()) if county is None or county in entry.counties]
        if len(towns) != 1:
            raise RowRefused("town", town, BadInput("registry.town_unknown", "The town is not known in this division or not the only one."))
        return county or towns[0].counties[0], towns[0].id


class Header:
    """Which cell of a row is which column.

    Raises BadInput if a column stands twice or the name is missing. `columns` holds the columns that the file has.
    """

    def __init__(self, cells: Sequence[str]) -> None:
        places: dict[str, int] = {}
        for position, cell in enumerate(cells):
            column = _HEADERS.get(normalise(cell))
            if column is None:
                continue
            if column in places:
                raise BadInput("registry.column_twice", "Column %(name)s stands twice in the header.", name=column)
            places[column] = position
        if "name" not in places:
            raise BadInput("registry.column_missing", "Column %(name)s is missing.", name="name")
        self.columns = frozenset(places)
        self.width = len(cells)
        self._order = [places.get(column, len(cells)) for column in COLUMNS]

    def cells(self, row: list[str] | BadInput) -> list[str]:
        """The row's cells in the order of COLUMNS, stripped, "" for a column that the file lacks. Raises RowRefused for what is no row."""
        if isinstance(row, BadInput):
            raise RowRefused("", "", row)
        if len(row) != self.width and (len(row) < self.width or any(row[self.width :])):
            raise RowRefused(
                "",
                "",
                BadInput("registry.cells", "The row has %(found)s cells, the header %(expected)s.", found=len(row), expected=self.width),
            )
        padded = [*row[: self.width], ""]
        return [padded[position].strip() for position in self._order]


def parse(cells: list[str], places: Places, today: date) -> Content:
    """What one row says; `cells` in the order of COLUMNS. Raises RowRefused with the first column that can't be used."""
    uscc, name, form, status, industry, division, town, address, registered_on, former, brands = cells
    column, value = "", ""
    try:
        if "\x00" in "".join(cells):
            raise BadInput("registry.control_character", "The row holds a NUL character.")  # noqa: TRY301 -- one place adds the column
        column, value = "uscc", uscc
        code = check_uscc(uscc) if uscc else None
        column, value = "name", name
        key = _key(name)
        column, value = "kind", form
        kind = _kind(form)
        column, value = "status", status
        state = _status(status)
        column, value = "industry", industry
        sector = _industry(industry)
        division_id, town_id = places.resolve(division, town)
        column, value = "address", address
        _short_enough(address, ADDRESS_LENGTH)
        column, value = "registered_on", registered_on
        day = _day(registered_on, today)
        column, value = "former_names", former
        former_names = _names(former, key)
        column, value = "brand_names", brands
        brand_names = _names(brands, key)
    except BadInput as refusal:
        raise RowRefused(column, value, refusal) from None
    return Content(
        code,
        name,
        kind,
        "" if form in _KIND_CODES else form,
        state,
        sector,
        division_id,
        town_id,
        address,
        day,
        former_names,
        brand_names,
    )


def _short_enough(text: str, limit: int) -> None:
    if len(text) > limit:
        raise BadInput("registry.too_long", "The text has %(length)s characters; %(limit)s are allowed.", length=len(text), limit=limit)


def _key(name: str) -> str:
    _short_enough(name, NAME_LENGTH)
    key = normalise(name)
    _short_enough(key, NAME_LENGTH)
    if not key:
        raise BadInput("registry.name_empty", "The name is empty.")
    return key


def _kind(text: str) -> str:
    if not text:
        return "unknown"
    if text in _KIND_CODES:
        return text
    _short_enough(text, FORM_LENGTH)
    return next((kind for words, kind in _KIND_WORDS if words.search(text)), "other")


def _status(text: str) -> str:
    status = _STATUSES.get(text) or _STATUSES.get(text.lower()) or _STATUS_BY_KEY.get(normalise(text))
    if status is None:
        raise BadInput("registry.status_unknown", "The state of registration is not known.")
    return status


def _industry(text: str) -> str | None:
    if not text:
        return None
    if not _INDUSTRY.fullmatch(text):
        raise BadInput("registry.industry_code", "The industry is not a code of GB/T 4754.")
    return text


def _day(text: str, today: date) -> date | None:
    if not text:
        return None
    match = _DAY.fullmatch(text)
    try:
        day = date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise BadInput("registry.date", "The date can't be read or does not exist.")
    if day > today:
        raise BadInput("registry.date_future", "The date lies in the future.")
    return day


def _names(text: str, own: str) -> tuple[str, ...]:
    """The names between bars, each once, without the trader's own."""
    if not text:
        return ()
    names: dict[str, str] = {}
    for part in text.replace("｜", "|").split("|"):
        name = part.strip()
        _short_enough(name, NAME_LENGTH)
        key = normalise(name)
        _short_enough(key, NAME_LENGTH)
        if key and key != own:
            names.setdefault(key, name)
    return tuple(names.values())


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file whose text can be read: its encoding and the SHA-256 of its bytes."""

    path: Path
    encoding: str
    sha256: str

    def lines(self) -> Iterator[str]:
        """Lines with their ends, for the csv module."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            yield from file


def recognise(path: Path) -> TextFile:
    """Read the file once, in pieces, to tell UTF-8 (with or without BOM) from GB18030. Raises BadInput for what is no text."""
    digest, utf8, gb = sha256(), codecs.getincrementaldecoder("utf-8")(), codecs.getincrementaldecoder("gb18030")()
    is_utf8, first = True, b""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            first = first or piece[:4]
            digest.update(piece)
            is_utf8 = is_utf8 and _decodes(utf8, piece)
    is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    if first.startswith((b"PK", b"\xd0\xcf\x11\xe0", b"%PDF", b"\xff\xfe", b"\xfe\xff")):
        raise BadInput("registry.not_csv", "This is not a CSV file in UTF-8 or GB18030.")
    if is_utf8:
        return TextFile(path, "utf-8-sig", digest.hexdigest())
    with path.open("rb") as file:
        is_gb = all(_decodes(gb, piece) for piece in iter(lambda: file.read(1 << 20), b"")) and _decodes(gb, b"", final=True)
    if not is_gb:
        raise BadInput("registry.not_csv", "This is not a CSV file in UTF-8 or GB18030.")
    return TextFile(path, "gb18030", digest.hexdigest())


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def records(lines: Iterator[str]) -> Iterator[tuple[int, list[str] | BadInput]]:
    """Rows with the number of the line that each starts on; a BadInput in place of one that can't be taken apart. Blank rows are left out.

    The separator (comma, tab or semicolon) is the one that the first line has most of.
    """
    first = next(lines, "")
    separator = max(",\t;", key=first.count)

    def again() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(again(), delimiter=separator)
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield start, BadInput("registry.row_unreadable", "The row can't be taken apart: a quote is not closed or a cell is too long.")
        else:
            if any(row):
                yield start, row
        start = reader.line_num + 1
