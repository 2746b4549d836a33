"""Acts: ask for another mediator, decide on it, go on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person, Role
from fangxin.cases.acts import Act, ActForm, register
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.kernel import permits
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.mediation import laws, queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.states import AskedBy, Decision


class RecusalForm(ActForm):
    """Who should stand aside, who asks, and why."""

    mediator = forms.ModelChoiceField(
        label=gettext_lazy("Mediator who should stand aside"), queryset=Person.objects.none(), empty_label=None
    )
    asked_by = forms.ChoiceField(label=gettext_lazy("Asked by"), choices=AskedBy)
    note = forms.CharField(label=gettext_lazy("Reason given"), max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        mediators = self.fields["mediator"]
        assert isinstance(mediators, forms.ModelChoiceField)  # noqa: S101 -- tells mypy which field this is
        mediators.queryset = queries.mediators(case)
        session = queries.facts(case).coming
        self.fields["mediator"].initial = session.mediator_id if session else case.officer_id


class DecideForm(ActForm):
    """Granted or declined, and who takes over."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"), choices=[choice for choice in Decision.choices if choice[0] != Decision.LAPSED]
    )
    replacement = forms.ModelChoiceField(
        label=gettext_lazy("Mediator who takes over"),
        queryset=Person.objects.none(),
        required=False,
        help_text=gettext_lazy("Needed if it is granted."),
    )
    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        request = queries.facts(case).recusal
        found = queries.mediators(case)
        replacement = self.fields["replacement"]
        assert isinstance(replacement, forms.ModelChoiceField)  # noqa: S101 -- tells mypy which field this is
        replacement.queryset = found.exclude(pk=request.mediator_id) if request else found

    def clean(self) -> dict[str, Any]:
        """A granted request needs who takes over."""
        given = super().clean() or {}
        if given.get("decision") == Decision.GRANTED and not given.get("replacement") and "replacement" not in self.errors:
            self.add_error("replacement", _("Name the mediator who takes over."))
        return given


class ResumeForm(ActForm):
    """A word on going on."""

    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)


def _request(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.request_recusal(case, mediator=given["mediator"], asked_by=AskedBy(given["asked_by"]), by=by, at=at, note=given["note"])


def _decide(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    request = queries.open_recusal(case)
    if request is None:
        raise IllegalStep("mediation.no_recusal", "No request for recusal waits for a decision.")
    if given["decision"] == Decision.GRANTED and given["replacement"] == request.mediator:
        raise BadInput("mediation.same_mediator", "Another mediator has to take over.")
    services.decide_recusal(
        request,
        granted=given["decision"] == Decision.GRANTED,
        replacement=given["replacement"],
        by=by,
        at=at,
        note=given["note"],
    )


def _resume(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.resume(case, by=by, at=at, note=given["note"])


def _may_request(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.handles(person, case, steps)


def _may_decide(person: Person, case: Case, _steps: Mapping[str, Step]) -> bool:
    """The head of the bureau decides (负责人): a supervisor of the unit, and never who is asked to stand aside."""
    if case.state != State.SUSPENDED or case.unit is None or not person.has_role(Role.SUPERVISOR, case.unit):
        return False
    request = queries.facts(case).recusal
    return request is not None and request.mediator_id != person.pk and permits.may(person, "view", case)


def _may_resume(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.for_bureau(person, case, steps) and queries.facts(case).recusal is None


register(
    Act(
        "request_recusal",
        pgettext_lazy("step", "Request recusal"),
        RecusalForm,
        _request,
        step="suspend",
        offered=_may_request,
        effects=offering.sentence(
            gettext_lazy("Suspends mediation until the head has decided."), gettext_lazy("The period of mediation goes on.")
        ),
        order=62,
    ),
    Act(
        "decide_recusal",
        pgettext_lazy("step", "Decide on recusal"),
        DecideForm,
        _decide,
        offered=_may_decide,
        effects=offering.sentence(
            gettext_lazy("Granted: another mediator takes over, and the sides have to be told anew of an arranged session."),
            gettext_lazy("Either way mediation goes on."),
        ),
        law=offering.article(laws.RECUSAL),
        order=62,
    ),
    Act("resume", pgettext_lazy("step", "Resume mediation"), ResumeForm, _resume, step="resume", offered=_may_resume, order=63),
)
