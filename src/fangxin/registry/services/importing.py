"""Taking the register of traders in from a file, as a stream."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref
from fangxin.kernel.sql import bulk
from fangxin.registry.events import TRADERS, TradersImported
from fangxin.registry.models import Trader, TraderName, TraderNameKind
from fangxin.registry.names import normalise
from fangxin.registry.queries import place_index
from fangxin.registry.rows import Content, Header, RowRefused, parse, recognise, records

BATCH = 2_000
SHOWN_REJECTIONS = 20
LOCAL = ZoneInfo("Asia/Shanghai")
_SCALARS = ("name", "kind", "legal_form", "status", "industry", "division_id", "town_id", "address", "registered_on")
_INSERTED = ("id", "uscc", "stated_key", "normalised_name", *_SCALARS, "is_platform", "digest")
_NAME_COLUMNS = {"former_names": TraderNameKind.FORMER, "brand_names": TraderNameKind.BRAND}
_FIELDS_OF = {"kind": ("kind", "legal_form"), "division": ("division_id",), "town": ("town_id",)}


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that did not go in: its line in the file, the column ("" for the row as a whole), and why."""

    line: int
    column: str
    code: str
    reason: str
    value: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a run did. `rows` = created + updated + unchanged + rejected; `rejections` holds the first twenty."""

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejections: tuple[Rejection, ...] = ()


def import_traders(
    source: Path | str | Iterable[str],
    *,
    by: Ref,
    at: datetime,
    progress: Callable[[int], None] | None = None,
    errors_to: Path | None = None,
) -> ImportReport:
    """Bring the register to what a CSV says; the same file again changes nothing.

    `source` is a path or the lines of a file; columns are those of `rows.COLUMNS` or their Chinese headers, of which only the name is
    required. A column that the file lacks leaves what the register has; traders that the file lacks stay. Rows go in by the
    thousand, a transaction each, so a run that is stopped can be run again. A row that can't go in is written to `errors_to` (CSV:
    line, column, code, reason, value) and the rest goes in; of rows with the same code, or the same name, division and address
    where there is no code, the first counts. `progress` is told the rows dealt with so far.

    Announces one TradersImported if anything changed. Raises BadInput for a file that is no CSV or lacks the name's column.
    """
    sha256 = ""
    if isinstance(source, str | Path):
        file = recognise(Path(source))
        lines, sha256 = file.lines(), file.sha256
    else:
        lines = iter(source)
    with ExitStack() as stack:
        errors = _Errors(stack, errors_to)
        rows = records(lines)
        _, cells = next(rows, (1, [""]))
        if isinstance(cells, BadInput):
            raise cells
        run = _Run(Header(cells), errors)
        _stream(run, rows, at, progress)
    report = ImportReport(run.rows, run.created, run.updated, run.unchanged, errors.count, tuple(errors.first))
    if report.created or report.updated:
        _announce(report, sha256, by, at)
    return report


def _announce(report: ImportReport, sha256: str, by: Ref, at: datetime) -> None:
    with journal.atomic():
        journal.publish(
            [
                TradersImported(
                    subject=TRADERS,
                    actor=by,
                    at=at,
                    sha256=sha256,
                    rows=report.rows,
                    created=report.created,
                    updated=report.updated,
                    unchanged=report.unchanged,
                    rejected=report.rejected,
                )
            ]
        )


def _stream(run: "_Run", rows: Iterator[tuple[int, list[str] | BadInput]], at: datetime, progress: Callable[[int], None] | None) -> None:
    places, today = place_index(), at.astimezone(LOCAL).date()
    batch: dict[str, tuple[int, Content]] = {}
    told = 0
    for line, row in rows:
        run.rows += 1
        try:
            content = parse(run.header.cells(row), places, today)
            key = content.uscc or content.stated_key() or ""
            if key in batch:
                raise _twice(content)
            batch[key] = (line, content)
        except RowRefused as refused:
            run.errors.add(line, refused)
        if len(batch) >= BATCH:
            run.store(batch)
            batch, told = {}, run.rows
            if progress:
                progress(told)
    run.store(batch)
    if progress and told != run.rows:
        progress(run.rows)


def _twice(content: Content) -> RowRefused:
    refusal = BadInput("registry.twice_in_file", "The trader stands in the file more than once; the first row counts.")
    return RowRefused("uscc", content.uscc, refusal) if content.uscc else RowRefused("name", content.name, refusal)


class _Writer(Protocol):
    def writerow(self, row: Iterable[object], /) -> object: ...


class _Errors:
    """Counts what is refused, keeps the first few and writes all to the error report."""

    def __init__(self, stack: ExitStack, path: Path | None) -> None:
        self.count = 0
        self.first: list[Rejection] = []
        self._writer: _Writer | None = None
        if path is not None:
            self._writer = csv.writer(stack.enter_context(path.open("w", encoding="utf-8-sig", newline="")))
            self._writer.writerow(["line", "column", "code", "reason", "value"])

    def add(self, line: int, refused: RowRefused) -> None:
        reason = gettext(refused.refusal.message)
        reason = reason % refused.refusal.params if refused.refusal.params else reason
        value = refused.value.replace("\x00", "\ufffd")[:80]
        rejection = Rejection(line, refused.column, refused.refusal.code, reason, value)
        self.count += 1
        if len(self.first) < SHOWN_REJECTIONS:
            self.first.append(rejection)
        if self._writer:
            # A spreadsheet must not run what a cell says.
            safe = f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")) else value
            self._writer.writerow([line, refused.column, rejection.code, reason, safe])


class _Seen:
    """Which traders this run has met, in one bit each, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, pk: int) -> bool:
        return pk >> 3 < len(self._bits) and bool(self._bits[pk >> 3] & (1 << (pk & 7)))

    def add(self, pk: int) -> None:
        if pk >> 3 >= len(self._bits):
            self._bits.extend(bytes((pk >> 3) + 65_536 - len(self._bits)))
        self._bits[pk >> 3] |= 1 << (pk & 7)


class _Run:
    """One import: its counts, and how a batch is written."""

    def __init__(self, header: Header, errors: _Errors) -> None:
        self.header = header
        self.errors = errors
        self.rows = self.created = self.updated = self.unchanged = 0
        self._seen = _Seen()
        self._complete = len(header.columns) == len(Content._fields) - 1  # `kind` brings the legal form too
        self._kept = [name for name in Content._fields if name not in self._brought()]

    def _brought(self) -> set[str]:
        return {name for column in self.header.columns for name in _FIELDS_OF.get(column, (column,))}

    @transaction.atomic
    def store(self, batch: dict[str, tuple[int, Content]]) -> None:
        """Insert what is new and change what differs; keys are codes or stated keys."""
        if not batch:
            return
        known = self._known(batch)
        new: list[Content] = []
        differing: dict[int, Content] = {}
        for key, (line, content) in batch.items():
            if key not in known:
                new.append(content)
                continue
            pk, digest = known[key]
            if pk in self._seen:
                self.errors.add(line, _twice(content))
                continue
            self._seen.add(pk)
            if self._complete and digest == content.digest():
                self.unchanged += 1
            else:
                differing[pk] = content
        self._insert(new)
        if differing:
            self._change(differing)

    @staticmethod
    def _known(batch: dict[str, tuple[int, Content]]) -> dict[str, tuple[int, str]]:
        codes = [key for key, (_, content) in batch.items() if content.uscc]
        stated = [key for key, (_, content) in batch.items() if not content.uscc]
        known: dict[str, tuple[int, str]] = {}
        for column, keys in (("uscc", codes), ("stated_key", stated)):
            if keys:
                rows = Trader.objects.filter(**{f"{column}__in": keys}).values_list(column, "pk", "digest")
                known.update((key, (pk, digest)) for key, pk, digest in rows)
        return known

    def _insert(self, contents: list[Content]) -> None:
        ids = bulk.reserve_ids(Trader, len(contents))
        rows = []
        for pk, content in zip(ids, contents, strict=True):
            self._seen.add(pk)
            key = normalise(content.name)
            rows.append((pk, content.uscc, content.stated_key(), key, *content[1:10], False, content.digest()))
        bulk.insert(Trader, _INSERTED, rows)
        _insert_names(zip(ids, contents, strict=True), _NAME_COLUMNS)
        self.created += len(rows)

    def _change(self, differing: dict[int, Content]) -> None:
        """Rows whose digest differs, or whose file lacks columns: fill in what is kept, and write those that really differ."""
        if self._kept:
            differing = self._filled(differing)
        stored = {trader.pk: trader for trader in Trader.objects.filter(pk__in=differing)}
        changed: dict[int, Content] = {}
        for pk, content in differing.items():
            trader, digest = stored[pk], content.digest()
            if trader.digest == digest:
                self.unchanged += 1
                continue
            changed[pk] = content
            trader.normalised_name = normalise(content.name)
            trader.digest = digest
            for name in _SCALARS:
                setattr(trader, name, getattr(content, name))
        Trader.objects.bulk_create(
            [stored[pk] for pk in changed],
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=["normalised_name", "digest", *(name.removesuffix("_id") for name in _SCALARS)],
        )
        brought = {column: kind for column, kind in _NAME_COLUMNS.items() if column not in self._kept}
        if brought:
            TraderName.objects.filter(trader_id__in=changed, kind__in=brought.values()).delete()
            _insert_names(changed.items(), brought)
        self.updated += len(changed)

    def _filled(self, differing: dict[int, Content]) -> dict[int, Content]:
        """The contents with what the register has in place of what the file has no column for."""
        names: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        for pk, kind, name in TraderName.objects.filter(trader_id__in=differing).order_by("pk").values_list("trader_id", "kind", "name"):
            names[pk, kind].append(name)
        kept_scalars = [name for name in self._kept if name not in _NAME_COLUMNS]
        filled = {}
        for pk, *values in Trader.objects.filter(pk__in=differing).values_list("pk", *kept_scalars):
            kept = dict(zip(kept_scalars, values, strict=True))
            kept |= {column: tuple(names[pk, kind]) for column, kind in _NAME_COLUMNS.items() if column in self._kept}
            filled[pk] = differing[pk]._replace(**kept)
        return filled


def _insert_names(contents: Iterable[tuple[int, Content]], columns: Mapping[str, TraderNameKind]) -> None:
    rows = [
        (pk, name, normalise(name), kind.value)
        for pk, content in contents
        for column, kind in columns.items()
        for name in getattr(content, column)
    ]
    if rows:
        bulk.insert(TraderName, ("trader_id", "name", "normalised", "kind"), rows)
