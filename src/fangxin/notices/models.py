"""The outbox (发件箱)."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted
from fangxin.notices.states import OPEN_STATES, Audience, Channel, Failure, NoticeState


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Questions about notices."""

    def of(self, subject: str) -> "NoticeQuerySet":
        """What was said about one thing, newest first."""
        return self.filter(subject=subject).order_by("-pk")

    def open(self) -> "NoticeQuerySet":
        """Still to be sent, those that someone is sending just now included."""
        return self.filter(state__in=OPEN_STATES)

    def due(self, now: datetime) -> "NoticeQuerySet":
        """What may be tried now, oldest first: waiting, or claimed by someone whose lease has run out."""
        return self.open().filter(next_at__lte=now).order_by("next_at", "pk")

    def dead(self) -> "NoticeQuerySet":
        """What waits for a person."""
        return self.filter(state=NoticeState.DEAD)

    def to_purge(self, before: datetime) -> "NoticeQuerySet":
        """Done with before then, and still holding address and text."""
        return self.filter(state__in=(NoticeState.SENT, NoticeState.GIVEN_UP), ended_at__lt=before, purged_at__isnull=True)


class Notice(models.Model):
    """One message to one address (通知). Address and text lie sealed together; what is shown is masked.

    While it is open, `next_at` is when it may be tried (again); for one that is being sent that is the end of the lease. `claim` names
    who is sending it. State, claim and times are written only by `services`, always by compare-and-set.
    """

    subject = models.CharField(_("subject"), max_length=64)
    template = models.CharField(_("template"), max_length=64)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    audience = models.CharField(_("audience"), max_length=12, choices=Audience)
    language = models.CharField(_("language"), max_length=8, default="zh-hans")
    keys = models.CharField(_("keys"), max_length=12)
    sealed = models.BinaryField(_("sealed"))
    to_masked = models.CharField(_("address"), max_length=120, blank=True)
    digest = models.CharField(_("digest"), max_length=64)
    once = models.CharField(_("said once under"), max_length=128, blank=True)

    state = models.CharField(_("state"), max_length=10, choices=NoticeState, default=NoticeState.WAITING, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), null=True)
    claim = models.CharField(max_length=32, blank=True)
    tried_at = models.DateTimeField(_("last attempt"), null=True)
    error = models.CharField(_("last error"), max_length=16, choices=Failure, blank=True)
    status = models.PositiveSmallIntegerField(_("number that the gateway answered"), null=True)
    maybe_twice = models.BooleanField(_("perhaps sent twice"), default=False)
    """An earlier attempt may have reached the person before it was tried again."""

    by = models.CharField(_("by"), max_length=64)
    queued_at = models.DateTimeField(_("queued at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)
    """Sent, failed for good, or given up."""
    settled_by = models.CharField(_("settled by"), max_length=64, blank=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    purged_at = models.DateTimeField(_("content purged at"), null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        constraints = [
            models.UniqueConstraint(fields=["once"], condition=~models.Q(once=""), name="notices_once"),
            models.CheckConstraint(condition=models.Q(state__in=NoticeState.values), name="notices_state_known"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="notices_channel_known"),
            models.CheckConstraint(condition=models.Q(audience__in=Audience.values), name="notices_audience_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN_STATES, next_at__isnull=False, ended_at__isnull=True)
                | (~models.Q(state__in=OPEN_STATES) & models.Q(next_at__isnull=True, ended_at__isnull=False)),
                name="notices_open_or_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(state=NoticeState.SENDING) & ~models.Q(claim="")
                | ~models.Q(state=NoticeState.SENDING) & models.Q(claim=""),
                name="notices_claimed_while_sending",
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "next_at", "id"], condition=models.Q(state__in=OPEN_STATES), name="notices_due"),
            models.Index(fields=["state", "ended_at", "id"], name="notices_ended"),
            models.Index(fields=["channel", "tried_at"], condition=models.Q(tried_at__isnull=False), name="notices_tried"),
            models.Index(fields=["subject", "id"], name="notices_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.template} {self.to_masked}"

    @property
    def ref(self) -> Ref:
        """The notice in the journal."""
        return ref("notice", self.pk)


PLACE_NOTICE = place_of(Notice, "sealed")

vaulted(Notice, "sealed", lambda notice: notice.keys)
