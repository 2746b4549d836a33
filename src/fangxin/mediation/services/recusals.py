"""Recusal (回避): a request suspends mediation at once, the head decides, the sixty days go on (Order 121 Art 21)."""

from datetime import datetime

from django.utils.translation import gettext_noop

from fangxin.accounts.models import Person
from fangxin.cases import services as cases
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted, StaleState
from fangxin.kernel.refs import Ref
from fangxin.mediation import laws, queries
from fangxin.mediation.events import RecusalDecided, RecusalRequested
from fangxin.mediation.models import Recusal
from fangxin.mediation.services import sessions
from fangxin.mediation.services.shared import require, written
from fangxin.mediation.states import AskedBy, Decision


def request_recusal(case: Case, *, mediator: Person, asked_by: AskedBy, by: Ref, at: datetime, note: str) -> Recusal:
    """A side asks for another mediator, or the mediator stands aside (申请回避): mediation is suspended until it is decided.

    The reason is kept as the note of the suspension. Raises BadInput for someone who doesn't mediate here or without a reason.
    """
    note = written(note, "mediation.recusal_reason", gettext_noop("Write down the reason that is given."))
    if not queries.mediators(case).filter(pk=mediator.pk).exists():
        raise BadInput("mediation.no_mediator_here", "%(name)s can't preside over the mediation of this case.", name=mediator.name)
    with journal.atomic():
        require(case, {State.MEDIATING.value})
        request = Recusal.objects.create(case=case, mediator=mediator, asked_by=asked_by, by=by, at=at)
        cases.suspend_mediation(case, by=by, at=at, note=note)
        event = RecusalRequested(
            subject=case.ref,
            actor=by,
            at=at,
            law=laws.cited(laws.RECUSAL, at),
            request=request.pk,
            asked_by=asked_by.value,
            mediator=mediator.ref,
        )
        journal.publish([event])
    return request


def decide_recusal(request: Recusal, *, granted: bool, by: Ref, at: datetime, note: str, replacement: Person | None = None) -> None:
    """Decide on the request (回避决定): granted, another mediator is named and takes over what is arranged; either way mediation goes on.

    Who is asked to stand aside can't decide. An arranged session that changes hands has to be told to both sides anew.
    Raises BadInput without a reason, or for a replacement who is missing, recused or not free.
    """
    case = request.case
    note = written(note, "mediation.recusal_reason", gettext_noop("Write down the reason that is given."))
    if by == request.mediator.ref:
        raise NotPermitted("mediation.own_recusal", "Who is asked to stand aside can't decide on it.")
    if granted and replacement is None:
        raise BadInput("mediation.replacement_missing", "Name the mediator who takes over.")
    with journal.atomic():
        require(case, {State.SUSPENDED.value})
        columns = {
            "decision": Decision.GRANTED if granted else Decision.DECLINED,
            "replacement": replacement if granted else None,
            "decided_at": at,
            "decided_by": by,
        }
        if Recusal.objects.filter(pk=request.pk, decision="").update(**columns) != 1:
            raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
        for column, value in columns.items():
            setattr(request, column, value)
        if granted and replacement is not None:
            if not queries.mediators(case).filter(pk=replacement.pk).exists():
                raise BadInput(
                    "mediation.no_mediator_here", "%(name)s can't preside over the mediation of this case.", name=replacement.name
                )
            session = queries.coming(case)
            if session is not None and session.mediator_id == request.mediator_id:
                sessions.move_to(session, replacement, by=by, at=at)
        event = RecusalDecided(
            subject=case.ref,
            actor=by,
            at=at,
            law=laws.cited(laws.RECUSAL, at),
            request=request.pk,
            decision=str(request.decision),
            mediator=request.mediator.ref,
            replacement=replacement.ref if granted and replacement else "",
        )
        journal.publish([event])
        cases.resume_mediation(case, by=by, at=at, note=note)


def resume(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """Go on with a mediation that was suspended elsewhere, say by an import: no request waits for a decision here."""
    with journal.atomic():
        require(case, {State.SUSPENDED.value})
        if queries.open_recusal(case) is not None:
            raise IllegalStep("mediation.recusal_open", "The request for recusal has to be decided first.")
        cases.resume_mediation(case, by=by, at=at, note=note)
