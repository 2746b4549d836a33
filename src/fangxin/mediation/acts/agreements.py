"""Acts: put an agreement on record, sign it, confirm what the delegated body reported."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person
from fangxin.cases.acts import Act, ActForm, effects, register
from fangxin.cases.models import Case, Side
from fangxin.cases.services import timing
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.mediation import queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.states import Way

TERMS = forms.Textarea(attrs={"rows": 4, "maxlength": 4000})
MOST = Decimal(1_000_000_000)


class SignedForm(ActForm):
    """Who signed, on which day."""

    complainant_signed = forms.DateField(label=gettext_lazy("Signed by the complainant on"), required=False, widget=offering.DAY)
    respondent_signed = forms.DateField(label=gettext_lazy("Signed by the respondent on"), required=False, widget=offering.DAY)


class AgreeForm(SignedForm):
    """The terms, and how they are kept."""

    way = forms.ChoiceField(label=gettext_lazy("Kept as"), choices=Way)
    terms = forms.CharField(label=gettext_lazy("What they agreed on"), max_length=4000, widget=TERMS)
    recovered = forms.DecimalField(
        label=gettext_lazy("Amount recovered (yuan)"),
        min_value=0,
        max_value=MOST,
        decimal_places=2,
        initial=0,
        help_text=gettext_lazy("What the consumer gets back or is paid."),
    )
    field_order = ("way", "terms", "recovered", "complainant_signed", "respondent_signed")

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        for name in ("complainant_signed", "respondent_signed"):
            self.fields[name].help_text = gettext_lazy("Written agreement only; can be recorded later.")


class SignForm(SignedForm):
    """The signatures that are missing."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        agreement = queries.facts(case).agreement
        if agreement is not None:
            self.initial.update(
                {
                    "complainant_signed": agreement.complainant_signed_on,
                    "respondent_signed": agreement.respondent_signed_on,
                }
            )

    def clean(self) -> dict[str, Any]:
        """At least one side signed."""
        given = super().clean() or {}
        if not signed(given) and not self.errors:
            raise forms.ValidationError(_("Say who has signed."))
        return given


class ConfirmForm(ActForm):
    """Nothing more to say."""


def signed(given: Mapping[str, Any]) -> dict[Side, date]:
    """From a form's two fields: who signed when."""
    return {side: given[f"{side.value}_signed"] for side in Side if given.get(f"{side.value}_signed")}


def fen(yuan: Decimal | None) -> int:
    """An amount in yuan as fen."""
    return int((yuan or Decimal()) * 100)


def _agree(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.agree(
        case,
        way=Way(given["way"]),
        terms=given["terms"],
        recovered_fen=fen(given["recovered"]),
        signed=signed(given),
        by=by,
        at=at,
    )


def _sign(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.sign(case, signed(given), by=by, at=at)


def _confirm(case: Case, _given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.confirm(case, by=by, at=at)


def _may_agree(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.presides(person, case, steps)


def _may_sign(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    agreement = queries.facts(case).agreement
    return offering.presides(person, case, steps) and agreement is not None and not agreement.ready


def _may_confirm(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    """A delegated body's agreement, or one whose closing another condition has held up."""
    found = queries.facts(case)
    if not offering.for_bureau(person, case, steps) or found.agreement is None or not found.agreement.ready:
        return False
    return found.delegation is None or found.delegation.reported_at is not None


def _agree_effects(case: Case, now: datetime) -> Sequence[str]:
    if case.delegate_id is not None:
        return [_("Reports the agreement to the bureau, which closes the case.")]
    return [_("A record closes the case as settled; a written agreement (form 9) does once both have signed."), *_closing(case, now)]


def _sign_effects(case: Case, now: datetime) -> Sequence[str]:
    if case.delegate_id is not None:
        return [_("With both signatures the agreement is reported to the bureau, which closes the case.")]
    return [_("With both signatures the case is closed as settled."), *_closing(case, now)]


def _closing(case: Case, now: datetime) -> list[str]:

    return effects.closes(case, now, stopping=(timing.MEDIATION,))


register(
    Act(
        "agree",
        pgettext_lazy("step", "Record an agreement"),
        AgreeForm,
        _agree,
        step="settle",
        offered=_may_agree,
        effects=_agree_effects,
        order=57,
    ),
    Act(
        "sign",
        pgettext_lazy("step", "Record signatures"),
        SignForm,
        _sign,
        step="settle",
        offered=_may_sign,
        effects=_sign_effects,
        order=57,
    ),
    Act(
        "settle",
        pgettext_lazy("step", "Close as settled"),
        ConfirmForm,
        _confirm,
        step="settle",
        offered=_may_confirm,
        effects=_closing,
        order=57,
    ),
)
