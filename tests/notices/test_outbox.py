"""From the outbox to the gateway: queued with its occasion, sent once, retried, given to a person, forgotten."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from outboxwork import NOON, PHONE, fresh, gateways, hooks, mail_server, message, queued, told

from cases.casework import city, taken
from fangxin.cases.filings import Kind
from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput, IllegalStep, NotPermitted, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.notices import configuration, queries, services
from fangxin.notices.models import PLACE_NOTICE, Notice
from fangxin.notices.services import enqueue, erase, give_up, purge, read, retry, send_due
from fangxin.notices.states import Failure, NoticeState

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


# --- into the outbox -----------------------------------------------------------------------------------------------------------


def test_a_notice_is_sealed_masked_and_told_without_a_word_of_it():
    notice = queued()

    assert (notice.state, notice.to_masked, notice.audience, notice.attempts) == ("waiting", "138****1234", "complainant", 0)
    assert told(notice) == ["NoticeQueued"]
    row = {
        name: str(bytes(value) if isinstance(value, memoryview) else value)
        for name, value in Notice.objects.filter(pk=notice.pk).values()[0].items()
    }
    entry = Entry.objects.of(notice.ref).get()
    for secret in (PHONE, "0537-12315", "任城区"):
        assert secret not in str(row)
        assert secret not in entry.data
    assert json.loads(entry.data)["about"] == "thing:1"


def test_a_transaction_that_fails_takes_its_notices_with_it():
    @journal.atomic()
    def fail_after_all():
        enqueue([message()], by=SYSTEM, at=NOON)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_all()

    assert not Notice.objects.exists()
    assert not Entry.objects.filter(event="notices.NoticeQueued").exists()


def test_the_same_occasion_is_one_notice():
    first = queued(once="case:1 accepted")
    again, other = enqueue(
        [message(once="case:1 accepted", to="13900000000"), message(once="case:2 accepted")], by=SYSTEM, at=NOON + MINUTE
    )

    assert (again.pk, again.to_masked) == (first.pk, "138****1234")
    assert Notice.objects.count() == 2
    assert told(first) == told(other) == ["NoticeQueued"]


def test_the_same_occasion_twice_in_one_batch_is_one_notice():
    first, second = enqueue([message(once="x"), message(once="x")], by=SYSTEM, at=NOON)

    assert first.pk == second.pk
    assert Notice.objects.count() == 1


def test_without_an_occasion_two_are_two():
    enqueue([message(), message()], by=SYSTEM, at=NOON)

    assert Notice.objects.count() == 2


@pytest.mark.parametrize("address", ["", "0537-2312345", "13805371234,13900000000", "nobody"])
def test_an_unusable_address_stops_no_step_but_waits_for_a_person(outbox, address):
    notice = queued(to=address)
    outbox.send(NOON)

    assert (notice.state, notice.error) == (NoticeState.DEAD, Failure.BAD_ADDRESS)
    assert told(notice) == ["NoticeQueued", "NoticeDead"]
    assert outbox.sent == []
    assert retry([notice], by=SYSTEM, at=NOON) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": "case.nonsense"}, "notices.no_such_template"),
        ({"channel": "pigeon"}, "notices.no_such_channel"),
        ({"params": {"number": "FX1"}}, "notices.params_missing"),
        ({"audience": "respondent"}, "notices.other_audience"),
        ({"template": "case.mediation_invitation"}, "notices.other_audience"),
    ],
)
def test_a_message_that_makes_no_sense_is_refused_whole(changes, code):
    with pytest.raises(BadInput) as refusal:
        enqueue([message(), message(**changes)], by=SYSTEM, at=NOON)

    assert refusal.value.code == code
    assert not Notice.objects.exists()


INVITATION = {"number": "1", "time": "9时", "place": "会议室", "mediator": "王芳", "office": "局", "phone": "12315"}


@pytest.mark.parametrize(
    ("kind", "audience", "may"),
    [
        (Kind.COMPLAINT, "complainant", True),
        (Kind.COMPLAINT, "respondent", True),
        (Kind.REPORT, "complainant", True),
        (Kind.REPORT, "respondent", False),
        (Kind.UNDETERMINED, "respondent", False),
    ],
)
def test_whom_a_report_is_against_is_never_told_of_it(kind, audience, may):
    """Order 121 Art 37."""
    city()
    case = taken("1", kind=kind)
    invitation = message(subject=case.ref, template="case.mediation_invitation", params=INVITATION, audience=audience)

    if may:
        assert enqueue([invitation], by=SYSTEM, at=NOON)[0].audience == audience
        return
    with pytest.raises(NotPermitted) as refusal:
        enqueue([invitation], by=SYSTEM, at=NOON)
    assert refusal.value.code == "notices.audience_forbidden"
    assert not Notice.objects.exists()


def test_for_what_nobody_speaks_the_other_side_hears_nothing():
    with pytest.raises(NotPermitted):
        queued(subject=Ref("riddle:1"), template="case.mediation_invitation", params=INVITATION, audience="respondent")


# --- out of the outbox -----------------------------------------------------------------------------------------------------------


def test_what_is_due_is_sent_once_and_journalled(outbox):
    notice = queued()

    first, second = outbox.send(NOON), outbox.send(NOON + MINUTE)

    assert (first.sent, second.sent) == (1, 0)
    [parcel] = outbox.sent
    assert (parcel.id, parcel.to, parcel.subject) == (f"notice-{notice.pk}", PHONE, "投诉受理告知")
    assert "FX2611200001" in parcel.body
    row = fresh(notice)
    assert (row.state, row.attempts, row.error, row.next_at, row.claim, row.maybe_twice) == ("sent", 1, "", None, "", False)
    assert told(notice) == ["NoticeQueued", "NoticeSent"]


def test_a_round_opens_what_it_sends_under_one_journalled_purpose(outbox):
    notices = [queued(), queued(), queued(keys="reporter", template="case.received_receipt", audience="reporter")]

    outbox.send(NOON)

    [look] = Entry.objects.filter(event="kernel.BatchRevealed")
    data = json.loads(look.data)
    assert (data["first"], data["last"], data["place"]) == (notices[0].pk, notices[-1].pk, PLACE_NOTICE)
    assert len(outbox.sent) == 3


def test_the_default_machine_writes_files(settings, tmp_path):
    settings.HOME = tmp_path
    notice = queued()

    assert send_due(NOON).sent == 1
    written = json.loads((tmp_path / "outbox" / f"sms-notice-{notice.pk}.json").read_text("utf-8"))
    assert (written["to"], written["subject"]) == (PHONE, "投诉受理告知")


def test_a_configured_machine_sends_each_channel_through_its_own_gateway(settings, tmp_path, monkeypatch):
    with hooks() as server, mail_server() as box:
        monkeypatch.setenv("SMS_PASSWORD", "p@ss/word{to}")
        settings.GATEWAYS = gateways(
            tmp_path / "gateways.toml",
            f"""
            [channels.sms]
            url = "json://fx:${{SMS_PASSWORD}}@127.0.0.1:{server.port}/send?:mobile={{to}}&:message=content"
            confirm = "code=OK"
            [channels.email]
            url = "mailto://127.0.0.1:{box.port}?smtp=127.0.0.1&from=no-reply@fangxin.example.cn&to={{to}}&mode=insecure&format=text"
            """,
        )
        sms, mail, robot = queued(), queued(channel="email", to="lin@example.com"), queued(channel="wecom", to="key")

        done = send_due(NOON)

    assert (done.sent, done.dead) == (2, 1)
    assert server.posted[0][1]["mobile"] == PHONE
    assert server.headers[0]["Authorization"] == "Basic Zng6cEBzcy93b3Jke3RvfQ=="  # fx:p@ss/word{to}
    assert box.letters[0][1]["Subject"] == "投诉受理告知"
    assert [fresh(one).state for one in (sms, mail, robot)] == ["sent", "sent", "dead"]
    assert fresh(robot).error == Failure.NO_GATEWAY


@pytest.mark.parametrize(
    ("failure", "waits"),
    [
        (Failure.UNREACHABLE, [1, 5, 15, 60, 240, 720]),
        (Failure.TIMED_OUT, [5, 30, 120]),
        (Failure.BUSY, [2, 5, 15, 60, 240]),
        (Failure.REFUSED, [10]),
        (Failure.RAISED, [5, 60]),
    ],
)
def test_a_failure_waits_longer_each_time_and_then_for_a_person(outbox, failure, waits):
    notice = queued(channel="email", to="lin@example.com")
    outbox.fails += [failure] * (len(waits) + 1)
    now = NOON

    for number, minutes in enumerate(waits, 1):
        assert outbox.send(now).failed == 1
        row = fresh(notice)
        assert (row.state, row.attempts, row.error) == ("waiting", number, failure)
        assert timedelta(0) <= row.next_at - now - timedelta(minutes=minutes) < timedelta(seconds=30)
        assert outbox.send(now + timedelta(minutes=minutes) - timedelta(seconds=30)).failed == 0
        now = row.next_at
    assert outbox.send(now).dead == 1

    row = fresh(notice)
    assert (row.state, row.next_at, row.claim) == ("dead", None, "")
    assert told(notice) == ["NoticeQueued", "NoticeDead"]
    assert row.maybe_twice is (failure == Failure.TIMED_OUT)
    assert outbox.sent == []


def test_what_a_gateway_throws_is_kept_as_a_word_without_the_address(outbox, monkeypatch, caplog):
    def throw(parcel):
        raise RuntimeError(f"no route to {parcel.to}")

    monkeypatch.setattr(outbox.memory, "send", throw)
    notice = queued()

    assert outbox.send(NOON).failed == 1
    assert fresh(notice).error == Failure.RAISED
    assert PHONE not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_text_that_does_not_open_stops_nobody_elses(outbox):
    broken, whole = queued(), queued()
    Notice.objects.filter(pk=broken.pk).update(sealed=bytes(fresh(whole).sealed))

    done = outbox.send(NOON)

    assert (done.sent, done.dead) == (1, 1)
    assert (fresh(broken).error, fresh(whole).state) == (Failure.NOT_OPENED, "sent")


def test_after_a_retry_it_arrives_and_forgets_its_error(outbox):
    notice = queued()
    outbox.fails += [Failure.UNREACHABLE]

    outbox.send(NOON)
    outbox.send(NOON + 2 * MINUTE)

    row = fresh(notice)
    assert (row.state, row.attempts, row.error, row.maybe_twice) == ("sent", 2, "", False)


def test_after_a_time_out_it_says_that_it_may_have_come_twice(outbox):
    notice = queued()
    outbox.fails += [Failure.TIMED_OUT]

    outbox.send(NOON)
    outbox.send(NOON + 6 * MINUTE)

    assert (fresh(notice).state, fresh(notice).maybe_twice) == ("sent", True)
    assert json.loads(Entry.objects.of(notice.ref).last().data)["maybe_twice"] is True


def test_a_gateway_that_is_down_is_left_alone_until_the_next_round(outbox):
    for _ in range(10):
        queued()
    outbox.fails += [Failure.UNREACHABLE] * 3

    first = outbox.send(NOON)
    assert (first.sent, first.failed, first.resting) == (0, 3, ["sms"])
    assert Notice.objects.filter(state="waiting", attempts=0).count() == 7
    assert outbox.send(NOON + 2 * MINUTE).sent == 10


class Killed(BaseException):
    """Nothing catches it: the process is gone."""


def test_a_sender_that_dies_while_sending_leaves_it_to_the_next_who_marks_it(outbox, monkeypatch):
    notice, behind = queued(), queued()
    send = outbox.memory.send

    def die(parcel):
        send(parcel)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(outbox.memory, "send", die)
        with pytest.raises(Killed):
            outbox.send(NOON)

    assert fresh(notice).state == "sending"
    assert outbox.send(NOON + MINUTE).sent == 0  # the lease still runs
    outbox.send(NOON + 5 * MINUTE)
    outbox.send(NOON + 6 * MINUTE)
    assert [parcel.id for parcel in outbox.sent].count(f"notice-{notice.pk}") == 2
    assert (fresh(notice).state, fresh(notice).maybe_twice, fresh(notice).attempts) == ("sent", True, 2)
    # The one behind it was claimed but never begun: it came once, and nothing needs to be said.
    assert [parcel.id for parcel in outbox.sent].count(f"notice-{behind.pk}") == 1
    assert (fresh(behind).state, fresh(behind).maybe_twice) == ("sent", False)


def test_a_notice_that_kills_every_sender_waits_for_a_person_in_the_end(outbox, monkeypatch):
    notice = queued()

    def die(parcel):
        raise Killed

    monkeypatch.setattr(outbox.memory, "send", die)
    now, deaths = NOON, 0
    for _ in range(20):
        try:
            outbox.send(now)
        except Killed:
            deaths += 1
        now += timedelta(hours=1) if now.hour < 10 else timedelta(hours=14)

    assert deaths == 4
    assert (fresh(notice).state, fresh(notice).error) == ("dead", Failure.INTERRUPTED)


def test_files_may_be_written_again_without_a_word(settings, tmp_path):
    settings.HOME = tmp_path
    notice = queued()
    Notice.objects.filter(pk=notice.pk).update(state="sending", claim="gone", error=Failure.INTERRUPTED, attempts=1, next_at=NOON)

    send_due(NOON)
    send_due(NOON + MINUTE)

    assert (fresh(notice).state, fresh(notice).maybe_twice) == ("sent", False)


def test_the_rate_of_a_channel_is_kept_over_rounds(outbox, settings, tmp_path):
    settings.GATEWAYS = gateways(tmp_path / "g.toml", '[channels.sms]\nurl = "json://x/?:to={to}"\nrate_per_minute = 3\n')
    for _ in range(5):
        queued()

    rounds = [outbox.send(NOON + timedelta(seconds=seconds)).sent for seconds in (0, 20, 70)]

    assert rounds == [3, 0, 2]


def test_a_limit_is_a_limit_and_the_oldest_goes_first(outbox):
    notices = [queued(NOON - n * MINUTE) for n in range(3)]

    assert outbox.send(NOON, limit=2).sent == 2
    assert [fresh(one).state for one in notices] == ["waiting", "sent", "sent"]


@pytest.mark.parametrize(
    ("hour", "changes", "sent"),
    [
        ("20:59", {}, 1),
        ("21:00", {}, 0),
        ("02:00", {}, 0),
        ("07:59", {}, 0),
        ("08:00", {}, 1),
        ("02:00", {"channel": "email", "to": "lin@example.com"}, 1),
        ("02:00", {"template": "staff.assigned", "params": {"case": "FX1", "due": "明日"}}, 1),
    ],
)
def test_citizens_are_not_woken_by_text_messages(outbox, hour, changes, sent):
    now = datetime.fromisoformat(f"2026-11-20 {hour}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    queued(now, **changes)

    assert outbox.send(now).sent == sent


# --- what a person does ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def dead(outbox):
    """A notice that was refused for good."""
    notice = queued()
    outbox.fails += [Failure.REFUSED] * 2
    outbox.send(NOON)
    outbox.send(NOON + 11 * MINUTE)
    assert fresh(notice).state == "dead"
    return fresh(notice)


def test_a_failed_notice_is_sent_off_again_with_all_its_attempts(dead, outbox):
    assert retry([dead], by=Ref("person:1"), at=NOON + 60 * MINUTE) == 1
    assert retry([dead], by=Ref("person:2"), at=NOON + 60 * MINUTE) == 0

    assert outbox.send(NOON + 60 * MINUTE).sent == 1
    assert told(dead) == ["NoticeQueued", "NoticeDead", "NoticeRetried", "NoticeSent"]


def test_a_notice_is_given_up_with_a_reason_once(dead, outbox):
    give_up(dead, reason="已电话告知，机主13805371234确认", by=Ref("person:1"), at=NOON)

    row = fresh(dead)
    assert (row.state, row.reason, row.settled_by) == ("given_up", "已电话告知，机主138****1234确认", "person:1")
    assert told(dead)[-1] == "NoticeGivenUp"
    with pytest.raises(StaleState):
        give_up(dead, reason="再次", by=Ref("person:2"), at=NOON)
    assert retry([dead], by=Ref("person:2"), at=NOON) == 0
    assert outbox.send(NOON + 60 * MINUTE).sent == 0


@pytest.mark.parametrize("reason", ["", "  ", "…"])
def test_giving_up_needs_a_reason(dead, reason):
    with pytest.raises(BadInput):
        give_up(dead, reason=reason, by=SYSTEM, at=NOON)

    assert fresh(dead).state == "dead"


def test_a_text_is_read_for_a_purpose_and_the_look_is_journalled(dead):
    plain = read(dead, purpose="核对告知内容", actor=Ref("person:1"), at=NOON)

    assert plain["to"] == PHONE
    assert told(dead)[-1] == "PersonalDataRevealed"


def test_what_was_sent_long_ago_is_forgotten_and_the_row_stays(outbox, dead):
    old, recent = queued(), queued(NOON + timedelta(days=170))
    outbox.send(NOON + 12 * MINUTE)
    outbox.send(NOON + timedelta(days=170))

    assert purge(NOON + timedelta(days=179)) == 0
    assert purge(NOON + timedelta(days=181)) == 1
    assert purge(NOON + timedelta(days=181)) == 0

    row = fresh(old)
    assert (bytes(row.sealed), row.to_masked, row.state, row.template) == (b"", "", "sent", "case.accepted")
    assert row.purged_at
    assert fresh(recent).to_masked == "138****1234"
    assert fresh(dead).to_masked == "138****1234"  # still waits for a person
    assert read(row, purpose="核对", actor=SYSTEM, at=NOON) == {"to": "", "subject": "", "body": ""}


def test_what_a_person_asks_to_be_erased_is_gone_once_nothing_is_under_way(outbox, dead):
    sent, other = queued(), queued(subject=Ref("thing:2"))
    with pytest.raises(IllegalStep):
        erase(Ref("thing:1"), by=Ref("person:1"), at=NOON)
    outbox.send(NOON + 12 * MINUTE)

    assert erase(Ref("thing:1"), by=Ref("person:1"), at=NOON + 13 * MINUTE) == 2
    assert erase(Ref("thing:1"), by=Ref("person:1"), at=NOON + 13 * MINUTE) == 0

    rows = [fresh(one) for one in (dead, sent, other)]
    assert [(bytes(row.sealed) == b"", row.to_masked, row.state) for row in rows] == [
        (True, "", "given_up"), (True, "", "sent"), (False, "138****1234", "sent"),
    ]  # fmt: skip


def test_counts_are_of_what_is_unsettled(outbox, dead):
    queued()
    queued(NOON + timedelta(days=1))

    assert queries.counts() == {"waiting": 2, "dead": 1}
    assert [one.pk for one in queries.of(Ref("thing:1"))] == sorted(Notice.objects.values_list("pk", flat=True), reverse=True)


def test_rotation_finds_the_sealed_texts():
    assert PLACE_NOTICE in vault.registry.COLUMNS


# --- configuration ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[chanels.sms]\n", "unknown section chanels"),
        ('[channels.pigeon]\nurl = "json://x/{to}"\n', "unknown in channels: pigeon"),
        ('[channels.sms]\nuri = "json://x/{to}"\n', "needs a url"),
        ('[channels.sms]\nurl = "json://x/"\n', "no {to}"),
        ('[channels.sms]\nurl = "json://x/{to}{name}"\n', "unknown blank: name"),
        ('[channels.sms]\nurl = "json://${FX_NOWHERE}@x/{to}"\n', "environment variable FX_NOWHERE"),
        ('[channels.sms]\nurl = "json://x/{to}"\nconfirm = "ok"\n', "path=value"),
        ('[channels.sms]\nurl = "json://x/{to}"\nrate_per_minute = "fast"\n', "sms"),
        ('[quiet]\nfrom = "late"\n', "late"),
        ("[retries]\nunreachable = 5\n", "not iterable"),
        ("[keep]\ndays = ", "g.toml"),
    ],
)
def test_a_configuration_that_cannot_be_followed_is_refused_by_name(tmp_path, text, said):
    with pytest.raises(ImproperlyConfigured, match=said):
        configuration.load(gateways(tmp_path / "g.toml", text), {})


def test_a_configuration_says_only_what_differs(tmp_path):
    path = gateways(tmp_path / "g.toml", '[retries]\nrefused = [1, 2]\n[channels.sms]\nurl = "files:"\n')

    rules = configuration.load(path, {})

    assert [rules.wait("refused", n) for n in (1, 2, 3)] == [MINUTE, 2 * MINUTE, None]
    assert rules.wait("busy", 1) == 2 * MINUTE
    assert set(rules.gateways) == {"sms"}


def test_a_changed_file_is_followed_at_once(settings, tmp_path):
    settings.GATEWAYS = gateways(tmp_path / "g.toml", "[keep]\ndays = 1\n")
    assert configuration.current().keep == timedelta(days=1)

    (tmp_path / "g.toml").unlink()
    with pytest.raises(ImproperlyConfigured, match="can't be read"):
        configuration.current()


def test_secrets_stand_in_no_representation(tmp_path):
    rules = configuration.load(gateways(tmp_path / "g.toml", '[channels.sms]\nurl = "json://u:${P}@x/{to}"\n'), {"P": "s3cret"})

    assert "s3cret" not in repr(rules)
    assert "s3cret" in rules.gateways["sms"].url
    assert PHONE not in repr(message())
    assert asdict(services.Sent(sent=1))["sent"] == 1
