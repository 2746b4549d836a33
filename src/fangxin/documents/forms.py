"""The blanks of an official form as a form on a page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from fangxin.documents import filling
from fangxin.documents.specs import Field, FormSpec


class DocumentForm(forms.Form):
    """One official form to fill in; what it asks, and in which order, the form's data say."""

    def __init__(self, spec: FormSpec, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, str] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}), auto_id="paper_%s")
        self.spec = spec
        language = get_language() or "zh-hans"
        for field in spec.fields:
            asked = forms.CharField(
                label=field.label(language), required=False, widget=_widget(spec, field, language), strip=False, help_text=_help(field)
            )
            asked.widget.is_required = field.required  # checked in `clean`, so that a preview can be looked at half filled in
            if field.required:
                asked.widget.attrs["aria-required"] = "true"
            self.fields[field.name] = asked

    def clean(self) -> dict[str, Any]:
        """Each value as the form takes it, with what is wrong beside its field."""
        given = super().clean() or {}
        language = get_language() or "zh-hans"
        for field in self.spec.fields:
            given[field.name] = filling.tidy(field, given.get(field.name) or "")
            wrong = filling.fault(self.spec, field, given[field.name], language)
            if wrong is not None:
                self.add_error(field.name, _(wrong.message) % wrong.params)
        return given

    @property
    def given(self) -> dict[str, str]:
        """What stands in the blanks now, right or wrong."""
        return {name: str(self[name].value() or "") for name in self.fields}


NOT_FILLED = pgettext_lazy("form", "leave blank")


def _help(field: Field) -> str:
    return _("One a line.") if field.kind == "papers" else ""


def _widget(spec: FormSpec, field: Field, language: str) -> forms.Widget:  # noqa: PLR0911 -- one answer a kind
    chinese = language.startswith("zh")
    match field.kind:
        case "date":
            return forms.DateInput(attrs={"type": "date", "class": "form-control"})
        case "moment":
            return forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"})
        case "number":
            return forms.NumberInput(attrs={"min": 0, "max": 9999, "class": "form-control"})
        case "long" | "papers":
            rows = 6 if field.kind == "long" else 3
            return forms.Textarea(attrs={"rows": rows, "maxlength": filling.LONGEST[field.kind], "class": "form-control"})
        case "item":
            items = [(str(n), f"（{filling.NUMERALS[n - 1]}）{text}") for n, text in enumerate(spec.items, 1)]
            return forms.Select(choices=[("", NOT_FILLED), *items], attrs={"class": "form-select"})
        case "consent":
            yes, no = ("是", "否") if chinese else ("yes", "no")
            return forms.Select(choices=[("", NOT_FILLED), ("yes", yes), ("no", no)], attrs={"class": "form-select"})
        case "choice":
            words = field.choices if chinese else field.choices_en
            return forms.Select(choices=[("", NOT_FILLED), *zip(field.choices, words, strict=True)], attrs={"class": "form-select"})
    return forms.TextInput(attrs={"maxlength": filling.LONGEST_LINE, "autocomplete": "off", "class": "form-control"})
