"""Acts that put right or look back: taking a decision back, reopening, the amount recovered, the call-back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from fangxin.accounts.models import Person, Role
from fangxin.cases import services, words
from fangxin.cases.acts import effects
from fangxin.cases.acts.complaints import CHOOSE, NOTE, REASON, yuan_field
from fangxin.cases.acts.registry import Act, ActForm, register
from fangxin.cases.models import Case
from fangxin.cases.services import mending, outcomes, timing
from fangxin.cases.states import State
from fangxin.kernel.errors import DomainError
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step

SCORES = [
    ("5", pgettext_lazy("score", "5 very satisfied")),
    ("4", pgettext_lazy("score", "4 satisfied")),
    ("3", pgettext_lazy("score", "3 fair")),
    ("2", pgettext_lazy("score", "2 dissatisfied")),
    ("1", pgettext_lazy("score", "1 very dissatisfied")),
]
"""Satisfaction from 5 down to 1 (非常满意 … 非常不满意); as many as `models.BEST`."""


class TakeBackForm(ActForm):
    """Why the decision is taken back."""

    note = forms.CharField(label=_("Reason"), max_length=2000, widget=REASON)


class ReopenForm(ActForm):
    """Why the case goes on."""

    note = forms.CharField(label=_("Reason"), max_length=2000, widget=REASON)


class RecoveryForm(ActForm):
    """The right amount, and why the other was wrong."""

    recovered = yuan_field(_("Amount recovered (yuan)"))
    note = forms.CharField(label=_("Reason"), max_length=2000, widget=NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        self.fields["recovered"].initial = case.recovered_fen


class CallBackForm(ActForm):
    """Whether anybody was reached, and what they said."""

    reached = forms.ChoiceField(label=_("The call"), choices=[("yes", _("reached the complainant")), ("no", _("reached nobody"))])
    process = forms.ChoiceField(label=_("Satisfaction with the process"), required=False, choices=[CHOOSE, *SCORES])
    result = forms.ChoiceField(label=_("Satisfaction with the result"), required=False, choices=[CHOOSE, *SCORES])
    solved = forms.ChoiceField(
        label=_("Solved"), required=False, choices=[CHOOSE, ("yes", pgettext_lazy("solved", "yes")), ("no", pgettext_lazy("solved", "no"))]
    )
    note = forms.CharField(label=_("What was said"), required=False, max_length=2000, widget=NOTE)

    def clean(self) -> dict[str, Any]:
        """A call that reached someone has its three answers, one that reached nobody has none."""
        given = super().clean() or {}
        reached = given.get("reached") == "yes"
        for name in ("process", "result", "solved"):
            if reached and not given.get(name):
                self.add_error(name, _now("Fill this in for a call that reached the complainant."))
        if not reached:
            return {**given, "reached": False, "process": None, "result": None, "solved": None}
        scores = {name: int(given[name]) if given.get(name) else None for name in ("process", "result")}
        return {**given, "reached": True, **scores, "solved": given.get("solved") == "yes"}


def _take_back(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.take_back(case, by=by, at=at, note=given["note"])


def _reopen(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.reopen(case, by=by, at=at, note=given["note"])


def _correct(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.correct_recovery(case, recovered_fen=given["recovered"], by=by, at=at, note=given["note"])


def _call_back(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    scores = {name: given[name] for name in ("reached", "process", "result", "solved")}
    services.call_back(case, **scores, by=by, at=at, note=given["note"])


def _may_take_back(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    """Who handles the case; the desk only what it may decide itself, a withdrawal."""
    decision = mending.may_be_taken_back(case)
    if decision is None:
        return False
    handles = case.unit is not None and person.has_role(Role.OFFICER, case.unit)
    return handles or (decision.step == "withdraw" and person.has_role(Role.CITY_DESK))


def _may_reopen(_person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return case.state != State.SETTLED


def _may_call_back(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    return person.ref not in outcomes.handled_by(case)


def _undo_effects(case: Case, kept: Sequence[str], *, before: str) -> Sequence[str]:
    try:
        decision = mending.last_decision(case)
    except DomainError:
        return []
    if decision is None:
        return []
    told = [
        _now("Undoes “%(step)s”; the case is “%(state)s” again.")
        % {"step": words.STEPS.get(decision.step, decision.step), "state": State(decision.state).label}
    ]
    on = [words.term_name(term) for term, _moment in decision.stopped if term not in kept]
    if on:
        told.append(_now("Runs on from its original start: %(terms)s.") % {"terms": _now(", ").join(on)})
    off = [words.term_name(term) for term in decision.begun if effects.running(case, term) is not None]
    if off:
        told.append(_now("No longer applies: %(terms)s.") % {"terms": _now(", ").join(off)})
    return [*told, before]


def _take_back_effects(case: Case, _at: datetime) -> Sequence[str]:
    return _undo_effects(case, (), before=_now("Possible until the notice of the decision is served."))


def _reopen_effects(case: Case, _at: datetime) -> Sequence[str]:
    return _undo_effects(case, (timing.ANSWER,), before=_now("Counted as a reopening; no period begins anew."))


def _recovery_effects(_case: Case, _at: datetime) -> Sequence[str]:
    return [_now("Changes the amount that the figures count; the journal keeps both.")]


def _call_back_effects(case: Case, _at: datetime) -> Sequence[str]:
    attempt = len(outcomes.call_backs_of(case)) + 1
    return [_now("Recorded as attempt %(n)s; the last one that reached someone counts.") % {"n": attempt}]


register(
    Act("call_back", words.STEPS["call_back"], CallBackForm, _call_back, step="call_back", offered=_may_call_back, effects=_call_back_effects, order=75),
    Act("correct_recovery", words.STEPS["correct_recovery"], RecoveryForm, _correct, step="correct_recovery", effects=_recovery_effects, order=76),
    Act("take_back", words.STEPS["take_back"], TakeBackForm, _take_back, step="take_back", offered=_may_take_back, effects=_take_back_effects, order=95),
    Act("reopen", words.STEPS["reopen"], ReopenForm, _reopen, step="reopen", offered=_may_reopen, effects=_reopen_effects, order=95),
)  # fmt: skip
