"""What the case page shows of ODR."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from fangxin.cases.models import Case, Kind
from fangxin.odr import queries, words
from fangxin.odr.models import Dispute


def case_panel(request: HttpRequest, case: Case) -> Mapping[str, Any] | None:
    """The disputes about this case, with the open offer and what is left; nothing for a report, nor where there is none."""
    if case.kind != Kind.COMPLAINT:
        return None
    disputes = list(Dispute.objects.select_related("enterprise").filter(case=case).order_by("-pk"))
    if not disputes:
        return None
    now = timezone.now()
    offers = queries.open_offers(disputes)
    return {
        "request": request,
        "rows": [{"dispute": one, "left": words.left(one, now=now), "offer": offers.get(one.pk)} for one in disputes],
    }
