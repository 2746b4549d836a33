from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from fangxin.accounts.models import Assignment, Office, Person, Role
from fangxin.accounts.services import Loaded, OfficeRow, PersonRow, load_offices, load_people
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM

AT = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)


def test_offices_load_in_any_order_and_know_their_path_and_competent_bureau(offices):
    found = {office.code: (office.path, office.competent.code) for office in offices.values()}

    assert found == {
        "370800": ("370800/", "370800"),
        "370811": ("370800/370811/", "370811"),
        "3708-01": ("370800/370811/3708-01/", "370811"),
        "370812": ("370800/370812/", "370812"),
        "CCA": ("370800/CCA/", "370800"),
    }


def test_loading_offices_again_changes_nothing_and_tells_nothing(offices):
    before = Entry.objects.count()

    again = [OfficeRow(code="370811", name="First County", kind="county_amr", parent_code="370800", division_code="370811")]

    assert load_offices(again, by=SYSTEM, at=AT) == Loaded(0, 0, 1)
    assert Entry.objects.count() == before


def test_an_office_that_moves_takes_its_subtree_along(offices):
    row = OfficeRow(code="370811", name="First County", kind="township_office", parent_code="370812")

    assert load_offices([row], by=SYSTEM, at=AT) == Loaded(0, 1, 0)

    town = Office.objects.get(code="3708-01")
    assert (town.path, town.competent.code) == ("370800/370812/370811/3708-01/", "370812")
    assert (
        Entry.objects.of(town.ref).last().data
        == '{"code":"3708-01","fields":["competent_id","path"],"path":"370800/370812/370811/3708-01/"}'
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (OfficeRow(code="X", name="X", kind="ministry"), "accounts.office_kind_unknown"),
        (OfficeRow(code="X", name="X", kind="station", parent_code="nowhere"), "accounts.parent_unknown"),
        (OfficeRow(code="X/Y", name="X", kind="station"), "accounts.office_code_bad"),
        (OfficeRow(code="370800", name="City", kind="city_amr", parent_code="3708-01"), "accounts.office_circle"),
    ],
)
def test_an_office_that_cannot_be_is_refused_and_nothing_of_its_batch_stays(offices, row, code):
    good = OfficeRow(code="370899", name="Good", kind="county_amr", parent_code="370800")

    with pytest.raises(BadInput) as refusal:
        load_offices([good, row], by=SYSTEM, at=AT)

    assert refusal.value.code == code
    assert str(refusal.value)
    assert not Office.objects.filter(code="370899").exists()


def test_subtree_holds_the_office_and_what_is_below_it_and_no_one_with_a_similar_code(offices):
    load_offices([OfficeRow(code="3708110", name="Other", kind="county_amr", parent_code="370800")], by=SYSTEM, at=AT)

    assert {office.code for office in Office.objects.subtree(offices["370811"])} == {"370811", "3708-01"}


def test_only_active_bureaus_and_township_offices_are_dispatchable(offices):
    load_offices([OfficeRow(code="370812", name="Second County", kind="county_amr", parent_code="370800", active=False)], by=SYSTEM, at=AT)

    assert {office.code for office in Office.objects.dispatchable()} == {"370800", "370811", "3708-01"}


def test_the_database_keeps_unknown_kinds_and_two_equal_assignments_out(offices, wang):
    with pytest.raises(IntegrityError), transaction.atomic():
        Office.objects.filter(code="CCA").update(kind="ministry")
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(person=wang, role=Role.OFFICER, office=offices["370811"])


def test_a_role_reaches_its_subtree_and_no_further(offices, wang):
    assert wang.has_role(Role.OFFICER)
    assert wang.has_role(Role.OFFICER, offices["370811"])
    assert wang.has_role(Role.OFFICER, offices["3708-01"])
    assert not wang.has_role(Role.OFFICER, offices["370800"])
    assert not wang.has_role(Role.OFFICER, offices["370812"])
    assert not wang.has_role(Role.CITY_DESK)
    assert wang.roles() == {Role.OFFICER}


def test_all_questions_about_roles_cost_one_query(offices, wang, django_assert_num_queries):
    with django_assert_num_queries(1):
        wang.roles()
        wang.has_role(Role.AUDITOR, offices["CCA"])
        wang.paths(Role.OFFICER, Role.MEDIATOR)
    with django_assert_num_queries(1):
        assert {office.code for office in wang.offices(Role.OFFICER)} == {"370811", "3708-01"}


def test_paths_are_the_outermost_and_nobody_without_the_role_sees_an_office(offices, wang):
    roles = (("officer", ""), ("mediator", "3708-01"), ("mediator", "370812"))
    load_people([PersonRow(login="wang", name="Wang Fang", office_code="370811", roles=roles)], by=SYSTEM, at=AT)
    person = Person.objects.get(login="wang")

    assert person.paths(Role.OFFICER, Role.MEDIATOR) == ("370800/370811/", "370800/370812/")
    assert person.paths(Role.AUDITOR) == ()
    assert list(person.offices(Role.AUDITOR)) == []


def test_who_holds_a_role_for_an_office_includes_those_who_hold_it_above(offices, wang):
    roles = (("officer", "370800"),)
    load_people([PersonRow(login="li", name="Li", office_code="370800", roles=roles)], by=SYSTEM, at=AT)

    assert {person.login for person in Person.objects.holding(Role.OFFICER, offices["3708-01"])} == {"wang", "li"}
    assert {person.login for person in Person.objects.holding(Role.OFFICER, offices["370812"])} == {"li"}


def test_loading_people_again_changes_nothing_keeps_passwords_and_tells_nothing(offices, wang):
    before = Entry.objects.count()

    row = PersonRow(login=" WANG", name="Wang Fang", office_code="370811", roles=(("officer", "370811"),), password="another-one-9")

    assert load_people([row], by=SYSTEM, at=AT) == Loaded(0, 0, 1)
    assert Person.objects.get(login="wang").password == wang.password
    assert Entry.objects.count() == before


def test_loading_people_sets_exactly_the_roles_of_the_row_and_journals_both(offices, wang):
    row = PersonRow(login="wang", name="Wang Fang", office_code="370811", roles=(("auditor", "370800"),))

    assert load_people([row], by=SYSTEM, at=AT) == Loaded(0, 1, 0)

    assert Person.objects.get(login="wang").roles() == {Role.AUDITOR}
    assert Entry.objects.of(wang.ref).last().data == '{"before":["officer@370811"],"roles":["auditor@370800"]}'


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (PersonRow(login=" ", name="X", office_code="370811"), "accounts.login_missing"),
        (PersonRow(login="x", name="X", office_code="none"), "accounts.office_unknown"),
        (PersonRow(login="x", name="X", office_code="370811", roles=(("king", ""),)), "accounts.role_unknown"),
        (PersonRow(login="x", name="X", office_code="370811", roles=(("officer", "none"),)), "accounts.office_unknown"),
    ],
)
def test_a_person_that_cannot_be_is_refused_and_nothing_stays(offices, row, code):
    with pytest.raises(BadInput) as refusal:
        load_people([PersonRow(login="good", name="Good", office_code="370811"), row], by=SYSTEM, at=AT)

    assert refusal.value.code == code
    assert not Person.objects.exists()


def test_the_journal_holds_no_name_of_a_person(offices, wang):
    assert not Entry.objects.filter(data__contains="Wang").exists()


@pytest.mark.parametrize("count", [1, 20])
def test_loading_people_costs_the_same_queries_for_one_and_for_twenty(offices, count, django_assert_max_num_queries):
    rows = [PersonRow(login=f"p{number}", name="P", office_code="370811", roles=(("officer", ""),)) for number in range(count)]

    with django_assert_max_num_queries(14):
        load_people(rows, by=SYSTEM, at=AT)
