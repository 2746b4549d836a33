"""The table of acts and who is offered which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.utils.translation import get_language, ngettext

from fangxin.accounts.models import Person
from fangxin.cases import queries
from fangxin.cases.acts import effects
from fangxin.cases.models import Case
from fangxin.cases.services import merging
from fangxin.cases.workflow import WORKFLOWS, law_of
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal, permits
from fangxin.kernel.errors import DomainError, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Step


class ActForm(forms.Form):
    """A form that knows the case it is about and who fills it in."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case, person: Person, prefix: str) -> None:
        super().__init__(data, auto_id=f"{prefix}_%s")
        self.case, self.person = case, person
        for field in self.fields.values():
            plain = isinstance(field.widget, forms.Select) and not isinstance(
                field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple
            )
            if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "form-select" if plain else "form-control")


@dataclass(frozen=True, slots=True)
class Act:
    """Something that can be done with a case."""

    name: str
    """In the address and, for an act that is a step, the step's own name."""
    label: Any
    form: type[ActForm]
    take: Callable[[Case, Mapping[str, Any], Ref, datetime], None]
    """One service call: the case, the cleaned form, by whom, when."""
    step: str = ""
    """The step of the table that must be lawful; empty: `offered` alone decides."""
    offered: Callable[[Person, Case, Mapping[str, Step]], bool] | None = None
    """A further condition; the mapping holds the steps that are lawful for this person."""
    effects: Callable[[Case, datetime], Sequence[str]] | None = None
    """What it will do, in sentences ("stops the acceptance period; starts 60 days of mediation, due …")."""
    law: Callable[[Case, datetime], str] | None = None
    """Its article where it is no step of the table."""
    permit: str = "handle"
    """For an act that is no step: the action whose rule tells who is refused from what is only not possible now."""
    order: int = 100
    """Place on the page; what is done most stands first."""
    together: bool = False
    """Done with the leading case it is done with all that are worked together with it (合并办理), all or none."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An act as the page offers it to one person for one case."""

    act: Act
    form: ActForm
    law: str
    effects: Sequence[str]


_acts: dict[str, Act] = {}


def register(*acts: Act) -> None:
    """Add acts to the table; the same name again replaces it."""
    for act in acts:
        _acts[act.name] = act


def named() -> Sequence[str]:
    """The names of all acts, in the order of the page."""
    return [act.name for act in _sorted()]


def find(name: str) -> Act | None:
    """The act of that name."""
    return _acts.get(name)


def offers(person: Person, case: Case, steps: Mapping[str, Step], now: datetime, *, sent: tuple[str, ActForm] | None = None) -> list[Offer]:
    """The acts that are open to the person for this case now; `sent` is a form that came back with errors."""
    found = []
    members = len(merging.together([case])) - 1
    with effects.remembering(case):
        for act in _sorted():
            if not _open(act, person, case, steps):
                continue
            form = sent[1] if sent and sent[0] == act.name else act.form(case=case, person=person, prefix=act.name)
            brings = [*(act.effects(case, now) if act.effects else ())]
            if act.together and members:
                brings.append(_with_members(members))
            found.append(Offer(act, form, law_text(act, case, now), brings))
    return found


def _with_members(count: int) -> str:
    said = ngettext(
        "The same is done with %(n)s case that is worked together with it.",
        "The same is done with %(n)s cases that are worked together with it.",
        count,
    )
    return said % {"n": count}


def take(act: Act, case: Case, form: ActForm, *, person: Person, now: datetime) -> None:
    """Do it, with a valid form; what is `together` also with the cases worked together with this one.

    Raises IllegalStep if the procedure doesn't lead there, PermissionDenied if it does but not for this person.
    """
    if not act.together:  # without a transaction around it: some open personal data, which is written down for good before it is shown
        _take_one(act, case, form, person, now)
        return
    with journal.atomic():
        for one in merging.together([case]):
            _take_one(act, one, form, person, now)


def _take_one(act: Act, case: Case, form: ActForm, person: Person, now: datetime) -> None:
    if not _open(act, person, case, queries.lawful_steps(person, case)):
        raise _refused(act, case, person)
    act.take(case, form.cleaned_data, person.ref, now)


def law_text(act: Act, case: Case, now: datetime) -> str:
    """The article that allows an act today, in the reader's language; empty where none is needed."""
    if act.law is not None:
        return act.law(case, now)
    if act.step:
        return law_of(act.step, case.kind, local_date(now)).text(get_language() or "zh-hans")
    return ""


def _sorted() -> list[Act]:
    return sorted(_acts.values(), key=lambda act: (act.order, act.name))


def _open(act: Act, person: Person, case: Case, steps: Mapping[str, Step]) -> bool:
    if act.step and act.step not in steps:
        return False
    if not act.step and act.offered is None:
        return False
    return act.offered is None or act.offered(person, case, steps)


def _refused(act: Act, case: Case, person: Person) -> DomainError | PermissionDenied:
    if act.step:
        step = WORKFLOWS[case.kind].steps.get(act.step)
        if step is None or case.state not in step.sources:
            return IllegalStep(
                "kernel.illegal_step", "Step “%(step)s” is not possible in state “%(state)s”.", step=act.step, state=case.state
            )
        if act.step not in queries.lawful_steps(person, case):
            return PermissionDenied()
    elif not permits.may(person, act.permit, case):
        return PermissionDenied()
    return IllegalStep("cases.not_now", "“%(act)s” is not possible with this case now.", act=str(act.label))
