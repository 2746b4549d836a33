"""Shapes of what people type in; the rules are the services'."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.cases import filings
from fangxin.cases.models import Consent
from fangxin.odr import grounds
from fangxin.odr.services.enterprises import Application
from fangxin.odr.states import EnterpriseState, Method, Remedy

_CHOICE = (forms.RadioSelect, forms.CheckboxInput, forms.CheckboxSelectMultiple)


class Form(forms.Form):
    """A form whose fields look like the others' of the house, and say to a screen reader what is wrong with them."""

    def __init__(self, data: Mapping[str, Any] | None = None, files: Any = None, *, prefix: str = "f", initial: Any = None) -> None:
        super().__init__(data, files, auto_id=f"{prefix}_%s", initial=initial)
        for field in self.fields.values():
            if isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "form-check-input")
            elif not isinstance(field.widget, _CHOICE):
                plain = isinstance(field.widget, forms.Select)
                field.widget.attrs.setdefault("class", "form-select" if plain else "form-control")


def _area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _secret(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=200, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}), **options
    )


class ApplicationForm(Form):
    """A trader's application to take part (入驻申请表)."""

    uscc = forms.CharField(label=_("Unified social credit code"), max_length=18, min_length=18)
    premises = forms.CharField(label=_("Address of the fixed premises"), max_length=300)
    full_time = forms.IntegerField(label=_("Full-time handlers of disputes"), min_value=0, max_value=999, initial=1)
    part_time = forms.IntegerField(label=_("Part-time handlers of disputes"), min_value=0, max_value=999, initial=0)
    phone = forms.CharField(label=_("Telephone kept for disputes"), max_length=32, widget=forms.TextInput(attrs={"type": "tel"}))
    email = forms.EmailField(
        label=_("Mailbox kept for disputes"), max_length=120, required=False, help_text=_("The account link and alarms go there.")
    )
    contact_name = forms.CharField(label=_("Contact person"), max_length=60)
    contact_phone = forms.CharField(label=_("Contact person's telephone"), max_length=32, widget=forms.TextInput(attrs={"type": "tel"}))
    complaint_rules = forms.CharField(
        label=_("Rules for handling consumer complaints"),
        max_length=5000,
        widget=_area(5),
        help_text=_("Who handles them, within what time, how records are kept."),
    )
    licence = forms.FileField(label=_("Copy of the business licence"), required=False)
    pledge_paper = forms.FileField(label=_("Signed pledge"), required=False)
    statement = forms.FileField(label=_("Statement on the conditions"), required=False)
    equipped = forms.BooleanField(label=_("There is a computer with access to the network."))
    true = forms.BooleanField(label=_("All that is stated is true."))

    def __init__(self, *args: Any, papers_needed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("licence", "pledge_paper", "statement"):
            self.fields[name].required = papers_needed

    def clean(self) -> dict[str, Any]:
        """Somebody must handle disputes."""
        given = super().clean() or {}
        if not (given.get("full_time") or 0) + (given.get("part_time") or 0) and "full_time" in given:
            self.add_error("full_time", _("At least one person must handle disputes."))
        return given

    def application(self, papers: Any = ()) -> Application:
        """What was stated."""
        given = self.cleaned_data
        return Application(
            uscc=given["uscc"], premises=given["premises"], full_time=given["full_time"], part_time=given["part_time"],
            equipped=given["equipped"], phone=given["phone"], email=given["email"], complaint_rules=given["complaint_rules"],
            contact_name=given["contact_name"], contact_phone=given["contact_phone"], papers=papers,
        )  # fmt: skip


class StepForm(Form):
    """One step of a review: a ground where it needs one, and a note."""

    ground = forms.ChoiceField(label=_("Ground"))
    note = forms.CharField(label=_("Reason"), max_length=2000, widget=_area(2))

    def __init__(self, *args: Any, of: str = "", note_needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["note"].required = note_needed
        if of:
            choice = self.fields["ground"]
            if isinstance(choice, forms.ChoiceField):
                choice.choices = grounds.choices(of)
        else:
            del self.fields["ground"]


class AccountForm(Form):
    """Opening an account with an invitation."""

    name = forms.CharField(label=_("Your name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    login = forms.CharField(
        label=_("Login"), max_length=40, min_length=4, widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})
    )
    password = _secret(
        _("New password"),
        "new-password",
        help_text=_("At least ten characters, no common word, nothing of your login, name or enterprise."),
    )
    again = _secret(_("New password again"), "new-password")
    pledged = forms.BooleanField(label=_("We have read the pledge and give it."))

    def __init__(self, *args: Any, pledge: bool = False, renew: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not pledge:
            del self.fields["pledged"]
        if renew:
            del self.fields["name"], self.fields["login"]

    def clean(self) -> dict[str, Any]:
        """The two passwords must agree."""
        return _agreeing(self, super().clean() or {}, "password")


class SignInForm(Form):
    """Login and password of an enterprise's person."""

    login = forms.CharField(
        label=_("Login"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = _secret(_("Password"), "current-password")


class PasswordForm(Form):
    """The current password and, twice, a new one."""

    old = _secret(_("Current password"), "current-password")
    new = _secret(_("New password"), "new-password")
    again = _secret(_("New password again"), "new-password")

    def clean(self) -> dict[str, Any]:
        """The two new ones must agree."""
        return _agreeing(self, super().clean() or {}, "new")


def _agreeing(form: forms.Form, given: dict[str, Any], name: str) -> dict[str, Any]:
    if given.get(name) and given.get("again") and given[name] != given["again"]:
        form.add_error("again", _("The two new passwords differ."))
    return given


class OfferForm(Form):
    """An offer or a counter-offer."""

    remedy = forms.ChoiceField(label=_("What is offered"), choices=Remedy.choices)
    amount = forms.DecimalField(label=_("Amount (yuan)"), min_value=0, max_value=10_000_000, decimal_places=2, required=False)
    text = forms.CharField(label=_("How and by when"), max_length=2000, required=False, widget=_area(2))
    method = forms.ChoiceField(label=_("Way"), choices=Method.choices, required=False)

    def __init__(self, *args: Any, methods: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not methods:
            del self.fields["method"]

    def amount_fen(self) -> int | None:
        """The amount in fen."""
        amount = self.cleaned_data["amount"]
        return None if amount is None else round(amount * 100)


class TextForm(Form):
    """A message, a reason, or a record of a call."""

    text = forms.CharField(label=pgettext_lazy("odr", "Text"), max_length=2000, widget=_area(2))
    method = forms.ChoiceField(label=_("Way"), choices=Method.choices, required=False)

    def __init__(self, *args: Any, methods: bool = False, label: Any = None, needed: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].required = needed
        if label is not None:
            self.fields["text"].label = label
        if not methods:
            del self.fields["method"]


class UploadForm(Form):
    """One file."""

    file = forms.FileField(label=pgettext_lazy("odr", "File"))


class RateForm(Form):
    """How satisfied the consumer is."""

    rating = forms.TypedChoiceField(
        label=_("How satisfied are you?"),
        coerce=int,
        choices=[(5, _("very satisfied")), (4, _("satisfied")), (3, _("neither")), (2, _("dissatisfied")), (1, _("very dissatisfied"))],
        widget=forms.RadioSelect,
    )


class DirectForm(Form):
    """A dispute that a consumer files with an enterprise, entered by staff."""

    name = forms.CharField(label=_("Consumer's name"), max_length=60)
    phone = forms.CharField(label=_("Consumer's telephone"), max_length=32, widget=forms.TextInput(attrs={"type": "tel"}))
    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    narrative = forms.CharField(label=pgettext_lazy("odr", "What happened"), max_length=5000, widget=_area(5))
    request = forms.CharField(label=_("What is asked for"), max_length=1000, required=False, widget=_area(2))
    goods_or_service = forms.CharField(label=_("goods or service"), max_length=200, required=False)
    amount = forms.DecimalField(label=_("Amount (yuan)"), min_value=0, max_value=10_000_000, decimal_places=2, required=False)
    occurred_on = forms.DateField(label=_("Day of the event"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    consent = forms.ChoiceField(label=_("If it is not settled, shall the bureau have it?"), choices=Consent.choices)

    def filing(self, at: datetime) -> filings.Filing:
        """What was filed."""
        given = self.cleaned_data
        return filings.Filing(
            channel=filings.Channel.ODR, received_at=at, narrative=given["narrative"], kind=filings.Kind.COMPLAINT, title=given["title"],
            persons=(filings.Person(name=given["name"], phone=given["phone"]),), request=given["request"],
            claimed_fen=round((given["amount"] or 0) * 100), occurred_on=given["occurred_on"], goods_or_service=given["goods_or_service"],
        )  # fmt: skip


class ContactForm(Form):
    """Why an enterprise's person looks at the consumer's contact."""

    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[("contact", _("contact the consumer about this dispute")), ("follow_up", _("carry out what was settled"))],
    )


class StateForm(Form):
    """Which enterprises a list shows."""

    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("all states")), *EnterpriseState.choices])
