"""Every page for everybody: axe finds nothing serious, nothing scrolls sideways, and whatever can be clicked can be reached and done by keyboard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from browser.conftest import DESK, PHONE, REFUSAL
from cases.casework import NOW, city, filing, history
from fangxin.cases.models import Case
from fangxin.cases.services import dispatch, receive
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.models import Notice
from fangxin.notices.services import Message, enqueue
from fangxin.notices.states import NoticeState
from security.walking import CITY, NEAR, World, build
from staffwork import person, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
OFFICER, CITY_DESK, HEAD, KEEPER, MEDIATOR = (
    f"officer {NEAR}", f"city_desk {CITY}", f"supervisor {NEAR}", f"administrator {CITY}", "mediator station",
)  # fmt: skip
SHOP, STRANGER = "the enterprise", "stranger"
IN_ENGLISH = {"cases:list", "a complaint in mediation", "odr:consumer"}

LOOK = """async () => {
  const found = await axe.run(document, {
    resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: {"target-size": {enabled: true}},
  });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact)).map(
    (one) => [one.id, one.nodes.length, one.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.html.slice(0, 120)}`)]);
}"""
"""What axe holds against the page as it stands: rule, how many, the first of them."""

BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# What Tab must reach, in the order of the document: a group of radio buttons is one stop, what is not drawn is none.
STOPS = """() => {
  window.fxStops = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], [contenteditable]")].filter((one) => {
    if (one.tabIndex < 0 || one.matches(":disabled") || !one.checkVisibility({visibilityProperty: true})) return false;
    if (one.type !== "radio") return true;
    const group = [...(one.form ?? document).querySelectorAll("input[type=radio]")].filter((other) => other.name === one.name);
    return group.some((other) => other.checked) ? one.checked : group[0] === one;
  });
  window.fxReached = []; window.fxDim = [];
  document.addEventListener("focusin", (event) => {
    const one = event.target;
    if (window.fxReached.includes(one)) return;
    window.fxReached.push(one);
    const ringed = (drawn) => {
      const seen = getComputedStyle(drawn), box = drawn.getBoundingClientRect();
      return seen.outlineStyle !== "none" && parseFloat(seen.outlineWidth) >= 2 && seen.opacity !== "0" && box.width >= 4 && box.height >= 4;
    };
    if (![one, ...(one.labels ?? [])].some(ringed)) window.fxDim.push(one);
  });
  document.activeElement?.blur();
  window.getSelection().removeAllRanges();
  return window.fxStops.length + 7 * window.fxStops.filter((one) => /date|time/.test(one.type)).length;
}"""
WALKED = """() => {
  const called = (one) => one.outerHTML.slice(0, 110);
  const reached = window.fxReached.filter((one) => window.fxStops.includes(one));
  const missed = window.fxStops.filter((one) => !reached.includes(one)).map(called);
  const jumped = reached.filter((one, place) => place && reached[place - 1].compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING);
  const dim = window.fxDim.filter((one) => one.id !== "main" && one !== document.body).map(called);
  return {missed, jumped: jumped.slice(1).map(called), dim};
}"""
UNREACHABLE = """() => {
  const keyed = "a[href], button, input, select, textarea, summary, label, option, dialog, [tabindex='0'], [tabindex='-1']:is([data-row])";
  const wired = [...document.querySelectorAll(
    "[onclick], [data-open], [data-pick], [data-all], [data-cancel], [data-bs-toggle], [hx-get], [hx-post], [hx-put], [hx-delete], [role=button], [role=link], [role=tab]",
  )].filter((one) => !one.matches("form, [hx-trigger*=load], [hx-trigger*=from], [hx-trigger*=every]"));
  const pointed = [...document.querySelectorAll("main *")].filter(
    (one) => getComputedStyle(one).cursor === "pointer" && one.checkVisibility() && !one.querySelector(keyed));
  const skipped = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
    (one) => one.tabIndex < 0 && one.checkVisibility() && !one.matches("[aria-hidden=true], :disabled"));
  return [...skipped, ...wired.filter((one) => !one.matches(keyed)), ...pointed.filter((one) => !one.closest(keyed))]
    .map((one) => one.outerHTML.slice(0, 110))
    .concat([...document.querySelectorAll("[tabindex]")].filter((one) => one.tabIndex > 0).map((one) => `tabindex: ${one.outerHTML.slice(0, 110)}`));
}"""
"""What only a mouse can work: it is wired or drawn as if to be clicked, and is no control; and what jumps the queue of Tab."""


@dataclass(frozen=True)
class Sight:
    """A page as somebody comes to it: whose, its name, its address, what is done there first, and what it must show then."""

    who: str
    name: str
    address: str
    press: str = ""
    form: str = ""
    shows: str = ""


@pytest.fixture
def axe() -> str:
    """The source of axe-core."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm ci")
    return AXE.read_text()


@pytest.fixture
def world(live_server, chromium, monkeypatch, tmp_path) -> World:
    """Friday 20 November 2026, ten o'clock, with notices of every state."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    made = build(tmp_path)
    subject, told = made.cases["accepted"].ref, {"number": "FX2611200001", "office": "任城区市场监督管理局", "phone": "0537-12315"}
    rows = enqueue([Message(subject, "case.accepted", "sms", "13805371234", told)] * 3, by=SYSTEM, at=NOW)
    Notice.objects.filter(pk=rows[0].pk).update(state=NoticeState.SENT, next_at=None, ended_at=NOW)
    Notice.objects.filter(pk=rows[1].pk).update(state=NoticeState.GIVEN_UP, next_at=None, ended_at=NOW)
    return made


def sights(world: World) -> Iterator[Sight]:
    """The main pages, each by somebody who works there."""
    cases = {name: reverse("cases:detail", args=[case.pk]) for name, case in world.cases.items()}
    shop, dispute = world.shops["near"][0].pk, world.disputes["near"].pk

    def page(who: str, name: str, *given: object, query: str = "", shows: str = "") -> Sight:
        return Sight(who, name + query, reverse(name, args=given) + query, shows=shows)

    yield page(STRANGER, "accounts:sign-in")
    yield page(STRANGER, "odr:apply")
    yield page(STRANGER, "odr:sign-in")
    yield page(STRANGER, "odr:invitation", world.invitation)
    yield page(STRANGER, "odr:consumer", world.consumer)
    yield page(SHOP, "odr:inbox")
    yield page(SHOP, "odr:dispute", dispute)
    yield page(SHOP, "odr:performance")
    yield page(SHOP, "odr:account")
    yield page(SHOP, "odr:password")

    yield page(CITY_DESK, "cases:list", shows="#list [data-row]")
    yield Sight(CITY_DESK, "the dialog of the list", reverse("cases:list"), press="j d", shows="#dispatch-dialog[open]")
    yield page(CITY_DESK, "cases:bench", shows="#bench [data-chosen]")
    yield page(CITY_DESK, "cases:bench", query="?pile=returned", shows="#bench [data-chosen]")
    yield page(CITY_DESK, "cases:disputes")
    yield page(CITY_DESK, "cases:new")
    yield page(CITY_DESK, "cases:drafts")
    yield page(CITY_DESK, "exchange:quarantine")
    yield page(CITY_DESK, "exchange:row", world.quarantined.pk)
    yield Sight(CITY_DESK, "a case to dispatch", cases["waiting"])
    yield page(CITY_DESK, "odr:disputes")

    yield page(OFFICER, "cases:list", query="?due=overdue")
    for name, case in (
        ("a new complaint", "fresh"), ("an accepted complaint", "accepted"), ("a complaint in mediation", "mediating"),
        ("a settled complaint", "settled"), ("a refused complaint", "refused"), ("a complaint at a station", "delegated"),
        ("a report", "report"), ("a complaint at an enterprise", "odr"),
    ):  # fmt: skip
        yield Sight(OFFICER, name, cases[case], shows="#acts [data-act]")
    yield page(OFFICER, "cases:answering", world.cases["consultation"].pk)
    yield Sight(
        OFFICER,
        "a document and its picture",
        cases["fresh"],
        form="form[action*='/papers/'] button",
        shows="#paper-form ~ #paper",
    )
    yield page(OFFICER, "knowledge:list")
    yield page(OFFICER, "knowledge:entry", world.knowledge["in use"].pk)
    yield page(OFFICER, "mediation:calendar")
    yield page(OFFICER, "mediation:terms", world.agreement.pk)
    yield page(OFFICER, "odr:enterprises")
    yield page(OFFICER, "odr:enterprise", shop)
    yield page(OFFICER, "odr:direct", shop)
    yield page(OFFICER, "odr:invite")
    yield page(OFFICER, "odr:enter")
    yield page(OFFICER, "odr:staff-dispute", dispute)
    yield page(OFFICER, "accounts:me")
    yield page(OFFICER, "site:api")

    yield page(MEDIATOR, "mediation:bench")
    yield page(MEDIATOR, "mediation:dispute", world.cases["delegated"].pk)

    yield page(HEAD, "cases:supervision")
    yield page(HEAD, "cases:absences")
    yield page(HEAD, "cases:data-subject")
    for state in ("dead", "waiting", "sent", "given_up"):
        yield page(HEAD, "notices:outbox", query=f"?state={state}", shows="[id^=notice-]")

    yield page(KEEPER, "notices:texts")
    yield page(KEEPER, "knowledge:edit", world.knowledge["in use"].pk)
    yield page(KEEPER, "site:operations")
    yield page(KEEPER, "accounts:password")


class Visitor:
    """Somebody's browser, and everything that was wrong with what it showed."""

    def __init__(self, chromium, base: str, axe: str, cookies, language: str):
        self.context = chromium.new_context(
            base_url=base, viewport=DESK, locale=language, timezone_id="Asia/Shanghai", reduced_motion="reduce"
        )
        self.context.add_init_script(axe)
        self.context.add_cookies([{"name": one.key, "value": one.value, "url": base} for one in cookies.values()])
        self.page, self.wrong, self.name = self.context.new_page(), [], ""
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.hold("script", str(error)))
        self.page.on(
            "console", lambda said: self.hold("console", said.text) if said.type == "error" and not REFUSAL.search(said.text) else None
        )

    def hold(self, what: str, about: object) -> None:
        self.wrong.append(f"{self.name} at {self.page.viewport_size['width']}: {what}: {about}")

    def come(self, sight: Sight) -> None:
        self.name = sight.name
        answer = self.page.goto(sight.address)
        if answer.status != 200 or ("sign-in" in self.page.url and sight.who != STRANGER):
            self.hold("not opened", (answer.status, self.page.url))
        if sight.form:
            with self.page.expect_navigation():
                self.page.locator(sight.form).first.click()
        for key in sight.press.split():
            self.page.keyboard.press(key)
        if sight.shows and not self.page.locator(sight.shows).count():
            self.hold("does not show", sight.shows)

    def look(self) -> None:
        """Axe at both widths, with everything unfolded; nothing wider than the screen."""
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        for size in (DESK, PHONE):
            self.page.set_viewport_size(size)
            for rule, count, nodes in self.page.evaluate(LOOK):
                self.hold(rule, f"{count}× {nodes}")
            if beyond := self.page.evaluate(BEYOND):
                self.hold("too wide", beyond)
        self.page.set_viewport_size(DESK)

    def walk(self, size: dict[str, int]) -> None:
        """Through the page by Tab: everything is come to, in order, and shows that it has the focus."""
        self.page.set_viewport_size(size)
        presses = self.page.evaluate(STOPS)
        for _ in range(presses + 2):
            self.page.keyboard.press("Tab")
        for what, nodes in self.page.evaluate(WALKED).items():
            if nodes:
                self.hold(what, nodes[:4])
        if found := self.page.evaluate(UNREACHABLE):
            self.hold("mouse only", found[:4])


def test_every_page_is_fit_for_everybody(world, chromium, live_server, axe):
    visitors: dict[tuple[str, str], Visitor] = {}
    for sight in sights(world):
        for language in ("zh-CN", "en") if sight.name in IN_ENGLISH else ("zh-CN",):
            if (sight.who, language) not in visitors:
                visitors[sight.who, language] = Visitor(
                    chromium, live_server.url, axe, world.principals[sight.who].client.cookies, language
                )
            visitor = visitors[sight.who, language]
            visitor.come(sight)
            if not sight.press:
                visitor.walk(PHONE if language == "en" else DESK)
            visitor.look()
    wrong = [one for visitor in visitors.values() for one in visitor.wrong]
    for visitor in visitors.values():
        visitor.context.close()
    assert not wrong, "\n".join(wrong)


# --- by keyboard alone -------------------------------------------------------------------------------------------------------


def enter(page, login: str, base: str, address: str) -> None:
    """A page as somebody sees it who has signed in."""
    session = signed_in(login).cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base}])
    page.goto(address)


def tab_to(page, selector: str) -> None:
    """Press Tab until this has the focus."""
    for _ in range(300):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {selector}")


@pytest.fixture
def queue(live_server) -> list[Case]:
    """Three cases of this morning, one of them with the county."""
    now = timezone.now()
    offices = city()
    person("desk", "city_desk", "370800", at=now)
    person("officer", "officer", "370811", at=now)
    receive(
        [filing(f"JN-{number}", received_at=now - timedelta(minutes=60 - number), place="任城区古槐街道") for number in range(3)],
        by=SYSTEM,
        at=now,
    )
    cases = list(Case.objects.order_by("pk"))
    dispatch(cases[2:], offices["370811"], by=SYSTEM, at=now)
    return list(Case.objects.order_by("pk"))


def test_each_act_of_a_case_is_opened_filled_in_and_done_without_a_mouse(page, live_server, queue):
    case = queue[2]
    enter(page, "officer", live_server.url, f"/cases/{case.pk}")
    acts = page.locator("#acts [data-act]").evaluate_all("all => all.map((one) => one.dataset.act)")
    assert {"respond", "accept", "refuse"} <= set(acts)
    for act in acts:
        tab_to(page, f"[data-act={act}] > summary")
        page.keyboard.press("Enter")
        assert page.locator(f"[data-act={act}]").get_attribute("open") is not None
        tab_to(page, f"[data-act={act}] button.btn-primary")

    page.reload()
    tab_to(page, "[data-act=respond] > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#respond_method")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#respond_result")
    page.keyboard.press("ArrowDown")
    tab_to(page, "#respond_note")
    page.keyboard.insert_text("已与投诉人通话。")
    tab_to(page, "[data-act=respond] button.btn-primary")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert not page.locator("main .alert-danger, main .fx-field-error").all_inner_texts()
    tab_to(page, "[data-act=accept] > summary")
    page.keyboard.press("Space")
    tab_to(page, "[data-act=accept] button.btn-primary")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    case.refresh_from_db()
    assert case.state == "accepted"
    assert history(case.ref).count("CaseResponded") == 1


def test_the_bench_is_worked_without_a_mouse(page, live_server, queue):
    enter(page, "desk", live_server.url, "/cases/bench")
    rows = page.locator("#bench [data-row]")
    chosen = "() => document.querySelector('#bench [data-chosen]').dataset.key"
    first, second = rows.evaluate_all("rows => rows.map((row) => row.dataset.key)")
    for key, expected in (("j", second), ("k", first), ("ArrowDown", second)):
        page.keyboard.press(key)
        assert page.evaluate(chosen) == expected
        assert page.evaluate("document.activeElement.closest('[data-row]').dataset.key") == expected

    page.keyboard.press("1")
    unit = page.evaluate("document.activeElement.value")
    assert page.evaluate("document.activeElement.checked")
    page.keyboard.press("Enter")
    page.wait_for_selector("#bench .alert-success")
    assert rows.count() == 1
    assert Case.objects.get(pk=queue[1].pk).unit.code == unit == "370811-guhuai"

    with page.expect_navigation():
        page.keyboard.press("o")
    assert page.url.endswith(f"/cases/{queue[0].pk}")
