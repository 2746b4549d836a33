"""Joint complaints (Order 121 Art 12): two representatives in writing, and what needs everyone's consent."""

import pytest

from cases.casework import LIN, at, city, history, taken
from fangxin.cases.filings import Kind, Person
from fangxin.cases.filings import PartyRole as Role
from fangxin.cases.models import Case, Matter, Party, PartyRole
from fangxin.cases.services.joint import complainants, elect, is_joint, missing, record_consents, represented, require_consents
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM

pytestmark = pytest.mark.django_db
OTHERS = tuple(Person(name=name, phone=f"1390537000{n}", role=Role.JOINT) for n, name in enumerate(("王建国", "赵敏", "孙丽")))


@pytest.fixture
def joint() -> Case:
    city()
    return taken("J-1", persons=(LIN, *OTHERS))


def test_two_at_most_are_chosen_in_writing_and_another_election_ends_the_first(joint):
    people = complainants(joint)
    assert is_joint(joint)
    assert represented(joint) == []

    for chosen, note in (([], "推选书"), (people[:3], "推选书"), (people[:1], " ")):
        with pytest.raises(BadInput):
            elect(joint, chosen, by=SYSTEM, at=at("2026-08-03"), note=note)
    elect(joint, people[:2], by=SYSTEM, at=at("2026-08-03"), note="2026年8月2日推选书原件")
    assert [one.pk for one in represented(joint)] == [people[2].pk, people[3].pk]
    elect(joint, people[2:3], by=SYSTEM, at=at("2026-08-04"), note="重新推选书")

    assert list(Party.objects.filter(case=joint).order_by("position").values_list("role", flat=True)) == [
        PartyRole.COMPLAINANT, PartyRole.JOINT, PartyRole.REPRESENTATIVE, PartyRole.JOINT,
    ]  # fmt: skip
    assert history(joint.ref)[-2:] == ["RepresentativesElected"] * 2


def test_settling_needs_everyone_represented_and_the_last_answer_counts(joint):
    people = complainants(joint)
    require_consents(joint, "settle")  # everyone speaks for himself: nobody is represented
    elect(joint, people[:2], by=SYSTEM, at=at("2026-08-03"), note="推选书")

    with pytest.raises(IllegalStep, match="2 represented"):
        raise_as_text(joint, "settle")
    record_consents(joint, Matter.SETTLE, {people[2]: True, people[3]: True}, in_writing=True, by=SYSTEM, at=at("2026-08-05"))
    require_consents(joint, "settle")
    with pytest.raises(IllegalStep):
        require_consents(joint, "withdraw")
    record_consents(joint, Matter.SETTLE, {people[3]: False}, in_writing=False, by=SYSTEM, at=at("2026-08-06"))

    assert [one.pk for one in missing(joint, Matter.SETTLE)] == [people[3].pk]
    require_consents(joint, "accept")


def raise_as_text(case: Case, step: str) -> None:
    try:
        require_consents(case, step)
    except IllegalStep as error:
        raise IllegalStep(error.code, error.message % error.params) from error


def test_a_stranger_to_the_case_agrees_to_nothing_and_one_alone_is_not_joint(joint):
    single = taken("J-2")
    other = Party.objects.get(case=single)

    with pytest.raises(BadInput):
        record_consents(joint, Matter.SETTLE, {other: True}, in_writing=True, by=SYSTEM, at=at("2026-08-05"))
    with pytest.raises(IllegalStep):
        elect(single, [other], by=SYSTEM, at=at("2026-08-05"), note="推选书")
    assert not is_joint(single)
    assert not is_joint(taken("J-3", kind=Kind.REPORT, persons=(LIN, *OTHERS)))


def test_the_journal_holds_keys_and_no_names(joint):
    people = complainants(joint)
    elect(joint, people[:2], by=SYSTEM, at=at("2026-08-03"), note="林晓梅等推选书")
    record_consents(joint, Matter.WAIVE, {people[2]: True}, in_writing=True, by=SYSTEM, at=at("2026-08-05"))

    text = "".join(Entry.objects.of(joint.ref).values_list("data", flat=True))

    assert f'"parties":[{people[0].pk},{people[1].pk}]' in text
    assert "林晓梅" not in text
    assert "赵敏" not in text
