"""What can be done with cases."""

from fangxin.cases.services.answers import answer, answer_each, redirect
from fangxin.cases.services.clues import open_clue
from fangxin.cases.services.complaints import (
    accept,
    ask_identity_proof,
    delegate,
    end_appraisal,
    end_delegation,
    notify_termination,
    record_identity_proof,
    refuse,
    resume_mediation,
    settle,
    start_appraisal,
    start_mediation,
    suspend_mediation,
    terminate,
    withdraw,
)
from fangxin.cases.services.dispatching import dispatch, report_back, respond, return_to_desk, set_kind
from fangxin.cases.services.mending import reopen, take_back
from fangxin.cases.services.outcomes import call_back, correct_recovery
from fangxin.cases.services.receiving import Outcome, Receipt, receive
from fangxin.cases.services.repeating import close_repeated, earlier_reports, merge_repeated
from fangxin.cases.services.reports import (
    conclude_report,
    decline_report,
    extend_verification,
    file_report,
    pause_verification,
    resume_verification,
    set_field,
    transfer_report,
    verify,
)
from fangxin.cases.services.rewarding import claim_reward, note_reward, tell_reward
from fangxin.cases.services.sharing import Said
from fangxin.cases.services.telling import notify_reporter

__all__ = [
    "Outcome",
    "Receipt",
    "Said",
    "accept",
    "answer",
    "answer_each",
    "ask_identity_proof",
    "call_back",
    "claim_reward",
    "close_repeated",
    "conclude_report",
    "correct_recovery",
    "decline_report",
    "delegate",
    "dispatch",
    "earlier_reports",
    "end_appraisal",
    "end_delegation",
    "extend_verification",
    "file_report",
    "merge_repeated",
    "note_reward",
    "notify_reporter",
    "notify_termination",
    "open_clue",
    "pause_verification",
    "receive",
    "record_identity_proof",
    "redirect",
    "refuse",
    "reopen",
    "report_back",
    "respond",
    "resume_mediation",
    "resume_verification",
    "return_to_desk",
    "set_field",
    "set_kind",
    "settle",
    "start_appraisal",
    "start_mediation",
    "suspend_mediation",
    "take_back",
    "tell_reward",
    "terminate",
    "transfer_report",
    "verify",
    "withdraw",
]
