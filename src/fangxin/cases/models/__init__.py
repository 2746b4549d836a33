"""What cases keep: the case and its people, and what officers do with them."""

from fangxin.cases.models.approval import Approval, ApprovalKind, ApprovalOutcome
from fangxin.cases.models.case import (
    PLACE_FILING,
    PLACE_NOTE,
    PLACE_PARTY,
    Case,
    CaseLink,
    CaseQuerySet,
    Channel,
    Consent,
    Kind,
    LinkKind,
    Note,
    OutsideNumber,
    Party,
    PartyQuerySet,
    PartyRole,
    keys_for,
)
from fangxin.cases.models.entry import PLACE_DRAFT, DiscardReason, Draft, DraftOutcome, DraftQuerySet, Submission, draft_keys
from fangxin.cases.models.joining import Combination, JointConsent, Matter
from fangxin.cases.models.jurisdiction import JurisdictionDispute, JurisdictionState
from fangxin.cases.models.outcome import BEST, CallBack, Correction, CorrectionKind, Side, Told
from fangxin.cases.models.oversight import Absence, Escalation
from fangxin.cases.models.privacy import Erasure, ErasureGround
from fangxin.cases.models.reporting import NoticeOutcome, ReporterNotice, Reward, RewardGround, Transfer

__all__ = [
    "BEST",
    "PLACE_DRAFT",
    "PLACE_FILING",
    "PLACE_NOTE",
    "PLACE_PARTY",
    "Absence",
    "Approval",
    "ApprovalKind",
    "ApprovalOutcome",
    "CallBack",
    "Case",
    "CaseLink",
    "CaseQuerySet",
    "Channel",
    "Combination",
    "Consent",
    "Correction",
    "CorrectionKind",
    "DiscardReason",
    "Draft",
    "DraftOutcome",
    "DraftQuerySet",
    "Erasure",
    "ErasureGround",
    "Escalation",
    "JointConsent",
    "JurisdictionDispute",
    "JurisdictionState",
    "Kind",
    "LinkKind",
    "Matter",
    "Note",
    "NoticeOutcome",
    "OutsideNumber",
    "Party",
    "PartyQuerySet",
    "PartyRole",
    "ReporterNotice",
    "Reward",
    "RewardGround",
    "Side",
    "Submission",
    "Told",
    "Transfer",
    "draft_keys",
    "keys_for",
]
