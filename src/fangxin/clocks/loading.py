"""A new calendar arrives (放假通知): provisional dates are computed again, each change is journalled, nothing else is touched."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fangxin.clocks import calendars
from fangxin.clocks.events import CalendarLoaded, ClockRecomputed
from fangxin.clocks.keeping import current_calendar, keep, years_of
from fangxin.clocks.models import CalendarVersion, Clock, ClockQuerySet
from fangxin.clocks.services import derive, store_due
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref, ref

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a calendar did, or in a dry run would do."""

    label: str
    year: int
    new: bool
    looked_at: int
    changed: int


def load_calendar(path: Path, *, by: Ref, at: datetime, rerule: bool = False, dry_run: bool = False) -> Loaded:
    """Load one year's calendar from a file and recompute the running clocks whose dates were provisional.

    With `rerule` (a revised notice for a year already known, as in January 2020) every running clock is counted again on the new
    calendar. One transaction; the same file again changes nothing. Raises BadInput for a file that can't be one.
    """
    year = calendars.load_file(path)
    with journal.atomic():
        before, _ = current_calendar(at)
        known = {one.year: one for one in years_of(CalendarVersion.objects.get(pk=before.pk))}
        if known.get(year.year) == year:
            return Loaded(before.label, year.year, new=False, looked_at=0, changed=0)
        if year.year in known and not rerule:
            raise BadInput(
                "clocks.year_known",
                "The calendar of %(year)s is known already; a revised notice needs --rerule, which counts running clocks again.",
                year=year.year,
            )
        known[year.year] = year
        if dry_run:
            return Loaded("", year.year, new=True, looked_at=_affected(rerule=rerule).count(), changed=0)
        after = keep(list(known.values()), at=at)
        looked_at, changed = _recount(after, rerule=rerule, by=by, at=at)
        journal.publish(
            [
                CalendarLoaded(
                    subject=ref("calendar", after.pk),
                    actor=by,
                    at=at,
                    label=after.label,
                    year=year.year,
                    digest=after.digest,
                    recomputed=changed,
                )
            ]
        )
    return Loaded(after.label, year.year, new=True, looked_at=looked_at, changed=changed)


def _affected(*, rerule: bool) -> ClockQuerySet:
    return (Clock.objects.running() if rerule else Clock.objects.provisional()).filter(paused=False)


def _recount(after: CalendarVersion, *, rerule: bool, by: Ref, at: datetime) -> tuple[int, int]:
    last = looked_at = changed = 0
    while clocks := list(_affected(rerule=rerule).filter(pk__gt=last).order_by("pk").select_for_update()[:_BATCH]):
        events = []
        for clock in clocks:
            was = (clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at, clock.provisional)
            was_calendar, clock.calendar_id = clock.calendar_id, after.pk
            due = derive(clock)
            if rerule and was == (due.strict_on, due.lenient_on, due.due_at, due.breach_at, due.provisional):
                clock.calendar_id = was_calendar
                continue
            store_due(clock, due)
            clock.save()
            events.append(
                ClockRecomputed(
                    subject=Ref(clock.subject), actor=by, at=at, term=clock.term, calendar=after.label, was_strict=was[0], was_lenient=was[1],
                    strict=clock.strict_on, lenient=clock.lenient_on, provisional=clock.provisional,
                )
            )  # fmt: skip
        journal.publish(events)
        looked_at += len(clocks)
        changed += len(events)
        last = clocks[-1].pk
    return looked_at, changed
