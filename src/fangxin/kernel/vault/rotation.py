"""Re-encryption of every registered column and store of files to the active keys, while the system is in use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from django.db import transaction

from fangxin.kernel import journal
from fangxin.kernel.errors import DomainError
from fangxin.kernel.refs import SYSTEM, Ref, ref
from fangxin.kernel.vault.models import VaultRotation
from fangxin.kernel.vault.registry import COLUMNS, VaultedColumn, VaultedStore
from fangxin.kernel.vault.sealing import is_current, key_ring, resealed

BEFORE_ALL: Final = -(2**63)
NAMED: Final = 100
"""How many bad rows a report names; it counts all."""


@dataclass(frozen=True, kw_only=True)
class VaultRotated(journal.Event):
    """A run of re-encryption ended (密钥轮换)."""

    name: ClassVar[str] = "kernel.VaultRotated"

    resealed: int
    current: int
    bad: int


@dataclass
class Rotation:
    """What a run did: rows re-encrypted, rows that were current already (or changed meanwhile), and bad rows by name."""

    fingerprint: str
    resealed: int = 0
    current: int = 0
    bad: int = 0
    bad_rows: list[tuple[str, str]] = field(default_factory=list)
    """(`place:row`, code of the refusal), the first hundred that this run met; `bad` also counts those before it was resumed."""

    @property
    def complete(self) -> bool:
        """Everything is sealed with the active keys."""
        return not self.bad


def rotate(*, at: datetime, actor: Ref = SYSTEM, progress: Callable[[str, int], None] | None = None, batch: int = 500) -> Rotation:
    """Bring every registered column to the active keys of the ring, in short transactions.

    Killed at any moment and run again it goes on where it was; run again after its end it looks at everything anew, which
    also catches what a slow process sealed with the old key. A row that someone changes meanwhile keeps the change. A row
    that does not open is left as it is, reported, and tried again by the next run.

    `progress` is called with the place and the rows done in this run after each batch; `at` is noted as the end. Retired
    keys may leave the ring only after a complete run.
    """
    report = Rotation(key_ring().fingerprint)
    for column in list(COLUMNS.values()):
        _rotate_column(column, report, at=at, progress=progress, batch=batch)
    with journal.atomic():
        event = VaultRotated(
            subject=ref("vault", report.fingerprint), actor=actor, at=at, resealed=report.resealed, current=report.current, bad=report.bad
        )
        journal.publish([event])
    return report


def _rotate_column(
    column: VaultedColumn | VaultedStore, report: Rotation, *, at: datetime, progress: Callable[[str, int], None] | None, batch: int
) -> None:
    mark, _ = VaultRotation.objects.get_or_create(fingerprint=report.fingerprint, place=column.place, defaults={"cursor": BEFORE_ALL})
    if mark.finished_at is not None:
        mark.cursor, mark.finished_at = BEFORE_ALL, None
    report.bad += mark.bad  # met before the run was killed, and still there
    others = report.bad - mark.bad
    done = 0
    batch = column.batch if isinstance(column, VaultedStore) else batch
    while rows := list(column.rows.filter(pk__gt=mark.cursor).order_by("pk")[:batch]):
        with transaction.atomic():
            for row in rows:
                if isinstance(column, VaultedStore):
                    _rotate_file(column, row, report)
                else:
                    _rotate_row(column, row, report)
            mark.cursor, mark.bad = rows[-1].pk, report.bad - others
            mark.save()
        done += len(rows)
        if progress is not None:
            progress(column.place, done)
    if mark.bad:
        mark.cursor, mark.bad = BEFORE_ALL, 0
    else:
        mark.finished_at = at
    mark.save()


def _rotate_row(column: VaultedColumn, row: Any, report: Rotation) -> None:
    """Compare and set on the old value; a change that came between is looked at once more, and needs no other try in practice."""
    for _attempt in range(5):
        try:
            old = bytes(getattr(row, column.column) or b"")
            purpose = column.purpose_of(row)
            if is_current(purpose, old):
                report.current += 1
                return
            new = resealed(purpose, column.place, row.pk, old)
        except DomainError as error:
            _bad(column, row, error, report)
            return
        if column.rows.filter(pk=row.pk, **{column.column: old}).update(**{column.column: new}):
            report.resealed += 1
            return
        row = column.rows.filter(pk=row.pk).first()
        if row is None:
            return
    report.bad += 1
    report.bad_rows.append((f"{column.place}:{row.pk}", "vault.busy"))


def _rotate_file(store: VaultedStore, row: Any, report: Rotation) -> None:
    try:
        if store.reseal(row):
            report.resealed += 1
        else:
            report.current += 1
    except DomainError as error:
        _bad(store, row, error, report)


def _bad(column: VaultedColumn | VaultedStore, row: Any, error: DomainError, report: Rotation) -> None:
    report.bad += 1
    if len(report.bad_rows) < NAMED:
        report.bad_rows.append((f"{column.place}:{row.pk}", error.code))
