"""Acts: delegate, recall, hand back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Office, Person
from fangxin.cases.acts import Act, ActForm, register
from fangxin.cases.models import Case, Side
from fangxin.cases.services.complaints import DELEGATED_BODIES
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.mediation import queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.states import Question

GROUNDS = [
    ("", gettext_lazy("none of these")),
    ("1", gettext_lazy("1: withdrawn, or settled between themselves")),
    ("2", gettext_lazy("2: a side stays away without cause or refuses")),
    ("3", gettext_lazy("3: a side says clearly that no agreement is possible")),
    ("4", gettext_lazy("4: no agreement on the cost of a test or appraisal")),
]
"""What a delegated body can find out (Order 121 Art 23); the rest is the bureau's to see."""


class DelegateForm(ActForm):
    """To which body."""

    body = forms.ModelChoiceField(label=gettext_lazy("Association or station"), queryset=Office.objects.none())
    note = forms.CharField(label=gettext_lazy("What is delegated, and why"), max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        body = self.fields["body"]
        assert isinstance(body, forms.ModelChoiceField)  # noqa: S101 -- tells mypy which field this is
        body.queryset = Office.objects.active().filter(kind__in=DELEGATED_BODIES)


class EndForm(ActForm):
    """Why the delegation ends."""

    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=offering.NOTE)


class HandBackForm(EndForm):
    """Why it could not be settled."""

    ground = forms.ChoiceField(label=gettext_lazy("Ground seen"), choices=GROUNDS, required=False)
    field_order = ("ground", "note")


def _delegate(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.delegate(case, given["body"], by=by, at=at, note=given["note"])


def _recall(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.recall(case, by=by, at=at, note=given["note"])


def _hand_back(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.hand_back(case, ground=given["ground"], by=by, at=at, note=given["note"])


def _may_delegate(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.for_bureau(person, case, steps) and case.delegate_id is None


def _may_recall(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.for_bureau(person, case, steps) and case.delegate_id is not None


def _may_hand_back(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.handles(person, case, steps) and offering.of_body(person, case)


def _effects(case: Case, _now: datetime) -> list[str]:
    found = queries.facts(case).standings
    answers = {
        (Side.COMPLAINANT, None): _("Missing: the complainant's consent to delegation."),
        (Side.RESPONDENT, None): _("Missing: the respondent's consent to delegation."),
        (Side.COMPLAINANT, False): _("The complainant does not consent to delegation."),
        (Side.RESPONDENT, False): _("The respondent does not consent to delegation."),
    }
    missing = [answers[side, given] for side in Side if not (given := found[Question.DELEGATION, side].given)]
    return missing or [_("Its mediators work on the dispute in the bureau's name; they can't pass it on."), _("The periods go on.")]


register(
    Act(
        "delegate",
        pgettext_lazy("step", "Delegate mediation"),
        DelegateForm,
        _delegate,
        step="delegate",
        offered=_may_delegate,
        effects=_effects,
        order=60,
    ),
    Act(
        "recall_delegation",
        pgettext_lazy("step", "Recall the delegation"),
        EndForm,
        _recall,
        step="end_delegation",
        offered=_may_recall,
        effects=offering.sentence(gettext_lazy("The bureau mediates itself again; a session that the body arranged is cancelled.")),
        order=61,
    ),
    Act(
        "hand_back",
        pgettext_lazy("step", "Hand back to the bureau"),
        HandBackForm,
        _hand_back,
        step="end_delegation",
        offered=_may_hand_back,
        effects=offering.sentence(gettext_lazy("Reports that no agreement was reached; the bureau decides what follows.")),
        order=61,
    ),
)
