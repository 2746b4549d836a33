"""Numbers of documents (文号、编号): one series an office, a year and a kind; no gap and no double, whoever writes at once."""

import threading
from contextlib import suppress
from datetime import UTC, datetime
from queue import Queue

import pytest
from django.db import connection, connections
from papers import NOW, SUBJECT, VALUES, city

from fangxin.documents import numbers, services
from fangxin.documents.models import Counter, Document
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref

OFFICER = Ref("person:1")


def issued(form: str, office, *, at=NOW, subject=SUBJECT, **options) -> Document:
    return services.issue(form, subject, VALUES[form], office=office, by=OFFICER, at=at, **options)


def test_each_office_year_and_kind_of_document_counts_for_itself(offices):
    county, city_bureau = offices["370811"], offices["370800"]
    next_year = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)

    given = [
        issued("acceptance_decision", county).number,
        issued("refusal_decision", county).number,
        issued("complaint_registration", county).number,
        issued("report_registration", county).number,
        issued("dispatch_notice", city_bureau).number,
        issued("acceptance_decision", county, at=next_year).number,
        issued("complaint_registration", county).number,
    ]

    assert given == [
        "济任市监〔2026〕第1号", "济任市监〔2026〕第2号", "济任投〔2026〕第1号", "济任举〔2026〕第1号", "济市监〔2026〕第1号", "济任市监〔2027〕第1号", "济任投〔2026〕第2号",
    ]  # fmt: skip


def test_the_year_is_the_one_of_the_wall_clock_in_china(offices):
    """31 December, 23:30 UTC is New Year's morning in Jining."""
    document = issued("acceptance_decision", offices["370811"], at=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))

    assert document.number == "济任市监〔2027〕第1号"


def test_a_township_office_numbers_in_its_bureaus_series(offices):
    issued("acceptance_decision", offices["370811"])

    document = issued("acceptance_decision", offices["370811-guhuai"])

    assert (document.number, document.office) == ("济任市监〔2026〕第2号", offices["370811"])


def test_an_office_without_a_sign_of_its_own_numbers_by_the_official_pattern(offices):
    assert issued("acceptance_decision", offices["370899"]).number == "市监〔2026〕第1号"


def test_the_bureaus_own_file_gives_sign_telephone_and_address(offices, settings, tmp_path):
    settings.HOME = tmp_path
    (tmp_path / "documents.toml").write_text('["370811"]\nphone = "0537-2345601"\n["370899"]\nsign = "济高"\n', "utf-8")

    assert numbers.letterhead(offices["370811"]) == numbers.Letterhead("济任", "0537-2345601", "")
    assert numbers.number_text("decision", offices["370899"], 2026, 7) == "济高市监〔2026〕第7号"

    (tmp_path / "documents.toml").write_text("[370811", "utf-8")
    with pytest.raises(BadInput):
        numbers.letterhead(offices["370811"])


def test_a_document_that_is_not_issued_in_the_end_gives_its_number_back(offices):
    county = offices["370811"]

    def break_off() -> None:
        with journal.atomic():
            issued("acceptance_decision", county)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_off()

    assert issued("acceptance_decision", county).sequence == 1


def test_what_the_form_refuses_takes_no_number(offices):
    with pytest.raises(BadInput):
        services.issue("acceptance_decision", SUBJECT, {}, office=offices["370811"], by=OFFICER, at=NOW)

    assert not Counter.objects.exists()


def test_the_same_key_is_the_same_document(offices):
    first = issued("acceptance_decision", offices["370811"], once="a")
    again = issued("acceptance_decision", offices["370811"], once="a")
    other = issued("refusal_decision", offices["370811"], once="a")

    assert first.pk == again.pk
    assert [first.sequence, other.sequence] == [1, 2]


def test_an_office_of_no_bureau_issues_nothing(offices):
    alone = offices["370811-guhuai"]
    alone.competent = None

    with pytest.raises(IllegalStep):
        issued("acceptance_decision", alone)


# --- many at once ------------------------------------------------------------------------------------------------------------


def at_once(writers: int, work) -> None:
    """Run `work(n)` in so many threads that begin together; re-raises what one of them raised."""
    start, failed = threading.Barrier(writers), Queue()

    def run(number: int) -> None:
        try:
            start.wait(30)
            work(number)
        except BaseException as error:  # noqa: BLE001 -- handed to the test
            failed.put(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if not failed.empty():
        raise failed.get()


@pytest.mark.django_db(transaction=True)
def test_sixteen_writers_of_whom_some_break_off_leave_no_gap_and_no_double():
    """Each issues four documents; every third transaction is rolled back after its number was taken."""
    county = city()["370811"]
    connection.close()

    def write(number: int) -> None:
        for turn in range(4):
            with suppress(InterruptedError), journal.atomic():
                issued("acceptance_decision", county, subject=Ref(f"matter:{number}"))
                if (number + turn) % 3 == 0:
                    raise InterruptedError

    at_once(16, write)

    kept = sum((number + turn) % 3 != 0 for number in range(16) for turn in range(4))
    given = list(Document.objects.order_by("sequence").values_list("sequence", "number"))
    assert given == [(n, f"济任市监〔2026〕第{n}号") for n in range(1, kept + 1)]
    assert Counter.objects.get().last == kept


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_with_the_same_key_one_issues():
    county = city()["370811"]
    connection.close()
    numbers_given = Queue()

    at_once(16, lambda _number: numbers_given.put(issued("acceptance_decision", county, once="twice").number))

    assert {numbers_given.get() for _ in range(16)} == {"济任市监〔2026〕第1号"}
    assert Document.objects.count() == 1
    assert Counter.objects.get().last == 1
