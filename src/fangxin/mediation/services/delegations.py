"""Delegated mediation (委托调解): with both sides' consent, to an association or a station, and never further (Order 121 Art 19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext_noop

from fangxin.accounts.models import Office
from fangxin.cases import grounds
from fangxin.cases import services as cases
from fangxin.cases.models import Case, Side
from fangxin.cases.states import State
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.mediation import laws, queries
from fangxin.mediation.events import DelegationReported
from fangxin.mediation.models import Delegation
from fangxin.mediation.services import agreements, consents, sessions
from fangxin.mediation.services.sessions import Plan, Record
from fangxin.mediation.services.shared import person_of, require, written
from fangxin.mediation.states import Attendance, DelegationEnd, Mode, Question, Result, Way


def delegate(case: Case, body: Office, *, by: Ref, at: datetime, note: str) -> Delegation:
    """Have an association or a station mediate in the bureau's name (委托调解); the periods go on.

    Both sides must have consented to that: the complainant on the filing or since, the respondent on record. A session that the bureau
    had arranged is cancelled. Raises IllegalStep naming whose consent is missing, and for one half of a mixed filing; see `cases.services.delegate` for the rest.
    """
    with journal.atomic():
        require(case, {State.ACCEPTED.value, State.MEDIATING.value})
        if case.part:
            raise IllegalStep(
                "mediation.mixed_filing",
                "This filing held a report as well, and its words may tell of it: the bureau mediates itself (Order 121 Arts 9, 37).",
            )
        _check_consents(case)
        cases.delegate(case, body, by=by, at=at, note=note)
        session = queries.coming(case)
        if session is not None:
            sessions.cancel(session, by=by, at=at)
        return Delegation.objects.create(case=case, office=body, by=by, at=at)


def recall(case: Case, *, by: Ref, at: datetime, note: str) -> None:
    """The bureau takes the dispute back (收回委托) and mediates itself or ends it."""
    _end(case, DelegationEnd.RECALLED, by=by, at=at, note=note)


def hand_back(case: Case, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """The body reports that it could not settle the dispute (反馈调解不成) and hands it back, with the ground of Art 23 it sees, if any.

    The bureau decides: it goes on itself or terminates. Raises BadInput for a ground that the article doesn't have.
    """
    if ground:
        grounds.check(ground, grounds.grounds("terminate", local_date(at)))
    _end(case, DelegationEnd.HANDED_BACK, ground=ground, by=by, at=at, note=note)


def _end(case: Case, end: DelegationEnd, *, by: Ref, at: datetime, note: str, ground: str = "") -> None:
    note = written(note, "mediation.delegation_reason", gettext_noop("Say why."))
    with journal.atomic():
        require(case)
        delegation = queries.open_delegation(case)
        if delegation is None:
            raise IllegalStep("cases.not_delegated", "The mediation is not delegated.")
        if end is DelegationEnd.HANDED_BACK:
            law = laws.cited(laws.DELEGATION, at)
            event = DelegationReported(
                subject=case.ref, actor=by, at=at, law=law, office=delegation.office.code, result="failed", ground=ground
            )
            journal.publish([event])
        session = queries.coming(case)
        if session is not None:
            sessions.cancel(session, by=by, at=at)
        cases.end_delegation(case, by=by, at=at, note=note)
        case.delegate = None
        Delegation.objects.filter(pk=delegation.pk).update(end=end, ground=ground, ended_at=at)


def _check_consents(case: Case) -> None:
    found = queries.standings(case)
    given = {side: found[Question.DELEGATION, side].given for side in Side}
    if given[Side.COMPLAINANT] is False:
        raise IllegalStep("mediation.delegation_refused", "The complainant does not consent to delegated mediation.")
    if given[Side.RESPONDENT] is False:
        raise IllegalStep("mediation.delegation_refused", "The respondent does not consent to delegated mediation.")
    if given[Side.COMPLAINANT] is None:
        raise IllegalStep(
            "mediation.delegation_consent_missing", "Delegated mediation needs the complainant's consent; none is recorded yet."
        )
    if given[Side.RESPONDENT] is None:
        raise IllegalStep(
            "mediation.delegation_consent_missing", "Delegated mediation needs the respondent's consent; none is recorded yet."
        )


# --- written down once -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrittenDown:
    """What a mediator of a delegated body writes down at one go, after having both sides at the table or on the telephone."""

    mode: Mode
    began_at: datetime
    minutes: int
    place: str
    course: str
    """What happened."""
    way: Way
    terms: str
    recovered_fen: int
    signed: Mapping[Side, date]


def write_down(case: Case, what: WrittenDown, *, by: Ref, at: datetime) -> None:
    """Settle a delegated dispute on the spot (当场调解): begins mediation, records the session and the agreement, tells the bureau.

    All or nothing. By consenting to the delegation both sides have consented to mediation. Raises BadInput if who writes is no
    mediator of the body.
    """
    mediator = person_of(by)
    with journal.atomic():
        if case.delegate_id is None:
            raise IllegalStep("cases.not_delegated", "The mediation is not delegated.")
        if mediator is None:
            raise BadInput("mediation.no_mediator", "Only a mediator can write this down.")
        if case.state == State.ACCEPTED:
            consents.begin(case, by=by, at=at)
        plan = Plan(what.mode, what.began_at, what.minutes, mediator, place=what.place)
        record = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, what.course)
        coming = queries.coming(case)
        if coming is not None:
            sessions.cancel(coming, by=by, at=at)
        sessions.record_session(case, record, plan=plan, by=by, at=at)
        agreements.agree(case, way=what.way, terms=what.terms, recovered_fen=what.recovered_fen, signed=what.signed, by=by, at=at)
