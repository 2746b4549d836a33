"""What oversight keeps: who stands in for whom, and how far an overdue case has been taken up (代班、督办)."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases.models.case import Case


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Questions about absences."""

    def on(self, day: date) -> "AbsenceQuerySet":
        """Those that cover a day and were not called off."""
        return self.filter(from_on__lte=day, until_on__gte=day, ended_at__isnull=True)


class Absence(models.Model):
    """A person is away for some days, and another stands in (代班): sees those cases among the own ones, is told what is overdue."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    deputy = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("deputy"))
    from_on = models.DateField(_("first day away"))
    until_on = models.DateField(_("last day away"))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))
    ended_at = models.DateTimeField(_("called off at"), null=True)

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        constraints = [
            models.CheckConstraint(condition=~models.Q(person=models.F("deputy")), name="cases_absence_two"),
            models.CheckConstraint(condition=models.Q(until_on__gte=models.F("from_on")), name="cases_absence_days"),
        ]
        indexes = [
            models.Index(fields=["person", "until_on"], condition=models.Q(ended_at__isnull=True), name="cases_absent"),
            models.Index(fields=["deputy", "until_on"], condition=models.Q(ended_at__isnull=True), name="cases_deputy"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} → {self.deputy_id} {self.from_on}–{self.until_on}"


class Escalation(models.Model):
    """How far up an overdue period of a case has been taken (督办层级); one row a clock, so that nothing is told twice."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    clock = models.BigIntegerField(_("clock"), unique=True)
    level = models.PositiveSmallIntegerField(_("level"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("escalation")
        constraints = [models.CheckConstraint(condition=models.Q(level__gte=1), name="cases_escalation_level")]
        indexes = [models.Index(fields=["case"], name="cases_escalation_case")]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.level}"
