"""Messages to enterprises and consumers (告知), through the outbox of `notices`.

An enterprise's mailbox is no secret and its message is written with the step. A consumer's number lies sealed, and opening it is a
look that is committed before anything is seen; so the step only notes what is `owed`, and the message is made afterwards, at once or
by the sweep. A service that is killed in between forgets nobody.
"""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from fangxin.cases.models import PLACE_PARTY, Party, PartyRole
from fangxin.kernel import journal, vault
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.notices import services as notices
from fangxin.notices.services import Message as Notice
from fangxin.odr.models import PLACE_CONSUMER, Dispute, Enterprise, Message
from fangxin.odr.tokens import hash_of

logger = logging.getLogger(__name__)

PURPOSE = "a message about online dispute resolution"


def address(name: str, *args: str | int) -> str:
    """A page's whole address, for a message: under the first public origin that the operator has set, else the first host."""
    origins = settings.CSRF_TRUSTED_ORIGINS
    base = origins[0] if origins else f"http://{next(iter(settings.ALLOWED_HOSTS), 'localhost')}"
    return base.rstrip("/") + reverse(name, args=args)


def token_of(dispute: Dispute) -> str:
    """The secret of the consumer's link: 256 bits that follow from the service's own secret, so that it need be kept nowhere."""
    digest = salted_hmac("fangxin.odr.consumer", f"{dispute.pk}:{dispute.token_serial}", algorithm="sha256").digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def day(dispute: Dispute) -> str:
    """The last day of a dispute's period, for a message."""
    return f"{dispute.last_on:%Y-%m-%d}"


def tell_enterprise(enterprise: Enterprise, template: str, params: Mapping[str, str], *, once: str, by: Ref, at: datetime) -> bool:
    """Write to an enterprise's mailbox; False if it gave none."""
    if not enterprise.email:
        return False
    values = {"enterprise": enterprise.name, "office": enterprise.office.name, **params}
    notices.enqueue(
        [Notice(enterprise.ref, template, "email", enterprise.email, values, once=f"{enterprise.ref}:{template}:{once}")], by=by, at=at
    )
    return True


def tell_about(dispute: Dispute, template: str, *, once: str = "", by: Ref, at: datetime) -> bool:
    """Write to the enterprise about one of its disputes."""
    params = {"number": dispute.number, "due": day(dispute), "link": address("odr:dispute", dispute.pk)}
    return tell_enterprise(dispute.enterprise, template, params, once=f"{dispute.number}:{once}", by=by, at=at)


def tell_consumer(dispute: Dispute, *, at: datetime) -> bool:
    """Send the consumer what is owed to them, to the telephone number on file; False if nothing is owed or there is no number.

    Must not be called inside a transaction: it opens the number, which is journalled first.
    """
    template = dispute.owed
    if not template:
        return False
    phone, token = _phone(dispute, at=at), token_of(dispute)
    with journal.atomic():
        # Under a new secret of the service the link is another one: it replaces the one that was sent before.
        if Dispute.objects.filter(pk=dispute.pk, owed=template).update(owed="", token_hash=hash_of(token)) and phone:
            said = Message.objects.filter(dispute=dispute).order_by("-pk").values_list("pk", flat=True).first() or 0
            params = {
                "number": dispute.number,
                "due": day(dispute),
                "link": address("odr:consumer", token),
                "case": dispute.case.number if dispute.case else "-",
                "office": dispute.enterprise.office.name,
            }
            notices.enqueue(
                [Notice(dispute.ref, template, "sms", phone, params, once=f"{dispute.ref}:{template}:{said}")], by=SYSTEM, at=at
            )
    dispute.owed = ""
    return bool(phone)


def _phone(dispute: Dispute, *, at: datetime) -> str:
    found = contact(dispute)
    if found is None:
        return ""
    return vault.reveal(found, fields=("phone",), subject=dispute.ref, purpose=PURPOSE, actor=SYSTEM, at=at)["phone"]


def contact(dispute: Dispute) -> vault.Sealed | None:
    """Where the consumer's name and number lie sealed: with the direct filing, or with the complainant of the case; never a reporter's."""
    if dispute.sealed:
        return vault.Sealed("person", PLACE_CONSUMER, dispute.pk, bytes(dispute.sealed))
    if dispute.case_id is None:
        return None
    party = Party.objects.filter(case_id=dispute.case_id, role=PartyRole.COMPLAINANT, keys="person").order_by("position").first()
    return vault.Sealed(party.keys, PLACE_PARTY, party.pk, bytes(party.sealed)) if party is not None and party.sealed else None
