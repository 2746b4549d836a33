"""Cases, the people in them, the links between them and the notes on them."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Office, Person
from fangxin.cases import filings
from fangxin.cases.numbers import number_of
from fangxin.cases.states import CLOSED_STATES, OPEN_STATES, State
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.vault import place_of, vaulted
from fangxin.registry.models import Trader


class Kind(models.TextChoices):
    """What a case is (诉求类型)."""

    COMPLAINT = filings.Kind.COMPLAINT.value, _("complaint")  # 投诉
    REPORT = filings.Kind.REPORT.value, _("report")  # 举报
    CONSULTATION = filings.Kind.CONSULTATION.value, _("consultation")  # 咨询
    UNDETERMINED = filings.Kind.UNDETERMINED.value, _("undetermined")  # 待定


class Channel(models.TextChoices):
    """Where a case came from (渠道)."""

    PLATFORM_12315 = filings.Channel.PLATFORM_12315.value, _("12315 platform")
    HOTLINE_12345 = filings.Channel.HOTLINE_12345.value, _("12345 hotline")
    WEB = filings.Channel.WEB.value, _("web form")
    TELEPHONE = filings.Channel.TELEPHONE.value, _("telephone")
    WINDOW = filings.Channel.WINDOW.value, _("window")
    LETTER = filings.Channel.LETTER.value, _("letter")
    STATION = filings.Channel.STATION.value, _("service station")
    ODR = filings.Channel.ODR.value, _("online dispute resolution")
    TRANSFER = filings.Channel.TRANSFER.value, _("transfer from another body")
    LIST = filings.Channel.LIST.value, _("list")
    FOUND = filings.Channel.FOUND.value, _("found by the bureau")  # 本局发现


class Consent(models.TextChoices):
    """An answer to a question of consent (是否同意)."""

    YES = filings.Consent.YES.value, _("yes")
    NO = filings.Consent.NO.value, _("no")
    NOT_ASKED = filings.Consent.NOT_ASKED.value, _("not asked")


class CaseQuerySet(models.QuerySet["Case"]):
    """Questions about cases."""

    def open(self) -> "CaseQuerySet":
        """Not yet closed."""
        return self.filter(closed_at__isnull=True)

    def closed(self) -> "CaseQuerySet":
        """Closed, however."""
        return self.filter(closed_at__isnull=False)

    def awaiting_dispatch(self) -> "CaseQuerySet":
        """On the city desk's queue, those with the nearest clock first."""
        return self.filter(state=State.RECEIVED).order_by("next_due_at", "pk")

    def late(self, now: datetime) -> "CaseQuerySet":
        """Open, and a clock's last day is over."""
        return self.open().filter(next_due_at__lte=now)


class Case(models.Model):
    """One complaint (投诉), report (举报), consultation (咨询) or undetermined filing, from receipt to closing.

    `state` is written only by the tables in `workflow`. The narrative here is the scrubbed copy, for search, triage and
    duplicates. What scrubbing changed (narrative, title, request), and the columns that no field takes, lie sealed in
    `sealed_filing`; a text that is not in there is the same as filed.
    """

    ref_kind = "case"

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.RECEIVED, editable=False)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    outside_number = models.CharField(_("outside number"), max_length=64, blank=True)
    part = models.CharField(_("part"), max_length=16, blank=True, help_text=_("Of a filing that was split: which part this is."))
    digest = models.BinaryField(_("digest"), max_length=16)
    as_if = models.BooleanField(_("replayed as if the rules had been in force"), default=False)

    first_received_at = models.DateTimeField(_("first received"))
    competent_received_at = models.DateTimeField(_("received by the competent bureau"), null=True)
    dispatched_at = models.DateTimeField(_("dispatched at"), null=True)
    responded_at = models.DateTimeField(_("responded at"), null=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    unit = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("unit"))
    competent = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("competent bureau"))
    officer = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("officer"))
    delegate = models.ForeignKey(Office, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("delegated body"))
    """The association or station that mediates with consent (委托调解, Order 121 Art 19)."""
    lead = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("merged with"))
    """The case that this one is worked together with (合并办理); its own people and periods stay."""

    title = models.CharField(_("title"), max_length=200, blank=True)
    narrative = models.TextField(_("narrative"))
    sealed_filing = models.BinaryField(_("as filed"), default=b"")
    request = models.TextField(_("request"), blank=True)
    claimed_fen = models.BigIntegerField(_("amount claimed"), default=0, help_text=_("In fen (分)."))
    recovered_fen = models.BigIntegerField(_("amount recovered"), default=0, help_text=_("In fen (分)."))
    occurred_on = models.DateField(_("day of the event"), null=True)
    place = models.CharField(_("place as stated"), max_length=100, blank=True)
    goods_or_service = models.CharField(_("goods or service"), max_length=200, blank=True)
    object_class = models.CharField(_("object class"), max_length=64, blank=True)
    problem_class = models.CharField(_("problem class chosen by the consumer"), max_length=64, blank=True)
    field_of_law = models.CharField(_("field of law"), max_length=32, blank=True)
    anonymous = models.BooleanField(_("anonymous"), default=False)
    consent_publish = models.CharField(_("consent to publication"), max_length=10, choices=Consent)
    consent_delegate = models.CharField(_("consent to delegated mediation"), max_length=10, choices=Consent)

    respondent_name = models.CharField(_("respondent as stated"), max_length=200, blank=True)
    respondent_uscc = models.CharField(_("respondent's code as stated"), max_length=32, blank=True)
    respondent_address = models.CharField(_("respondent's address as stated"), max_length=300, blank=True)
    platform = models.CharField(_("platform"), max_length=100, blank=True)
    trader = models.ForeignKey(Trader, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("trader on the register"))

    ground = models.CharField(_("ground"), max_length=32, blank=True)
    next_due_at = models.DateTimeField(_("nearest due date"), null=True)
    next_term = models.CharField(_("nearest period"), max_length=40, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "outside_number", "part"], condition=~models.Q(outside_number=""), name="cases_outside_once"
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="cases_state_known"),
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="cases_kind_known"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="cases_channel_known"),
            models.CheckConstraint(
                condition=models.Q(consent_publish__in=Consent.values, consent_delegate__in=Consent.values), name="cases_consents_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=OPEN_STATES, closed_at__isnull=True)
                | models.Q(state__in=CLOSED_STATES, closed_at__isnull=False),
                name="cases_closed_when_closed",
            ),
            models.CheckConstraint(condition=models.Q(claimed_fen__gte=0, recovered_fen__gte=0), name="cases_amounts_not_negative"),
        ]
        indexes = [
            models.Index(fields=["next_due_at", "id"], condition=models.Q(closed_at__isnull=True), name="cases_open_due"),
            # With all that a list narrows by, so that one page of a county is found without a look at its thousands of cases.
            models.Index(
                fields=["unit", "next_due_at", "id", "state"], condition=models.Q(closed_at__isnull=True), name="cases_open_by_unit"
            ),
            models.Index(
                fields=["state", "next_due_at", "id", "unit"], condition=models.Q(closed_at__isnull=True), name="cases_open_by_state"
            ),
            models.Index(fields=["id"], condition=models.Q(closed_at__isnull=True, next_due_at__isnull=True), name="cases_open_undated"),
            models.Index(fields=["delegate", "next_due_at", "id"], condition=models.Q(delegate__isnull=False), name="cases_delegated_due"),
            models.Index(fields=["lead"], condition=models.Q(lead__isnull=False), name="cases_merged"),
            models.Index(fields=["trader", "first_received_at"], condition=models.Q(trader__isnull=False), name="cases_trader_received"),
            models.Index(
                fields=["officer", "next_due_at", "id"], condition=models.Q(closed_at__isnull=True), name="cases_open_officer_due"
            ),
            models.Index(fields=["id"], condition=models.Q(closed_at__isnull=False, next_due_at__isnull=False), name="cases_closed_owing"),
            models.Index(fields=["outside_number"], condition=~models.Q(outside_number=""), name="cases_outside_number"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number that people call it by."""
        return number_of(self.pk)

    @property
    def ref(self) -> Ref:
        """How the journal and the clocks speak of it."""
        return ref(self.ref_kind, self.pk)

    @property
    def is_open(self) -> bool:
        """Not yet closed."""
        return self.closed_at is None


class PartyRole(models.TextChoices):
    """What a person is in a case."""

    COMPLAINANT = filings.PartyRole.COMPLAINANT.value, _("complainant")  # 投诉人
    REPORTER = filings.PartyRole.REPORTER.value, _("reporter")  # 举报人
    INQUIRER = filings.PartyRole.INQUIRER.value, _("inquirer")  # 咨询人
    AGENT = filings.PartyRole.AGENT.value, _("agent")  # 代理人
    JOINT = filings.PartyRole.JOINT.value, _("joint complainant")  # 共同投诉人
    REPRESENTATIVE = filings.PartyRole.REPRESENTATIVE.value, _("representative")  # 代表人
    RESPONDENT_CONTACT = "respondent_contact", _("respondent's contact")  # 被投诉人联系人


class PartyQuerySet(models.QuerySet["Party"]):
    """Questions about people in cases; none of them needs plain text."""

    def with_phone(self, indexes: list[bytes]) -> "PartyQuerySet":
        """People with one of these telephone numbers, given as blind indexes; an empty one matches nobody."""
        return self.filter(phone_index__in=[index for index in indexes if index])


class Party(models.Model):
    """One person of a case (当事人): sealed; what is shown is masked."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(_("role"), max_length=20, choices=PartyRole)
    position = models.PositiveSmallIntegerField(_("position"))
    keys = models.CharField(_("keys"), max_length=12)
    """Whose keys it is sealed with: `person`, or `reporter` for those who report (Order 121 Art 37)."""
    sealed = models.BinaryField(_("sealed"))
    name_masked = models.CharField(_("name"), max_length=60, blank=True)
    phone_masked = models.CharField(_("telephone"), max_length=32, blank=True)
    id_masked = models.CharField(_("identity number"), max_length=32, blank=True)
    address_masked = models.CharField(_("address"), max_length=120, blank=True)
    phone_index = models.BinaryField(max_length=16, null=True)
    id_index = models.BinaryField(max_length=16, null=True)

    objects = PartyQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=PartyRole.values), name="cases_party_role_known"),
            models.UniqueConstraint(fields=["case", "position"], name="cases_party_position_once"),
        ]
        indexes = [
            models.Index(fields=["phone_index"], condition=models.Q(phone_index__isnull=False), name="cases_party_phone"),
            models.Index(fields=["id_index"], condition=models.Q(id_index__isnull=False), name="cases_party_id"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.name_masked}"


class OutsideNumber(models.Model):
    """A further number of a case in an outside system, e.g. the 12315 number of a 12345 order."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    number = models.CharField(_("number"), max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "channel", "number"], name="cases_other_number_once")]
        indexes = [models.Index(fields=["number"], name="cases_other_number")]

    def __str__(self) -> str:
        return f"{self.channel} {self.number}"


class LinkKind(models.TextChoices):
    """How two cases belong together."""

    SPLIT = "split", _("parts of one filing")  # 分别处理, Order 121 Art 9
    CLUE = "clue", _("clue found in mediation")  # 调解中发现线索, Art 27
    DUPLICATE = "duplicate", _("same matter")
    REPEAT = "repeat", _("repeated report")  # 重复举报, Art 35


class CaseLink(models.Model):
    """Two cases that belong together; `first` is the earlier or the one that the other comes from."""

    first = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=LinkKind)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second", "kind"], name="cases_link_once"),
            models.CheckConstraint(condition=~models.Q(first=models.F("second")), name="cases_link_two"),
            models.CheckConstraint(condition=models.Q(kind__in=LinkKind.values), name="cases_link_known"),
        ]
        indexes = [models.Index(fields=["second"], name="cases_link_second")]

    def __str__(self) -> str:
        return f"{self.first_id} {self.kind} {self.second_id}"


class Note(models.Model):
    """What someone wrote at a step (备注): the reason of a decision, a dispatch note, a reply.

    The journal keeps its hash. Shown is the scrubbed text; as written it lies sealed when scrubbing found personal data.
    """

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(_("step"), max_length=32)
    text = models.TextField(_("text"))
    sealed = models.BinaryField(_("as written"), default=b"")
    by = models.CharField(_("by"), max_length=64)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note")
        indexes = [models.Index(fields=["case", "at"], name="cases_note_case")]

    def __str__(self) -> str:
        return f"{self.step} {self.case_id}"


PLACE_FILING = place_of(Case, "sealed_filing")
PLACE_PARTY = place_of(Party, "sealed")
PLACE_NOTE = place_of(Note, "sealed")

vaulted(Party, "sealed", lambda party: str(party.keys))
vaulted(Case, "sealed_filing", lambda case: keys_for(case.kind))
vaulted(Note, "sealed", lambda note: keys_for(note.case.kind))


def keys_for(kind: str) -> str:
    """Which keys seal a case's people: reporters have their own."""
    return "reporter" if kind == filings.Kind.REPORT else "person"
