"""Cases worked together (合并办理), and what the people of a joint complaint have agreed to (共同投诉, Order 121 Art 12)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases.models.case import Case, Party


class CombinationQuerySet(models.QuerySet["Combination"]):
    """Questions about cases worked together."""

    def standing(self) -> "CombinationQuerySet":
        """Not taken back."""
        return self.filter(ended_at__isnull=True)


class Combination(models.Model):
    """One case worked together with another (合并办理) from a time on, until that is taken back.

    Nothing of either case is given up: people, numbers and periods stay with each; `Case.lead` says which case leads today.
    """

    lead = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    member = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))
    ended_by = models.CharField(_("taken back by"), max_length=64, blank=True)
    ended_at = models.DateTimeField(_("taken back at"), null=True)

    objects = CombinationQuerySet.as_manager()

    class Meta:
        verbose_name = _("combination")
        constraints = [
            models.UniqueConstraint(fields=["member"], condition=models.Q(ended_at__isnull=True), name="cases_combined_once"),
            models.CheckConstraint(condition=~models.Q(lead=models.F("member")), name="cases_combined_two"),
        ]
        indexes = [models.Index(fields=["lead"], name="cases_combined_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} ← {self.member_id}"


class Matter(models.TextChoices):
    """What the people of a joint complaint have to agree to (Art 12)."""

    JOIN = "join", pgettext_lazy("matter", "complain jointly")  # 共同投诉
    CHANGE = "change", pgettext_lazy("matter", "change the claim")  # 变更投诉请求
    WAIVE = "waive", pgettext_lazy("matter", "give up the claim or withdraw")  # 放弃投诉请求
    SETTLE = "settle", pgettext_lazy("matter", "settle")  # 达成调解协议


class JointConsentQuerySet(models.QuerySet["JointConsent"]):
    """Questions about what people have agreed to."""

    def latest_answers(self, case: Case, matter: str) -> dict[int, "JointConsent"]:
        """Each person's newest answer to one question, by the person's key."""
        return {one.party_id: one for one in self.filter(case=case, matter=matter).order_by("at", "pk")}


class JointConsent(models.Model):
    """One person's answer to one question of a joint complaint; a later one counts instead of an earlier one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="+")
    matter = models.CharField(_("matter"), max_length=8, choices=Matter)
    given = models.BooleanField(_("agrees"))
    in_writing = models.BooleanField(_("in writing"))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    objects = JointConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent in a joint complaint")
        constraints = [models.CheckConstraint(condition=models.Q(matter__in=Matter.values), name="cases_joint_matter_known")]
        indexes = [models.Index(fields=["case", "matter"], name="cases_joint_consent")]

    def __str__(self) -> str:
        return f"{self.party_id} {self.matter} {self.given}"
