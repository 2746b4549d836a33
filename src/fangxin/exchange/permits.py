"""Who may see and settle quarantined rows (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.exchange.models import QuarantinedRow
from fangxin.kernel import permits


@permits.rule(QuarantinedRow, "view")
def view(person: Person) -> Q:
    """The desk, which takes orders in, and the administrator see that there are rows and why."""
    return permits.EVERYBODY if person.has_role(Role.CITY_DESK) or person.has_role(Role.ADMINISTRATOR) else permits.NOBODY


@permits.rule(QuarantinedRow, "settle")
def settle(person: Person) -> Q:
    """What a row says holds personal data: only the desk reads and settles it."""
    return permits.EVERYBODY if person.has_role(Role.CITY_DESK) else permits.NOBODY
