"""What other apps ask."""

from collections.abc import Iterable

from django.db.models import Count

from fangxin.files.models import Attachment
from fangxin.kernel.refs import Ref


def of(subject: Ref) -> list[Attachment]:
    """The subject's attachments that were not removed, in the order they came; one query."""
    return list(Attachment.objects.of(subject).live())


def count_of(subjects: Iterable[Ref]) -> dict[Ref, int]:
    """How many attachments each of these subjects has, for a list; subjects without one are left out. One query."""
    found = Attachment.objects.live().filter(subject__in=list(subjects)).values_list("subject").annotate(n=Count("pk"))
    return {Ref(subject): n for subject, n in found}


def find(attachment: Ref) -> Attachment | None:
    """The attachment that a reference speaks of."""
    number = attachment.rpartition(":")[2]
    return Attachment.objects.select_related("blob").filter(pk=int(number)).first() if number.isdecimal() else None
