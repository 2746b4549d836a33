"""What follows from documents for the case, and from the case for its documents; and who reads their files."""

from collections.abc import Mapping
from typing import Any, Final

from fangxin.cases.events import CaseTakenBack
from fangxin.cases.models import Case
from fangxin.cases.papers.offering import check_stands
from fangxin.cases.services import mending, notify_termination, telling
from fangxin.documents import access
from fangxin.documents import services as documents
from fangxin.documents.events import DocumentDelivered
from fangxin.documents.models import Document, Method, Recipient
from fangxin.kernel import journal, permits
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import SYSTEM, Ref, identity, kind

TAKEN_BACK: Final = "作出该文书的决定已撤回"
WAYS: Final[Mapping[str, str]] = {
    Method.IN_PERSON.value: "visit",
    Method.POST.value: "letter",
    Method.SMS.value: "message",
    Method.EMAIL.value: "message",
    Method.PLATFORM.value: "outside",
    Method.TELEPHONE.value: "telephone",
}
"""A way of delivery as a way of telling somebody (`words.METHODS`)."""


def may_read(person: Any, _action: str, subject: Ref) -> bool:
    """Files of a case's documents are for who may see its people in plain text."""
    case = Case.objects.filter(pk=identity(subject)).first()
    return case is not None and permits.may(person, "reveal", case)


access.register(Case.ref_kind, may_read, stands=check_stands)


@journal.on(CaseTakenBack)
def void_what_was_taken_back(event: CaseTakenBack) -> None:
    """A decision was taken back before it was served: the documents that made it known become void; their numbers stay taken."""
    form = mending.FORMS.get(event.undone, "")
    for document in Document.objects.of(event.subject).valid().filter(form=form, issued_at__lte=event.at) if form else ():
        try:
            documents.void(document, reason=TAKEN_BACK, by=SYSTEM, at=event.at)
        except IllegalStep:  # it has reached somebody after all: it stays on record as served
            continue


@journal.on(DocumentDelivered)
def record_that_a_side_was_told(event: DocumentDelivered) -> None:
    """The decision to terminate reached a side: that side has been told of it (Order 121 Art 23 para 2)."""
    if event.form != "termination_decision" or kind(event.subject) != Case.ref_kind:
        return
    case = Case.objects.get(pk=identity(event.subject))
    try:
        notify_termination(case, by=event.actor, at=event.at, sides=(event.to,), method=WAYS[event.method])
    except IllegalStep:  # told already, by hand or by an earlier delivery
        return


_IN_WRITING: Final[Mapping[str, str]] = {**WAYS, Method.IN_PERSON.value: "letter", Method.PLATFORM.value: "message"}
"""The same for what must be told in writing: a document that is handed over, or stands on the platform, is writing."""


@journal.on(DocumentDelivered)
def record_that_the_reporter_was_told(event: DocumentDelivered) -> None:
    """The notice of a report's result (举报处理结果告知书) reached the reporter: what it tells counts as told (Art 36). Later ones find nothing owed."""
    if event.form != "report_result_notice" or event.to != Recipient.REPORTER or kind(event.subject) != Case.ref_kind:
        return
    case = Case.objects.get(pk=identity(event.subject))
    duties = [
        one.duty.id
        for one in telling.standing(case)
        if one.owed and one.possible and one.duty.tell != "association" and not (one.duty.written and event.method == Method.TELEPHONE)
    ]
    if duties:
        telling.notify_reporter(case, by=event.actor, at=event.at, duties=duties, method=_IN_WRITING[event.method])
