"""What cases announce. The subject is always the case (`case:42`); none carries personal data, notes go by their hash."""

from dataclasses import dataclass
from datetime import date, datetime
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
    """First human contact with the complainant, or a later one (回应); an attempt that reached nobody is none."""

    name: ClassVar[str] = "cases.CaseResponded"
    method: str = ""
    first: bool = True
    result: str = ""


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
    found: str = ""
    """For mediation that should not have begun: the item of Order 121 Art 16, or 42."""


@dataclass(frozen=True, kw_only=True)
class IdentityProof(CaseStep):
    """Proof of identity was asked for, `until` a day, or what came of it (限期提供身份证明)."""

    name: ClassVar[str] = "cases.IdentityProof"
    until: date | None = None
    result: str = ""


@dataclass(frozen=True, kw_only=True)
class PartyTold(CaseStep):
    """One side was told of a termination (告知); the period ends when both are."""

    name: ClassVar[str] = "cases.PartyTold"
    side: str = ""
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseTakenBack(CaseStep):
    """A decision was taken back before its notice was served (撤回决定); `undone` is its step, `state` where the case stands again."""

    name: ClassVar[str] = "cases.CaseTakenBack"
    undone: str = ""
    state: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseReopened(CaseStep):
    """A closed case goes on (重新办理); `times` is how often that has happened to it."""

    name: ClassVar[str] = "cases.CaseReopened"
    undone: str = ""
    state: str = ""
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class CalledBack(CaseStep):
    """Someone asked the complainant afterwards (回访). Scores from 1 to 5; None where nobody was reached."""

    name: ClassVar[str] = "cases.CalledBack"
    attempt: int = 1
    reached: bool = False
    process: int | None = None
    result: int | None = None
    solved: bool | None = None


@dataclass(frozen=True, kw_only=True)
class RecoveryCorrected(CaseStep):
    """The amount that the consumer got back was put right (更正挽回损失); in fen."""

    name: ClassVar[str] = "cases.RecoveryCorrected"
    was_fen: int = 0
    recovered_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class ListExported(Event):
    """Someone took a list of cases out of the house (导出); the subject is the person. Only masked data goes out."""

    name: ClassVar[str] = "cases.ListExported"
    filters: tuple[str, ...]
    """`name=code` for each filter that was set; of a search only that there was one, for it may hold a telephone number."""
    rows: int


@dataclass(frozen=True, kw_only=True)
class CaseCombined(Event):
    """The case is worked together with another from now on (合并办理)."""

    name: ClassVar[str] = "cases.CaseCombined"
    lead: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseSeparated(Event):
    """That was taken back (撤销合并)."""

    name: ClassVar[str] = "cases.CaseSeparated"
    lead: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class RepresentativesElected(Event):
    """The people of a joint complaint chose who speaks for them (推选代表人); `parties` are keys."""

    name: ClassVar[str] = "cases.RepresentativesElected"
    parties: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class JointConsentGiven(Event):
    """What people of a joint complaint answered to one question; keys of the people."""

    name: ClassVar[str] = "cases.JointConsentGiven"
    matter: str
    agreed: tuple[int, ...]
    declined: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class JurisdictionRaised(Event):
    """A bureau holds another competent (处理权限争议); the subject is the dispute."""

    name: ClassVar[str] = "cases.JurisdictionRaised"
    opens: ClassVar[bool] = True
    case: str
    raised_by: str
    other: str


@dataclass(frozen=True, kw_only=True)
class JurisdictionReferred(Event):
    """The common superior is asked to designate (报请指定)."""

    name: ClassVar[str] = "cases.JurisdictionReferred"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class JurisdictionEnded(Event):
    """The two agreed, or the superior designated; `outcome` is the competent bureau's code."""

    name: ClassVar[str] = "cases.JurisdictionEnded"
    step: str
    outcome: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class DraftBegun(Event):
    """Someone began to take a filing down (开始录入); the subject is the draft."""

    name: ClassVar[str] = "cases.DraftBegun"
    opens: ClassVar[bool] = True
    channel: str


@dataclass(frozen=True, kw_only=True)
class DraftTaken(Event):
    """What was taken down became a case, or two that belong together (录入登记)."""

    name: ClassVar[str] = "cases.DraftTaken"
    cases: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DraftDiscarded(Event):
    """What was taken down was given up, with the reason (放弃录入)."""

    name: ClassVar[str] = "cases.DraftDiscarded"
    reason: str


@dataclass(frozen=True, kw_only=True)
class ApprovalAsked(Event):
    """An officer applied for something that the head has to approve (申请审批)."""

    name: ClassVar[str] = "cases.ApprovalAsked"
    approval: str
    kind: str
    law: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ApprovalDecided(Event):
    """The head approved or declined, or the matter was over before (审批); what an approval moves is told by its own step."""

    name: ClassVar[str] = "cases.ApprovalDecided"
    approval: str
    kind: str
    outcome: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportVerified(CaseStep):
    """A step of the verification was taken (核查): what kind of step, on which day."""

    name: ClassVar[str] = "cases.ReportVerified"
    method: str = ""
    on: str = ""


@dataclass(frozen=True, kw_only=True)
class FieldOfLawSet(CaseStep):
    """The field of law of a report was set or corrected; its periods of notice follow."""

    name: ClassVar[str] = "cases.FieldOfLawSet"
    was: str = ""
    field: str = ""


@dataclass(frozen=True, kw_only=True)
class ReporterNotified(CaseStep):
    """A duty to tell the reporter was fulfilled, or found not to be owed (告知举报人)."""

    name: ClassVar[str] = "cases.ReporterNotified"
    duties: tuple[str, ...] = ()
    method: str = ""
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class ReportRepeated(Event):
    """The same reporter reported the same again (重复举报); the subject is the earlier report, `later` the one that was closed for it."""

    name: ClassVar[str] = "cases.ReportRepeated"
    later: str
    new_facts: bool


@dataclass(frozen=True, kw_only=True)
class RewardRecorded(CaseStep):
    """The note on the reward was written or followed up (举报奖励). Why somebody gets none is not told."""

    name: ClassVar[str] = "cases.RewardRecorded"
    stage: str = ""
    eligible: bool = False
    amount_fen: int = 0


@dataclass(frozen=True, kw_only=True)
class ClueFound(CaseStep):
    """In mediation a clue of a violation was found, and a report made of it (调解中发现线索); the subject is the complaint."""

    name: ClassVar[str] = "cases.ClueFound"
    report: str = ""


@dataclass(frozen=True, kw_only=True)
class KnowledgeUsed(Event):
    """An answer rests on these entries of the knowledge base."""

    name: ClassVar[str] = "cases.KnowledgeUsed"
    entries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CaseAssigned(Event):
    """The case was given to an officer (交办、改派)."""

    name: ClassVar[str] = "cases.CaseAssigned"
    was: str
    officer: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseUrged(Event):
    """Oversight put an instruction on the case (督办意见)."""

    name: ClassVar[str] = "cases.CaseUrged"
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseEscalated(Event):
    """An overdue period was taken one level up (督办升级); who was told stands by reference."""

    name: ClassVar[str] = "cases.CaseEscalated"
    term: str
    level: int
    who: str
    people: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AbsenceSet(Event):
    """Someone is away and another stands in, or that was called off; the subject is the person."""

    name: ClassVar[str] = "cases.AbsenceSet"
    deputy: str
    from_on: date
    until_on: date
    ended: bool = False


@dataclass(frozen=True, kw_only=True)
class DataSubjectServed(Event):
    """The person concerned was given a copy of what is kept (个人信息查阅、复制); `parties` are keys."""

    name: ClassVar[str] = "cases.DataSubjectServed"
    parties: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ErasureAsked(Event):
    """Someone asked for the erasure of what a case holds of people."""

    name: ClassVar[str] = "cases.ErasureAsked"
    ground: str


@dataclass(frozen=True, kw_only=True)
class CaseErased(Event):
    """What a case held of people is erased (个人信息删除); upper apps erase theirs."""

    name: ClassVar[str] = "cases.CaseErased"
    ground: str
    asked_by: str
