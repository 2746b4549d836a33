"""Who may see and do what with cases: the one place (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.cases.models import Absence, Case, Draft, JurisdictionDispute
from fangxin.kernel import permits

RUNNING = Q(closed_at__isnull=True)
"""A delegated body works on a dispute, and opens its people's data, while it is open; afterwards it still sees the case, masked."""
SEES_ALL = (Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR, Role.AUDITOR)


def _within(person: Person, *roles: Role, delegated: Q = permits.EVERYBODY) -> Q:
    """Cases whose unit lies in the subtrees of these roles; for a role over the root also those without a unit; for mediators those delegated to them, `delegated` alone."""
    condition = permits.NOBODY
    for path in person.paths(*roles):
        condition |= Q(unit__path__startswith=path)
        if path.count("/") == 1:
            condition |= Q(unit__isnull=True)
    if Role.MEDIATOR in roles:
        for path in person.paths(Role.MEDIATOR):
            condition |= Q(delegate__path__startswith=path) & delegated
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
    """Steps of the procedure: whoever handles cases of the unit; which step, the table says. A delegation ends with the case."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, delegated=RUNNING)


@permits.rule(Case, "arrange")
def arrange(person: Person) -> Q:
    """What a delegated body has no part in: taking files off a case, and which cases are worked together."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, delegated=permits.NOBODY)


@permits.rule(Case, "issue")
def issue(person: Person) -> Q:
    """Registrations, decisions and notices in the bureau's name: officers and the desk; a delegated body only writes on mediation."""
    return _within(person, Role.OFFICER, Role.CITY_DESK)


@permits.rule(Case, "reveal")
def reveal(person: Person) -> Q:
    """Personal data in plain text: only who works on the case; not evaluation, audit or supervision (Order 121 Art 37)."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, delegated=RUNNING)


@permits.rule(Case, "read_notes")
def read_notes(person: Person) -> Q:
    """What was written on the case: handlers, desk and supervision."""
    return _within(person, Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, Role.SUPERVISOR)


@permits.rule(Case, "export")
def export(person: Person) -> Q:
    """Lists of cases out of the house go by the desk and supervision."""
    return _within(person, Role.CITY_DESK, Role.SUPERVISOR)


@permits.rule(JurisdictionDispute, "view")
def view_dispute(person: Person) -> Q:
    """Both bureaus of a dispute over jurisdiction see it, and whoever oversees one of them."""
    condition = permits.NOBODY
    for path in person.paths(Role.OFFICER, *SEES_ALL):
        condition |= Q(raised_by__path__startswith=path) | Q(other__path__startswith=path)
    return condition


@permits.rule(Draft, "resume")
def resume(person: Person) -> Q:
    """What somebody is taking down is theirs alone, as long as they take filings down at all."""
    return Q(person=person) if person.roles() & {Role.CITY_DESK, Role.OFFICER} else permits.NOBODY


@permits.rule(Case, "approve")
def approve(person: Person) -> Q:
    """Applications are decided by supervision of the unit's subtree; never one's own, which `services.approving` sees to."""
    return _within(person, Role.SUPERVISOR)


@permits.rule(Case, "oversee")
def oversee(person: Person) -> Q:
    """Overdue lists, instructions, re-assignment of many: supervision of the subtree, and the desk for the whole city."""
    return _within(person, Role.SUPERVISOR, Role.CITY_DESK)


@permits.rule(Absence, "view", "change")
def view_absence(person: Person) -> Q:
    """One's own, those one stands in for, and those of the offices that one supervises."""
    condition = Q(person=person.pk) | Q(deputy=person.pk)
    for path in person.paths(Role.SUPERVISOR):
        condition |= Q(person__office__path__startswith=path)
    return condition
