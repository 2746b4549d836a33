"""Forms of mediation's own pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Office
from fangxin.mediation.states import Mode, Way


class CalendarForm(forms.Form):
    """Whose sessions are shown."""

    who = forms.ChoiceField(
        label=gettext_lazy("Sessions"),
        required=False,
        choices=[("", gettext_lazy("all that I may see")), ("mine", gettext_lazy("those where I preside"))],
    )
    office = forms.ChoiceField(label=pgettext_lazy("mediation", "Office"), required=False)

    def __init__(self, data: Mapping[str, Any] | None, offices: Sequence[Office]) -> None:
        super().__init__(data, auto_id="calendar_%s")
        found = self.fields["office"]
        assert isinstance(found, forms.ChoiceField)  # noqa: S101 -- tells mypy which field this is
        found.choices = [("", pgettext_lazy("mediation", "all offices")), *((office.code, office.name) for office in offices)]
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select"

    def chosen(self) -> tuple[bool, str]:
        """Only the person's own, and the office's code; what is no choice restricts nothing."""
        self.is_valid()
        given = getattr(self, "cleaned_data", {})
        return given.get("who") == "mine", str(given.get("office") or "")


class WrittenDownForm(forms.Form):
    """A dispute settled on the spot, written down once (当场调解)."""

    mode = forms.ChoiceField(label=pgettext_lazy("session", "Way"), choices=Mode)
    began_at = forms.DateTimeField(
        label=gettext_lazy("Begins"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=720, initial=30)
    place = forms.CharField(label=pgettext_lazy("session", "Place"), required=False, max_length=200)
    course = forms.CharField(
        label=gettext_lazy("Record of the session"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 2000})
    )
    way = forms.ChoiceField(label=gettext_lazy("Kept as"), choices=Way, initial=Way.PERFORMED)
    terms = forms.CharField(
        label=gettext_lazy("What they agreed on"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 4000})
    )
    recovered = forms.DecimalField(
        label=gettext_lazy("Amount recovered (yuan)"), min_value=0, max_value=1_000_000_000, decimal_places=2, initial=0
    )
    complainant_signed = forms.DateField(
        label=gettext_lazy("Signed by the complainant on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Written agreement only; can be recorded later."),
    )
    respondent_signed = forms.DateField(
        label=gettext_lazy("Signed by the respondent on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Written agreement only; can be recorded later."),
    )

    def __init__(self, data: Mapping[str, Any] | None, *, now: datetime, place: str) -> None:
        super().__init__(data, auto_id="down_%s", initial={"began_at": timezone.localtime(now) - timedelta(minutes=30), "place": place})
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "form-select" if isinstance(field.widget, forms.Select) else "form-control")

    def clean_recovered(self) -> int:
        """In fen."""
        return int(self.cleaned_data["recovered"] * 100)

    def clean(self) -> dict[str, Any]:
        """A written agreement is signed or waits to be; other ways are not signed."""
        given = super().clean() or {}
        if given.get("way") != Way.WRITTEN and (given.get("complainant_signed") or given.get("respondent_signed")):
            self.add_error("way", _("Only a written agreement is signed."))
        return given
