import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median

import pyotp
import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from fangxin.accounts import throttle
from fangxin.accounts.clients import DEVICE_COOKIE, client_address
from fangxin.accounts.clients import Client as Visitor
from fangxin.accounts.models import FailureCounter, Person, RecoveryCode, SecondFactor
from fangxin.accounts.services import PersonRow, WeakPassword, change_password, check_password, load_people, reset_password
from fangxin.kernel.errors import DomainError
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM

PASSWORD = "quiet-river-7-stones"


def events(person: Person) -> list[str]:
    return [entry.event for entry in Entry.objects.of(person.ref)]


def alert(response) -> str:
    return re.search(r'role="alert">(.*?)<', response.content.decode(), re.DOTALL)[1]


# Coming in and going out


def test_signing_in_and_out_is_journalled_and_gives_the_session_a_new_key(wang, browser, clock):
    one = browser()
    one.get("/accounts/sign-in")
    one.session["planted"] = 1
    before = one.session.session_key

    response = one.sign_in(next="/accounts/me")

    assert (response.status_code, response["Location"]) == (302, "/accounts/me")
    assert one.session.session_key != before
    assert one.inside

    one.post("/accounts/sign-out")

    assert not one.inside
    assert events(wang)[-2:] == ["accounts.SignedIn", "accounts.SignedOut"]


def test_signing_out_needs_a_post(wang, browser, clock):
    one = browser()
    one.sign_in()

    assert one.get("/accounts/sign-out").status_code == 405
    assert one.inside


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_after_signing_in_nobody_is_sent_to_a_foreign_page(wang, browser, clock, target):
    assert browser().sign_in(next=target)["Location"] == "/"


def test_a_login_is_found_in_any_case_and_width(wang, browser, clock):
    assert browser().sign_in(login=" ＷANG ").status_code == 302


def test_a_signed_in_page_costs_three_queries(wang, browser, clock, django_assert_num_queries):
    one = browser()
    one.sign_in()

    with django_assert_num_queries(3):  # session, person with office, roles
        one.get("/accounts/me/password")


# Unknown logins


def test_an_unknown_login_a_wrong_password_and_a_deactivated_person_get_the_same_answer(wang, browser, clock):
    row = PersonRow(login="gone", name="Gone", office_code="370811", password=PASSWORD, active=False)
    load_people([row], by=SYSTEM, at=clock.now)

    def answer(login: str, password: str) -> tuple[int, str]:
        response = browser().sign_in(login, password)
        return response.status_code, re.sub(r'name="csrfmiddlewaretoken" value="\w+"|value="\w+"', "", response.content.decode())

    wrong = answer("wang", "wrong")
    assert wrong[0] == 409
    assert answer("nobody", "wrong") == wrong
    assert answer("gone", PASSWORD) == wrong


def test_an_unknown_login_waits_like_a_known_one(wang, browser, clock):
    def statuses(login: str) -> list[int]:
        one = browser()
        return [one.sign_in(login, "wrong").status_code for _ in range(8)]

    assert statuses("wang") == statuses("nobody") == [409] * 5 + [429] * 3


def test_an_unknown_login_takes_about_as_long_as_a_wrong_password(argon2, offices, browser, clock):
    row = PersonRow(login="wang", name="Wang Fang", office_code="370811", password=PASSWORD)
    load_people([row], by=SYSTEM, at=clock.now)

    def seconds(login: str) -> float:
        spent = []
        for number in range(5):
            one, start = browser(f"10.1.{len(login)}.{number}"), time.perf_counter()
            one.sign_in(login, "wrong")
            spent.append(time.perf_counter() - start)
        return median(spent)

    known, unknown = seconds("wang"), seconds("nobody")

    assert 0.4 < unknown / known < 2.5


# Waiting


def test_delays_grow_to_a_quarter_of_an_hour_and_a_refused_try_does_not_lengthen_them(wang, browser, clock):
    one, waits = browser(), []
    for _ in range(5):
        assert one.sign_in(password="wrong").status_code == 409
    for _ in range(10):
        response = one.sign_in(password="wrong")
        assert response.status_code == 429
        assert alert(one.sign_in(password="wrong")) == alert(response)
        waits.append(int(re.search(r"\d+", alert(response))[0]))
        clock.forward(seconds=waits[-1])
        assert one.sign_in(password="wrong").status_code == 409

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_the_right_password_is_not_even_looked_at_while_waiting_and_clears_the_count_afterwards(wang, browser, clock):
    one = browser()
    for _ in range(5):
        one.sign_in(password="wrong")

    assert one.sign_in().status_code == 429
    clock.forward(seconds=5)
    assert one.sign_in().status_code == 302

    two = browser()
    assert [two.sign_in(password="wrong").status_code for _ in range(5)] == [409] * 5


def test_a_day_later_all_is_forgotten(wang, browser, clock):
    one = browser()
    for _ in range(5):
        one.sign_in(password="wrong")

    clock.forward(hours=24, seconds=1)

    assert [one.sign_in(password="wrong").status_code for _ in range(5)] == [409] * 5


@pytest.mark.parametrize("attacker", ["10.0.0.1", "203.0.113.9"])
def test_a_thousand_failures_from_elsewhere_or_from_the_same_address_leave_the_owners_browser_free(wang, browser, clock, attacker):
    owner = browser("10.0.0.1")
    owner.sign_in()
    owner.post("/accounts/sign-out")
    for _ in range(1000):
        with pytest.raises(DomainError):
            check_password("wang", "wrong", client=Visitor(attacker), at=clock.forward(seconds=1))

    assert browser(attacker).sign_in().status_code == 429
    assert owner.sign_in().status_code == 302


def test_many_attackers_at_many_addresses_do_not_keep_an_owner_with_a_new_browser_out(wang, browser, clock):
    for number in range(200):
        with pytest.raises(DomainError):
            check_password("wang", "wrong", client=Visitor(f"198.51.100.{number}"), at=clock.now)

    assert browser("10.0.0.1").sign_in().status_code == 302


def test_a_known_device_has_a_counter_of_its_own(wang, browser, clock):
    owner = browser()
    owner.sign_in()
    owner.post("/accounts/sign-out")
    for _ in range(5):
        owner.sign_in(password="wrong")

    assert owner.sign_in().status_code == 429
    assert browser().sign_in().status_code == 302


def test_a_forged_device_cookie_and_that_of_a_colleague_buy_no_counter(wang, browser, clock):
    load_people([PersonRow(login="mallory", name="M", office_code="370811", password=PASSWORD)], by=SYSTEM, at=clock.now)
    mallory = browser()
    mallory.sign_in("mallory")
    forged = browser()
    forged.cookies[DEVICE_COOKIE] = f"{wang.pk}.made-up:signature"
    for one in (forged, mallory):
        one.post("/accounts/sign-out")

    for _ in range(5):
        mallory.sign_in(password="wrong")

    assert mallory.sign_in().status_code == 429
    assert forged.sign_in().status_code == 429
    assert browser().sign_in().status_code == 429


def test_two_colleagues_at_one_browser_are_both_remembered(wang, browser, clock):
    load_people([PersonRow(login="li", name="Li", office_code="370811", password=PASSWORD)], by=SYSTEM, at=clock.now)
    desk = browser()
    for login in ("wang", "li"):
        desk.sign_in(login)
        desk.post("/accounts/sign-out")
    hammer = browser()
    for login in ("wang", "li"):
        for _ in range(5):
            hammer.sign_in(login, "wrong")

    assert hammer.sign_in("wang").status_code == hammer.sign_in("li").status_code == 429
    assert desk.sign_in("wang").status_code == 302
    desk.post("/accounts/sign-out")
    assert desk.sign_in("li").status_code == 302


def test_one_address_trying_many_logins_is_slowed_down_but_known_devices_behind_it_are_not(wang, browser, clock):
    owner = browser()
    owner.sign_in()
    owner.post("/accounts/sign-out")
    spray = browser()
    statuses = [spray.sign_in(f"user{number}", "wrong").status_code for number in range(101)]

    assert statuses == [409] * 100 + [429]
    assert owner.sign_in().status_code == 302
    assert browser("10.0.0.2").sign_in().status_code == 302


def test_a_training_room_of_sixty_behind_one_address_gets_in_though_each_mistypes_once(offices, browser, clock):
    people = [PersonRow(login=f"p{n}", name="P", office_code="370811", password=PASSWORD) for n in range(60)]
    load_people(people, by=SYSTEM, at=clock.now)

    for person in people:
        seat = browser()
        assert seat.sign_in(person.login, "wrong").status_code == 409
        assert seat.sign_in(person.login).status_code == 302


def test_the_journal_tells_once_an_episode_that_somebody_has_to_wait_and_not_once_a_try(wang, browser, clock):
    one = browser()
    for _ in range(50):
        one.sign_in(password="wrong")

    assert events(wang).count("accounts.SignInDelayed") == 1


def test_the_counters_tell_no_login_and_no_address_and_do_not_stay_for_ever(wang, browser, clock):
    browser("203.0.113.9").sign_in(password="wrong")

    assert not FailureCounter.objects.filter(key__contains="wang").exists()
    assert not FailureCounter.objects.filter(key__contains="203.0.113.9").exists()

    clock.forward(hours=49)
    browser().sign_in()

    assert FailureCounter.objects.filter(failures__gt=0).count() == 0


def test_a_try_is_charged_before_it_is_known_to_be_wrong(db, clock):
    key = [throttle.counted(throttle.CLIENT, "x")]
    for _ in range(5):
        throttle.charge(key, at=clock.now)

    with pytest.raises(throttle.TooManyAttempts) as refusal:
        throttle.charge(key, at=clock.now)
    assert refusal.value.params == {"seconds": 5}


@pytest.mark.django_db(transaction=True)
def test_twelve_tries_at_the_same_moment_do_not_outrun_the_counter(clock):
    if connection.vendor == "sqlite" and "memory" in str(connection.settings_dict["NAME"]):
        pytest.skip("threads share no SQLite database in memory")
    counters = [throttle.counted(throttle.CLIENT, "x"), throttle.counted(throttle.ADDRESS, "y")]

    def attempt(_) -> bool:
        try:
            throttle.charge(counters, at=clock.now)
        except throttle.TooManyAttempts:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        allowed = list(pool.map(attempt, range(12)))

    assert sum(allowed) == 5


@pytest.mark.parametrize(
    ("meta", "found"),
    [
        ({"REMOTE_ADDR": "203.0.113.9", "HTTP_X_FORWARDED_FOR": "10.9.9.9"}, "203.0.113.9"),  # nobody's proxy: the header is a lie
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "10.9.9.9, 203.0.113.9"}, "203.0.113.9"),  # what our proxy added
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9, 192.0.2.2"}, "203.0.113.9"),  # through two of ours
        ({"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "nonsense"}, "192.0.2.1"),
        ({"REMOTE_ADDR": "192.0.2.1"}, "192.0.2.1"),
        ({"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"),
        ({"REMOTE_ADDR": "::ffff:203.0.113.9"}, "203.0.113.9"),
        ({"REMOTE_ADDR": ""}, "unknown"),
    ],
)
def test_forwarded_addresses_count_only_from_our_own_proxies(meta, found):
    assert client_address(meta, ["192.0.2.0/24"]) == found


# How long a session lasts


def test_a_session_ends_after_thirty_idle_minutes(wang, browser, clock):
    one = browser()
    one.sign_in()

    clock.forward(minutes=29)
    assert one.inside
    clock.forward(minutes=29)
    assert one.inside
    clock.forward(minutes=30)
    assert not one.inside
    assert "Your session has ended" in one.get("/accounts/sign-in").content.decode()


def test_a_session_ends_after_twelve_hours_however_busy(wang, browser, clock):
    one = browser()
    one.sign_in()

    for _ in range(47):
        clock.forward(minutes=15)
        assert one.inside
    clock.forward(minutes=15)
    assert not one.inside


def test_a_busy_minute_writes_the_session_once(wang, browser, clock, django_assert_num_queries):
    one = browser()
    one.sign_in()
    clock.forward(seconds=61)
    one.get("/accounts/me/password")

    with django_assert_num_queries(3):
        one.get("/accounts/me/password")


def test_a_deactivated_persons_sessions_end_and_do_not_come_back(wang, browser, clock):
    one = browser()
    one.sign_in()

    for active in (False, True):
        row = PersonRow(login="wang", name="Wang Fang", office_code="370811", roles=(("officer", ""),), active=active)
        load_people([row], by=SYSTEM, at=clock.now)
        assert not one.inside


def test_htmx_is_told_to_open_the_sign_in_page_as_a_whole(wang, browser, clock):
    response = browser().get("/accounts/me", headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == "/accounts/sign-in?next=/accounts/me"


# Passwords


def test_changing_the_password_ends_all_other_sessions_and_keeps_this_one(wang, browser, clock):
    here, there = browser(), browser()
    here.sign_in()
    there.sign_in()

    response = here.post("/accounts/me/password", {"old": PASSWORD, "new": "loud-sea-9-pebbles", "again": "loud-sea-9-pebbles"})

    assert response.status_code == 302
    assert here.inside
    assert not there.inside
    assert browser().sign_in().status_code == 409
    assert browser().sign_in(password="loud-sea-9-pebbles").status_code == 302
    assert "accounts.PasswordChanged" in events(wang)


def test_a_changed_password_does_not_begin_the_twelve_hours_anew(wang, browser, clock):
    one = browser()
    one.sign_in()
    for _ in range(47):
        clock.forward(minutes=15)
        assert one.inside
    one.post("/accounts/me/password", {"old": PASSWORD, "new": "loud-sea-9-pebbles", "again": "loud-sea-9-pebbles"})

    clock.forward(minutes=15)
    assert not one.inside


def test_a_temporary_password_opens_nothing_but_the_page_to_change_it(wang, browser, clock):
    reset_password(wang, temporary="brief-moon-4-lamps", by=SYSTEM, at=clock.now)
    one = browser()

    assert one.sign_in(password="brief-moon-4-lamps")["Location"] == "/accounts/me/password"
    assert one.get("/accounts/me")["Location"] == "/accounts/me/password"
    assert one.get("/accounts/me", headers={"HX-Request": "true"})["HX-Redirect"] == "/accounts/me/password"
    assert one.get("/accounts/me/password").status_code == 200

    one.post("/accounts/me/password", {"old": "brief-moon-4-lamps", "new": "loud-sea-9-pebbles", "again": "loud-sea-9-pebbles"})

    assert one.inside


@pytest.mark.parametrize(
    "weak",
    [
        "short-1",
        "1234567890",
        "password123",
        "my-WANG-is-long",
        "long-370811-code",
        "in-first county-we-sit",
        "Wang Fang forever",
        PASSWORD,
    ],
)
def test_weak_passwords_are_refused_in_the_service_and_on_the_page(wang, browser, clock, weak):
    with pytest.raises(WeakPassword):
        change_password(wang, old=PASSWORD, new=weak, at=clock.now) if weak != PASSWORD else reset_password(
            wang, temporary="1", by=SYSTEM, at=clock.now
        )
    one = browser()
    one.sign_in()

    response = one.post("/accounts/me/password", {"old": PASSWORD, "new": weak, "again": weak})

    assert response.status_code == 409
    assert 'id="id_new_error"' in response.content.decode()
    assert Person.objects.get(pk=wang.pk).password == wang.password


def test_the_current_password_cannot_be_guessed_at_a_browser_left_open(wang, browser, clock):
    one = browser()
    one.sign_in()

    statuses = [
        one.post("/accounts/me/password", {"old": "wrong", "new": "loud-sea-9-pebbles", "again": "loud-sea-9-pebbles"}).status_code
        for _ in range(6)
    ]

    assert statuses == [409] * 5 + [429]


def test_passwords_are_kept_as_argon2(argon2, wang):
    wang.set_password("anything")

    assert wang.password.startswith("argon2$argon2id$")


# Second factor


@pytest.fixture
def enrolled(wang, browser, clock):
    """Wang's browser, generator and recovery codes."""
    one = browser()
    one.sign_in()
    page = one.post("/accounts/me/second-factor", {"password": PASSWORD}).content.decode()
    secret = re.search(r'class="fx-secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    generator = pyotp.TOTP(secret)
    done = one.post("/accounts/me/second-factor", {"code": generator.at(clock.now)})
    assert done.status_code == 200, done.content.decode()
    clock.forward(seconds=60)
    return one, generator, re.findall(r"<li>([a-z2-7-]{19})</li>", done.content.decode())


def test_the_secret_is_sealed_and_shown_once_as_a_picture_without_inline_style(wang, browser, clock):
    one = browser()
    one.sign_in()
    page = one.post("/accounts/me/second-factor", {"password": PASSWORD}).content.decode()
    secret = re.search(r'class="fx-secret">([A-Z2-7 ]+)<', page)[1].replace(" ", "")

    assert "<svg" in page
    assert " style=" not in page
    assert secret.encode() not in bytes(SecondFactor.objects.get().sealed)
    assert secret not in one.get("/accounts/me").content.decode()


def test_a_second_factor_counts_only_once_it_is_confirmed(wang, browser, clock):
    one = browser()
    one.sign_in()
    one.post("/accounts/me/second-factor", {"password": PASSWORD})
    assert one.post("/accounts/me/second-factor", {"code": "000000"}).status_code == 409

    assert browser().sign_in()["Location"] == "/"


def test_with_a_second_factor_the_password_alone_opens_nothing(enrolled, wang, browser, clock):
    _, generator, _ = enrolled
    one = browser()

    assert one.sign_in(next="/accounts/me")["Location"] == "/accounts/sign-in/code"
    assert not one.inside
    assert one.post("/accounts/sign-in/code", {"code": "12345x"}).status_code == 409

    assert one.post("/accounts/sign-in/code", {"code": generator.at(clock.now)})["Location"] == "/accounts/me"
    assert one.inside
    assert '"method":"code"' in Entry.objects.of(wang.ref).last().data


def test_a_code_is_good_once(enrolled, browser, clock):
    _, generator, _ = enrolled
    first, second = browser(), browser()
    code = generator.at(clock.now)
    for one in (first, second):
        one.sign_in()

    assert first.post("/accounts/sign-in/code", {"code": code}).status_code == 302
    assert second.post("/accounts/sign-in/code", {"code": code}).status_code == 409
    assert not second.inside


@pytest.mark.parametrize(("late", "status"), [(-60, 409), (-30, 302), (0, 302), (30, 302), (60, 409)])
def test_a_clock_may_be_wrong_by_one_step_and_no_more(enrolled, browser, clock, late, status):
    _, generator, _ = enrolled
    clock.forward(minutes=10)
    one = browser()
    one.sign_in()

    assert one.post("/accounts/sign-in/code", {"code": generator.at(clock.now + timedelta(seconds=late))}).status_code == status


def test_a_recovery_code_is_good_once_in_any_writing_and_kept_as_hash_only(enrolled, wang, browser, clock):
    _, _, codes = enrolled
    assert len(set(codes)) == 10
    first, second = browser(), browser()
    for one in (first, second):
        one.sign_in()

    assert first.post("/accounts/sign-in/code", {"code": codes[0].upper().replace("-", " ")}).status_code == 302
    assert second.post("/accounts/sign-in/code", {"code": codes[0]}).status_code == 409
    assert second.post("/accounts/sign-in/code", {"code": codes[1]}).status_code == 302
    assert RecoveryCode.objects.unused(wang).count() == 8
    assert not RecoveryCode.objects.filter(digest__in=[code.replace("-", "") for code in codes]).exists()


def test_guessing_codes_is_slowed_down_and_does_not_keep_the_owners_known_browser_out(enrolled, browser, clock):
    owner, generator, _ = enrolled
    owner.post("/accounts/sign-out")
    thief = browser()
    thief.sign_in()
    statuses = [thief.post("/accounts/sign-in/code", {"code": "000000"}).status_code for _ in range(8)]

    owner.sign_in()

    assert statuses == [409] * 5 + [429] * 3
    assert owner.post("/accounts/sign-in/code", {"code": generator.at(clock.now)}).status_code == 302


def test_guessing_codes_from_many_addresses_is_slowed_down_too(enrolled, browser, clock):
    statuses = []
    for number in range(51):
        thief = browser(f"198.51.100.{number}")
        thief.sign_in()
        statuses.append(thief.post("/accounts/sign-in/code", {"code": "000000"}).status_code)

    assert statuses == [409] * 50 + [429]


def test_the_second_step_waits_five_minutes_and_ends_when_the_password_changes(enrolled, wang, browser, clock):
    _, generator, _ = enrolled
    slow, robbed = browser(), browser()
    slow.sign_in()
    clock.forward(minutes=5)
    assert slow.post("/accounts/sign-in/code", {"code": generator.at(clock.now)})["Location"] == "/accounts/sign-in"

    robbed.sign_in()
    reset_password(Person.objects.get(pk=wang.pk), temporary="brief-moon-4-lamps", by=SYSTEM, at=clock.now)
    assert robbed.post("/accounts/sign-in/code", {"code": generator.at(clock.now)})["Location"] == "/accounts/sign-in"


def test_switching_the_second_factor_off_needs_the_password_and_ends_other_sessions(enrolled, wang, browser, clock):
    here, generator, _ = enrolled
    there = browser()
    there.sign_in()
    there.post("/accounts/sign-in/code", {"code": generator.at(clock.now)})
    assert there.inside

    assert here.post("/accounts/me/second-factor/off", {"password": "wrong"}).status_code == 409
    assert SecondFactor.objects.count() == 1
    assert here.post("/accounts/me/second-factor/off", {"password": PASSWORD}).status_code == 302

    assert here.inside
    assert not there.inside
    assert (SecondFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert browser().sign_in()["Location"] == "/"


def test_a_second_second_factor_is_refused_while_one_counts(enrolled):
    here, _, _ = enrolled

    assert here.post("/accounts/me/second-factor", {"password": PASSWORD}).status_code == 409


def test_a_second_factor_is_begun_with_the_password_only(wang, browser):
    one = browser()
    one.sign_in()

    assert [one.post("/accounts/me/second-factor", data).status_code for data in ({}, {"password": "wrong"})] == [422, 409]
    assert not SecondFactor.objects.exists()


def test_sessions_hold_no_password_and_no_secret(enrolled, browser, clock):
    _, generator, _ = enrolled
    one = browser()
    one.sign_in()

    for session in Session.objects.all():
        assert PASSWORD not in str(session.get_decoded())
        assert generator.secret not in str(session.get_decoded())
