"""An enterprise's way in and out: application, review, pledge, account, sign-in, exit."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from odrwork import (
    HEAD,
    OFFICER,
    PASSWORD,
    USCC,
    application,
    complaint,
    direct,
    enterprise,
    enterprise_browser,
    picture,
    sent,
    term,
    trader,
)

from cases.casework import NOW, at, history
from fangxin.accounts.services import SignInRefused, WeakPassword
from fangxin.accounts.throttle import TooManyAttempts
from fangxin.cases.models import Case, Consent
from fangxin.files import queries as files
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.notices.models import Notice
from fangxin.odr.models import Account, Dispute, Enterprise, Invitation
from fangxin.odr.services import accounts, apply, disputes, enterprises
from fangxin.registry.models import Trader
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """Friday 20 November 2026, ten o'clock."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def applied() -> Enterprise:
    trader()
    return apply(application(), by=enterprises.APPLICANT, at=NOW)


# --- application and review


def test_an_application_goes_to_the_bureau_and_every_step_to_the_journal(offices):
    made, account = enterprise()

    assert (made.state, made.office, made.pledge_version) == ("active", offices["370800"], "2026-1")
    assert history(made.ref) == ["EnterpriseApplied", "EnterpriseStep", "InvitationIssued", "EnterpriseStep", "EnterpriseStep"]
    assert history(account.ref) == ["AccountOpened"]
    journal = "".join(Entry.objects.values_list("data", flat=True))
    assert ("赵建国" in journal, "13905370001" in journal, PASSWORD in journal) == (False, False, False)
    assert "赵建国" not in str(Enterprise.objects.values()[0])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"uscc": "91370811MA3C00009X"}, BadInput),
        ({"uscc": "91370881MA3C000023"}, IllegalStep),
        ({"full_time": 0, "part_time": 0}, BadInput),
        ({"premises": " "}, BadInput),
        ({"equipped": False}, BadInput),
        ({"phone": ""}, BadInput),
        ({"complaint_rules": ""}, BadInput),
    ],
)
def test_what_lacks_a_condition_is_refused(offices, changes, error):
    trader()

    with pytest.raises(error):
        apply(application(**changes), by=enterprises.APPLICANT, at=NOW)

    assert not Enterprise.objects.exists()


def test_a_trader_applies_once_while_it_is_in_and_a_deregistered_one_never(offices):
    first = applied()
    with pytest.raises(IllegalStep) as twice:
        apply(application(), by=enterprises.APPLICANT, at=NOW)
    enterprises.refuse(first, ground="papers_missing", by=OFFICER, at=NOW, note="缺营业执照复印件")
    again = apply(application(), by=enterprises.APPLICANT, at=NOW)
    enterprises.refuse(again, ground="other", by=OFFICER, at=NOW, note="x")
    Trader.objects.update(status="deregistered")
    with pytest.raises(IllegalStep) as gone:
        apply(application(), by=enterprises.APPLICANT, at=NOW)

    assert (twice.value.code, gone.value.code) == ("odr.applied_already", "odr.trader_gone")


def test_a_refusal_needs_a_known_ground_and_a_reason_and_is_told(offices):
    made = applied()

    with pytest.raises(BadInput):
        enterprises.refuse(made, ground="whim", by=OFFICER, at=NOW, note="x")
    with pytest.raises(IllegalStep):
        enterprises.refuse(made, ground="no_handler", by=OFFICER, at=NOW, note=" ")
    enterprises.refuse(made, ground="no_handler", by=OFFICER, at=NOW, note="没有处理人员")

    made.refresh_from_db()
    assert (made.state, made.ground, made.ended_at) == ("refused", "no_handler", NOW)
    assert Notice.objects.get().template == "odr.application_refused"


def test_of_two_reviewers_one_wins(offices):
    made = applied()
    other = Enterprise.objects.get(pk=made.pk)
    enterprises.approve(made, by=OFFICER, at=NOW)

    with pytest.raises(StaleState):
        enterprises.refuse(other, ground="other", by=HEAD, at=NOW, note="x")

    assert Enterprise.objects.get().state == "approved"


# --- account


def test_the_invitation_is_good_once_and_for_seven_days(offices):
    made = applied()
    with pytest.raises(IllegalStep):
        accounts.invite(made, by=OFFICER, at=NOW)
    enterprises.approve(made, by=OFFICER, at=NOW)
    _invitation, token = accounts.invite(made, by=OFFICER, at=NOW)
    given = {"login": "luhao", "name": "孙晓", "password": PASSWORD}

    with pytest.raises(IllegalStep):
        accounts.accept_invitation(token, **given, pledged=True, at=NOW + timedelta(days=7))
    with pytest.raises(IllegalStep):
        accounts.accept_invitation(token + "x", **given, pledged=True, at=NOW)
    with pytest.raises(BadInput):
        accounts.accept_invitation(token, **given, pledged=False, at=NOW)
    with pytest.raises(WeakPassword):
        accounts.accept_invitation(token, **(given | {"password": "luhao-12345"}), pledged=True, at=NOW)
    accounts.accept_invitation(token, **given, pledged=True, at=NOW)
    with pytest.raises(IllegalStep):
        accounts.accept_invitation(token, login="second", name="x", password=PASSWORD, pledged=True, at=NOW)

    assert token not in str(list(Invitation.objects.values()))
    assert Account.objects.count() == 1


def test_a_password_is_kept_as_argon2(offices, argon2):
    _made, account = enterprise()

    assert account.password.startswith("argon2")


def test_wrong_passwords_cost_time_under_the_login_and_the_address_and_not_for_others(offices):
    enterprise(office=offices["370811"])
    enterprise("91370881MA3C000023", "曲阜市孔府食品有限公司", login="kongfu")

    for _ in range(5):
        with pytest.raises(SignInRefused):
            accounts.check_password("luhao", "wrong", address="198.51.100.1", at=NOW)
    with pytest.raises(TooManyAttempts):
        accounts.check_password("luhao", PASSWORD, address="198.51.100.1", at=NOW)

    assert accounts.check_password("luhao", PASSWORD, address="198.51.100.2", at=NOW).login == "luhao"
    assert accounts.check_password("kongfu", PASSWORD, address="198.51.100.1", at=NOW).login == "kongfu"
    assert Entry.objects.filter(event="odr.AccountSignInDelayed").count() == 1


def test_an_unknown_login_a_wrong_password_and_a_switched_off_account_get_the_same_answer(offices):
    _made, account = enterprise()
    accounts.switch_account(account, active=False, by=OFFICER, at=NOW)

    answers = set()
    for login, password in (("luhao", PASSWORD), ("luhao", "x"), ("nobody", PASSWORD)):
        with pytest.raises(SignInRefused) as refused:
            accounts.check_password(login, password, address="198.51.100.9", at=NOW)
        answers.add(str(refused.value))

    assert len(answers) == 1


# --- sessions


def test_an_enterprises_session_opens_its_own_pages_and_none_of_staffs(made, offices):
    case = complaint(offices)
    browser = enterprise_browser()

    assert browser.get("/odr/inbox").status_code == 200
    for address in ("/cases/", f"/cases/{case.pk}", "/odr/enterprises", "/odr/disputes", "/odr/invite", "/accounts/me", "/operations"):
        answer = browser.get(address)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/sign-in"), address
    assert "sessionid" not in browser.cookies


def test_staff_are_nobody_in_the_enterprises_realm(made, offices):
    person("officer", "officer", "370811", at=NOW)
    dispute = sent(offices)
    browser = signed_in("officer")

    for address in ("/odr/inbox", f"/odr/inbox/{dispute.pk}", "/odr/performance", "/odr/export.csv", "/odr/account"):
        answer = browser.get(address)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/odr/sign-in"), address
    posted = browser.post(f"/odr/inbox/{dispute.pk}/reply/say", {"text": "hello"})
    assert posted["Location"].startswith("/odr/sign-in")
    assert not dispute.__class__.objects.get().answered_at


def test_two_realms_in_one_browser_do_not_know_each_other(made, offices):
    person("officer", "officer", "370811", at=NOW, name="王芳")
    browser = enterprise_browser(client=signed_in("officer"))

    inbox, cases = browser.get("/odr/inbox").content.decode(), browser.get("/cases/").content.decode()
    browser.post("/odr/sign-out")
    after = (browser.get("/odr/inbox").status_code, browser.get("/cases/").status_code)

    assert ("孙晓" in inbox, "王芳" in inbox) == (True, False)
    assert ("王芳" in cases, "孙晓" in cases) == (True, False)
    assert after == (302, 200)


def test_a_key_of_one_realm_opens_nothing_in_the_other(made, offices):
    person("officer", "officer", "370811", at=NOW)
    staff, shop = signed_in("officer"), enterprise_browser()
    swapped = Client()
    swapped.cookies["fangxin_odr"] = staff.cookies["sessionid"].value
    swapped.cookies["sessionid"] = shop.cookies["fangxin_odr"].value

    assert swapped.get("/odr/inbox")["Location"].startswith("/odr/sign-in")
    assert swapped.get("/cases/")["Location"].startswith("/accounts/sign-in")


def test_signing_in_makes_a_new_key_and_the_old_one_is_dead(made):
    planted = "a" * 32
    browser = Client()
    browser.cookies["fangxin_odr"] = planted
    enterprise_browser(client=browser)
    first = browser.cookies["fangxin_odr"].value
    enterprise_browser(client=browser)
    old = Client()
    old.cookies["fangxin_odr"] = first

    assert planted != first != browser.cookies["fangxin_odr"].value
    assert old.get("/odr/inbox").status_code == 302
    morsel = browser.cookies["fangxin_odr"]
    assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == ("/odr/", True, "Lax")


def test_a_form_without_its_token_is_refused(made, offices):
    dispute = sent(offices)
    browser = enterprise_browser(client=Client(enforce_csrf_checks=False))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies

    assert strict.post(f"/odr/inbox/{dispute.pk}/reply/say", {"text": "x"}).status_code == 403


def test_a_session_ends_after_half_an_hour_without_a_request(made, monkeypatch):
    browser = enterprise_browser()
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=29))
    alive = browser.get("/odr/inbox").status_code
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=59))

    assert (alive, browser.get("/odr/inbox").status_code) == (200, 302)


def test_changing_the_password_ends_all_other_sessions(made):
    here, there = enterprise_browser(), enterprise_browser()
    wrong = here.post("/odr/password", {"old": "x", "new": "bright-window-4-cups", "again": "bright-window-4-cups"})
    done = here.post("/odr/password", {"old": PASSWORD, "new": "bright-window-4-cups", "again": "bright-window-4-cups"})

    assert (wrong.status_code, done.status_code) == (409, 302)
    assert (here.get("/odr/inbox").status_code, there.get("/odr/inbox").status_code) == (200, 302)


def test_sign_in_leads_to_pages_of_this_realm_only(made):
    answer = Client().post("/odr/sign-in", {"login": "luhao", "password": PASSWORD, "next": "https://evil.example/odr/"})
    staff = Client().post("/odr/sign-in", {"login": "luhao", "password": PASSWORD, "next": "/cases/"})

    assert (answer["Location"], staff["Location"]) == ("/odr/inbox", "/odr/inbox")


def test_an_account_makes_a_link_for_a_colleague_who_needs_no_pledge(made):
    page = enterprise_browser().post("/odr/account/colleague").content.decode()
    path = page.split("/odr/i/")[1].split("<")[0]

    new = {"login": "second", "name": "周敏", "password": PASSWORD, "again": PASSWORD}
    answer = Client().post(f"/odr/i/{path}", new)

    assert answer.status_code == 302
    assert Account.objects.get(login="second").enterprise == made[0]


# --- exit


def test_an_exit_is_reviewed_by_someone_else_and_passes_running_disputes_on(made, offices):
    shop, _account = made
    bureaus, consented, silent = sent(offices), direct(shop, consent=Consent.YES), direct(shop)
    enterprises.propose_exit(shop, ground="no_response", by=OFFICER, at=NOW, note="三个月未回应")

    with pytest.raises(IllegalStep) as refused:
        enterprises.exit_enterprise(shop, by=OFFICER, at=NOW)
    later = at("2026-11-24")
    enterprises.exit_enterprise(shop, by=HEAD, at=later)

    assert refused.value.code == "odr.four_eyes"
    states = {pk: Dispute.objects.get(pk=pk).state for pk in (bureaus.pk, consented.pk, silent.pk)}
    assert states == {bureaus.pk: "returned", consented.pk: "passed", silent.pk: "unsettled"}
    assert Case.objects.filter(channel="odr").count() == 1
    assert term(bureaus).verdict == "void"
    shop.refresh_from_db()
    assert (shop.state, shop.ground, Account.objects.get().active) == ("exited", "no_response", False)
    with pytest.raises(SignInRefused):
        accounts.check_password("luhao", PASSWORD, address="198.51.100.9", at=later)


def test_while_an_exit_is_reviewed_nothing_new_arrives(made, offices):
    case = complaint(offices)
    enterprises.ask_exit(made[1], at=NOW)

    with pytest.raises(IllegalStep):
        disputes.send(case, by=OFFICER, at=NOW)
    enterprises.keep(Enterprise.objects.get(), by=OFFICER, at=NOW, note="企业撤回退出申请")

    assert disputes.send(case, by=OFFICER, at=NOW).state == "waiting"


# --- pages


def test_a_trader_applies_without_signing_in(offices):
    trader()
    form = {
        "uscc": USCC, "premises": "古槐路1号", "full_time": "1", "part_time": "0", "phone": "0537-2345678", "email": "odr@example.com",
        "contact_name": "赵建国", "contact_phone": "13905370001", "complaint_rules": "专人负责", "equipped": "on", "true": "on",
    }  # fmt: skip
    page = Client().get("/odr/apply")
    without = Client().post("/odr/apply", form)
    papers = {name: picture(name) for name in ("licence", "pledge_paper", "statement")}
    done = Client().post("/odr/apply", form | papers)

    assert (page.status_code, without.status_code, done.status_code) == (200, 422, 200)
    assert "古槐路1号" in without.content.decode()
    assert {one.category for one in files.of(Enterprise.objects.get().ref)} == {"licence", "pledge", "statement"}


@pytest.mark.parametrize(
    ("role", "office", "seen", "reviews"),
    [
        ("officer", "370811", 200, True),
        ("supervisor", "370811", 200, True),
        ("officer", "370811-guhuai", 200, False),
        ("officer", "370881", 404, False),
        ("city_desk", "370800", 200, False),
        ("auditor", "370800", 200, False),
    ],
)
def test_who_reviews_and_who_only_sees(offices, role, office, seen, reviews):
    trader()
    made = apply(application(), by=enterprises.APPLICANT, at=NOW)
    Enterprise.objects.update(office=offices["370811"])
    person("someone", role, office, at=NOW)
    browser = signed_in("someone")

    page = browser.get(f"/odr/enterprises/{made.pk}")
    listed = made.name in browser.get("/odr/enterprises").content.decode()
    taken = browser.post(f"/odr/enterprises/{made.pk}/step/approve", {"seen": f"{made.pk}.applied", "note": ""})

    assert page.status_code == seen
    assert listed == (seen == 200)
    assert (taken.status_code == 302) == reviews
    assert (Enterprise.objects.get().state == "approved") == reviews


def test_the_contact_person_is_shown_once_and_the_look_is_journalled(made, offices):
    person("officer", "officer", "370811", at=NOW)
    browser = signed_in("officer")

    before = browser.get(f"/odr/enterprises/{made[0].pk}").content.decode()
    shown = browser.post(f"/odr/enterprises/{made[0].pk}/contact").content.decode()

    assert ("13905370001" in before, "13905370001" in shown) == (False, True)
    assert Entry.objects.filter(event="kernel.PersonalDataRevealed", subject=made[0].ref).count() == 1
