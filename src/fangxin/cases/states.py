"""States and outcomes of cases (pure)."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(models.TextChoices):
    """Where a case stands (状态). What the law keeps apart stays apart: accept 受理 / file 立案, terminate 终止 / withdraw 撤回."""

    RECEIVED = "received", _("waiting for dispatch")  # 待分送
    DISPATCHED = "dispatched", _("dispatched")  # 已分送
    ACCEPTED = "accepted", _("accepted")  # 已受理
    MEDIATING = "mediating", _("in mediation")  # 调解中
    SUSPENDED = "suspended", _("mediation suspended")  # 中止调解
    FILED = "filed", _("filed for investigation")  # 已立案
    REFUSED = "refused", _("not accepted")  # 不予受理
    SETTLED = "settled", pgettext_lazy("state", "settled")  # 达成调解协议
    TERMINATED = "terminated", _("mediation terminated")  # 终止调解
    WITHDRAWN = "withdrawn", _("withdrawn")  # 撤回
    NOT_FILED = "not_filed", _("not filed")  # 不予立案
    CONCLUDED = "concluded", _("investigation concluded")  # 结案
    ANSWERED = "answered", _("answered")  # 已答复
    REDIRECTED = "redirected", _("told the right route")  # 告知其他途径
    MERGED = "merged", _("merged")  # 并案
    TRANSFERRED = "transferred", _("transferred to another body")  # 移送


OPEN_STATES = (State.RECEIVED, State.DISPATCHED, State.ACCEPTED, State.MEDIATING, State.SUSPENDED, State.FILED)
CLOSED_STATES = tuple(state for state in State if state not in OPEN_STATES)
