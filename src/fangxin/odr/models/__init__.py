"""What ODR keeps: enterprises with their accounts, and disputes with what was said in them."""

from fangxin.odr.models.dispute import PLACE_CONSUMER, PLACE_MESSAGE, Dispute, DisputeQuerySet, Message
from fangxin.odr.models.enterprise import PLACE_ENTERPRISE, Account, Enterprise, EnterpriseQuerySet, Invitation, Remark

__all__ = [
    "PLACE_CONSUMER",
    "PLACE_ENTERPRISE",
    "PLACE_MESSAGE",
    "Account",
    "Dispute",
    "DisputeQuerySet",
    "Enterprise",
    "EnterpriseQuerySet",
    "Invitation",
    "Message",
    "Remark",
]
