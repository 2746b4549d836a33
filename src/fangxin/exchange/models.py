"""What came in by file, what did not, and what goes back."""

from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from fangxin.cases.models import Case
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import vaulted


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    """Questions about imports."""

    def unfinished(self, *, sha256: str, profile: str, profile_digest: str, as_if: bool) -> "ImportRunQuerySet":
        """Runs of this very file under these very rules that broke off, newest first."""
        return self.filter(sha256=sha256, profile=profile, profile_digest=profile_digest, as_if=as_if, finished_at__isnull=True).order_by(
            "-pk"
        )


class ImportRun(models.Model):
    """One file taken in under one profile (导入批次).

    `last_row` and the counts move in the transaction that takes in a batch, so they are true at any moment.
    """

    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    profile = models.CharField(_("profile"), max_length=64)
    profile_digest = models.CharField(max_length=64)
    as_if = models.BooleanField(_("as if in force"), default=False)
    by = models.CharField(_("by"), max_length=64)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    last_row = models.PositiveIntegerField(_("last row"), default=0)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rows=models.F("created") + models.F("updated") + models.F("unchanged") + models.F("quarantined")),
                name="exchange_import_adds_up",
            ),
        ]
        indexes = [models.Index(fields=["sha256", "profile"], name="exchange_import_file")]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.profile})"

    @property
    def ref(self) -> Ref:
        """The run in the journal; it is the actor of what a file brought about, the person who started it stands in FileImported."""
        return ref("import", self.pk)


class RowState(models.TextChoices):
    """Whether someone has dealt with a quarantined row."""

    OPEN = "open", _("open")
    FIXED = "fixed", _("taken in")
    DROPPED = "dropped", _("dropped")


class QuarantinedRowQuerySet(models.QuerySet["QuarantinedRow"]):
    """Questions about quarantined rows."""

    def open(self) -> "QuarantinedRowQuerySet":
        """Rows that wait for someone."""
        return self.filter(state=RowState.OPEN)

    def of_file(self, *, sha256: str, profile: str) -> "QuarantinedRowQuerySet":
        """Rows of one file under one profile, whichever run saw them."""
        return self.filter(sha256=sha256, profile=profile)


class QuarantinedRow(models.Model):
    """A row that could not become a case, with the reason (导入异常行). What it says is sealed: it holds personal data.

    `message` is the English template of the reason, `params` what may be shown of its parameters.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.PROTECT, related_name="+", verbose_name=_("import"))
    sha256 = models.CharField(max_length=64)
    profile = models.CharField(_("profile"), max_length=64)
    row = models.PositiveIntegerField(_("row"))
    column = models.CharField(_("column"), max_length=200, blank=True)
    code = models.CharField(_("code"), max_length=64)
    message = models.TextField(_("reason"))
    params = models.JSONField(default=dict)
    sealed = models.BinaryField(_("sealed"))
    state = models.CharField(_("state"), max_length=8, choices=RowState, default=RowState.OPEN)
    settled_by = models.CharField(_("settled by"), max_length=64, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    objects = QuarantinedRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined row")
        verbose_name_plural = _("quarantined rows")
        constraints = [
            models.UniqueConstraint(fields=["sha256", "profile", "row"], name="exchange_row_once"),
            models.CheckConstraint(condition=models.Q(state__in=RowState.values), name="exchange_row_state_known"),
            models.CheckConstraint(
                condition=models.Q(state=RowState.OPEN, settled_at__isnull=True)
                | (~models.Q(state=RowState.OPEN) & models.Q(settled_at__isnull=False)),
                name="exchange_row_settled_when_settled",
            ),
        ]
        indexes = [models.Index(fields=["run", "row"], condition=models.Q(state="open"), name="exchange_row_open")]

    def __str__(self) -> str:
        return f"{self.row} {self.column} {self.code}"

    @property
    def ref(self) -> Ref:
        """The row in the journal."""
        return ref("quarantined", self.pk)

    @property
    def reason(self) -> str:
        """The reason in the reader's language; what the cell says stands as … until it is revealed."""

        class Shown(dict[str, Any]):
            def __missing__(self, key: str) -> str:
                return "…"

        return gettext(self.message) % Shown(self.params)


class What(models.TextChoices):
    """What is told to the channel."""

    DISPATCHED = "dispatched", _("dispatched")
    RESPONDED = "responded", _("responded")
    REPORTED = "reported", _("reported back")
    CLOSED = "closed", _("closed")


class ExportRun(models.Model):
    """One file of dispositions for a channel (回传批次)."""

    profile = models.CharField(_("profile"), max_length=64)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField(max_length=64)
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))
    count = models.PositiveIntegerField(_("rows"))

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")

    def __str__(self) -> str:
        return f"{self.file_name} ({self.profile})"

    @property
    def ref(self) -> Ref:
        """The run in the journal."""
        return ref("export", self.pk)


class DispositionQuerySet(models.QuerySet["Disposition"]):
    """Questions about the outbox."""

    def pending(self, channel: str) -> "DispositionQuerySet":
        """What a channel has not been told yet, oldest first."""
        return self.filter(channel=channel, exported_in__isnull=True).order_by("pk")

    def unacknowledged(self, channel: str) -> "DispositionQuerySet":
        """What a channel was told and has not confirmed."""
        return self.filter(channel=channel, exported_in__isnull=False, acknowledged_at__isnull=True).order_by("pk")


class Disposition(models.Model):
    """One thing that happened to a case and that its channel is to be told (处置反馈). `entry` is its place in the journal."""

    entry = models.PositiveBigIntegerField(_("journal entry"), unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+", verbose_name=_("case"))
    channel = models.CharField(_("channel"), max_length=16)
    outside_number = models.CharField(_("outside number"), max_length=64)
    what = models.CharField(_("what"), max_length=12, choices=What)
    unit = models.CharField(_("unit"), max_length=80, blank=True)
    at = models.DateTimeField(_("at"))
    text = models.TextField(_("text"), blank=True)
    exported_in = models.ForeignKey(ExportRun, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("export"))
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    refusal = models.CharField(_("refusal"), max_length=300, blank=True)
    """What the channel answered when it did not take it."""

    objects = DispositionQuerySet.as_manager()

    class Meta:
        verbose_name = _("disposition")
        verbose_name_plural = _("dispositions")
        constraints = [
            models.CheckConstraint(condition=models.Q(what__in=What.values), name="exchange_disposition_known"),
            models.CheckConstraint(condition=~models.Q(outside_number=""), name="exchange_disposition_numbered"),
        ]
        indexes = [
            models.Index(fields=["channel", "id"], condition=models.Q(exported_in__isnull=True), name="exchange_outbox"),
            models.Index(fields=["outside_number"], name="exchange_disposition_number"),
        ]

    def __str__(self) -> str:
        return f"{self.outside_number} {self.what}"


class Collected(models.Model):
    """How far the journal has been read for the outbox; one row."""

    entry = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.entry)


vaulted(QuarantinedRow, "sealed", "person")
