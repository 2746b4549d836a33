"""The entry screen's form: the fields of the official forms 1 and 2 (文书式样一 投诉登记表、二 举报登记表), and the filing that they make."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.http import QueryDict
from django.utils.timezone import localdate, make_aware
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from stdnum.cn import ric

from fangxin.accounts.models import Office
from fangxin.cases import filings, words
from fangxin.cases.filings import Filing, PartyRole, Person, Respondent
from fangxin.cases.models import Channel, Consent
from fangxin.cases.services.drafting import Entered, Typed
from fangxin.clocks.notices import ReportField
from fangxin.kernel.errors import DomainError
from fangxin.registry.names import check_uscc

CHANNELS = (Channel.TELEPHONE, Channel.WINDOW, Channel.LETTER)
KINDS = (
    (filings.Kind.COMPLAINT.value, _("complaint")),
    (filings.Kind.REPORT.value, _("report")),
    (filings.Kind.MIXED.value, _("both: to be split")),
    (filings.Kind.CONSULTATION.value, _("consultation")),
    (filings.Kind.UNDETERMINED.value, pgettext_lazy("kind", "not yet clear")),
)
MAY_BE_REPORT = frozenset({filings.Kind.REPORT.value, filings.Kind.MIXED.value})
REQUESTS = (
    ("repair", pgettext_lazy("request", "repair"), "修理"),
    ("redo", pgettext_lazy("request", "redoing"), "重作"),
    ("replace", pgettext_lazy("request", "replacement"), "更换"),
    ("return", pgettext_lazy("request", "return of goods"), "退货"),
    ("quantity", pgettext_lazy("request", "missing quantity"), "补足数量"),
    ("refund", pgettext_lazy("request", "refund"), "退款"),
    ("damages", pgettext_lazy("request", "damages"), "赔偿"),
)
"""What is usually asked for (form 1, note 4): code, label, and the word that goes into the text."""
ID_TYPES = ("居民身份证", "护照", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "外国人永久居留身份证", "其他")
ID_CARD = ID_TYPES[0]
FIELDS_OF_LAW = [(code if code != ReportField.GENERAL else "", label) for code, label in words.FIELDS_OF_LAW.items()]
FURTHER = (
    (PartyRole.AGENT.value, _("agent")),
    (PartyRole.JOINT.value, _("joint complainant")),
    (PartyRole.REPRESENTATIVE.value, _("representative")),
)
MOST_PERSONS = 50
LONGEST_NARRATIVE = 20_000
ARRIVED = time(9)
"""A letter is received when the office opens on the day of its arrival stamp; the periods by law count from the next day anyway."""
_PHONE_DIGITS = range(7, 21)
_ID_LENGTH = 18


def _text(label: Any, length: int, **attrs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=length,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off", **attrs}),
    )


def _area(label: Any, length: int, rows: int, **attrs: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=length, widget=forms.Textarea(attrs={"class": "form-control", "rows": rows, **attrs})
    )


def _date(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput(format="%Y-%m-%d", attrs={"class": "form-control", "type": "date"})
    )


def _radio(label: Any, choices: Any, initial: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, initial=initial, widget=forms.RadioSelect)


class FurtherPersonForm(forms.Form):
    """An agent, a joint complainant or an elected representative (Order 121 Arts 11, 12)."""

    role = forms.ChoiceField(
        label=pgettext_lazy("entry", "Role"), choices=FURTHER, required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    name = _text(pgettext_lazy("entry", "Name"), 60)
    phone = _text(pgettext_lazy("entry", "Telephone"), 40, inputmode="tel")
    id_number = _text(pgettext_lazy("entry", "Identity number"), 32)
    address = _text(pgettext_lazy("entry", "Address"), 200)
    authority = _text(_("Power of attorney: matter, powers, term"), 300)

    def person(self) -> Person:
        """As a filing has it; empty if nothing was typed."""
        given = self.cleaned_data
        return Person(
            name=given["name"],
            phone=given["phone"],
            id_number=given["id_number"],
            address=given["address"],
            role=PartyRole(given["role"] or PartyRole.JOINT),
            authority=given["authority"] if given["role"] == PartyRole.AGENT else "",
        )


FurtherPersons = formset_factory(FurtherPersonForm, extra=0, max_num=MOST_PERSONS, validate_max=True)


class EntryForm(forms.Form):
    """One filing as it is taken down. Hardly anything is required: what is missing is told and does not stop the call."""

    channel = _radio(_("Channel"), [(one.value, one.label) for one in CHANNELS], Channel.TELEPHONE.value)
    kind = _radio(_("Kind"), KINDS, filings.Kind.UNDETERMINED.value)
    arrived_on = _date(_("Day of arrival"))
    field_of_law = forms.ChoiceField(
        label=_("Field of law"), choices=FIELDS_OF_LAW, required=False, widget=forms.Select(attrs={"class": "form-select"})
    )

    phone = _text(pgettext_lazy("entry", "Telephone"), 40, inputmode="tel")
    name = _text(pgettext_lazy("entry", "Name"), 60)
    id_type = forms.ChoiceField(
        label=_("Identity document"),
        choices=[(one, one) for one in ID_TYPES],
        required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    id_number = _text(pgettext_lazy("entry", "Identity number"), 32)
    address = _text(pgettext_lazy("entry", "Address"), 200)
    anonymous = forms.BooleanField(label=_("anonymous report"), required=False)
    consent_publish = _radio(_("May the complaint be published?"), Consent.choices, Consent.NOT_ASKED.value)
    consent_delegate = _radio(_("May mediation be delegated?"), Consent.choices, Consent.NOT_ASKED.value)

    respondent_name = _text(_("Name or shop sign"), 200)
    trader = forms.IntegerField(required=False, widget=forms.HiddenInput)
    respondent_uscc = _text(_("Credit code"), 32, spellcheck="false")
    respondent_address = _text(_("Address, or link of the shop"), 300)
    respondent_contact = _text(_("Contact person"), 60)
    respondent_phone = _text(pgettext_lazy("entry", "Telephone"), 40, inputmode="tel")
    platform = _text(_("E-commerce platform"), 100)

    goods_or_service = _text(_("Goods or service"), 200)
    occurred_on = _date(_("Day of purchase or event"))
    place = _text(pgettext_lazy("entry", "Place"), 100)
    amount = forms.DecimalField(
        label=_("Amount (yuan)"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=2,
        widget=forms.TextInput(attrs={"class": "form-control", "inputmode": "decimal", "autocomplete": "off"}),
    )
    narrative = _area(_("What happened, what is disputed, what proves it"), LONGEST_NARRATIVE, 9)
    requests = forms.MultipleChoiceField(
        label=pgettext_lazy("entry", "Request"),
        required=False,
        choices=[(code, label) for code, label, _word in REQUESTS],
        widget=forms.CheckboxSelectMultiple,
    )
    request = _area(_("Request, in more detail"), 2000, 2)

    unit = forms.ChoiceField(label=_("Unit"), required=False, widget=forms.Select(attrs={"class": "form-select"}))

    def __init__(self, data: QueryDict | None = None, *, units: Sequence[Office], initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}), auto_id="entry_%s")
        field = self.fields["unit"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "—"), *((unit.code, unit.name) for unit in units)]
        self.units = {unit.code: unit for unit in units}
        self.further: BaseFormSet[FurtherPersonForm] = FurtherPersons(data, prefix="further", auto_id="entry_%s")

    def is_valid(self) -> bool:
        """The further persons are part of it."""
        own = super().is_valid()
        return self.further.is_valid() and own

    def clean_arrived_on(self) -> date | None:
        """Not in the future."""
        return self._past("arrived_on")

    def clean_occurred_on(self) -> date | None:
        """Not in the future."""
        return self._past("occurred_on")

    def _past(self, name: str) -> date | None:
        day: date | None = self.cleaned_data.get(name)
        if day is not None and day > localdate():
            raise forms.ValidationError(_("This day has not come yet."))
        return day

    def clean(self) -> dict[str, Any]:
        """Only a report can be anonymous, and then it names nobody: which of the two is meant must be said."""
        given = super().clean() or {}
        if given.get("anonymous"):
            if given.get("kind") != filings.Kind.REPORT:
                self.add_error("anonymous", _("Only a report can be anonymous."))
            elif any(given.get(name) for name in ("name", "phone", "id_number", "address")):
                self.add_error("anonymous", _("An anonymous report holds no personal data: clear name, telephone, number and address."))
        return given

    def warnings(self) -> dict[str, Any]:
        """What looks wrong and may be right after all, by field; it stops nothing. Only after `is_valid`."""
        given = self.cleaned_data
        found: dict[str, Any] = {}
        for name in ("phone", "respondent_phone"):
            if given.get(name) and sum(sign.isdigit() for sign in given[name]) not in _PHONE_DIGITS:
                found[name] = _("This does not look like a telephone number.")
        number = "".join(str(given.get("id_number") or "").split())
        if number and given.get("id_type") == ID_CARD and not _is_id_card(number):
            found["id_number"] = _("The check digit or the length of this identity number is wrong.")
        if given.get("respondent_uscc"):
            try:
                check_uscc(given["respondent_uscc"])
            except DomainError:
                found["respondent_uscc"] = _("This is no valid credit code.")
        if given.get("channel") == Channel.LETTER and not given.get("arrived_on"):
            found["arrived_on"] = _("Without the day of arrival it counts as received today.")
        return found

    def persons(self) -> Iterator[Person]:
        """Who files, then the others."""
        given = self.cleaned_data
        first = Person(
            name=given["name"],
            phone=given["phone"],
            id_type=given["id_type"] if given["id_number"] else "",
            id_number=given["id_number"],
            address=given["address"],
        )
        if not first.empty:
            yield first
        for form in self.further:
            person = form.person() if form.cleaned_data else Person()
            if not person.empty:
                yield person

    def request_text(self) -> str:
        """What is asked for as one text: the usual requests by their words, then what was written."""
        ticked = self.cleaned_data.get("requests") or ()
        words = "、".join(word for code, _label, word in REQUESTS if code in ticked)
        return "；".join(part for part in (words, str(self.cleaned_data.get("request") or "").strip()) if part)

    def entered(self, *, at: datetime, unit: Office | None = None, dispatched_at: datetime | None = None) -> Entered:
        """The filing that the form says; received now, or on the day of arrival. Only for a valid form."""
        given = self.cleaned_data
        day: date | None = given["arrived_on"]
        filing = Filing(
            channel=filings.Channel(given["channel"]),
            received_at=at if day is None or day == localdate(at) else min(at, make_aware(datetime.combine(day, ARRIVED))),
            narrative=given["narrative"],
            kind=filings.Kind(given["kind"]),
            persons=tuple(self.persons()),
            anonymous=bool(given["anonymous"]),
            respondent=Respondent(
                name=given["respondent_name"],
                uscc=given["respondent_uscc"],
                address=given["respondent_address"],
                contact=given["respondent_contact"],
                phone=given["respondent_phone"],
                platform=given["platform"],
            ),
            request=self.request_text(),
            claimed_fen=int((given["amount"] or Decimal(0)) * 100),
            occurred_on=given["occurred_on"],
            place=given["place"],
            goods_or_service=given["goods_or_service"],
            field_of_law=given["field_of_law"] if given["kind"] in MAY_BE_REPORT else "",
            consent_publish=filings.Consent(given["consent_publish"]),
            consent_delegate=filings.Consent(given["consent_delegate"]),
        )
        if unit is not None:
            filing = replace(filing, unit_code=unit.code, dispatched_at=dispatched_at)
        return Entered(filing, given["trader"])


def typed(data: QueryDict) -> Typed:
    """What stands on the screen, valid or not, without the buttons and the tokens."""
    wanted = {*EntryForm.base_fields, "further-TOTAL_FORMS", "further-INITIAL_FORMS"}
    fields = {name: data.getlist(name) for name in data if name in wanted or name.startswith("further-")}
    channel, kind = data.get("channel", ""), data.get("kind", "")
    return Typed(
        fields=fields,
        channel=str(channel) if channel in Channel.values else Channel.TELEPHONE.value,
        kind=str(kind) if kind in {code for code, _label in KINDS} else filings.Kind.UNDETERMINED.value,
        name=str(data.get("name", "")),
        phone=str(data.get("phone", "")),
        respondent=str(data.get("respondent_name", "")),
    )


def refilled(fields: Mapping[str, Sequence[str]]) -> QueryDict:
    """A draft as the form reads it."""
    data = QueryDict(mutable=True)
    for name, values in fields.items():
        data.setlist(name, list(values))
    data.setdefault("further-TOTAL_FORMS", "0")
    data.setdefault("further-INITIAL_FORMS", "0")
    return data


def _is_id_card(number: str) -> bool:
    """Eighteen signs with the right check digit (GB 11643); a wrong birthplace or birthday shows in no one's voice."""
    number = number.upper()
    return len(number) == _ID_LENGTH and number[:-1].isdigit() and bool(ric.calc_check_digit(number[:-1]) == number[-1])
