"""Acts of a consultation and of what is still undetermined: answer it, or hand it over to the body that is competent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import services, words
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case, Kind
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.knowledge import queries as knowledge
from fangxin.knowledge.models import Entry


class CitingForm(ActForm):
    """A form whose text may rest on entries of the knowledge base; `entries` holds their names, separated by blanks."""

    entries = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        address = reverse("cases:answering", kwargs={"pk": case.pk})
        self.fields["note"].help_text = format_html('<a href="{}">{}</a>', address, _now("Search the knowledge base"))

    def clean(self) -> dict[str, Any]:
        """Only entries that exist are told on."""
        given = super().clean() or {}
        wanted = str(given.get("entries") or "").split()
        return {**given, "entries": list(Entry.objects.filter(slug__in=wanted).order_by("slug").values_list("slug", flat=True))}


class AnswerForm(CitingForm):
    """The answer."""

    note = forms.CharField(label=_("Answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 9, "maxlength": 2000}))


class HandOverForm(CitingForm):
    """Which body is competent, and how it is reached."""

    body = forms.CharField(label=_("Competent body"), max_length=100)
    phone = forms.CharField(label=_("Its telephone"), required=False, max_length=40)
    note = forms.CharField(
        label=_("What the person was told"), required=False, max_length=1500, widget=forms.Textarea(attrs={"rows": 3, "maxlength": 1500})
    )


def prefilled(case: Case, person: Person, entry: Entry | None) -> AnswerForm | HandOverForm:
    """The form for answering, with an entry's text in it; one that names another body leads to the hand-over."""
    if entry is not None and entry.body and case.kind == Kind.CONSULTATION:
        form: AnswerForm | HandOverForm = HandOverForm(case=case, person=person, prefix="hand_over")
        form.initial = {"body": entry.body, "phone": entry.phone, "note": knowledge.quoted(entry)[:1500], "entries": entry.slug}
    else:
        form = AnswerForm(case=case, person=person, prefix="answer")
        form.initial = {"note": knowledge.quoted(entry)[:2000], "entries": entry.slug} if entry is not None else {}
    return form


def _answer(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.answer([case], by=by, at=at, note=given["note"], entries=given["entries"])


def _hand_over(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    where = f"{given['body']} {given['phone']}".strip()
    services.redirect(case, by=by, at=at, note=f"{where}\n{given['note']}".strip(), entries=given["entries"])


def _consultation(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.kind == Kind.CONSULTATION


def _closes(case: Case, at: datetime) -> Sequence[str]:
    return effects.closes(case, at)


register(
    Act("answer", words.STEPS["answer"], AnswerForm, _answer, step="answer", effects=_closes, order=30),
    Act(
        "hand_over", _("Hand over to the competent body"), HandOverForm, _hand_over, step="redirect", offered=_consultation, effects=_closes,
        order=31,
    ),
)  # fmt: skip
