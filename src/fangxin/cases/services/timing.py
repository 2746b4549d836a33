"""Which clocks a case runs, and when: the whole of it in one place."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from fangxin.cases.filings import Channel, Filing, Kind
from fangxin.cases.models import Case
from fangxin.clocks import notices, terms
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.clocks.services import Start, Started, Stop, start_clocks, stop_clocks, void_clocks
from fangxin.kernel.refs import Ref
from fangxin.kernel.workdays import Calendar

CLOCK_SKEW = timedelta(minutes=10)
"""How far ahead of us an outside system's clock may be."""

DISPATCH = "local.dispatch"
ANSWER = "local.answer"
CAUTIOUS = "local.cautious_acceptance"
ACCEPTANCE = "complaint.acceptance"
IDENTITY_PROOF = "complaint.identity_proof"
MEDIATION = "complaint.mediation"
TERMINATION_NOTICE = "complaint.termination_notice"
VERIFICATION = "report.verification"
CLUE_VERIFICATION = "complaint.clue_verification"
"""Instead of the former for a report that the bureau made of a clue found in mediation (Order 121 Art 27)."""
VERIFICATIONS = (VERIFICATION, CLUE_VERIFICATION)
HOTLINE_CLOSING = "hotline.closing"
HOTLINE_RETURN = "hotline.return"
DECISION_NOTICE = "report.decision_notice"
NOTICES = frozenset(duty.term for duty in notices.matrix() if duty.term) - {VERIFICATION}
"""What a reporter is owed besides the verification itself; it goes on when the report is closed."""
OWED = NOTICES | {DISPATCH, ACCEPTANCE, *VERIFICATIONS}
"""Periods whose breach stays one, even if the case ends in another way than the one that they wait for."""


RIGHTS = frozenset(term.id for term in terms.book().terms.values() if term.right)
"""Times in which something may be done; no case is urgent for them."""


def on_receipt(subject: Ref, kind: Kind, received_at: datetime) -> list[Start]:
    """What begins when a filing comes in: the two local promises and, while nobody knows what it is, a cautious alarm."""
    starts = [Start(subject, DISPATCH, received_at), Start(subject, ANSWER, received_at)]
    if kind is Kind.UNDETERMINED:
        starts.append(Start(subject, CAUTIOUS, received_at))
    return starts


def statutory(case: Case) -> list[Start]:
    """What the law starts once the competent bureau has the case, whenever that becomes known.

    The period counts from receipt by the competent bureau, once; the alarm from first receipt (Order 121 Art 15; 处罚程序规定 Art 18).
    """
    if case.competent_received_at is None:
        return []
    subject, start, first = case.ref, case.competent_received_at, case.first_received_at
    if case.kind == Kind.COMPLAINT:
        return [Start(subject, ACCEPTANCE, start, first)]
    if case.kind == Kind.REPORT and case.channel == Channel.FOUND:
        return [Start(subject, CLUE_VERIFICATION, start)]
    if case.kind == Kind.REPORT:
        return [Start(subject, VERIFICATION, start, first), *notice_periods(case, start, first)]
    return []


def notice_periods(case: Case, start: datetime, first: datetime) -> list[Start]:
    """Periods of notice that a report's field of law brings along (advertising: 7 working days, 广告法 Art 53)."""
    counted = {duty.term for duty in _duties(case, start) if duty.term} - {VERIFICATION, DECISION_NOTICE}
    return [Start(case.ref, term, start, first) for term in sorted(counted) if any(version.amount for version in terms.term(term).versions)]


def on_filing_decision(case: Case, at: datetime) -> list[Start]:
    """The notice of the decision to a real-name reporter, counted from the decision (Order 20 Art 31(2), dropped by Order 121)."""
    owed = {duty.term for duty in _duties(case, at)}
    return [Start(case.ref, DECISION_NOTICE, at)] if DECISION_NOTICE in owed else []


def _duties(case: Case, at: datetime) -> list[notices.Duty]:
    return notices.duties(
        case.field_of_law or notices.ReportField.GENERAL,
        real_name=not case.anonymous,
        with_evidence=True,
        in_remit=True,
        on=local_date(at),
        as_if=case.as_if,
    )


def on_arrival(case: Case, at: datetime) -> list[Start]:
    """What each arrival at a handling unit starts: the hotline's own periods."""
    if case.channel != Channel.HOTLINE_12345:
        return []
    return [Start(case.ref, HOTLINE_CLOSING, at), Start(case.ref, HOTLINE_RETURN, at)]


def have_arrived(cases: Sequence[Case]) -> set[Ref]:
    """Those cases for which a hotline period has begun before, whether it still runs or not."""
    refs = [case.ref for case in cases]
    found: set[Ref] = set()
    for start in range(0, len(refs), 500):
        begun = Clock.objects.filter(subject__in=refs[start : start + 500], term=HOTLINE_CLOSING)
        found.update(Ref(subject) for subject in begun.values_list("subject", flat=True))
    return found


def check_rules(filing: Filing, calendar: Calendar, *, as_if: bool) -> None:
    """Raise UnknownRule if a period of this filing can't be counted from its day; nothing is guessed."""
    day = local_date(filing.received_at)
    calendar.is_workday(day)
    if as_if:
        return
    kinds = [Kind.COMPLAINT, Kind.REPORT] if filing.kind is Kind.MIXED else [filing.kind]
    for term in ({Kind.COMPLAINT: ACCEPTANCE, Kind.REPORT: VERIFICATION, Kind.UNDETERMINED: CAUTIOUS}.get(kind) for kind in kinds):
        if term is not None:
            terms.term(term).on(day)


def nearest(started: Iterable[Started]) -> dict[Ref, tuple[datetime, str]]:
    """The nearest due instant and its period for each subject."""
    found: dict[Ref, tuple[datetime, str]] = {}
    for one in started:
        if one.term in RIGHTS:
            continue
        if one.subject not in found or one.due_at < found[one.subject][0]:
            found[one.subject] = (one.due_at, one.term)
    return found


def refresh(cases: Sequence[Case]) -> None:
    """Bring the nearest due date that each case row keeps in line with its clocks."""
    found: dict[str, tuple[datetime, str]] = {}
    refs = [case.ref for case in cases]
    for start in range(0, len(refs), 500):
        running = Clock.objects.running().filter(subject__in=refs[start : start + 500], paused=False).exclude(term__in=RIGHTS)
        for subject, term, due_at in running.order_by("-due_at", "-pk").values_list("subject", "term", "due_at"):
            if due_at is not None:
                found[subject] = (due_at, term)
    changed = []
    for case in cases:
        due_at, term = found.get(case.ref, (None, ""))
        if (case.next_due_at, case.next_term) != (due_at, term):
            case.next_due_at, case.next_term = due_at, term
            changed.append(case)
    Case.objects.bulk_update(changed, ["next_due_at", "next_term"], batch_size=200)


__all__ = ["Start", "Stop", "check_rules", "on_arrival", "on_receipt", "refresh", "start_clocks", "statutory", "stop_clocks", "void_clocks"]
