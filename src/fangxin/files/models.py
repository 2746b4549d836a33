"""Stored contents, and which subject each is attached to."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import Purpose, place_of, vaulted

_KEYS = [(purpose.value, purpose.value) for purpose in Purpose]


class BlobQuerySet(models.QuerySet["Blob"]):
    """Questions about stored contents."""

    def live(self) -> "BlobQuerySet":
        """Those whose content is there."""
        return self.filter(erased_at__isnull=True)


class Blob(models.Model):
    """One content, sealed in one file below FANGXIN_HOME/files, however many subjects it is attached to.

    The same content under two key purposes is two blobs: reporters' files are never shared with others'.
    """

    sha256 = models.CharField(_("SHA-256"), max_length=64)
    keys = models.CharField(_("keys"), max_length=12, choices=_KEYS)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("In bytes, before sealing."))
    stored_at = models.DateTimeField(_("stored at"))
    erased_at = models.DateTimeField(_("erased at"), null=True)

    objects = BlobQuerySet.as_manager()

    class Meta:
        verbose_name = _("stored content")
        constraints = [
            models.UniqueConstraint(fields=["sha256", "keys"], condition=models.Q(erased_at__isnull=True), name="files_blob_once"),
            models.CheckConstraint(condition=models.Q(keys__in=[value for value, _label in _KEYS]), name="files_blob_keys_known"),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def path(self) -> str:
        """Where its file lies, below the folder of files."""
        return f"{self.sha256[:2]}/{self.sha256[2:4]}/{self.sha256}.{self.pk}"


class Reason(models.TextChoices):
    """Why a file is taken off its subject (移除原因)."""

    WRONG_SUBJECT = "wrong_subject", _("belongs to another case")  # 错挂
    DUPLICATE = "duplicate", _("is there twice")  # 重复
    UNREADABLE = "unreadable", _("can't be made out")  # 无法辨认
    WITHDRAWN = "withdrawn", _("taken back by who sent it")  # 提交人撤回
    IRRELEVANT = "irrelevant", _("has nothing to do with the matter")  # 与事项无关


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    """Questions about attachments."""

    def of(self, subject: Ref) -> "AttachmentQuerySet":
        """All that a subject ever had, with their contents, in the order they came."""
        return self.filter(subject=subject).select_related("blob").order_by("pk")

    def live(self) -> "AttachmentQuerySet":
        """Neither removed nor erased."""
        return self.filter(removed_at__isnull=True)


class Attachment(models.Model):
    """A file (附件) of one subject: evidence, a document of ours, a proof of delivery.

    `name` is scrubbed, or neutral where the subject's keys are the reporter's; the name as given lies sealed.
    """

    ref_kind = "attachment"

    subject = models.CharField(pgettext_lazy("file", "subject"), max_length=64)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+", verbose_name=_("stored content"))
    category = models.CharField(_("category"), max_length=24)
    media_type = models.CharField(_("media type"), max_length=100)
    name = models.CharField(pgettext_lazy("file", "name"), max_length=160)
    sealed = models.BinaryField(_("name as given"), default=b"")
    made = models.BooleanField(_("of our own making"), default=False)
    received_sha256 = models.CharField(_("SHA-256 as sent"), max_length=64)
    by = models.CharField(pgettext_lazy("file", "by"), max_length=64)
    at = models.DateTimeField(_("at"))
    removed_at = models.DateTimeField(_("removed at"), null=True)
    erased_at = models.DateTimeField(_("erased at"), null=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        constraints = [
            models.UniqueConstraint(fields=["subject", "blob"], condition=models.Q(removed_at__isnull=True), name="files_attached_once"),
            models.CheckConstraint(
                condition=models.Q(erased_at__isnull=True) | models.Q(removed_at__isnull=False), name="files_erased_is_off"
            ),
        ]
        indexes = [models.Index(fields=["subject", "id"], name="files_of_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.pk}"

    @property
    def ref(self) -> Ref:
        """How the journal speaks of it."""
        return ref(self.ref_kind, self.pk)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.blob.size

    @property
    def sha256(self) -> str:
        """Of the content as kept."""
        return self.blob.sha256

    @property
    def is_live(self) -> bool:
        """Neither removed nor erased."""
        return self.removed_at is None


PLACE_CONTENT = "files.blob.content"
PLACE_NAME = place_of(Attachment, "sealed")

vaulted(Attachment, "sealed", lambda attachment: attachment.blob.keys)
