"""The ten official forms filled from a case (文书): which may be issued now, with what in their blanks, and by whom.

    papers.values("acceptance_decision", case, plain=plain, person=person, on=today)

An upper app that knows more about a form fills it further: `papers.register("mediation_notice", filler)`.
"""

from fangxin.cases.papers.filling import Filler, Setting, bureau, register, values
from fangxin.cases.papers.looking import look
from fangxin.cases.papers.offering import Offer, check_offered, check_stands, offers, serving_permit

__all__ = [
    "Filler",
    "Offer",
    "Setting",
    "bureau",
    "check_offered",
    "check_stands",
    "look",
    "offers",
    "register",
    "serving_permit",
    "values",
]
