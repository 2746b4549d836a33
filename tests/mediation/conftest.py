"""A small city with two mediators at the county, one at the station, a head, and a complaint that was accepted."""

import pytest
from mediationwork import NOW, accepted

from cases.casework import city
from fangxin.accounts.models import Office, Person
from fangxin.cases.models import Case
from staffwork import person


@pytest.fixture
def offices(db) -> dict[str, Office]:
    return city()


@pytest.fixture
def staff(offices) -> dict[str, Person]:
    return {
        "officer": person("officer", "officer", "370811", at=NOW, name="王芳"),
        "second": person("second", "officer", "370811", at=NOW, name="孙强"),
        "head": person("head", "supervisor", "370811", at=NOW, name="周局"),
        "station": person("station", "mediator", "station", at=NOW, name="李站长"),
        "association": person("association", "mediator", "association", at=NOW, name="赵秘书"),
        "stranger": person("stranger", "officer", "370881", at=NOW, name="外人"),
    }


@pytest.fixture
def case(staff) -> Case:
    return accepted("2026-11-02", officer=staff["officer"])
