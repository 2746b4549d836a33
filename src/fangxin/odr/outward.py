"""What lower apps ask about ODR's own subjects: whose files one may see, and how a notice about them is shown."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.urls import reverse

from fangxin.accounts.models import Person
from fangxin.files.guards import Action
from fangxin.kernel import permits
from fangxin.kernel.refs import Ref, identity, kind
from fangxin.notices.subjects import Shown
from fangxin.odr.models import Account, Dispute, Enterprise


def guard_dispute(asking: Any, action: Action, subject: Ref) -> bool:
    """Files of a dispute: its enterprise's own people view and add; staff by the rules for disputes."""
    dispute = Dispute.objects.filter(pk=identity(subject)).first()
    if dispute is None:
        return False
    if isinstance(asking, Account):
        return (
            action != "remove"
            and asking.may_sign_in
            and asking.enterprise_id == dispute.enterprise_id
            and (action == "view" or dispute.is_open)
        )
    return permits.may(asking, "view" if action == "view" else "handle", dispute)


def guard_enterprise(asking: Any, action: Action, subject: Ref) -> bool:
    """Papers of an application: who sees the enterprise views, who reviews it adds and removes; never another enterprise."""
    enterprise = Enterprise.objects.filter(pk=identity(subject)).first()
    if enterprise is None or isinstance(asking, Account):
        return False
    return permits.may(asking, "view" if action == "view" else "review", enterprise)


class Subjects:
    """Enterprises and disputes as the outbox shows them. They may be told to an enterprise: neither is ever a report."""

    def shown(self, person: Person, subjects: Sequence[Ref]) -> Mapping[Ref, Shown]:
        """Those that the person may see, with number or name; two queries at most."""
        found: dict[Ref, Shown] = {}
        disputes = permits.rows(person, "view", Dispute.objects.filter(pk__in=_keys(subjects, Dispute.ref_kind)))
        for dispute in disputes:
            found[dispute.ref] = Shown(dispute.number, reverse("odr:staff-dispute", args=[dispute.pk]))
        enterprises = permits.rows(person, "view", Enterprise.objects.filter(pk__in=_keys(subjects, Enterprise.ref_kind)))
        for enterprise in enterprises:
            found[enterprise.ref] = Shown(enterprise.name, reverse("odr:enterprise", args=[enterprise.pk]))
        return found

    def forbidden(self, subjects: Sequence[tuple[Ref, str]]) -> set[tuple[Ref, str]]:  # noqa: ARG002 -- the shape of a resolver
        """None: only complaints become disputes."""
        return set()


def _keys(subjects: Iterable[Ref], wanted: str) -> list[int]:
    return [identity(subject) for subject in subjects if kind(subject) == wanted]
