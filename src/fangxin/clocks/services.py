"""Starting, stopping and adjusting clocks; every function takes time as given and writes the journal.

Law: the rule version in force on the (local) day of the start event governs a clock; the calendar version is pinned with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from fangxin.clocks import rules, terms
from fangxin.clocks.events import ClockAdjusted, ClockReinstated, ClocksStarted, ClockStopped
from fangxin.clocks.keeping import calendar_of, current_calendar
from fangxin.clocks.models import Adjustment, AdjustmentKind, Announced, Clock, Verdict
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, UnknownRule
from fangxin.kernel.refs import Ref
from fangxin.kernel.sql import bulk
from fangxin.kernel.workdays import Calendar

__all__ = [
    "Start",
    "Stop",
    "derive",
    "extend",
    "override_rule",
    "pause",
    "reinstate",
    "restart",
    "resume",
    "start_clocks",
    "stop_clocks",
    "void_clocks",
]

_COLUMNS = (
    "id", "subject", "term", "version", "calendar_id", "as_if", "received_at", "started_at", "set_on", "strict_on", "lenient_on", "nearing_at", "due_at",
    "breach_at", "provisional", "paused", "announced", "next_at", "stopped_at", "verdict", "strict_in_time", "overrun",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Start:
    """A period to begin for a subject."""

    subject: Ref
    term: str
    at: datetime
    """The start event (aware)."""
    received_at: datetime | None = None
    """First receipt, if the alarm is to count from there (the due date never does)."""
    set_on: date | None = None
    """The day that a notice names, for a period that ends on it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A period to end for a subject."""

    subject: Ref
    term: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Started:
    """A clock as it was started: what the caller may want to keep beside its own row."""

    subject: Ref
    term: str
    due_at: datetime


def start_clocks(starts: Sequence[Start], *, by: Ref, at: datetime, as_if: bool = False) -> list[Started]:
    """Start many clocks at once, each under the rule version of its start day and today's calendar.

    A local or hotline promise that had not been made on that day starts no clock; a legal rule that was not in force raises
    UnknownRule, unless `as_if` asks to count as if the nearest version had been in force (a replay), which the clock then says.
    A period without a number of days (及时) starts no clock either.
    """
    if not starts:
        return []
    kept, calendar = current_calendar(at)
    governed: dict[tuple[str, date], terms.TermVersion | None] = {}
    rows: list[tuple[Any, ...]] = []
    told: dict[Ref, list[tuple[str, str, str]]] = defaultdict(list)
    started: list[Started] = []
    with journal.atomic():
        ids = iter(bulk.reserve_ids(Clock, len(starts)))
        for start in starts:
            key = (start.term, rules.local_date(start.at))
            if key not in governed:
                governed[key] = _governing(start.term, key[1], as_if=as_if)
            version = governed[key]
            if version is None:
                continue
            due = rules.due(version, calendar, start.at, received=start.received_at, set_on=start.set_on)
            if due is None:
                continue
            rows.append(
                (
                    next(ids), start.subject, start.term, version.id, kept.pk, not version.covers(key[1]), start.received_at, start.at, start.set_on, due.strict_on, due.lenient_on,
                    due.nearing_at, due.due_at, due.breach_at, due.provisional, False, Announced.NOTHING.value, None if terms.term(start.term).right else due.nearing_at or due.due_at, None, "", None, None,
                )
            )  # fmt: skip
            told[start.subject].append((start.term, version.id, start.at.isoformat()))
            started.append(Started(start.subject, start.term, due.due_at))
        bulk.insert(Clock, _COLUMNS, rows)
        journal.publish(
            [
                ClocksStarted(subject=subject, actor=by, at=at, calendar=kept.label, clocks=tuple(clocks), as_if=as_if)
                for subject, clocks in told.items()
            ]
        )
    return started


def _governing(term: str, day: date, *, as_if: bool) -> terms.TermVersion | None:
    known = terms.term(term)
    try:
        return known.on(day, as_if=as_if)
    except UnknownRule:
        if known.layer in {terms.Layer.LOCAL, terms.Layer.HOTLINE}:
            return None
        raise


def stop_clocks(stops: Sequence[Stop], *, by: Ref) -> int:
    """Stop those clocks that run and store their verdicts; clocks that don't run are left as they are.

    The stop event's own time decides the verdict, not the time of writing. Answers how many were stopped.
    """
    wanted = {(stop.subject, stop.term): stop.at for stop in stops}
    return _finish(wanted, by=by, reason="", void=False)


def void_clocks(stops: Sequence[Stop], *, by: Ref, reason: str) -> int:
    """End clocks that no longer apply; they count in no figure. `reason` is a code, not a text."""
    return _finish({(stop.subject, stop.term): stop.at for stop in stops}, by=by, reason=reason, void=True)


def _finish(wanted: Mapping[tuple[Ref, str], datetime], *, by: Ref, reason: str, void: bool) -> int:
    if not wanted:
        return 0
    ended: list[list[Any]] = []
    events = []
    with journal.atomic():
        for clock in _running(wanted):
            moment = max(wanted[Ref(clock.subject), clock.term], clock.started_at)
            verdict, strict, overrun = (Verdict.VOID, None, None) if void else _verdict(clock, moment)
            ended.append([moment, verdict, strict, overrun, clock.pk])
            events.append(
                ClockStopped(
                    subject=Ref(clock.subject), actor=by, at=moment, term=clock.term, verdict=str(verdict), overrun=overrun, reason=reason
                )
            )
        if ended:
            adapt = connection.ops.adapt_datetimefield_value
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE clocks_clock SET stopped_at = %s, verdict = %s, strict_in_time = %s, overrun = %s, next_at = NULL, paused = %s "
                    "WHERE id = %s AND stopped_at IS NULL",
                    [[adapt(moment), str(verdict), strict, overrun, False, pk] for moment, verdict, strict, overrun, pk in ended],
                )
        journal.publish(events)
    return len(ended)


def _running(wanted: Mapping[tuple[Ref, str], datetime]) -> list[Clock]:
    """The running clocks among those wanted, locked in the order of their keys, so that two batches never wait crosswise."""
    subjects = list({subject for subject, _ in wanted})
    keys: list[int] = []
    for start in range(0, len(subjects), 500):
        found = Clock.objects.running().filter(subject__in=subjects[start : start + 500]).values_list("pk", "subject", "term")
        keys += [pk for pk, subject, term in found if (Ref(subject), term) in wanted]
    keys.sort()
    return [
        clock
        for start in range(0, len(keys), 500)
        for clock in Clock.objects.running().filter(pk__in=keys[start : start + 500]).select_for_update().order_by("pk")
    ]


def _verdict(clock: Clock, moment: datetime) -> tuple[Verdict, bool | None, int | None]:
    said = rules.verdict(rule_of(clock), derive(clock, as_of=moment) if clock.paused else _stored(clock), moment)
    return (Verdict.IN_TIME if said.in_time else Verdict.LATE), said.strict_in_time, said.overrun


def _stored(clock: Clock) -> rules.Due:
    """The dates of a clock that is not held up, as they are kept: no query, which counts when a batch is stopped."""
    strict_on, lenient_on, due_at, breach_at = clock.strict_on, clock.lenient_on, clock.due_at, clock.breach_at
    if strict_on is None or lenient_on is None or due_at is None or breach_at is None:
        return derive(clock)
    return rules.Due(strict_on, lenient_on, due_at, breach_at, clock.nearing_at, clock.provisional)


def rule_of(clock: Clock) -> terms.TermVersion:
    """The rule version that a clock is pinned to."""
    return terms.term(clock.term).version(clock.version)


def pauses_of(adjustments: Iterable[Adjustment]) -> tuple[rules.Pause, ...]:
    """The pauses among a clock's adjustments, oldest first."""
    return tuple(
        rules.Pause(one.cause, one.starts_on, one.ends_on)
        for one in adjustments
        if one.kind == AdjustmentKind.PAUSE and one.starts_on is not None
    )


def extensions_of(adjustments: Iterable[Adjustment]) -> tuple[rules.Extension, ...]:
    """The extensions among a clock's adjustments."""
    return tuple(
        rules.Extension(one.amount, terms.Unit(one.unit))
        for one in adjustments
        if one.kind == AdjustmentKind.EXTENSION and one.amount is not None
    )


def derive(clock: Clock, *, as_of: datetime | None = None) -> rules.Due:
    """Derive a clock's dates again from start, rule, calendar and adjustments: what is stored must equal it.

    An open pause is taken to end on `as_of`; without it a clock that is held up by one raises IllegalStep.
    """
    due = reckon(clock, _adjustments(clock), calendar_of(clock.calendar_id), as_of=as_of)
    if due is None:
        raise IllegalStep("clocks.paused", "The clock is paused; its date is open until the pause ends.")
    return due


def reckon(clock: Clock, adjustments: Iterable[Adjustment], calendar: Calendar, *, as_of: datetime | None = None) -> rules.Due | None:
    """`derive` for a caller who has the clock's adjustments (oldest first) and calendar at hand; None while it is held up.

    What was approved before a restart belongs to the count that was given up.
    """
    since = _since_restart(adjustments)
    pauses = pauses_of(since)
    if as_of is not None:
        end = rules.local_date(as_of)
        pauses = tuple(one if one.end else rules.Pause(one.kind, one.start, max(end, one.start)) for one in pauses)
    return rules.due(
        rule_of(clock),
        calendar,
        clock.started_at,
        received=clock.received_at,
        pauses=pauses,
        extensions=extensions_of(since),
        set_on=clock.set_on,
    )


def _since_restart(adjustments: Iterable[Adjustment]) -> list[Adjustment]:
    since: list[Adjustment] = []
    for one in adjustments:
        since = [] if one.kind == AdjustmentKind.RESTART else [*since, one]
    return since


def pause(clock: Clock, *, cause: str, on: date, reason: str, approver: Ref, by: Ref, at: datetime) -> None:
    """Pause a clock from a day on (不计入期限 / 中止), for a cause that its rule knows, with a reason and an approver.

    A cause whose days the law does count (回避), or a pause that begins when the period is over, is recorded and holds nothing up.
    Raises IllegalStep for a cause that the rule doesn't know, or a clock that is stopped or already paused.
    """
    version = rule_of(clock)
    if cause not in {rule.kind for rule in version.pauses}:
        raise IllegalStep("clocks.no_such_pause", "The rule for “%(term)s” knows no pause for “%(cause)s”.", term=clock.term, cause=cause)
    if on < rules.local_date(clock.started_at):
        raise BadInput("clocks.pause_before_start", "A pause can't begin before the period does.")
    with journal.atomic():
        locked = _locked(clock, paused=False)
        _adjust(locked, AdjustmentKind.PAUSE, by=by, at=at, reason=reason, approver=approver, cause=cause, starts_on=on)
        was = locked.strict_on
        _recount(locked, at=at)
        journal.publish([_adjusted(locked, "pause", approver, was, by=by, at=at)])


def resume(clock: Clock, *, on: date, by: Ref, at: datetime) -> None:
    """End the open pause; the days in between don't count. Raises IllegalStep if the clock is not paused."""
    with journal.atomic():
        locked = _locked(clock, paused=True)
        open_pause = _open_pauses(locked).get()
        if open_pause.starts_on is None or on < open_pause.starts_on:
            raise BadInput("clocks.pause_ends_first", "A pause can't end before it begins.")
        open_pause.ends_on = on
        open_pause.save(update_fields=["ends_on"])
        was = locked.strict_on
        _recount(locked, at=at)
        journal.publish([_adjusted(locked, "resume", Ref(open_pause.approver), was, by=by, at=at)])


def extend(clock: Clock, *, amount: int, reason: str, approver: Ref, by: Ref, at: datetime) -> None:
    """Extend a period (延长) within what its rule allows. Raises IllegalStep beyond that, or after the last extension."""
    allowed = rule_of(clock).extension
    if allowed is None or amount <= 0 or (allowed.amount is not None and amount > allowed.amount):
        raise IllegalStep("clocks.no_such_extension", "The rule for “%(term)s” doesn't allow this extension.", term=clock.term)
    with journal.atomic():
        locked = _locked(clock)
        if len(extensions_of(_since_restart(_adjustments(locked)))) >= allowed.times:
            raise IllegalStep("clocks.extended_already", "The period has been extended as often as its rule allows.")
        was = locked.strict_on
        _adjust(locked, AdjustmentKind.EXTENSION, by=by, at=at, reason=reason, approver=approver, amount=amount, unit=allowed.unit.value)
        _recount(locked, at=at)
        journal.publish([_adjusted(locked, "extension", approver, was, by=by, at=at)])


def restart(clock: Clock, *, start: datetime, reason: str, approver: Ref, by: Ref, at: datetime) -> None:
    """Count a period anew from a later event (重新计算), e.g. a repeated report with new facts (Order 121 Art 35).

    Raises IllegalStep if the rule doesn't know a restart.
    """
    version = rule_of(clock)
    if not version.restarts:
        raise IllegalStep("clocks.no_restart", "The rule for “%(term)s” knows no restart.", term=clock.term)
    with journal.atomic():
        locked = _locked(clock, paused=False)
        if start < locked.started_at:
            raise BadInput("clocks.restart_earlier", "A restart can't lie before the start.")
        was = locked.strict_on
        _adjust(
            locked, AdjustmentKind.RESTART, by=by, at=at, reason=reason, approver=approver, starts_on=rules.local_date(locked.started_at)
        )
        kept, _ = current_calendar(at)
        governing = terms.term(locked.term).on(rules.local_date(start), as_if=locked.as_if)
        locked.started_at, locked.received_at, locked.calendar_id, locked.version = start, None, kept.pk, governing.id
        locked.as_if = not governing.covers(rules.local_date(start))
        _recount(locked, at=at)
        journal.publish([_adjusted(locked, "restart", approver, was, by=by, at=at)])


def override_rule(clock: Clock, *, version: str, reason: str, approver: Ref, by: Ref, at: datetime) -> None:
    """Put a running clock under another version of its rule (supervised; no transition rule exists for 2026-04-15)."""
    chosen = terms.term(clock.term).version(version)
    with journal.atomic():
        locked = _locked(clock)
        was = locked.strict_on
        _adjust(locked, AdjustmentKind.RULE, by=by, at=at, reason=reason, approver=approver, cause=locked.version)
        locked.version, locked.as_if = version, not chosen.covers(rules.local_date(locked.started_at))
        _recount(locked, at=at)
        journal.publish([_adjusted(locked, "rule", approver, was, by=by, at=at)])


def reinstate(clocks: Sequence[Clock], *, by: Ref, at: datetime) -> None:
    """Let stopped or voided clocks run on as if they had never ended: what ended them was taken back.

    Start, rule and adjustments are the same, so nobody gains or loses a day; a pause that was open is open again. The calendar is the
    newest where it moves a date, as it would have been for a running clock. Thresholds that have been passed meanwhile are announced
    with the next sweep. Raises IllegalStep if one of them runs, or its period has begun anew since.
    """
    kept, calendar = current_calendar(at)
    with journal.atomic():
        events: list[ClockReinstated] = []
        for clock in Clock.objects.filter(pk__in=[one.pk for one in clocks]).select_for_update().order_by("pk"):
            if clock.stopped_at is None or Clock.objects.running().filter(subject=clock.subject, term=clock.term).exists():
                raise IllegalStep("clocks.runs_already", "The period “%(term)s” runs already.", term=clock.term)
            was = clock.verdict
            clock.stopped_at, clock.verdict, clock.strict_in_time, clock.overrun = None, Verdict.RUNNING, None, None
            due = reckon(clock, list(_adjustments(clock)), calendar)
            if due is not None and due != _stored(clock):
                clock.calendar_id = kept.pk
            store_due(clock, due)
            clock.save()
            events.append(ClockReinstated(subject=Ref(clock.subject), actor=by, at=at, term=clock.term, was=was, strict=clock.strict_on))
        journal.publish(events)


def _locked(clock: Clock, *, paused: bool | None = None) -> Clock:
    locked = Clock.objects.select_for_update().get(pk=clock.pk)
    if locked.stopped_at is not None:
        raise IllegalStep("clocks.stopped", "The clock has stopped.")
    if paused is False and _open_pauses(locked).exists():
        raise IllegalStep("clocks.paused_already", "The clock is paused already.")
    if paused and not _open_pauses(locked).exists():
        raise IllegalStep("clocks.not_paused", "The clock is not paused.")
    return locked


def _adjustments(clock: Clock) -> QuerySet[Adjustment]:
    return Adjustment.objects.filter(clock=clock).order_by("pk")


def _open_pauses(clock: Clock) -> QuerySet[Adjustment]:
    return Adjustment.objects.filter(clock=clock, kind=AdjustmentKind.PAUSE, ends_on__isnull=True)


def _adjust(clock: Clock, kind: AdjustmentKind, *, by: Ref, at: datetime, reason: str, approver: Ref, **fields: Any) -> None:
    if not reason.strip() or not approver:
        raise BadInput("clocks.reason_missing", "A change of a period needs a reason and an approver.")
    Adjustment.objects.create(clock=clock, kind=kind, by=by, at=at, reason=reason, approver=approver, **fields)


def _adjusted(clock: Clock, kind: str, approver: Ref, was: date | None, *, by: Ref, at: datetime) -> ClockAdjusted:
    return ClockAdjusted(
        subject=Ref(clock.subject), actor=by, at=at, term=clock.term, kind=kind, approver=approver, was=was, now=clock.strict_on
    )


def _recount(clock: Clock, *, at: datetime) -> None:
    """Derive the dates again and keep them.

    Where they now reach days that the clock's own calendar doesn't know, the newest calendar counts, as if it had been loaded since.
    """
    adjustments = list(_adjustments(clock))
    due = reckon(clock, adjustments, calendar_of(clock.calendar_id))
    if due is not None and due.provisional:
        kept, calendar = current_calendar(at)
        clock.calendar_id, due = kept.pk, reckon(clock, adjustments, calendar)
    store_due(clock, due)
    clock.save()


def store_due(clock: Clock, due: rules.Due | None) -> None:
    """Set a running clock's dates on the instance: None while it is paused, which keeps the last ones but raises no alarm.

    If the due date has moved every threshold is announced anew, those that lie behind with the next sweep.
    """
    if due is None:
        clock.paused, clock.next_at = True, None
        return
    clock.paused = False
    clock.strict_on, clock.lenient_on, clock.provisional = due.strict_on, due.lenient_on, due.provisional
    moved = clock.due_at != due.due_at or clock.breach_at != due.breach_at
    clock.nearing_at, clock.due_at, clock.breach_at = due.nearing_at, due.due_at, due.breach_at
    if moved:
        clock.announced = Announced.NOTHING
    ahead = [clock.nearing_at or clock.due_at, clock.due_at, clock.breach_at, None]
    clock.next_at = None if terms.term(clock.term).right else ahead[clock.announced]
