"""Who is offered what: the unit's people, the delegated body's, the head."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fangxin.accounts.models import Person, Role
from fangxin.cases import queries as case_queries
from fangxin.cases.models import Case, Kind
from fangxin.kernel.workflow import Step
from fangxin.mediation import laws
from fangxin.mediation.services.shared import IN_MEDIATION
from fangxin.mediation.states import Means

HANDLING = frozenset({Role.OFFICER.value, Role.MEDIATOR.value})
NOTE = forms.Textarea(attrs={"rows": 2, "maxlength": 2000})
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
NOT_NOW = ("", _("not now"))

Steps = Mapping[str, Step]


def handles(person: Person, case: Case, steps: Steps) -> bool:
    """An open complaint in mediation that the person works on, for the unit or for the delegated body."""
    return (
        case.kind == Kind.COMPLAINT
        and case.state in IN_MEDIATION
        and "respond" in steps
        and bool(HANDLING & case_queries.roles_for(person, case))
    )


def of_body(person: Person, case: Case) -> bool:
    """Whether the person belongs to the body that the case is delegated to."""
    return case.delegate is not None and person.office.within(case.delegate.path)


def presides(person: Person, case: Case, steps: Steps) -> bool:
    """Who mediates: the body alone while the dispute is delegated, else the unit."""
    return handles(person, case, steps) and (case.delegate_id is None or of_body(person, case))


def for_bureau(person: Person, case: Case, steps: Steps) -> bool:
    """Who decides for the bureau."""
    return handles(person, case, steps) and not of_body(person, case)


def article(rule: str) -> Callable[[Case, datetime], str]:
    """An act's article where it is no step of the case's own table."""

    def told(_case: Case, now: datetime) -> str:
        return laws.law_at(rule, now).text(get_language() or "zh-hans")

    return told


def sentence(*lines: object) -> Callable[[Case, datetime], Sequence[str]]:
    """Effects that are always the same."""

    def told(_case: Case, _now: datetime) -> Sequence[str]:
        return [str(line) for line in lines]

    return told


def means(*, blank: bool = True) -> list[tuple[str, object]]:
    """Ways of telling a side."""
    return [NOT_NOW, *Means.choices] if blank else list(Means.choices)
