"""Erasure of personal data (个人信息删除), asked for by one and approved by another."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases.models.case import Case


class ErasureGround(models.TextChoices):
    """Why personal data is erased (个人信息保护法 Art 47)."""

    EXPIRED = "expired", pgettext_lazy("erasure", "the retention period is over")  # 保存期限已届满
    UNLAWFUL = "unlawful", pgettext_lazy("erasure", "it was taken in against the law")  # 违反法律、行政法规处理个人信息
    MISTAKEN = "mistaken", pgettext_lazy("erasure", "it was entered by mistake and belongs to someone else")  # 误录他人信息


class Erasure(models.Model):
    """A request to erase what a case holds of people; it takes a second person's approval (个人信息保护法 Art 47)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    ground = models.CharField(_("ground"), max_length=12, choices=ErasureGround)
    asked_by = models.CharField(_("asked for by"), max_length=64)
    asked_at = models.DateTimeField(_("asked for at"))
    approved_by = models.CharField(_("approved by"), max_length=64, blank=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)

    class Meta:
        verbose_name = _("erasure")
        constraints = [
            models.UniqueConstraint(fields=["case"], name="cases_erased_once"),
            models.CheckConstraint(condition=models.Q(ground__in=ErasureGround.values), name="cases_erasure_ground_known"),
            models.CheckConstraint(
                condition=models.Q(approved_at__isnull=True, approved_by="")
                | (models.Q(approved_at__isnull=False) & ~models.Q(approved_by="") & ~models.Q(approved_by=models.F("asked_by"))),
                name="cases_erasure_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.ground}"
