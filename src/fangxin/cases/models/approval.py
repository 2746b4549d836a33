"""Applications that someone else has to approve (审批): an extension, a pause. A period moves only with the approval."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases.models.case import Case
from fangxin.kernel.refs import Ref, ref


class ApprovalKind(models.TextChoices):
    """What is applied for."""

    EXTENSION = "extension", pgettext_lazy("approval", "extension of the verification")  # 延长核查期限
    PAUSE = "pause", pgettext_lazy("approval", "test, inspection, appraisal or identification")  # 检测、检验、检疫、鉴定、辨认
    APPRAISAL = "appraisal", pgettext_lazy("approval", "test or appraisal during mediation")  # 调解中的检测、鉴定


class ApprovalOutcome(models.TextChoices):
    """What became of an application."""

    OPEN = "", pgettext_lazy("approval", "waiting for the decision")  # 待审批
    APPROVED = "approved", pgettext_lazy("approval", "approved")  # 批准
    DECLINED = "declined", pgettext_lazy("approval", "declined")  # 不批准
    LAPSED = "lapsed", pgettext_lazy("approval", "no longer needed")  # 不再需要


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Questions about applications."""

    def open(self) -> "ApprovalQuerySet":
        """Not yet decided."""
        return self.filter(outcome=ApprovalOutcome.OPEN)


class Approval(models.Model):
    """One application on a case (审批事项): asked by an officer, decided by the head of the competent bureau, never by the applicant.

    `reason` is the scrubbed text; as written it lies in the case's note.
    """

    ref_kind = "approval"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=ApprovalKind)
    cause = models.CharField(_("cause"), max_length=32, blank=True)
    """Of a pause, as the period's rule names it."""
    starts_on = models.DateField(_("from"), null=True)
    amount = models.PositiveIntegerField(_("amount"), null=True)
    """Of an extension, in the unit that the period's rule names."""
    reason = models.TextField(_("reason"))
    asked_by = models.CharField(_("applied for by"), max_length=64)
    asked_at = models.DateTimeField(_("applied for at"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=ApprovalOutcome, blank=True, default=ApprovalOutcome.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=64, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("application for approval")
        constraints = [
            models.UniqueConstraint(fields=["case", "kind"], condition=models.Q(outcome=""), name="cases_one_open_approval"),
            models.CheckConstraint(condition=models.Q(kind__in=ApprovalKind.values), name="cases_approval_kind_known"),
            models.CheckConstraint(
                condition=models.Q(outcome="", decided_at__isnull=True, decided_by="")
                | (
                    models.Q(outcome__in=[one for one in ApprovalOutcome.values if one], decided_at__isnull=False)
                    & ~models.Q(decided_by="")
                ),
                name="cases_approval_decided",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="cases_approval_reasoned"),
            models.CheckConstraint(
                condition=~models.Q(outcome="approved") | ~models.Q(decided_by=models.F("asked_by")), name="cases_approval_by_another"
            ),
        ]
        indexes = [
            models.Index(fields=["case"], name="cases_approval_case"),
            models.Index(fields=["asked_at"], condition=models.Q(outcome=""), name="cases_approval_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.case_id} {self.outcome}"

    @property
    def ref(self) -> Ref:
        """`approval:7`."""
        return ref(self.ref_kind, self.pk)
