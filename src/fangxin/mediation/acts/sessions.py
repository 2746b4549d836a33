"""Acts: arrange a session, change it, cancel it, write down what happened; who tests and who pays."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from fangxin.accounts.models import Person
from fangxin.cases.acts import Act, ActForm, register
from fangxin.cases.models import Case
from fangxin.cases.states import State
from fangxin.kernel.errors import IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step
from fangxin.mediation import laws, queries, services
from fangxin.mediation.acts import offering
from fangxin.mediation.acts.consents import told
from fangxin.mediation.models import Session
from fangxin.mediation.services.sessions import Plan, Record
from fangxin.mediation.states import Attendance, Bearer, Choice, Mode, Result

WHEN = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
MINUTES = 60


class TimedForm(ActForm):
    """When and how a session is held."""

    mode = forms.ChoiceField(label=pgettext_lazy("session", "Way"), choices=Mode)
    starts_at = forms.DateTimeField(label=gettext_lazy("Begins"), widget=WHEN)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=720, initial=MINUTES)
    place = forms.CharField(
        label=pgettext_lazy("session", "Place"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Needed on site; online: what leads there."),
    )


class PlanForm(TimedForm):
    """A session to be, and how each side is told of it."""

    mediator = forms.ModelChoiceField(label=gettext_lazy("Mediator"), queryset=Person.objects.none(), empty_label=None)
    complainant = forms.ChoiceField(label=gettext_lazy("Complainant told by"), choices=offering.means, required=False)
    respondent = forms.ChoiceField(
        label=gettext_lazy("Respondent told by"),
        choices=offering.means,
        required=False,
        help_text=gettext_lazy(
            "On site both have to be told beforehand. A text message is sent from here; otherwise you tell them yourself."
        ),
    )
    recusal_days = forms.IntegerField(
        label=gettext_lazy("Days to ask for recusal"),
        required=False,
        min_value=1,
        max_value=60,
        help_text=gettext_lazy("Stands in the notice of mediation (form 7); needed on site."),
    )
    materials = forms.CharField(label=gettext_lazy("To bring besides proof of identity"), required=False, max_length=200)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        mediators = self.fields["mediator"]
        assert isinstance(mediators, forms.ModelChoiceField)  # noqa: S101 -- tells mypy which field this is
        mediators.queryset = queries.mediators(case)
        self.fields["mediator"].initial = person.pk
        address = person.office.name
        self.fields["place"].widget.attrs.setdefault("placeholder", address)


class ChangeForm(PlanForm):
    """The arranged session as it stands, to be changed."""

    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        session = queries.facts(case).coming
        if session is not None:
            self.initial.update(
                {
                    "mode": session.mode,
                    "starts_at": session.starts_at,
                    "minutes": int((session.ends_at - session.starts_at).total_seconds()) // 60,
                    "place": session.place,
                    "mediator": session.mediator_id,
                    "recusal_days": session.recusal_days,
                    "materials": session.materials,
                }
            )


class CancelForm(ActForm):
    """Why a session will not be held."""

    note = forms.CharField(label=gettext_lazy("Reason"), max_length=2000, widget=offering.NOTE)


class RecordForm(TimedForm):
    """What happened: who came, what it led to. When and how is asked only for a session that was not arranged."""

    complainant = forms.ChoiceField(label=gettext_lazy("Complainant"), choices=Attendance)
    respondent = forms.ChoiceField(label=pgettext_lazy("side", "Respondent"), choices=Attendance)
    result = forms.ChoiceField(label=pgettext_lazy("session", "Result"), choices=Result, initial=Result.GOES_ON)
    note = forms.CharField(label=gettext_lazy("Record of the session"), max_length=2000, widget=offering.NOTE)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, case=case, person=person, prefix=prefix)
        if queries.facts(case).coming is not None:
            for name in TimedForm.base_fields:
                del self.fields[name]
        else:
            self.initial["mode"] = Mode.TELEPHONE

    def clean(self) -> dict[str, Any]:
        """The mediator of an unarranged session is who writes it down."""
        return {**(super().clean() or {}), "mediator": self.person}


class AppraisalForm(ActForm):
    """Who tests, and who pays."""

    body = forms.CharField(label=gettext_lazy("Testing or appraisal body"), max_length=120)
    choice = forms.ChoiceField(label=gettext_lazy("Choice of the body"), choices=Choice)
    bearer = forms.ChoiceField(label=gettext_lazy("Cost borne by"), choices=Bearer)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=2000, widget=offering.NOTE)


def _plan(given: Mapping[str, Any]) -> Plan:
    return Plan(
        mode=Mode(given["mode"]),
        starts_at=given["starts_at"],
        minutes=given["minutes"],
        mediator=given["mediator"],
        told=told(given) if "recusal_days" in given else {},
        place=given["place"],
        materials=given.get("materials", ""),
        recusal_days=given.get("recusal_days"),
    )


def _coming(case: Case) -> Session:
    session = queries.coming(case)
    if session is None:
        raise IllegalStep("mediation.no_session", "There is no arranged session.")
    return session


def _schedule(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.schedule_session(case, _plan(given), by=by, at=at, note=given["note"])


def _change(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.change_session(_coming(case), _plan(given), by=by, at=at, note=given["note"])


def _cancel(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.cancel_session(_coming(case), by=by, at=at, note=given["note"])


def _record(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    record = Record(Attendance(given["complainant"]), Attendance(given["respondent"]), Result(given["result"]), given["note"])
    session = queries.coming(case)
    services.record_session(case, record, session=session, plan=None if session else _plan(given), by=by, at=at)


def _arrange_appraisal(case: Case, given: Mapping[str, Any], by: Ref, at: datetime) -> None:
    services.arrange_appraisal(
        case, body=given["body"], choice=Choice(given["choice"]), bearer=Bearer(given["bearer"]), by=by, at=at, note=given["note"]
    )


def _may_schedule(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.presides(person, case, steps) and case.state == State.MEDIATING and queries.facts(case).coming is None


def _has_coming(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.presides(person, case, steps) and case.state == State.MEDIATING and queries.facts(case).coming is not None


def _may_cancel(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.presides(person, case, steps) and queries.facts(case).coming is not None


def _may_record(person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    return offering.presides(person, case, steps) and case.state == State.MEDIATING


def _record_effects(case: Case, _now: datetime) -> Sequence[str]:
    absence = _("A side that stays away without cause gives ground 2 to terminate.")
    return [_("Keeps the record of the arranged session."), absence] if queries.facts(case).coming else [absence]


register(
    Act(
        "schedule_session",
        pgettext_lazy("step", "Arrange a session"),
        PlanForm,
        _schedule,
        offered=_may_schedule,
        effects=offering.sentence(gettext_lazy("Books the mediator and tells the sides of time, place and mediator.")),
        law=offering.article(laws.SESSION),
        order=53,
    ),
    Act(
        "record_session",
        pgettext_lazy("step", "Record a session"),
        RecordForm,
        _record,
        offered=_may_record,
        effects=_record_effects,
        law=offering.article(laws.SESSION),
        order=54,
    ),
    Act(
        "change_session",
        pgettext_lazy("step", "Change the session"),
        ChangeForm,
        _change,
        offered=_has_coming,
        effects=offering.sentence(gettext_lazy("The sides are told anew.")),
        law=offering.article(laws.SESSION),
        order=55,
    ),
    Act(
        "cancel_session",
        pgettext_lazy("step", "Cancel the session"),
        CancelForm,
        _cancel,
        offered=_may_cancel,
        law=offering.article(laws.SESSION),
        order=56,
    ),
    Act(
        "arrange_appraisal",
        pgettext_lazy("step", "Testing body and cost"),
        AppraisalForm,
        _arrange_appraisal,
        offered=offering.for_bureau,
        effects=offering.sentence(
            gettext_lazy("Moves no period: the pause begins with the test itself. No agreement on the cost gives ground 4 to terminate.")
        ),
        law=offering.article(laws.APPRAISAL),
        order=64,
    ),
)
