"""Erasing what messages about one thing hold of people (个人信息删除)."""

from datetime import datetime

from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.notices.events import NoticesPurged
from fangxin.notices.models import Notice
from fangxin.notices.states import NoticeState


def erase(subject: Ref, *, by: Ref, at: datetime) -> int:
    """Destroy address and text of all messages about one thing; the rows stay. Answers how many.

    Raises IllegalStep while one of them is still to be sent: it is sent or given up first.
    """
    with journal.atomic():
        mine = Notice.objects.of(subject)
        if mine.open().exists():
            raise IllegalStep("notices.still_open", "A message about this is still to be sent: let it go out or give it up first.")
        done = mine.filter(purged_at__isnull=True).update(sealed=b"", to_masked="", reason="", purged_at=at)
        mine.dead().update(state=NoticeState.GIVEN_UP, ended_at=at, settled_by=by)  # without its address it can't be sent again
        if done:
            journal.publish([NoticesPurged(subject=subject, actor=by, at=at, before=at, count=done)])
    return done
