"""Erasing what documents hold of people (个人信息删除): numbers, dates and deliveries stay, so that no series gets a gap."""

from datetime import datetime

from fangxin.documents.models import Delivery, Document
from fangxin.files import services as files
from fangxin.files.models import Attachment
from fangxin.kernel import journal
from fangxin.kernel.refs import Ref


def erase(subject: Ref, *, ground: str, by: Ref, at: datetime) -> int:
    """Destroy the values, files, reasons and addresses of all documents about one thing; answers how many there are.

    `ground` is a code. Whether the law allows it, the caller has checked. Bears being called again.
    """
    with journal.atomic():
        documents = list(Document.objects.select_for_update(of=("self",)).filter(subject=subject).select_related("docx", "pdf"))
        deliveries = Delivery.objects.filter(document__in=documents).select_related("proof")
        loose = Attachment.objects.filter(subject__in=[one.ref for one in documents])  # proofs of a delivery that was refused, too
        for attachment in (*(one.docx for one in documents), *(one.pdf for one in documents), *(one.proof for one in deliveries), *loose):
            if attachment is not None:
                files.erase(attachment, ground=ground, by=by, at=at)
        deliveries.update(sealed=b"", shown="")
        Document.objects.filter(pk__in=[one.pk for one in documents]).update(sealed=b"", sealed_reason=b"", void_reason="")
    return len(documents)
