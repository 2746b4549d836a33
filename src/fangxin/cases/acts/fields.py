"""Fields and boxes that the forms of many acts are put together from."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fangxin.cases import words

CHOOSE = ("", _("choose …"))
"""The first choice where none is picked beforehand."""
WAYS = [(key, label) for key, label in words.METHODS.items() if key != "outside"]
"""How somebody is told or asked, as an officer may enter it."""


def area(rows: int = 2) -> forms.Textarea:
    """A text box for what an officer writes; how much fits in is the field's `max_length`."""
    return forms.Textarea(attrs={"rows": rows})


def day(label: Any, **options: Any) -> forms.DateField:
    """A day."""
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def choose(label: Any, choices: Iterable[tuple[str, Any]] = (), **options: Any) -> forms.ChoiceField:
    """One of several, none of them picked beforehand."""
    return forms.ChoiceField(label=label, choices=[CHOOSE, *choices], **options)


def set_choices(form: forms.Form, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a field of one choice or several its choices."""
    field = form.fields[name]
    if isinstance(field, forms.ChoiceField):
        field.choices = list(choices)


def yuan(label: Any, **options: Any) -> "YuanField":
    """An amount in yuan, cleaned to fen."""
    return YuanField(label=label, required=False, min_value=0, max_digits=14, decimal_places=2, **options)


class YuanField(forms.DecimalField):
    """Yuan with two decimals as people write them; cleaned to whole fen, 0 for nothing."""

    def clean(self, value: Any) -> int:
        """The amount in fen."""
        given = super().clean(value)
        return 0 if given is None else int(given * 100)

    def prepare_value(self, value: Any) -> Any:
        """An amount in fen as it stands in the box."""
        return f"{value // 100}.{value % 100:02d}" if isinstance(value, int) else value
