"""What cases announce. The subject is always the case (`case:42`); none carries personal data, notes go by their hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class CaseReceived(Event):
    """A filing became a case (接收)."""

    name: ClassVar[str] = "cases.CaseReceived"
    opens: ClassVar[bool] = True
    kind: str
    channel: str
    digest: str
    part: str = ""
    as_if: bool = False


@dataclass(frozen=True, kw_only=True)
class CaseUpdated(Event):
    """The outside system sent the same filing with other content; which fields changed, and which changes were not taken."""

    name: ClassVar[str] = "cases.CaseUpdated"
    digest: str
    changed: tuple[str, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KindSet(Event):
    """Someone, or triage, decided what an undetermined filing is (定性)."""

    name: ClassVar[str] = "cases.KindSet"
    was: str
    kind: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class TraderMatched(Event):
    """The respondent was found on the register, or the match was corrected."""

    name: ClassVar[str] = "cases.TraderMatched"
    was: int | None
    trader: int | None


@dataclass(frozen=True, kw_only=True)
class CaseStep(Event):
    """Any step of a procedure; the more telling ones have their own event."""

    name: ClassVar[str] = "cases.CaseStep"
    step: str
    law: str
    note: str = ""
    ground: str = ""
    approver: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseDispatched(CaseStep):
    """The desk sent the case to a unit (分送)."""

    name: ClassVar[str] = "cases.CaseDispatched"
    unit: str = ""
    competent: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseReturned(CaseStep):
    """A unit without power gave the case back to the desk (退回)."""

    name: ClassVar[str] = "cases.CaseReturned"
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseResponded(CaseStep):
    """First human contact with the complainant, or a later one (回应)."""

    name: ClassVar[str] = "cases.CaseResponded"
    method: str = ""
    first: bool = True


@dataclass(frozen=True, kw_only=True)
class CaseReportedBack(CaseStep):
    """The unit told the hotline what it has done (回复热线工单); the procedure by law goes on."""

    name: ClassVar[str] = "cases.CaseReportedBack"


@dataclass(frozen=True, kw_only=True)
class CaseAccepted(CaseStep):
    """A complaint was accepted (受理)."""

    name: ClassVar[str] = "cases.CaseAccepted"


@dataclass(frozen=True, kw_only=True)
class CaseClosed(CaseStep):
    """A case came to its end (办结), with the state that says how."""

    name: ClassVar[str] = "cases.CaseClosed"
    outcome: str = ""
    recovered_fen: int = 0
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ListExported(Event):
    """Someone took a list of cases out of the house (导出); the subject is the person. Only masked data goes out."""

    name: ClassVar[str] = "cases.ListExported"
    filters: tuple[str, ...]
    """`name=code` for each filter that was set; of a search only that there was one, for it may hold a telephone number."""
    rows: int
