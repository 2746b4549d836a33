"""What the officers' pages ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Office, Person
from fangxin.cases import words
from fangxin.cases.models import Channel, Kind
from fangxin.cases.queries import DueBy, Filters, Order, Status
from fangxin.cases.services import timing
from fangxin.cases.states import State

SHOWN_TERMS = (
    timing.DISPATCH,
    timing.ANSWER,
    timing.CAUTIOUS,
    timing.HOTLINE_CLOSING,
    timing.ACCEPTANCE,
    timing.MEDIATION,
    timing.TERMINATION_NOTICE,
    timing.VERIFICATION,
    timing.CLUE_VERIFICATION,
)
"""Periods that the list can be narrowed to."""

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})


def _choices(every: Any, choices: Any) -> list[tuple[str, Any]]:
    return [("", every), *choices]


class FilterForm(forms.Form):
    """The filters of the work list. Every field may be missing; a value that is none is as if it were."""

    q = forms.CharField(label=_("Number"), required=False, max_length=64, widget=forms.TextInput(attrs={"type": "search"}))
    due = forms.ChoiceField(label=_("Due"), required=False)
    unit = forms.ChoiceField(label=_("Unit"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)
    term = forms.ChoiceField(label=_("Nearest period"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    officer = forms.ChoiceField(label=_("Officer"), required=False)
    status = forms.ChoiceField(label=_("Shown"), required=False)
    order = forms.ChoiceField(label=_("Order"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, offices: Sequence[Office]) -> None:
        super().__init__(data, auto_id="filter_%s")
        choices = {
            "due": _choices(_("any due date"), [(DueBy.OVERDUE.value, _("overdue")), (DueBy.TODAY.value, _("due today")), (DueBy.NEARING.value, _("within 2 working days"))]),
            "unit": _choices(_("all units"), indented(offices)),
            "kind": _choices(_("all kinds"), Kind.choices),
            "state": _choices(_("all states"), State.choices),
            "term": _choices(_("all periods"), [(term, words.term_name(term)) for term in SHOWN_TERMS]),
            "channel": _choices(_("all channels"), Channel.choices),
            "officer": _officers(data),
            "status": [(Status.OPEN.value, _("open cases")), (Status.CLOSED.value, _("closed cases")), (Status.OWED.value, _("closed, a notice still owed")), (Status.APPROVAL.value, _("waiting for approval")), (Status.ALL.value, _("all cases"))],
            "order": [(Order.DUE.value, _("nearest due date first")), (Order.NEWEST.value, _("newest first"))],
        }  # fmt: skip
        for name, allowed in choices.items():
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = allowed

    def filters(self) -> Filters:
        """The filters that make sense; the rest of what was sent is left out."""
        self.is_valid()
        return Filters(**{name: value for name, value in self.cleaned_data.items() if value})

    def show(self, filters: Filters) -> None:
        """Let the fields stand as these filters are, without what was sent and is none."""
        self.data = asdict(filters)


def _officers(data: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """Mine, nobody's, and the one whose key stands in the address."""
    choices = _choices(_("all officers"), [("me", _("mine")), ("none", _("nobody's"))])
    given = str((data or {}).get("officer") or "")
    if given.isascii() and given.isdigit() and len(given) < 19:
        choices += [(str(pk), name) for pk, name in Person.objects.filter(pk=int(given)).values_list("pk", "name")]
    return choices


def indented(offices: Sequence[Office]) -> list[tuple[str, str]]:
    """Code and name of each office as a list in tree order shows them."""
    depths = [office.path.count("/") for office in offices]
    top = min(depths, default=1)
    return [(office.code, "　" * (depth - top) + office.name) for office, depth in zip(offices, depths, strict=True)]


class DispatchForm(forms.Form):
    """A unit, either one of those offered by number or one found by name or code; and a note."""

    unit = forms.CharField(label=_("Unit"), required=False, max_length=24)
    other = forms.CharField(label=_("Another unit"), required=False, max_length=80)
    note = forms.CharField(label=_("Note to the unit"), required=False, max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None, units: Sequence[Office]) -> None:
        super().__init__(data, auto_id="dispatch_%s")
        self.units = units
        self.chosen: Office | None = None

    def clean(self) -> dict[str, Any]:
        """Find the unit; the one that was typed goes before the one that was picked."""
        given = super().clean() or {}
        wanted = str(given.get("other") or "").strip() or str(given.get("unit") or "")
        found = [unit for unit in self.units if wanted in {unit.code, unit.name}] or [
            unit for unit in self.units if wanted and wanted in unit.name
        ]
        if len(found) != 1:
            raise forms.ValidationError(_("There is no such unit.") if wanted and not found else _("Choose the unit.") if not found else _("Several units have this in their name: write it in full."))  # fmt: skip
        self.chosen = found[0]
        return given


class RevealForm(forms.Form):
    """What personal data is needed for: one of the usual purposes, in words if none of them fits."""

    purpose = forms.ChoiceField(label=_("Purpose"), choices=list(words.PURPOSES.items()))
    more = forms.CharField(label=_("More exactly"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        """Another purpose has to be written out."""
        given = super().clean() or {}
        if given.get("purpose") == "other" and not any(sign.isalnum() for sign in given.get("more") or ""):
            self.add_error("more", _("Say what the personal data is needed for."))
        return given

    def stated(self) -> str:
        """The purpose as the journal keeps it."""
        more = str(self.cleaned_data["more"]).strip()
        return f"{self.cleaned_data['purpose']}: {more}" if more else str(self.cleaned_data["purpose"])
