"""Disputes and what is said in them."""

from datetime import date, datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum.iso7064 import mod_11_10

from fangxin.cases.models import Case, Consent
from fangxin.clocks.rules import local_date
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted
from fangxin.odr.models.enterprise import Enterprise
from fangxin.odr.states import (
    DONE_DISPUTES,
    LIVE_DISPUTES,
    OPEN_DISPUTES,
    Answered,
    DisputeState,
    Ending,
    MessageKind,
    Method,
    Origin,
    Remedy,
    Side,
)


class DisputeQuerySet(models.QuerySet["Dispute"]):
    """Questions about disputes."""

    def open(self) -> "DisputeQuerySet":
        """With the enterprise: it is its turn or the consumer's."""
        return self.filter(state__in=OPEN_DISPUTES)

    def done(self) -> "DisputeQuerySet":
        """Ended for good."""
        return self.filter(state__in=DONE_DISPUTES)

    def of(self, enterprise: Enterprise) -> "DisputeQuerySet":
        """One enterprise's own."""
        return self.filter(enterprise=enterprise)

    def expired(self, now: datetime) -> "DisputeQuerySet":
        """Open, and the period is over; whatever was missed before, the oldest first."""
        return self.open().filter(due_at__lte=now).order_by("due_at", "pk")

    def stranded(self) -> "DisputeQuerySet":
        """Not settled and not yet passed on, returned or closed: the sweep finishes them, unless consent is still awaited."""
        return self.filter(state=DisputeState.UNSETTLED).exclude(origin=Origin.DIRECT, consent_pass=Consent.NOT_ASKED).order_by("pk")

    def untold(self) -> "DisputeQuerySet":
        """The consumer is owed a message."""
        return self.exclude(owed="").order_by("pk")


class Dispute(models.Model):
    """A consumer's dispute that an enterprise may settle before or beside the bureau's procedure (在线消费纠纷, ODR件).

    What the enterprise and the consumer's page show stands in this row alone, copied when it was sent: neither ever reads the case.
    For a complaint that was split from a mixed filing (Order 121 Art 9) the officer writes what the enterprise is told, so that
    nothing of the report can be in it (Art 37). `sealed` holds a direct filing whole until it becomes a case.
    """

    ref_kind = "dispute"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="+", verbose_name=_("enterprise"))
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("case"))
    origin = models.CharField(_("origin"), max_length=8, choices=Origin)
    state = models.CharField(_("state"), max_length=12, choices=DisputeState, default=DisputeState.WAITING, editable=False)
    title = models.CharField(_("title"), max_length=200, blank=True)
    narrative = models.TextField(_("narrative"))
    request = models.TextField(_("request"), blank=True)
    goods_or_service = models.CharField(_("goods or service"), max_length=200, blank=True)
    problem_class = models.CharField(_("problem class chosen by the consumer"), max_length=64, blank=True)
    claimed_fen = models.BigIntegerField(_("amount claimed"), default=0, help_text=_("In fen (分)."))
    settled_fen = models.BigIntegerField(_("amount settled"), default=0, help_text=_("In fen (分)."))
    occurred_on = models.DateField(_("day of the event"), null=True)
    consumer_masked = models.CharField(_("consumer"), max_length=60, blank=True)
    phone_masked = models.CharField(_("telephone"), max_length=32, blank=True)
    sealed = models.BinaryField(_("as filed"), default=b"")
    consent_pass = models.CharField(_("consent to passing it to the bureau"), max_length=10, choices=Consent, default=Consent.NOT_ASKED)
    consent_asked_at = models.DateTimeField(_("consent asked at"), null=True)

    opened_at = models.DateTimeField(_("reached the enterprise"))
    due_at = models.DateTimeField(_("due"))
    """As the clock has it: the end of its last day."""
    answered_at = models.DateTimeField(_("first answer"), null=True)
    ended_at = models.DateTimeField(_("negotiation ended at"), null=True)
    ending = models.CharField(_("why without agreement"), max_length=12, choices=Ending, blank=True)
    method = models.CharField(_("settled how"), max_length=10, choices=Method, blank=True)
    rating = models.PositiveSmallIntegerField(_("rating"), null=True)
    rated_at = models.DateTimeField(_("rated at"), null=True)
    token_hash = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 -- unique where there is a link
    token_serial = models.PositiveSmallIntegerField(default=0)
    """Raising it makes another link of it, and the old one dead."""
    owed = models.CharField(_("message owed to the consumer"), max_length=32, blank=True)
    """The template; emptied when it stands in the outbox."""

    objects = DisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=DisputeState.values), name="odr_dispute_state_known"),
            models.CheckConstraint(condition=models.Q(origin__in=Origin.values), name="odr_dispute_origin_known"),
            models.CheckConstraint(condition=models.Q(consent_pass__in=Consent.values), name="odr_dispute_consent_known"),
            models.CheckConstraint(condition=models.Q(claimed_fen__gte=0, settled_fen__gte=0), name="odr_dispute_amounts"),
            models.CheckConstraint(
                condition=models.Q(rating__isnull=True) | models.Q(rating__gte=1, rating__lte=5), name="odr_dispute_rating"
            ),
            models.CheckConstraint(condition=models.Q(origin=Origin.DIRECT) | models.Q(case__isnull=False), name="odr_dispute_has_case"),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN_DISPUTES, ended_at__isnull=True)
                | (~models.Q(state__in=OPEN_DISPUTES) & models.Q(ended_at__isnull=False)),
                name="odr_dispute_ended_when_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=(*OPEN_DISPUTES, DisputeState.SETTLED), ending="")
                | (~models.Q(state__in=(*OPEN_DISPUTES, DisputeState.SETTLED)) & ~models.Q(ending="")),
                name="odr_dispute_ending_said",
            ),
            models.UniqueConstraint(fields=["case"], condition=models.Q(state__in=LIVE_DISPUTES), name="odr_dispute_one_a_case"),
        ]
        indexes = [
            models.Index(fields=["enterprise", "due_at", "id"], condition=models.Q(state__in=OPEN_DISPUTES), name="odr_inbox"),
            models.Index(fields=["enterprise", "opened_at", "id"], name="odr_of_enterprise"),
            models.Index(fields=["due_at", "id"], condition=models.Q(state__in=OPEN_DISPUTES), name="odr_sweep"),
            models.Index(fields=["id"], condition=models.Q(state=DisputeState.UNSETTLED), name="odr_stranded"),
            models.Index(fields=["id"], condition=~models.Q(owed=""), name="odr_untold"),
            models.Index(fields=["opened_at", "id"], name="odr_by_time"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number that people call it by: `ODR`, the row's number and a check digit."""
        digits = f"{self.pk:06d}"
        return f"ODR{digits}{mod_11_10.calc_check_digit(digits)}"

    @property
    def ref(self) -> Ref:
        """How the journal, the clocks and the files speak of it."""
        return ref(self.ref_kind, self.pk)

    @property
    def last_on(self) -> date:
        """The last day of its period, which ends with that day."""
        return local_date(self.due_at - timedelta(seconds=1))

    @property
    def consumer(self) -> Ref:
        """How the journal speaks of its consumer."""
        return ref("consumer", self.pk)

    @property
    def is_open(self) -> bool:
        """Still with the enterprise."""
        return self.state in OPEN_DISPUTES

    @property
    def awaits_consent(self) -> bool:
        """Not settled, and the consumer has not said whether the bureau is to have it."""
        return self.state == DisputeState.UNSETTLED and self.origin == Origin.DIRECT and self.consent_pass == Consent.NOT_ASKED


class Message(models.Model):
    """One thing said in a dispute (协商记录): when, by whom, how, what. Shown is the scrubbed text; as written it lies sealed.

    An offer stands open until it is answered or a newer one replaces it; there is never more than one open offer a dispute.
    """

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(_("side"), max_length=10, choices=Side)
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.ONLINE)
    text = models.TextField(_("text"), blank=True)
    sealed = models.BinaryField(_("as written"), default=b"")
    remedy = models.CharField(_("remedy"), max_length=12, choices=Remedy, blank=True)
    amount_fen = models.BigIntegerField(_("amount"), null=True, help_text=_("In fen (分)."))
    answered = models.CharField(_("answered"), max_length=10, choices=Answered, blank=True, default=Answered.OPEN)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(condition=models.Q(side__in=Side.values), name="odr_message_side_known"),
            models.CheckConstraint(condition=models.Q(kind__in=MessageKind.values), name="odr_message_kind_known"),
            models.CheckConstraint(condition=models.Q(amount_fen__isnull=True) | models.Q(amount_fen__gte=0), name="odr_message_amount"),
            models.UniqueConstraint(
                fields=["dispute"], condition=models.Q(kind=MessageKind.OFFER, answered=Answered.OPEN), name="odr_one_open_offer"
            ),
        ]
        indexes = [models.Index(fields=["dispute", "id"], name="odr_message_of")]

    def __str__(self) -> str:
        return f"{self.kind} {self.dispute_id}"

    @property
    def is_open_offer(self) -> bool:
        """Waits for the other side's answer."""
        return self.kind == MessageKind.OFFER and self.answered == Answered.OPEN


PLACE_CONSUMER = place_of(Dispute, "sealed")
PLACE_MESSAGE = place_of(Message, "sealed")
vaulted(Dispute, "sealed", "person")
vaulted(Message, "sealed", "person")
