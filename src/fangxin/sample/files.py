"""Writes the sample city as files: what the outside systems would export, and what nobody outside knows."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import date, datetime
from enum import Enum
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol, TypeVar

import xlsxwriter

from fangxin.cases.filings import Channel, Consent, Filing, Kind, PartyRole, Person, Reply, Respondent
from fangxin.kernel.errors import BadInput
from fangxin.sample.names import FEWEST_TRADERS, SampleTrader, trader
from fangxin.sample.outcomes import SHANGHAI, Outcome
from fangxin.sample.stream import Truth, city, filings, usual_traders
from fangxin.sample.vocabulary import LINES
from fangxin.sample.wording import words

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Told every now and then: which file, how many are done, of how many."""

ORDERS_12345 = words(
    "工单编号 来电时间 派单时间 来电人 联系电话 来电人地址 诉求类型 标题 诉求内容 被反映对象 被反映对象地址 "
    "所属区县 承办单位 办结时间 答复内容 12315编号 是否保密 是否同意公示 是否同意委托调解"
)
ORDERS_12315 = words(
    "登记编号 登记时间 登记单位 类型 姓名 联系电话 证件类型 证件号码 联系地址 是否同意公示投诉信息 是否同意委托调解 "
    "被投诉人名称 统一社会信用代码 被投诉人联系人 被投诉人地址 被投诉人联系电话 电商平台 商品或服务 客体类别 问题类别 "
    "消费者权益争议事实依据 投诉请求 涉及金额(元) 发生时间 是否匿名"
)
TRADERS = ("uscc", "name", "kind", "status", "industry", "division", "town", "address", "registered_on", "former_names", "brand_names")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_MANY_TRADERS = 100_000
_SHEET_ROWS = 1_048_575
_CREATED = datetime(2026, 1, 1, tzinfo=SHANGHAI).replace(tzinfo=None)  # a workbook's time has no zone
_KINDS = {Kind.COMPLAINT: "投诉", Kind.REPORT: "举报", Kind.CONSULTATION: "咨询"}
_NO_EXTRA: dict[str, str] = {}
_NOBODY = Person()
_CONSENTS = {Consent.YES: "是", Consent.NO: "否", Consent.NOT_ASKED: ""}


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    folder: Path
    cases: int
    traders: int
    offices: int
    people: int
    by_channel: Mapping[str, int]
    by_kind: Mapping[str, int]
    bursts: int
    duplicates: int


class Rows(Protocol):
    """Where rows go."""

    def write(self, row: Sequence[str]) -> None: ...
    def close(self) -> None: ...


class _Csv:
    """UTF-8, comma, one line a row."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self.write = csv.writer(self._file, lineterminator="\n").writerow
        self.write(header)

    def close(self) -> None:
        self._file.close()


class _Xlsx:
    """One sheet, every cell a text, rows written as they come."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        self._book.set_properties({"created": _CREATED})
        self._sheet = self._book.add_worksheet("工单")
        self._row = 0
        self.write(header)

    def write(self, row: Sequence[str]) -> None:
        if self._row > _SHEET_ROWS:
            raise BadInput("sample.sheet_full", "A sheet takes %(rows)s rows; write CSV or fewer cases.", rows=_SHEET_ROWS)
        put, number = self._sheet.write_string, self._row
        for column, cell in enumerate(row):
            if cell:
                put(number, column, cell)
        self._row += 1

    def close(self) -> None:
        self._book.close()


def generate(
    folder: Path,
    *,
    cases: int,
    since: date,
    until: date,
    seed: int,
    xlsx: bool = False,
    traders: int | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Write the sample city into the folder, which is made if need be; files of an earlier run are replaced.

    offices.csv, people.csv, traders.csv; 12345-orders and 12315-orders as the outside systems export them (CSV, or with `xlsx`
    workbooks); other-channels.jsonl with a `Filing` a line (`read_filings`); outcomes.jsonl with an `Outcome` a line
    (`read_outcomes`); truth.json with what was planted. Nothing grows in memory with the cases. Equal arguments give the same
    bytes (workbooks: the same content). Raises BadInput for a time that ends before it begins, or more rows than a sheet takes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    number = max(usual_traders(cases, since, until) if traders is None else traders, FEWEST_TRADERS)
    truth = Truth()
    stream = filings(cases, since, until, seed, traders=number, truth=truth)
    town = city(seed)
    _table(
        folder / "offices.csv",
        ("code", "name", "kind", "parent", "division"),
        ((o.code, o.name, o.kind, o.parent, o.division) for o in town.offices),
    )
    _table(
        folder / "people.csv", ("login", "name", "office", "roles"), ((p.login, p.name, p.office, "|".join(p.roles)) for p in town.people)
    )
    if number <= _MANY_TRADERS:
        _write_traders(folder / "traders.csv", seed, number, progress)

    by_channel: dict[str, int] = {}
    by_kind: dict[str, int] = {}
    open_rows = _Xlsx if xlsx else _Csv
    ending = "xlsx" if xlsx else "csv"
    with ExitStack() as stack:
        if number > _MANY_TRADERS:  # beside the cases: each trader follows from its number alone
            helper = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
            register = helper.submit(_write_traders, folder / "traders.csv", seed, number)
            stack.callback(register.result)
        hotline: Rows = open_rows(folder / f"12345-orders.{ending}", ORDERS_12345)
        stack.callback(hotline.close)
        platform: Rows = open_rows(folder / f"12315-orders.{ending}", ORDERS_12315)
        stack.callback(platform.close)
        other = stack.enter_context((folder / "other-channels.jsonl").open("w", encoding="utf-8"))
        outcomes = stack.enter_context((folder / "outcomes.jsonl").open("w", encoding="utf-8"))
        for filing, outcome in _counted(stream, "cases", cases, progress):
            if filing.channel is Channel.HOTLINE_12345:
                hotline.write(_hotline_row(filing))
            elif filing.channel is Channel.PLATFORM_12315:
                platform.write(_platform_row(filing))
            else:
                other.write(_line(filing))
            outcomes.write(_line(outcome))
            by_channel[filing.channel.value] = by_channel.get(filing.channel.value, 0) + 1
            by_kind[outcome.kind.value] = by_kind.get(outcome.kind.value, 0) + 1
    _write_truth(folder / "truth.json", truth, seed=seed, cases=cases, since=since, until=until, traders=number)
    return Summary(
        folder, cases, number, len(town.offices), len(town.people), by_channel, by_kind, len(truth.bursts), len(truth.duplicates)
    )


def _write_traders(path: Path, seed: int, number: int, progress: Progress | None = None) -> None:
    rows: Iterable[Sequence[str]] = map(_trader, city(seed).traders(number))
    _table(path, TRADERS, _counted(rows, "traders.csv", number, progress))


def _counted(rows: Iterable[T], name: str, total: int, progress: Progress | None) -> Iterator[T]:
    done = 0
    for done, row in enumerate(rows, 1):
        yield row
        if progress and done % 1000 == 0:
            progress(name, done, total)
    if progress:
        progress(name, done, total)


def _table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _trader(one: SampleTrader) -> Sequence[str]:
    return (
        one.uscc,
        one.name,
        one.kind,
        one.status,
        LINES[one.line].industry,
        one.place.county,
        one.place.town,
        one.address,
        one.registered_on.isoformat(),
        "|".join(one.former_names),
        "|".join(one.brand_names),
    )


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).isoformat(" ", "seconds")[:19]


def _hotline_row(filing: Filing) -> Sequence[str]:
    person = filing.persons[0] if filing.persons else _NOBODY
    return (
        filing.outside_number,
        _local(filing.received_at),
        "",
        person.name,
        person.phone,
        person.address,
        _KINDS.get(filing.kind, ""),
        filing.title,
        filing.narrative,
        filing.respondent.name,
        filing.respondent.address,
        filing.place,
        "",
        "",
        "",
        filing.other_numbers[0][1] if filing.other_numbers else "",
        "是" if filing.anonymous else "否",
        _CONSENTS[filing.consent_publish],
        _CONSENTS[filing.consent_delegate],
    )


def _platform_row(filing: Filing) -> Sequence[str]:
    person = filing.persons[0] if filing.persons else _NOBODY
    shop = filing.respondent
    return (
        filing.outside_number,
        _local(filing.received_at),
        "济宁市市场监督管理局",
        _KINDS[filing.kind],
        person.name,
        person.phone,
        person.id_type,
        person.id_number,
        person.address,
        _CONSENTS[filing.consent_publish],
        _CONSENTS[filing.consent_delegate],
        shop.name,
        shop.uscc,
        shop.contact,
        shop.address,
        shop.phone,
        shop.platform,
        filing.goods_or_service,
        filing.object_class,
        filing.problem_class,
        filing.narrative,
        filing.request,
        f"{filing.claimed_fen // 100}.{filing.claimed_fen % 100:02d}" if filing.claimed_fen else "",
        filing.occurred_on.isoformat() if filing.occurred_on else "",
        "是" if filing.anonymous else "否",
    )


# --- JSON lines: fields that say nothing are left out ---


def _plain(value: Any) -> Any:
    if isinstance(value, str | int):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return _dict(value) if type(value) in _FIELDS else dict(value)


_FIELDS: dict[type, tuple[tuple[str, ...], tuple[Any, ...], Callable[[Any], tuple[Any, ...]]]] = {
    kind: (
        tuple(f.name for f in fields(kind)),
        tuple(None if f.default is MISSING else f.default for f in fields(kind)),
        attrgetter(*(f.name for f in fields(kind))),
    )
    for kind in (Filing, Outcome, Person, Respondent, Reply)
}
"""Names, defaults and values of the fields, by class."""


def _dict(value: Any) -> dict[str, Any]:
    names, defaults, get = _FIELDS[type(value)]
    told = zip(names, defaults, get(value), strict=True)
    return {name: _plain(one) for name, default, one in told if one is not default and one not in (default, "", _NO_EXTRA)}


def _line(value: Filing | Outcome) -> str:
    return f"{_encode(_dict(value))}\n"


def read_filings(path: Path) -> Iterator[Filing]:
    """The filings of other-channels.jsonl, in its order."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            row["channel"] = Channel(row["channel"])
            row["received_at"] = datetime.fromisoformat(row["received_at"])
            row["kind"] = Kind(row.get("kind", "undetermined"))
            row["persons"] = tuple(
                Person(**one | {"role": PartyRole(one["role"])} if "role" in one else one) for one in row.get("persons", ())
            )
            row["respondent"] = Respondent(**row.get("respondent", {}))
            if "occurred_on" in row:
                row["occurred_on"] = date.fromisoformat(row["occurred_on"])
            for consent in ("consent_publish", "consent_delegate"):
                row[consent] = Consent(row.get(consent, "not_asked"))
            yield Filing(**row)


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """The outcomes of outcomes.jsonl, in its order, which is that of receipt."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            row["channel"] = Channel(row["channel"])
            row["kind"] = Kind(row["kind"])
            row["late"] = tuple(row.get("late", ()))
            for name in row:
                if name.endswith("_at"):
                    row[name] = datetime.fromisoformat(row[name])
            for name in _REQUIRED:
                row.setdefault(name, "")
            yield Outcome(**row)


_REQUIRED = tuple(f.name for f in fields(Outcome) if f.default is MISSING)


def _write_truth(path: Path, truth: Truth, *, seed: int, cases: int, since: date, until: date, traders: int) -> None:
    content = {
        "seed": seed,
        "cases": cases,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "traders": traders,
        "bursts": [
            {
                "name": burst.plan.name,
                "problem_class": burst.plan.problem,
                "object_class": burst.plan.line,
                "item": burst.plan.item,
                "from": burst.first.isoformat(),
                "until": burst.last.isoformat(),
                "uscc": trader(seed, burst.trader).uscc if burst.plan.one_trader else "",
                "text": burst.text,
                "members": burst.members,
            }
            for burst in truth.bursts
        ],
        "duplicates": [asdict(one) for one in truth.duplicates],
        "serial_claimants": [{"phone": phone, "filings": n} for phone, n in sorted(truth.serial_claimants.items())],
    }
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
