"""What became of a case: who was told, what the call-back found, what was taken back or reopened."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases.models.case import Case
from fangxin.clocks.models import Clock

BEST = 5
"""The best score of a call-back; 1 is the worst."""


class Side(models.TextChoices):
    """A side of the dispute (当事人)."""

    COMPLAINANT = "complainant", _("complainant")  # 投诉人
    RESPONDENT = "respondent", pgettext_lazy("side", "respondent")  # 被投诉人


class Told(models.Model):
    """One side was told of a termination (告知), by some way; the period of notice (`clock`) ends when both are."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(_("side"), max_length=12, choices=Side)
    method = models.CharField(_("way"), max_length=16, blank=True)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "side"], name="cases_told_once"),
            models.CheckConstraint(condition=models.Q(side__in=Side.values), name="cases_told_side_known"),
        ]
        indexes = [models.Index(fields=["case"], name="cases_told_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.side}"


class CallBack(models.Model):
    """One attempt to ask the complainant afterwards (回访, Order 121 Art 26): whether the matter is solved, and how satisfied they are.

    Scores run from 1 (very dissatisfied) to 5 (very satisfied); there are none where nobody was reached. What was said is a note.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    attempt = models.PositiveSmallIntegerField(_("attempt"))
    reached = models.BooleanField(_("reached"))
    process = models.PositiveSmallIntegerField(
        _("satisfaction with the process"), null=True, validators=[MinValueValidator(1), MaxValueValidator(BEST)]
    )
    result = models.PositiveSmallIntegerField(
        _("satisfaction with the result"), null=True, validators=[MinValueValidator(1), MaxValueValidator(BEST)]
    )
    solved = models.BooleanField(_("solved"), null=True)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("call-back")
        constraints = [
            models.UniqueConstraint(fields=["case", "attempt"], name="cases_call_back_once"),
            models.CheckConstraint(
                condition=models.Q(reached=True, process__isnull=False, result__isnull=False, solved__isnull=False)
                | models.Q(reached=False, process__isnull=True, result__isnull=True, solved__isnull=True),
                name="cases_call_back_whole",
            ),
            models.CheckConstraint(condition=models.Q(process__range=(1, BEST), result__range=(1, BEST)), name="cases_call_back_scores"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.attempt}"


class CorrectionKind(models.TextChoices):
    """How a step was undone."""

    TAKEN_BACK = "taken_back", _("taken back before its notice was served")  # 送达前撤回
    REOPENED = "reopened", _("reopened")  # 重新办理


class Correction(models.Model):
    """A decision taken back, or a closed case reopened (更正): which step was undone, and where the case stood and stands again."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=CorrectionKind)
    undone = models.CharField(_("step undone"), max_length=32)
    was = models.CharField(_("state before"), max_length=16)
    again = models.CharField(_("state after"), max_length=16)
    decided_at = models.DateTimeField(_("decided at"))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("correction")
        constraints = [models.CheckConstraint(condition=models.Q(kind__in=CorrectionKind.values), name="cases_correction_known")]
        indexes = [models.Index(fields=["case", "at"], name="cases_correction_case")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.undone}"
