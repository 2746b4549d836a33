"""Who may see and do what: the same rule answers for one case and for all."""

import pytest
from casework import NOW, at, taken
from django.contrib.auth.models import AnonymousUser

from fangxin.accounts.models import Person, Role
from fangxin.cases import queries
from fangxin.cases.models import Case
from fangxin.cases.services import dispatch
from fangxin.kernel import permits
from fangxin.kernel.refs import SYSTEM
from staffwork import person

ACTIONS = ("view", "dispatch", "handle", "reveal", "read_notes", "export")


@pytest.fixture
def cases(offices) -> dict[str, Case]:
    """One waiting at the desk, one with a county bureau, one with its township office, one with the other county."""
    found = {}
    for name, code in {"waiting": "", "county": "370811", "township": "370811-guhuai", "other": "370881"}.items():
        found[name] = taken(name, received_at=at("2026-11-19"))
        if code:
            dispatch([found[name]], offices[code], by=SYSTEM, at=NOW)
    return found


def may(who, cases) -> dict[str, set[str]]:
    """What a person may do to which cases; asked one by one and all at once, which must agree."""
    found = {}
    for action in ACTIONS:
        one_by_one = {name for name, case in cases.items() if permits.may(who, action, case)}
        keys = set(permits.rows(who, action, Case.objects.all()).values_list("pk", flat=True))
        assert {name for name, case in cases.items() if case.pk in keys} == one_by_one
        if one_by_one:
            found[action] = one_by_one
    return found


ALL = {"waiting", "county", "township", "other"}
COUNTY = {"county", "township"}
TOWNSHIP = {"township"}
OTHER = {"other"}
WORK = ("view", "handle", "reveal", "read_notes")


@pytest.mark.parametrize(
    ("role", "office", "expected"),
    [
        ("city_desk", "370800", dict.fromkeys(ACTIONS, ALL)),
        ("officer", "370811", dict.fromkeys(WORK, COUNTY)),
        ("officer", "370811-guhuai", dict.fromkeys(WORK, TOWNSHIP)),
        ("mediator", "370881", dict.fromkeys(WORK, OTHER)),
        ("supervisor", "370800", dict.fromkeys(("view", "read_notes", "export"), ALL)),
        ("supervisor", "370811", dict.fromkeys(("view", "read_notes", "export"), COUNTY)),
        ("evaluator", "370800", {"view": ALL}),
        ("auditor", "370800", {"view": ALL}),
        ("publisher", "370800", {}),
        ("administrator", "370800", {}),
        ("", "370800", {}),
    ],
)
def test_each_role_reaches_its_own_subtree_and_no_more(cases, role, office, expected):
    who = person("someone", role, office, at=NOW)

    assert may(who, cases) == expected


def test_a_stranger_and_someone_no_longer_active_reach_nothing(cases):
    gone = person("gone", "city_desk", "370800", at=NOW)
    Person.objects.filter(pk=gone.pk).update(active=False)

    assert may(AnonymousUser(), cases) == {}
    assert may(Person.objects.get(pk=gone.pk), cases) == {}


def test_a_role_in_one_county_gives_no_step_on_a_case_of_another(cases):
    officer = person("officer", "officer", "370811", at=NOW)

    assert "accept" in queries.lawful_steps(officer, cases["township"])
    assert queries.lawful_steps(officer, cases["other"]) == {}
    assert queries.lawful_steps(officer, cases["waiting"]) == {}


def test_an_unknown_action_is_an_error_and_never_a_yes(cases):
    with pytest.raises(LookupError):
        permits.rows(person("desk", Role.CITY_DESK, "370800", at=NOW), "delete", Case.objects.all())
