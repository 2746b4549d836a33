"""Running clocks (时限), what changed them, and the calendars they were counted on."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class CalendarVersion(models.Model):
    """One state of knowledge about days off and make-up days (放假调休), as the State Council's notices give it.

    A version is complete and never changes: a due date can be derived again from it. A new notice makes a new version.
    """

    label = models.CharField(_("version"), max_length=40, unique=True)
    known_until = models.DateField(_("known until"))
    years = models.JSONField(_("years"))
    """One object a year: year, revision, notice, days_off, make_up (ISO dates)."""
    digest = models.CharField(_("digest"), max_length=64)
    loaded_at = models.DateTimeField(_("loaded at"))

    class Meta:
        verbose_name = _("calendar version")

    def __str__(self) -> str:
        return self.label


class Announced(models.IntegerChoices):
    """How far a running clock's alarms have been raised."""

    NOTHING = 0, _("in time")
    NEARING = 1, _("nearing")
    DUE = 2, _("due")
    BREACHED = 3, _("overdue")


class Verdict(models.TextChoices):
    """What is said of a stopped clock."""

    RUNNING = "", _("running")
    IN_TIME = "in_time", _("in time")
    LATE = "late", _("late")
    VOID = "void", _("void")  # it no longer applied, so it counts nowhere


class ClockQuerySet(models.QuerySet["Clock"]):
    """Questions about clocks."""

    def of(self, subject: str) -> "ClockQuerySet":
        """The clocks of one subject, the nearest first."""
        return self.filter(subject=subject).order_by("stopped_at", "due_at", "pk")

    def running(self) -> "ClockQuerySet":
        """Not stopped; a paused clock still runs in this sense."""
        return self.filter(stopped_at__isnull=True)

    def to_announce(self, now: datetime) -> "ClockQuerySet":
        """Clocks that have passed a threshold not yet announced, however long ago, the oldest first."""
        return self.filter(next_at__lte=now).order_by("next_at", "pk")

    def provisional(self) -> "ClockQuerySet":
        """Running clocks whose dates rest on days that no notice has settled yet."""
        return self.running().filter(provisional=True)


class Clock(models.Model):
    """One period running, or having run, for one subject (时限).

    Its dates are a pure function of start, rule version, calendar version and adjustments (`rules.due`); what is stored is a
    cache that `services.derive` proves. The rule version is the one in force on the day of the start event.
    """

    subject = models.CharField(_("subject"), max_length=32)
    term = models.CharField(_("period"), max_length=40)
    version = models.CharField(_("rule version"), max_length=40)
    calendar = models.ForeignKey(CalendarVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("calendar version"))
    as_if = models.BooleanField(_("as if in force"), default=False)
    received_at = models.DateTimeField(_("first received at"), null=True)
    started_at = models.DateTimeField(_("started at"))
    set_on = models.DateField(_("day set by the notice"), null=True)
    strict_on = models.DateField(_("last day (strict)"), null=True)
    lenient_on = models.DateField(_("last day (lenient)"), null=True)
    nearing_at = models.DateTimeField(_("alarm at"), null=True)
    due_at = models.DateTimeField(_("due at"), null=True)
    breach_at = models.DateTimeField(_("overdue at"), null=True)
    provisional = models.BooleanField(_("provisional"), default=False)
    paused = models.BooleanField(_("paused"), default=False)
    announced = models.PositiveSmallIntegerField(_("announced"), choices=Announced, default=Announced.NOTHING)
    next_at = models.DateTimeField(_("next threshold"), null=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict, blank=True, default=Verdict.RUNNING)
    strict_in_time = models.BooleanField(_("in time on the strict date"), null=True)
    overrun = models.IntegerField(_("overrun"), null=True, help_text=_("Days, or seconds for periods in hours."))

    objects = ClockQuerySet.as_manager()

    class Meta:
        verbose_name = _("clock")
        constraints = [
            models.UniqueConstraint(fields=["subject", "term"], condition=models.Q(stopped_at__isnull=True), name="clocks_one_running"),
            models.CheckConstraint(condition=models.Q(announced__in=Announced.values), name="clocks_announced_known"),
            models.CheckConstraint(condition=models.Q(verdict__in=Verdict.values), name="clocks_verdict_known"),
            models.CheckConstraint(
                condition=models.Q(stopped_at__isnull=True, verdict="") | (models.Q(stopped_at__isnull=False) & ~models.Q(verdict="")),
                name="clocks_verdict_when_stopped",
            ),
            models.CheckConstraint(
                condition=models.Q(stopped_at__isnull=True) | models.Q(next_at__isnull=True), name="clocks_stopped_is_quiet"
            ),
        ]
        indexes = [
            models.Index(fields=["subject"], name="clocks_subject"),
            models.Index(fields=["next_at", "id"], condition=models.Q(next_at__isnull=False), name="clocks_sweep"),
            models.Index(fields=["id"], condition=models.Q(provisional=True, stopped_at__isnull=True), name="clocks_provisional"),
        ]

    def __str__(self) -> str:
        return f"{self.term} {self.subject}"


class AdjustmentKind(models.TextChoices):
    """What can change a running clock."""

    PAUSE = "pause", _("pause")  # 不计入期限 / 中止
    EXTENSION = "extension", _("extension")  # 延长
    RESTART = "restart", _("restart")  # 重新计算
    RULE = "rule", _("rule override")  # 另行适用


class Adjustment(models.Model):
    """One change of a clock, with its reason and who approved it."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=AdjustmentKind)
    cause = models.CharField(_("cause"), max_length=32, blank=True)
    """For a pause: test, appraisal …, as the rule names it. For an override: the rule version left."""
    starts_on = models.DateField(_("from"), null=True)
    ends_on = models.DateField(_("to"), null=True)
    amount = models.PositiveIntegerField(_("amount"), null=True)
    unit = models.CharField(_("unit"), max_length=12, blank=True)
    reason = models.TextField(_("reason"))
    approver = models.CharField(_("approved by"), max_length=64)
    by = models.CharField(_("recorded by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("adjustment")
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=AdjustmentKind.values), name="clocks_adjustment_known"),
            models.CheckConstraint(condition=~models.Q(reason="") & ~models.Q(approver=""), name="clocks_adjustment_reasoned"),
            models.UniqueConstraint(fields=["clock"], condition=models.Q(kind="pause", ends_on__isnull=True), name="clocks_one_open_pause"),
        ]
        indexes = [models.Index(fields=["clock"], name="clocks_adjustment_clock")]

    def __str__(self) -> str:
        return f"{self.kind} {self.clock_id}"
