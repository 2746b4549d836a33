"""Forms 7 and 9 begin with what mediation has on record."""

from datetime import date

import pytest
from mediationwork import at, fresh, mediating, plan

from cases.casework import history
from fangxin.cases import papers
from fangxin.mediation import services
from fangxin.mediation.states import Mode, Way


@pytest.fixture
def open_case(case, staff):
    return mediating(case, by=staff["officer"].ref)


def form(name: str, case, person) -> dict[str, str]:
    return papers.values(name, case, plain={"main.name": "林晓梅"}, person=person, on=date(2026, 11, 4))


def test_the_notice_of_mediation_says_what_was_arranged(open_case, staff):
    wanted = plan(staff["second"], "2026-11-10 14:30", materials="购物小票", recusal_days=5)
    services.schedule_session(open_case, wanted, by=staff["officer"].ref, at=at("2026-11-04"))

    values = form("mediation_notice", open_case, staff["officer"])

    assert {name: values[name] for name in ("matter", "session_at", "place", "materials", "recusal_days", "mediator")} == {
        "matter": "电热水壶漏水",
        "session_at": "2026-11-10T14:30",
        "place": "任城区市场监管局二楼调解室",
        "materials": "购物小票",
        "recusal_days": "5",
        "mediator": "孙强",
    }


def test_a_session_by_telephone_is_no_matter_for_the_notice(open_case, staff):
    call = plan(staff["second"], "2026-11-10 14:30", mode=Mode.TELEPHONE, told={}, place="", recusal_days=None)
    services.schedule_session(open_case, call, by=staff["officer"].ref, at=at("2026-11-04"))

    assert form("mediation_notice", open_case, staff["officer"])["session_at"] == ""


def test_the_agreement_holds_the_terms_as_written_and_the_look_is_in_the_journal(open_case, staff):
    told = "商家于2026年11月20日前退还199元，汇款联系13805371234。"
    services.agree(open_case, way=Way.WRITTEN, terms=told, recovered_fen=19900, by=staff["officer"].ref, at=at("2026-11-10"))

    values = form("mediation_agreement", fresh(open_case), staff["officer"])

    assert (values["agreement"], values["name"], values["respondent"]) == (told, "林晓梅", "济宁市鲁好商贸有限公司")
    assert history(open_case.ref)[-1] == "PersonalDataRevealed"


def test_without_an_agreement_the_form_waits_for_one(open_case, staff):
    assert form("mediation_agreement", open_case, staff["officer"])["agreement"] == ""
