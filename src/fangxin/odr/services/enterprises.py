"""An enterprise's way in and out (入驻、审核、承诺、退出)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction

from fangxin.accounts.models import COMPETENT_KINDS, Office
from fangxin.clocks.rules import local_date
from fangxin.files import services as files
from fangxin.kernel import journal, masks, vault
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.scrub import scrub
from fangxin.kernel.sql import bulk
from fangxin.odr import grounds
from fangxin.odr.events import EnterpriseApplied
from fangxin.odr.models import PLACE_ENTERPRISE, Account, Dispute, Enterprise, Remark
from fangxin.odr.services import disputes, passing, telling
from fangxin.odr.states import Ending
from fangxin.odr.workflow import ENTERPRISE, cited
from fangxin.registry import queries as register
from fangxin.registry.models import Trader, TraderStatus

APPLICANT = Ref("applicant")
"""Whoever fills in the public form: nobody knows yet who it is."""
VOLUNTARY = "voluntary"
_GONE = frozenset({TraderStatus.DEREGISTERED, TraderStatus.REVOKED})


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of an application: `category` is licence, pledge or statement."""

    name: str
    content: bytes
    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a trader states when it asks to take part (入驻申请)."""

    uscc: str
    premises: str
    full_time: int
    part_time: int
    equipped: bool
    phone: str
    complaint_rules: str
    contact_name: str
    contact_phone: str
    email: str = ""
    papers: Sequence[Paper] = ()


def apply(application: Application, *, by: Ref, at: datetime, by_staff: bool = False) -> Enterprise:
    """Take in an application (入驻申请), for the county bureau of the trader's place to review.

    Raises BadInput for what can't be used (also a paper that the files app refuses), IllegalStep for a trader that is not on the
    register, no longer trades, or takes part or has applied already.
    Source: practice of the 12315 platform (fixed premises, a handler, a networked computer, a dedicated telephone, rules).
    """
    trader = register.by_uscc(application.uscc)
    if trader is None:
        raise IllegalStep("odr.trader_unknown", "This code is not on the register of traders. Please apply at the bureau's window.")
    if trader.status in _GONE:
        raise IllegalStep("odr.trader_gone", "According to the register this trader is no longer in business.")
    if application.full_time + application.part_time < 1:
        raise BadInput("odr.no_handler", "At least one person must handle disputes.")
    if not (application.premises.strip() and application.phone.strip() and application.complaint_rules.strip() and application.equipped):
        raise BadInput("odr.not_equipped", "Premises, telephone, rules and a networked computer are required.")
    office = office_of(trader)
    (pk,) = bulk.reserve_ids(Enterprise, 1)
    enterprise = Enterprise(
        pk=pk,
        trader=trader,
        office=office,
        name=trader.name,
        premises=application.premises.strip(),
        full_time=application.full_time,
        part_time=application.part_time,
        equipped=application.equipped,
        phone=application.phone.strip(),
        email=application.email.strip(),
        complaint_rules=application.complaint_rules.strip(),
        sealed=vault.seal("person", PLACE_ENTERPRISE, pk, {"name": application.contact_name, "phone": application.contact_phone}),
        contact_masked=masks.name(application.contact_name)[:60],
        by_staff=by_staff,
        applied_at=at,
    )
    with journal.atomic():
        try:
            with transaction.atomic():
                enterprise.save(force_insert=True)
        except IntegrityError as error:
            raise _twice() from error
        law = cited("odr.application", local_date(at))
        journal.publish([EnterpriseApplied(subject=enterprise.ref, actor=by, at=at, trader=trader.pk, office=office.code, law=law)])
        for paper in application.papers:
            files.keep(paper.content, name=paper.name, subject=enterprise.ref, category=paper.category, by=by, at=at)
    return enterprise


def _twice() -> IllegalStep:
    return IllegalStep("odr.applied_already", "This trader takes part already, or its application is under review.")


def office_of(trader: Trader) -> Office:
    """The bureau that reviews (审核机关): the one of the trader's county, else the city's. Raises IllegalStep if there is none."""
    offices = Office.objects.active().filter(kind__in=COMPETENT_KINDS)
    if trader.division_id is not None and trader.division is not None:
        code = trader.division.code
        found = offices.filter(division_code=code).order_by("path").first() or offices.filter(code=code).first()
        if found is not None:
            return found
    root = offices.order_by("path").first()
    if root is None:
        raise IllegalStep("odr.no_office", "There is no bureau that could review it.")
    return root


# --- review ------------------------------------------------------------------------------------------------------------------


def approve(enterprise: Enterprise, *, by: Ref, at: datetime, note: str = "") -> None:
    """Admit an enterprise (审核通过); its pledge and its account are next. Raises IllegalStep, StaleState."""
    _step(enterprise, "approve", by=by, at=at, note=note, columns={"decided_at": at, "decided_by": by})


def refuse(enterprise: Enterprise, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """Not admit it (不予通过), on a ground of the data file and with the reason; it is told by e-mail if it gave a mailbox."""
    grounds.check("refusal", ground)
    columns = {"decided_at": at, "decided_by": by, "ended_at": at, "ground": ground}
    with journal.atomic():
        _step(enterprise, "refuse", by=by, at=at, note=note, ground=ground, columns=columns)
        telling.tell_enterprise(enterprise, "odr.application_refused", {"reason": scrub(note).text}, once="refused", by=by, at=at)


def pledge(enterprise: Enterprise, *, by: Ref, at: datetime) -> None:
    """Record the enterprise's pledge (承诺): given on paper, or on line by whoever opens its first account."""
    text = grounds.pledge()
    _step(enterprise, "pledge", by=by, at=at, text=text.digest, columns={"pledged_at": at, "pledge_version": text.version})


def open_for_disputes(enterprise: Enterprise, *, by: Ref, at: datetime) -> None:
    """Its first account is there: from now on disputes reach it (开户)."""
    _step(enterprise, "open", by=by, at=at, columns={"opened_at": at})


# --- exit --------------------------------------------------------------------------------------------------------------------


def drop(enterprise: Enterprise, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """Give up on an admitted enterprise that never opened an account."""
    grounds.check("exit", ground)
    _step(enterprise, "drop", by=by, at=at, note=note, ground=ground, columns={"ended_at": at, "ground": ground})


def ask_exit(account: Account, *, at: datetime) -> Enterprise:
    """An enterprise asks to leave (自愿退出); the bureau reviews it, running disputes go on until then."""
    enterprise = account.enterprise
    columns = {"proposed_at": at, "proposed_by": account.ref}
    _step(enterprise, "ask_exit", by=account.ref, at=at, ground=VOLUNTARY, columns=columns)
    return enterprise


def propose_exit(enterprise: Enterprise, *, ground: str, by: Ref, at: datetime, note: str) -> None:
    """Propose that an enterprise leaves (拟退出), on a ground of the data file; someone else reviews it."""
    grounds.check("exit", ground)
    _step(
        enterprise, "propose_exit", by=by, at=at, note=note, ground=ground, columns={"proposed_at": at, "proposed_by": by, "ground": ground}
    )


def keep(enterprise: Enterprise, *, by: Ref, at: datetime, note: str) -> None:
    """It stays after all (不予退出)."""
    _step(enterprise, "keep", by=by, at=at, note=note, columns={"proposed_at": None, "proposed_by": "", "ground": ""})


def exit_enterprise(enterprise: Enterprise, *, by: Ref, at: datetime, note: str = "") -> None:
    """Let it leave (退出): its accounts end, its running disputes are passed on.

    Raises IllegalStep if whoever proposed the exit would review it.
    """
    if enterprise.proposed_by == by:
        raise IllegalStep("odr.four_eyes", "Whoever proposed the exit can't review it as well.")
    ground = enterprise.ground or VOLUNTARY
    with journal.atomic():
        _step(enterprise, "exit", by=by, at=at, note=note, ground=ground, columns={"ended_at": at, "ground": ground})
        for account in Account.objects.select_for_update().filter(enterprise=enterprise).order_by("pk"):
            account.active = False
            account.session_epoch += 1
            account.save(update_fields=["active", "session_epoch"])
        running = list(Dispute.objects.open().of(enterprise).order_by("pk"))
        for dispute in running:
            disputes.break_off(dispute, Ending.LEFT, by=by, at=at)
    for dispute in running:
        passing.finish(dispute, at=at)


# --- shared ------------------------------------------------------------------------------------------------------------------


def _step(
    enterprise: Enterprise, step: str, *, by: Ref, at: datetime, columns: dict[str, Any], note: str = "", ground: str = "", text: str = ""
) -> None:
    law = cited(ENTERPRISE.step(step, enterprise.state).law, local_date(at))
    written = note.strip()
    digest = sha256(written.encode()).hexdigest() if written else ""
    with journal.atomic():
        ENTERPRISE.apply(enterprise, step, by=by, at=at, columns=columns, step=step, law=law, ground=ground, note=digest, text=text)
        if written:
            Remark.objects.create(enterprise=enterprise, step=step, text=scrub(written).text, by=by, at=at)
