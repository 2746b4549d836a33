"""Disputes over jurisdiction (处理权限争议, Order 121 Art 33; 处罚程序规定 Arts 13–16).

Seven working days to agree; failing that, or at once, the common superior designates, within seven working days of the papers. The case's
own periods go on meanwhile, and nobody passes it sideways: the one who turns out to be competent gets it from the desk (Art 41).
"""

from datetime import datetime

from fangxin.accounts.models import Office
from fangxin.cases.events import JurisdictionEnded, JurisdictionRaised, JurisdictionReferred
from fangxin.cases.models import Case
from fangxin.cases.models.jurisdiction import JurisdictionDispute, JurisdictionState
from fangxin.cases.services import dispatching, sharing, timing
from fangxin.cases.services.sharing import Said
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Move, Step, Workflow

NEGOTIATION = "jurisdiction.negotiation"
DESIGNATION = "jurisdiction.designation"

DISPUTE = Workflow(
    [
        Step(
            "refer",
            (JurisdictionState.NEGOTIATING,),
            JurisdictionState.REFERRED,
            law="case.jurisdiction_dispute",
            emits=JurisdictionReferred,
        ),
        Step("agree", (JurisdictionState.NEGOTIATING,), JurisdictionState.AGREED, law="case.jurisdiction_dispute", emits=JurisdictionEnded),
        Step(
            "designate",
            (JurisdictionState.NEGOTIATING, JurisdictionState.REFERRED),
            JurisdictionState.DESIGNATED,
            law="case.jurisdiction_designation",
            emits=JurisdictionEnded,
        ),
    ]
)
"""The table of a dispute; the superior may designate without waiting for the two to agree (Art 33)."""


def raise_dispute(case: Case, other: Office, *, by: Ref, at: datetime, note: str) -> JurisdictionDispute:
    """Say that another bureau is competent (提出处理权限争议), with the reason: starts the seven working days of negotiation.

    Raises IllegalStep for a case that is not with a bureau or is in dispute already, BadInput for a bureau that is none or the same.
    """
    mine, theirs = case.competent, other.competent
    if mine is None:
        raise IllegalStep("cases.no_bureau", "%(case)s is with no bureau yet.", case=case.number)
    if theirs is None or theirs.pk != other.pk or theirs.pk == mine.pk or not other.active:
        raise BadInput("cases.not_another_bureau", "Choose another bureau than the one that has the case.")
    with journal.atomic():
        sharing.take([Move(case)], "dispute_jurisdiction", by=by, at=at, note=note)
        if JurisdictionDispute.objects.select_for_update().open().filter(case=case).exists():
            raise IllegalStep("cases.in_dispute", "A dispute over jurisdiction is open for %(case)s already.", case=case.number)
        dispute = JurisdictionDispute.objects.create(case=case, raised_by=mine, other=theirs, raised_at=at)
        journal.publish([JurisdictionRaised(subject=dispute.ref, actor=by, at=at, case=case.ref, raised_by=mine.code, other=theirs.code)])
        timing.start_clocks([timing.Start(case.ref, NEGOTIATION, at)], by=by, at=at, as_if=case.as_if)
        timing.refresh([case])
    return dispute


def refer(dispute: JurisdictionDispute, *, by: Ref, at: datetime, note: str) -> None:
    """Ask the common superior to designate (报请指定): ends the negotiation, starts the superior's seven working days."""
    with journal.atomic():
        case = _case(dispute)
        hashes = sharing.keep_notes([Said(case, at, note)], "refer_jurisdiction", by=by)
        DISPUTE.apply(dispute, "refer", by=by, at=at, columns={"referred_at": at}, note=hashes[0])
        timing.stop_clocks([timing.Stop(case.ref, NEGOTIATION, at)], by=by)
        timing.start_clocks([timing.Start(case.ref, DESIGNATION, at)], by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


def agree(dispute: JurisdictionDispute, outcome: Office, *, by: Ref, at: datetime, note: str) -> None:
    """The two have agreed who is competent (协商一致); if it is the other, the case goes back to the desk for it (Art 41)."""
    if outcome.pk not in {dispute.raised_by_id, dispute.other_id}:
        raise BadInput("cases.not_of_the_two", "They can agree only on one of the two.")
    with journal.atomic():
        case = _end(dispute, "agree", outcome, by=by, at=at, note=note)
        if outcome.pk != case.competent_id and case.unit_id is not None:
            dispatching.return_to_desk(case, by=by, at=at, note=note)


def designate(dispute: JurisdictionDispute, outcome: Office, *, by: Ref, at: datetime, note: str) -> None:
    """The common superior designates the bureau that handles the case (指定处理机关), which it is dispatched to at once."""
    if outcome.competent_id != outcome.pk or not outcome.active:
        raise BadInput("cases.not_a_bureau", "Only a bureau can be designated.")
    with journal.atomic():
        case = _end(dispute, "designate", outcome, by=by, at=at, note=note)
        if outcome.pk != case.competent_id:
            dispatching.dispatch([case], outcome, by=by, at=at, note=note)


def _end(dispute: JurisdictionDispute, step: str, outcome: Office, *, by: Ref, at: datetime, note: str) -> Case:
    case = _case(dispute)
    if not note.strip():
        raise BadInput("cases.reason_missing", "Say why.")
    hashes = sharing.keep_notes([Said(case, at, note)], f"{step}_jurisdiction", by=by)
    columns = {"outcome_id": outcome.pk, "ended_at": at, "decided_by": by}
    DISPUTE.apply(dispute, step, by=by, at=at, columns=columns, step=step, outcome=outcome.code, note=hashes[0])
    timing.stop_clocks([timing.Stop(case.ref, term, at) for term in (NEGOTIATION, DESIGNATION)], by=by)
    timing.refresh([case])
    return case


def _case(dispute: JurisdictionDispute) -> Case:
    """The dispute's case, locked. Raises StaleState if it was closed meanwhile."""
    case = Case.objects.select_for_update().get(pk=dispute.case_id)
    if not case.is_open:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=case.number)
    return case
