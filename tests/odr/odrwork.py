"""What the tests of ODR share: an enterprise with an account, disputes, and a browser of the enterprise's."""

from datetime import datetime
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from cases.casework import LIN, NOW, filing, taken
from fangxin.accounts.models import Office
from fangxin.cases.models import Case, Consent
from fangxin.cases.services import dispatch
from fangxin.clocks.models import Clock
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.odr.models import Account, Dispute, Enterprise, Message
from fangxin.odr.services import Application, accounts, apply, disputes, enterprises
from fangxin.registry.models import Trader
from fangxin.registry.names import normalise

PASSWORD = "calm-harbour-9-gates"
USCC = "91370811MA3C00001K"
OTHER_USCC = "91370881MA3C000023"
OFFICER = Ref("person:1")
HEAD = Ref("person:2")


def trader(uscc: str = USCC, name: str = "济宁市鲁好商贸有限公司") -> Trader:
    """A trader on the register."""
    found = Trader.objects.filter(uscc=uscc).first()
    return found or Trader.objects.create(uscc=uscc, name=name, normalised_name=normalise(name), kind="enterprise", status="active")


def application(uscc: str = USCC, **changes) -> Application:
    """A complete application."""
    given = {
        "uscc": uscc, "premises": "济宁市任城区古槐路1号", "full_time": 1, "part_time": 1, "equipped": True, "phone": "0537-2345678",
        "email": "odr@example.com", "complaint_rules": "专人负责，三日内回复，记录保存两年。", "contact_name": "赵建国", "contact_phone": "13905370001",
    }  # fmt: skip
    return Application(**(given | changes))


def enterprise(
    uscc: str = USCC, name: str = "济宁市鲁好商贸有限公司", *, office: Office | None = None, at: datetime = NOW, login: str = "luhao"
) -> tuple[Enterprise, Account]:
    """An enterprise that takes part, with its first account: applied, approved, pledged and opened through the services."""
    trader(uscc, name)
    made = apply(application(uscc), by=enterprises.APPLICANT, at=at)
    if office is not None:
        Enterprise.objects.filter(pk=made.pk).update(office=office)
        made.refresh_from_db()
    enterprises.approve(made, by=OFFICER, at=at)
    _invitation, token = accounts.invite(made, by=OFFICER, at=at)
    account = accounts.accept_invitation(token, login=login, name="孙晓", password=PASSWORD, pledged=True, at=at)
    made.refresh_from_db()
    return made, account


def enterprise_browser(login: str = "luhao", language: str = "en", client: Client | None = None) -> Client:
    """A browser with this account's session."""
    client = client or Client(headers={"accept-language": language})
    answer = client.post("/odr/sign-in", {"login": login, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client


def complaint(offices, number: str = "1", unit: str = "370811", *, at: datetime = NOW, **changes) -> Case:
    """A complaint against the enterprise's trader, dispatched to a unit."""
    case = taken(number, **({"received_at": at} | changes))
    dispatch([case], offices[unit], by=SYSTEM, at=at)
    return Case.objects.get(pk=case.pk)


def sent(offices, number: str = "1", *, at: datetime = NOW, **changes) -> Dispute:
    """A complaint of the bureau's that was sent to the enterprise."""
    return disputes.send(complaint(offices, number, at=at, **changes), by=OFFICER, at=at)


def direct(made: Enterprise, *, consent: Consent = Consent.NOT_ASKED, at: datetime = NOW, **changes) -> Dispute:
    """A dispute filed with the enterprise itself."""
    return disputes.open_direct(filing(received_at=at, persons=(LIN,), **changes), made, consent_pass=consent, by=OFFICER, at=at)


def offers(dispute: Dispute) -> list[Message]:
    """The offers of a dispute, oldest first."""
    return list(Message.objects.filter(dispute=dispute, kind="offer").order_by("pk"))


def term(dispute: Dispute) -> Clock:
    """The dispute's clock."""
    return Clock.objects.filter(subject=dispute.ref, term="odr.settlement").latest("pk")


def picture(name: str) -> SimpleUploadedFile:
    """A small PNG of its own colour."""
    held = BytesIO()
    Image.new("RGB", (8, 8), (len(name) * 20, 90, 120)).save(held, "PNG")
    return SimpleUploadedFile(f"{name}.png", held.getvalue(), "image/png")
