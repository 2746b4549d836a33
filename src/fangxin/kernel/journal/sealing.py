"""What leaves the database: signed heads, daily roots and the days' links, in files that only grow.

`<home>/journal/roots.jsonl` holds one signed line a head or day; `<home>/journal/links/<day>.bin` the day's links, 32 bytes each.
An operator copies them elsewhere (docs/operations.md); `verify` holds the journal against them.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal import chain, signing
from fangxin.kernel.journal.models import DailyRoot, Entry, Head

_LONGEST = 512
"""No line is longer (bytes)."""


@dataclass(frozen=True, slots=True)
class Exported:
    """One line of the roots file: the head after entry `seq`, or a day's chained root up to it."""

    kind: str
    seq: int
    value: bytes
    day: date | None
    genuine: bool
    """Whether the signature is ours."""


def _message(kind: str, seq: int, value: bytes, day: date | None) -> bytes:
    return f"fangxin journal {kind} {seq} {value.hex()} {day or ''}".encode()


def _append(folder: Path, kind: str, seq: int, value: bytes, day: date | None, signature: bytes) -> None:
    line = {"kind": kind, "seq": seq, "value": value.hex(), "day": day.isoformat() if day else None, "signature": signature.hex()}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "roots.jsonl").open("ab+") as file:
        _drop_fragment(file)
        file.write(json.dumps(line).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _drop_fragment(file: IO[bytes]) -> None:
    """Take away a last line that a crash cut off, so that the next one doesn't run into it."""
    size = file.seek(0, os.SEEK_END)
    start = file.seek(max(size - _LONGEST, 0))
    tail = file.read()
    if tail and not tail.endswith(b"\n"):
        file.truncate(start + tail.rfind(b"\n") + 1)


def exported(folder: Path | None = None) -> Iterator[Exported]:
    """The lines of the roots file, oldest first; a line cut off by a crash counts as not genuine."""
    path = (folder or settings.JOURNAL_ROOTS) / "roots.jsonl"
    if path.exists():
        with path.open("rb") as file:
            yield from map(_read, file)


def _read(text: bytes) -> Exported:
    try:
        line = json.loads(text)
        day = date.fromisoformat(line["day"]) if line["day"] else None
        seq, value = int(line["seq"]), bytes.fromhex(line["value"])
        genuine = signing.signed(_message(line["kind"], seq, value, day), bytes.fromhex(line["signature"]))
        return Exported(str(line["kind"]), seq, value, day, genuine)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Exported("unreadable", 0, b"", None, genuine=False)


def _last_head() -> int:
    """The number of the newest exported head. Reads the file's end only: it gains a line with every round of the worker."""
    path: Path = settings.JOURNAL_ROOTS / "roots.jsonl"
    if not path.exists():
        return 0
    with path.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 64 * _LONGEST, 0))
        lines = [line for line in map(_read, file.readlines()[-64:]) if line.kind == "head" and line.genuine]
    return lines[-1].seq if lines else 0


def checkpoint() -> int:
    """Export the signed head as it is now, if it has moved since the last time; answers its number.

    Raises BadInput if the journal has become shorter than what was exported: a shorter head is never signed.
    """
    newest = Head.objects.filter(id=1).first()
    seq, last = (newest.seq if newest else 0), _last_head()
    if seq < last:
        raise BadInput(
            "kernel.journal_shorter", "The journal ends at %(seq)s, but its head was exported at %(last)s: verify it.", seq=seq, last=last
        )
    if newest and seq > last:
        value = bytes(newest.head)
        _append(settings.JOURNAL_ROOTS, "head", seq, value, None, signing.sign(_message("head", seq, value, None)))
    return seq


def genuine(root: DailyRoot) -> bool:
    """Whether we signed this root as it stands."""
    return signing.signed(_message("day", root.last_seq, bytes(root.chained), root.day), bytes(root.signature))


def seal(today: date) -> list[date]:
    """Seal every finished local day that has entries and no root yet, oldest first; answers the days.

    An entry that was committed only after its day had been sealed belongs to the next day's root. Killed anywhere, it goes on.
    """
    sealed: list[date] = []
    folder: Path = settings.JOURNAL_ROOTS
    last = DailyRoot.objects.order_by("-day").first()
    seq, chained, day = (last.last_seq, bytes(last.chained), last.day) if last else (0, chain.START, date.min)
    while entry := Entry.objects.filter(seq__gt=seq).order_by("seq").first():
        day = max(timezone.localtime(entry.recorded_at).date(), day + timedelta(days=1))
        if day >= today:
            break
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)
        rows = list(Entry.objects.filter(seq__gt=seq, recorded_at__lt=end).order_by("seq").values_list("seq", "link"))
        root = chain.merkle_root([bytes(link) for _, link in rows])
        chained, seq = chain.head(chained, root), rows[-1][0]
        (folder / "links").mkdir(parents=True, exist_ok=True)
        (folder / "links" / f"{day}.bin").write_bytes(b"".join(bytes(link) for _, link in rows))
        signature = signing.sign(_message("day", seq, chained, day))
        with transaction.atomic():
            DailyRoot.objects.create(day=day, first_seq=entry.seq, last_seq=seq, root=root, chained=chained, signature=signature)
            _append(folder, "day", seq, chained, day, signature)  # before the commit: a line without its row is only written again
        sealed.append(day)
    return sealed
