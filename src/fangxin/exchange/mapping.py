"""A row of a table to a Filing, or to the reason why not (映射). Pure: no Django; one Mapper serves one file."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final, Protocol

from fangxin.cases.filings import Channel, Consent, Filing, Kind, Person, Reply, Respondent
from fangxin.exchange import profiles
from fangxin.exchange.converting import EAST_8, SKEW, Convert, Unusable, codes, days, instants, money_in, number_in, required_by, text_in
from fangxin.exchange.profiles import Column, Profile
from fangxin.exchange.readers import Cell, Fault, text_of
from fangxin.kernel.errors import BadInput

BEYOND: Final = "#"
"""Key of what stood right of the header in a quarantined row's raw values."""


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
            convert = number_in
        elif kind == profiles.INSTANT:
            convert = instants(column.formats, latest, epoch_1904=table.epoch_1904)
        elif kind == profiles.DAY:
            convert = days(column.formats, latest, epoch_1904=table.epoch_1904)
        elif kind == profiles.MONEY:
            convert = money_in(column.unit)
        elif kind == profiles.KIND:
            convert = codes(column, self.profile.kind, Kind)
        elif kind == profiles.CONSENT:
            convert = codes(column, Consent.NOT_ASKED, Consent)
        elif kind == profiles.YESNO:
            convert = codes(column, default=False, enum=lambda value: value == "yes")
        else:
            convert = text_in
        return required_by(convert) if column.filled else convert

    def __call__(self, row: int, cells: Sequence[Cell]) -> Filing | Reject:
        """The filing of one row. Rows must come in the order of the file: equal rows without numbers are told apart by their count."""
        index = -1
        values: dict[str, Any] = {}
        try:
            if len(cells) > self._width:
                text_in(cells[self._width])  # a fault of the whole row
            for index, name, convert in self._plan:
                values[name] = convert(cells[index])
            index = -1
            return self._filing(values, cells)
        except Unusable as bad:
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
                    raise Unusable(cell.code, cell.message, column=name, **dict(cell.params))
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
                raise Unusable("exchange.reply_untimed", "There is a reply without its time.", column=self._column("reply.at"))
            return None
        return Reply(at=at, text=text, closes=self.profile.closes)

    def _after(self, received_at: datetime, at: datetime | None, name: str) -> datetime | None:
        """An instant that can't lie before the receipt; a bare date on the day of receipt counts as the receipt's time."""
        if at is None or at >= received_at:
            return at
        local = at.astimezone(EAST_8)
        if local.time() == time() and local.date() == received_at.astimezone(EAST_8).date():
            return received_at
        raise Unusable("exchange.before_receipt", "The time lies before the receipt.", column=self._column(name))

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
