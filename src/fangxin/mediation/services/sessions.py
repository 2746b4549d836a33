"""Sessions (调解): arranged with notice, changed, cancelled, held and written down (Order 121 Art 20)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from fangxin.accounts.models import Person
from fangxin.cases.models import Case, Side
from fangxin.cases.states import State
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.mediation import laws, queries
from fangxin.mediation.events import SessionCancelled, SessionRecorded, SessionScheduled
from fangxin.mediation.models import Session
from fangxin.mediation.services import telling
from fangxin.mediation.services.shared import keep_note, paired, require, written
from fangxin.mediation.states import Attendance, Means, Mode, Result, SessionState

LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Plan:
    """A session to be: when, where, with whom, and how each side is told."""

    mode: Mode
    starts_at: datetime
    minutes: int
    mediator: Person
    told: Mapping[Side, Means] = field(default_factory=dict)
    place: str = ""
    """Where it takes place; for one online what leads there."""
    materials: str = ""
    """What to bring besides proof of identity."""
    recusal_days: int | None = None
    """Within how many days of the notice a side may ask for another mediator (form 7); the bureau sets it."""

    @property
    def ends_at(self) -> datetime:
        """When the mediator is free again."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Record:
    """What happened at a session."""

    complainant: Attendance
    respondent: Attendance
    result: Result
    note: str


def schedule_session(case: Case, plan: Plan, *, by: Ref, at: datetime, note: str = "") -> Session:
    """Arrange a session (安排调解); on site only with notice to both sides of time, place and mediator (Order 121 Art 20).

    A side told by text message gets one from here, so it must not be called inside a transaction then. A case has one coming session
    at a time, a mediator one at any time. Raises BadInput for what can't be arranged so, IllegalStep if mediation has not begun.
    """
    _check(case, plan, at)
    messages = telling.appointments(case, plan, plan.told, changed=False, by=by, at=at)
    with journal.atomic():
        require(case, {State.MEDIATING.value})
        _check_free(plan)
        if queries.coming(case) is not None:
            raise IllegalStep("mediation.session_coming", "A session is arranged already; change or record that one first.")
        note_hash = keep_note(case, "schedule_session", note, by=by, at=at)
        session = Session.objects.create(case=case, by=by, **_columns(case, plan))
        _announce(case, session, plan.told, changed=False, note=note_hash, by=by, at=at)
        telling.send(messages, by=by, at=at)
    return session


def change_session(session: Session, plan: Plan, *, by: Ref, at: datetime, note: str) -> None:
    """Put an arranged session off, elsewhere or to another mediator (变更); both sides are told anew where it is on site."""
    case = session.case
    _check(case, plan, at)
    written(note, "mediation.change_reason", gettext_noop("Say why the session is changed."))
    messages = telling.appointments(case, plan, plan.told, changed=True, by=by, at=at)
    with journal.atomic():
        require(case, {State.MEDIATING.value})
        _check_free(plan, but=session)
        note_hash = keep_note(case, "change_session", note, by=by, at=at)
        _take(session, **_columns(case, plan))
        _announce(case, session, plan.told, changed=True, note=note_hash, by=by, at=at)
        telling.send(messages, by=by, at=at)


def cancel_session(session: Session, *, by: Ref, at: datetime, note: str) -> None:
    """Cancel an arranged session (取消), with the reason."""
    written(note, "mediation.change_reason", gettext_noop("Say why the session is changed."))
    with journal.atomic():
        note_hash = keep_note(session.case, "cancel_session", note, by=by, at=at)
        cancel(session, note=note_hash, by=by, at=at)


def cancel(session: Session, *, by: Ref, at: datetime, note: str = "") -> None:
    """`cancel_session` without words of its own: the case was closed, or goes to another body."""
    with journal.atomic():
        _take(session, state=SessionState.CANCELLED)
        law = laws.cited(laws.SESSION, at)
        journal.publish([SessionCancelled(subject=session.case.ref, actor=by, at=at, law=law, session=session.pk, note=note)])


def record_session(
    case: Case, record: Record, *, by: Ref, at: datetime, session: Session | None = None, plan: Plan | None = None
) -> Session:
    """Write down what happened at a session (调解记录): the arranged one, or one held on the spot (`plan` says how).

    With a side absent it counts as not held. An unarranged one on site needs both sides there: the notice of Art 20 is for who might
    stay away. Raises BadInput without words, for a day that has not come, or for a session nobody was told of.
    """
    note = written(record.note, "mediation.record_missing", gettext_noop("Write down what happened at the session."))
    came = {record.complainant, record.respondent} == {Attendance.CAME}
    if not came and record.result == Result.AGREED:
        raise BadInput("mediation.agreed_alone", "They can't have agreed: a side was absent.")
    with journal.atomic():
        require(case, {State.MEDIATING.value})
        note_hash = keep_note(case, "record_session", note, by=by, at=at)
        state = SessionState.HELD if came else SessionState.MISSED
        outcome = {
            "state": state,
            "complainant": record.complainant,
            "respondent": record.respondent,
            "result": record.result,
            "recorded_at": at,
        }
        if session is not None:
            _check_held(session, at)
            _take(session, **outcome)
        elif plan is not None:
            if plan.mode == Mode.ON_SITE and not came:
                raise BadInput("mediation.notice_first", "A session on site needs notice to both sides before; arrange it first.")
            _check_mediator(case, plan.mediator)
            _check_length(plan)
            if local_date(plan.starts_at) > local_date(at):
                raise BadInput("mediation.not_yet", "The day of the session has not come yet.")
            session = Session.objects.create(case=case, by=by, **_columns(case, plan), **outcome)
        else:
            raise BadInput("mediation.no_session", "There is no arranged session.")
        event = SessionRecorded(
            subject=case.ref,
            actor=by,
            at=at,
            law=laws.cited(laws.SESSION, at),
            session=session.pk,
            mode=session.mode,
            mediator=session.mediator.ref,
            complainant=record.complainant.value,
            respondent=record.respondent.value,
            result=record.result.value,
            note=note_hash,
        )
        journal.publish([event])
    return session


def move_to(session: Session, mediator: Person, *, by: Ref, at: datetime) -> None:
    """Give an arranged session to another mediator after a recusal; both sides have to be told of that anew.

    Raises BadInput if that mediator is not free then.
    """
    with journal.atomic():
        _lock(mediator)
        if Session.objects.clashing(mediator, session.starts_at, session.ends_at).exclude(pk=session.pk).exists():
            raise _busy(mediator)
        _take(session, mediator=mediator, told_complainant="", told_respondent="")
        _announce(session.case, session, {}, changed=True, note="", by=by, at=at)


# --- what has to hold --------------------------------------------------------------------------------------------------------


def _check(case: Case, plan: Plan, at: datetime) -> None:
    _check_mediator(case, plan.mediator)
    _check_length(plan)
    if plan.starts_at <= at:
        raise BadInput("mediation.past", "A session can only be arranged for a time to come.")
    if plan.mode != Mode.ON_SITE:
        return
    if not plan.place.strip():
        raise BadInput("mediation.place_missing", "A session on site needs a place.")
    if set(plan.told) != set(Side):
        raise BadInput(
            "mediation.notice_missing",
            "Both sides have to be told beforehand of the time, the place and the mediator of a session on site.",
        )
    if not plan.recusal_days:
        raise BadInput("mediation.recusal_days", "Say within how many days of the notice a side may ask for another mediator.")
    if local_date(at) + timedelta(days=plan.recusal_days) > local_date(plan.starts_at):
        raise BadInput("mediation.recusal_days_long", "The days to ask for another mediator would end after the session.")


def _check_length(plan: Plan) -> None:
    if not timedelta() < timedelta(minutes=plan.minutes) <= LONGEST:
        raise BadInput("mediation.length", "A session lasts between one minute and twelve hours.")


def _check_mediator(case: Case, mediator: Person) -> None:
    if not queries.mediators(case).filter(pk=mediator.pk).exists():
        raise BadInput("mediation.no_mediator_here", "%(name)s can't preside over the mediation of this case.", name=mediator.name)


def _check_free(plan: Plan, *, but: Session | None = None) -> None:
    _lock(plan.mediator)
    clashing = Session.objects.clashing(plan.mediator, plan.starts_at, plan.ends_at)
    if (clashing.exclude(pk=but.pk) if but else clashing).exists():
        raise _busy(plan.mediator)


def _lock(mediator: Person) -> None:
    """Of two who book the same mediator at once, the second waits and then sees the first one's session."""
    Person.objects.select_for_update().filter(pk=mediator.pk).values_list("pk", flat=True).first()


def _busy(mediator: Person) -> BadInput:
    return BadInput("mediation.busy", "%(name)s has another session at that time.", name=mediator.name)


def _check_held(session: Session, at: datetime) -> None:
    if local_date(at) < local_date(session.starts_at):
        raise BadInput("mediation.not_yet", "The day of the session has not come yet.")
    if session.mode == Mode.ON_SITE and not all(session.told.values()):
        raise IllegalStep("mediation.not_told", "Both sides have to be told of this session first: its mediator was changed.")


def _columns(case: Case, plan: Plan) -> dict[str, object]:
    return {
        "mode": plan.mode,
        "office": queries.host(case),
        "mediator": plan.mediator,
        "starts_at": plan.starts_at,
        "ends_at": plan.ends_at,
        "place": plan.place.strip()[:200],
        "materials": plan.materials.strip()[:200],
        "recusal_days": plan.recusal_days,
        "told_complainant": plan.told.get(Side.COMPLAINANT, ""),
        "told_respondent": plan.told.get(Side.RESPONDENT, ""),
    }


def _take(session: Session, **columns: object) -> None:
    """Change an arranged session as it was read; of two at once the second gets StaleState."""
    seen = Session.objects.scheduled().filter(pk=session.pk, starts_at=session.starts_at, mediator_id=session.mediator_id)
    if seen.update(**columns) != 1:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=session.case.number)
    for column, value in columns.items():
        setattr(session, column, value)


def _announce(case: Case, session: Session, told: Mapping[Side, Means], *, changed: bool, note: str, by: Ref, at: datetime) -> None:
    journal.publish(
        [
            SessionScheduled(
                subject=case.ref,
                actor=by,
                at=at,
                law=laws.cited(laws.SESSION, at),
                session=session.pk,
                mode=session.mode,
                starts_at=session.starts_at,
                ends_at=session.ends_at,
                mediator=session.mediator.ref,
                told=paired(told),
                changed=changed,
                note=note,
            )
        ]
    )
