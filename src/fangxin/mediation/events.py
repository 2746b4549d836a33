"""What mediation announces. The subject is always the case; people and offices go by reference and code, words by their hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class PartiesInvited(Event):
    """Sides were invited to mediation (调解邀请); `means` pairs each side with how."""

    name: ClassVar[str] = "mediation.PartiesInvited"
    law: str
    question: str
    means: tuple[tuple[str, str], ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ConsentRecorded(Event):
    """A side said yes or no to mediation or to its delegation (同意调解、同意委托调解)."""

    name: ClassVar[str] = "mediation.ConsentRecorded"
    law: str
    question: str
    side: str
    given: bool
    means: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionScheduled(Event):
    """A session was arranged (安排调解), or an arranged one was changed; `told` pairs each side with how it was told."""

    name: ClassVar[str] = "mediation.SessionScheduled"
    law: str
    session: int
    mode: str
    starts_at: datetime
    ends_at: datetime
    mediator: str
    told: tuple[tuple[str, str], ...]
    changed: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionCancelled(Event):
    """An arranged session will not be held (取消调解)."""

    name: ClassVar[str] = "mediation.SessionCancelled"
    law: str
    session: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class SessionRecorded(Event):
    """What happened at a session (调解记录): who came, what it led to."""

    name: ClassVar[str] = "mediation.SessionRecorded"
    law: str
    session: int
    mode: str
    mediator: str
    complainant: str
    respondent: str
    result: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RecusalRequested(Event):
    """Someone wants a mediator replaced (申请回避)."""

    name: ClassVar[str] = "mediation.RecusalRequested"
    law: str
    request: int
    asked_by: str
    mediator: str


@dataclass(frozen=True, kw_only=True)
class RecusalDecided(Event):
    """The bureau decided on that (回避决定)."""

    name: ClassVar[str] = "mediation.RecusalDecided"
    law: str
    request: int
    decision: str
    mediator: str
    replacement: str = ""


@dataclass(frozen=True, kw_only=True)
class AppraisalArranged(Event):
    """Who tests or appraises, and who pays (检测、鉴定机构和费用)."""

    name: ClassVar[str] = "mediation.AppraisalArranged"
    law: str
    choice: str
    bearer: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class AgreementReached(Event):
    """The parties agreed, in these terms (达成调解协议); `terms` is their hash."""

    name: ClassVar[str] = "mediation.AgreementReached"
    law: str
    way: str
    recovered_fen: int
    terms: str


@dataclass(frozen=True, kw_only=True)
class AgreementSigned(Event):
    """A side signed the written agreement (签字)."""

    name: ClassVar[str] = "mediation.AgreementSigned"
    law: str
    side: str
    on: str


@dataclass(frozen=True, kw_only=True)
class DelegationReported(Event):
    """The delegated body told the bureau what came of it (委托调解结果反馈)."""

    name: ClassVar[str] = "mediation.DelegationReported"
    law: str
    office: str
    result: str
    ground: str = ""
