"""The procedures as tables: reading them is reading the law. Articles by effective date stand in `data/law.toml`."""

from datetime import date
from functools import cache
from pathlib import Path

from fangxin.accounts.models import Role
from fangxin.cases.events import (
    CalledBack,
    CaseAccepted,
    CaseClosed,
    CaseDispatched,
    CaseReopened,
    CaseReportedBack,
    CaseResponded,
    CaseReturned,
    CaseStep,
    CaseTakenBack,
    ClueFound,
    FieldOfLawSet,
    IdentityProof,
    PartyTold,
    RecoveryCorrected,
    ReporterNotified,
    ReportVerified,
    RewardRecorded,
)
from fangxin.cases.models import Kind
from fangxin.cases.states import OPEN_STATES, State
from fangxin.kernel.law import LawBook, RuleVersion
from fangxin.kernel.workflow import Step, Workflow

DESK = frozenset({Role.CITY_DESK.value})
HANDLERS = frozenset({Role.OFFICER.value})
DESK_OR_HANDLERS = DESK | HANDLERS
OVERSEERS = DESK | {Role.SUPERVISOR.value}
MEDIATORS = HANDLERS | {Role.MEDIATOR.value}
ALL_STAFF = DESK | MEDIATORS | {Role.SUPERVISOR.value}

WAITING = (State.RECEIVED, State.DISPATCHED)
IN_MEDIATION = (State.ACCEPTED, State.MEDIATING, State.SUSPENDED)

TOLD_AFTER = (State.FILED, State.NOT_FILED, State.CONCLUDED, State.TRANSFERRED, State.REDIRECTED)
"""What a report comes to before anybody is told of it; a repeated one (merged) brings no duty of its own."""
WITH_UNIT = (State.DISPATCHED, *IN_MEDIATION, State.FILED)

_COMMON = [
    Step("dispatch", (State.RECEIVED,), State.DISPATCHED, law="case.dispatch", emits=CaseDispatched, roles=DESK, needs=("unit",)),
    Step(
        "redispatch", (State.DISPATCHED,), State.DISPATCHED, law="case.dispatch", emits=CaseDispatched, roles=DESK, needs=("unit", "note")
    ),
    Step("return_to_desk", (State.DISPATCHED,), State.RECEIVED, law="case.return", emits=CaseReturned, roles=HANDLERS, needs=("note",)),
    Step("report_back", WITH_UNIT, None, law="hotline.closing", emits=CaseReportedBack, roles=HANDLERS, needs=("note",)),
    Step("respond", OPEN_STATES, None, law="case.response", emits=CaseResponded, roles=ALL_STAFF, needs=("method",)),
]


def _mending(closed: tuple[str, ...], again: tuple[str, ...], *, decided: tuple[str, ...] = (), call_back: str = "") -> list[Step]:
    """What leads back, and what is asked afterwards: the only steps out of an end.

    A decision whose notice is not served yet is taken back by who handles the case; a closed case is reopened by the desk or
    supervision. Both lead to where the case stood before, and only there (`services.mending` reads it in the journal).
    """
    steps = [Step("reopen", closed, None, law="case.mending", emits=CaseReopened, roles=OVERSEERS, needs=("note",), targets=again)]
    if decided:
        steps.append(
            Step(
                "take_back", decided, None, law="case.mending", emits=CaseTakenBack, roles=DESK_OR_HANDLERS, needs=("note",), targets=again
            )
        )
    if call_back:
        steps.append(Step("call_back", closed, None, law=call_back, emits=CalledBack, roles=OVERSEERS))
    return steps


COMPLAINT = Workflow(
    [
        *_COMMON,
        Step(
            "dispute_jurisdiction",
            (State.DISPATCHED,),
            None,
            law="case.jurisdiction_dispute",
            emits=CaseStep,
            roles=HANDLERS,
            needs=("note",),
        ),
        Step(
            "ask_identity_proof",
            (State.DISPATCHED,),
            None,
            law="complaint.identity_proof",
            emits=IdentityProof,
            roles=HANDLERS,
            needs=("note", "until"),
        ),
        Step(
            "record_identity_proof",
            (State.DISPATCHED,),
            None,
            law="complaint.identity_proof",
            emits=IdentityProof,
            roles=HANDLERS,
            needs=("result",),
        ),
        Step("accept", (State.DISPATCHED,), State.ACCEPTED, law="complaint.acceptance", emits=CaseAccepted, roles=HANDLERS),
        Step(
            "refuse",
            (State.DISPATCHED,),
            State.REFUSED,
            law="complaint.refusal",
            emits=CaseClosed,
            roles=HANDLERS,
            needs=("ground", "note"),
        ),
        Step("withdraw", WAITING, State.WITHDRAWN, law="complaint.withdrawal", emits=CaseClosed, roles=DESK_OR_HANDLERS, needs=("note",)),
        Step("start_mediation", (State.ACCEPTED,), State.MEDIATING, law="complaint.mediation", emits=CaseStep, roles=MEDIATORS),
        Step(
            "delegate", (State.ACCEPTED, State.MEDIATING), None, law="complaint.delegation", emits=CaseStep, roles=HANDLERS, needs=("note",)
        ),
        Step("end_delegation", IN_MEDIATION, None, law="complaint.delegation", emits=CaseStep, roles=MEDIATORS, needs=("note",)),
        Step("suspend", (State.MEDIATING,), State.SUSPENDED, law="complaint.recusal", emits=CaseStep, roles=MEDIATORS, needs=("note",)),
        Step("resume", (State.SUSPENDED,), State.MEDIATING, law="complaint.recusal", emits=CaseStep, roles=MEDIATORS),
        Step("appraise", IN_MEDIATION, None, law="complaint.appraisal", emits=CaseStep, roles=HANDLERS, needs=("note", "approver")),
        Step("end_appraisal", IN_MEDIATION, None, law="complaint.appraisal", emits=CaseStep, roles=HANDLERS),
        Step("settle", (State.ACCEPTED, State.MEDIATING), State.SETTLED, law="complaint.settlement", emits=CaseClosed, roles=MEDIATORS),
        Step("terminate", IN_MEDIATION, State.TERMINATED, law="complaint.termination", emits=CaseClosed, roles=HANDLERS, needs=("ground",)),
        Step(
            "find_clue",
            (*IN_MEDIATION, State.SETTLED, State.TERMINATED),
            None,
            law="complaint.clue",
            emits=ClueFound,
            roles=HANDLERS,
            needs=("note", "report"),
        ),
        Step("notify_termination", (State.TERMINATED,), None, law="complaint.termination_notice", emits=PartyTold, roles=HANDLERS),
        Step(
            "correct_recovery",
            (State.SETTLED, State.TERMINATED, State.WITHDRAWN),
            None,
            law="complaint.recovery",
            emits=RecoveryCorrected,
            roles=HANDLERS,
            needs=("note",),
        ),
        *_mending(
            (State.REFUSED, State.SETTLED, State.TERMINATED, State.WITHDRAWN),
            (State.RECEIVED, State.DISPATCHED, *IN_MEDIATION),
            decided=(State.ACCEPTED, State.REFUSED, State.SETTLED, State.TERMINATED, State.WITHDRAWN),
            call_back="complaint.call_back",
        ),
    ]
)
"""Complaint (投诉): Order 121 chapter 2, Order 20 before it."""

REPORT = Workflow(
    [
        *_COMMON,
        Step(
            "dispute_jurisdiction",
            (State.DISPATCHED,),
            None,
            law="case.jurisdiction_dispute",
            emits=CaseStep,
            roles=HANDLERS,
            needs=("note",),
        ),
        Step(
            "set_field",
            (State.RECEIVED, State.DISPATCHED, State.FILED),
            None,
            law="report.field",
            emits=FieldOfLawSet,
            roles=DESK_OR_HANDLERS,
            needs=("field",),
        ),
        Step(
            "verify",
            (State.DISPATCHED, State.FILED),
            None,
            law="report.verification",
            emits=ReportVerified,
            roles=HANDLERS,
            needs=("method", "on", "note"),
        ),
        Step("extend", (State.DISPATCHED,), None, law="report.extension", emits=CaseStep, roles=HANDLERS, needs=("note", "approver")),
        Step(
            "pause_verification",
            (State.DISPATCHED,),
            None,
            law="report.exclusion",
            emits=CaseStep,
            roles=HANDLERS,
            needs=("note", "approver"),
        ),
        Step("resume_verification", (State.DISPATCHED,), None, law="report.exclusion", emits=CaseStep, roles=HANDLERS),
        Step("file", (State.DISPATCHED,), State.FILED, law="report.filing", emits=CaseStep, roles=HANDLERS),
        Step("decline", (State.DISPATCHED,), State.NOT_FILED, law="report.not_filing", emits=CaseClosed, roles=HANDLERS, needs=("note",)),
        Step(
            "transfer",
            (State.DISPATCHED,),
            State.TRANSFERRED,
            law="report.transfer",
            emits=CaseClosed,
            roles=HANDLERS,
            needs=("note",),
        ),
        Step("redirect", (State.DISPATCHED,), State.REDIRECTED, law="report.no_power", emits=CaseClosed, roles=HANDLERS, needs=("note",)),
        Step("merge", (State.DISPATCHED,), State.MERGED, law="report.repeat", emits=CaseClosed, roles=HANDLERS, needs=("note",)),
        Step("notify", TOLD_AFTER, None, law="report.notice", emits=ReporterNotified, roles=HANDLERS),
        Step("conclude", (State.FILED,), State.CONCLUDED, law="report.conclusion", emits=CaseClosed, roles=HANDLERS),
        Step("reward", (State.CONCLUDED,), None, law="report.reward", emits=RewardRecorded, roles=HANDLERS, needs=("stage",)),
        *_mending(
            (State.NOT_FILED, State.CONCLUDED, State.REDIRECTED, State.TRANSFERRED),
            (State.DISPATCHED, State.FILED),
            decided=(State.NOT_FILED,),
        ),
    ]
)
"""Report (举报): Order 121 chapter 3 and the penalty procedure (行政处罚程序规定)."""

CONSULTATION = Workflow(
    [
        *_COMMON,
        Step("answer", WAITING, State.ANSWERED, law="consultation.route", emits=CaseClosed, roles=DESK_OR_HANDLERS, needs=("note",)),
        Step("redirect", WAITING, State.REDIRECTED, law="consultation.route", emits=CaseClosed, roles=DESK_OR_HANDLERS, needs=("note",)),
        *_mending((State.ANSWERED, State.REDIRECTED), WAITING, call_back="case.call_back"),
    ]
)
"""Consultation (咨询): outside Order 121 (Art 44), answered or told the right route."""

UNDETERMINED = Workflow(
    [
        *_COMMON,
        Step("answer", WAITING, State.ANSWERED, law="hotline.closing", emits=CaseClosed, roles=DESK_OR_HANDLERS, needs=("note",)),
        *_mending((State.ANSWERED,), WAITING, call_back="case.call_back"),
    ]
)
"""Undetermined (待定): only the hotline's own rules until someone has decided what it is."""

WORKFLOWS: dict[str, Workflow] = {
    Kind.COMPLAINT.value: COMPLAINT,
    Kind.REPORT.value: REPORT,
    Kind.CONSULTATION.value: CONSULTATION,
    Kind.UNDETERMINED.value: UNDETERMINED,
}


@cache
def law_book() -> LawBook:
    """The articles behind the steps."""
    return LawBook.load(Path(__file__).parent / "data" / "law.toml")


def law_of(step: str, kind: str, on: date) -> RuleVersion:
    """The articles of a step on a day; the nearest version for days before any (the step's clock says if it was a replay)."""
    return law_book().resolve(WORKFLOWS[kind].steps[step].law, on, as_if=True)
