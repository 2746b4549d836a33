"""What reports bring along: what the reporter was told, where a report was transferred, the reward."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases.models.case import Case


class NoticeOutcome(models.TextChoices):
    """How a duty to tell somebody stands once it is written down."""

    OWED = "", pgettext_lazy("notice", "still owed")  # 尚未告知
    TOLD = "told", pgettext_lazy("notice", "told")  # 已告知
    NOT_OWED = "not_owed", pgettext_lazy("notice", "not owed")  # 无须告知


class ReporterNoticeQuerySet(models.QuerySet["ReporterNotice"]):
    """Questions about what has been told."""

    def owed(self) -> "ReporterNoticeQuerySet":
        """Closed without having been told."""
        return self.filter(outcome=NoticeOutcome.OWED)


class ReporterNotice(models.Model):
    """One duty of the notice matrix for one report (告知义务): fulfilled, or left open when the report was closed.

    `duty` is an id of `clocks/data/notices.toml`; a duty that has no row yet is simply not fulfilled. What was said stands in the
    note of the step.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    duty = models.CharField(_("duty"), max_length=48)
    outcome = models.CharField(_("outcome"), max_length=10, choices=NoticeOutcome, blank=True, default=NoticeOutcome.OWED)
    method = models.CharField(_("way"), max_length=16, blank=True)
    by = models.CharField(_("by"), max_length=64, blank=True)
    at = models.DateTimeField(_("at"), null=True)

    objects = ReporterNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice to the reporter")
        constraints = [
            models.UniqueConstraint(fields=["case", "duty"], name="cases_reporter_notice_once"),
            models.CheckConstraint(condition=models.Q(outcome__in=NoticeOutcome.values), name="cases_reporter_notice_known"),
        ]
        indexes = [models.Index(fields=["case"], condition=models.Q(outcome=""), name="cases_reporter_notice_owed")]

    def __str__(self) -> str:
        return f"{self.duty} {self.case_id}"


class Transfer(models.Model):
    """A report that went to another body (移送): to which, and under which letter; the newest counts where it was reopened since."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    body = models.CharField(_("body"), max_length=100)
    reference = models.CharField(_("reference of the letter"), max_length=60)
    on = models.DateField(_("sent on"))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("transfer to another body")
        indexes = [models.Index(fields=["case"], name="cases_transfer_case")]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.body}"


class RewardGround(models.TextChoices):
    """Why a reporter can't be rewarded (不予奖励情形)."""

    NOT_SERIOUS = "not_serious", _("no serious violation within the scope of the reward rules")  # 不属于重大违法行为
    UNPROVEN = "unproven", _("the report did not prove true, or no case was concluded on it")  # 未查证属实或未结案
    NOT_NATURAL = "not_natural", _("the reporter is not a natural person")  # 举报人不是自然人
    STAFF = "staff", _("staff of market supervision, or someone bound by law to watch or to report")  # 工作人员、法定监督报告义务人员
    INFRINGED = "infringed", _("the infringed party, its agent or an interested person")  # 被侵权方及其委托代理人、利害关系人
    OFFENDER = "offender", _("a person who committed the violation (insiders excepted)")  # 实施违法行为人
    PAID = "paid", _("paid or rewarded for the report by another business")  # 因举报获得其他市场主体报酬


class Reward(models.Model):
    """A note on the reward of a reporter (举报奖励), with its calculation; no payment is made here.

    It holds no account, no payee and no name: who the reporter is stays in the vault of the report.
    """

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(_("rule version"), max_length=40)
    eligible = models.BooleanField(_("eligible"))
    ground = models.CharField(_("ground"), max_length=16, choices=RewardGround, blank=True)
    grade = models.PositiveSmallIntegerField(_("grade"), null=True)
    base_fen = models.BigIntegerField(_("fine and confiscation"), default=0, help_text=_("In fen (分)."))
    amount_fen = models.BigIntegerField(_("computed reward"), default=0, help_text=_("In fen (分)."))
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))
    told_at = models.DateTimeField(_("told at"), null=True)
    claimed_at = models.DateTimeField(_("claimed at"), null=True)

    class Meta:
        verbose_name = _("reward note")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(eligible=True, ground="", grade__isnull=False)
                | (models.Q(eligible=False, grade__isnull=True, amount_fen=0) & ~models.Q(ground="")),
                name="cases_reward_reasoned",
            ),
            models.CheckConstraint(condition=models.Q(base_fen__gte=0, amount_fen__gte=0), name="cases_reward_not_negative"),
            models.CheckConstraint(
                condition=models.Q(claimed_at__isnull=True) | models.Q(told_at__isnull=False), name="cases_reward_told_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.amount_fen}"
