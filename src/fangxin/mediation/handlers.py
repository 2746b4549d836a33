"""News from below."""

from fangxin.cases.events import CaseClosed, CaseErased, CaseTakenBack
from fangxin.cases.models import Case
from fangxin.cases.services.privacy import ERASED
from fangxin.cases.states import State
from fangxin.kernel import journal
from fangxin.kernel.refs import identity
from fangxin.mediation.models import Agreement, Delegation, Recusal
from fangxin.mediation.models import Session as MediationSession
from fangxin.mediation.services import sessions
from fangxin.mediation.services.shared import IN_MEDIATION
from fangxin.mediation.states import Decision, DelegationEnd


@journal.on(CaseClosed, CaseTakenBack)
def end_mediation(event: CaseClosed | CaseTakenBack) -> None:
    """A closed case, or one whose acceptance was taken back, has no coming session, no open request for recusal and no delegation.

    Finds nothing the second time. A case that is reopened begins with none: what was arranged before its end is arranged anew.
    """
    case = Case.objects.filter(pk=identity(event.subject)).exclude(state__in=IN_MEDIATION).first()
    if case is None:  # in mediation again
        return
    for session in MediationSession.objects.scheduled().select_related("case").filter(case=case):
        sessions.cancel(session, by=event.actor, at=event.at)
    Recusal.objects.filter(case=case, decision="").update(decision=Decision.LAPSED, decided_at=event.at, decided_by=event.actor)
    end = DelegationEnd.SETTLED if case.state == State.SETTLED else DelegationEnd.CLOSED
    Delegation.objects.open().filter(case=case).update(end=end, ended_at=event.at)


@journal.on(CaseErased)
def erase_the_terms(event: CaseErased) -> None:
    """What the parties agreed on goes with the case; that they agreed, when and on which amount stays."""
    Agreement.objects.filter(case_id=identity(event.subject)).update(terms=ERASED, sealed=b"")
