"""A morning at the desk, in the browser: sign in, dispatch by keyboard, read a case, look at personal data, switch the language."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cases.casework import city, filing
from fangxin.cases.models import Case
from fangxin.cases.services import receive
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from staffwork import PASSWORD, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queue(live_server) -> list[Case]:
    """Three cases on the desk's queue, the one received first on top."""
    now = timezone.now()
    city()
    person("desk", "city_desk", "370800", at=now, name="李静")
    receive(
        [
            filing("JN-1", received_at=now - timedelta(minutes=60), place="任城区古槐街道"),
            filing("JN-2", received_at=now - timedelta(minutes=40)),
            filing(
                "JN-3", received_at=now - timedelta(minutes=20), narrative="我叫林晓梅，电话13805371234，水壶漏水。" + "很长的内容" * 60
            ),
        ],
        by=SYSTEM,
        at=now,
    )
    return list(Case.objects.order_by("pk"))


def sign_in(page) -> None:
    page.goto("/")
    page.fill("[name=login]", "desk")
    page.fill("[name=password]", PASSWORD)
    page.click("main form:has([name=password]) button")
    page.wait_for_selector("#list [data-row]")
    page.wait_for_selector("#list [data-all]:not([hidden])", state="attached")  # the script listens to keys from now on


def assert_fits(page) -> None:
    """Nothing has to be scrolled sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_a_morning_at_the_desk(page, queue):
    first, _second, third = queue
    sign_in(page)
    assert_fits(page)
    assert page.locator("[data-open]").all_inner_texts() == [case.number for case in queue]

    # One keystroke for the dialog, where the stated place is number 1, one for the unit, one to send.
    page.keyboard.press("j")
    page.keyboard.press("d")
    assert page.locator("#dispatch-dialog [data-quick] label").first.inner_text().split() == ["1", "古槐市场监管所"]
    assert_fits(page)
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list .alert-success")
    first.refresh_from_db()
    assert first.unit.name == "古槐市场监管所"
    assert page.evaluate("document.activeElement.matches('#list [data-row]')")

    # The unit used last is number 1 for a case without a place; another one is found by name.
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.click("#dispatch-picked")
    page.fill("#dispatch-dialog [name=other]", "任城区")
    page.keyboard.press("Enter")
    page.wait_for_selector("#list .alert-success:has-text('任城区市场监督管理局')")
    assert Case.objects.filter(unit__code="370811").count() == 1

    page.goto(f"/cases/{third.pk}")
    assert_fits(page)
    assert "13805371234" not in page.content()
    page.locator("details.fx-reveal summary").first.click()
    page.locator("details.fx-reveal[open] button").first.click()
    page.wait_for_selector(".fx-plain")
    assert "13805371234" in page.locator(".fx-plain").inner_text()
    assert Entry.objects.filter(event="kernel.PersonalDataRevealed", subject=third.ref).count() == 1
    assert_fits(page)
    page.reload()
    assert "13805371234" not in page.content()

    page.click("button[name=language][value=en]")
    page.wait_for_selector("h2:has-text('Periods')")
    assert_fits(page)


def test_filters_change_the_list_and_the_address(page, queue):
    sign_in(page)
    if page.viewport_size["width"] < 500:
        page.click("label[for=more-filters]")

    page.select_option("#filter_state", "dispatched")
    page.wait_for_selector("#list .fx-empty")
    assert page.url.endswith("/cases/?state=dispatched")

    page.select_option("#filter_state", "")
    page.wait_for_selector("#list [data-row]")
    assert page.url.endswith("/cases/")


def test_a_refusal_comes_back_beside_the_fresh_list(page, queue):
    first = queue[0]
    sign_in(page)
    page.keyboard.press("j")
    page.keyboard.press("d")
    Case.objects.filter(pk=first.pk).update(state="dispatched")  # someone else was faster

    page.keyboard.press("1")
    page.keyboard.press("Enter")

    page.wait_for_selector("#list .alert-danger")
    assert first.number in page.locator("#list .alert-danger").inner_text()
    assert page.locator(f"tr:has-text('{first.number}') .fx-state").inner_text() == "已分送"
