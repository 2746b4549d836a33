"""States of enterprises and disputes, and who says what in a dispute (pure)."""

from django.db import models
from django.utils.translation import pgettext_lazy


class EnterpriseState(models.TextChoices):
    """Where an enterprise stands with ODR (ODR企业状态): application, review, pledge, account, exit."""

    APPLIED = "applied", pgettext_lazy("odr enterprise", "applied")  # 待审核
    REFUSED = "refused", pgettext_lazy("odr enterprise", "not admitted")  # 不予通过
    APPROVED = "approved", pgettext_lazy("odr enterprise", "approved, pledge due")  # 待承诺
    PLEDGED = "pledged", pgettext_lazy("odr enterprise", "pledged, account due")  # 待开户
    ACTIVE = "active", pgettext_lazy("odr enterprise", "taking part")  # 已入驻
    LEAVING = "leaving", pgettext_lazy("odr enterprise", "exit under review")  # 退出审核中
    EXITED = "exited", pgettext_lazy("odr enterprise", "left")  # 已退出


ENDED_ENTERPRISES = (EnterpriseState.REFUSED, EnterpriseState.EXITED)
LIVE_ENTERPRISES = tuple(state for state in EnterpriseState if state not in ENDED_ENTERPRISES)


class DisputeState(models.TextChoices):
    """Where a dispute stands (ODR件状态)."""

    WAITING = "waiting", pgettext_lazy("odr dispute", "waiting for the enterprise")  # 待企业回应
    NEGOTIATING = "negotiating", pgettext_lazy("odr dispute", "in negotiation")  # 协商中
    UNSETTLED = "unsettled", pgettext_lazy("odr dispute", "not settled, to be passed on")  # 未和解，待移交
    SETTLED = "settled", pgettext_lazy("odr dispute", "settled")  # 已和解
    PASSED = "passed", pgettext_lazy("odr dispute", "passed to the bureau")  # 已转市场监管部门
    RETURNED = "returned", pgettext_lazy("odr dispute", "back with the bureau")  # 退回市场监管部门办理
    CLOSED = "closed", pgettext_lazy("odr dispute", "ended without agreement")  # 未达成和解，已告知途径
    ENDED = "ended", pgettext_lazy("odr dispute", "ended otherwise")  # 其他方式终结


OPEN_DISPUTES = (DisputeState.WAITING, DisputeState.NEGOTIATING)
LIVE_DISPUTES = (*OPEN_DISPUTES, DisputeState.UNSETTLED)
DONE_DISPUTES = tuple(state for state in DisputeState if state not in LIVE_DISPUTES)


class Origin(models.TextChoices):
    """How a dispute came to the enterprise."""

    BUREAU = "bureau", pgettext_lazy("odr origin", "sent by the bureau")  # 市场监管部门转送
    DIRECT = "direct", pgettext_lazy("odr origin", "filed with the enterprise")  # 消费者直接提交


class Side(models.TextChoices):
    """Who says something in a dispute."""

    ENTERPRISE = "enterprise", pgettext_lazy("odr side", "enterprise")  # 企业
    CONSUMER = "consumer", pgettext_lazy("odr side", "consumer")  # 消费者
    BUREAU = "bureau", pgettext_lazy("odr side", "bureau")  # 市场监管部门


class MessageKind(models.TextChoices):
    """What is said: the course of the negotiation (协商过程)."""

    MESSAGE = "message", pgettext_lazy("odr message", "message")  # 留言
    OFFER = "offer", pgettext_lazy("odr message", "offer")  # 和解方案（还价亦同）
    ACCEPT = "accept", pgettext_lazy("odr message", "accepts the offer")  # 接受方案
    DECLINE = "decline", pgettext_lazy("odr message", "declines the offer")  # 不接受方案
    REFUSE = "refuse", pgettext_lazy("odr message", "ends the negotiation")  # 拒绝协商、不再协商
    CONSENT = "consent", pgettext_lazy("odr message", "consents to passing it on")  # 同意转市场监管部门
    NO_CONSENT = "no_consent", pgettext_lazy("odr message", "does not consent to passing it on")  # 不同意转


class Answered(models.TextChoices):
    """What became of an offer."""

    OPEN = "", pgettext_lazy("odr offer", "open")
    ACCEPTED = "accepted", pgettext_lazy("odr offer", "accepted")
    DECLINED = "declined", pgettext_lazy("odr offer", "declined")
    SUPERSEDED = "superseded", pgettext_lazy("odr offer", "replaced by a newer one")
    LAPSED = "lapsed", pgettext_lazy("odr offer", "lapsed")


class Remedy(models.TextChoices):
    """What the consumer gets: the requests of the official complaint form (式样一)."""

    REPAIR = "repair", pgettext_lazy("odr remedy", "repair")  # 修理
    REDO = "redo", pgettext_lazy("odr remedy", "do again")  # 重作
    EXCHANGE = "exchange", pgettext_lazy("odr remedy", "exchange")  # 更换
    RETURN = "return", pgettext_lazy("odr remedy", "return of the goods")  # 退货
    MAKE_UP = "make_up", pgettext_lazy("odr remedy", "make up the quantity")  # 补足数量
    REFUND = "refund", pgettext_lazy("odr remedy", "refund")  # 退款
    DAMAGES = "damages", pgettext_lazy("odr remedy", "damages")  # 赔偿损失
    EXPLANATION = "explanation", pgettext_lazy("odr remedy", "explanation or apology")  # 解释、道歉
    OTHER = "other", pgettext_lazy("odr remedy", "other")  # 其他


class Method(models.TextChoices):
    """How something was said (协商方式); the record names it."""

    ONLINE = "online", pgettext_lazy("odr method", "online")  # 在线
    TELEPHONE = "telephone", pgettext_lazy("odr method", "telephone")  # 电话
    VISIT = "visit", pgettext_lazy("odr method", "meeting")  # 当面
    OTHER = "other", pgettext_lazy("odr method", "other")  # 其他


class Ending(models.TextChoices):
    """Why a negotiation ended without agreement (未和解原因)."""

    REFUSED = "refused", pgettext_lazy("odr ending", "the enterprise refused")  # 企业拒绝和解
    GIVEN_UP = "given_up", pgettext_lazy("odr ending", "the consumer ended the negotiation")  # 消费者不再协商
    EXPIRED = "expired", pgettext_lazy("odr ending", "the period ran out")  # 期限届满
    LEFT = "left", pgettext_lazy("odr ending", "the enterprise left ODR")  # 企业退出ODR
    RECALLED = "recalled", pgettext_lazy("odr ending", "the bureau took it back")  # 市场监管部门收回
    CASE_ENDED = "case_ended", pgettext_lazy("odr ending", "the case was closed otherwise")  # 案件以其他方式办结
    WITHDRAWN = "withdrawn", pgettext_lazy("odr ending", "the consumer withdrew")  # 消费者撤回
