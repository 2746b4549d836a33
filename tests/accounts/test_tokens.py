"""Access tokens: made with the password, shown once, kept as a hash, refused when they or their person are over."""

import json
import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.test import Client

from conftest import AT, PASSWORD
from fangxin.accounts.models import ApiToken, Person
from fangxin.accounts.services import PersonRow, load_people
from fangxin.accounts.tokens import find_token, issue_token, revoke_token
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.site.cli import fangxin


def issued(person: Person, *, scope: str = "read", days: int = 30, at=AT) -> tuple[ApiToken, str]:
    return issue_token(person, name="export", scope=scope, expires_at=at + timedelta(days=days), by=person.ref, at=at)


def new(**changes) -> dict[str, object]:
    return {"name": "export", "scope": "read", "days": "30", "password": PASSWORD, **changes}


def asks(secret: str, **headers: str):
    return Client(headers={"authorization": f"Bearer {secret}", "accept-language": "en", **headers}).get("/api/v1/me")


def test_a_token_is_kept_as_a_hash_alone_and_its_making_is_journalled(wang):
    token, secret = issued(wang, scope="write")

    assert len(secret) > 40
    row = ApiToken.objects.values().get()
    assert not any(secret in str(value) for value in row.values())
    entry = Entry.objects.get(event="accounts.TokenIssued")
    assert (entry.subject, entry.actor) == (wang.ref, wang.ref)
    assert json.loads(entry.data) == {"token": token.pk, "scope": "write", "expires": (AT + timedelta(days=30)).isoformat()}
    assert find_token(secret, at=AT).person == wang


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": " "}, "accounts.token_name_missing"),
        ({"scope": "all"}, "accounts.token_scope_unknown"),
        ({"expires_at": AT}, "accounts.token_expiry"),
        ({"expires_at": AT + timedelta(days=367)}, "accounts.token_expiry"),
    ],
)
def test_a_token_needs_a_name_a_scope_and_an_end(wang, changes, code):
    with pytest.raises(BadInput) as refusal:
        issue_token(wang, **{"name": "export", "scope": "read", "expires_at": AT + timedelta(days=1), "by": SYSTEM, "at": AT, **changes})

    assert refusal.value.code == code


def test_nobody_has_more_than_twenty(wang):
    for _ in range(20):
        issued(wang)

    with pytest.raises(IllegalStep) as refusal:
        issued(wang)

    assert refusal.value.code == "accounts.too_many_tokens"


def test_a_token_is_good_until_it_expires_or_is_revoked(wang, clock):
    token, secret = issued(wang)

    answers = [asks(secret).status_code]
    clock.forward(days=30)
    answers.append(asks(secret).status_code)
    clock.now = AT
    answers.append(asks(secret).status_code)
    revoke_token(token, by=wang.ref, at=AT)
    revoke_token(token, by=wang.ref, at=AT)
    answers.append(asks(secret).status_code)

    assert answers == [200, 401, 200, 401]
    assert Entry.objects.filter(event="accounts.TokenRevoked").count() == 1


def test_a_token_of_who_may_not_sign_in_is_refused(wang, clock):
    _token, secret = issued(wang)
    row = PersonRow(login="wang", name="Wang Fang", office_code="370811", roles=(("officer", ""),), active=False)

    load_people([row], by=SYSTEM, at=AT)
    gone = asks(secret).status_code
    Person.objects.filter(pk=wang.pk).update(active=True, must_change_password=True)

    assert (gone, asks(secret).status_code) == (401, 401)


@pytest.mark.parametrize("secret", ["", "fxt_", "fxt_wrong", "nonsense", "fxt_\x00"])
def test_a_wrong_token_is_told_nothing(wang, clock, secret):
    issued(wang)

    answer = asks(secret)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_session_is_no_token(wang, clock, browser):
    mine = browser()
    mine.sign_in()

    assert mine.get("/api/v1/me").status_code == 401
    assert mine.post("/api/v1/cases", {}, content_type="application/json").status_code == 401


def test_use_is_noted_once_a_minute(wang, clock, django_assert_num_queries):
    _token, secret = issued(wang)
    asks(secret)

    clock.forward(seconds=30)
    with django_assert_num_queries(1):
        find_token(secret, at=clock.now)
    clock.forward(seconds=30)
    find_token(secret, at=clock.now)

    assert ApiToken.objects.get().last_used_at == clock.now


def test_the_account_page_makes_a_token_with_the_password_and_shows_it_once(wang, clock, browser):
    mine = browser()
    mine.sign_in()

    page = mine.post("/accounts/me/tokens", new())
    secret = re.search(r"fxt_[\w-]{43}", page.content.decode())[0]
    again = mine.get("/accounts/me").content.decode()

    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert secret not in again
    assert "export" in again
    assert asks(secret).json()["login"] == "wang"


@pytest.mark.parametrize(
    ("changes", "status"), [({"password": "wrong-password-1"}, 409), ({"name": ""}, 422), ({"days": "400"}, 422), ({"scope": "all"}, 422)]
)
def test_without_password_name_or_end_no_token_is_made(wang, clock, browser, changes, status):
    mine = browser()
    mine.sign_in()

    assert mine.post("/accounts/me/tokens", new(**changes)).status_code == status
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_alone(wang, clock, browser):
    token, secret = issued(wang)
    row = PersonRow(
        login="li", name="Li", office_code="370811", roles=(("administrator", "370800"),), password=PASSWORD, must_change_password=False
    )
    load_people([row], by=SYSTEM, at=AT)
    other, mine = browser(), browser()
    other.sign_in("li")
    mine.sign_in()

    assert other.post(f"/accounts/me/tokens/{token.pk}/revoke").status_code == 404
    assert asks(secret).status_code == 200
    assert mine.post(f"/accounts/me/tokens/{token.pk}/revoke").status_code == 302
    assert asks(secret).status_code == 401


def test_the_throttle_holds_one_token_and_no_other(wang, clock, monkeypatch, settings):
    from django.core.cache import cache  # noqa: PLC0415 -- the test's own

    from fangxin.site.api import api  # noqa: PLC0415 -- the test's own

    cache.clear()
    throttle = api.throttle[0]
    monkeypatch.setattr(throttle, "num_requests", 2)
    _first, hurried = issued(wang)
    _second, calm = issued(wang)

    answers = [asks(hurried) for _ in range(3)]

    cache_left = asks(calm).status_code
    cache.clear()
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert cache_left == 200


def test_the_command_line_makes_lists_and_revokes_tokens(wang):
    runner = CliRunner()

    made = json.loads(runner.invoke(fangxin, ["people", "token", "issue", "wang", "--name", "export", "--scope", "write", "--json"]).output)
    listed = json.loads(runner.invoke(fangxin, ["people", "token", "list", "wang", "--json"]).output)
    revoked = runner.invoke(fangxin, ["people", "token", "revoke", str(made["id"]), "--json"])

    assert made["secret"].startswith("fxt_")
    assert [(one["id"], one["scope"]) for one in listed["tokens"]] == [(str(made["id"]), "write")]
    assert made["secret"] not in json.dumps(listed)
    assert json.loads(revoked.output) == {"id": made["id"], "revoked": True}
    assert json.loads(runner.invoke(fangxin, ["people", "token", "list", "wang", "--json"]).output)["tokens"] == []
