"""Cells to values of a field, or to the reason why not (转换). Pure: no Django."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from fangxin.exchange import profiles
from fangxin.exchange.profiles import Column
from fangxin.exchange.readers import Cell, Fault, from_serial, text_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
EAST_8 = timezone(timedelta(hours=8))
SKEW = timedelta(minutes=10)
"""How far another system's watch may run ahead of ours before a time counts as future."""
LONGEST_NUMBER: Final = 64
DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]*(\d{1,2})\s*[:：时点]\s*(\d{1,2})\s*(?:[:：分]\s*(?:(\d{1,2})(?:\.\d+)?\s*秒?)?)?)?"
)
SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")


class Unusable(Exception):
    """A cell that is no value of its field: code, English template and params as in DomainError."""

    def __init__(self, code: str, message: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.message, self.params = code, message, params


Convert = Callable[[Cell], Any]


def text_in(cell: Cell) -> str:
    """Text without white space around it; a fault is raised."""
    if type(cell) is str:
        return cell.strip()
    if cell is None:
        return ""
    if isinstance(cell, Fault):
        raise Unusable(cell.code, cell.message, **dict(cell.params))
    return text_of(cell)


def number_in(cell: Cell) -> str:
    """Digits as text; what a spreadsheet has rounded is refused, never guessed."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        if cell != cell // 1 or not -1e15 < cell < 1e15:
            raise _spoiled(cell)
        return str(int(cell))
    text = text_in(cell).lstrip("'‘`")
    if len(text) > LONGEST_NUMBER:
        raise Unusable("exchange.number_too_long", "The number has more than %(limit)s characters.", limit=LONGEST_NUMBER)
    if "E" in text.upper() and SCIENTIFIC.fullmatch(text):
        raise _spoiled(text)
    return text


def _spoiled(value: object) -> Unusable:
    return Unusable(
        "exchange.number_rounded", "The spreadsheet has rounded the number to %(text)s: store the column as text.", text=str(value)[:40]
    )


def _impossible(text: str) -> Unusable:
    return Unusable("exchange.date_impossible", "“%(text)s” is not a date.", text=text[:40])


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
    text = text_in(cell)
    return _moment(text, formats) if text else None


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if moment.year < 1992:  # China kept summer time in 1986-1991
        return moment.replace(tzinfo=SHANGHAI).astimezone(UTC)
    return moment.replace(tzinfo=EAST_8).astimezone(UTC)


def instants(formats: Sequence[str], latest: datetime, *, epoch_1904: bool) -> Convert:
    """An instant (UTC) of local time, between 1980 and `latest`."""
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
                raise Unusable("exchange.time_in_future", "%(text)s is in the future.", text=text_of(cell)[:40])
            raise _impossible(text_of(cell))
        return found

    return instant


def days(formats: Sequence[str], latest: datetime, *, epoch_1904: bool) -> Convert:
    """A local day, not after that of `latest`."""
    last = latest.astimezone(SHANGHAI).date()

    def day(cell: Cell) -> date | None:
        moment = _cell_moment(cell, formats, epoch_1904=epoch_1904)
        if moment is None:
            return None
        found = (moment if moment.tzinfo is None else moment.astimezone(SHANGHAI)).date()
        if found > last:
            raise Unusable("exchange.time_in_future", "%(text)s is in the future.", text=text_of(cell)[:40])
        if found.year < 1900:
            raise _impossible(text_of(cell))
        return found

    return day


def money_in(unit: str) -> Convert:
    """An amount in fen; the unit may stand in the cell."""

    def money(cell: Cell) -> int:
        text = text_of(cell) if isinstance(cell, (int, float)) else text_in(cell)
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
            raise Unusable("exchange.amount_impossible", "“%(text)s” is not an amount of money.", text=text[:40])
        return fen

    return money


def codes(column: Column, default: object, enum: Callable[[str], object]) -> Convert:
    """What the field's code table says; `default` for an empty cell."""
    table = {key: enum(value) for key, value in {**profiles.USUAL_CODES[column.kind], **column.codes}.items()}
    allowed = "、".join(table)

    def code(cell: Cell) -> object:
        text = text_in(cell)
        if not text:
            return default
        try:
            return table[text]
        except KeyError:
            raise Unusable(
                "exchange.code_unknown", "“%(text)s” is none of the known values (%(known)s).", text=text[:40], known=allowed
            ) from None

    return code


def required_by(convert: Convert) -> Convert:
    """The same, but never empty."""

    def required(cell: Cell) -> Any:
        value = convert(cell)
        if value is None or value == "":
            raise Unusable("exchange.cell_empty", "The cell is empty.")
        return value

    return required
