"""Reactions to news from below; each bears being called twice."""

from fangxin.cases.events import CaseClosed, CaseErased, TraderMatched
from fangxin.cases.services.privacy import ERASED
from fangxin.clocks.events import ClockAdjusted, ClockNearing, ClockRecomputed
from fangxin.clocks.models import Clock
from fangxin.files import services as files
from fangxin.files.models import Attachment
from fangxin.kernel import journal
from fangxin.kernel.refs import SYSTEM, identity, kind
from fangxin.notices import services as notices
from fangxin.odr.models import Dispute, Message
from fangxin.odr.services import disputes, telling
from fangxin.odr.states import LIVE_DISPUTES, Ending, Origin


@journal.on(CaseClosed)
def end_with_the_case(event: CaseClosed) -> None:
    """A case that is closed otherwise ends the negotiation about it."""
    _end(identity(event.subject), Ending.CASE_ENDED, event)


@journal.on(TraderMatched)
def end_with_another_trader(event: TraderMatched) -> None:
    """A complaint that turns out to be against another trader is taken back from this one."""
    running = Dispute.objects.filter(case_id=identity(event.subject), origin=Origin.BUREAU, state__in=LIVE_DISPUTES)
    if running.exclude(enterprise__trader_id=event.trader or 0).exists():
        _end(identity(event.subject), Ending.RECALLED, event)


@journal.on(CaseErased)
def erase_with_the_case(event: CaseErased) -> None:
    """What a dispute holds of its consumer goes with the case: what was filed and said, files, messages, the secret link."""
    for dispute in Dispute.objects.filter(case_id=identity(event.subject)).order_by("pk"):
        notices.erase(dispute.ref, by=event.actor, at=event.at)
        for attachment in Attachment.objects.of(dispute.ref).filter(erased_at__isnull=True):
            files.erase(attachment, ground=event.ground, by=event.actor, at=event.at)
        Message.objects.filter(dispute=dispute).exclude(text="").update(text=ERASED)
        Message.objects.filter(dispute=dispute).update(sealed=b"")
        Dispute.objects.filter(pk=dispute.pk).update(
            title="", narrative=ERASED, request="", consumer_masked="", phone_masked="", sealed=b"", token_hash=None, owed=""
        )


@journal.on(ClockAdjusted, ClockRecomputed)
def follow_the_clock(event: ClockAdjusted | ClockRecomputed) -> None:
    """The due date that a dispute keeps for its lists follows its clock."""
    if event.term != disputes.TERM or kind(event.subject) != Dispute.ref_kind:
        return
    clock = Clock.objects.running().filter(subject=event.subject, term=disputes.TERM).first()
    if clock is not None and clock.breach_at is not None:
        Dispute.objects.filter(pk=identity(event.subject)).update(due_at=clock.breach_at)


@journal.on(ClockNearing)
def remind_the_enterprise(event: ClockNearing) -> None:
    """Two working days before the end the enterprise is reminded, once."""
    if event.term != disputes.TERM or kind(event.subject) != Dispute.ref_kind:
        return
    dispute = Dispute.objects.open().select_related("enterprise__office").filter(pk=identity(event.subject)).first()
    if dispute is not None:
        with journal.atomic():
            telling.tell_about(dispute, "odr.dispute_nearing", by=SYSTEM, at=event.at)


def _end(case_id: int, ending: Ending, event: journal.Event) -> None:
    for dispute in Dispute.objects.filter(case_id=case_id, origin=Origin.BUREAU, state__in=LIVE_DISPUTES).order_by("pk"):
        disputes.end(dispute, ending, by=event.actor, at=event.at)
