"""Applications and their approval (审批): an officer applies, the head of the competent bureau decides; only an approval moves a period.

What an approval of each kind brings about is registered here by the service that does it (`grants`).
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from fangxin.accounts.models import Person, Role
from fangxin.cases.events import ApprovalAsked, ApprovalDecided
from fangxin.cases.models import Approval, ApprovalKind, ApprovalOutcome, Case
from fangxin.cases.services import sharing
from fangxin.cases.services.sharing import Said
from fangxin.cases.workflow import WORKFLOWS, law_of
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted, StaleState
from fangxin.kernel.refs import SYSTEM, Ref, kind
from fangxin.kernel.scrub import scrub

Effect = Callable[[Approval, Ref, datetime], None]

STEPS = {ApprovalKind.EXTENSION: "extend", ApprovalKind.PAUSE: "pause_verification", ApprovalKind.APPRAISAL: "appraise"}
"""The step of the table that an approval leads to: it must be lawful already when somebody applies."""
_effects: dict[str, Effect] = {}


def grants(kind_: ApprovalKind) -> Callable[[Effect], Effect]:
    """Register what an approval of this kind does: called with the application, who approved it, and when."""

    def register(effect: Effect) -> Effect:
        _effects[kind_.value] = effect
        return effect

    return register


def ask(
    case: Case,
    kind_: ApprovalKind,
    *,
    reason: str,
    by: Ref,
    at: datetime,
    cause: str = "",
    starts_on: date | None = None,
    amount: int | None = None,
) -> Approval:
    """Apply for something (申请): nothing moves until the head has decided.

    Raises IllegalStep where the table doesn't lead there, or while an application of this kind waits; BadInput without a reason.
    """
    if not reason.strip():
        raise BadInput("cases.reason_missing", "An application needs a reason.")
    step = STEPS[kind_]
    with journal.atomic():
        sharing.hold([case])
        WORKFLOWS[case.kind].step(step, case.state)
        law = " ".join(str(cite) for cite in law_of(step, case.kind, local_date(at)).cites)
        try:
            with transaction.atomic():
                approval = Approval.objects.create(
                    case=case,
                    kind=kind_,
                    cause=cause,
                    starts_on=starts_on,
                    amount=amount,
                    reason=scrub(reason).text,
                    asked_by=by,
                    asked_at=at,
                )
        except IntegrityError as error:
            raise IllegalStep("cases.asked_already", "This has been applied for already and waits for the decision.") from error
        hashes = sharing.keep_notes([Said(case, at, reason)], "ask_approval", by=by)
        journal.publish(
            [ApprovalAsked(subject=case.ref, actor=by, at=at, approval=approval.ref, kind=kind_.value, law=law, note=hashes[0])]
        )
    return approval


def may_decide(person: Person, approval: Approval) -> bool:
    """Whether the person is a head of the case's competent bureau (a supervisor at or above it) and not the one who applied."""
    bureau = approval.case.competent or approval.case.unit
    return approval.asked_by != person.ref and bureau is not None and person.has_role(Role.SUPERVISOR, bureau)


def decide(approval: Approval, *, approved: bool, by: Person, at: datetime, note: str = "") -> None:
    """Approve or decline an application (批准、不批准); an approval does at once what was applied for.

    Raises NotPermitted for the applicant and for who is no head of the competent bureau, StaleState if it was decided before,
    IllegalStep if the case has moved on so that there is nothing left to approve, BadInput for a refusal without a reason.
    """
    if not may_decide(by, approval):
        raise NotPermitted("cases.not_the_head", "Only the head of the competent bureau decides, and never on an application of their own.")
    if not approved and not note.strip():
        raise BadInput("cases.decline_reason", "To decline an application, say why.")
    outcome = ApprovalOutcome.APPROVED if approved else ApprovalOutcome.DECLINED
    with journal.atomic():
        _settle(approval, outcome, by=by.ref, at=at)
        hashes = sharing.keep_notes([Said(approval.case, at, note)], "decide_approval", by=by.ref)
        journal.publish([_decided(approval, by=by.ref, at=at, note=hashes[0])])
        if approved:
            _effects[approval.kind](approval, by.ref, at)


def lapse(case: Case, *, by: Ref, at: datetime) -> None:
    """What was applied for is no longer needed: the case was decided on without it."""
    for approval in Approval.objects.open().filter(case=case):
        _settle(approval, ApprovalOutcome.LAPSED, by=by if kind(by) == Person.kind else SYSTEM, at=at)
        journal.publish([_decided(approval, by=by, at=at)])


def waiting(case: Case) -> Sequence[Approval]:
    """The applications on a case that nobody has decided yet, oldest first."""
    return list(Approval.objects.open().filter(case=case).select_related("case__competent", "case__unit").order_by("pk"))


def _settle(approval: Approval, outcome: ApprovalOutcome, *, by: Ref, at: datetime) -> None:
    changed = Approval.objects.open().filter(pk=approval.pk).update(outcome=outcome, decided_by=by, decided_at=at)
    if changed != 1:
        raise StaleState(
            "kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=approval.case.number
        )
    approval.outcome, approval.decided_by, approval.decided_at = outcome, by, at


def _decided(approval: Approval, *, by: Ref, at: datetime, note: str = "") -> ApprovalDecided:
    return ApprovalDecided(
        subject=approval.case.ref, actor=by, at=at, approval=approval.ref, kind=approval.kind, outcome=str(approval.outcome), note=note
    )
