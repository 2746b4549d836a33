"""Clues of a violation that come up in mediation (调解中发现违法线索, Order 121 Art 27): a report that the bureau makes of its own."""

from datetime import datetime

from fangxin.cases.filings import Channel, Filing, Kind, Respondent
from fangxin.cases.models import Case, CaseLink, LinkKind
from fangxin.cases.services import dispatching, sharing, timing
from fangxin.cases.services.receiving import receive
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.workflow import Move


def open_clue(complaint: Case, *, clue: str, found_at: datetime, by: Ref, at: datetime, title: str = "", field_of_law: str = "") -> Case:
    """Make a report of a clue that was found while mediating a complaint, linked to it (核查线索).

    The bureau itself is the source: the report has no reporter, is not anonymous (nobody withheld a name), and takes over only the
    business that is complained of and the scrubbed text of the clue; nothing of the complainant, whose words as written stay with the
    complaint. It goes to the complaint's own unit, and its period of verification is that of Art 27, counted from the day of the find;
    there is nobody to answer or to tell. Raises BadInput for a day before the complaint came in or ahead of now.
    """
    unit = complaint.unit
    if unit is None:
        raise IllegalStep("cases.no_unit", "This case is with no unit.")
    if found_at > at + timing.CLOCK_SKEW or local_date(found_at) < local_date(complaint.first_received_at):
        raise BadInput("cases.clue_day", "A clue is found after the complaint came in and before now.")
    filing = Filing(
        channel=Channel.FOUND,
        received_at=min(found_at, at),
        narrative=scrub(clue).text,
        kind=Kind.REPORT,
        title=scrub(title).text,
        respondent=Respondent(
            name=complaint.respondent_name,
            uscc=complaint.respondent_uscc,
            address=complaint.respondent_address,
            platform=complaint.platform,
        ),
        place=complaint.place,
        goods_or_service=complaint.goods_or_service,
        field_of_law=field_of_law,
    )
    with journal.atomic():
        receipt = receive([filing], by=by, at=at, as_if=complaint.as_if)[0]
        if receipt.error:
            raise receipt.error
        report = Case.objects.get(pk=receipt.case_ids[0])
        move = Move(complaint, {}, {"report": report.ref})
        sharing.take([move], "find_clue", by=by, at=at, note=clue)
        timing.void_clocks([timing.Stop(report.ref, timing.ANSWER, report.first_received_at)], by=by, reason="no_reporter")
        dispatching.dispatch([report], unit, by=by, at=report.first_received_at)
        CaseLink.objects.create(first=complaint, second=report, kind=LinkKind.CLUE)
    return report
