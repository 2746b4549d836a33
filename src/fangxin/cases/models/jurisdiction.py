"""Disputes over which bureau is competent (管辖争议, Order 121 Art 33)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.accounts.models import Office
from fangxin.cases.models.case import Case
from fangxin.kernel.refs import Ref


class JurisdictionState(models.TextChoices):
    """Where a dispute over jurisdiction stands."""

    NEGOTIATING = "negotiating", pgettext_lazy("jurisdiction", "being negotiated")  # 协商中
    REFERRED = "referred", pgettext_lazy("jurisdiction", "before the superior bureau")  # 报请指定管辖
    AGREED = "agreed", pgettext_lazy("jurisdiction", "agreed")  # 协商一致
    DESIGNATED = "designated", pgettext_lazy("jurisdiction", "designated")  # 指定管辖


OPEN_JURISDICTION = (JurisdictionState.NEGOTIATING, JurisdictionState.REFERRED)


class JurisdictionDisputeQuerySet(models.QuerySet["JurisdictionDispute"]):
    """Questions about disputes over jurisdiction."""

    def open(self) -> "JurisdictionDisputeQuerySet":
        """Not yet agreed or decided."""
        return self.filter(state__in=OPEN_JURISDICTION)


class JurisdictionDispute(models.Model):
    """Two bureaus that each hold the other competent for one case: seven working days to agree, then the superior designates."""

    ref_kind = "jurisdiction"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(_("state"), max_length=12, choices=JurisdictionState, default=JurisdictionState.NEGOTIATING, editable=False)
    raised_by = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("raised by"))
    other = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("the other bureau"))
    outcome = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("competent in the end"))
    raised_at = models.DateTimeField(_("raised at"))
    referred_at = models.DateTimeField(_("referred at"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)

    objects = JurisdictionDisputeQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispute over jurisdiction")
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=JurisdictionState.values), name="cases_jurisdiction_state_known"),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN_JURISDICTION, ended_at__isnull=True)
                | (~models.Q(state__in=OPEN_JURISDICTION) & models.Q(ended_at__isnull=False, outcome__isnull=False)),
                name="cases_jurisdiction_ended",
            ),
            models.CheckConstraint(condition=~models.Q(raised_by=models.F("other")), name="cases_jurisdiction_two"),
            models.UniqueConstraint(fields=["case"], condition=models.Q(state__in=OPEN_JURISDICTION), name="cases_jurisdiction_one_open"),
        ]
        indexes = [models.Index(fields=["raised_at"], condition=models.Q(ended_at__isnull=True), name="cases_jurisdiction_open")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.raised_by_id} / {self.other_id}"

    @property
    def ref(self) -> Ref:
        """How the journal speaks of it."""
        return Ref(f"{self.ref_kind}:{self.pk}")
