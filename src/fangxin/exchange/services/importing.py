"""A file becomes cases, exactly once, wherever it is interrupted (导入)."""

import gc
import hashlib
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from django.db import InterfaceError, OperationalError

from fangxin.accounts.models import Office
from fangxin.cases.filings import Filing
from fangxin.cases.models import Case
from fangxin.cases.services import Outcome, Receipt, receive
from fangxin.exchange import profiles
from fangxin.exchange.events import FileImported, RowDropped, RowRetried
from fangxin.exchange.mapping import Mapper, Reject, cells_of, raw
from fangxin.exchange.models import ImportRun, QuarantinedRow, RowState
from fangxin.exchange.profiles import Profile
from fangxin.exchange.readers import Cell, Limits, open_table
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk

logger = logging.getLogger(__name__)

PLACE = "exchange.quarantinedrow.sealed"
UNREADABLE = frozenset(
    {
        "exchange.cell_too_long",
        "exchange.formula_unvalued",
        "exchange.cell_error",
        "exchange.row_merged",
        "exchange.row_too_wide",
        "exchange.row_damaged",
    }
)
"""Reasons that lie in the file: what it says was not read whole, so a row must be corrected before it can be taken in."""
SHOWN_PARAMS = frozenset({"limit", "length", "width", "known", "reason"})
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Report:
    """What became of a file. The counts are rows, over all runs that an interrupted import took; a mixed row makes two cases."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    skipped: int = 0
    """Blank rows and repeated headers of this run."""
    dry_run: bool = False
    run: int | None = None
    resumed_after: int = 0
    """The row after which this run took up an interrupted one; 0: from the beginning."""
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(column, code) of this run's rejects."""
    rejects: list[Reject] = field(default_factory=list)
    """Rows that this run rejected, without what they say; all of them in a dry run, else the first hundred."""


@dataclass(slots=True)
class _Row:
    number: int
    cells: Sequence[Cell]
    found: Filing | Reject


class _Undo(Exception):
    pass


def import_file(
    path: str | Path,
    profile: Profile | str,
    *,
    by: Ref,
    at: datetime,
    as_if: bool = False,
    dry_run: bool = False,
    batch: int = 1000,
    progress: Progress | None = None,
    sheet: str = "",
    limits: Limits | None = None,
) -> Report:
    """Take in a file: every row becomes a case, changes one, is known already, or goes to quarantine with its reason.

    Each batch is one transaction of cases, quarantine and the run's progress. A run that broke off is taken up after its last batch when
    the same file comes again under the same profile; a file that was finished before is compared from the beginning. Cases carry the run as
    their actor (`import:7`). A dry run goes the same way and takes every batch back. `progress` is told rows done and expected.

    Raises BadInput for a file or profile that can't be used, StaleState if someone else is importing the same file.
    """
    path = Path(path)
    profile = profiles.load(profile) if isinstance(profile, str) else profile
    with open_table(path, names=profile.names, sheet=sheet, limits=limits) as table, _few_collections():
        importing = _Importing(profile, path, by=by, at=at, as_if=as_if, dry_run=dry_run)
        run = importing.run
        mapper = Mapper(profile, table, at=at, given=run.started_at, units=_units())
        rows = _mapped(mapper, table.rows(), after=run.last_row)
        while chunk := list(islice(rows, batch)):
            importing.take(chunk, mapper)
            if progress is not None:
                progress(importing.report.rows, table.total_hint)
        importing.report.skipped = table.skipped_blank + table.skipped_headers
        importing.finish()
        return importing.report


@contextmanager
def _few_collections() -> Iterator[None]:
    """A batch makes some hundred thousand objects and no cycles: looking for those after every few hundred costs a tenth of an import."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _mapped(mapper: Mapper, rows: Iterator[tuple[int, list[Cell]]], *, after: int) -> Iterator[_Row]:
    """Rows with their filings; rows up to `after` are done, and only looked at where later ones are told apart by them."""
    for number, cells in rows:
        if number > after:
            yield _Row(number, cells, mapper(number, cells))
        elif mapper.profile.key == "content":
            mapper(number, cells)


def _units() -> Callable[[str], str]:
    """From an office's code or name as stated to its code; "" for what is no office of ours."""
    known: dict[str, str] = {}
    for code, name in Office.objects.dispatchable().values_list("code", "name"):
        known[name] = known[code] = code
    return lambda stated: known.get(stated, "")


def sha256_of(path: Path) -> str:
    """Of the whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Importing:
    """One import at work."""

    def __init__(self, profile: Profile, path: Path, *, by: Ref, at: datetime, as_if: bool, dry_run: bool) -> None:
        self.profile, self.by, self.at, self.as_if, self.dry_run = profile, by, at, as_if, dry_run
        sha256 = sha256_of(path)
        run = (
            None
            if dry_run
            else ImportRun.objects.unfinished(sha256=sha256, profile=profile.name, profile_digest=profile.digest, as_if=as_if).first()
        )
        if run is None:
            run = ImportRun(
                file_name=path.name[-255:],
                sha256=sha256,
                profile=profile.name,
                profile_digest=profile.digest,
                as_if=as_if,
                by=by,
                started_at=at,
            )
            if not dry_run:
                run.save()
        self.run = run
        self.report = Report(dry_run=dry_run, run=run.pk, resumed_after=run.last_row)
        self._count(Counter({name: getattr(run, name) for name in ("rows", "created", "updated", "unchanged", "quarantined")}))

    def _count(self, counts: Counter[str]) -> None:
        for name, value in counts.items():
            setattr(self.report, name, getattr(self.report, name) + value)

    def take(self, chunk: list[_Row], mapper: Mapper) -> None:
        """One batch in one transaction; if it fails for a reason that one row may have, row by row."""
        try:
            self._take(chunk, mapper)
        except (DomainError, OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 -- a row that fails for any reason must not hold up the others
            if len(chunk) == 1:
                logger.error("row %s of import %s failed: %s", chunk[0].number, self.run.pk, type(error).__name__)  # noqa: TRY400 -- the message may quote a cell
                name = type(error).__name__
                reason = "The row could not be taken in: %(reason)s."
                chunk[0].found = Reject(
                    chunk[0].number, "", "exchange.row_failed", reason, {"reason": name}, raw(mapper.header, chunk[0].cells)
                )
                self._take(chunk, mapper)
                return
            logger.warning("a batch of import %s failed (%s), going row by row", self.run.pk, type(error).__name__)
            for row in chunk:
                self.take([row], mapper)

    def _take(self, chunk: list[_Row], mapper: Mapper) -> None:
        rejects: list[Reject] = []
        counts: Counter[str] = Counter(rows=len(chunk))
        good: list[int] = []
        try:
            with journal.atomic():
                if not self.dry_run:
                    self._hold()
                self._keep_given([row for row in chunk if isinstance(row.found, Filing)])
                filings = [row for row in chunk if isinstance(row.found, Filing)]
                receipts = receive(
                    [row.found for row in filings if isinstance(row.found, Filing)], by=self._actor(), at=self.at, as_if=self.as_if
                )
                for row, receipt in zip(filings, receipts, strict=True):
                    if receipt.outcome == Outcome.REFUSED:
                        rejects.append(_refused(row, receipt, mapper))
                    else:
                        counts[receipt.outcome.value] += 1
                        good.append(row.number)
                rejects += [row.found for row in chunk if isinstance(row.found, Reject)]
                counts["quarantined"] += len(rejects)
                if self.dry_run:
                    raise _Undo  # noqa: TRY301 -- the way out of the transaction
                self._quarantine(rejects)
                self._settle(good)
                self._advance(chunk[-1].number, counts)
        except _Undo:
            pass
        self.run.last_row = chunk[-1].number
        self._count(counts)
        self.report.reasons.update((reject.column, reject.code) for reject in rejects)
        room = len(rejects) if self.dry_run else max(0, 100 - len(self.report.rejects))
        self.report.rejects += [replace(reject, raw={}) for reject in sorted(rejects, key=lambda reject: reject.row)[:room]]

    def _actor(self) -> Ref:
        return Ref("import:0") if self.dry_run else self.run.ref

    def _hold(self) -> None:
        """Lock the run for the batch; someone else's progress on it ends ours."""
        if ImportRun.objects.select_for_update().get(pk=self.run.pk).last_row != self.run.last_row:
            raise StaleState("exchange.import_running", "Someone else is importing the same file.")

    def _keep_given(self, rows: list[_Row]) -> None:
        """A row without a time of receipt keeps the one that its case already has, so that a longer list changes nothing."""
        if self.profile.received != "given":
            return
        numbers = [row.found.outside_number for row in rows if isinstance(row.found, Filing)]
        known = dict(
            Case.objects.filter(channel=self.profile.channel, outside_number__in=numbers).values_list("outside_number", "first_received_at")
        )
        for row in rows:
            if isinstance(row.found, Filing) and row.found.received_at == self.run.started_at and row.found.outside_number in known:
                row.found = replace(row.found, received_at=known[row.found.outside_number])

    def _quarantine(self, rejects: list[Reject]) -> None:
        rows = {reject.row: reject for reject in rejects}
        same = QuarantinedRow.objects.of_file(sha256=self.run.sha256, profile=self.profile.name)
        seen = set(same.filter(row__in=list(rows)).values_list("row", flat=True))
        fresh = [reject for reject in rejects if reject.row not in seen]
        ids = bulk.reserve_ids(QuarantinedRow, len(fresh))
        blobs = vault.seal_many("person", PLACE, [(pk, _sealed(reject)) for pk, reject in zip(ids, fresh, strict=True)])
        bulk.insert(
            QuarantinedRow,
            (
                "id", "run_id", "sha256", "profile", "row", "column", "code", "message", "params", "sealed",
                "state", "settled_by", "settled_at", "note",
            ),
            [
                (
                    pk, self.run.pk, self.run.sha256, self.profile.name, reject.row, reject.column[:200], reject.code, reject.message,
                    _params(reject), blob, RowState.OPEN.value, "", None, "",
                )
                for pk, reject, blob in zip(ids, fresh, blobs, strict=True)
            ],
        )  # fmt: skip

    def _settle(self, good: list[int]) -> None:
        """Rows that waited in quarantine and now went in by themselves, e.g. under a better profile."""
        if good:
            QuarantinedRow.objects.open().of_file(sha256=self.run.sha256, profile=self.profile.name).filter(
                row__gte=good[0], row__lte=good[-1], row__in=good
            ).update(state=RowState.FIXED, settled_by=self.run.ref, settled_at=self.at)

    def _advance(self, last_row: int, counts: Counter[str]) -> None:
        values = {name: getattr(self.report, name) + value for name, value in counts.items()}
        ImportRun.objects.filter(pk=self.run.pk).update(last_row=last_row, **values)

    def finish(self) -> None:
        """Close the run and tell the journal."""
        if self.dry_run:
            return
        report = self.report
        with journal.atomic():
            self._hold()
            ImportRun.objects.filter(pk=self.run.pk).update(finished_at=self.at)
            journal.publish(
                [
                    FileImported(
                        subject=self.run.ref,
                        actor=self.by,
                        at=self.at,
                        sha256=self.run.sha256,
                        profile=self.profile.name,
                        profile_digest=self.profile.digest,
                        as_if=self.as_if,
                        rows=report.rows,
                        created=report.created,
                        updated=report.updated,
                        unchanged=report.unchanged,
                        quarantined=report.quarantined,
                    )
                ]
            )


def _refused(row: _Row, receipt: Receipt, mapper: Mapper) -> Reject:
    error = receipt.error or BadInput("exchange.refused", "The row was refused.")
    params = {name: value if isinstance(value, int) else str(value) for name, value in error.params.items()}
    return Reject(row.number, "", error.code, error.message, params, raw(mapper.header, row.cells))


def _params(reject: Reject) -> str:
    """What may stand beside the sealed row: nothing that repeats its cells."""
    shown = {name: value for name, value in reject.params.items() if isinstance(value, int) or name in SHOWN_PARAMS}
    return json.dumps(shown, ensure_ascii=False)


def _sealed(reject: Reject) -> dict[str, str]:
    header = {"raw": json.dumps(reject.raw, ensure_ascii=False)}
    return header | {"params": json.dumps(dict(reject.params), ensure_ascii=False)}


def look(row: QuarantinedRow, *, purpose: str, by: Ref, at: datetime) -> dict[str, str]:
    """What a quarantined row says, by column, after the look is journalled. Not inside a transaction."""
    sealed = vault.Sealed("person", PLACE, row.pk, bytes(row.sealed))
    plain = vault.reveal(sealed, fields=("raw",), subject=row.ref, purpose=purpose, actor=by, at=at)
    values: dict[str, str] = json.loads(plain["raw"])
    return values


def retry(row: QuarantinedRow, corrections: Mapping[str, str], *, by: Ref, at: datetime, profile: Profile | None = None) -> Receipt:
    """Take in a quarantined row, with some cells corrected; `profile` is needed for one that does not ship with Fangxin.

    Raises BadInput with the reason that is still left (the row then stays as it is), IllegalStep if it is settled already.
    Not inside a transaction: the look at the row is journalled first.
    """
    if row.state != RowState.OPEN:
        raise IllegalStep("exchange.row_settled", "The row is settled already.")
    if row.code in UNREADABLE and (row.column not in corrections if row.column else not corrections):
        raise BadInput("exchange.correction_missing", "The file holds nothing usable there: correct the cell first.")
    profile = profile or profiles.load(row.profile)
    looked = look(row, purpose="correction of a quarantined row", by=by, at=at)
    # The journal names the corrected columns: only those that the row or its profile has.
    corrections = {name: value.replace("\0", "") for name, value in corrections.items() if name in looked or name in profile.names}
    values = looked | corrections
    run = row.run
    header = list(dict.fromkeys([*values, *(column.names[0] for column in profile.columns if not set(column.names) & set(values))]))
    mapper = Mapper(profile, _Header(header), at=at, given=run.started_at, units=_units())
    found = mapper(row.row, cells_of(header, values))
    if isinstance(found, Reject):
        raise BadInput(found.code, found.message, **dict(found.params))
    if found.outside_number.startswith("content-"):
        found = replace(found, outside_number=f"{found.outside_number.rpartition('-')[0]}-{row.sha256[:8]}.{row.row}")
    with journal.atomic():
        held = QuarantinedRow.objects.select_for_update().get(pk=row.pk)
        if held.state != RowState.OPEN:
            raise StaleState("exchange.row_settled_meanwhile", "Someone else has settled the row meanwhile.")
        receipt = receive([found], by=run.ref, at=at, as_if=run.as_if)[0]
        if receipt.error is not None:
            raise receipt.error
        QuarantinedRow.objects.filter(pk=row.pk).update(state=RowState.FIXED, settled_by=by, settled_at=at)
        journal.publish(
            [
                RowRetried(
                    subject=row.ref,
                    actor=by,
                    at=at,
                    outcome=receipt.outcome.value,
                    columns=tuple(sorted(corrections)),
                    cases=tuple(receipt.case_ids),
                )
            ]
        )
    row.refresh_from_db()
    return receipt


@dataclass(slots=True)
class _Header:
    header: list[str]
    epoch_1904: bool = False


def drop(row: QuarantinedRow, *, reason: str, by: Ref, at: datetime) -> None:
    """Give a quarantined row up, e.g. a line of totals; it stays on record with the reason.

    Raises BadInput without a reason, IllegalStep if it is settled already.
    """
    stated = scrub(reason.replace("\0", "").strip()).text[:300]
    if not any(sign.isalnum() for sign in stated):
        raise BadInput("exchange.reason_missing", "Say why the row is dropped.")
    with journal.atomic():
        changed = QuarantinedRow.objects.open().filter(pk=row.pk).update(state=RowState.DROPPED, settled_by=by, settled_at=at, note=stated)
        if not changed:
            raise IllegalStep("exchange.row_settled", "The row is settled already.")
        journal.publish([RowDropped(subject=row.ref, actor=by, at=at, reason=stated)])
    row.refresh_from_db()
