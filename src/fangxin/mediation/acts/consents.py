"""Acts: invite, record what was answered, begin."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person
from fangxin.cases.acts import Act, ActForm, register
from fangxin.cases.acts import basic as _first  # noqa: F401 -- the cases' own acts come first; the same name again replaces
from fangxin.cases.models import Case, Side
from fangxin.cases.states import State
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.mediation import laws, queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.services.consents import Answer
from fangxin.mediation.states import Means, Question

ANSWERS = [("", gettext_lazy("no answer yet")), ("yes", pgettext_lazy("answer", "agrees")), ("no", pgettext_lazy("answer", "refuses"))]


class InviteForm(ActForm):
    """How each side is invited."""

    question = forms.ChoiceField(label=gettext_lazy("Question"), choices=Question)
    complainant = forms.ChoiceField(label=gettext_lazy("Complainant"), choices=offering.means, required=False)
    respondent = forms.ChoiceField(
        label=pgettext_lazy("side", "Respondent"),
        choices=offering.means,
        required=False,
        help_text=gettext_lazy("A text message is sent from here; otherwise you tell them yourself."),
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)

    def clean(self) -> dict[str, Any]:
        """At least one side is invited."""
        given = super().clean() or {}
        if not given.get("complainant") and not given.get("respondent"):
            raise forms.ValidationError(_("Say how at least one side is invited."))
        return given


class ConsentForm(ActForm):
    """What each side answered, and how."""

    question = forms.ChoiceField(label=gettext_lazy("Question"), choices=Question)
    complainant = forms.ChoiceField(label=gettext_lazy("Complainant"), choices=ANSWERS, required=False)
    respondent = forms.ChoiceField(label=pgettext_lazy("side", "Respondent"), choices=ANSWERS, required=False)
    means = forms.ChoiceField(label=gettext_lazy("Answered by"), choices=Means)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)

    def clean(self) -> dict[str, Any]:
        """At least one side answered."""
        given = super().clean() or {}
        if not given.get("complainant") and not given.get("respondent"):
            raise forms.ValidationError(_("Say what at least one side answered."))
        return given


class BeginForm(ActForm):
    """A word on the beginning."""

    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)


def told(given: Mapping[str, Any]) -> dict[Side, Means]:
    """From a form's two fields: how each side is told."""
    return {side: Means(given[side.value]) for side in Side if given.get(side.value)}


def _invite(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.invite(case, told(given), question=Question(given["question"]), by=by, at=at, note=given["note"])


def _record(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    means = Means(given["means"])
    answers = [Answer(side, given=given[side.value] == "yes", means=means) for side in Side if given.get(side.value)]
    services.record_consents(case, Question(given["question"]), answers, by=by, at=at, note=given["note"])


def _begin(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.begin(case, by=by, at=at, note=given["note"])


def _asked(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.handles(person, case, steps) and case.state != State.SUSPENDED


def _missing(case: Case, _now: datetime) -> Sequence[str]:
    """What still stands in the way, or that nothing does."""
    given = queries.on_mediation(case, queries.facts(case).standings)
    lines = {
        (Side.COMPLAINANT, None): _("Missing: the complainant's consent."),
        (Side.RESPONDENT, None): _("Missing: the respondent's consent."),
        (Side.COMPLAINANT, False): _("The complainant refused: mediation can only be terminated, on ground 2."),
        (Side.RESPONDENT, False): _("The respondent refused: mediation can only be terminated, on ground 2."),
    }
    found = [lines[side, answer] for side, answer in given.items() if not answer]
    return found or [_("Both sides have consented."), _("Mediation begins; its period has run since acceptance.")]


register(
    Act(
        "invite",
        pgettext_lazy("step", "Invite to mediation"),
        InviteForm,
        _invite,
        offered=_asked,
        law=offering.article(laws.CONSENT),
        order=50,
    ),
    Act(
        "record_consent",
        pgettext_lazy("step", "Record consent or refusal"),
        ConsentForm,
        _record,
        offered=_asked,
        effects=offering.sentence(gettext_lazy("Mediation begins only when both sides have consented; the newest answer counts.")),
        law=offering.article(laws.CONSENT),
        order=51,
    ),
    Act(
        "start_mediation",
        pgettext_lazy("step", "Begin mediation"),
        BeginForm,
        _begin,
        step="start_mediation",
        offered=offering.presides,
        effects=_missing,
        order=52,
    ),
)
