"""Proving that nothing was altered, dropped, swapped or inserted, and naming what was.

Each entry is vouched for twice: its text by the link in its subject's chain, its place by the running head. A sound journal is one
pass; only where something does not fit is it asked what would explain it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.db import connection

from fangxin.kernel.journal import chain, sealing
from fangxin.kernel.journal.models import DailyRoot, Entry, Head
from fangxin.kernel.journal.sealing import Exported

_CHUNK = 5_000
_SHOWN = 1_000
_AROUND = 16
"""How many entries inserted or dropped in one place are told apart."""
_FEW = 50
"""With so many doubtful entries at most every one is tried against every other."""


class Damage(StrEnum):
    """What can be wrong with the journal."""

    ALTERED = "altered"
    DROPPED = "dropped"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    REWRITTEN = "rewritten"
    """Consistent in itself, but not what was exported."""
    UNPROVEN = "unproven"
    """Fits its place, but what it was chained to is gone or was altered."""
    HEAD = "head"
    """The head row doesn't agree with the entries."""
    ROOT = "root"
    """A day's root in the database doesn't agree with the exported one."""
    FILE = "file"
    """An exported file was forged, cut or damaged."""


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


def _chunks() -> Iterator[list[_Raw]]:
    """Entries in order, instants as the text that was hashed."""
    if connection.vendor == "postgresql":
        instants = "to_char({0} AT TIME ZONE 'UTC', CASE WHEN date_trunc('second', {0}) = {0} THEN 'YYYY-MM-DD HH24:MI:SS' ELSE 'YYYY-MM-DD HH24:MI:SS.US' END)"
    else:
        instants = "CAST({0} AS TEXT)"
    columns = f"seq, {instants.format('recorded_at')}, {instants.format('at')}, event, subject, actor, data, link, head"
    last = -(2**62)
    with connection.cursor() as cursor:
        while True:
            cursor.execute(f"SELECT {columns} FROM kernel_journal WHERE seq > %s ORDER BY seq LIMIT {_CHUNK}", [last])  # noqa: S608 -- constants
            rows = cursor.fetchall()
            if not rows:
                return
            yield rows
            last = rows[-1][0]


def _fits(row: _Raw, number: int, previous: bytes, link: bytes) -> bool:
    return chain.link(previous, chain.text(number, *row[1:7])) == link


@dataclass(frozen=True, slots=True)
class _Day:
    """A sealed day, as it was signed."""

    day: date
    first: int
    last: int
    value: bytes


@dataclass(slots=True)
class _Doubt:
    """An entry whose text doesn't fit its link, with the number it should have and what its subject's chain ended in there."""

    row: _Raw
    number: int
    previous: bytes


class _Walk:
    """One pass over the journal."""

    def __init__(self, report: Report, marks: dict[int, bytes], days: Sequence[_Day], folder: Path) -> None:
        self.report = report
        self.folder = folder
        self.marks = marks
        """Heads that were exported, by number."""
        self.days = days
        self.links: dict[str, bytes] = {}
        self.spare: list[bytes] = []
        """Links that may be someone's predecessor though they aren't the newest of the subject that claims them."""
        self.doubts: list[_Doubt] = []
        self.displaced: dict[int, int] = {}
        """Doubts that fit under a neighbouring number, with the shift."""
        self.inserted: dict[int, tuple[_Raw, int, int]] = {}
        """Entries that the head of a later one leaves out, with the numbers of the two that belong together without it."""
        self.broken: dict[int, str] = {}
        """Entries whose head doesn't follow from the one before, with their subjects."""
        self.found: dict[int, Finding] = {}
        self.recent: list[_Raw] = []
        self.seq = 0
        self.head = chain.START
        self.shift = 0
        """How many entries too many stand before here; negative: how many are missing though the numbers run on."""
        self.good = 0
        """The last number that an exported head vouched for."""
        self.rewritten: tuple[int, int] | None = None

    def run(self) -> None:
        links, marks, start = self.links, self.marks, chain.START
        expected, head, shift = 1, chain.START, 0
        days = iter(self.days)
        leaves: list[bytes] = []
        day = next(days, None)
        boundary = day.last if day else 2**62
        chained = chain.START
        for rows in _chunks():
            for index, row in enumerate(rows):
                seq, recorded, at, event, subject, actor, data, link, stored = row
                entry = f"{seq - shift}\x1f{recorded}\x1f{at}\x1f{event}\x1f{subject}\x1f{actor}\x1f{data}".encode()
                if (
                    seq == expected
                    and sha256(links.get(subject, start) + entry).digest() == link
                    and sha256(head + link).digest() == stored
                ):
                    links[subject] = link
                else:
                    self._odd(row, head, expected, (self.recent + rows[:index])[-_AROUND - 1 :])
                    shift = self.shift
                expected, head = seq + 1, stored
                leaves.append(link)
                if seq - shift in marks:
                    self._hold(seq - shift, stored)
                while seq - shift >= boundary and day:
                    chained = self._close(day, chained, leaves)
                    leaves = []
                    day = next(days, None)
                    boundary = day.last if day else 2**62
            self.report.entries += len(rows)
            self.recent = rows[-_AROUND - 1 :]
        self.seq, self.head = expected - 1, head
        self.report.subjects = len(links)
        self._explain()

    # --- where something doesn't fit -----------------------------------------------------------------------------------------

    def _odd(self, row: _Raw, head: bytes, expected: int, before: list[_Raw]) -> None:
        """Look at an entry that doesn't fit: first whether it stands in its place, then whether its text is what was chained."""
        seq, subject, link, stored = row[0], row[4], row[7], row[8]
        if seq < expected:  # numbers begin with 1
            self._find(Damage.INSERTED, row)
            return
        missing = range(expected, seq)
        for number in missing[:_SHOWN]:
            self.found[number] = Finding(Damage.DROPPED, number)
        if len(missing) > _SHOWN:
            self.found[missing[_SHOWN]] = Finding(Damage.DROPPED, missing[_SHOWN], detail=f"… {missing[-1]}")
        if chain.head(head, link) != stored and not self._follows(row, before):
            self.broken[seq] = subject
        previous = self.links.get(subject, chain.START)
        shift = self._fitting(row, previous) if len(self.doubts) < _SHOWN else None
        if shift == self.shift:
            self.links[subject] = link
            if self.doubts:
                self.spare.append(previous)
            return
        before_it = self.doubts[-1].row if self.doubts else None
        if shift is not None and before_it and before_it[0] == seq - 1 and self.displaced.get(seq - 1) == shift:
            self.doubts.pop()  # two in a row: from here on the numbers are others than those that were chained
            self._shifted(before_it, shift)
            self.links[subject] = link
            return
        self.doubts.append(_Doubt(row, seq - self.shift, previous))
        self.spare += [link, previous, *(self.links.get(one.row[4], chain.START) for one in self.doubts[-_FEW:])]
        if shift is not None:
            self.displaced[seq] = shift
            self.links[subject] = link

    def _fitting(self, row: _Raw, previous: bytes) -> int | None:
        """By how much the number must be shifted for the text to be what was chained, perhaps after another link than the newest."""
        for shift in sorted(range(self.shift - _AROUND, self.shift + _AROUND + 1), key=lambda shift: abs(shift - self.shift)):
            for other in [previous, *self.spare[-_SHOWN:]] if shift == self.shift else [previous, *self.spare[-_AROUND:]]:
                if _fits(row, row[0] - shift, other, row[7]):
                    return shift
        return None

    def _follows(self, row: _Raw, before: list[_Raw]) -> bool:
        """Whether the entry's head follows from an earlier one: what stands between was inserted, or only its head was altered."""
        link, stored = row[7], row[8]
        for back in range(2, len(before) + 2):
            tip = before[-back][8] if back <= len(before) else chain.START
            if back == len(before) + 1 and before and before[0][0] != 1:
                break
            if chain.head(tip, link) == stored:
                for one in before[len(before) - back + 1 :]:
                    self._insertion(one, before[-back][0] if back <= len(before) else 0, row[0])
                return True
        if before:
            tip = before[-2][8] if len(before) > 1 else chain.START
            if chain.head(chain.head(tip, before[-1][7]), link) == stored:
                self.broken.pop(before[-1][0], None)
                self._find(Damage.ALTERED, before[-1], "head")
                return True
        return False

    def _insertion(self, row: _Raw, leader: int, follower: int) -> None:
        self.inserted[row[0]] = (row, leader, follower)
        older = Entry.objects.filter(subject=row[4], seq__lt=row[0]).order_by("-seq").values_list("link", flat=True).first()
        self.spare.append(bytes(older) if older else chain.START)

    def _shifted(self, row: _Raw, shift: int) -> None:
        seq = row[0]
        if shift < self.shift:
            while seq - 1 in self.broken and self.doubts and self.doubts[-1].row[0] >= seq - 1:
                seq -= 1
            self._find(Damage.DROPPED, (seq, *row[1:]), f"{self.shift - shift} before it, renumbered", subject="")
        elif shift > self.shift and not any(seq - back in self.inserted for back in range(1, _AROUND)):
            self._find(Damage.INSERTED, row, "before it, renumbered", subject="")
        self.shift = shift

    def _find(self, damage: Damage, row: Sequence[object], detail: str = "", subject: str | None = None) -> None:
        seq = int(str(row[0]))
        self.found[seq] = Finding(damage, seq, str(row[4]) if subject is None else subject, detail)

    # --- naming --------------------------------------------------------------------------------------------------------------

    def _explain(self) -> None:
        """Name what is left: entries swapped with each other, those whose predecessor is gone, and those that were altered."""
        left = self._swaps(self.doubts)
        swapped = {seq for seq, finding in self.found.items() if finding.damage is Damage.SWAPPED}
        for row, leader, follower in self.inserted.values():
            if leader not in swapped and follower not in swapped:
                self.broken.pop(row[0], None)
                self._find(Damage.INSERTED, row)
        for one in left:
            if one.row[0] in self.displaced:
                self._shifted(one.row, self.displaced[one.row[0]])
        left = [one for one in left if one.row[0] not in self.displaced]
        left = [one for one in left if not any(_fits(one.row, one.number, other, one.row[7]) for other in self.spare[-_SHOWN:])]
        lost = min((seq for seq, finding in self.found.items() if finding.damage is Damage.DROPPED), default=2**62)
        unexplained = {seq: subject for seq, subject in self.broken.items() if not self._explained(seq) and not self._explained(seq - 1)}
        for one in left:
            seq, subject = one.row[0], one.row[4]
            if seq not in self.found:
                unproven = seq not in unexplained and (seq > lost or subject in unexplained.values())
                self._find(Damage.UNPROVEN if unproven else Damage.ALTERED, one.row)
        for seq, subject in unexplained.items():
            if seq not in self.found:
                self.found[seq] = Finding(Damage.ALTERED, seq, subject, "or the one before it")
        if self.rewritten and not any(self.rewritten[0] <= seq <= self.rewritten[1] for seq in self.found):
            first, last = self.rewritten
            self.found[first] = Finding(Damage.REWRITTEN, first, detail=f"… {last}")
        self.report.findings += self.found.values()

    def _explained(self, seq: int) -> bool:
        return seq in self.found

    def _swaps(self, doubts: list[_Doubt]) -> list[_Doubt]:
        """Find the pairs of which one fits the other's number; answers the rest."""
        left = list(doubts)
        rest = []
        spare = self.spare if len(doubts) <= _FEW else []
        while left:
            one = left.pop(0)
            other = next((two for two in left[:_SHOWN] if self._swapped(one, two, spare) and self._swapped(two, one, spare)), None)
            if other is None:
                rest.append(one)
                continue
            left.remove(other)
            for this, that in ((one, other), (other, one)):
                self._find(Damage.SWAPPED, this.row, f"with {that.row[0]}")
        return rest

    @staticmethod
    def _swapped(one: _Doubt, two: _Doubt, spare: list[bytes]) -> bool:
        return any(
            _fits(one.row, two.number, previous, link)
            for previous in (one.previous, two.previous, one.row[7], two.row[7], chain.START, *spare)
            for link in (one.row[7], two.row[7])
        )

    # --- against what was exported -------------------------------------------------------------------------------------------

    def _hold(self, number: int, stored: bytes) -> None:
        """The head after an entry against the one that was exported for it."""
        self.report.checkpoints += 1
        if self.marks[number] == stored:
            self.good = number
        elif self.rewritten is None:
            self.rewritten = (self.good + 1, number)

    def _close(self, day: _Day, chained: bytes, leaves: list[bytes]) -> bytes:
        """A day's links against its exported root; where they differ the exported links name the entries."""
        self.report.days += 1
        seen = any(day.first <= seq <= day.last for places in (self.found, self.broken, self.inserted) for seq in places)
        if chain.head(chained, chain.merkle_root(leaves)) != day.value and not seen:
            kept = self._kept(day, chained)
            changed = [day.first + place for place, (was, link) in enumerate(zip(kept, leaves, strict=False)) if was != link]
            for seq in changed[:_SHOWN] or [day.first]:
                detail = str(day.day) if changed else f"… {day.last}, {day.day}"
                self.found[seq] = Finding(Damage.REWRITTEN, seq, detail=detail)
        return day.value

    def _kept(self, day: _Day, chained: bytes) -> list[bytes]:
        """The day's links as they were exported, if that file is still what was signed."""
        path = self.folder / "links" / f"{day.day}.bin"
        content = path.read_bytes() if path.exists() else b""
        kept = [content[place : place + 32] for place in range(0, len(content), 32)]
        if chain.head(chained, chain.merkle_root(kept)) == day.value:
            return kept
        self.report.findings.append(Finding(Damage.FILE, day.first, detail=f"links/{day.day}.bin"))
        return []


def verify(folder: Path | None = None) -> Report:
    """Walk the whole journal against its chains, the head row, the exported heads and the exported days.

    `folder` is a copy of the exported roots kept elsewhere; without it the data folder's own are taken. One read of the table, in
    order, a few hundred bytes of memory a subject. Writers may go on meanwhile.
    """
    report = Report()
    before, roots = Head.objects.filter(id=1).first(), list(DailyRoot.objects.order_by("day"))
    lines = list(sealing.exported(folder))
    report.findings += [Finding(Damage.FILE, line.seq, detail=f"line {number}") for number, line in enumerate(lines, 1) if not line.genuine]
    marks: dict[int, bytes] = {}
    for number, line in enumerate(lines, 1):
        if line.kind == "head" and line.genuine and marks.setdefault(line.seq, line.value) != line.value:
            report.findings.append(Finding(Damage.REWRITTEN, line.seq, detail=f"line {number} says otherwise than one before it"))
    days = _days(report, lines, roots, own=folder is None)
    walk = _Walk(report, marks, days, folder or settings.JOURNAL_ROOTS)
    walk.run()
    _check_tail(report, walk, before, max([*marks, *(day.last for day in days)], default=0))
    report.findings.sort(key=lambda finding: finding.seq)
    return report


def _days(report: Report, lines: list[Exported], roots: list[DailyRoot], *, own: bool) -> list[_Day]:
    """The sealed days as they were signed: from the file, and from the database where the file lacks one."""
    kept = {root.day: root for root in roots}
    signed: dict[date, tuple[int, bytes]] = {}
    for line in lines:
        if line.kind != "day" or not line.genuine or line.day is None:
            continue
        root = kept.get(line.day)
        if line.day not in signed or (root and (root.last_seq, bytes(root.chained)) == (line.seq, line.value)):
            signed[line.day] = (line.seq, line.value)
    newest = max(signed, default=date.min)
    known = {root.day: root for root in DailyRoot.objects.filter(day__in=signed)}
    for day, (last, value) in signed.items():
        root = known.get(day)
        if root is None or (root.last_seq, bytes(root.chained)) != (last, value) or not sealing.genuine(root):
            report.findings.append(Finding(Damage.ROOT, last, detail=str(day)))
    for root in roots:
        if root.day not in signed and (own or root.day < newest):
            report.findings.append(Finding(Damage.FILE, root.last_seq, detail=f"{root.day} missing"))
            if sealing.genuine(root):
                signed[root.day] = (root.last_seq, bytes(root.chained))
    days, first = [], 1
    for day, (last, value) in sorted(signed.items()):
        days.append(_Day(day, first, last, value))
        first = last + 1
    return days


def _check_tail(report: Report, walk: _Walk, before: Head | None, exported: int) -> None:
    """Today's tail: the head row and what was exported say how far the journal must reach."""
    after = Head.objects.filter(id=1).first()
    if after is None:
        if walk.seq:
            report.findings.append(Finding(Damage.HEAD, walk.seq, detail="missing"))
    elif after.seq < walk.seq and after.seq != walk.seq - walk.shift:
        first = max(after.seq, walk.good) + 1
        report.findings += [Finding(Damage.INSERTED, seq) for seq in range(first, min(walk.seq, first + _SHOWN) + 1)]
        if first > after.seq + 1:
            report.findings.append(Finding(Damage.HEAD, after.seq))
    elif after.seq == walk.seq and bytes(after.head) != walk.head and not report.findings:
        report.findings.append(Finding(Damage.HEAD, walk.seq))
    reach = max(before.seq if before and before.seq != walk.seq else 0, exported)
    ended = max(walk.seq, walk.seq - walk.shift)
    report.findings += [Finding(Damage.DROPPED, seq) for seq in range(ended + 1, min(reach, ended + _SHOWN) + 1)]
