"""Who may see the outbox and settle what failed (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.kernel import permits
from fangxin.notices.models import Notice

KEEPERS = (Role.CITY_DESK, Role.SUPERVISOR, Role.ADMINISTRATOR)


@permits.rule(Notice, "view", "settle")
def view(person: Person) -> Q:
    """Desk and supervision, who answer for people being told, and the administrator, who mends gateways.

    They see rows, never texts; what a row is about only if they may see that (`subjects.shown`).
    """
    return permits.EVERYBODY if any(person.has_role(role) for role in KEEPERS) else permits.NOBODY
