"""The words of mediation: sides, questions, ways, results (pure choices)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Question(models.TextChoices):
    """What a side is asked."""

    MEDIATION = "mediation", pgettext_lazy("question", "mediation")  # 是否同意调解, Order 121 Art 18
    DELEGATION = "delegation", pgettext_lazy("question", "delegated mediation")  # 是否同意委托调解, Art 19


class Means(models.TextChoices):
    """How a side was told or answered (方式)."""

    TELEPHONE = "telephone", pgettext_lazy("means", "telephone")
    MESSAGE = "message", pgettext_lazy("means", "text message")
    IN_PERSON = "in_person", pgettext_lazy("means", "in person")
    LETTER = "letter", pgettext_lazy("means", "letter")
    EMAIL = "email", pgettext_lazy("means", "e-mail")
    PLATFORM = "platform", pgettext_lazy("means", "12315 platform")


class Mode(models.TextChoices):
    """How a session is held (Order 121 Art 20)."""

    ON_SITE = "on_site", _("on site")  # 现场调解
    ONLINE = "online", _("online, audio or video")  # 互联网、音频、视频
    TELEPHONE = "telephone", pgettext_lazy("mode", "by telephone")  # 电话


class SessionState(models.TextChoices):
    """Where a session stands."""

    SCHEDULED = "scheduled", pgettext_lazy("session", "scheduled")
    HELD = "held", pgettext_lazy("session", "held")
    MISSED = "missed", pgettext_lazy("session", "not held: a side was absent")
    CANCELLED = "cancelled", pgettext_lazy("session", "cancelled")


class Attendance(models.TextChoices):
    """Whether a side took part."""

    CAME = "came", pgettext_lazy("attendance", "took part")
    EXCUSED = "excused", pgettext_lazy("attendance", "absent with cause")  # 有正当理由
    ABSENT = "absent", pgettext_lazy("attendance", "absent without cause")  # 无正当理由不参加, Order 121 Art 23(2)


class Result(models.TextChoices):
    """What a session led to."""

    AGREED = "agreed", pgettext_lazy("result", "agreed")
    FAILED = "failed", pgettext_lazy("result", "clearly can't agree")  # Order 121 Art 23(3)
    GOES_ON = "goes_on", pgettext_lazy("result", "goes on")


class AskedBy(models.TextChoices):
    """Who wants a mediator replaced (申请回避)."""

    COMPLAINANT = "complainant", _("complainant")
    RESPONDENT = "respondent", pgettext_lazy("side", "respondent")
    MEDIATOR = "mediator", _("the mediator")  # 自行回避


class Decision(models.TextChoices):
    """What was decided on a request for recusal (回避决定)."""

    GRANTED = "granted", pgettext_lazy("recusal", "granted")
    DECLINED = "declined", pgettext_lazy("recusal", "declined")
    LAPSED = "lapsed", pgettext_lazy("recusal", "lapsed: the case was closed")


class Way(models.TextChoices):
    """How an agreement is kept on record (Order 121 Art 24)."""

    WRITTEN = "written", _("written agreement, signed by both")  # 调解书
    PERFORMED = "performed", _("performed at once: record only")  # 即时履行
    WAIVED = "waived", _("both want no written agreement: record only")  # 双方同意不制作
    REMOTE = "remote", _("reached by telephone or online: record only")  # 非现场调解


class DelegationEnd(models.TextChoices):
    """How a delegation ended (委托终结)."""

    SETTLED = "settled", pgettext_lazy("delegation", "settled")
    HANDED_BACK = "handed_back", pgettext_lazy("delegation", "handed back by the body")
    RECALLED = "recalled", pgettext_lazy("delegation", "recalled by the bureau")
    CLOSED = "closed", pgettext_lazy("delegation", "the case was closed")


class Choice(models.TextChoices):
    """How the testing or appraisal body was found (Order 121 Art 22)."""

    AGREED = "agreed", _("agreed by both sides")  # 协商确定
    DESIGNATED = "designated", _("designated by the bureau")  # 指定


class Bearer(models.TextChoices):
    """Who bears the cost of a test or appraisal (费用承担)."""

    COMPLAINANT = "complainant", _("complainant")
    RESPONDENT = "respondent", pgettext_lazy("side", "respondent")
    SHARED = "shared", pgettext_lazy("cost", "both, as agreed")
    LOSER = "loser", pgettext_lazy("cost", "whoever the result speaks against")
    BY_LAW = "by_law", pgettext_lazy("cost", "as another law says")
    NOT_AGREED = "not_agreed", pgettext_lazy("cost", "no agreement")  # 无法协商一致, Order 121 Art 23(4)
