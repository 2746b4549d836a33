"""What a person does with a notice that failed (人工处置): send it off again, give it up, read it."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, StaleState
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.notices.events import NoticeGivenUp, NoticeRetried
from fangxin.notices.models import PLACE_NOTICE, Notice
from fangxin.notices.states import Failure, NoticeState

LONGEST_REASON = 300


def retry(notices: Iterable[Notice], *, by: Ref, at: datetime) -> int:
    """Send failed notices off again, with all their attempts before them; answers how many.

    One that someone else has settled meanwhile, or that has no usable address, is passed over: it is not counted.
    """
    done = 0
    for notice in notices:
        if notice.error == Failure.BAD_ADDRESS:
            continue
        with journal.atomic():
            again = Notice.objects.dead().filter(pk=notice.pk, purged_at__isnull=True)
            if again.update(state=NoticeState.WAITING, next_at=at, ended_at=None, attempts=0, settled_by=by):
                journal.publish([NoticeRetried(subject=notice.ref, actor=by, at=at, about=notice.subject, error=notice.error)])
                done += 1
    return done


def give_up(notice: Notice, *, reason: str, by: Ref, at: datetime) -> None:
    """Never send a failed notice: the person was told in another way, or need not be.

    Raises BadInput without a reason, StaleState if it is no longer waiting for a person.
    """
    if not any(sign.isalnum() for sign in reason):
        raise BadInput("notices.reason_missing", "Say why the notice is given up.")
    said = reason.strip()
    with journal.atomic():
        changed = Notice.objects.dead().filter(pk=notice.pk)
        if not changed.update(state=NoticeState.GIVEN_UP, ended_at=at, settled_by=by, reason=scrub(said).text[:LONGEST_REASON]):
            raise StaleState("notices.settled", "Someone else has settled this notice already.")
        event = NoticeGivenUp(
            subject=notice.ref,
            actor=by,
            at=at,
            about=notice.subject,
            error=notice.error,
            reason=sha256(said.encode()).hexdigest(),
        )
        journal.publish([event])


def read(notice: Notice, *, purpose: str, actor: Ref, at: datetime) -> dict[str, str]:
    """Address (`to`), `subject` and `body` in plain text, after one journal row about the look; empty once they are purged.

    Must not be called inside a transaction.
    """
    sealed = vault.Sealed(notice.keys, PLACE_NOTICE, notice.pk, bytes(notice.sealed))
    return vault.reveal(sealed, fields=("to", "subject", "body"), subject=notice.ref, purpose=purpose, actor=actor, at=at)
