"""How ODR's pages say things."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fangxin.cases.words import Left, refusal, short_day
from fangxin.clocks.keeping import current_calendar
from fangxin.clocks.rules import local_date
from fangxin.kernel.workdays import Calendar
from fangxin.odr.models import Dispute

NEAR_WORKDAYS = 2
"""From here on the clock is shown as near; the rule's own alarm (terms.toml) says the same."""


def left(dispute: Dispute, *, now: datetime, calendar: Calendar | None = None) -> Left | None:
    """What is left of an open dispute's period, in words; None for one that has ended."""
    if not dispute.is_open:
        return None
    if now >= dispute.due_at:
        return Left("overdue", _("the period is over"))
    calendar = calendar or current_calendar(now)[1]
    today, last = local_date(now), dispute.last_on
    if today == last:
        return Left("near", _("due today"))
    days = calendar.count(today, last)
    text = ngettext("%(n)s working day left", "%(n)s working days left", days) % {"n": days}
    return Left("near" if days <= NEAR_WORKDAYS else "fine", text)


def yuan(fen: int | None) -> str:
    """An amount as people read it."""
    return "" if fen is None else f"{fen / 100:,.2f}"


__all__ = ["Left", "left", "refusal", "short_day", "yuan"]
