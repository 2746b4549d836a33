"""Answers to consultations and hotline messages, and the right route for what is not ours (答复、告知其他途径)."""

from collections.abc import Sequence
from datetime import datetime

from fangxin.cases.events import KnowledgeUsed
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case
from fangxin.cases.services import approving, sharing, telling, timing
from fangxin.cases.services.sharing import Said
from fangxin.clocks.notices import ReportField
from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref


def answer(cases: Sequence[Case], *, by: Ref, at: datetime, note: str, entries: Sequence[str] = ()) -> None:
    """Answer consultations or hotline messages and close them (答复办结); `entries` of the knowledge base are told to the journal."""
    with journal.atomic():
        sharing.close(cases, "answer", by=by, at=at, note=note, stops=())
        _cite(cases, entries, by=by, at=at)


def answer_each(answers: Sequence[Said], *, by: Ref) -> None:
    """`answer` for many at once, each at its own time and in its own words."""
    sharing.close_each(answers, "answer", by=by, stops=())


def redirect(case: Case, *, by: Ref, at: datetime, note: str, method: str = "", entries: Sequence[str] = ()) -> None:
    """Tell the person the right route and close (告知其他途径, Order 121 Arts 34, 44).

    Of a report the reporter is thereby told, if a `method` says how; else that is still owed. A report on food that is outside our remit
    can't end so: it must be transferred (食品安全法 Art 115), IllegalStep.
    """
    if case.kind == Kind.REPORT and case.field_of_law == ReportField.FOOD:
        raise IllegalStep("cases.food_is_transferred", "A report on food outside our remit must be transferred, with written notice.")
    with journal.atomic():
        sharing.close([case], "redirect", by=by, at=at, note=note, stops=timing.VERIFICATIONS)
        _cite([case], entries, by=by, at=at)
        if case.kind == Kind.REPORT:
            approving.lapse(case, by=by, at=at)
            if method and any(one.owed for one in telling.standing(case)):
                telling.notify_reporter(case, by=by, at=at, method=method)
            telling.owe(case)


def _cite(cases: Sequence[Case], entries: Sequence[str], *, by: Ref, at: datetime) -> None:
    if entries:
        journal.publish([KnowledgeUsed(subject=case.ref, actor=by, at=at, entries=tuple(entries)) for case in cases])
