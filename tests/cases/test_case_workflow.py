"""The tables of steps: who may do what from where, and on which article."""

from datetime import date

import pytest

from fangxin.cases.services.jurisdiction import DISPUTE
from fangxin.cases.states import CLOSED_STATES, OPEN_STATES, State
from fangxin.cases.workflow import WORKFLOWS, law_book, law_of

TERMINAL = {
    "complaint": {"refused", "withdrawn", "settled", "terminated"},
    "report": {"not_filed", "redirected", "merged", "concluded", "transferred"},
    "consultation": {"answered", "redirected"},
    "undetermined": {"answered"},
}
LAWFUL = {
    ("complaint", "received", "city_desk"): {"dispatch", "respond", "withdraw"},
    ("complaint", "received", "officer"): {"respond", "withdraw"},
    ("complaint", "dispatched", "city_desk"): {"redispatch", "respond", "withdraw"},
    ("complaint", "dispatched", "officer"): {
        *("return_to_desk", "report_back", "respond", "dispute_jurisdiction", "accept", "refuse", "withdraw"),
        *("ask_identity_proof", "record_identity_proof"),
    },
    ("complaint", "dispatched", "mediator"): {"respond"},
    ("complaint", "accepted", "mediator"): {"respond", "start_mediation", "settle", "end_delegation"},
    ("complaint", "mediating", "mediator"): {"respond", "suspend", "settle", "end_delegation"},
    ("complaint", "suspended", "officer"): {
        *("report_back", "respond", "resume", "appraise", "end_appraisal", "terminate", "end_delegation", "find_clue")
    },
    ("complaint", "accepted", "city_desk"): {"respond", "take_back"},
    ("complaint", "terminated", "officer"): {"notify_termination", "correct_recovery", "take_back", "find_clue"},
    ("complaint", "terminated", "city_desk"): {"take_back", "reopen", "call_back"},
    ("complaint", "settled", "officer"): {"take_back", "correct_recovery", "find_clue"},
    ("complaint", "settled", "supervisor"): {"reopen", "call_back"},
    ("complaint", "accepted", "supervisor"): {"respond"},
    ("complaint", "accepted", "auditor"): set(),
    ("report", "dispatched", "officer"): {
        *("return_to_desk", "report_back", "respond", "dispute_jurisdiction", "extend", "file", "decline", "redirect", "merge"),
        *("set_field", "verify", "pause_verification", "resume_verification", "transfer"),
    },
    ("report", "filed", "officer"): {"report_back", "respond", "notify", "conclude", "set_field", "verify"},
    ("report", "not_filed", "officer"): {"notify", "take_back"},
    ("report", "received", "city_desk"): {"dispatch", "respond", "set_field"},
    ("report", "concluded", "officer"): {"notify", "reward"},
    ("report", "transferred", "officer"): {"notify"},
    ("consultation", "received", "city_desk"): {"dispatch", "respond", "answer", "redirect"},
    ("undetermined", "dispatched", "officer"): {"return_to_desk", "report_back", "respond", "answer"},
    ("undetermined", "received", "evaluator"): set(),
}
ARTICLES = {
    ("dispatch", "complaint"): ("order20:37", "order121:41"),
    ("return_to_desk", "report"): ("order20:37", "order121:41"),
    ("dispute_jurisdiction", "complaint"): ("order20:30", "order121:33"),
    ("report_back", "complaint"): ("hotline_shandong_2020", "hotline_shandong_2020"),
    ("accept", "complaint"): ("order20:14", "order121:15"),
    ("refuse", "complaint"): ("order20:15", "order121:16 crpl:39"),
    ("withdraw", "complaint"): ("order20:21(1)", "order121:23(1)"),
    ("start_mediation", "complaint"): ("order20:16", "order121:18"),
    ("delegate", "complaint"): ("order20:17", "order121:19"),
    ("end_delegation", "complaint"): ("order20:17", "order121:19"),
    ("suspend", "complaint"): ("order20:19", "order121:21"),
    ("appraise", "complaint"): ("order20:20", "order121:22"),
    ("settle", "complaint"): ("order20:22", "order121:24"),
    ("terminate", "complaint"): ("order20:21", "order121:23"),
    ("notify_termination", "complaint"): ("order20:21.2", "order121:23.2"),
    ("redirect", "report"): ("order20:29", "order121:34"),
    ("notify", "report"): ("order20:31.2 order20:32", "order121:36"),
    ("file", "report"): ("penalty_procedure:19", "penalty_procedure:19"),
    ("decline", "report"): ("penalty_procedure:20", "penalty_procedure:20"),
    ("extend", "report"): ("penalty_procedure:18", "penalty_procedure:18"),
    ("pause_verification", "report"): ("penalty_procedure:18.2", "penalty_procedure:18.2"),
    ("transfer", "report"): ("order20:29 penalty_procedure:17", "order121:34 penalty_procedure:17"),
    ("find_clue", "complaint"): ("order20:23", "order121:27"),
    ("redirect", "consultation"): ("order20:39", "order121:44"),
}


@pytest.mark.parametrize(("kind", "state", "role"), list(LAWFUL), ids="-".join)
def test_who_may_do_what(kind, state, role):
    assert {step.name for step in WORKFLOWS[kind].lawful(state, {role})} == LAWFUL[kind, state, role]


def test_nothing_leads_out_of_an_end_but_mending_and_every_end_is_reached():
    for kind, workflow in WORKFLOWS.items():
        reached, fresh = set(), {State.RECEIVED.value}
        while fresh:
            state = fresh.pop()
            reached.add(state)
            fresh |= {str(step.target or state) for step in workflow.steps.values() if state in step.sources} - reached
        assert reached & set(CLOSED_STATES) == TERMINAL[kind]
        for step in workflow.steps.values():
            ends = set(step.sources) & set(CLOSED_STATES)
            assert not ends or step.target is None
            assert not step.targets or step.name in {"take_back", "reopen"}
            assert step.roles


def test_every_open_state_but_filed_leads_on_from_somewhere_to_an_end():
    for kind, workflow in WORKFLOWS.items():
        states = {str(step.target) for step in workflow.steps.values() if step.target} & set(OPEN_STATES)
        for state in states:
            assert any(step.target in TERMINAL[kind] or step.target for step in workflow.steps.values() if state in step.sources)


@pytest.mark.parametrize(("step", "kind"), list(ARTICLES), ids="-".join)
def test_each_step_cites_the_article_in_force_on_its_day(step, kind):
    def cited(day: date) -> str:
        return " ".join(map(str, law_of(step, kind, day).cites))

    assert (cited(date(2026, 4, 14)), cited(date(2026, 4, 15))) == ARTICLES[step, kind]


def test_every_step_has_its_law_and_the_book_has_no_other_but_what_is_no_step_of_a_case():
    used = {step.law for workflow in (*WORKFLOWS.values(), DISPUTE) for step in workflow.steps.values()}

    assert set(law_book().names) - used == {"case.receipt", "case.split", "complaint.joint", "privacy.erasure"}
    assert used <= set(law_book().names)
