"""Who speaks in a dispute (协商主体): only an enterprise's own account speaks for it, and staff only for the consumer."""

from dataclasses import dataclass

from fangxin.accounts.models import Person
from fangxin.kernel import permits
from fangxin.kernel.errors import NotPermitted
from fangxin.kernel.refs import Ref
from fangxin.odr.models import Account, Dispute
from fangxin.odr.states import Method, Side


@dataclass(frozen=True, slots=True)
class Speaker:
    """One side, the one who acts for it, and the way it was said. Made by the three functions below alone."""

    side: Side
    by: Ref
    method: Method = Method.ONLINE


def for_enterprise(account: Account, dispute: Dispute, method: str = Method.ONLINE) -> Speaker:
    """An enterprise's own person, in one of its own disputes. Raises NotPermitted for anybody else, staff above all."""
    if not isinstance(account, Account) or account.enterprise_id != dispute.enterprise_id or not account.may_sign_in:
        raise NotPermitted("kernel.not_permitted", "You may not do this here.")
    return Speaker(Side.ENTERPRISE, account.ref, Method(method))


def for_consumer(person: Person, dispute: Dispute, method: str) -> Speaker:
    """A member of staff who writes down what the consumer said. Raises NotPermitted for who does not work on it."""
    permits.require(person, "handle", dispute)
    return Speaker(Side.CONSUMER, person.ref, Method(method))


def as_consumer(dispute: Dispute) -> Speaker:
    """The consumer, who holds the link (the caller has checked its token)."""
    return Speaker(Side.CONSUMER, dispute.consumer)
