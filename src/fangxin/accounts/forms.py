"""Shapes of what people type in; the rules are the services'."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import TokenScope
from .tokens import LONGEST, USUAL


def _password(label: Any, autocomplete: str, **options: Any) -> forms.CharField:
    attrs = {"class": "form-control", "autocomplete": autocomplete}
    return forms.CharField(label=label, max_length=200, strip=False, widget=forms.PasswordInput(attrs=attrs), **options)


class SignInForm(forms.Form):
    """Login and password."""

    login = forms.CharField(
        label=_("Login"),
        max_length=40,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    password = _password(_("Password"), "current-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_bound:  # it was refused: the login stays as typed, the password is typed again
            del self.fields["login"].widget.attrs["autofocus"]
            self.fields["password"].widget.attrs["autofocus"] = True


class CodeForm(forms.Form):
    """A one-time code or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"class": "form-control", "autocomplete": "one-time-code", "autocapitalize": "none", "autofocus": True}
        ),
    )


class PasswordForm(forms.Form):
    """The current password and, twice, a new one."""

    old = _password(_("Current password"), "current-password")
    new = _password(
        _("New password"), "new-password", help_text=_("At least ten characters, no common word, nothing of your login, name or office.")
    )
    again = _password(_("New password again"), "new-password")

    def clean(self) -> dict[str, Any]:
        """The two new ones must agree."""
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", _("The two new passwords differ."))
        return data


class ConfirmForm(forms.Form):
    """The current password, before something weighty."""

    password = _password(_("Current password"), "current-password")


class TokenForm(forms.Form):
    """A new access token: what it is for, what it may, how long; and the current password."""

    name = forms.CharField(
        label=_("What it is for"), max_length=60, widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"})
    )
    scope = forms.ChoiceField(label=_("It may"), choices=TokenScope.choices, widget=forms.Select(attrs={"class": "form-select"}))
    days = forms.IntegerField(
        label=_("Valid for (days)"),
        min_value=1,
        max_value=LONGEST.days,
        initial=USUAL.days,
        widget=forms.NumberInput(attrs={"class": "form-control"}),
    )
    password = _password(_("Current password"), "current-password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "token_%s")
        super().__init__(*args, **kwargs)
