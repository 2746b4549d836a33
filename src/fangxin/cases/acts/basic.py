"""Acts of every case: kind, response, reply to the hotline, return to the desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person
from fangxin.cases import filings, services, words
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.filings import Channel
from fangxin.cases.models import Case, Kind
from fangxin.cases.services import timing
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})


class RespondForm(ActForm):
    """When and how the person was contacted, and what came of it."""

    when = forms.DateTimeField(
        label=_("Time of the contact"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    method = forms.ChoiceField(label=_("Way"), choices=[(key, label) for key, label in words.METHODS.items() if key != "outside"])
    result = forms.ChoiceField(label=_("Result of the contact"), required=False, choices=list(words.CONTACTS.items()))
    note = forms.CharField(label=_("What was said"), required=False, max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        now, received = (timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M") for moment in (timezone.now(), case.first_received_at))
        self.fields["when"].initial = now
        self.fields["when"].widget.attrs |= {"min": received, "max": now}

    def clean_when(self) -> datetime | None:
        """Not in the future, not before the case was there; the minute of receipt counts as after it."""
        when: datetime | None = self.cleaned_data["when"]
        if when is None:
            return None
        if when > timezone.now():
            raise forms.ValidationError(_now("This time is still to come."))
        received = self.case.first_received_at
        if when < received.replace(second=0, microsecond=0):
            raise forms.ValidationError(
                _now("The case came in later, at %(time)s.") % {"time": f"{timezone.localtime(received):%Y-%m-%d %H:%M}"}
            )
        return max(when, received)


class ReturnForm(ActForm):
    """Why the case goes back to the desk."""

    note = forms.CharField(label=_("Reason"), max_length=2000, widget=NOTE)


class ReportBackForm(ActForm):
    """What the hotline is told."""

    note = forms.CharField(label=_("Reply"), max_length=2000, widget=NOTE)


class KindForm(ActForm):
    """What an undetermined case is."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[choice for choice in Kind.choices if choice[0] != Kind.UNDETERMINED],
        help_text=_("The statutory period then counts from the day the competent bureau received it."),
    )
    note = forms.CharField(label=_("Reason"), required=False, max_length=2000, widget=NOTE)


def _respond(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    result = given["result"] or "spoken"
    services.respond([case], method=given["method"], result=result, by=by, at=given["when"] or at, note=given["note"])


def _report_back(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.report_back([case], by=by, at=at, note=given["note"])


def _return_to_desk(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.return_to_desk(case, by=by, at=at, note=given["note"])


def _set_kind(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.set_kind(case, filings.Kind(given["kind"]), by=by, at=at, note=given["note"])


def _from_hotline(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.channel == Channel.HOTLINE_12345


def kind_may_be_set(_person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    """Whoever may answer an undetermined filing may decide what it is."""
    return case.kind == Kind.UNDETERMINED and case.is_open and bool({"dispatch", "return_to_desk", "answer"} & set(steps))


def _respond_effects(case: Case, at: datetime) -> Sequence[str]:
    stops = effects.stops(case, timing.ANSWER, at)
    return [*stops, _now("An attempt that reached nobody is recorded and stops nothing.")] if stops else []


def _report_back_effects(case: Case, at: datetime) -> Sequence[str]:
    return [*effects.stops(case, timing.HOTLINE_CLOSING, at), _now("The procedure by law goes on.")]


def _return_effects(_case: Case, _at: datetime) -> Sequence[str]:
    return [_now("Goes back to the desk, never to another unit; the period by law runs on.")]


def _kind_effects(case: Case, _at: datetime) -> Sequence[str]:
    start = case.competent_received_at
    if start is None:
        return [_now("The period by law begins when the competent bureau receives it.")]
    told = []
    for term, kind in ((timing.ACCEPTANCE, Kind.COMPLAINT), (timing.VERIFICATION, Kind.REPORT)):
        told += [_now("%(kind)s: %(effect)s") % {"kind": kind.label, "effect": one} for one in effects.starts(case, term, start)]
    return told


register(
    Act("set_kind", words.STEPS["set_kind"], KindForm, _set_kind, offered=kind_may_be_set, effects=_kind_effects, order=10, together=True),
    Act("respond", words.STEPS["respond"], RespondForm, _respond, step="respond", effects=_respond_effects, order=20),
    Act("report_back", words.STEPS["report_back"], ReportBackForm, _report_back, step="report_back", offered=_from_hotline, effects=_report_back_effects, order=80),
    Act("return_to_desk", words.STEPS["return_to_desk"], ReturnForm, _return_to_desk, step="return_to_desk", effects=_return_effects, order=90, together=True),
)  # fmt: skip
