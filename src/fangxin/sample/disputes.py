"""ODR of the shown city: enterprises on their way in, and disputes at every stage (ODR企业、协商)."""

from datetime import datetime
from typing import TYPE_CHECKING

from fangxin.cases import services
from fangxin.cases.filings import Channel
from fangxin.cases.models import Consent
from fangxin.odr.models import Account, Dispute, Enterprise
from fangxin.odr.services import Application, Reply, accounts, answer, apply, as_consumer, enterprises, finish, for_enterprise
from fangxin.odr.services import disputes as odr
from fangxin.registry.models import Trader
from fangxin.sample import plots
from fangxin.sample.plots import Plot

if TYPE_CHECKING:
    from fangxin.sample.scenes import Stage

LOGIN = "odr-shop"
_RULES = "专人负责，一个工作日内联系消费者，三个工作日内提出方案；记录保存两年。"


def stage(on: "Stage", *, password: str) -> None:
    """An enterprise with accounts and disputes, one that has just been admitted, one that waits for its review.

    Must not be called inside a transaction: consumers' numbers are opened.
    """
    enterprise, account = _joined(on, on.shop(plots.FRIDGE), LOGIN, password)
    on.staged.enterprise_login = LOGIN
    _settled(on, enterprise, account)
    _ended(on, enterprise, account)
    _running(on, enterprise, account)
    admitted = _applied(on, on.shop(plots.MILK), on.ago(6))
    enterprises.approve(admitted, by=on.head.ref, at=on.ago(4), note="条件齐备。")
    _applied(on, on.shop(plots.PHONE), on.ago(1))
    second, _account = _joined(on, on.shop(plots.AD), "odr-shop-2", password)
    enterprises.propose_exit(second, ground="no_response", by=on.officer.ref, at=on.ago(1, "15:00"), note="近三个月多次不回应消费者。")


def _applied(on: "Stage", shop: Trader, at: datetime) -> Enterprise:
    person = on.person()
    stated = Application(
        uscc=shop.uscc or "", premises=shop.address or shop.name, full_time=1, part_time=2, equipped=True, phone="0537-2905388",
        email=f"odr-{shop.pk}@example.com", complaint_rules=_RULES, contact_name=person.name, contact_phone=person.phone,
    )  # fmt: skip
    return apply(stated, by=enterprises.APPLICANT, at=at)


def _joined(on: "Stage", shop: Trader, login: str, password: str) -> tuple[Enterprise, Account]:
    """Applied, reviewed, pledged, with an account."""
    enterprise = _applied(on, shop, on.ago(40))
    enterprises.approve(enterprise, by=on.head.ref, at=on.ago(38))
    _invitation, token = accounts.invite(enterprise, by=on.head.ref, at=on.ago(38, "10:00"))
    name = on.person().name
    account = accounts.accept_invitation(token, login=login, name=name, password=password, pledged=True, at=on.ago(37))
    enterprise.refresh_from_db()
    return enterprise, account


def _sent(on: "Stage", plot: Plot, enterprise: Enterprise, days: int) -> Dispute:
    """A complaint of the bureau's, sent so many working days ago."""
    case = on.dispatched(plot, days + 1, trader=enterprise.trader)
    on.staged.disputes += 1
    return odr.send(case, by=on.officer.ref, at=on.ago(days, "10:00"))


def _filed(on: "Stage", plot: Plot, enterprise: Enterprise, days: int, consent: Consent = Consent.YES) -> Dispute:
    """One filed with the enterprise itself."""
    at = on.ago(days, "11:00")
    filing = on.filing(plot, at, trader=enterprise.trader, channel=Channel.ODR)
    on.staged.disputes += 1
    return odr.open_direct(filing, enterprise, consent_pass=consent, by=on.desk.ref, at=at)


def _settled(on: "Stage", enterprise: Enterprise, account: Account) -> None:
    for plot, days, fen, rating in (
        (plots.KETTLE, 30, 19_900, 5), (plots.PRICE, 26, 1_000, 4), (plots.FRIDGE, 21, 30_000, 5), (plots.WASHER, 18, 50_000, 3),
        (plots.KETTLE, 15, 9_900, 5), (plots.WASHER, 12, 60_000, 4),
    ):  # fmt: skip
        dispute = _filed(on, plot, enterprise, days)
        odr.say(dispute, for_enterprise(account, dispute), text="您好，已收到，正在核实购买记录。", at=on.ago(days - 1, "09:10"))
        message = odr.offer(
            dispute, for_enterprise(account, dispute), remedy="refund", amount_fen=fen, text="三个工作日内原路退回。", at=on.ago(days - 1, "15:00")
        )  # fmt: skip
        answer(dispute, Reply.ACCEPT, as_consumer(dispute), offer=message.pk, at=on.ago(days - 2, "19:00"))
        answer(dispute, Reply.RATE, as_consumer(dispute), rating=rating, at=on.ago(days - 3, "20:00"))


def _ended(on: "Stage", enterprise: Enterprise, account: Account) -> None:
    """Refused and passed to the bureau, sent by the bureau and handed back, ended without the consumer's consent."""
    passed = _filed(on, plots.WASHER, enterprise, 9)
    odr.refuse(passed, for_enterprise(account, passed), text="该产品已超过三包期，不同意换货。", at=on.ago(7, "10:00"))
    finish(passed, at=on.ago(7, "10:00"))
    if passed.case_id:
        case = on.fresh(passed.case_id)
        services.respond([case], method="telephone", result="spoken", by=on.officer.ref, at=on.ago(7, "15:00"), note="已联系消费者。")
        services.accept([on.fresh(case.pk)], by=on.officer.ref, at=on.ago(5, "09:00"))
    handed_back = _sent(on, plots.KETTLE, enterprise, 6)
    odr.refuse(handed_back, for_enterprise(account, handed_back), text="检测显示人为损坏，不予退货。", at=on.ago(5, "10:00"))
    finish(handed_back, at=on.ago(5, "10:00"))
    closed = _filed(on, plots.PRICE, enterprise, 8, consent=Consent.NO)
    odr.refuse(closed, for_enterprise(account, closed), text="标价签已更正，不同意再退差价。", at=on.ago(6, "14:00"))
    finish(closed, at=on.ago(6, "14:00"))


def _running(on: "Stage", enterprise: Enterprise, account: Account) -> None:
    """New, offered, countered, and one whose last day is near."""
    _sent(on, plots.KETTLE, enterprise, 1)
    offered = _sent(on, plots.WASHER, enterprise, 4)
    odr.offer(
        offered, for_enterprise(account, offered), remedy="exchange", amount_fen=None, text="同意更换同型号新机。", at=on.ago(3, "10:00")
    )
    countered = _filed(on, plots.FRIDGE, enterprise, 5)
    odr.offer(
        countered,
        for_enterprise(account, countered),
        remedy="refund",
        amount_fen=60_000,
        text="补贴六百元，冰箱不退。",
        at=on.ago(4, "10:00"),
    )
    answer(
        countered, Reply.COUNTER, as_consumer(countered), remedy="refund", amount_fen=150_000, text="噪音没有解决，要求补贴一千五百元。", at=on.ago(3, "20:00")
    )  # fmt: skip
    near = _filed(on, plots.KETTLE, enterprise, 9)
    odr.say(near, for_enterprise(account, near), text="已联系厂家出具说明，请稍候。", at=on.ago(8, "09:00"))
    _filed(on, plots.PRICE, enterprise, 0, consent=Consent.NOT_ASKED)


__all__ = ["LOGIN", "stage"]
