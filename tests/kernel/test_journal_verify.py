"""Whoever can write the database can't rewrite history unseen: what was done is found and named."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
from django.db import connection
from django.db.models import F

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal import Event, chain, sealing
from fangxin.kernel.journal.models import DailyRoot, Entry, Head
from fangxin.kernel.journal.verifying import Damage
from fangxin.kernel.refs import SYSTEM, Ref

NOON = datetime(2026, 8, 3, 4, tzinfo=UTC)
CONTENT = ("recorded_at", "at", "event", "subject", "actor", "data")

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class Rang(Event):
    name: ClassVar[str] = "tests.Rang"
    number: int


def ring(numbers, monkeypatch=None, at=NOON) -> None:
    """One entry a number, about three subjects in turn."""
    if monkeypatch:
        monkeypatch.setattr("fangxin.kernel.journal.writing.timezone.now", lambda: at)
    with journal.atomic():
        journal.publish([Rang(subject=Ref(f"bell:{number % 3}"), actor=SYSTEM, at=NOON, number=number) for number in numbers])


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.JOURNAL_ROOTS = tmp_path / "journal"
    return settings.JOURNAL_ROOTS


@pytest.fixture
def twelve(home):
    """Twelve entries about bell:1, bell:2, bell:0 in turn, not exported."""
    ring(range(1, 13))


def found(folder=None) -> set[tuple[str, int]]:
    return {(finding.damage.value, finding.seq) for finding in journal.verify(folder).findings}


def subjects_found() -> dict[int, str]:
    return {finding.seq: finding.subject for finding in journal.verify().findings}


def renumber(first: int, step: int) -> None:
    """Move entries up or down by one, whatever stands in the way."""
    Entry.objects.filter(seq__gte=first).update(seq=-F("seq"))
    Entry.objects.filter(seq__lt=0).update(seq=-F("seq") + step)


def swap(one: int, two: int, columns) -> None:
    first, second = Entry.objects.get(seq=one), Entry.objects.get(seq=two)
    Entry.objects.filter(seq=one).update(**{name: getattr(second, name) for name in columns})
    Entry.objects.filter(seq=two).update(**{name: getattr(first, name) for name in columns})


def forge(first: int, **changes) -> None:
    """Alter an entry and compute everything after it anew, head row included, as someone who knows the method would."""
    Entry.objects.filter(seq=first).update(**changes)
    links: dict[str, bytes] = {}
    head = chain.START
    for row in Entry.objects.order_by("seq"):
        stamps = [str(instant.astimezone(UTC))[:-6] for instant in (row.recorded_at, row.at)]
        text = chain.text(row.seq, *stamps, row.event, row.subject, row.actor, row.data)
        link = links[row.subject] = chain.link(links.get(row.subject, chain.START), text)
        head = chain.head(head, link)
        Entry.objects.filter(seq=row.seq).update(link=link, head=head)
    Head.objects.update(seq=row.seq, head=head)


def insert(seq: int, *, link: bytes = b"\1" * 32, head: bytes = b"\2" * 32, subject: str = "bell:9") -> None:
    Entry.objects.create(
        seq=seq, recorded_at=NOON, at=NOON, event="tests.Rang", subject=subject, actor="person:1", data="{}", link=link, head=head
    )


# --- a sound one ---


def test_an_untouched_journal_is_sound(twelve):
    journal.checkpoint()
    ring(range(13, 15))

    report = journal.verify()

    assert (report.findings, report.entries, report.subjects, report.checkpoints) == ([], 14, 3, 1)


def test_an_empty_journal_is_sound():
    assert journal.checkpoint() == 0
    assert journal.verify().sound


def test_the_servers_time_zone_does_not_matter(twelve, settings):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL TIME ZONE 'America/New_York'")
        assert journal.verify().sound


def test_chunks_are_joined(twelve, monkeypatch):
    monkeypatch.setattr("fangxin.kernel.journal.verifying._CHUNK", 5)
    assert journal.verify().entries == 12
    Entry.objects.filter(seq=6).delete()

    assert ("dropped", 6) in found()


# --- altered ---


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", '{"number":99}'),
        ("actor", "person:7"),
        ("at", NOON - timedelta(seconds=1)),
        ("recorded_at", NOON),
        ("event", "tests.Other"),
        ("subject", "bell:2"),
        ("subject", "bell:77"),
    ],
)
@pytest.mark.parametrize("seq", [1, 7, 12])
def test_an_altered_entry_is_named(twelve, column, value, seq):
    Entry.objects.filter(seq=seq).update(**{column: value})

    expected = {("altered", seq)} if not (seq == 2 and value == "bell:2") else set()
    assert found() == expected


def test_several_altered_entries_of_one_subject_are_named(twelve):
    Entry.objects.filter(seq__in=[1, 4, 10]).update(data='{"number":0}')

    assert found() == {("altered", 1), ("altered", 4), ("altered", 10)}
    assert subjects_found() == {1: "bell:1", 4: "bell:1", 10: "bell:1"}


@pytest.mark.parametrize("column", ["link", "head"])
def test_an_altered_hash_is_named(twelve, column):
    Entry.objects.filter(seq=5).update(**{column: b"\3" * 32})

    assert ("altered", 5) in found()
    assert {seq for _, seq in found()} <= {5, 8}  # with its link gone, the next entry of its subject can't be proven


def test_an_altered_entry_with_a_fitting_link_is_named(twelve):
    row = Entry.objects.get(seq=5)
    stamps = [str(instant.astimezone(UTC))[:-6] for instant in (row.recorded_at, row.at)]
    previous = bytes(Entry.objects.get(seq=2).link)
    link = chain.link(previous, chain.text(5, *stamps, row.event, row.subject, "person:7", row.data))
    Entry.objects.filter(seq=5).update(actor="person:7", link=link)

    assert found() == {("altered", 5), ("unproven", 8)}


# --- dropped ---


@pytest.mark.parametrize("gone", [[1], [6], [5, 6, 7], [2, 9], [12], [10, 11, 12]])
def test_dropped_entries_are_named(twelve, gone):
    Entry.objects.filter(seq__in=gone).delete()

    assert {seq for damage, seq in found() if damage == "dropped"} == set(gone)
    assert {damage for damage, _ in found()} <= {"dropped", "unproven"}


def test_a_dropped_entry_is_found_though_the_rest_was_renumbered(twelve):
    Entry.objects.filter(seq=5).delete()
    renumber(6, -1)

    assert ("dropped", 5) in found()
    assert {damage for damage, _ in found()} <= {"dropped", "unproven"}

    Head.objects.update(seq=11)
    assert ("dropped", 5) in found()


@pytest.mark.parametrize("count", [1, 3])
def test_a_dropped_tail_is_found_through_the_exported_head_though_the_head_row_was_adjusted(twelve, count):
    journal.checkpoint()
    last = 12 - count
    Entry.objects.filter(seq__gt=last).delete()
    Head.objects.update(seq=last, head=Entry.objects.get(seq=last).head)

    assert found() == {("dropped", seq) for seq in range(last + 1, 13)}


def test_a_tail_that_was_dropped_and_grew_again_is_found(twelve):
    journal.checkpoint()
    Entry.objects.filter(seq__gt=10).delete()
    Head.objects.update(seq=10, head=Entry.objects.get(seq=10).head)
    with pytest.raises(BadInput, match="verify"):
        journal.checkpoint()
    ring([21, 22])

    journal.checkpoint()
    ring([23])
    journal.checkpoint()

    assert found() == {("rewritten", 1)}


def test_everything_dropped_is_found(twelve):
    journal.checkpoint()
    Entry.objects.all().delete()
    Head.objects.all().delete()

    assert found() == {("dropped", seq) for seq in range(1, 13)}


# --- swapped ---


@pytest.mark.parametrize(("one", "two"), [(4, 7), (4, 10), (4, 5), (4, 8), (1, 12), (11, 12)])
def test_entries_that_swapped_their_content_are_named(twelve, one, two):
    swap(one, two, CONTENT)

    assert found() == {("swapped", one), ("swapped", two)}


@pytest.mark.parametrize(("one", "two"), [(4, 7), (4, 10), (4, 5), (4, 8), (1, 12), (1, 2), (11, 12)])
def test_entries_that_swapped_their_numbers_are_named(twelve, one, two):
    swap(one, two, (*CONTENT, "link", "head"))

    assert found() == {("swapped", one), ("swapped", two)}


# --- inserted ---


def test_an_entry_added_at_the_end_is_named(twelve):
    insert(13)

    assert ("inserted", 13) in found()


def test_an_entry_added_at_the_end_with_fitting_hashes_is_named_by_the_head_row(twelve):
    last = Entry.objects.get(seq=12)
    text = chain.text(13, str(NOON)[:-6], str(NOON)[:-6], "tests.Rang", "bell:9", "person:1", "{}")
    link = chain.link(chain.START, text)
    insert(13, link=link, head=chain.head(bytes(last.head), link))

    assert found() == {("inserted", 13)}


@pytest.mark.parametrize("seq", [1, 5, 12])
@pytest.mark.parametrize("fitting", [False, True])
@pytest.mark.parametrize("adjusted", [False, True])
def test_an_entry_inserted_between_others_is_named(twelve, seq, fitting, adjusted):
    before = Entry.objects.filter(seq=seq - 1).first()
    renumber(seq, 1)
    text = chain.text(seq, str(NOON)[:-6], str(NOON)[:-6], "tests.Rang", "bell:9", "person:1", "{}")
    link = chain.link(chain.START, text) if fitting else b"\1" * 32
    insert(seq, link=link, head=chain.head(bytes(before.head) if before else chain.START, link) if fitting else b"\2" * 32)
    if adjusted:
        Head.objects.update(seq=13)

    assert found() == {("inserted", seq)}


def test_an_entry_inserted_into_a_subjects_chain_is_named(twelve):
    renumber(5, 1)
    text = chain.text(5, str(NOON)[:-6], str(NOON)[:-6], "tests.Rang", "bell:1", "person:1", "{}")
    link = chain.link(bytes(Entry.objects.get(seq=4).link), text)
    insert(5, link=link, head=chain.head(bytes(Entry.objects.get(seq=4).head), link), subject="bell:1")

    assert found() == {("inserted", 5)}


def test_an_entry_before_the_first_is_named(twelve):
    insert(0)

    assert found() == {("inserted", 0)}


# --- the head row ---


def test_an_altered_head_row_is_found(twelve):
    Head.objects.update(head=b"\4" * 32)
    assert found() == {("head", 12)}

    Head.objects.all().delete()
    assert found() == {("head", 12)}


def test_a_head_row_set_back_is_told_from_an_inserted_tail_by_the_exported_head(twelve):
    journal.checkpoint()
    Head.objects.update(seq=9)

    assert found() == {("head", 9)}


def test_entries_written_while_it_is_verified_are_no_damage(twelve, monkeypatch):
    whole = sealing.exported

    def exported(folder=None):
        yield from whole(folder)
        ring([13, 14])

    monkeypatch.setattr(sealing, "exported", exported)

    assert journal.verify().sound


# --- everything computed anew ---


def test_a_consistent_rewrite_is_found_by_the_exported_heads(twelve):
    journal.checkpoint()
    ring(range(13, 16))
    journal.checkpoint()

    forge(14, actor="person:7")

    [finding] = journal.verify().findings
    assert (finding.damage, finding.seq, finding.detail) == (Damage.REWRITTEN, 13, "… 15")


def test_a_consistent_rewrite_of_a_sealed_day_is_named_by_its_exported_links(home, monkeypatch):
    for day in (1, 2, 3):
        ring(range(4), monkeypatch, NOON + timedelta(days=day))
    journal.seal(date(2026, 8, 10))
    journal.checkpoint()

    forge(6, data='{"number":9}')
    DailyRoot.objects.update(root=b"\5" * 32)

    # The sealed days name what changed: entry 6 and its successors in its subject's chain (days of 4: numbers 0 to 3, so bell:1 of the
    # second day is followed by the third's), and, once a day is broken, nothing else.
    assert {seq for damage, seq in found() if damage == "rewritten"} == {6, 10}


# --- days and files ---


def test_days_are_sealed_by_the_local_calendar_and_once(home, monkeypatch):
    ring(range(2), monkeypatch, datetime(2026, 8, 3, 15, 59, tzinfo=UTC))
    ring(range(3), monkeypatch, datetime(2026, 8, 3, 16, 0, tzinfo=UTC))
    ring(range(1), monkeypatch, datetime(2026, 8, 6, 1, 0, tzinfo=UTC))

    assert journal.seal(date(2026, 8, 6)) == [date(2026, 8, 3), date(2026, 8, 4)]
    assert journal.seal(date(2026, 8, 6)) == []

    first, second = DailyRoot.objects.order_by("day")
    links = [bytes(link) for link in Entry.objects.order_by("seq").values_list("link", flat=True)]
    assert (first.first_seq, first.last_seq, second.first_seq, second.last_seq) == (1, 2, 3, 5)
    assert bytes(first.chained) == chain.head(chain.START, chain.merkle_root(links[:2]))
    assert bytes(second.chained) == chain.head(bytes(first.chained), chain.merkle_root(links[2:5]))
    assert (home / "links" / "2026-08-04.bin").read_bytes() == b"".join(links[2:5])
    assert [(line.kind, line.seq, line.day) for line in sealing.exported()] == [("day", 2, date(2026, 8, 3)), ("day", 5, date(2026, 8, 4))]
    report = journal.verify()
    assert (report.findings, report.days) == ([], 2)


def test_an_entry_committed_after_its_day_was_sealed_goes_into_the_next(home, monkeypatch):
    ring(range(2), monkeypatch, datetime(2026, 8, 3, 15, 59, tzinfo=UTC))
    journal.seal(date(2026, 8, 4))
    ring(range(1), monkeypatch, datetime(2026, 8, 3, 15, 59, tzinfo=UTC))
    ring(range(1), monkeypatch, datetime(2026, 8, 4, 3, tzinfo=UTC))

    assert journal.seal(date(2026, 8, 5)) == [date(2026, 8, 4)]

    assert DailyRoot.objects.get(day=date(2026, 8, 4)).last_seq == 4
    assert journal.verify().sound


@pytest.mark.parametrize("place", ["write_bytes", "create", "fsync"])
def test_sealing_goes_on_where_it_was_killed(home, monkeypatch, place):
    for day in (1, 2):
        ring(range(3), monkeypatch, NOON + timedelta(days=day))

    class Killed(BaseException):
        pass

    def kill(*args, **more):
        raise Killed

    with monkeypatch.context() as patch:
        if place == "write_bytes":
            patch.setattr("pathlib.Path.write_bytes", kill)
        elif place == "create":
            patch.setattr(DailyRoot.objects, "create", kill)
        else:
            patch.setattr("os.fsync", kill)
        with pytest.raises(Killed):
            journal.seal(date(2026, 8, 10))

    journal.seal(date(2026, 8, 10))
    journal.checkpoint()

    report = journal.verify()
    assert (report.findings, report.days, DailyRoot.objects.count()) == ([], 2, 2)


def test_a_day_that_the_file_lacks_is_named(home, monkeypatch):
    for day in (1, 2, 3):
        ring(range(2), monkeypatch, NOON + timedelta(days=day))
    journal.seal(date(2026, 8, 10))
    path = home / "roots.jsonl"
    lines = path.read_text().splitlines(keepends=True)

    path.write_text("".join(lines[:-1]))
    assert found() == {("file", 6)}
    path.write_text(lines[0] + lines[2])
    assert found() == {("file", 4)}
    path.unlink()
    assert found() == {("file", 2), ("file", 4), ("file", 6)}


def test_an_older_copy_kept_elsewhere_is_enough_for_what_it_covers(home, monkeypatch, tmp_path):
    ring(range(3), monkeypatch, NOON + timedelta(days=1))
    journal.seal(date(2026, 8, 10))
    copy = tmp_path / "copy"
    (copy / "links").mkdir(parents=True)
    for path in ["roots.jsonl", "links/2026-08-04.bin"]:
        (copy / path).write_bytes((home / path).read_bytes())
    ring(range(3), monkeypatch, NOON + timedelta(days=20))
    journal.seal(date(2026, 9, 10))
    assert journal.verify(copy).sound

    forge(2, actor="person:7")
    (home / "roots.jsonl").unlink()

    assert ("rewritten", 2) in found(copy)


@pytest.mark.parametrize("forged", ['{"kind": "head", "seq": 12}', "[]", "null", "\xff\xfe", "{"])
def test_a_line_that_is_none_of_ours_is_named(twelve, home, forged):
    journal.checkpoint()
    with (home / "roots.jsonl").open("a", encoding="latin-1") as file:
        file.write(forged + "\n")

    assert [(finding.damage, finding.detail) for finding in journal.verify().findings] == [(Damage.FILE, "line 2")]


def test_a_forged_head_is_named(twelve, home):
    journal.checkpoint()
    path = home / "roots.jsonl"
    forge(12, actor="person:7")
    line = json.loads(path.read_text())
    line["value"] = bytes(Head.objects.get().head).hex()
    path.write_text(json.dumps(line) + "\n")

    assert found() == {("file", 12)}


def test_a_line_cut_off_by_a_crash_is_written_again(twelve, home):
    journal.checkpoint()
    ring([13])
    journal.checkpoint()
    path = home / "roots.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    assert found() == {("file", 0)}

    journal.checkpoint()

    assert [(line.seq, line.genuine) for line in sealing.exported()] == [(12, True), (13, True)]
    assert journal.verify().sound


def test_a_head_is_exported_once(twelve):
    assert journal.checkpoint() == journal.checkpoint() == 12

    assert len(list(sealing.exported())) == 1


def test_a_root_altered_in_the_database_is_named(home, monkeypatch):
    ring(range(2), monkeypatch)
    journal.seal(date(2026, 8, 10))

    DailyRoot.objects.update(chained=b"\6" * 32)
    assert found() == {("root", 2)}
    DailyRoot.objects.all().delete()
    assert found() == {("root", 2)}


def test_a_damaged_file_of_links_is_named(home, monkeypatch):
    ring(range(3), monkeypatch)
    journal.seal(date(2026, 8, 10))
    (home / "links" / "2026-08-03.bin").write_bytes(b"x" * 96)
    assert journal.verify().sound  # it is only asked when something is wrong

    forge(2, actor="person:7")

    assert {("file", 1), ("rewritten", 1)} <= found()
