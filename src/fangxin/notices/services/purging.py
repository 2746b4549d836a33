"""Forgetting (清除): addresses and texts go when they have served their purpose; that something was sent stays."""

from datetime import datetime

from fangxin.kernel import journal
from fangxin.kernel.refs import SYSTEM, Ref, ref
from fangxin.notices.configuration import current
from fangxin.notices.events import NoticesPurged
from fangxin.notices.models import Notice

_BATCH = 1000


def purge(now: datetime, *, by: Ref = SYSTEM) -> int:
    """Purge address and text of what was sent or given up longer ago than the configured days; answers how many rows.

    The row keeps subject, template, channel, times and the text's hash; the masked address goes too (个人信息保护法 Art 47).
    """
    before = now - current().keep
    total = 0
    while keys := list(Notice.objects.to_purge(before).values_list("pk", flat=True)[:_BATCH]):
        with journal.atomic():
            done = Notice.objects.to_purge(before).filter(pk__in=keys).update(sealed=b"", to_masked="", purged_at=now)
            journal.publish([NoticesPurged(subject=ref("notices", "purge"), actor=by, at=now, before=before, count=done)])
        total += done
    return total
