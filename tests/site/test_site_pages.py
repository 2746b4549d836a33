import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from django.db import DatabaseError
from django.template import loader
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from fangxin.accounts.models import Person
from fangxin.accounts.services import OfficeRow, PersonRow, load_offices, load_people
from fangxin.accounts.throttle import TooManyAttempts
from fangxin.kernel.errors import IllegalStep, NotPermitted
from fangxin.kernel.journal.models import Head
from fangxin.kernel.refs import SYSTEM
from fangxin.site.middleware import RefusalMiddleware


class Page(HTMLParser):
    """What a page is made of, as far as these tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture
def person(db) -> Person:
    at = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
    load_offices([OfficeRow(code="370800", name="City Bureau", kind="city_amr")], by=SYSTEM, at=at)
    row = PersonRow(
        login="wang",
        name="Wang Fang",
        office_code="370800",
        roles=(("officer", ""),),
        password="quiet-river-7-stones",
        must_change_password=False,
    )
    load_people([row], by=SYSTEM, at=at)
    return Person.objects.get()


@pytest.fixture
def inside(person) -> Client:
    client = Client(headers={"accept-language": "zh-CN"})
    client.post("/accounts/sign-in", {"login": "wang", "password": "quiet-river-7-stones"})
    return client


def test_every_page_has_one_h1_a_language_a_title_and_a_main_and_its_fields_have_labels(inside):
    stranger = Client(headers={"accept-language": "zh-CN"})
    answers = {
        "sign-in": stranger.get("/accounts/sign-in"),
        "me": inside.get("/accounts/me"),
        "password": inside.get("/accounts/me/password"),
        "second factor": inside.post("/accounts/me/second-factor"),
        "404": inside.get("/nowhere"),
    }

    for name, answer in answers.items():
        page = Page(answer.content.decode())
        assert len(page.all("h1")) == 1, name
        assert page.all("html")[0]["lang"] == "zh-Hans", name
        assert [main["id"] for main in page.all("main")] == ["main"], name
        assert re.search(r"<title>\S.* · 放心</title>", answer.content.decode()), name
        labelled = {label["for"] for label in page.all("label")}
        fields = [field for field in page.all("input") if field.get("type") != "hidden"]
        assert {field["id"] for field in fields} <= labelled, name


def test_pages_carry_no_inline_style_or_script_and_load_nothing_from_elsewhere(inside):
    for path in ("/accounts/me", "/accounts/me/password", "/nowhere"):
        answer = inside.get(path)
        page = Page(answer.content.decode())
        assert [attrs for _, attrs in page.tags if "style" in attrs or any(name.startswith("on") for name in attrs)] == []
        assert page.all("style") == []
        assert all(script["src"].startswith("/static/") for script in page.all("script"))
        assert all(link["href"].startswith("/static/") for link in page.all("link"))
        assert "style-src 'self'" in answer["Content-Security-Policy"]


def test_the_language_is_switched_with_one_press_stays_and_the_page_is_the_same(inside):
    page = inside.get("/accounts/me").content.decode()
    assert "我的账户" in page

    answer = inside.post(reverse("site:language"), {"language": "en", "next": "/accounts/me"})

    assert answer["Location"] == "/accounts/me"
    page = inside.get("/accounts/me").content.decode()
    assert "My account" in page
    assert '<html lang="en">' in page
    assert not re.search(r"[\u4e00-\u9fff]", page.replace("中文", ""))


def test_a_browser_of_any_language_sees_chinese_first(db):
    assert '<html lang="zh-Hans">' in Client(headers={"accept-language": "fr"}).get("/accounts/sign-in").content.decode()


def test_the_home_page_leads_strangers_to_sign_in_and_staff_to_their_work(inside):
    assert Client().get("/")["Location"].startswith("/accounts/sign-in")
    assert inside.get("/").status_code == 302
    assert not inside.get("/")["Location"].startswith("/accounts/sign-in")


def test_a_page_needs_signing_in_unless_it_says_otherwise(db):
    answer = Client().get("/accounts/me")

    assert (answer.status_code, answer["Location"]) == (302, "/accounts/sign-in?next=/accounts/me")


def test_navigation_shows_only_what_exists_and_the_role_allows(inside):
    page = inside.get("/accounts/me").content.decode()

    assert 'href="/accounts/me" aria-current="page"' in page
    assert "隔离区" not in page
    assert "运维" not in page


def test_a_skip_link_comes_first_and_leads_to_the_main_part(inside):
    links = Page(inside.get("/accounts/me").content.decode()).all("a")

    assert links[0] == {"class": "fx-skip", "href": "#main"}


def test_htmx_swaps_refusals_and_evaluates_nothing(inside):
    page = Page(inside.get("/accounts/me").content.decode())
    config = next(meta["content"] for meta in page.all("meta") if meta.get("name") == "htmx-config")

    assert '{"code":"409|422","swap":true}' in config
    assert '"allowEval":false' in config
    assert '"includeIndicatorStyles":false' in config


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "500.html"])
def test_these_error_pages_need_no_request_and_no_database(name):
    with translation.override("zh-hans"):
        page = loader.get_template(name).render()

    assert len(Page(page).all("h1")) == 1
    assert re.search(r"[\u4e00-\u9fff]", page)


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (IllegalStep("x.closed", "Case %(number)s is closed.", number="A-1"), 409),
        (NotPermitted("x.not", "Not here."), 403),
        (TooManyAttempts("x.many", "Wait %(seconds)s s.", seconds=7), 429),
    ],
)
def test_a_refusal_that_no_view_answered_is_a_page_and_for_htmx_a_sentence(person, refusal, status):
    request = RequestFactory().get("/x")
    request.user, request.session = person, {}
    part = RequestFactory().get("/x", headers={"HX-Request": "true"})
    middleware = RefusalMiddleware(lambda _: None)

    page, sentence = middleware.process_exception(request, refusal), middleware.process_exception(part, refusal)

    assert (page.status_code, sentence.status_code) == (status, status)
    assert len(Page(page.content.decode()).all("h1")) == 1
    assert str(refusal) in page.content.decode()
    assert sentence.content.decode().strip() == f'<div class="alert alert-danger" role="alert">{refusal}</div>'
    assert page.get("Retry-After") == ("7" if status == 429 else None)


def test_a_crash_is_a_crash(person):
    assert RefusalMiddleware(lambda _: None).process_exception(RequestFactory().get("/x"), ValueError()) is None


def test_a_post_without_its_token_is_refused_in_plain_words(db):
    answer = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"}).post(
        "/accounts/sign-in", {"login": "x", "password": "y"}
    )

    assert answer.status_code == 403
    assert "页面打开太久" in answer.content.decode()


def test_health_is_seen_without_signing_in_and_says_when_the_journal_cannot_be_read(db, monkeypatch):
    assert Client().get("/healthz").json() == {"status": "ok"}

    def broken(**_):
        raise DatabaseError

    monkeypatch.setattr(Head.objects, "filter", broken)
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "failing"})
