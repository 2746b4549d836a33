"""Acts of oversight: who handles the case, and instructions on it (交办、督办)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person, Role
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case
from fangxin.cases.services import oversight
from fangxin.kernel import permits
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})


class AssignForm(ActForm):
    """Who is to handle it."""

    officer = forms.ModelChoiceField(label=gettext_lazy("Officer"), queryset=Person.objects.none())
    note = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        field = self.fields["officer"]
        if isinstance(field, forms.ModelChoiceField) and case.unit:
            field.queryset = Person.objects.holding(Role.OFFICER, case.unit).order_by("office__path", "pk")


class UrgeForm(ActForm):
    """What oversight wants done."""

    note = forms.CharField(label=gettext_lazy("Instruction"), max_length=2000, widget=NOTE)


class TakeForm(ActForm):
    """Nothing to fill in."""


def _assign(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    oversight.assign([case], given["officer"], by=by, at=at, note=given["note"])


def _urge(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    oversight.urge(case, by=by, at=at, note=given["note"])


def _take(case: Case, _given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    oversight.assign([case], Person.objects.get(pk=int(by.partition(":")[2])), by=by, at=at)


def _may_assign(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    """Supervision of the unit, or its own officers."""
    return (
        case.is_open and case.unit is not None and (person.has_role(Role.SUPERVISOR, case.unit) or person.has_role(Role.OFFICER, case.unit))
    )


def _may_urge(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.is_open and permits.may(person, "oversee", case)


def _may_take(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.is_open and case.unit is not None and case.officer_id is None and person.has_role(Role.OFFICER, case.unit)


register(
    Act("take", pgettext_lazy("act", "Take it on myself"), TakeForm, _take, offered=_may_take, order=15),
    Act("assign", pgettext_lazy("act", "Give to an officer"), AssignForm, _assign, offered=_may_assign, order=97),
    Act("urge", pgettext_lazy("act", "Give an instruction"), UrgeForm, _urge, offered=_may_urge, order=98),
)
