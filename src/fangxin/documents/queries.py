"""What was issued and served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min

from fangxin.documents.models import Delivery, Document
from fangxin.kernel.refs import Ref


@dataclass(frozen=True, slots=True)
class Issued:
    """A document with its deliveries, oldest first."""

    document: Document
    deliveries: Sequence[Delivery]

    @property
    def served_at(self) -> datetime | None:
        """When it was first served."""
        return min((one.served_at for one in self.deliveries if one.served_at), default=None)


def of(subject: Ref) -> list[Document]:
    """What was issued about one thing, void ones included, newest first."""
    return list(Document.objects.of(subject).select_related("office", "docx", "pdf"))


def with_deliveries(subject: Ref) -> list[Issued]:
    """The same with their deliveries; two queries, however many there are."""
    documents = of(subject)
    deliveries: dict[int, list[Delivery]] = {}
    found = Delivery.objects.filter(document__in=[one.pk for one in documents]).select_related("proof", "notice").order_by("at", "pk")
    for one in found if documents else ():
        deliveries.setdefault(one.document_id, []).append(one)
    return [Issued(one, deliveries.get(one.pk, ())) for one in documents]


def served_at(subject: Ref, form: str) -> datetime | None:
    """When a document of this form about this thing first reached somebody; None while none has.

    What was served can't be made void, so an answer never becomes None again.
    """
    found = Delivery.objects.filter(document__subject=subject, document__form=form, served_at__isnull=False)
    first: datetime | None = found.aggregate(first=Min("served_at"))["first"]
    return first


def on_its_way(subject: Ref, form: str) -> bool:
    """Whether a message with a document of this form has been handed to the outbox and is neither sent nor failed."""
    open_states = ("waiting", "sending")
    return Delivery.objects.filter(
        document__subject=subject, document__form=form, served_at__isnull=True, notice__state__in=open_states
    ).exists()
