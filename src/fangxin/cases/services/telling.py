"""Who must be told what about a report (举报告知): the notice matrix of one report, and what has been told.

Law: Order 121 Art 36 knows no general duty; each field of law has its own (`clocks/data/notices.toml`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fangxin.cases.filings import Channel
from fangxin.cases.models import Case, NoticeOutcome, Party, PartyRole, ReporterNotice
from fangxin.cases.services import sharing, timing
from fangxin.cases.states import State
from fangxin.clocks import notices
from fangxin.clocks.models import Clock
from fangxin.clocks.notices import Duty, ReportField
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Move

OUTSIDE = frozenset({State.TRANSFERRED, State.REDIRECTED})
"""The report was not ours to handle."""
DECIDED = frozenset({State.FILED, State.NOT_FILED, State.CONCLUDED, *OUTSIDE})
RESULT = DECIDED - {State.FILED}
WRITTEN = frozenset({"letter", "message", "delivered"})
"""Ways of telling that are in writing (书面)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one duty of the matrix stands for one report."""

    duty: Duty
    outcome: NoticeOutcome
    reachable: bool
    """Somebody is there to be told."""
    possible: bool
    """It can be told now: the decision, or the result, is there."""
    notice: ReporterNotice | None
    clock: Clock | None
    """The period that runs or ran for it."""

    @property
    def owed(self) -> bool:
        """Still to be told to somebody."""
        return bool(self.duty.tell) and self.reachable and self.outcome == NoticeOutcome.OWED


def duties_of(case: Case, *, in_remit: bool | None = None) -> list[Duty]:
    """What the law asks about this report, the special law before the general; nothing about the bureau's own finds and repeats.

    The law of the day of receipt by the competent bureau; for the notice of the decision (Order 20 Art 31) that of the decision.
    """
    if case.channel == Channel.FOUND or case.state == State.MERGED:
        return []
    ours = case.state not in OUTSIDE if in_remit is None else in_remit
    received = case.competent_received_at or case.first_received_at
    found = [duty for duty in _on(case, received, in_remit=ours) if duty.term != timing.DECISION_NOTICE]
    if case.decided_at is not None:
        found += [duty for duty in _on(case, case.decided_at, in_remit=ours) if duty.term == timing.DECISION_NOTICE]
    return found


def _on(case: Case, at: datetime, *, in_remit: bool) -> list[Duty]:
    return notices.duties(
        case.field_of_law or ReportField.GENERAL,
        real_name=not case.anonymous,
        with_evidence=True,
        in_remit=in_remit,
        on=local_date(at),
        as_if=case.as_if,
    )


def standing(case: Case) -> list[Standing]:
    """The notice matrix of a report, duty by duty. Three queries."""
    told = {one.duty: one for one in ReporterNotice.objects.filter(case=case)}
    clocks = {clock.term: clock for clock in Clock.objects.filter(subject=case.ref, term__in=timing.NOTICES).order_by("pk")}
    contact = reachable(case)
    found = []
    for duty in duties_of(case):
        notice = told.get(duty.id)
        if notice and notice.at and case.decided_at and notice.at < case.decided_at:
            notice = None  # told of a decision that was undone since
        states = RESULT if duty.after == "result" else DECIDED
        found.append(
            Standing(
                duty=duty,
                outcome=NoticeOutcome(notice.outcome) if notice else NoticeOutcome.OWED,
                reachable=duty.tell == "association" or contact,
                possible=case.state in states,
                notice=notice,
                clock=clocks.get(duty.term or ""),
            )
        )
    return found


def reachable(case: Case) -> bool:
    """Whether there is a reporter who can be told: one who gave a name, or at least a telephone number or an address."""
    if not case.anonymous:
        return True
    reporters = Party.objects.filter(case=case, role__in=(PartyRole.REPORTER, PartyRole.AGENT))
    return any(bool(one.phone_index) or bool(one.address_masked) for one in reporters.only("phone_index", "address_masked"))


def notify_reporter(
    case: Case, *, by: Ref, at: datetime, note: str = "", duties: Sequence[str] = (), method: str = "", not_owed: bool = False
) -> None:
    """Tell the reporter (or the association) what the law says (告知, Order 121 Art 36): stops the periods of these duties.

    Without `duties` everything that is owed now counts as told. With `not_owed` a duty that depends on how the report was made (named,
    with facts and evidence) is found not to be owed, with the reason. Raises BadInput for a duty that this report does not bring, or
    one that asks for writing and was told otherwise; IllegalStep before there is anything to tell.
    """
    open_ = {one.duty.id: one for one in standing(case) if one.owed}
    chosen = [open_[key] for key in duties if key in open_] if duties else [one for one in open_.values() if one.possible]
    if len(chosen) < len(duties):
        raise BadInput("cases.no_such_duty", "This report does not bring this duty, or it is fulfilled already.")
    for one in chosen if duties else ():
        if not one.possible:
            raise IllegalStep("cases.nothing_to_tell", "There is no result yet that could be told.")
        if not_owed and one.duty.real_name is None and one.duty.with_evidence is None:
            raise BadInput("cases.duty_is_owed", "This duty does not depend on how the report was made.")
        if one.duty.written and not not_owed and method and method not in WRITTEN:
            raise BadInput("cases.writing_needed", "This must be told in writing.")
    if not_owed and not note.strip():
        raise BadInput("cases.not_owed_reason", "Say why this is not owed.")
    outcome = NoticeOutcome.NOT_OWED if not_owed else NoticeOutcome.TOLD
    keys = tuple(one.duty.id for one in chosen)
    with journal.atomic():
        move = Move(case, {}, {"duties": keys, "method": method, "outcome": outcome.value})
        sharing.take([move], "notify", by=by, at=at, note=note)
        for key in keys:
            values = {"outcome": outcome, "method": method, "by": by, "at": at}
            ReporterNotice.objects.update_or_create(case=case, duty=key, defaults=values)
        terms = {one.duty.term for one in chosen if one.duty.term} & timing.NOTICES if duties else timing.NOTICES
        stops = [timing.Stop(case.ref, term, at) for term in sorted(terms)]
        if not_owed:  # what is overdue by then stays so
            late = {one.clock.term for one in chosen if one.clock and one.clock.breach_at and one.clock.breach_at <= at}
            timing.void_clocks([stop for stop in stops if stop.term not in late], by=by, reason="not_owed")
        timing.stop_clocks(stops, by=by)
        timing.refresh([case])


def owe(case: Case) -> None:
    """Leave a mark for each duty that a report is closed with and nobody has told yet, so that lists find them by index."""
    missing = {one.duty.id for one in standing(case) if one.owed and one.notice is None}
    again = ReporterNotice.objects.filter(case=case, duty__in=missing)
    missing -= set(again.values_list("duty", flat=True))
    again.update(outcome=NoticeOutcome.OWED, method="", by="", at=None)
    ReporterNotice.objects.bulk_create([ReporterNotice(case=case, duty=key) for key in sorted(missing)], ignore_conflicts=True)


__all__ = ["Standing", "duties_of", "notify_reporter", "owe", "reachable", "standing"]
