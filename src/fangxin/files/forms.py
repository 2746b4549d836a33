"""What a person may say about files."""

from django import forms
from django.utils.translation import pgettext_lazy

from fangxin.files import words
from fangxin.files.models import Reason


class PurposeForm(forms.Form):
    """Why the file is taken."""

    purpose = forms.ChoiceField(label=pgettext_lazy("file", "Purpose"), choices=list(words.PURPOSES.items()))


class RemovalForm(forms.Form):
    """Why the file is removed."""

    reason = forms.ChoiceField(label=pgettext_lazy("file", "Reason of removal"), choices=Reason.choices)


class CategoryForm(forms.Form):
    """What the uploaded files are."""

    category = forms.ChoiceField(
        label=pgettext_lazy("file", "What they are"), choices=[(code, words.CATEGORIES[code]) for code in words.UPLOADED]
    )
