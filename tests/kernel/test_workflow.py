"""A procedure is a table, and its steps are taken by one person only."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from django.db import connection, models

from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep, StaleState
from fangxin.kernel.journal import Event
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.kernel.workflow import Move, Step, Workflow

NOON = datetime(2026, 8, 3, 4, tzinfo=UTC)


class WorkflowLetter(models.Model):
    """A letter that is opened once and answered or thrown away."""

    ref_kind = "letter"
    state = models.CharField(max_length=16, default="sealed")
    reader = models.CharField(max_length=16, default="")

    class Meta:
        app_label = "kernel"
        db_table = "tests_workflow_letter"

    def __str__(self) -> str:
        return f"letter {self.pk}"


@dataclass(frozen=True, kw_only=True)
class LetterOpened(Event):
    name: ClassVar[str] = "tests.LetterOpened"
    where: str = ""


LETTER = Workflow(
    [
        Step("open", ("sealed",), "opened", law="x", emits=LetterOpened, roles=frozenset({"reader"}), needs=("reader",)),
        Step("stain", ("sealed", "opened"), None, law="x", emits=LetterOpened, roles=frozenset({"reader", "cook"})),
        Step("burn", ("opened",), "ashes", law="x", emits=LetterOpened),
        Step("restore", ("ashes",), None, law="x", emits=LetterOpened, targets=("sealed", "opened")),
    ]
)


@pytest.fixture(scope="module", autouse=True)
def _table(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(WorkflowLetter)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(WorkflowLetter)


@pytest.fixture
def letter(db):
    return WorkflowLetter.objects.create()


def open_(letter, reader="anna", **more):
    LETTER.apply(letter, "open", by=Ref("person:1"), at=NOON, columns={"reader": reader}, **more)


def test_a_step_writes_the_state_and_its_columns_and_tells(letter):
    open_(letter, where="kitchen")

    assert (letter.state, letter.reader) == ("opened", "anna")
    letter.refresh_from_db()
    assert (letter.state, letter.reader) == ("opened", "anna")
    entry = Entry.objects.get()
    assert (entry.event, entry.subject, entry.actor, entry.at, entry.data) == (
        "tests.LetterOpened",
        f"letter:{letter.pk}",
        "person:1",
        NOON,
        '{"where":"kitchen"}',
    )


@pytest.mark.parametrize("name", ["burn", "fly"])
def test_a_step_that_does_not_lead_on_is_refused(letter, name):
    with pytest.raises(IllegalStep):
        LETTER.apply(letter, name, by=SYSTEM, at=NOON)

    assert (WorkflowLetter.objects.get().state, Entry.objects.count()) == ("sealed", 0)


@pytest.mark.parametrize("reader", ["", "  ", None])
def test_a_step_needs_what_its_line_says(letter, reader):
    with pytest.raises(IllegalStep, match="reader"):
        open_(letter, reader)


def test_lawful_steps_are_those_of_the_state_and_the_roles():
    def names(state, *roles):
        return [step.name for step in LETTER.lawful(state, roles)]

    assert names("sealed", "reader") == ["open", "stain"]
    assert names("sealed", "cook") == ["stain"]
    assert names("opened", "reader") == ["stain"]  # to burn is the system's
    assert names("sealed") == []


def test_a_step_may_leave_the_state_as_it_is(letter):
    LETTER.apply(letter, "stain", by=SYSTEM, at=NOON)

    assert letter.state == "sealed"


def test_a_table_names_each_step_once():
    with pytest.raises(ValueError, match="twice"):
        Workflow([*LETTER.steps.values(), LETTER.steps["open"]])


def test_a_step_back_goes_where_its_move_says_and_only_to_states_of_its_line(letter):
    open_(letter)
    LETTER.apply(letter, "burn", by=SYSTEM, at=NOON)

    for target in (None, "ashes", "elsewhere"):
        with pytest.raises(IllegalStep):
            LETTER.apply_many([Move(letter, target=target)], "restore", by=SYSTEM, at=NOON)
    LETTER.apply_many([Move(letter, target="opened")], "restore", by=SYSTEM, at=NOON)
    with pytest.raises(IllegalStep):
        LETTER.apply_many([Move(letter, target="sealed")], "burn", by=SYSTEM, at=NOON)

    letter.refresh_from_db()
    assert letter.state == "opened"


def test_who_read_an_older_state_is_told_so(letter):
    stale = WorkflowLetter.objects.get(pk=letter.pk)
    open_(letter)

    with pytest.raises(StaleState):
        open_(stale, "bert")

    letter.refresh_from_db()
    assert (letter.reader, stale.state, Entry.objects.count()) == ("anna", "sealed", 1)


def test_many_go_all_or_none(db):
    letters = [WorkflowLetter.objects.create() for _ in range(3)]
    WorkflowLetter.objects.filter(pk=letters[1].pk).update(state="opened")

    with pytest.raises(StaleState):
        LETTER.apply_many([Move(one, {"reader": "anna"}) for one in letters], "open", by=SYSTEM, at=NOON)

    assert [one.state for one in letters] == ["sealed"] * 3  # what the instances say is still true
    assert list(WorkflowLetter.objects.order_by("pk").values_list("state", "reader")) == [("sealed", ""), ("opened", ""), ("sealed", "")]
    assert not Entry.objects.exists()

    letters[1].refresh_from_db()
    LETTER.apply_many([Move(one, {"reader": "anna"}) for one in (letters[0], letters[2])], "open", by=SYSTEM, at=NOON)
    assert Entry.objects.count() == 2


def test_a_refusal_after_the_step_takes_it_back(letter):
    with suppress(ValueError), journal.atomic():
        open_(letter)
        raise ValueError

    assert (WorkflowLetter.objects.get().state, Entry.objects.count()) == ("sealed", 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins():
    letters = [WorkflowLetter.objects.create() for _ in range(10)]
    said: list[str] = []
    barrier = threading.Barrier(2)

    def work(reader: str, mine) -> None:
        try:
            for one in mine:
                barrier.wait(20)
                try:
                    open_(one, reader)
                    said.append(f"{one.pk} won")
                except StaleState:
                    said.append(f"{one.pk} lost")
        finally:
            connection.close()

    copies = [list(WorkflowLetter.objects.order_by("pk")) for _ in range(2)]
    threads = [threading.Thread(target=work, args=(reader, mine)) for reader, mine in zip(("anna", "bert"), copies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(said) == sorted(f"{one.pk} {word}" for one in letters for word in ("won", "lost"))
    assert Entry.objects.count() == 10
    assert journal.verify().sound
