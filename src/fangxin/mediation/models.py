"""What mediation keeps beside the case: invitations, consents, sessions, recusals, agreement, delegation, appraisal."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.accounts.models import Office, Person
from fangxin.cases.models import Case, Side
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import Purpose, place_of, vaulted
from fangxin.mediation.states import (
    AskedBy,
    Attendance,
    Bearer,
    Choice,
    Decision,
    DelegationEnd,
    Means,
    Mode,
    Question,
    Result,
    SessionState,
    Way,
)


class Invitation(models.Model):
    """One side was invited to mediation, or asked about its delegation (调解邀请, Order 121 Arts 18, 19)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(_("question"), max_length=12, choices=Question)
    side = models.CharField(_("side"), max_length=12, choices=Side)
    means = models.CharField(_("means"), max_length=12, choices=Means)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("invitation")
        indexes = [models.Index(fields=["case"], name="mediation_invitation_case")]

    def __str__(self) -> str:
        return f"{self.side} {self.means}"


class Consent(models.Model):
    """What one side answered to one question; the newest answer counts (同意调解, Order 121 Arts 18, 19)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(_("question"), max_length=12, choices=Question)
    side = models.CharField(_("side"), max_length=12, choices=Side)
    given = models.BooleanField(_("given"))
    means = models.CharField(_("means"), max_length=12, choices=Means)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("consent")
        constraints = [
            models.CheckConstraint(condition=models.Q(question__in=Question.values, side__in=Side.values), name="mediation_consent_known")
        ]
        indexes = [models.Index(fields=["case", "id"], name="mediation_consent_case")]

    def __str__(self) -> str:
        return f"{self.side} {self.question} {self.given}"


class SessionQuerySet(models.QuerySet["Session"]):
    """Questions about sessions."""

    def scheduled(self) -> "SessionQuerySet":
        """Arranged and neither recorded nor cancelled."""
        return self.filter(state=SessionState.SCHEDULED)

    def clashing(self, mediator: Person, starts_at: datetime, ends_at: datetime) -> "SessionQuerySet":
        """Arranged sessions of the mediator that touch this stretch of time; one may begin when another ends."""
        return self.scheduled().filter(mediator=mediator, starts_at__lt=ends_at, ends_at__gt=starts_at)


class Session(models.Model):
    """One meeting of both sides with a mediator (调解), on site or not (Order 121 Art 20)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(_("mode"), max_length=12, choices=Mode)
    state = models.CharField(_("state"), max_length=12, choices=SessionState, default=SessionState.SCHEDULED, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("office"))
    """Whose mediator presides: the unit, or the delegated body."""
    mediator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("mediator"))
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("ends"))
    place = models.CharField(pgettext_lazy("session", "place"), max_length=200, blank=True)
    materials = models.CharField(_("to be brought along"), max_length=200, blank=True)
    recusal_days = models.PositiveSmallIntegerField(_("days to ask for recusal"), null=True)
    told_complainant = models.CharField(_("complainant told by"), max_length=12, choices=Means, blank=True)
    told_respondent = models.CharField(_("respondent told by"), max_length=12, choices=Means, blank=True)
    complainant = models.CharField(_("complainant"), max_length=12, choices=Attendance, blank=True)
    respondent = models.CharField(pgettext_lazy("side", "respondent"), max_length=12, choices=Attendance, blank=True)
    result = models.CharField(pgettext_lazy("session", "result"), max_length=12, choices=Result, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"), null=True)
    by = models.CharField(_("by"), max_length=64)

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("mediation", "session")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=models.Q(state="scheduled"), name="mediation_one_session_coming"),
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="mediation_session_lasts"),
            models.CheckConstraint(condition=models.Q(mode__in=Mode.values, state__in=SessionState.values), name="mediation_session_known"),
            models.CheckConstraint(
                condition=~models.Q(state__in=("held", "missed")) | models.Q(recorded_at__isnull=False), name="mediation_session_recorded"
            ),
        ]
        indexes = [
            models.Index(fields=["starts_at", "id"], condition=models.Q(state="scheduled"), name="mediation_coming"),
            models.Index(fields=["mediator", "starts_at", "id"], condition=models.Q(state="scheduled"), name="mediation_coming_mediator"),
            models.Index(fields=["case"], name="mediation_session_case"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def told(self) -> dict[str, str]:
        """How each side was told of it; empty: not yet."""
        return {Side.COMPLAINANT.value: self.told_complainant, Side.RESPONDENT.value: self.told_respondent}


class Recusal(models.Model):
    """A request that a mediator stand aside, and what was decided (回避, Order 121 Art 21). The reason is a note of the case."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    mediator = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("mediator"))
    asked_by = models.CharField(_("asked by"), max_length=12, choices=AskedBy)
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=64)
    decision = models.CharField(_("decision"), max_length=12, choices=Decision, blank=True)
    replacement = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("replacement"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("recusal")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=models.Q(decision=""), name="mediation_one_recusal_open"),
            models.CheckConstraint(
                condition=models.Q(decision="", decided_at__isnull=True) | (~models.Q(decision="") & models.Q(decided_at__isnull=False)),
                name="mediation_recusal_decided",
            ),
            models.CheckConstraint(
                condition=~models.Q(decision="granted") | models.Q(replacement__isnull=False), name="mediation_recusal_replaced"
            ),
        ]
        indexes = [models.Index(fields=["case"], name="mediation_recusal_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.mediator_id} {self.decision}"


class Agreement(models.Model):
    """What the parties agreed on (调解协议, Order 121 Art 24). Shown are the scrubbed terms; as written they lie sealed if scrubbing found personal data."""

    ref_kind = "agreement"

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    way = models.CharField(_("way"), max_length=12, choices=Way)
    terms = models.TextField(_("terms"))
    sealed = models.BinaryField(_("as written"), default=b"")
    recovered_fen = models.BigIntegerField(_("amount recovered"), default=0, help_text=_("In fen (分)."))
    complainant_signed_on = models.DateField(_("signed by the complainant on"), null=True)
    respondent_signed_on = models.DateField(_("signed by the respondent on"), null=True)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("agreement")
        constraints = [
            models.CheckConstraint(condition=models.Q(way__in=Way.values), name="mediation_agreement_way_known"),
            models.CheckConstraint(condition=models.Q(recovered_fen__gte=0), name="mediation_agreement_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.way}"

    @property
    def ref(self) -> Ref:
        """`agreement:7`."""
        return ref(self.ref_kind, self.pk)

    @property
    def ready(self) -> bool:
        """Nothing stands between the agreement and the closing: no paper is needed, or both have signed it."""
        return self.way != Way.WRITTEN or bool(self.complainant_signed_on and self.respondent_signed_on)


class DelegationQuerySet(models.QuerySet["Delegation"]):
    """Questions about delegations."""

    def open(self) -> "DelegationQuerySet":
        """Not yet ended."""
        return self.filter(ended_at__isnull=True)


class Delegation(models.Model):
    """A complaint is mediated by an association or a station in the bureau's name (委托调解, Order 121 Art 19)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("delegated body"))
    at = models.DateTimeField(_("at"))
    by = models.CharField(_("by"), max_length=64)
    reported_at = models.DateTimeField(_("result reported at"), null=True)
    """When the body told the bureau what the parties agreed on."""
    end = models.CharField(pgettext_lazy("delegation", "end"), max_length=12, choices=DelegationEnd, blank=True)
    ground = models.CharField(_("ground"), max_length=4, blank=True)
    """Why it could not be settled: the item of Order 121 Art 23 that the body names when it hands back."""
    ended_at = models.DateTimeField(_("ended at"), null=True)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = _("delegation")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=models.Q(ended_at__isnull=True), name="mediation_one_delegation_open"),
            models.CheckConstraint(
                condition=models.Q(end="", ended_at__isnull=True) | (~models.Q(end="") & models.Q(ended_at__isnull=False)),
                name="mediation_delegation_ended",
            ),
        ]
        indexes = [models.Index(fields=["case"], name="mediation_delegation_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.office_id}"


class Appraisal(models.Model):
    """Who tests or appraises the goods, and who pays for it (检测、鉴定, Order 121 Art 22). The pause of the period is an act of its own."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    body = models.CharField(_("testing or appraisal body"), max_length=120)
    choice = models.CharField(_("choice of the body"), max_length=12, choices=Choice)
    bearer = models.CharField(_("cost borne by"), max_length=12, choices=Bearer)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("test or appraisal")
        indexes = [models.Index(fields=["case", "id"], name="mediation_appraisal_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.body}"


PLACE_AGREEMENT = place_of(Agreement, "sealed")

vaulted(Agreement, "sealed", Purpose.PERSON)
