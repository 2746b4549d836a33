"""The outbox's pages and commands: who sees what, what can be done with a failed notice."""

import json
import re
import sys

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from outboxwork import NOON, fresh, gateways, hooks, message, queued, told

from cases.casework import city, taken
from fangxin.cases.filings import Kind
from fangxin.kernel.refs import SYSTEM
from fangxin.notices.models import Notice
from fangxin.notices.services import enqueue
from fangxin.notices.states import Failure
from fangxin.site import cli
from fangxin.site.cli import operations
from staffwork import person, signed_in

pytestmark = pytest.mark.django_db
RECEIPT = {"number": "FX1", "office": "任城局", "phone": "12315"}


@pytest.fixture(autouse=True)
def offices(db, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    found = city()
    for role, office in [
        ("city_desk", "370800"), ("supervisor", "370881"), ("administrator", "370800"), ("officer", "370811"), ("auditor", "370800"),
    ]:  # fmt: skip
        person(role, role, office, at=NOON)
    return found


def dead(n: int = 1, error: str = Failure.REFUSED, **changes) -> list[Notice]:
    """Failed notices."""
    rows = enqueue([message(**changes) for _ in range(n)], by=SYSTEM, at=NOON)
    keys = [row.pk for row in rows]
    Notice.objects.filter(pk__in=keys).update(state="dead", next_at=None, ended_at=NOON, error=error, status=550, attempts=2)
    return list(Notice.objects.filter(pk__in=keys).order_by("pk"))


def shown(answer) -> list[int]:
    """The notices of a page, from the top."""
    return [int(number) for number in re.findall(r'<tr id="notice-(\d+)"', answer.content.decode())]


def test_a_failed_notice_stands_with_its_reason_and_what_can_be_done():
    case = taken("1")
    [notice] = dead(subject=case.ref)

    page = signed_in("city_desk").get("/notices/").content.decode()

    for said in (case.number, f"/cases/{case.pk}", "Complaint accepted", "text message", "138****1234", "the gateway refuses it (550)"):
        assert said in page
    assert f'action="/notices/{notice.pk}/retry?state=dead"' in page
    assert f'action="/notices/{notice.pk}/give-up?state=dead"' in page
    assert "13805371234" not in page


def test_it_is_for_desk_supervision_and_administration_alone():
    statuses = {
        login: signed_in(login).get("/notices/").status_code for login in ("city_desk", "supervisor", "administrator", "officer", "auditor")
    }

    assert statuses == {"city_desk": 200, "supervisor": 200, "administrator": 200, "officer": 403, "auditor": 403}


def test_who_may_not_see_the_case_sees_neither_it_nor_the_address_and_settles_nothing():
    """The supervisor of another county; a reporter's masked number is not even the administrator's (Order 121 Art 37)."""
    case, report = taken("1"), taken("2", kind=Kind.REPORT)
    [mine] = dead(subject=case.ref)
    [theirs] = dead(
        subject=report.ref, template="case.received_receipt", params=RECEIPT, audience="reporter", keys="reporter", to="13900000001"
    )

    stranger = signed_in("supervisor").get("/notices/").content.decode()
    operator = signed_in("administrator").get("/notices/").content.decode()
    refused = signed_in("supervisor").post(f"/notices/{mine.pk}/retry")
    unmoved = signed_in("supervisor").post("/notices/retry", {"notice": [mine.pk, theirs.pk]})

    for secret in (case.number, report.number, "138****1234", "139****0001"):
        assert secret not in stranger
    assert "/retry?" not in stranger.replace("/notices/retry?", "")
    assert "138****1234" in operator
    assert "139****0001" not in operator
    assert case.number not in operator
    assert (refused.status_code, unmoved.status_code) == (404, 302)
    assert {fresh(mine).state, fresh(theirs).state} == {"dead"}


def test_one_is_sent_again():
    [notice] = dead(subject=taken("1").ref)

    answer = signed_in("city_desk").post(f"/notices/{notice.pk}/retry?state=dead&channel=sms")

    assert (answer.status_code, answer["Location"]) == (302, "/notices/?state=dead&channel=sms")
    assert (fresh(notice).state, fresh(notice).attempts) == ("waiting", 0)
    assert told(notice)[-1] == "NoticeRetried"


def test_the_ticked_ones_are_sent_again_and_no_others():
    notices = dead(3, subject=taken("1").ref)

    client = signed_in("city_desk")
    client.post("/notices/retry", {"notice": [notices[0].pk, notices[2].pk, "x", 999_999]})
    page = client.get("/notices/").content.decode()

    assert [fresh(one).state for one in notices] == ["waiting", "dead", "waiting"]
    assert "2 notices will be sent again." in page


def test_the_administrator_sends_a_whole_channel_again_and_the_desk_does_not():
    notices = [*dead(2), *dead(channel="email", to="lin@example.com"), *dead(error=Failure.BAD_ADDRESS)]

    signed_in("city_desk").post("/notices/retry?state=dead&channel=sms", {"every": "1"})
    before = [fresh(one).state for one in notices]
    signed_in("administrator").post("/notices/retry?state=dead&channel=sms", {"every": "1"})

    assert before == ["dead"] * 4
    assert [fresh(one).state for one in notices] == ["waiting", "waiting", "dead", "dead"]


def test_giving_up_without_a_reason_comes_back_with_the_form_open():
    first, second = dead(2, subject=taken("1").ref)

    client = signed_in("city_desk")
    answer = client.post(f"/notices/{second.pk}/give-up?state=dead", {"reason": " … "})
    done = client.post(f"/notices/{second.pk}/give-up?state=dead", {"reason": "已电话告知"})

    assert answer.status_code == 409
    assert "Say why the notice is given up." in answer.content.decode()
    assert answer.content.decode().count("<details open>") == 1
    assert done.status_code == 302
    assert [fresh(one).state for one in (first, second)] == ["dead", "given_up"]
    assert "已电话告知" in client.get("/notices/?state=given_up").content.decode()


def test_what_someone_else_has_settled_is_a_refusal():
    [notice] = dead(subject=taken("1").ref)
    Notice.objects.filter(pk=notice.pk).update(state="given_up", reason="a")

    answer = signed_in("city_desk").post(f"/notices/{notice.pk}/give-up", {"reason": "b"})

    assert answer.status_code == 409
    assert "Someone else has settled this notice already." in answer.content.decode()


def test_piles_channels_and_counts():
    [failed], waiting = dead(), queued(channel="email", to="lin@example.com")
    client = signed_in("administrator")

    assert shown(client.get("/notices/")) == [failed.pk]
    assert shown(client.get("/notices/?state=waiting")) == [waiting.pk]
    assert shown(client.get("/notices/?state=waiting&channel=sms")) == []
    assert shown(client.get("/notices/?state=nonsense&channel=pigeon")) == [failed.pk]
    assert len(re.findall(r"badge[^>]*><span[^>]*>1</span>", client.get("/notices/").content.decode())) == 2


@pytest.mark.parametrize("state", ["dead", "waiting", "sent", "given_up"])
def test_every_pile_is_paged_without_loss(state):
    rows = enqueue([message() for _ in range(120)], by=SYSTEM, at=NOON)
    ended = {} if state == "waiting" else {"next_at": None, "ended_at": NOON}
    Notice.objects.update(state=state, **ended)
    client, address, found = signed_in("administrator"), f"/notices/?state={state}", []

    while address:
        page = client.get(address)
        found += shown(page)
        following = re.search(r'rel="next" href="(\?[^"]+)"', page.content.decode())
        address = "/notices/" + following[1].replace("&amp;", "&") if following else ""

    assert sorted(found) == [row.pk for row in rows]
    assert client.get(f"/notices/?state={state}&after=nonsense").status_code in {400, 409}


def test_a_hundred_rows_cost_what_one_costs():
    case = taken("1")
    client = signed_in("city_desk")
    dead(subject=case.ref)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/notices/")
    dead(49, subject=case.ref)
    with CaptureQueriesContext(connection) as many:
        client.get("/notices/")

    assert len(one) == len(many)
    assert len(many) <= 12


def test_the_case_page_shows_what_its_people_were_told():
    case = taken("1")
    queued(subject=case.ref)

    page = signed_in("city_desk").get(f"/cases/{case.pk}").content.decode()
    other = signed_in("city_desk").get(f"/cases/{taken('2').pk}").content.decode()

    assert "Complaint accepted" in page
    assert "Complaint accepted" not in other


def test_the_texts_are_shown_in_both_languages_with_their_length():
    page = signed_in("city_desk").get("/notices/texts").content.decode()

    assert "case.accepted" in page
    assert "您的投诉（编号{number}）经审查决定予以受理" in page
    assert "Your complaint {number} has been accepted" in page


def test_the_operators_page_counts_what_waits_and_what_failed():
    dead(2)
    queued()

    page = re.sub(r"\s+", " ", signed_in("administrator").get("/operations").content.decode())

    assert "Notices to be sent</dt><dd>1</dd>" in page
    assert 'Notices that failed</dt><dd><a href="/notices/">2</a></dd>' in page


@pytest.fixture
def fangxin(monkeypatch, capsys, settings, tmp_path):
    """Calls a command; answers exit code and the JSON it printed."""
    settings.JOURNAL_ROOTS = tmp_path / "journal"
    settings.HOME = tmp_path

    def call(*arguments):
        monkeypatch.setenv("FANGXIN_LANGUAGE", "en")
        monkeypatch.setattr(sys, "argv", ["fangxin", *map(str, arguments), "--json"])
        code = 0
        with translation.override(None):
            try:
                cli.main()
            except SystemExit as end:
                code = end.code or 0
        out = capsys.readouterr()
        assert out.out, out.err
        return code, json.loads(out.out)

    return call


def test_commands_send_list_and_retry(fangxin):
    queued()
    first, second = dead(2)

    assert fangxin("notices", "send") == (0, {"sent": 1, "failed": 0, "dead": 0, "resting": []})
    code, listed = fangxin("notices", "list")
    assert (code, listed["dead"], [row["id"] for row in listed["notices"]]) == (0, 2, [second.pk, first.pk])
    assert listed["notices"][0]["address"] == "138****1234"
    assert fangxin("notices", "retry", first.pk) == (0, {"retried": 1})
    assert fangxin("notices", "retry", "--all", "--channel", "email") == (0, {"retried": 0})
    assert fangxin("notices", "retry", "--all") == (0, {"retried": 1})


def test_the_worker_sends_what_is_due(monkeypatch, settings, tmp_path):
    settings.JOURNAL_ROOTS = tmp_path / "journal"
    settings.HOME = tmp_path
    monkeypatch.setattr("django.db.close_old_connections", lambda: None)  # the test's own connection is in use
    notice = queued()

    done = operations._round(NOON)

    assert (done["notices"].sent, done["purged"], fresh(notice).state) == (1, 0, "sent")


def test_an_operator_tries_a_gateway_and_sees_what_is_configured(fangxin, settings, tmp_path):
    with hooks() as server:
        settings.GATEWAYS = gateways(
            tmp_path / "g.toml", f'[channels.sms]\nurl = "json://u:pw@127.0.0.1:{server.port}/?:to={{to}}"\nrate_per_minute = 60\n'
        )
        checked = fangxin("notices", "check")
        tried = fangxin("notices", "test", "sms", "13805371234")
        server.answer = lambda: (403, b"")
        failed = fangxin("notices", "test", "sms", "13805371234")

    assert checked[0] == 0
    assert checked[1]["sms"] == "json, 60/min"
    assert (tried[0], tried[1]["address"]) == (0, "138****1234")
    assert server.posted[0][1]["to"] == "13805371234"
    assert (failed[0], failed[1]["error"], "refuses it (403)" in failed[1]["message"]) == (1, "notices.test_failed", True)
