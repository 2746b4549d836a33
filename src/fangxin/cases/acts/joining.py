"""Acts of cases worked together and of joint complaints (合并办理、共同投诉)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from fangxin.accounts.models import Person
from fangxin.cases import words
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case, Kind, Matter, Party
from fangxin.cases.numbers import key_of
from fangxin.cases.services import joint, merging
from fangxin.cases.workflow import law_book
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})


class CombineForm(ActForm):
    """The case to be led by: one of those that look alike, or another by its number."""

    likely = forms.ChoiceField(
        label=gettext_lazy("Cases that may be the same matter"), required=False, widget=forms.RadioSelect, choices=()
    )
    number = forms.CharField(label=gettext_lazy("Or the number of the leading case"), required=False, max_length=20)
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        seen = {one.pk for one in permits.rows(person, "view", Case.objects.filter(pk__in=[one.case.pk for one in merging.likely(case)]))}
        field = self.fields["likely"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(one.case.number, _told(one)) for one in merging.likely(case) if one.case.pk in seen]
            field.widget = forms.RadioSelect(choices=field.choices) if field.choices else forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Find the case; another number goes before the one that was picked."""
        given = super().clean() or {}
        wanted = str(given.get("number") or given.get("likely") or "").strip()
        key = key_of(wanted) if wanted else None
        lead = permits.rows(self.person, "view", Case.objects.filter(pk=key)).first() if key else None
        if lead is None:
            raise forms.ValidationError(_("There is no case of this number that you can see.") if wanted else _("Choose the leading case."))
        given["lead"] = lead
        return given


def _told(one: merging.Likely) -> str:
    why = [_("same person")] if one.same_person else []
    why += [_("same trader")] if one.same_trader else []
    return f"{one.case.number} · {_(', ').join(why)} · {words.heading(one.case)[:40]}"


class SeparateForm(ActForm):
    """Why a case goes by itself again."""

    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=NOTE)


class _PeopleForm(ActForm):
    def people(self) -> list[Party]:
        return joint.complainants(self.case)

    @staticmethod
    def named(party: Party) -> str:
        return f"{party.name_masked or '—'} · {party.get_role_display()}"


class ElectForm(_PeopleForm):
    """Whom they have chosen."""

    parties = forms.MultipleChoiceField(
        label=gettext_lazy("Representatives (two at most)"), widget=forms.CheckboxSelectMultiple, choices=()
    )
    note = forms.CharField(label=gettext_lazy("By what paper"), max_length=500, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        field = self.fields["parties"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(str(one.pk), self.named(one)) for one in self.people()]


class JointConsentForm(_PeopleForm):
    """What those represented have answered to one question."""

    matter = forms.ChoiceField(label=gettext_lazy("Question"), choices=Matter.choices, initial=Matter.SETTLE)
    agreed = forms.MultipleChoiceField(label=gettext_lazy("They agree"), widget=forms.CheckboxSelectMultiple, choices=(), required=False)
    declined = forms.MultipleChoiceField(
        label=gettext_lazy("They don't agree"), widget=forms.CheckboxSelectMultiple, choices=(), required=False
    )
    in_writing = forms.BooleanField(label=gettext_lazy("In writing"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        choices = [(str(one.pk), self.named(one)) for one in joint.represented(case)]
        for name in ("agreed", "declined"):
            field = self.fields[name]
            if isinstance(field, forms.MultipleChoiceField):
                field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Everyone answers one way, and someone answers."""
        given = super().clean() or {}
        agreed, declined = set(given.get("agreed") or ()), set(given.get("declined") or ())
        if agreed & declined:
            raise forms.ValidationError(_("The same person can't agree and not agree."))
        if not agreed | declined:
            raise forms.ValidationError(_("Say who has answered."))
        return given


def _combine(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    merging.combine(case, given["lead"], by=by, at=at, note=given["note"])


def _separate(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    merging.separate(case, by=by, at=at, note=given["note"])


def _elect(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    joint.elect(case, list(Party.objects.filter(case=case, pk__in=given["parties"])), by=by, at=at, note=given["note"])


def _consent(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    people = {str(one.pk): one for one in joint.complainants(case)}
    answers = {people[pk]: True for pk in given["agreed"]} | {people[pk]: False for pk in given["declined"]}
    joint.record_consents(case, Matter(given["matter"]), answers, in_writing=given["in_writing"], by=by, at=at)


# Not the mediators of a delegated body: with which others the bureau decides a case is the bureau's to say.
def _can_combine(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return (
        case.is_open
        and case.kind in {Kind.COMPLAINT, Kind.UNDETERMINED}
        and case.lead_id is None
        and permits.may(person, "arrange", case)
        and not Case.objects.filter(lead=case).exists()
    )


def _can_separate(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.lead_id is not None and case.is_open and permits.may(person, "arrange", case)


def _joint(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.is_open and joint.is_joint(case) and permits.may(person, "handle", case)


def _has_represented(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return _joint(person, case, steps) and bool(joint.represented(case))


def _combined_effects(_case: Case, _at: datetime) -> list[str]:
    return [
        _("What is done with the leading case is done with this one too. People, numbers and periods stay with each. It can be taken back.")
    ]


def _article(case: Case, at: datetime) -> str:
    return law_book().resolve("complaint.joint", local_date(at), as_if=case.as_if).text(get_language() or "zh-hans")


register(
    Act("elect_representatives", pgettext_lazy("act", "Record representatives"), ElectForm, _elect, offered=_joint, law=_article, order=60),
    Act(
        "joint_consent", pgettext_lazy("act", "Record consents of those represented"), JointConsentForm, _consent,
        offered=_has_represented, law=_article, order=61,
    ),
    Act("combine", pgettext_lazy("act", "Work together with another case"), CombineForm, _combine, offered=_can_combine, effects=_combined_effects, permit="arrange", order=96),
    Act("separate", pgettext_lazy("act", "Work on it separately again"), SeparateForm, _separate, offered=_can_separate, permit="arrange", order=96),
)  # fmt: skip
