"""The only way from sealed values to plain text. Whoever looks is in the journal before they see."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.db import transaction

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.vault.sealing import open_bytes, open_sealed


@dataclass(frozen=True, kw_only=True)
class PersonalDataRevealed(journal.Event):
    """Someone looked at one person's data in plain text (查看明文)."""

    name: ClassVar[str] = "kernel.PersonalDataRevealed"

    place: str
    row: str
    fields: tuple[str, ...]
    purpose: str
    """Why, as stated; personal data in it is masked."""


@dataclass(frozen=True, kw_only=True)
class BatchRevealed(journal.Event):
    """A run read many persons' data in plain text: rows `first` to `last` of a column."""

    name: ClassVar[str] = "kernel.BatchRevealed"

    place: str
    first: int
    last: int
    fields: tuple[str, ...]
    purpose: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value and where it stands. `keys` is the purpose it was sealed for."""

    keys: str
    place: str
    row_id: int
    blob: bytes


def reveal(sealed: Sealed, *, fields: Collection[str], subject: Ref, purpose: str, actor: Ref, at: datetime) -> dict[str, str]:
    """These fields of one person in plain text ("" where nothing was given), after one journal row about the look is committed.

    `purpose` says why, in the officer's words. Must not be called inside a transaction (RuntimeError): rolling it back would
    take back the journal row but not the look.
    Raises BadInput without a purpose or fields, SealBroken or KeyRefused if the value does not open.
    """
    stated = _stated(purpose, fields)
    plain = open_sealed(sealed.place, sealed.row_id, sealed.blob, purpose=sealed.keys)
    event = PersonalDataRevealed(
        subject=subject,
        actor=actor,
        at=at,
        place=sealed.place,
        row=str(sealed.row_id),
        fields=tuple(sorted(fields)),
        purpose=scrub(stated, known=plain.values()).text,
    )
    _write(event)
    return {name: plain.get(name, "") for name in fields}


def reveal_many(
    rows: Iterable[Sealed], *, fields: Collection[str], purpose: str, actor: Ref, at: datetime, subject: Ref | None = None
) -> list[dict[str, str]]:
    """`reveal` for a batch of rows of one column: one journal row for the run, with its row range.

    `subject` is the run (an export, a job); without one the column is the subject. Nothing is written for no rows.
    """
    rows = list(rows)
    if not rows:
        _stated(purpose, fields)
        return []
    numbers = [row.row_id for row in rows]
    look = reveal_run(
        place=rows[0].place,
        first=min(numbers),
        last=max(numbers),
        fields=fields,
        purpose=purpose,
        actor=actor,
        at=at,
        subject=subject,
    )
    return [look(row) for row in rows]


def reveal_run(
    *, place: str, first: int, last: int, fields: Collection[str], purpose: str, actor: Ref, at: datetime, subject: Ref | None = None
) -> Callable[[Sealed], dict[str, str]]:
    """For a stream of rows: journals the declared range once and answers the function that opens rows of it, and no others."""
    stated = _stated(purpose, fields)
    event = BatchRevealed(
        subject=subject or ref("vault", place),
        actor=actor,
        at=at,
        place=place,
        first=first,
        last=last,
        fields=tuple(sorted(fields)),
        purpose=scrub(stated).text,
    )
    _write(event)

    def look(sealed: Sealed) -> dict[str, str]:
        if sealed.place != place or not first <= sealed.row_id <= last:
            raise BadInput(
                "vault.outside_run", "Row %(row)s is outside the range that this run declared.", row=f"{sealed.place}:{sealed.row_id}"
            )
        plain = open_sealed(place, sealed.row_id, sealed.blob, purpose=sealed.keys)
        return {name: plain.get(name, "") for name in fields}

    return look


def reveal_bytes(sealed: Sealed, *, look: journal.Event) -> bytes:
    """A sealed file's content, after `look`, the app's own event about who opened it and why, is committed to the journal.

    Must not be called inside a transaction, as `reveal`. Raises SealBroken or KeyRefused if the content does not open.
    """
    content = open_bytes(sealed.place, sealed.row_id, sealed.blob, purpose=sealed.keys)
    _write(look)
    return content


def _stated(purpose: str, fields: Collection[str]) -> str:
    if not fields or isinstance(fields, str):
        raise BadInput("vault.fields_missing", "Say which fields are to be shown.")
    if not any(sign.isalnum() for sign in purpose):  # white space, signs of no width and dots say nothing
        raise BadInput("vault.purpose_missing", "Say what the personal data is needed for.")
    return purpose.strip()


def _write(event: journal.Event) -> None:
    with transaction.atomic(durable=True), journal.atomic():
        journal.publish([event])
