"""A telephone call, taken down by keyboard alone: looked up, saved as it is typed, registered, told."""

import re

import pytest
from django.utils import timezone

from cases.casework import city, filing
from fangxin.cases.models import Case, Draft
from fangxin.cases.services import receive
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Town, Trader
from fangxin.registry.services import load_places
from staffwork import PASSWORD, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TRADER = "济宁市任城区鲁好商贸有限公司"


@pytest.fixture
def desk(live_server) -> None:
    """The desk, a trader on the register and an earlier complaint of the same person against it."""
    now = timezone.now()
    city()
    load_places(by=SYSTEM, at=now)
    person("desk", "city_desk", "370800", at=now, name="李静")
    Trader.objects.create(
        name=TRADER,
        normalised_name=TRADER,
        uscc="91370811MA3XXXXXX1",
        address="济宁市任城区古槐街道共青团路1号",
        town=Town.objects.get(name="古槐街道"),
        status="active",
    )
    receive([filing("JN-1", received_at=now)], by=SYSTEM, at=now)


def sign_in(page) -> None:
    page.goto("/")
    page.fill("[name=login]", "desk")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("#list")


def write(page, *texts: str) -> None:
    """Type into the field that has the focus, and go on to the next by Enter."""
    for text in texts:
        page.keyboard.type(text)
        page.keyboard.press("Enter")


def assert_fits(page) -> None:
    """Nothing has to be scrolled sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_a_whole_complaint_by_keyboard_alone(page, desk):
    sign_in(page)
    page.goto("/cases/new")
    assert_fits(page)
    assert page.evaluate("document.activeElement.name") == "phone"

    # Who calls: the earlier case of the number is there before the name is written.
    page.keyboard.type("13805371234")
    page.wait_for_selector("#earlier a")
    page.keyboard.press("Enter")
    write(page, "林晓梅", "济宁市任城区古槐路19号", "", "37081119860512112X")
    page.keyboard.press("ArrowLeft")  # published: not asked → no
    page.keyboard.press("ArrowLeft")  # → yes
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")

    # Against whom: half a name, the arrow, Enter.
    assert page.evaluate("document.activeElement.name") == "respondent_name"
    page.keyboard.type("鲁好")
    page.wait_for_selector("#traders [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("[name=respondent_uscc]") == "91370811MA3XXXXXX1"
    page.wait_for_selector("#where .fx-goes")
    assert "古槐市场监管所" in page.inner_text("#where")
    assert page.locator("[name=unit] option:checked").inner_text() == "古槐市场监管所"
    assert_fits(page)
    for _ in range(6):
        page.keyboard.press("Enter")

    # What happened.
    assert page.evaluate("document.activeElement.name") == "narrative"
    page.keyboard.type("11月10日买的电热水壶漏水，商家拒绝退货。")
    page.keyboard.press("Tab")
    write(page, "电热水壶", "199")
    page.locator("input[name=requests][value=refund]").focus()
    page.keyboard.press("Space")
    page.wait_for_selector(".fx-e-saved")
    page.wait_for_url(re.compile(r"/cases/new\?draft=\d+"))
    draft = Draft.objects.get()
    assert (draft.outcome, draft.name_masked) == ("open", "林**")

    page.locator("input[name=kind][value=undetermined]").focus()
    page.keyboard.press("ArrowRight")  # round to the first: complaint
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".fx-done-number")

    case = Case.objects.exclude(outside_number="JN-1").get()
    assert case.number in page.inner_text(".fx-done-number")
    assert (case.kind, case.trader.name, case.request, case.claimed_fen) == ("complaint", TRADER, "退款", 19900)
    assert (case.consent_publish, case.consent_delegate, case.first_received_at) == ("yes", "not_asked", draft.started_at)
    assert page.evaluate("document.activeElement.name") == "phone"
    assert_fits(page)


def test_a_closed_window_loses_nothing(page, desk):
    sign_in(page)
    page.goto("/cases/new")
    page.locator("[name=narrative]").focus()
    page.keyboard.type("水壶漏水，")
    page.wait_for_selector(".fx-e-saved")
    page.keyboard.type("商家不退。")

    page.goto("/cases/drafts")  # gone in the middle of a sentence
    assert_fits(page)
    page.click("text=继续录入")

    assert page.input_value("[name=narrative]") == "水壶漏水，商家不退。"
    assert Draft.objects.count() == 1


def test_a_session_that_ended_is_told_and_what_was_typed_is_saved_once_it_is_back(page, desk):
    sign_in(page)
    page.goto("/cases/new")
    page.route("**/new/save", lambda route: route.fulfill(status=200, headers={"HX-Redirect": "/accounts/sign-in"}))
    page.locator("[name=narrative]").focus()
    page.keyboard.type("水壶漏水")
    page.wait_for_selector("#saved .fx-field-error")
    assert not Draft.objects.exists()

    page.unroute("**/new/save")

    page.wait_for_selector(".fx-e-saved", timeout=15_000)
    assert Draft.objects.count() == 1
