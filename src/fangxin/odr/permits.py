"""Which members of staff may see and do what with ODR enterprises and disputes (权限). Accounts of enterprises have no permits: see `access`."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.kernel import permits
from fangxin.odr.models import Dispute, Enterprise
from fangxin.odr.states import Origin

SEES = (Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK, Role.SUPERVISOR, Role.EVALUATOR, Role.AUDITOR)
WORKS = (Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK)


def _under(column: str, person: Person, *roles: Role) -> Q:
    condition = permits.NOBODY
    for path in person.paths(*roles):
        condition |= Q(**{f"{column}__startswith": path})
    return condition


@permits.rule(Enterprise, "view")
def view_enterprise(person: Person) -> Q:
    """Staff see the enterprises of their bureau and below; a township office's staff those of its bureau, which they send disputes to."""
    condition = _under("office__path", person, *SEES)
    competent = [office.competent_id for office in person.offices(*WORKS) if office.competent_id]
    return condition | Q(office_id__in=competent)


@permits.rule(Enterprise, "review")
def review(person: Person) -> Q:
    """Review, invitation and exit: officers and supervisors of the competent bureau."""
    return _under("office__path", person, Role.OFFICER, Role.SUPERVISOR)


@permits.rule(Enterprise, "reveal")
def reveal_enterprise(person: Person) -> Q:
    """The contact person in plain text: who reviews."""
    return _under("office__path", person, Role.OFFICER)


def _disputes(person: Person, *roles: Role) -> Q:
    """What the bureau sent: as its case. What was filed with the enterprise: with the bureau that reviews it, and as the case it became."""
    condition = _under("case__unit__path", person, *roles) | (Q(origin=Origin.DIRECT) & _under("enterprise__office__path", person, *roles))
    if any(path.count("/") == 1 for path in person.paths(*roles)):
        condition |= Q(case__isnull=False, case__unit__isnull=True)  # on the desk's queue
    return condition


@permits.rule(Dispute, "view")
def view_dispute(person: Person) -> Q:
    """Disputes about a case of one's units, and those that were filed with an enterprise of one's bureau."""
    return _disputes(person, *SEES)


@permits.rule(Dispute, "handle", "reveal")
def handle_dispute(person: Person) -> Q:
    """Enter what the consumer answers, take a dispute back: who works on the case or with the enterprise."""
    return _disputes(person, *WORKS)
