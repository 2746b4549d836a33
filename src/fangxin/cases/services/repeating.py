"""Repeated reports (重复举报, Order 121 Art 35): same reporter, same target; found by blind index, never by reading who they are."""

from datetime import datetime

from fangxin.cases.events import ReportRepeated
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case, CaseLink, LinkKind, Party, PartyRole
from fangxin.cases.services import approving, sharing, timing
from fangxin.cases.services.reports import verification_of
from fangxin.cases.states import State
from fangxin.clocks import services as clocks
from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub

REPEAT, NEW_FACTS = "repeat", "new_facts"
"""Grounds of closing: the same facts again, or new facts that go on with the earlier report."""
OFFERED = 10
_LOOKED_AT = 200


def earlier_reports(case: Case) -> list[Case]:
    """Earlier reports of the same reporter against the same target, the newest first: each by its own index, at most `OFFERED`.

    None for a reporter of whom neither telephone nor identity number is known: an empty index would match everybody. Four queries.
    """
    if case.kind != Kind.REPORT:
        return []
    mine = Party.objects.filter(case=case, role=PartyRole.REPORTER).values_list("phone_index", "id_index")
    phones = [bytes(phone) for phone, _ in mine if phone]
    numbers = [bytes(number) for _, number in mine if number]
    same: set[int] = set()
    for column, wanted in (("phone_index__in", phones), ("id_index__in", numbers)):
        if wanted:
            found = Party.objects.filter(role=PartyRole.REPORTER, **{column: wanted}).exclude(case=case)
            same.update(found.order_by("-pk").values_list("case_id", flat=True)[:_LOOKED_AT])
    earlier = Case.objects.filter(pk__in=same, kind=Kind.REPORT, first_received_at__lte=case.first_received_at)
    earlier = earlier.exclude(state=State.MERGED).select_related("unit", "competent", "trader").order_by("-first_received_at", "-pk")
    return [one for one in earlier if one.pk != case.pk and same_target(one, case)][:OFFERED]


def same_target(one: Case, other: Case) -> bool:
    """Whether two reports are against the same business: on the register, else by code, else by the name as stated."""
    if one.trader_id and other.trader_id:
        return one.trader_id == other.trader_id
    if one.respondent_uscc and other.respondent_uscc:
        return one.respondent_uscc.strip().upper() == other.respondent_uscc.strip().upper()
    name = "".join(one.respondent_name.split())
    return bool(name) and name == "".join(other.respondent_name.split())


def close_repeated(case: Case, earlier: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Close a report that says the same again (不再另行处理): the earlier one is being handled, or has been.

    Raises IllegalStep unless the earlier one is by the same reporter against the same target.
    """
    with journal.atomic():
        earlier = _held(case, earlier)
        _close(case, earlier, REPEAT, by=by, at=at, note=note)
        journal.publish([ReportRepeated(subject=earlier.ref, actor=by, at=at, later=case.ref, new_facts=False)])


def merge_repeated(case: Case, earlier: Case, *, by: Ref, at: datetime, note: str) -> None:
    """Merge a report that brings new facts into the earlier one (合并处理): its verification counts anew from this, the last, report.

    Nothing is undone by it: where the earlier period was over already when the new facts came, it ends late, and a new one begins. A
    report that is filed already has no verification to count anew; its investigation takes the facts over. Raises IllegalStep unless
    the earlier one is by the same reporter against the same target, still open, and with the same bureau.
    """
    with journal.atomic():
        earlier = _held(case, earlier)
        if earlier.state not in {State.DISPATCHED, State.FILED}:
            raise IllegalStep("cases.earlier_is_closed", "%(case)s is closed: new facts need a report of their own.", case=earlier.number)
        if earlier.competent_id != case.competent_id:
            raise IllegalStep("cases.earlier_elsewhere", "%(case)s is with another bureau.", case=earlier.number)
        received = case.competent_received_at or case.first_received_at
        _close(case, earlier, NEW_FACTS, by=by, at=at, note=note)
        if earlier.state == State.DISPATCHED:
            _count_anew(earlier, received, by=by, at=at, reason=scrub(note).text)
            timing.refresh([earlier])
        journal.publish([ReportRepeated(subject=earlier.ref, actor=by, at=at, later=case.ref, new_facts=True)])


def _held(case: Case, earlier: Case) -> Case:
    """The earlier report, locked and as it is stored now."""
    held = Case.objects.select_for_update().filter(pk=earlier.pk).first()
    if held is None or held.state != earlier.state:
        raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=earlier.number)
    if held.pk not in {one.pk for one in earlier_reports(case)}:
        raise IllegalStep(
            "cases.not_the_same_reporter", "%(case)s is no earlier report of the same reporter against the same business.", case=held.number
        )
    return held


def _close(case: Case, earlier: Case, ground: str, *, by: Ref, at: datetime, note: str) -> None:
    columns = {"ground": ground, "decided_at": at, **sharing.officer_of(by)}
    sharing.close([case], "merge", by=by, at=at, note=note, stops=(), columns=columns)
    approving.lapse(case, by=by, at=at)
    CaseLink.objects.get_or_create(first=earlier, second=case, kind=LinkKind.REPEAT)


def _count_anew(earlier: Case, received: datetime, *, by: Ref, at: datetime, reason: str) -> None:
    term = verification_of(earlier)
    clock = sharing.running_clock(earlier, term)
    if clock.breach_at is not None and clock.breach_at <= received and not clock.paused:
        timing.stop_clocks([timing.Stop(earlier.ref, term, received)], by=by)
        timing.start_clocks([timing.Start(earlier.ref, term, received)], by=by, at=at, as_if=earlier.as_if)
        return
    clocks.restart(clock, start=max(received, clock.started_at), reason=reason, approver=by, by=by, at=at)
