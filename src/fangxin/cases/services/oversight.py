"""Oversight (督办): who handles a case, who stands in, and how far an overdue one is taken up."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from fangxin.accounts.models import Office, Person, Role
from fangxin.cases import ladder
from fangxin.cases.events import AbsenceSet, CaseAssigned, CaseEscalated, CaseUrged
from fangxin.cases.models import Absence, Case, Escalation
from fangxin.cases.services import sharing
from fangxin.cases.services.sharing import Said
from fangxin.clocks import terms
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, DomainError, IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.notices.services import Message, enqueue

logger = logging.getLogger(__name__)


def assign(cases: Sequence[Case], to: Person, *, by: Ref, at: datetime, note: str = "") -> None:
    """Give open cases to a person who handles cases of their unit (交办、改派); who had them is in the history.

    Raises BadInput for a person who has no officer's role over a case's unit, IllegalStep for a case that is closed or with no unit,
    StaleState if someone else assigned one meanwhile.
    """
    with journal.atomic():
        events = []
        hashes = sharing.keep_notes([Said(case, at, note) for case in cases], "assign", by=by)
        for case, note_hash in sorted(zip(cases, hashes, strict=True), key=lambda pair: pair[0].pk):
            if not case.is_open or case.unit is None:
                raise IllegalStep("cases.not_assignable", "%(case)s is closed or with no unit.", case=case.number)
            if not to.active or not to.has_role(Role.OFFICER, case.unit):
                raise BadInput("cases.not_an_officer", "%(person)s handles no cases of %(unit)s.", person=to.name, unit=case.unit.name)
            was = case.officer_id
            changed = Case.objects.filter(pk=case.pk, state=case.state, unit=case.unit_id, officer=was).update(officer=to)
            if changed != 1:
                raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
            case.officer = to
            events.append(
                CaseAssigned(subject=case.ref, actor=by, at=at, was=f"{Person.kind}:{was}" if was else "", officer=to.ref, note=note_hash)
            )
        journal.publish(events)


def urge(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Put an instruction of oversight on an open case (督办意见); it moves no period and takes no decision."""
    if not case.is_open:
        raise IllegalStep("cases.closed", "%(case)s is closed.", case=case.number)
    if not note.strip():
        raise BadInput("cases.reason_missing", "Say why.")
    with journal.atomic():
        hashes = sharing.keep_notes([Said(case, at, note)], "urge", by=by)
        journal.publish([CaseUrged(subject=case.ref, actor=by, at=at, note=hashes[0])])


# --- absences ----------------------------------------------------------------------------------------------------------------


def set_absence(person: Person, deputy: Person, *, from_on: date, until_on: date, by: Ref, at: datetime) -> Absence:
    """Say who stands in while someone is away (代班), both days included.

    Raises BadInput for days that don't fit, for a deputy who is no officer of that person's office or is away then too.
    """
    if until_on < from_on or until_on < local_date(at):
        raise BadInput("cases.absence_days", "The last day lies before the first, or is over.")
    if deputy.pk == person.pk or not deputy.active or not deputy.has_role(Role.OFFICER, person.office):
        raise BadInput("cases.no_deputy", "%(person)s can't stand in there: no officer of that office.", person=deputy.name)
    with journal.atomic():
        overlap = Absence.objects.filter(ended_at__isnull=True, from_on__lte=until_on, until_on__gte=from_on)
        if overlap.filter(person=deputy).exists():
            raise BadInput("cases.deputy_away", "%(person)s is away in these days too.", person=deputy.name)
        if overlap.filter(person=person).exists():
            raise BadInput("cases.away_already", "An absence of %(person)s in these days is entered already.", person=person.name)
        absence = Absence.objects.create(person=person, deputy=deputy, from_on=from_on, until_on=until_on, by=by, at=at)
        journal.publish([AbsenceSet(subject=person.ref, actor=by, at=at, deputy=deputy.ref, from_on=from_on, until_on=until_on)])
    return absence


def end_absence(absence: Absence, *, by: Ref, at: datetime) -> None:
    """Call an absence off (销假): from now on nobody stands in."""
    with journal.atomic():
        if Absence.objects.filter(pk=absence.pk, ended_at__isnull=True).update(ended_at=at) != 1:
            raise IllegalStep("cases.absence_ended", "This absence was called off already.")
        journal.publish(
            [
                AbsenceSet(
                    subject=absence.person.ref, actor=by, at=at, deputy=absence.deputy.ref,
                    from_on=absence.from_on, until_on=absence.until_on, ended=True,
                )
            ]
        )  # fmt: skip


# --- the ladder --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Climbed:
    """What one round of escalation did."""

    raised: int = 0
    failed: list[int] = field(default_factory=list)
    """Cases that could not be taken up; the rest was, and these are tried again next time."""


def climb(now: datetime, *, batch: int = 200) -> Climbed:
    """Take overdue cases up the ladder, each level once, and tell those concerned; safe to run twice, or by two at once.

    By key, oldest first, the unassigned included. A case closed or back in time meanwhile climbs no further. Source: rule of the house.
    """
    done = Climbed()
    _kept, calendar = current_calendar(now)
    after: tuple[datetime, int] | None = None
    while True:
        late = Case.objects.late(now).select_related("unit", "competent", "officer").order_by("next_due_at", "pk")
        if after is not None:
            late = late.filter(Q(next_due_at__gt=after[0]) | Q(next_due_at=after[0], pk__gt=after[1]))
        cases = list(late[:batch])
        if not cases:
            return done
        if (last := cases[-1]).next_due_at is not None:
            after = (last.next_due_at, last.pk)
        refs: dict[str, Case] = {case.ref: case for case in cases}
        clocks = [clock for clock in Clock.objects.running().filter(subject__in=refs) if clock.term == refs[clock.subject].next_term]
        known = dict(Escalation.objects.filter(clock__in=[clock.pk for clock in clocks]).values_list("clock", "level"))
        for clock in clocks:
            if clock.breach_at is None or clock.paused:
                continue
            rung = ladder.rung_of(clock.breach_at, now, calendar)
            if rung is None or rung.level <= known.get(clock.pk, 0):
                continue
            try:
                done.raised += _raise(refs[clock.subject], clock, rung, known.get(clock.pk, 0), now)
            except DomainError:
                logger.warning("escalation of clock %s failed", clock.pk, exc_info=True)
                done.failed.append(refs[clock.subject].pk)


def _raise(case: Case, clock: Clock, rung: ladder.Rung, was: int, now: datetime) -> bool:
    """One level up; False if another round was first."""
    with journal.atomic():
        if was:
            moved = Escalation.objects.filter(clock=clock.pk, level=was).update(level=rung.level, at=now) == 1
        else:
            _row, moved = Escalation.objects.get_or_create(clock=clock.pk, defaults={"case": case, "level": rung.level, "at": now})
        if not moved:
            return False
        people = told(case, rung, now)
        journal.publish(
            [
                CaseEscalated(
                    subject=case.ref, actor=SYSTEM, at=now, term=clock.term, level=rung.level, who=rung.who,
                    people=tuple(person.ref for person in people),
                )
            ]
        )  # fmt: skip
        due = f"{clock.lenient_on:%Y-%m-%d}" if clock.lenient_on else ""
        params = {
            "case": case.number,
            "term": terms.term(clock.term).name("zh-hans"),
            "due": due,
            "unit": case.unit.name if case.unit else "—",
        }
        enqueue(
            [
                Message(
                    subject=case.ref, template="staff.escalation", channel="wecom", to=person.login, params=params, keys="system",
                    audience="staff", once=f"escalation:{clock.pk}:{rung.level}:{person.pk}",
                )
                for person in people
            ],
            by=SYSTEM,
            at=now,
        )  # fmt: skip
    return True


def told(case: Case, rung: ladder.Rung, now: datetime) -> list[Person]:
    """Who is told at a level: the officer or the deputy; without one, and above, the heads of the competent bureau or of its superior."""
    if rung.who == "officer" and case.officer is not None:
        return [deputy_of(case.officer, local_date(now)) or case.officer]
    office: Office | None = case.competent or case.unit
    if rung.who == "superior" and office is not None:
        office = office.parent or office
    root = office or Office.objects.filter(parent=None).first()
    if root is None:
        return []
    heads = [person for person in Person.objects.holding(Role.SUPERVISOR, root) if _nearest(person, root)]
    return heads or list(Person.objects.holding(Role.SUPERVISOR, root))


def _nearest(person: Person, office: Office) -> bool:
    return any(grant.role is Role.SUPERVISOR and grant.path == office.path for grant in person.grants)


def deputy_of(person: Person, day: date) -> Person | None:
    """Who stands in for a person on a day."""
    found = Absence.objects.on(day).filter(person=person).select_related("deputy").first()
    return found.deputy if found else None


def stands_in_for(person: Person, day: date) -> Collection[int]:
    """The people whose cases are this person's too on a day, by key; the person is among them."""
    return {person.pk, *Absence.objects.on(day).filter(deputy=person).values_list("person_id", flat=True)}
