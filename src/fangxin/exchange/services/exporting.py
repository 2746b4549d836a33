"""What was done with a channel's cases goes back to it, and its confirmation is read (回传).

The outbox is filled by reading the journal from where it was last read, not by a handler of each event: an import of a city's year
would otherwise open a delivery a case, only to find that the channel knows already what it told us itself.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import xlsxwriter
from django.db import transaction

from fangxin.accounts.models import Office
from fangxin.cases.events import CaseClosed, CaseDispatched, CaseReportedBack, CaseResponded, CaseStep
from fangxin.cases.models import Case, Note
from fangxin.cases.numbers import number_of
from fangxin.exchange import profiles
from fangxin.exchange.converting import SHANGHAI
from fangxin.exchange.events import DispositionsAcknowledged, DispositionsExported
from fangxin.exchange.mapping import label
from fangxin.exchange.models import Collected, Disposition, ExportRun, What
from fangxin.exchange.profiles import Export, Profile
from fangxin.exchange.readers import open_table, text_of
from fangxin.exchange.services.importing import sha256_of
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.events import rebuild
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import Ref, identity

TOLD = {
    CaseDispatched.name: What.DISPATCHED,
    CaseResponded.name: What.RESPONDED,
    CaseReportedBack.name: What.REPORTED,
    CaseClosed.name: What.CLOSED,
}
AT_ONCE = 2000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins so is taken for a formula by spreadsheet programs."""


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of dispositions."""

    run: int
    path: Path
    count: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a channel answered; `unknown` are numbers that it was never told, or has confirmed before."""

    accepted: int
    refused: int
    unknown: tuple[str, ...]


def collect() -> int:
    """Put what the journal tells since the last time into the outbox; answers how many dispositions are new.

    Cases without an outside number have nobody to tell. What a file brought about (actor `import:…`) came from the channel itself.
    """
    added = 0
    while True:
        with transaction.atomic():
            mark, _ = Collected.objects.select_for_update().get_or_create(pk=1)
            newest = Entry.objects.filter(seq__gt=mark.entry).order_by("seq").values_list("seq", flat=True)[AT_ONCE - 1 : AT_ONCE].first()
            last = newest or Entry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
            entries = list(Entry.objects.filter(seq__gt=mark.entry, seq__lte=last, event__in=TOLD).exclude(actor__startswith="import:"))
            added += _add(entries)
            mark.entry = max(mark.entry, last)
            mark.save(update_fields=["entry"])
        if newest is None:
            return added


def _add(entries: list[Entry]) -> int:
    cases = Case.objects.exclude(outside_number="").in_bulk({identity(entry.subject) for entry in entries})
    entries = [entry for entry in entries if identity(entry.subject) in cases]
    names = dict(Office.objects.values_list("code", "name"))
    units = dict(Case.objects.filter(pk__in=cases).values_list("pk", "unit__name"))
    notes = {
        (note.case_id, note.step, note.at): note.text
        for note in Note.objects.filter(case__in=cases, at__in={entry.at for entry in entries}).order_by("pk")
    }
    rows = []
    for entry in entries:
        case = cases[identity(entry.subject)]
        event = rebuild(entry.event, subject=entry.subject, actor=entry.actor, at=entry.at, data=entry.data)
        step = event.step if isinstance(event, CaseStep) else ""
        unit = names.get(event.unit, "") if isinstance(event, CaseDispatched) else units.get(case.pk) or ""
        rows.append(
            Disposition(
                entry=entry.seq,
                case=case,
                channel=case.channel,
                outside_number=case.outside_number,
                what=TOLD[entry.event],
                unit=unit,
                at=entry.at,
                # A note to the unit that a case was sent to is not for the channel.
                text="" if isinstance(event, CaseDispatched) else notes.get((case.pk, step, entry.at), ""),
            )
        )
    Disposition.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def export(profile: Profile | str, path: str | Path, *, by: Ref, at: datetime) -> Exported:
    """Write what the profile's channel has not been told yet to a new file (.xlsx or .csv) and mark it as told.

    The file stands complete under its name before anything is marked; if it breaks off between, the next file tells it again.
    Texts are the scrubbed ones. Raises BadInput for a profile without an export, another type of file, or a file that exists.
    """
    profile = profiles.load(profile) if isinstance(profile, str) else profile
    path = Path(path)
    form = _form(profile)
    if path.suffix.lower() not in {".xlsx", ".csv"}:
        raise BadInput(
            "exchange.export_type", "Dispositions are written to .xlsx or .csv, not %(suffix)s.", suffix=path.suffix or path.name
        )
    if path.exists():
        raise BadInput("exchange.export_exists", "%(path)s exists already; it is not overwritten.", path=str(path))
    collect()
    draft = path.with_name(f".{path.name}.part")
    try:
        with journal.atomic():
            Collected.objects.select_for_update().get(pk=1)  # one export at a time
            pending = Disposition.objects.pending(profile.channel)
            keys = list(pending.values_list("pk", flat=True))
            _write(draft, path.suffix.lower(), form, pending.select_related("case").iterator(chunk_size=AT_ONCE))
            run = ExportRun.objects.create(
                profile=profile.name, file_name=path.name[-255:], sha256=sha256_of(draft), by=by, at=at, count=len(keys)
            )
            if keys:
                pending.filter(pk__lte=keys[-1]).update(exported_in=run)
            journal.publish(
                [DispositionsExported(subject=run.ref, actor=by, at=at, profile=profile.name, sha256=run.sha256, count=len(keys))]
            )
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return Exported(run.pk, path, len(keys))


def _form(profile: Profile) -> Export:
    if profile.export is None:
        raise BadInput("exchange.no_export", "Profile %(name)s has no export.", name=profile.name)
    return profile.export


def _lines(form: Export, dispositions: Iterable[Disposition]) -> Iterator[list[str]]:
    yield [header for header, _ in form.columns]
    for one in dispositions:
        values = {
            "outside_number": one.outside_number,
            "what": form.words.get(one.what, one.what),
            "at": one.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            "text": one.text,
            "unit": one.unit,
            "case_number": number_of(one.case_id),
        }
        yield [values[name] for _, name in form.columns]


def neutral(text: str) -> str:
    """A cell that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _write(path: Path, suffix: str, form: Export, dispositions: Iterable[Disposition]) -> None:
    path.touch(mode=0o600)
    lines = _lines(form, dispositions)
    if suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([neutral(cell) for cell in line] for line in lines)
        return
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet()
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            # Always a text, so nothing is taken for a formula.
            sheet.write_string(number, column, cell[:32_767])
    book.close()


def acknowledge(profile: Profile | str, path: str | Path, *, by: Ref, at: datetime) -> Acknowledged:
    """Read a channel's answer (its number and a result a row) and mark what it took; reading it twice changes nothing.

    What it refused keeps the channel's words in `refusal` and stays unacknowledged. Raises BadInput for a file without these columns.
    """
    profile = profiles.load(profile) if isinstance(profile, str) else profile
    path = Path(path)
    form = _form(profile)
    what_header = next((header for header, name in form.columns if name == "what"), "")
    whats = {word: what for what, word in form.words.items()}
    accepted = refused = 0
    unknown: list[str] = []
    with open_table(path, names=[form.number, form.result]) as table, journal.atomic():
        places = {label(name): index for index, name in enumerate(table.header)}
        for needed in (form.number, form.result):
            if label(needed) not in places:
                raise BadInput(
                    "exchange.column_missing", "Missing column: %(missing)s. The file has: %(found)s.",
                    missing=needed, found="、".join(table.header)[:500],
                )  # fmt: skip
        for _, cells in table.rows():
            number, result = (text_of(cells[places[label(name)]]).strip().lstrip("'") for name in (form.number, form.result))
            told = (
                Disposition.objects.unacknowledged(profile.channel).filter(outside_number=number) if number else Disposition.objects.none()
            )
            if label(what_header) in places and (what := whats.get(text_of(cells[places[label(what_header)]]).strip())):
                told = told.filter(what=what)
            taken = result in form.accepted
            changed = told.update(acknowledged_at=at, refusal="") if taken else told.update(refusal=(result or "?")[:300])
            accepted, refused = accepted + changed * taken, refused + changed * (not taken)
            if not changed:
                unknown.append(number)
        journal.publish(
            [
                DispositionsAcknowledged(
                    subject=Ref(f"channel:{profile.channel.value}"), actor=by, at=at, sha256=sha256_of(path),
                    accepted=accepted, refused=refused, unknown=len(unknown),
                )
            ]
        )  # fmt: skip
    return Acknowledged(accepted, refused, tuple(unknown))
