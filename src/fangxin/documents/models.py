"""Documents (文书) with their numbers, to whom they were delivered, and the counters that number them."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.accounts.models import Office
from fangxin.documents.specs import COMPLAINT, DECISION, REPORT, FormSpec, spec
from fangxin.files.models import Attachment
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted
from fangxin.notices.models import Notice


class Series(models.TextChoices):
    """What is numbered together, for each office and year (编号序列)."""

    COMPLAINT = COMPLAINT, _("registrations of complaints")  # 投诉登记编号
    REPORT = REPORT, _("registrations of reports")  # 举报登记编号
    DECISION = DECISION, _("decisions and notices")  # 市监〔年〕第号


class Recipient(models.TextChoices):
    """Whom a document is delivered to (送达对象)."""

    COMPLAINANT = "complainant", pgettext_lazy("delivery", "complainant")  # 投诉人
    RESPONDENT = "respondent", pgettext_lazy("delivery", "respondent")  # 被投诉人
    REPORTER = "reporter", pgettext_lazy("delivery", "reporter")  # 举报人
    OFFICE = "office", pgettext_lazy("delivery", "another bureau")  # 其他市场监督管理局


class Method(models.TextChoices):
    """How a document is delivered (送达方式)."""

    IN_PERSON = "in_person", pgettext_lazy("delivery", "in person")  # 直接送达
    POST = "post", pgettext_lazy("delivery", "post")  # 邮寄
    SMS = "sms", pgettext_lazy("delivery", "text message")  # 短信
    EMAIL = "email", pgettext_lazy("delivery", "e-mail")  # 电子邮件
    PLATFORM = "platform", pgettext_lazy("delivery", "platform on the internet")  # 互联网平台
    TELEPHONE = "telephone", pgettext_lazy("delivery", "telephone")  # 电话告知


MESSAGES = frozenset({Method.SMS, Method.EMAIL})
"""Delivered by the outbox: served once a gateway took the message."""


class Counter(models.Model):
    """The last number of one series of an office in a year (编号计数).

    Locked while a document takes its number, and rolled back with it: no number is given twice, none is lost.
    """

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(pgettext_lazy("document", "year"))
    series = models.CharField(pgettext_lazy("document", "series"), max_length=12, choices=Series)
    last = models.PositiveIntegerField(pgettext_lazy("document", "last number"), default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "year", "series"], name="documents_counter_once")]

    def __str__(self) -> str:
        return f"{self.office_id} {self.year} {self.series}: {self.last}"


class DocumentQuerySet(models.QuerySet["Document"]):
    """Questions about documents."""

    def of(self, subject: str) -> "DocumentQuerySet":
        """What was issued about one thing, newest first."""
        return self.filter(subject=subject).order_by("-pk")

    def valid(self) -> "DocumentQuerySet":
        """Not void."""
        return self.filter(voided_at__isnull=True)


class Document(models.Model):
    """One official document (文书): a form filled in, numbered, and kept as DOCX.

    Its values are sealed. A void document keeps its number (作废), so that the series has no gap.
    """

    ref_kind = "document"

    form = models.CharField(pgettext_lazy("document", "form"), max_length=32)
    subject = models.CharField(_("subject"), max_length=64)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="+", verbose_name=_("office"))
    series = models.CharField(pgettext_lazy("document", "series"), max_length=12, choices=Series)
    year = models.PositiveSmallIntegerField(pgettext_lazy("document", "year"))
    sequence = models.PositiveIntegerField(pgettext_lazy("document", "number in its series"))
    number = models.CharField(pgettext_lazy("document", "number"), max_length=64)
    keys = models.CharField(_("keys"), max_length=12)
    """Whose keys seal it: `reporter` for everything about a report (Order 121 Art 37)."""
    sealed = models.BinaryField(pgettext_lazy("document", "values"))
    docx = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("DOCX"))
    pdf = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("PDF"))
    """Made from the DOCX when it is first asked for."""
    once = models.CharField(_("issued once under"), max_length=64, blank=True)
    issued_by = models.CharField(_("issued by"), max_length=64)
    issued_at = models.DateTimeField(_("issued at"))
    voided_by = models.CharField(_("voided by"), max_length=64, blank=True)
    voided_at = models.DateTimeField(_("voided at"), null=True)
    void_reason = models.TextField(_("reason for voiding"), blank=True)
    sealed_reason = models.BinaryField(_("reason as written"), default=b"")

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [
            models.UniqueConstraint(fields=["office", "series", "year", "sequence"], name="documents_number_once"),
            models.UniqueConstraint(fields=["subject", "form", "once"], condition=~models.Q(once=""), name="documents_issued_once"),
            models.CheckConstraint(condition=models.Q(series__in=Series.values), name="documents_series_known"),
            models.CheckConstraint(
                condition=models.Q(voided_at__isnull=True, voided_by="") | models.Q(voided_at__isnull=False) & ~models.Q(voided_by=""),
                name="documents_voided_by_someone",
            ),
        ]
        indexes = [models.Index(fields=["subject", "form", "id"], name="documents_subject")]

    def __str__(self) -> str:
        return self.number

    @property
    def ref(self) -> Ref:
        """How the journal and its files speak of it."""
        return ref(self.ref_kind, self.pk)

    @property
    def spec(self) -> FormSpec:
        """The form that it fills in."""
        return spec(self.form)


class Delivery(models.Model):
    """One delivery of a document (送达): to whom, how, when, and what proves it.

    `served_at` stays empty while a message is on its way. The tracking number or address lies sealed; what is shown is masked.
    """

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    recipient = models.CharField(_("delivered to"), max_length=12, choices=Recipient)
    method = models.CharField(_("way of delivery"), max_length=12, choices=Method)
    sealed = models.BinaryField(_("reference and address"), default=b"")
    shown = models.CharField(pgettext_lazy("delivery", "reference"), max_length=80, blank=True)
    proof = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("delivery", "proof")
    )
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=pgettext_lazy("delivery", "message")
    )
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("recorded at"))
    served_at = models.DateTimeField(_("served at"), null=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.CheckConstraint(condition=models.Q(recipient__in=Recipient.values), name="documents_recipient_known"),
            models.CheckConstraint(condition=models.Q(method__in=Method.values), name="documents_method_known"),
            models.CheckConstraint(
                condition=models.Q(served_at__isnull=False) | models.Q(notice__isnull=False), name="documents_served_or_on_its_way"
            ),
            models.UniqueConstraint(fields=["notice"], condition=models.Q(notice__isnull=False), name="documents_notice_once"),
        ]
        indexes = [models.Index(fields=["document", "served_at"], name="documents_deliveries")]

    def __str__(self) -> str:
        return f"{self.document_id} {self.recipient} {self.method}"


PLACE_VALUES = place_of(Document, "sealed")
PLACE_REASON = place_of(Document, "sealed_reason")
PLACE_DELIVERY = place_of(Delivery, "sealed")

vaulted(Document, "sealed", lambda document: str(document.keys))
vaulted(Document, "sealed_reason", lambda document: str(document.keys))
vaulted(Delivery, "sealed", lambda delivery: str(delivery.document.keys))
