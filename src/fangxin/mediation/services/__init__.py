"""What can be done in mediation. Each service sees to it that the case is a complaint: a report is never mediated."""

from fangxin.mediation.services.agreements import agree, confirm, sign
from fangxin.mediation.services.appraisals import arrange_appraisal
from fangxin.mediation.services.consents import begin, invite, record_consents
from fangxin.mediation.services.delegations import WrittenDown, delegate, hand_back, recall, write_down
from fangxin.mediation.services.recusals import decide_recusal, request_recusal, resume
from fangxin.mediation.services.sessions import Plan, Record, cancel_session, change_session, record_session, schedule_session

__all__ = [
    "Plan",
    "Record",
    "WrittenDown",
    "agree",
    "arrange_appraisal",
    "begin",
    "cancel_session",
    "change_session",
    "confirm",
    "decide_recusal",
    "delegate",
    "hand_back",
    "invite",
    "recall",
    "record_consents",
    "record_session",
    "request_recusal",
    "resume",
    "schedule_session",
    "sign",
    "write_down",
]
