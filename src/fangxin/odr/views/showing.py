"""What the pages of both sides show of a dispute: nothing here reads a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from fangxin.odr import queries, words
from fangxin.odr.models import Dispute, DisputeQuerySet, Message


@dataclass(frozen=True, slots=True)
class Shown:
    """A dispute as a page shows it."""

    dispute: Dispute
    left: words.Left | None
    messages: Sequence[Message]
    offer: Message | None
    """The one that stands open."""


def shown(dispute: Dispute, *, now: datetime) -> Shown:
    """A dispute with what was said in it; one query."""
    said = queries.said_in(dispute)
    return Shown(dispute, words.left(dispute, now=now), said, next((one for one in said if one.is_open_offer), None))


def figures(own: DisputeQuerySet, *, now: datetime) -> dict[str, Any]:
    """An enterprise's performance beside that of all, for `odr/parts/performance.html`; two queries."""
    mine, everybody = queries.performance(own, now=now), queries.performance(Dispute.objects.all(), now=now)
    return {
        "own": mine,
        "all": everybody,
        "figures": [(mine, _("This enterprise")), (everybody, _("All ODR enterprises"))],
        "fewest": queries.FEWEST_DISPUTES,
    }
