"""Proving that nothing was altered, dropped, swapped or inserted, and naming what was."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import connection

from fangxin.kernel.journal import chain, sealing
from fangxin.kernel.journal.models import DailyRoot, Head

_CHUNK = 10_000
_SHOWN = 1_000


class Damage(StrEnum):
    """What can be wrong with the journal."""

    ALTERED = "altered"
    DROPPED = "dropped"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    REWRITTEN = "rewritten"
    ROOT = "root"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Finding:
    """One damage, with the number of the entry (or the first of several) and its subject where they are known."""

    damage: Damage
    seq: int
    subject: str = ""
    detail: str = ""


@dataclass(slots=True)
class Report:
    """What `verify` saw."""

    entries: int = 0
    subjects: int = 0
    checkpoints: int = 0
    days: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Nothing is wrong."""
        return not self.findings


_Raw = tuple[int, str, str, str, str, str, str, bytes, bytes]


def _rows() -> Iterator[_Raw]:
    """Entries in order, instants as the text that was hashed."""
    postgres = connection.vendor == "postgresql"
    instants = (
        ", ".join(f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')" for name in ("recorded_at", "at"))
        if postgres
        else "recorded_at, at"
    )
    query = (
        f"SELECT seq, {instants}, event, subject, actor, data, link, head FROM kernel_journal WHERE seq > %s ORDER BY seq LIMIT {_CHUNK}"  # noqa: S608 -- constants
    )
    last = -(2**62)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(query, [last])
            rows = cursor.fetchall()
            if postgres:
                yield from ((row[0], row[1].removesuffix(".000000"), row[2].removesuffix(".000000"), *row[3:]) for row in rows)
            else:
                yield from rows
            if len(rows) < _CHUNK:
                return
            last = rows[-1][0]


@dataclass(slots=True)
class _Suspect:
    """An entry whose text doesn't fit its link."""

    row: _Raw
    previous: bytes


def _fits(row: _Raw, seq: int, previous: bytes, link: bytes) -> bool:
    return chain.link(previous, chain.text(seq, *row[1:7])) == link


class _Walk:
    """One pass over the journal."""

    def __init__(self, report: Report, checkpoints: dict[int, bytes]) -> None:
        self.report = report
        self.checkpoints = checkpoints
        self.links: dict[str, bytes] = {}
        self.suspects: list[_Suspect] = []
        self.broken_heads: list[int] = []
        self.head = chain.START
        self.seq = 0
        self.shift = 0
        """How many entries too many stand before here; negative: how many are missing though the numbers run on."""
        self.good = 0
        """The last entry that a signed head vouched for."""
        self.rewritten: tuple[int, int] | None = None

    def run(self) -> None:
        report, links, checkpoints = self.report, self.links, self.checkpoints
        text, link_of, head_of, start = chain.text, chain.link, chain.head, chain.START
        expected, head = 1, chain.START
        for row in _rows():
            seq, recorded, at, event, subject, actor, data, link, stored = row
            if seq != expected:
                self._gap(expected, seq)
            previous = links.get(subject, start)
            if link_of(previous, text(seq - self.shift, recorded, at, event, subject, actor, data)) != link:
                self._suspect(row, previous)
            links[subject] = link
            head = head_of(head, link)
            if head != stored:
                if seq == expected:
                    self.broken_heads.append(seq)
                head = stored
            if seq in checkpoints:
                self._hold(seq, stored)
            expected = seq + 1
            report.entries += 1
        self.seq, self.head = expected - 1, head
        report.subjects = len(links)

    def _gap(self, expected: int, seq: int) -> None:
        missing = range(expected, seq) if seq > expected else range(seq, seq)
        self.report.findings.extend(Finding(Damage.DROPPED, number) for number in missing[:_SHOWN])
        if len(missing) > _SHOWN:
            self.report.findings.append(Finding(Damage.DROPPED, missing[_SHOWN], detail=f"… {missing[-1]}"))

    def _suspect(self, row: _Raw, previous: bytes) -> None:
        """The text doesn't fit: perhaps the numbers were shifted by an insertion or a removal just before."""
        for step, damage in ((1, Damage.INSERTED), (-1, Damage.DROPPED)):
            if _fits(row, row[0] - self.shift - step, previous, row[7]):
                self.shift += step
                if damage is Damage.INSERTED and self.suspects:
                    inserted = self.suspects.pop().row
                    self.report.findings.append(Finding(damage, inserted[0], inserted[4]))
                else:
                    self.report.findings.append(Finding(damage, row[0], detail="renumbered"))
                return
        self.suspects.append(_Suspect(row, previous))

    def _hold(self, seq: int, stored: bytes) -> None:
        if self.checkpoints[seq] == stored:
            self.good = max(self.good, seq)
        elif self.rewritten is None:
            self.rewritten = (self.good + 1, seq)
        self.report.checkpoints += 1

    def name_suspects(self) -> None:
        """Tell swapped entries from altered ones: a swapped one fits the other's number and link."""
        left = list(self.suspects)
        while left:
            one = left.pop(0)
            other = next((two for two in left[:_SHOWN] if self._swapped(one, two)), None)
            seq, subject = one.row[0], one.row[4]
            if other is not None:
                left.remove(other)
                self.report.findings.append(Finding(Damage.SWAPPED, seq, subject, detail=str(other.row[0])))
            else:
                self.report.findings.append(Finding(Damage.ALTERED, seq, subject))

    @staticmethod
    def _swapped(one: _Suspect, two: _Suspect) -> bool:
        return any(
            _fits(one.row, two.row[0], previous, link) or _fits(two.row, one.row[0], previous, link)
            for previous in (one.previous, two.previous, one.row[7], two.row[7])
            for link in (one.row[7], two.row[7])
        )


def verify(folder: Path | None = None) -> Report:
    """Walk the whole journal against its chains, the head row, the exported heads and the exported days.

    One read of the table, in order, a few hundred bytes of memory a subject.
    """
    report = Report()
    lines = list(sealing.exported(folder))
    report.findings += [Finding(Damage.FILE, line.seq, detail=f"line {number}") for number, line in enumerate(lines, 1) if not line.genuine]
    heads = {line.seq: line.value for line in lines if line.kind == "head" and line.genuine}
    walk = _Walk(report, heads)
    walk.run()
    walk.name_suspects()
    named = {finding.seq for finding in report.findings}
    if not named:
        report.findings += [Finding(Damage.ALTERED, seq, detail="head") for seq in walk.broken_heads]
    _check_tail(report, walk, max(heads, default=0))
    _check_days(report, lines, folder or settings.JOURNAL_ROOTS)
    if walk.rewritten and not report.findings:
        first, last = walk.rewritten
        report.findings.append(Finding(Damage.REWRITTEN, first, detail=f"… {last}"))
    report.findings.sort(key=lambda finding: finding.seq)
    return report


def _check_tail(report: Report, walk: _Walk, exported: int) -> None:
    """Today's tail: the head row and the newest exported head say how far the journal must reach."""
    newest = Head.objects.filter(id=1).first()
    reach = max(newest.seq if newest else 0, exported)
    report.findings += [Finding(Damage.DROPPED, seq) for seq in range(walk.seq + 1, min(reach, walk.seq + _SHOWN) + 1)]
    if newest is None or walk.seq > newest.seq:
        first = (newest.seq if newest else 0) + 1
        report.findings += [Finding(Damage.INSERTED, seq) for seq in range(first, min(walk.seq, first + _SHOWN) + 1)]
    elif walk.seq == newest.seq and bytes(newest.head) != walk.head and not report.findings:
        report.findings.append(Finding(Damage.ALTERED, walk.seq, detail="head"))


def _check_days(report: Report, lines: list[sealing.Exported], folder: Path) -> None:
    """The days' roots: the file's signed values against the links as they stand now; names the entries by the exported links."""
    roots = {root.day: root for root in DailyRoot.objects.order_by("day")}
    chained, first = chain.START, 1
    for line in (line for line in lines if line.kind == "day" and line.genuine and line.day):
        day: date = line.day  # type: ignore[assignment]  # filtered above
        report.days += 1
        links = _links(first, line.seq)
        chained = chain.head(chained, chain.merkle_root(links))
        if chained != line.value:
            kept = folder / "links" / f"{day}.bin"
            was = kept.read_bytes() if kept.exists() else b""
            changed = [first + i for i, link in enumerate(links) if was[32 * i : 32 * i + 32] not in (b"", link)]
            named = {finding.seq for finding in report.findings}
            report.findings += [Finding(Damage.REWRITTEN, seq, detail=str(day)) for seq in changed[:_SHOWN] if seq not in named]
            if not changed and not named:
                report.findings.append(Finding(Damage.ROOT, first, detail=str(day)))
            chained = line.value
        if day not in roots:
            report.findings.append(Finding(Damage.ROOT, first, detail=f"{day} missing"))
        first = line.seq + 1


def _links(first: int, last: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT link FROM kernel_journal WHERE seq BETWEEN %s AND %s ORDER BY seq", [first, last])
        return [bytes(row[0]) for row in cursor.fetchall()]
