"""The pages on which the desk settles rows that could not be taken in."""

from datetime import UTC, datetime

import openpyxl
import pytest

from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.cases.models import Case
from fangxin.exchange.models import QuarantinedRow, RowState
from fangxin.exchange.services import import_file
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db(transaction=True)  # a look is committed before anything is shown

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


@pytest.fixture
def row(tmp_path) -> QuarantinedRow:
    """An order of an impossible day, and the desk, an officer and an administrator."""
    load_offices([OfficeRow(code="370800", name="City Bureau", kind="city_amr")], by=SYSTEM, at=AT)
    for role in ("city_desk", "officer", "administrator"):
        person(role.replace("_", "-"), role, "370800", at=AT)
    book = openpyxl.Workbook()
    book.active.append(["工单编号", "来电时间", "来电人", "联系电话", "诉求类型", "诉求内容"])
    book.active.append(["JN7", "2026-02-30 09:30:00", "欧阳静怡", "13805370099", "投诉", "锅漏水"])
    book.save(tmp_path / "orders.xlsx")
    import_file(tmp_path / "orders.xlsx", "12345-orders", by=SYSTEM, at=AT)
    return QuarantinedRow.objects.get()


def shown(answer) -> str:
    return answer.content.decode()


def test_the_list_tells_where_and_why_but_not_what(row):
    page = shown(signed_in("city-desk").get("/exchange/quarantine/"))

    assert ("orders.xlsx" in page, "来电时间" in page, row.reason in page) == (True, True, True)
    assert ("欧阳静怡" in page, "13805370099" in page) == (False, False)


def test_the_content_is_shown_for_a_purpose_only_and_the_look_is_journalled(row):
    desk = signed_in("city-desk")

    before = shown(desk.get(f"/exchange/quarantine/{row.pk}/"))
    without = shown(desk.post(f"/exchange/quarantine/{row.pk}/", {"purpose": " "}))
    looks = Entry.objects.filter(event="kernel.PersonalDataRevealed").count()
    answer = desk.post(f"/exchange/quarantine/{row.pk}/", {"purpose": "correct the day"})

    assert ("欧阳静怡" in before, "欧阳静怡" in without, looks) == (False, False, 0)
    assert "欧阳静怡" in shown(answer)
    assert "no-store" in answer["Cache-Control"]
    assert Entry.objects.get(event="kernel.PersonalDataRevealed").subject == row.ref


def test_a_corrected_row_becomes_a_case(row):
    desk = signed_in("city-desk")
    cells = {"name": ["来电时间"], "before": ["2026-02-30 09:30:00"]}

    still_wrong = desk.post(f"/exchange/quarantine/{row.pk}/retry", cells | {"value": ["2026-02-31 09:30:00"]})
    answer = desk.post(f"/exchange/quarantine/{row.pk}/retry", cells | {"value": ["2026-02-28 09:30:00"]})

    row.refresh_from_db()
    case = Case.objects.get()
    assert (still_wrong.status_code, "2026-02-31 09:30:00" in shown(still_wrong)) == (409, True)
    assert (answer.status_code, answer["Location"]) == (302, f"/cases/{case.pk}")
    assert (case.outside_number, row.state, QuarantinedRow.objects.open().count()) == ("JN7", RowState.FIXED, 0)


def test_a_row_is_given_up_with_a_reason_only(row):
    desk = signed_in("city-desk")

    refused = desk.post(f"/exchange/quarantine/{row.pk}/drop", {"reason": ""})
    answer = desk.post(f"/exchange/quarantine/{row.pk}/drop", {"reason": "a line of totals"})

    row.refresh_from_db()
    assert (refused.status_code, answer.status_code) == (409, 302)
    assert (row.state, row.note, Case.objects.count()) == (RowState.DROPPED, "a line of totals", 0)


def test_only_the_desk_opens_rows_and_an_officer_sees_none(row):
    administrator, officer = signed_in("administrator"), signed_in("officer")

    listed = shown(administrator.get("/exchange/quarantine/"))

    assert ("orders.xlsx" in listed, f"/exchange/quarantine/{row.pk}/" in listed) == (True, False)
    assert "orders.xlsx" not in shown(officer.get("/exchange/quarantine/"))
    for client in (administrator, officer):
        for path in ("", "retry", "drop"):
            assert client.post(f"/exchange/quarantine/{row.pk}/{path}", {"purpose": "x", "reason": "x"}).status_code == 404
    assert QuarantinedRow.objects.open().count() == 1
