"""Tables of the journal."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class EntryQuerySet(models.QuerySet["Entry"]):
    """Questions to the journal."""

    def of(self, subject: str) -> "EntryQuerySet":
        """The history of one subject, oldest first."""
        return self.filter(subject=subject).order_by("seq")


class Entry(models.Model):
    """One line of the journal (日志): what happened, to what, by whom. Written once, by `publish`, and never changed.

    `seq` has no gaps and follows the order of commits, so `seq > watermark` misses nothing. `link` chains the entries of one
    subject, `head` all entries: SHA-256 over the previous one and this entry's text (`chain.py`).
    """

    seq = models.BigIntegerField(_("number"), primary_key=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    at = models.DateTimeField(_("happened at"))
    event = models.CharField(_("event"), max_length=64)
    subject = models.CharField(_("subject"), max_length=64)
    actor = models.CharField(_("actor"), max_length=64)
    data = models.TextField(_("data"))
    link = models.BinaryField(_("link"), max_length=32)
    head = models.BinaryField(_("head"), max_length=32)

    objects = EntryQuerySet.as_manager()

    class Meta:
        db_table = "kernel_journal"
        indexes = [models.Index(fields=["subject", "seq"], name="kernel_journal_subject")]

    def __str__(self) -> str:
        return f"{self.seq} {self.event} {self.subject}"


class Head(models.Model):
    """The one row that every writer locks last: the number and hash of the newest entry."""

    seq = models.BigIntegerField(default=0)
    head = models.BinaryField(max_length=32, default=bytes(32))
    recorded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "kernel_journal_head"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="kernel_journal_one_head")]

    def __str__(self) -> str:
        return f"head {self.seq}"


class DailyRoot(models.Model):
    """The Merkle root over one local day's links, chained to the day before and signed (日终存证)."""

    day = models.DateField(_("day"), unique=True)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    chained = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)

    class Meta:
        db_table = "kernel_journal_root"

    def __str__(self) -> str:
        return str(self.day)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Questions to the open deliveries."""

    def due(self, now: datetime) -> "DeliveryQuerySet":
        """What may be tried (again) now, oldest first."""
        return self.filter(next_at__lte=now).order_by("entry_id", "handler")

    def failing(self) -> "DeliveryQuerySet":
        """What has failed at least once."""
        return self.filter(attempts__gt=0).order_by("next_at")


class Delivery(models.Model):
    """An event that a handler has not yet dealt with; the row goes when it has."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    handler = models.CharField(_("handler"), max_length=128)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_at = models.DateTimeField(_("next attempt"), db_index=True)
    error = models.TextField(_("last error"), blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "kernel_delivery"
        constraints = [models.UniqueConstraint(fields=["entry", "handler"], name="kernel_delivery_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} → {self.handler}"
