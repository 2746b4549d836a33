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

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from fangxin.kernel.journal import chain, signing
from fangxin.kernel.journal.models import DailyRoot, Entry, Head


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


def _append(folder: Path, kind: str, seq: int, value: bytes, day: date | None) -> None:
    line = {
        "kind": kind,
        "seq": seq,
        "value": value.hex(),
        "day": day.isoformat() if day else None,
        "signature": signing.sign(_message(kind, seq, value, day)).hex(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "roots.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def exported(folder: Path | None = None) -> Iterator[Exported]:
    """The lines of the roots file, oldest first; a line cut off by a crash counts as not genuine."""
    path = (folder or settings.JOURNAL_ROOTS) / "roots.jsonl"
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for text in file:
            try:
                line = json.loads(text)
                day = date.fromisoformat(line["day"]) if line["day"] else None
                value = bytes.fromhex(line["value"])
                genuine = signing.signed(_message(line["kind"], line["seq"], value, day), bytes.fromhex(line["signature"]))
                yield Exported(line["kind"], line["seq"], value, day, genuine)
            except (ValueError, KeyError, TypeError):
                yield Exported("unreadable", 0, b"", None, genuine=False)


def checkpoint() -> int:
    """Export the signed head as it is now, if it has moved since the last time; answers its number."""
    newest = Head.objects.filter(id=1).first()
    if newest is None or newest.seq == 0:
        return 0
    last = None
    for line in exported():
        if line.kind == "head":
            last = line
    if last is None or last.seq != newest.seq:
        _append(settings.JOURNAL_ROOTS, "head", newest.seq, bytes(newest.head), None)
    return newest.seq


def seal(today: date) -> list[date]:
    """Seal every finished local day that has entries and no root yet, oldest first; answers the days."""
    sealed: list[date] = []
    last = DailyRoot.objects.order_by("-day").first()
    seq = last.last_seq if last else 0
    chained = bytes(last.chained) if last else chain.START
    while entry := Entry.objects.filter(seq__gt=seq).order_by("seq").first():
        day = timezone.localtime(entry.recorded_at).date()
        if day >= today:
            break
        end = datetime.combine(day + timedelta(days=1), time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)
        links = [
            bytes(link)
            for link in Entry.objects.filter(seq__gt=seq, recorded_at__lt=end)
            .order_by("seq")
            .values_list("link", flat=True)
            .iterator(chunk_size=10_000)
        ]
        root = chain.merkle_root(links)
        chained = chain.head(chained, root)
        last_seq = seq + len(links)
        folder: Path = settings.JOURNAL_ROOTS
        (folder / "links").mkdir(parents=True, exist_ok=True)
        (folder / "links" / f"{day}.bin").write_bytes(b"".join(links))
        with transaction.atomic():
            DailyRoot.objects.create(
                day=day,
                first_seq=entry.seq,
                last_seq=last_seq,
                root=root,
                chained=chained,
                signature=signing.sign(_message("day", last_seq, chained, day)),
            )
        _append(folder, "day", last_seq, chained, day)
        seq = last_seq
        sealed.append(day)
    return sealed
