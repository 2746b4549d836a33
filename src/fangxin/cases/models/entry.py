"""What is being taken down while somebody speaks (录入草稿), and what programs have handed in under a key."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import filings
from fangxin.cases.models.case import Case, Channel
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted


class DraftOutcome(models.TextChoices):
    """What became of a draft."""

    OPEN = "open", _("being taken down")
    TAKEN = "taken", _("registered")
    DISCARDED = "discarded", _("discarded")


class DiscardReason(models.TextChoices):
    """Why a draft was given up without becoming a case."""

    WITHDRAWN = "withdrawn", _("the person did not wish to go on")
    CONSULTED = "consulted", _("answered on the spot, nothing to register")
    CUT_OFF = "cut_off", _("the line was cut, nothing usable was said")
    DUPLICATE = "duplicate", _("already registered")
    TRIAL = "trial", _("practice or mistake")


class DraftQuerySet(models.QuerySet["Draft"]):
    """Questions about drafts."""

    def open(self) -> "DraftQuerySet":
        """Still being taken down."""
        return self.filter(outcome=DraftOutcome.OPEN)


class Draft(models.Model):
    """A filing while it is being taken down (录入草稿), of one person; saved as the caller talks.

    All that was typed lies sealed, with the reporters' keys as soon as it may be a report. What the list of drafts shows is masked.
    `token` comes with the form, so that the first save makes one draft however often it is sent; `tab` is the window that writes: a
    window opened later takes it over. When it has become a case or was discarded, what was sealed is wiped: the case holds it now,
    or nobody may.
    """

    ref_kind = "draft"

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    token = models.CharField(max_length=32, unique=True, editable=False)
    tab = models.CharField(max_length=32, editable=False)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    kind = models.CharField(_("kind"), max_length=16)
    keys = models.CharField(_("keys"), max_length=12)
    """Whose keys it is sealed with, as for `Party`."""
    sealed = models.BinaryField(_("sealed"), default=b"")
    said = models.BinaryField(max_length=16, default=b"")
    """A keyed hash of what was typed: whether a form sent again says the same."""
    name_masked = models.CharField(_("name"), max_length=60, blank=True)
    phone_masked = models.CharField(_("telephone"), max_length=32, blank=True)
    respondent = models.CharField(_("respondent as stated"), max_length=200, blank=True)
    started_at = models.DateTimeField(_("started at"))
    """When the first word was typed: first receipt, unless another day is stated."""
    updated_at = models.DateTimeField(_("saved at"))
    outcome = models.CharField(_("outcome"), max_length=10, choices=DraftOutcome, default=DraftOutcome.OPEN)
    reason = models.CharField(_("reason"), max_length=12, choices=DiscardReason, blank=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("case"))
    other_case = models.ForeignKey(Case, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("other case"))
    """The second half of a filing that was split (Order 121 Art 9)."""

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        constraints = [
            models.CheckConstraint(condition=models.Q(outcome__in=DraftOutcome.values), name="cases_draft_outcome_known"),
            models.CheckConstraint(
                condition=models.Q(outcome=DraftOutcome.TAKEN, case__isnull=False)
                | models.Q(~models.Q(outcome=DraftOutcome.TAKEN), case__isnull=True),
                name="cases_draft_taken_has_case",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome=DraftOutcome.OPEN) | models.Q(sealed=b""), name="cases_draft_wiped_when_over"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "updated_at", "id"], condition=models.Q(outcome=DraftOutcome.OPEN), name="cases_draft_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def ref(self) -> Ref:
        """`draft:7`."""
        return ref(self.ref_kind, self.pk)

    @property
    def case_ids(self) -> list[int]:
        """The case that it became; both halves if it was split."""
        return [pk for pk in (self.case_id, self.other_case_id) if pk is not None]


class Submission(models.Model):
    """What a program handed in through the staff API under an idempotency key, and how it was answered: the same again is answered alike.

    The answer holds numbers and codes, no personal data.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+", verbose_name=_("person"))
    key = models.CharField(_("key"), max_length=100)
    said = models.BinaryField(max_length=16)
    """A keyed hash of the body."""
    answer = models.TextField(_("answer"), default="")
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("submission")
        constraints = [models.UniqueConstraint(fields=["person", "key"], name="cases_submission_once")]
        indexes = [models.Index(fields=["at"], name="cases_submission_at")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.key}"


PLACE_DRAFT = place_of(Draft, "sealed")

vaulted(Draft, "sealed", lambda draft: str(draft.keys))


def draft_keys(kind: str) -> str:
    """Which keys seal a draft: the reporters' once it may be a report."""
    return "reporter" if kind in {filings.Kind.REPORT, filings.Kind.MIXED} else "person"
