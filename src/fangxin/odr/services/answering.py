"""The consumer's side by one door (消费者答复): the secret link's page, staff who write down a call, and the portal to come."""

from datetime import datetime
from enum import StrEnum

from fangxin.odr.models import Dispute
from fangxin.odr.services import disputes, passing
from fangxin.odr.services.speaking import Speaker
from fangxin.odr.tokens import hash_of


class Reply(StrEnum):
    """What the consumer can do."""

    SAY = "say"
    COUNTER = "counter"
    ACCEPT = "accept"
    DECLINE = "decline"
    GIVE_UP = "give_up"
    CONSENT = "consent"
    NO_CONSENT = "no_consent"
    RATE = "rate"


def dispute_of(token: str) -> Dispute | None:
    """The dispute whose secret link this is; None for any other text."""
    return Dispute.objects.select_related("enterprise__office", "enterprise__trader", "case").filter(token_hash=hash_of(token)).first()


def answer(
    dispute: Dispute,
    reply: Reply,
    speaker: Speaker,
    *,
    at: datetime,
    offer: int = 0,
    remedy: str = "",
    amount_fen: int | None = None,
    text: str = "",
    rating: int = 0,
) -> None:
    """Do what the consumer says, and whatever follows from it. Must not be called inside a transaction (`passing.finish`).

    Raises IllegalStep, StaleState or BadInput as the function of each reply does.
    """
    match reply:
        case Reply.SAY:
            disputes.say(dispute, speaker, text=text, at=at)
        case Reply.COUNTER:
            disputes.offer(dispute, speaker, remedy=remedy, amount_fen=amount_fen, text=text, at=at)
        case Reply.ACCEPT:
            disputes.accept(dispute, speaker, offer_id=offer, text=text, at=at)
        case Reply.DECLINE:
            disputes.decline(dispute, speaker, offer_id=offer, text=text, at=at)
        case Reply.GIVE_UP:
            disputes.refuse(dispute, speaker, text=text, at=at)
        case Reply.CONSENT | Reply.NO_CONSENT:
            disputes.give_consent(dispute, speaker, given=reply is Reply.CONSENT, at=at)
        case Reply.RATE:
            disputes.rate(dispute, speaker, rating=rating, at=at)
    passing.finish(dispute, at=at)
