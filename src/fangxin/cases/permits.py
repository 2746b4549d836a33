"""Who may see and do what with cases: the one place (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.cases.models import Case
from fangxin.kernel import permits

SEES_ALL = (Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR, Role.AUDITOR)


def _within(person: Person, *roles: Role) -> Q:
    """Cases whose unit lies in the subtrees of these roles; for a role over the root also those without a unit."""
    condition = permits.NOBODY
    for path in person.paths(*roles):
        condition |= Q(unit__path__startswith=path)
        if path.count("/") == 1:
            condition |= Q(unit__isnull=True)
    return condition


@permits.rule(Case, "view")
def view(person: Person) -> Q:
    """Handlers see their units' cases; desk, supervision, evaluation and audit those of their subtree, waiting ones included."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, *SEES_ALL)


@permits.rule(Case, "dispatch")
def dispatch(person: Person) -> Q:
    """Only the desk dispatches."""
    return _within(person, Role.CITY_DESK)


@permits.rule(Case, "handle")
def handle(person: Person) -> Q:
    """Steps of the procedure: whoever handles cases of the unit; which step, the table says."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK)


@permits.rule(Case, "reveal")
def reveal(person: Person) -> Q:
    """Personal data in plain text: only who works on the case; not evaluation, audit or supervision (Order 121 Art 37)."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK)


@permits.rule(Case, "read_notes")
def read_notes(person: Person) -> Q:
    """What was written on the case: handlers, desk and supervision."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, Role.SUPERVISOR)


@permits.rule(Case, "export")
def export(person: Person) -> Q:
    """Lists of cases out of the house go by the desk and supervision."""
    return _within(person, Role.CITY_DESK, Role.SUPERVISOR)
