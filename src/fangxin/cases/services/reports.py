"""Steps of a report: verification, filing or not, transfer, conclusion (举报: 核查、立案、不予立案、移送、结案)."""

from datetime import date, datetime

from fangxin.cases.filings import Channel
from fangxin.cases.models import Approval, ApprovalKind, Case, Transfer
from fangxin.cases.services import approving, sharing, telling, timing
from fangxin.clocks import notices
from fangxin.clocks import services as clocks
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep, UnknownRule
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.workflow import Move

DECLINE_GROUNDS = ("unmet", "1", "2", "3", "4")
"""Why no case is filed: the conditions of 处罚程序规定 Art 19 are not met, or an item of its Art 20."""
RESULTS = ("penalty", "exempt", "unfounded", "transferred", "criminal", "ended")
"""How an investigation ends: the items of 处罚程序规定 Art 60 para 1, or the investigation was ended (Art 77(3))."""


def verification_of(case: Case) -> str:
    """The period in which this report must be verified: R1, or C5 for a clue that came up in mediation."""
    return timing.CLUE_VERIFICATION if case.channel == Channel.FOUND else timing.VERIFICATION


def verify(case: Case, *, method: str, on: date, by: Ref, at: datetime, note: str) -> None:
    """Record a step of the verification (核查): an on-site check, an inquiry …, with what was found. Moves no period.

    Raises BadInput for a day that lies ahead. Law: 处罚程序规定 Art 18.
    """
    if on > local_date(at):
        raise BadInput("cases.day_ahead", "This day lies ahead.")
    with journal.atomic():
        move = Move(case, sharing.officer_of(by), {"method": method, "on": on.isoformat()})
        sharing.take([move], "verify", by=by, at=at, note=note)


def set_field(case: Case, field: str, *, by: Ref, at: datetime, note: str = "") -> None:
    """Set or correct the field of law (举报领域): its periods of notice follow, counted from receipt as if it had been known then.

    Periods of the former field no longer apply. Raises UnknownRule for a field that the matrix doesn't know, IllegalStep if it is set
    so already, BadInput for a correction without a reason.
    """
    if field not in set(notices.ReportField):
        raise UnknownRule("notices.field_unknown", "There is no field %(name)s.", name=field)
    was = case.field_of_law
    if field == was:
        raise IllegalStep("cases.field_is_set", "This is the field of the report already.")
    if was and not note.strip():
        raise BadInput("cases.field_reason", "To correct the field of a report, say why.")
    with journal.atomic():
        sharing.take([Move(case, {"field_of_law": field}, {"was": was, "field": field})], "set_field", by=by, at=at, note=note)
        if case.competent_received_at is not None and case.channel != Channel.FOUND:
            wanted = {start.term: start for start in timing.notice_periods(case, case.competent_received_at, case.first_received_at)}
            running = set(Clock.objects.running().filter(subject=case.ref, term__in=timing.NOTICES).values_list("term", flat=True))
            gone = running - wanted.keys() - {timing.DECISION_NOTICE}
            timing.void_clocks([timing.Stop(case.ref, term, at) for term in sorted(gone)], by=by, reason="field_changed")
            begun = [start for term, start in wanted.items() if term not in running]
            timing.start_clocks(begun, by=by, at=at, as_if=case.as_if)
        timing.refresh([case])


# --- the period of verification ----------------------------------------------------------------------------------------------


def extend_verification(case: Case, *, amount: int, approver: Ref, by: Ref, at: datetime, note: str) -> None:
    """Extend the verification of a report with the head's approval (延长核查, 处罚程序规定 Art 18, Order 121 Art 27)."""
    with journal.atomic():
        sharing.plain(case, "extend", by=by, at=at, note=note, approver=approver)
        clock = sharing.running_clock(case, verification_of(case))
        clocks.extend(clock, amount=amount, reason=scrub(note).text, approver=approver, by=by, at=at)
        timing.refresh([case])


def pause_verification(case: Case, *, cause: str, on: date, approver: Ref, by: Ref, at: datetime, note: str) -> None:
    """Leave the time of a test, inspection, appraisal or identification out of the count (不计入期限, 处罚程序规定 Art 18 para 2)."""
    with journal.atomic():
        sharing.plain(case, "pause_verification", by=by, at=at, note=note, approver=approver)
        clock = sharing.running_clock(case, verification_of(case))
        clocks.pause(clock, cause=cause, on=on, reason=scrub(note).text, approver=approver, by=by, at=at)
        timing.refresh([case])


def resume_verification(case: Case, *, on: date, by: Ref, at: datetime, note: str = "") -> None:
    """The result is there: the verification goes on from that day. Raises IllegalStep if it does not stand still."""
    with journal.atomic():
        sharing.plain(case, "resume_verification", by=by, at=at, note=note)
        clocks.resume(sharing.running_clock(case, verification_of(case)), on=on, by=by, at=at)
        timing.refresh([case])


@approving.grants(ApprovalKind.EXTENSION)
def _extend(approval: Approval, by: Ref, at: datetime) -> None:
    case = approval.case
    clock = sharing.running_clock(case, verification_of(case))
    if clock.breach_at is not None and clock.breach_at <= at and not clock.paused:
        raise IllegalStep("cases.extension_too_late", "The period is over: it can't be extended any more.")
    extend_verification(case, amount=approval.amount or 0, approver=by, by=by, at=at, note=approval.reason)


@approving.grants(ApprovalKind.PAUSE)
def _pause(approval: Approval, by: Ref, at: datetime) -> None:
    on = approval.starts_on or local_date(at)
    pause_verification(approval.case, cause=approval.cause, on=on, approver=by, by=by, at=at, note=approval.reason)


# --- decision and end --------------------------------------------------------------------------------------------------------


def file_report(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """File a report for investigation (立案, 处罚程序规定 Art 19): stops the verification period."""
    with journal.atomic():
        sharing.take([Move(case, {"decided_at": at, **sharing.officer_of(by)})], "file", by=by, at=at, note=note)
        timing.stop_clocks([timing.Stop(case.ref, term, at) for term in timing.VERIFICATIONS], by=by)
        timing.start_clocks(timing.on_filing_decision(case, at), by=by, at=at, as_if=case.as_if)
        approving.lapse(case, by=by, at=at)
        timing.refresh([case])


def decline_report(case: Case, *, by: Ref, at: datetime, note: str, ground: str = "") -> None:
    """Decide not to file a report (不予立案, 处罚程序规定 Arts 19, 20); what the reporter must be told is still owed."""
    _check_ground(ground, DECLINE_GROUNDS)
    columns = {"decided_at": at, "ground": ground, **sharing.officer_of(by)}
    with journal.atomic():
        sharing.close([case], "decline", by=by, at=at, note=note, stops=timing.VERIFICATIONS, keeps=timing.NOTICES, columns=columns)
        timing.start_clocks(timing.on_filing_decision(case, at), by=by, at=at, as_if=case.as_if)
        approving.lapse(case, by=by, at=at)
        telling.owe(case)
        timing.refresh([case])


def transfer_report(case: Case, *, body: str, reference: str, on: date, by: Ref, at: datetime, note: str) -> None:
    """Transfer a report to the body that has power (移送), under a letter; the reporter must then be told (Order 121 Art 34).

    For food that is a duty, with written notice to the reporter (食品安全法 Art 115). What must be told is owed until it is told.
    """
    if not body.strip() or not reference.strip():
        raise BadInput("cases.transfer_incomplete", "A transfer needs the body and the reference of the letter.")
    if on > local_date(at):
        raise BadInput("cases.day_ahead", "This day lies ahead.")
    columns = {"decided_at": at, **sharing.officer_of(by)}
    with journal.atomic():
        sharing.close([case], "transfer", by=by, at=at, note=note, stops=timing.VERIFICATIONS, columns=columns)
        Transfer.objects.create(case=case, body=body.strip(), reference=reference.strip(), on=on, by=by, at=at)
        approving.lapse(case, by=by, at=at)
        telling.owe(case)


def conclude_report(case: Case, *, by: Ref, at: datetime, note: str = "", result: str = "") -> None:
    """The investigation of a filed report is over (结案), with its result; what the reporter must be told is still owed.

    Law: 处罚程序规定 Arts 60, 77.
    """
    _check_ground(result, RESULTS)
    with journal.atomic():
        columns = {"ground": result} if result else {}
        sharing.close([case], "conclude", by=by, at=at, note=note, stops=(), keeps=timing.NOTICES, columns=columns)
        telling.owe(case)


def _check_ground(ground: str, known: tuple[str, ...]) -> None:
    if ground and ground not in known:
        raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=ground)
