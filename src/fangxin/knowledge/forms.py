"""What the knowledge base's pages ask for."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.kernel.errors import DomainError
from fangxin.knowledge import services
from fangxin.knowledge.models import Entry, Topic


class EntryForm(forms.ModelForm):  # type: ignore[type-arg]  # Django has no runtime subscript here
    """One entry; `seen` is when the text that is edited had been written."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    slug = forms.SlugField(
        label=_("Short name"), max_length=60, required=False, help_text=_("Small letters, numbers and dashes; can't be changed later.")
    )

    class Meta:
        model = Entry
        fields = ("topic", "title", "title_en", "answer", "words", "cites", "sources", "body", "phone", "checked", "active")
        widgets = {
            "answer": forms.Textarea(attrs={"rows": 8, "maxlength": 1500}),
            "sources": forms.Textarea(attrs={"rows": 2, "maxlength": 300}),
        }
        help_texts = {
            "words": _("Other words that people use for it, separated by blanks."),
            "cites": _("As order121:16(4), separated by blanks."),
            "sources": _("Texts that can't be cited so, separated by “；”."),
            "checked": _("Someone of the bureau stands by the articles."),
        }

    def __init__(self, data: Mapping[str, Any] | None = None, *, instance: Entry | None = None) -> None:
        super().__init__(data, instance=instance, auto_id="entry_%s")
        self.fields["topic"].choices = [("", _("choose …")), *Topic.choices]  # type: ignore[attr-defined]  # a choice field of the model
        self.fields["answer"].label = pgettext_lazy("knowledge", "Answer")
        if instance is not None:
            del self.fields["slug"]
            self.fields["seen"].initial = instance.updated_at.isoformat()
        else:
            self.fields["slug"].required = True
        for field in self.fields.values():
            plain = isinstance(field.widget, forms.Select)
            if not isinstance(field.widget, forms.CheckboxInput):
                field.widget.attrs.setdefault("class", "form-select" if plain else "form-control")

    def clean_cites(self) -> str:
        """Citations that can be read, and texts that are known."""
        text = " ".join(str(self.cleaned_data["cites"]).split())
        try:
            services.check_cites(text)
        except DomainError as error:
            raise forms.ValidationError(_("These are no citations: %(why)s"), params={"why": str(error)}) from error
        return text
