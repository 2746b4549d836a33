"""Questions about the outbox that pages and commands ask."""

from django.db.models import Count

from fangxin.kernel.refs import Ref
from fangxin.notices.models import Notice, NoticeQuerySet
from fangxin.notices.states import OPEN_STATES, NoticeState

UNSETTLED = (*OPEN_STATES, NoticeState.DEAD)


def of(subject: Ref) -> NoticeQuerySet:
    """What was said about one thing, newest first."""
    return Notice.objects.of(subject)


def counts() -> dict[str, int]:
    """How many wait and how many failed for good; those that are done with are not counted, they only grow."""
    found = dict(Notice.objects.filter(state__in=UNSETTLED).order_by().values_list("state").annotate(Count("pk")))
    return {
        "waiting": found.get(NoticeState.WAITING, 0) + found.get(NoticeState.SENDING, 0),
        "dead": found.get(NoticeState.DEAD, 0),
    }
