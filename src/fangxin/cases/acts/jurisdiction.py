"""Acts of disputes over jurisdiction (处理权限争议)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy

from fangxin.accounts.models import COMPETENT_KINDS, Office, Person, Role
from fangxin.cases import words
from fangxin.cases.acts import effects
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case, JurisdictionDispute, JurisdictionState
from fangxin.cases.services import jurisdiction
from fangxin.cases.workflow import law_book
from fangxin.clocks.rules import local_date
from fangxin.kernel import permits
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})


def open_dispute(case: Case) -> JurisdictionDispute | None:
    """The dispute over jurisdiction that is open for a case, with its two bureaus."""
    return JurisdictionDispute.objects.open().filter(case=case).select_related("raised_by", "other").first()


class _OfficeForm(ActForm):
    office = forms.ModelChoiceField(label=gettext_lazy("Competent bureau"), queryset=Office.objects.none(), to_field_name="code")
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        field = self.fields["office"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = self.offices().order_by("path")

    def offices(self) -> Any:
        """The bureaus to choose among."""
        raise NotImplementedError


class RaiseForm(_OfficeForm):
    """Which other bureau is held competent, and why."""

    def offices(self) -> Any:
        """Every other bureau that works today."""
        return Office.objects.active().filter(kind__in=COMPETENT_KINDS).exclude(pk=self.case.competent_id or 0)


class AgreeForm(_OfficeForm):
    """Whom the two have agreed on."""

    def offices(self) -> Any:
        """The two."""
        dispute = open_dispute(self.case)
        return Office.objects.filter(pk__in=[dispute.raised_by_id, dispute.other_id] if dispute else [])


class DesignateForm(_OfficeForm):
    """Whom the superior designates."""

    def offices(self) -> Any:
        """Every bureau that works today."""
        return Office.objects.active().filter(kind__in=COMPETENT_KINDS)


class ReferForm(ActForm):
    """What the superior is told."""

    note = forms.CharField(label=gettext_lazy("What was negotiated, and why it failed"), max_length=2000, widget=NOTE)


def _raise(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    jurisdiction.raise_dispute(case, given["office"], by=by, at=at, note=given["note"])


def _found(case: Case) -> JurisdictionDispute:
    dispute = open_dispute(case)
    if dispute is None:
        raise IllegalStep("cases.no_dispute", "No dispute over jurisdiction is open for %(case)s.", case=case.number)
    return dispute


def _refer(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    jurisdiction.refer(_found(case), by=by, at=at, note=given["note"])


def _agree(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    jurisdiction.agree(_found(case), given["office"], by=by, at=at, note=given["note"])


def _designate(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    jurisdiction.designate(_found(case), given["office"], by=by, at=at, note=given["note"])


def _may_raise(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return open_dispute(case) is None


def _negotiating(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    dispute = open_dispute(case)
    return (
        dispute is not None
        and dispute.state == JurisdictionState.NEGOTIATING
        and person.has_role(Role.OFFICER, case.unit)
        and permits.may(person, "handle", case)
    )


def is_superior(person: Person, dispute: JurisdictionDispute) -> bool:
    """Whether the person decides for a bureau that stands above both (共同的上一级)."""
    return any(
        path not in {dispute.raised_by.path, dispute.other.path} and dispute.raised_by.within(path) and dispute.other.within(path)
        for path in person.paths(Role.SUPERVISOR, Role.CITY_DESK)
    )


def _superior(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    dispute = open_dispute(case)
    return dispute is not None and is_superior(person, dispute)


def _raise_effects(case: Case, at: datetime) -> list[str]:
    return effects.starts(case, jurisdiction.NEGOTIATION, at)


def _refer_effects(case: Case, at: datetime) -> list[str]:
    return [*effects.stops(case, jurisdiction.NEGOTIATION, at), *effects.starts(case, jurisdiction.DESIGNATION, at)]


def _end_effects(case: Case, at: datetime) -> list[str]:
    return [*effects.stops(case, jurisdiction.NEGOTIATION, at), *effects.stops(case, jurisdiction.DESIGNATION, at)]


def _article(rule: str) -> Any:
    def article(case: Case, at: datetime) -> str:
        return law_book().resolve(rule, local_date(at), as_if=case.as_if).text(get_language() or "zh-hans")

    return article


_DISPUTE, _DESIGNATION = _article("case.jurisdiction_dispute"), _article("case.jurisdiction_designation")

register(
    Act(
        "dispute_jurisdiction", words.STEPS["dispute_jurisdiction"], RaiseForm, _raise,
        step="dispute_jurisdiction", offered=_may_raise, effects=_raise_effects, order=91,
    ),
    Act("agree_jurisdiction", pgettext_lazy("act", "Agree on jurisdiction"), AgreeForm, _agree, offered=_negotiating, effects=_end_effects, law=_DISPUTE, order=28),
    Act("refer_jurisdiction", pgettext_lazy("act", "Ask the superior to designate"), ReferForm, _refer, offered=_negotiating, effects=_refer_effects, law=_DISPUTE, order=29),
    Act("designate_jurisdiction", pgettext_lazy("act", "Designate the competent bureau"), DesignateForm, _designate, offered=_superior, effects=_end_effects, law=_DESIGNATION, order=27),
)  # fmt: skip
