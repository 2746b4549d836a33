"""The two procedures as tables: an enterprise's way in and out, and a dispute's course. Articles stand in `data/law.toml`."""

from datetime import date
from functools import cache
from pathlib import Path

from fangxin.accounts.models import Role
from fangxin.kernel.law import LawBook, RuleVersion
from fangxin.kernel.workflow import Step, Workflow
from fangxin.odr.events import DisputeStep, EnterpriseStep
from fangxin.odr.states import OPEN_DISPUTES, DisputeState, EnterpriseState

REVIEWERS = frozenset({Role.OFFICER.value, Role.SUPERVISOR.value})

_S = EnterpriseState
ENTERPRISE = Workflow(
    [
        Step("approve", (_S.APPLIED,), _S.APPROVED, law="odr.review", emits=EnterpriseStep, roles=REVIEWERS),
        Step("refuse", (_S.APPLIED,), _S.REFUSED, law="odr.review", emits=EnterpriseStep, roles=REVIEWERS, needs=("ground", "note")),
        Step("pledge", (_S.APPROVED,), _S.PLEDGED, law="odr.pledge", emits=EnterpriseStep, roles=REVIEWERS, needs=("text",)),
        Step("open", (_S.PLEDGED,), _S.ACTIVE, law="odr.account", emits=EnterpriseStep),
        Step("drop", (_S.APPROVED, _S.PLEDGED), _S.EXITED, law="odr.exit", emits=EnterpriseStep, roles=REVIEWERS, needs=("ground", "note")),
        Step("ask_exit", (_S.ACTIVE,), _S.LEAVING, law="odr.exit", emits=EnterpriseStep, needs=("ground",)),
        Step("propose_exit", (_S.ACTIVE,), _S.LEAVING, law="odr.exit", emits=EnterpriseStep, roles=REVIEWERS, needs=("ground", "note")),
        Step("keep", (_S.LEAVING,), _S.ACTIVE, law="odr.exit", emits=EnterpriseStep, roles=REVIEWERS, needs=("note",)),
        Step("exit", (_S.LEAVING,), _S.EXITED, law="odr.exit", emits=EnterpriseStep, roles=REVIEWERS, needs=("ground",)),
    ]
)
"""ODR enterprise (ODR企业): application, review, pledge, account, exit. No legal text fixes the exit; its grounds are data."""

_D = DisputeState
DISPUTE = Workflow(
    [
        Step("say", OPEN_DISPUTES, None, law="odr.negotiation", emits=DisputeStep),
        Step("answer", OPEN_DISPUTES, _D.NEGOTIATING, law="odr.negotiation", emits=DisputeStep),
        Step("offer", OPEN_DISPUTES, _D.NEGOTIATING, law="odr.negotiation", emits=DisputeStep),
        Step("decline", (_D.NEGOTIATING,), None, law="odr.negotiation", emits=DisputeStep),
        Step("settle", (_D.NEGOTIATING,), _D.SETTLED, law="odr.settlement", emits=DisputeStep, needs=("message",)),
        Step("break_off", OPEN_DISPUTES, _D.UNSETTLED, law="odr.ending", emits=DisputeStep, needs=("ending",)),
        Step("expire", OPEN_DISPUTES, _D.UNSETTLED, law="odr.ending", emits=DisputeStep, needs=("ending",)),
        Step("consent", (*OPEN_DISPUTES, _D.UNSETTLED), None, law="odr.passing", emits=DisputeStep),
        Step("pass", (_D.UNSETTLED,), _D.PASSED, law="odr.passing", emits=DisputeStep, needs=("case",)),
        Step("hand_back", (_D.UNSETTLED,), _D.RETURNED, law="odr.ending", emits=DisputeStep),
        Step("close", (_D.UNSETTLED,), _D.CLOSED, law="odr.ending", emits=DisputeStep),
        Step("end", (*OPEN_DISPUTES, _D.UNSETTLED), _D.ENDED, law="odr.ending", emits=DisputeStep, needs=("ending",)),
        Step("rate", (_D.SETTLED,), None, law="odr.negotiation", emits=DisputeStep),
    ]
)
"""Dispute (ODR件): 10 working days to negotiate, then settled, passed to the bureau with the consumer's consent, or closed."""


@cache
def law_book() -> LawBook:
    """What the steps rest on."""
    return LawBook.load(Path(__file__).parent / "data" / "law.toml")


def law_of(rule: str, on: date) -> RuleVersion:
    """What a rule of this app rests on, on a day."""
    return law_book().resolve(rule, on)


def cited(rule: str, on: date) -> str:
    """The citations of a rule as the journal keeps them."""
    return " ".join(str(cite) for cite in law_of(rule, on).cites)
