"""Mapping profiles (映射方案): which column of a channel's list is which field of a filing, as TOML. Pure: no Django.

    name = "12345-orders"
    title = "12345 热线工单"
    channel = "12345"

    [[column]]
    field = "outside_number"     # a field of FIELDS
    names = ["工单编号", "工单号"]  # accepted headers, the first is the one written on export
    required = true              # the column must be there
    filled = true                # and its cells must not be empty
    codes = { "是" = "yes" }      # for fields with codes, added to the usual ones
    unit = "yuan"                # for money: yuan (default), fen or wan
    formats = ["%d/%m/%Y"]       # for dates, beyond the usual forms

A column that no field takes goes to `Filing.extra` under its own name. See `Profile` for the rest.
"""

import dataclasses
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

from fangxin.cases.filings import Channel, Consent, Kind
from fangxin.kernel.errors import BadInput

TEXT, INSTANT, DAY, MONEY, KIND, CONSENT, YESNO, NUMBER = "text", "instant", "day", "money", "kind", "consent", "yesno", "number"

FIELDS: dict[str, str] = {
    "outside_number": NUMBER,
    "kind": KIND,
    "title": TEXT,
    "narrative": TEXT,
    "received_at": INSTANT,
    "anonymous": YESNO,
    "person.name": TEXT,
    "person.phone": NUMBER,
    "person.id_type": TEXT,
    "person.id_number": NUMBER,
    "person.address": TEXT,
    "respondent.name": TEXT,
    "respondent.uscc": NUMBER,
    "respondent.address": TEXT,
    "respondent.contact": TEXT,
    "respondent.phone": NUMBER,
    "respondent.platform": TEXT,
    "request": TEXT,
    "claimed_fen": MONEY,
    "occurred_on": DAY,
    "place": TEXT,
    "goods_or_service": TEXT,
    "object_class": TEXT,
    "problem_class": TEXT,
    "field_of_law": TEXT,
    "consent_publish": CONSENT,
    "consent_delegate": CONSENT,
    "unit": TEXT,
    "dispatched_at": INSTANT,
    "reply.at": INSTANT,
    "reply.text": TEXT,
    **{f"other_numbers.{channel.value}": NUMBER for channel in Channel},
}
"""Field → type of its cells. `unit` is an office's code or name; numbers are texts of digits that spreadsheets like to spoil."""

USUAL_CODES: dict[str, Mapping[str, str]] = {
    KIND: {
        "投诉": Kind.COMPLAINT,
        "消费投诉": Kind.COMPLAINT,
        "举报": Kind.REPORT,
        "咨询": Kind.CONSULTATION,
        "投诉举报": Kind.MIXED,
        "投诉、举报": Kind.MIXED,
        "投诉/举报": Kind.MIXED,
        "待定": Kind.UNDETERMINED,
        **{kind.value: kind.value for kind in Kind},
    },
    CONSENT: {
        "是": Consent.YES,
        "同意": Consent.YES,
        "yes": Consent.YES,
        "否": Consent.NO,
        "不同意": Consent.NO,
        "no": Consent.NO,
        "未询问": Consent.NOT_ASKED,
        "未填": Consent.NOT_ASKED,
        "not_asked": Consent.NOT_ASKED,
    },
    YESNO: {"是": "yes", "匿名": "yes", "yes": "yes", "否": "no", "实名": "no", "no": "no"},
}
UNITS = {"yuan": 100, "fen": 1, "wan": 1_000_000}
DISPOSITION_FIELDS = frozenset({"outside_number", "what", "at", "text", "unit", "case_number"})


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a filing and the headers that it may have."""

    field: str
    names: tuple[str, ...]
    required: bool = False
    filled: bool = False
    codes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    unit: str = "yuan"
    formats: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return FIELDS[self.field]


@dataclass(frozen=True, slots=True)
class Export:
    """How dispositions go back: the columns as (header, field), and the words for what happened and for a confirmation."""

    columns: tuple[tuple[str, str], ...]
    words: Mapping[str, str]
    number: str
    result: str
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Profile:
    """A checked profile.

    `key` is `number` (the channel's own number makes a row unique) or `content` (a list without numbers: the row's mapped values and
    how many equal rows stood before it). `kind` is what a row is without a column or value for it. `on_receipt`: a message counts as
    arrived at its handling unit when it was received, unless a column says when. `received` may be `given`: the list has no time of
    receipt and the caller's instant is taken. `digest` changes with the file, so that runs under different rules can be told apart.
    """

    name: str
    title: str
    channel: Channel
    columns: tuple[Column, ...]
    key: str = "number"
    kind: Kind = Kind.UNDETERMINED
    on_receipt: bool = False
    closes: bool = True
    received: str = "column"
    export: Export | None = None
    digest: str = ""

    @property
    def names(self) -> frozenset[str]:
        """Every header that the profile knows."""
        return frozenset(name for column in self.columns for name in column.names)


def available() -> list[str]:
    """Names of the profiles that ship with Fangxin."""
    return sorted(path.name.removesuffix(".toml") for path in resources.files(__name__).iterdir() if path.name.endswith(".toml"))


def load(name_or_path: str | Path) -> Profile:
    """A shipped profile by its name, or one's own by its path; raises BadInput that says what is wrong with it."""
    text = str(name_or_path)
    if text in available():
        data = resources.files(__name__).joinpath(f"{text}.toml").read_bytes()
    elif text.endswith(".toml") and Path(text).is_file():
        data = Path(text).read_bytes()
    else:
        raise BadInput(
            "exchange.profile_unknown", "There is no profile “%(name)s”; there are: %(found)s.", name=text, found=", ".join(available())
        )
    return parse(data, source=text)


def parse(data: bytes, *, source: str) -> Profile:
    """A profile from its TOML."""
    try:
        raw = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("exchange.profile_broken", "Profile %(source)s is no TOML: %(reason)s.", source=source, reason=str(error)) from error
    checker = _Checker(source)
    return checker.profile(raw, hashlib.sha256(data).hexdigest())


class _Checker:
    """Turns raw TOML into a Profile; every complaint names the profile and the place."""

    def __init__(self, source: str) -> None:
        self.source = source

    def wrong(self, place: str, reason: str) -> BadInput:
        return BadInput(
            "exchange.profile_wrong", "Profile %(source)s, %(place)s: %(reason)s.", source=self.source, place=place, reason=reason
        )

    def only(self, table: Mapping[str, Any], place: str, allowed: set[str]) -> None:
        if unknown := sorted(set(table) - allowed):
            raise self.wrong(place, f"unknown setting {unknown[0]!r}; known: {', '.join(sorted(allowed))}")

    def one_of(self, table: Mapping[str, Any], key: str, place: str, allowed: list[str], default: str | None = None) -> str:
        value = table.get(key, default)
        if value not in allowed:
            raise self.wrong(place, f"{key} is {value!r}, not one of {', '.join(allowed)}")
        return str(value)

    def texts(self, table: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.wrong(place, f"{key} must be a list of texts")
        return tuple(value)

    def codes(self, table: Mapping[str, Any], key: str, place: str) -> dict[str, str]:
        value = table.get(key, {})
        if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
            raise self.wrong(place, f"{key} must be a table of texts")
        return value

    def profile(self, raw: Mapping[str, Any], digest: str) -> Profile:
        self.only(raw, "top", {"name", "title", "channel", "key", "kind", "received", "replay", "column", "export"})
        channel = Channel(self.one_of(raw, "channel", "top", [each.value for each in Channel]))
        kind = Kind(self.one_of(raw, "kind", "top", [each.value for each in Kind], Kind.UNDETERMINED.value))
        if not isinstance(raw.get("name"), str) or not raw["name"]:
            raise self.wrong("top", "name is missing")
        if not re.fullmatch(r"[\w-]{1,64}", raw["name"]):  # a row in quarantine finds its profile by this name: never a path
            raise self.wrong("top", "name may hold letters, digits, - and _ only, 64 at most")
        columns = tuple(self.column(each, f"column {index}") for index, each in enumerate(raw.get("column", []), 1))
        fields = [column.field for column in columns]
        names = [name for column in columns for name in column.names]
        for values, what in ((fields, "field"), (names, "name")):
            if twice := next((value for value in values if values.count(value) > 1), None):
                raise self.wrong("columns", f"{what} {twice!r} stands twice")
        key = self.one_of(raw, "key", "top", ["number", "content"], "number")
        received = self.one_of(raw, "received", "top", ["column", "given"], "column")
        needed = {"narrative"} | ({"outside_number"} if key == "number" else set()) | ({"received_at"} if received == "column" else set())
        if missing := sorted(needed - set(fields)):
            raise self.wrong("columns", f"no column for {missing[0]}")
        if "reply.text" in fields and "reply.at" not in fields:
            raise self.wrong("columns", "a reply needs a column for reply.at")
        replay = raw.get("replay", {})
        self.only(replay, "replay", {"on_receipt", "closes"})
        return Profile(
            name=raw["name"],
            title=str(raw.get("title", raw["name"])),
            channel=channel,
            columns=columns,
            key=key,
            kind=kind,
            on_receipt=bool(replay.get("on_receipt", False)),
            closes=bool(replay.get("closes", True)),
            received=received,
            export=self.export(raw["export"]) if "export" in raw else None,
            digest=digest,
        )

    def column(self, raw: Mapping[str, Any], place: str) -> Column:
        self.only(raw, place, {"field", "names", "required", "filled", "codes", "unit", "formats"})
        name = raw.get("field")
        if name not in FIELDS:
            raise self.wrong(place, f"unknown field {name!r}; known: {', '.join(FIELDS)}")
        place = f"column {name}"
        names = self.texts(raw, "names", place)
        if not names:
            raise self.wrong(place, "names is empty")
        kind = FIELDS[name]
        codes = self.codes(raw, "codes", place)
        if codes and kind not in USUAL_CODES:
            raise self.wrong(place, f"{name} takes no codes")
        if strange := sorted(set(codes.values()) - set(USUAL_CODES.get(kind, {}).values())):
            raise self.wrong(place, f"codes lead to {strange[0]!r}, which {name} does not know")
        formats = self.texts(raw, "formats", place)
        for form in formats:
            try:
                datetime.strptime(datetime(2026, 2, 28).strftime(form), form)  # noqa: DTZ001, DTZ007 -- only tries the format
            except ValueError as error:
                raise self.wrong(place, f"format {form!r} is not understood") from error
        return Column(
            field=name,
            names=names,
            required=bool(raw.get("required", False)),
            filled=bool(raw.get("filled", False)),
            codes=codes,
            unit=self.one_of(raw, "unit", place, list(UNITS), "yuan"),
            formats=formats,
        )

    def export(self, raw: Mapping[str, Any]) -> Export:
        self.only(raw, "export", {"columns", "words", "number", "result", "accepted"})
        columns = self.codes(raw, "columns", "export")
        if unknown := sorted(set(columns.values()) - DISPOSITION_FIELDS):
            raise self.wrong("export", f"unknown field {unknown[0]!r}; known: {', '.join(sorted(DISPOSITION_FIELDS))}")
        number = next((header for header, name in columns.items() if name == "outside_number"), None)
        if number is None:
            raise self.wrong("export", "no column for outside_number")
        return Export(
            columns=tuple(columns.items()),
            words=self.codes(raw, "words", "export"),
            number=number,
            result=str(raw.get("result", "接收结果")),
            accepted=frozenset(self.texts(raw, "accepted", "export")),
        )
