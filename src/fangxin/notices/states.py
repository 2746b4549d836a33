"""The words that rows of the outbox are told in."""

from django.db import models
from django.utils.translation import pgettext_lazy


class Channel(models.TextChoices):
    """The way a notice goes (发送渠道)."""

    SMS = "sms", pgettext_lazy("notice", "text message")  # 短信
    EMAIL = "email", pgettext_lazy("notice", "e-mail")  # 电子邮件
    WECOM = "wecom", pgettext_lazy("notice", "WeCom")  # 企业微信
    DINGTALK = "dingtalk", pgettext_lazy("notice", "DingTalk")  # 钉钉


class Audience(models.TextChoices):
    """Whom a notice is for (告知对象). What a case's respondent may never hear of, a subject forbids by this (Order 121 Art 37)."""

    COMPLAINANT = "complainant", pgettext_lazy("notice", "complainant")  # 投诉人
    RESPONDENT = "respondent", pgettext_lazy("notice", "respondent")  # 被投诉人
    REPORTER = "reporter", pgettext_lazy("notice", "reporter")  # 举报人
    STAFF = "staff", pgettext_lazy("notice", "staff")  # 工作人员
    ENTERPRISE = "enterprise", pgettext_lazy("notice", "enterprise")  # ODR企业


class NoticeState(models.TextChoices):
    """How far a notice has come (发送状态)."""

    WAITING = "waiting", pgettext_lazy("notice", "waiting")  # 待发送
    SENDING = "sending", pgettext_lazy("notice", "being sent")  # 发送中
    SENT = "sent", pgettext_lazy("notice", "sent")  # 已发送
    DEAD = "dead", pgettext_lazy("notice", "failed for good")  # 发送失败
    GIVEN_UP = "given_up", pgettext_lazy("notice", "given up")  # 放弃发送


OPEN_STATES = (NoticeState.WAITING, NoticeState.SENDING)


class Failure(models.TextChoices):
    """Why an attempt failed, in a word that holds no address (失败原因)."""

    UNREACHABLE = "unreachable", pgettext_lazy("notice", "the gateway can't be reached")
    TIMED_OUT = "timed_out", pgettext_lazy("notice", "the gateway did not answer in time; it may have arrived all the same")
    BUSY = "busy", pgettext_lazy("notice", "the gateway is busy")
    REFUSED = "refused", pgettext_lazy("notice", "the gateway refuses it")
    RAISED = "raised", pgettext_lazy("notice", "sending broke off with an error")
    NO_GATEWAY = "no_gateway", pgettext_lazy("notice", "no gateway is configured for this channel")
    BAD_ADDRESS = "bad_address", pgettext_lazy("notice", "there is no usable address")
    NOT_OPENED = "not_opened", pgettext_lazy("notice", "the sealed text does not open")
    INTERRUPTED = "interrupted", pgettext_lazy("notice", "sending was interrupted; it may have arrived all the same")


UNCERTAIN = frozenset({Failure.TIMED_OUT, Failure.INTERRUPTED})
"""After these the notice may have reached the person although nobody said so."""
