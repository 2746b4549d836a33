"""Drafts: saved as somebody speaks, sealed, theirs alone, a case once, nothing lost."""

import json
import re
import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from casework import NOW, history
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from entering import KETTLE, LIN, kettle

from fangxin.accounts.models import Person
from fangxin.cases.models import PLACE_DRAFT, Case, Draft, draft_keys
from fangxin.cases.numbers import number_of
from fangxin.kernel import vault
from fangxin.kernel.journal.models import Entry
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Friday 20 November 2026, ten o'clock, until it is moved."""
    times = {"now": NOW}
    monkeypatch.setattr(timezone, "now", lambda: times["now"])
    return times


@pytest.fixture
def desk(offices):
    person("desk", "city_desk", "370800", at=NOW, name="李静")
    return signed_in("desk")


def resumed(client, draft: Draft):
    return client.get(f"/cases/new?draft={draft.pk}")


# --- saving ------------------------------------------------------------------------------------------------------------------


def test_the_first_save_begins_the_draft_and_further_ones_keep_it(desk, clock):
    form = kettle(narrative="水壶")
    first = desk.post("/cases/new/save", form)
    clock["now"] = NOW + timedelta(seconds=7)

    answer = desk.post("/cases/new/save", {**form, "narrative": "水壶漏水"})

    draft = Draft.objects.get()
    assert "saved 10:00:00" in first.content.decode()
    assert "saved 10:00:07" in answer.content.decode()
    assert f'data-draft="{draft.pk}"' in answer.content.decode()
    assert (draft.started_at, draft.updated_at, draft.outcome) == (NOW, NOW + timedelta(seconds=7), "open")
    assert history(draft.ref) == ["DraftBegun"]
    assert not Case.objects.exists()


@pytest.mark.parametrize("kind", ["complaint", "report", "mixed", "undetermined"])
def test_nothing_that_was_typed_stands_in_the_clear(desk, kind):
    desk.post("/cases/new/save", kettle(kind=kind))

    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_draft")
        row = [value for value in cursor.fetchone() if value is not None]
    clear = b" ".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for value in row)
    draft = Draft.objects.get()
    for secret in (*LIN.values(), KETTLE["narrative"], KETTLE["respondent_contact"], "2345678", "误工费"):
        if secret != "居民身份证":
            assert secret.encode() not in clear
    assert (draft.name_masked, draft.phone_masked, draft.keys) == ("林**", "138****1234", draft_keys(kind))
    assert "林晓梅" not in "".join(Entry.objects.values_list("data", flat=True))


def test_a_reporters_draft_lies_under_the_reporters_keys_as_soon_as_it_may_be_a_report(desk):
    form = kettle(kind="undetermined")
    desk.post("/cases/new/save", form)
    before = Draft.objects.get().keys

    desk.post("/cases/new/save", {**form, "kind": "mixed"})

    assert (before, Draft.objects.get().keys) == ("person", "reporter")


def test_what_is_wrong_or_missing_is_told_and_saved_all_the_same(desk):
    answer = desk.post("/cases/new/save", kettle(amount="viel", phone="12", id_number="370811198605121128", address="")).content.decode()

    assert 'data-wrong="amount"' in answer
    assert Draft.objects.count() == 1
    answer = desk.post("/cases/new/save", kettle(phone="12", id_number="370811198605121128", address="")).content.decode()
    assert set(re.findall(r'data-warn="(\w+)"', answer)) == {"phone", "id_number"}
    assert re.findall(r'href="#entry_(\w+)"', answer) == ["address"]


def test_too_much_is_refused(desk):
    answer = desk.post("/cases/new/save", kettle(narrative="长" * 200_001))

    assert answer.status_code == 409
    assert not Draft.objects.exists()


# --- going on ----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_draft_is_gone_on_with_as_it_was_typed_and_the_look_is_journalled(desk):
    further = {"further-TOTAL_FORMS": "1", "further-0-role": "agent", "further-0-name": "周律师", "further-0-authority": "代为投诉，三个月"}
    desk.post("/cases/new/save", kettle(amount="约两百", **further))
    draft = Draft.objects.get()

    page = resumed(desk, draft).content.decode()

    for value in ("林晓梅", "13805371234", "约两百", KETTLE["narrative"], "周律师", "代为投诉，三个月"):
        assert value in page
    assert re.search(r'value="refund"[^>]*checked', page)
    entry = Entry.objects.get(event="kernel.PersonalDataRevealed")
    assert (entry.subject, entry.actor) == (draft.ref, Person.objects.get(login="desk").ref)


@pytest.mark.django_db(transaction=True)
def test_a_window_opened_later_takes_over_and_the_earlier_one_is_told(desk):
    form = kettle()
    desk.post("/cases/new/save", form)
    draft = Draft.objects.get()
    tab = re.search(r'name="tab" value="(\w+)"', resumed(desk, draft).content.decode())[1]

    earlier = desk.post("/cases/new/save", {**form, "narrative": "旧窗口"})
    later = desk.post("/cases/new/save", {**form, "tab": tab, "narrative": "新窗口"})

    assert (earlier.status_code, later.status_code) == (409, 200)
    assert "data-stale" in earlier.content.decode()
    assert "新窗口" in resumed(desk, draft).content.decode()


def test_a_draft_is_its_authors_alone(desk, offices):
    form = kettle()
    desk.post("/cases/new/save", form)
    draft = Draft.objects.get()
    person("other", "city_desk", "370800", at=NOW)
    other = signed_in("other")

    assert resumed(other, draft).status_code == 404
    assert other.post(f"/cases/drafts/{draft.pk}/discard", {"reason": "trial"}).status_code == 404
    assert other.post("/cases/new/save", form).status_code == 409
    assert other.post("/cases/new", form).status_code == 409
    assert "林" not in other.get("/cases/drafts").content.decode()
    assert Draft.objects.get().outcome == "open"


def test_who_took_something_down_and_lost_the_role_reaches_it_no_more(desk, offices):
    desk.post("/cases/new/save", kettle())
    person("desk", "auditor", "370800", at=NOW)

    assert resumed(signed_in("desk"), Draft.objects.get()).status_code == 403


def test_a_draft_without_script_is_saved_by_its_button_and_by_adding_a_person(desk):
    answer = desk.post("/cases/new", kettle(do="draft"))
    draft = Draft.objects.get()
    added = desk.post("/cases/new", kettle(do="add"))

    assert answer["Location"] == f"/cases/new?draft={draft.pk}"
    assert 'name="further-0-name"' in added.content.decode()
    assert Draft.objects.count() == 2


# --- the list ----------------------------------------------------------------------------------------------------------------


def test_the_list_shows_my_open_drafts_masked_those_waiting_longest_first(desk, clock):
    for minutes, name in ((0, "林晓梅"), (5, "王强")):
        clock["now"] = NOW + timedelta(minutes=minutes)
        desk.post("/cases/new/save", kettle(name=name, narrative=f"{name}反映"))
    desk.post("/cases/new", kettle())

    page = desk.get("/cases/drafts").content.decode()

    assert [page.index("林**"), page.index("王*")] == sorted([page.index("林**"), page.index("王*")])
    assert page.count("Discard for good") == 2
    assert "13805371234" not in page


def test_the_list_costs_the_same_for_one_and_for_many(desk):
    costs = []
    for count in (1, 40):
        for _ in range(count):
            desk.post("/cases/new/save", kettle())
        desk.get("/cases/drafts")
        with CaptureQueriesContext(connection) as spent:
            desk.get("/cases/drafts")
        costs.append(len(spent))

    assert costs[0] == costs[1]


# --- discarding --------------------------------------------------------------------------------------------------------------


def test_a_discarded_draft_is_wiped_and_its_reason_journalled(desk):
    form = kettle()
    desk.post("/cases/new/save", form)
    draft = Draft.objects.get()

    without = desk.post(f"/cases/drafts/{draft.pk}/discard", {"reason": "because"})
    answer = desk.post(f"/cases/drafts/{draft.pk}/discard", {"reason": "withdrawn"})
    again = desk.post(f"/cases/drafts/{draft.pk}/discard", {"reason": "trial"})

    draft.refresh_from_db()
    assert (without.status_code, answer.status_code, again.status_code) == (409, 302, 409)
    assert (draft.outcome, draft.reason, bytes(draft.sealed)) == ("discarded", "withdrawn", b"")
    assert history(draft.ref) == ["DraftBegun", "DraftDiscarded"]
    assert json.loads(Entry.objects.get(event="cases.DraftDiscarded").data) == {"reason": "withdrawn"}
    assert desk.post("/cases/new/save", form).status_code == 409
    assert resumed(desk, draft).status_code == 409


# --- a case, once ------------------------------------------------------------------------------------------------------------


def test_a_draft_becomes_a_case_received_when_the_call_began(desk, clock):
    form = kettle()
    desk.post("/cases/new/save", form)
    clock["now"] = NOW + timedelta(minutes=9)

    answer = desk.post("/cases/new", form)

    draft, case = Draft.objects.get(), Case.objects.get()
    assert (draft.outcome, draft.case_id, bytes(draft.sealed)) == ("taken", case.pk, b"")
    assert case.first_received_at == NOW
    assert history(draft.ref) == ["DraftBegun", "DraftTaken"]
    page = desk.get(answer["Location"]).content.decode()
    assert case.number in page


def test_the_same_form_sent_twice_makes_one_case(desk):
    form = kettle()

    first, second = desk.post("/cases/new", form), desk.post("/cases/new", form)

    case = Case.objects.get()
    assert (first.status_code, second.status_code) == (302, 302)
    assert "again=1" in second["Location"]
    assert case.number in desk.get(second["Location"]).content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_windows_of_one_draft_make_one_case_and_lose_no_words(desk):
    form = kettle()
    desk.post("/cases/new/save", form)
    tab = re.search(r'name="tab" value="(\w+)"', resumed(desk, Draft.objects.get()).content.decode())[1]
    desk.post("/cases/new", {**form, "tab": tab})

    other = desk.post("/cases/new", {**form, "narrative": "另一个窗口里写的话"})

    page = other.content.decode()
    assert other.status_code == 409
    assert Case.objects.count() == 1
    assert "另一个窗口里写的话" in page
    assert number_of(Case.objects.get().pk) in page
    fresh = {name: re.search(rf'name="{name}" value="(\w+)"', page)[1] for name in ("token", "tab")}
    assert Draft.objects.open().get().token == fresh["token"]
    assert desk.post("/cases/new", {**form, **fresh, "narrative": "另一个窗口里写的话"}).status_code == 302
    assert Case.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_the_same_moment_make_one_case(desk):
    form = kettle()
    clients = [signed_in("desk") for _ in range(8)]
    barrier = threading.Barrier(len(clients))
    statuses = []

    def click(client) -> None:
        try:
            barrier.wait()
            statuses.append(client.post("/cases/new", form).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=click, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [302] * 8
    assert (Case.objects.count(), Draft.objects.count()) == (1, 1)
    assert Entry.objects.filter(event="cases.CaseReceived").count() == 1


def test_a_refused_filing_is_still_a_draft(desk):
    answer = desk.post("/cases/new", kettle(narrative=" "))

    draft = Draft.objects.get()
    assert answer.status_code == 422
    assert draft.outcome == "open"
    assert "林晓梅" in answer.content.decode()


def test_drafts_are_rotated_with_the_other_sealed_columns(desk):
    assert vault.registry.COLUMNS[PLACE_DRAFT].model is Draft


@pytest.mark.parametrize("keys", [{"token": "x"}, {"tab": "../.."}, {"token": uuid4().hex + "0"}])
def test_a_form_without_proper_keys_is_not_there(desk, keys):
    assert desk.post("/cases/new/save", kettle(**keys)).status_code == 404
    assert desk.post("/cases/new", kettle(**keys)).status_code == 404


def test_an_empty_screen_writes_nothing(desk):
    assert desk.get("/cases/new").status_code == 200
    assert not Draft.objects.exists()
