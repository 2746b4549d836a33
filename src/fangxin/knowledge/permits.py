"""Who may read and write the knowledge base (权限)."""

from django.db.models import Q

from fangxin.accounts.models import Person, Role
from fangxin.kernel import permits
from fangxin.knowledge.models import Entry

EDITORS = (Role.CITY_DESK, Role.ADMINISTRATOR)


@permits.rule(Entry, "view")
def view(person: Person) -> Q:
    """Everybody who signs in reads what is in use; who edits it also what is not."""
    return permits.EVERYBODY if edits(person) else Q(active=True)


@permits.rule(Entry, "edit")
def edit(person: Person) -> Q:
    """The desk and the administrator keep it."""
    return permits.EVERYBODY if edits(person) else permits.NOBODY


def edits(person: Person) -> bool:
    """Whether the person keeps the knowledge base."""
    return any(person.has_role(role) for role in EDITORS)
