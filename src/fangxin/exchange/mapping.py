"""A row of a table to a Filing, or to the reason why not (映射). Pure: no Django; one Mapper serves one file."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from fangxin.cases.filings import Channel, Consent, Filing, Kind, Person, Reply, Respondent
from fangxin.exchange import profiles
from fangxin.exchange.profiles import Column, Profile
from fangxin.exchange.readers import Cell, Fault, from_serial, text_of
from fangxin.kernel.errors import BadInput

SHANGHAI = ZoneInfo("Asia/Shanghai")
EAST_8 = timezone(timedelta(hours=8))
SKEW = timedelta(minutes=10)
"""How far another system's watch may run ahead of ours before a time counts as future."""
LONGEST_NUMBER: Final = 64
BEYOND: Final = "#"
"""Key of what stood right of the header in a quarantined row's raw values."""
DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]*(\d{1,2})\s*[:：时点]\s*(\d{1,2})\s*(?:[:：分]\s*(?:(\d{1,2})(?:\.\d+)?\s*秒?)?)?)?"
)
SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")


class TableLike(Protocol):
    """What a Mapper needs of a table."""

    header: list[str]
    epoch_1904: bool


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that can't become a filing: where, why (code, English template, params), and everything that it says."""

    row: int
    column: str
    code: str
    message: str
    params: Mapping[str, str | int]
    raw: Mapping[str, str]


class _Bad(Exception):  # noqa: N818 -- never leaves this module
    def __init__(self, code: str, message: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.message, self.params = code, message, params


Convert = Callable[[Cell], Any]


def _text(cell: Cell) -> str:
    if type(cell) is str:
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, Fault):
        raise _Bad(cell.code, cell.message, **dict(cell.params))
    return text_of(cell)


def _number(cell: Cell) -> str:
    """Digits as text; what a spreadsheet has rounded is refused, never guessed."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if cell != cell // 1 or not -1e15 < cell < 1e15:
            raise _spoiled(cell)
        return str(int(cell))
    text = _text(cell).lstrip("'‘`")
    if len(text) > LONGEST_NUMBER:
        raise _Bad("exchange.number_too_long", "The number has more than %(limit)s characters.", limit=LONGEST_NUMBER)
    if "E" in text.upper() and SCIENTIFIC.fullmatch(text):
        raise _spoiled(text)
    return text


def _spoiled(value: object) -> _Bad:
    return _Bad(
        "exchange.number_rounded", "The spreadsheet has rounded the number to %(text)s: store the column as text.", text=str(value)[:40]
    )


def _impossible(text: str) -> _Bad:
    return _Bad("exchange.date_impossible", "“%(text)s” is not a date.", text=text[:40])


def _moment(text: str, formats: Sequence[str]) -> datetime:
    """A naive or aware datetime out of the forms that lists have."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if match := DATE.fullmatch(text):
        try:
            return datetime(*(int(part or 0) for part in match.groups()))  # type: ignore[arg-type]  # noqa: DTZ001 -- year to second; the zone is added by the caller
        except ValueError:
            raise _impossible(text) from None
    if text.isdecimal() and len(text) in {8, 12, 14}:
        formats = ("%Y%m%d%H%M%S"[: len(text) - 2], *formats)
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 -- the zone is added by the caller
        except ValueError:
            continue
    raise _impossible(text)


def _cell_moment(cell: Cell, formats: Sequence[str], *, epoch_1904: bool) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if 20_000 < cell < 80_000:  # serial numbers of 1954 to 2119
            found = from_serial(float(cell), epoch_1904=epoch_1904)
            if isinstance(found, datetime):
                return found
        return _moment(text_of(cell), formats)
    if isinstance(cell, time):
        raise _impossible(cell.isoformat())
    text = _text(cell)
    return _moment(text, formats) if text else None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if moment.year < 1992:  # China kept summer time in 1986-1991
        return moment.replace(tzinfo=SHANGHAI).astimezone(UTC)
    return moment.replace(tzinfo=EAST_8).astimezone(UTC)


def _instants(formats: Sequence[str], latest: datetime, *, epoch_1904: bool) -> Convert:
    earliest = datetime(1980, 1, 1, tzinfo=UTC)

    def instant(cell: Cell) -> datetime | None:
        moment = _cell_moment(cell, formats, epoch_1904=epoch_1904)
        if moment is None:
            return None
        try:
            found = _utc(moment)
        except OverflowError:
            raise _impossible(text_of(cell)) from None
        if not earliest <= found <= latest:
            if found > latest:
                raise _Bad("exchange.time_in_future", "%(text)s is in the future.", text=text_of(cell)[:40])
            raise _impossible(text_of(cell))
        return found

    return instant


def _days(formats: Sequence[str], latest: datetime, *, epoch_1904: bool) -> Convert:
    last = latest.astimezone(SHANGHAI).date()

    def day(cell: Cell) -> date | None:
        moment = _cell_moment(cell, formats, epoch_1904=epoch_1904)
        if moment is None:
            return None
        found = (moment if moment.tzinfo is None else moment.astimezone(SHANGHAI)).date()
        if found > last:
            raise _Bad("exchange.time_in_future", "%(text)s is in the future.", text=text_of(cell)[:40])
        if found.year < 1900:
            raise _impossible(text_of(cell))
        return found

    return day


def _money(unit: str) -> Convert:
    def money(cell: Cell) -> int:
        text = text_of(cell) if isinstance(cell, (int, float)) else _text(cell)
        if not text:
            return 0
        bare = text.replace(",", "").replace("，", "").strip("￥¥ ")
        factor = profiles.UNITS[unit]
        for suffix, named in (("万元", "wan"), ("万", "wan"), ("元", "yuan"), ("分", "fen")):
            if bare.endswith(suffix):
                bare, factor = bare.removesuffix(suffix).strip(), profiles.UNITS[named]
                break
        try:
            amount = Decimal(bare)
            fen = int((amount * factor).quantize(Decimal(1), ROUND_HALF_UP))
        except (InvalidOperation, ValueError, OverflowError):
            fen = -1
        if not 0 <= fen < 10**15:
            raise _Bad("exchange.amount_impossible", "“%(text)s” is not an amount of money.", text=text[:40])
        return fen

    return money


def _codes(column: Column, default: object, enum: Callable[[str], object]) -> Convert:
    table = {key: enum(value) for key, value in {**profiles.USUAL_CODES[column.kind], **column.codes}.items()}
    allowed = "、".join(table)

    def code(cell: Cell) -> object:
        text = _text(cell)
        if not text:
            return default
        try:
            return table[text]
        except KeyError:
            raise _Bad(
                "exchange.code_unknown", "“%(text)s” is none of the known values (%(known)s).", text=text[:40], known=allowed
            ) from None

    return code


def _required(convert: Convert) -> Convert:
    def required(cell: Cell) -> Any:
        value = convert(cell)
        if value is None or value == "":
            raise _Bad("exchange.cell_empty", "The cell is empty.")
        return value

    return required


class Mapper:
    """Rows of one table under one profile.

    `at` is the instant of the import: later times are refused, and it is the receipt of rows whose list gives none (`given` replaces it
    there, so that a second import of the same list says the same). `units` turns an office's code or name as stated into its code, or
    "" for a stranger, whose name is then kept in `extra`.

    Raises BadInput if a required column is missing or a column stands twice.
    """

    def __init__(
        self, profile: Profile, table: TableLike, *, at: datetime, given: datetime | None = None, units: Callable[[str], str] = str
    ) -> None:
        self.profile = profile
        self.header = list(table.header)
        self._at = at
        self._given = given or at
        self._units = units
        self._seen: Counter[bytes] = Counter()
        places = self._places()
        self._plan = [
            (places[column.field], column.field, self._converter(column, table)) for column in profile.columns if column.field in places
        ]
        taken = {index for index, _, _ in self._plan}
        self._extra = [(index, name) for index, name in enumerate(self.header) if index not in taken]
        self._width = len(self.header)
        self._unit_header = next((self.header[index] for index, name, _ in self._plan if name == "unit"), "")
        self._others = [(channel, f"other_numbers.{channel.value}") for channel in Channel if f"other_numbers.{channel.value}" in places]

    def _places(self) -> dict[str, int]:
        labels: dict[str, list[int]] = {}
        for index, name in enumerate(self.header):
            labels.setdefault(label(name), []).append(index)
        places: dict[str, int] = {}
        missing = []
        for column in self.profile.columns:
            found = next((labels[label(name)] for name in column.names if label(name) in labels), None)
            if found is None:
                if column.required:
                    missing.append("/".join(column.names[:3]))
            elif len(found) > 1:
                raise BadInput("exchange.column_twice", "Column “%(name)s” stands twice.", name=self.header[found[0]])
            else:
                places[column.field] = found[0]
        if missing:
            raise BadInput(
                "exchange.column_missing",
                "Missing column: %(missing)s. The file has: %(found)s.",
                missing="、".join(missing),
                found="、".join(name for name in self.header if not name.startswith("#"))[:500],
            )
        return places

    def _converter(self, column: Column, table: TableLike) -> Convert:
        latest = self._at + SKEW
        kind = column.kind
        convert: Convert
        if kind == profiles.NUMBER:
            convert = _number
        elif kind == profiles.INSTANT:
            convert = _instants(column.formats, latest, epoch_1904=table.epoch_1904)
        elif kind == profiles.DAY:
            convert = _days(column.formats, latest, epoch_1904=table.epoch_1904)
        elif kind == profiles.MONEY:
            convert = _money(column.unit)
        elif kind == profiles.KIND:
            convert = _codes(column, self.profile.kind, Kind)
        elif kind == profiles.CONSENT:
            convert = _codes(column, Consent.NOT_ASKED, Consent)
        elif kind == profiles.YESNO:
            convert = _codes(column, default=False, enum=lambda value: value == "yes")
        else:
            convert = _text
        return _required(convert) if column.filled else convert

    def __call__(self, row: int, cells: Sequence[Cell]) -> Filing | Reject:
        """The filing of one row. Rows must come in the order of the file: equal rows without numbers are told apart by their count."""
        index = -1
        values: dict[str, Any] = {}
        try:
            if len(cells) > self._width:
                _text(cells[self._width])  # a fault of the whole row
            for index, name, convert in self._plan:
                values[name] = convert(cells[index])
            index = -1
            return self._filing(values, cells)
        except _Bad as bad:
            column = bad.params.pop("column", "") if index < 0 else self.header[index]
            return Reject(row, str(column), bad.code, bad.message, bad.params, raw(self.header, cells))

    def _filing(self, values: dict[str, Any], cells: Sequence[Cell]) -> Filing:
        get = values.get
        profile = self.profile
        number = get("outside_number", "") or self._content_number(values)
        received_at: datetime = get("received_at") or self._given
        dispatched_at = self._after(received_at, get("dispatched_at"), "dispatched_at")
        extra = {}
        for index, name in self._extra:
            cell = cells[index]
            if cell is not None and cell != "":
                if isinstance(cell, Fault) and cell.code != "exchange.cell_error":
                    raise _Bad(cell.code, cell.message, column=name, **dict(cell.params))
                if text := text_of(cell).strip():
                    extra[name] = text
        unit = ""
        if stated := get("unit", ""):
            unit = self._units(stated)
            if not unit:
                extra[self._unit_header] = stated
        person = Person(
            name=get("person.name", ""),
            phone=get("person.phone", ""),
            id_type=get("person.id_type", ""),
            id_number=get("person.id_number", ""),
            address=get("person.address", ""),
        )
        return Filing(
            channel=profile.channel,
            received_at=received_at,
            narrative=values["narrative"],
            outside_number=number,
            other_numbers=tuple([(channel, found) for channel, name in self._others if (found := values[name])]),
            kind=get("kind", profile.kind),
            title=get("title", ""),
            persons=() if person.empty else (person,),
            anonymous=get("anonymous", False),
            respondent=Respondent(
                name=get("respondent.name", ""),
                uscc=get("respondent.uscc", ""),
                address=get("respondent.address", ""),
                contact=get("respondent.contact", ""),
                phone=get("respondent.phone", ""),
                platform=get("respondent.platform", ""),
            ),
            request=get("request", ""),
            claimed_fen=get("claimed_fen", 0),
            occurred_on=get("occurred_on"),
            place=get("place", ""),
            goods_or_service=get("goods_or_service", ""),
            object_class=get("object_class", ""),
            problem_class=get("problem_class", ""),
            field_of_law=get("field_of_law", ""),
            consent_publish=get("consent_publish", Consent.NOT_ASKED),
            consent_delegate=get("consent_delegate", Consent.NOT_ASKED),
            unit_code=unit,
            dispatched_at=dispatched_at or (received_at if profile.on_receipt else None),
            reply=self._reply(values, received_at),
            extra=extra,
        )

    def _reply(self, values: Mapping[str, Any], received_at: datetime) -> Reply | None:
        at = self._after(received_at, values.get("reply.at"), "reply.at")
        text = values.get("reply.text", "")
        if at is None:
            if text:
                raise _Bad("exchange.reply_untimed", "There is a reply without its time.", column=self._column("reply.at"))
            return None
        return Reply(at=at, text=text, closes=self.profile.closes)

    def _after(self, received_at: datetime, at: datetime | None, name: str) -> datetime | None:
        """An instant that can't lie before the receipt; a bare date on the day of receipt counts as the receipt's time."""
        if at is None or at >= received_at:
            return at
        local = at.astimezone(EAST_8)
        if local.time() == time() and local.date() == received_at.astimezone(EAST_8).date():
            return received_at
        raise _Bad("exchange.before_receipt", "The time lies before the receipt.", column=self._column(name))

    def _column(self, name: str) -> str:
        return next(self.header[index] for index, each, _ in self._plan if each == name)

    def _content_number(self, values: Mapping[str, Any]) -> str:
        """The number of a row that has none: the digest of what it says, and how many equal rows came before."""
        text = "\x1f".join(f"{name}={values[name]}" for _, name, _ in self._plan if values[name] not in (None, ""))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
        self._seen[digest] += 1
        return f"content-{digest.hex()}-{self._seen[digest]}"


def label(name: str) -> str:
    """A header compared without white space, the form's colon or star, and the width of brackets."""
    return "".join(name.split()).strip(":：*＊").replace("（", "(").replace("）", ")")


def raw(header: Sequence[str], cells: Sequence[Cell]) -> dict[str, str]:
    """What a row says, by header, as text; a second column of a name gets its place, so nothing is lost."""
    found: dict[str, str] = {}
    for index, name in enumerate(header):
        if text := text_of(cells[index]):
            found[name if name not in found else f"{name} #{index + 1}"] = text
    beyond = cells[len(header)] if len(cells) > len(header) else None
    if isinstance(beyond, Fault) and beyond.text:
        found[BEYOND] = beyond.text
    return found


def cells_of(header: Iterable[str], values: Mapping[str, str]) -> list[Cell]:
    """Cells for a Mapper out of raw values, perhaps corrected."""
    return [values.get(name, "") for name in header]
