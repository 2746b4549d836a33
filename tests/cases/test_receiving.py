"""Filings become cases, exactly once."""

import json
import random
import threading
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from casework import LIN, NOW, at, city, clocks, filing, history, last_event, taken
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from fangxin.cases.filings import Channel, Consent, Kind, PartyRole, Person, Reply, Respondent
from fangxin.cases.models import PLACE_FILING, PLACE_PARTY, Case, CaseLink, Note, OutsideNumber, Party, keys_for
from fangxin.cases.queries import numbered
from fangxin.cases.services import Outcome, dispatch, receive, set_kind
from fangxin.clocks.models import Clock
from fangxin.kernel import journal, vault
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM
from fangxin.registry.models import Trader

pytestmark = pytest.mark.django_db


def take_in(*filings, **options):
    return receive(filings, by=SYSTEM, at=NOW, **options)


def outcomes(receipts):
    return [receipt.outcome.value for receipt in receipts]


def plain(case: Case, *fields: str) -> dict[str, str]:
    """What of the filing lies sealed (after the look is journalled)."""
    sealed = vault.Sealed(keys_for(case.kind), PLACE_FILING, case.pk, bytes(case.sealed_filing))
    return vault.reveal(sealed, fields=fields, subject=case.ref, purpose="test", actor=SYSTEM, at=NOW)


# --- exactly once ------------------------------------------------------------------------------------------------------------


def test_the_same_filing_again_changes_nothing():
    first = take_in(filing("A-1"))
    before = Entry.objects.count()

    again = take_in(filing("A-1"))

    assert outcomes([*first, *again]) == ["created", "unchanged"]
    assert again[0].case_ids == first[0].case_ids
    assert (Case.objects.count(), Entry.objects.count()) == (1, before)


def test_a_number_is_unique_within_its_channel_only():
    receipts = take_in(filing("A-1"), filing("A-1", channel=Channel.HOTLINE_12345), filing(""), filing(""))

    assert outcomes(receipts) == ["created"] * 4
    assert Case.objects.count() == 4


def test_changed_content_is_an_update_that_names_what_changed_and_what_was_not_taken():
    case = taken("A-1")

    receipts = take_in(filing("A-1", narrative="壶和插头都坏了。", claimed_fen=5000, received_at=at("2026-08-01"), kind=Kind.REPORT))

    case.refresh_from_db()
    event = last_event(case.ref, "cases.CaseUpdated")
    assert outcomes(receipts) == ["updated"]
    assert (set(event.changed), set(event.ignored)) == ({"narrative", "claimed_fen"}, {"received_at", "kind"})
    assert (case.narrative, case.claimed_fen, case.kind, case.first_received_at) == (
        "壶和插头都坏了。",
        5000,
        "complaint",
        at("2026-07-30"),
    )
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"persons": (replace(LIN, phone="13905379999"),)}, {"persons"}),
        ({"persons": (LIN, Person(name="王强", role=PartyRole.AGENT))}, {"persons"}),
        ({"other_numbers": ((Channel.HOTLINE_12345, "H-1"),)}, {"other_numbers"}),
        ({"extra": {"备注": "加急"}}, {"sealed"}),
        ({"respondent": Respondent(name="另一家店")}, {"respondent_name", "respondent_address"}),
        ({"consent_publish": Consent.YES}, {"consent_publish"}),
    ],
)
def test_an_update_names_people_numbers_and_sealed_columns_too(changes, names):
    case = taken("A-1")

    take_in(filing("A-1", **changes))

    assert set(last_event(case.ref, "cases.CaseUpdated").changed) == names
    assert outcomes(take_in(filing("A-1", **changes))) == ["unchanged"]


def test_an_update_replaces_the_people_and_keeps_the_numbers_known_before():
    case = taken("A-1", other_numbers=((Channel.HOTLINE_12345, "H-1"),))

    take_in(filing("A-1", persons=(replace(LIN, phone="13905379999"),), other_numbers=((Channel.HOTLINE_12345, "H-2"),)))

    party = Party.objects.get(case=case, role="complainant")
    assert party.phone_masked == "139****9999"
    assert list(OutsideNumber.objects.filter(case=case).order_by("number").values_list("number", flat=True)) == ["H-1", "H-2"]


def test_an_update_from_the_channel_brings_dispatch_and_answer_along_once(offices):
    case = taken("H-1", channel=Channel.HOTLINE_12345, kind=Kind.CONSULTATION)
    later = filing(
        "H-1",
        channel=Channel.HOTLINE_12345,
        kind=Kind.CONSULTATION,
        unit_code="370811",
        dispatched_at=at("2026-07-30 10:00"),
        reply=Reply(at("2026-08-03"), "已电话答复"),
    )

    assert outcomes(take_in(later)) == ["updated"]
    assert outcomes(take_in(later)) == ["unchanged"]

    case.refresh_from_db()
    assert (case.unit.code, case.state, case.closed_at) == ("370811", "answered", at("2026-08-03"))
    assert clocks(case) == {"local.dispatch": "in_time", "local.answer": "late", "hotline.closing": "in_time", "hotline.return": "void"}


def test_a_unit_named_by_the_channel_after_the_desk_has_dispatched_is_told_and_not_followed(offices):
    case = taken("H-1", channel=Channel.HOTLINE_12345)
    dispatch([case], offices["370881"], by=SYSTEM, at=at("2026-07-30 10:00"))

    take_in(filing("H-1", channel=Channel.HOTLINE_12345, unit_code="370811"))

    case.refresh_from_db()
    assert case.unit.code == "370881"
    assert last_event(case.ref, "cases.CaseUpdated").ignored == ("unit",)


def test_duplicates_inside_a_batch_are_compared_in_their_order():
    receipts = take_in(filing("A-1"), filing("A-2"), filing("A-1"), filing("A-1", title="改过"), filing("A-1", title="改过"))

    assert outcomes(receipts) == ["created", "created", "unchanged", "updated", "unchanged"]
    assert len({receipt.case_ids for receipt in receipts}) == 2
    assert Case.objects.get(outside_number="A-1").title == "改过"


def _all_rows() -> list[object]:
    """Everything that receiving writes, case by case in the order of their numbers, without keys, seals and times of writing."""
    world = []
    for case in Case.objects.order_by("pk"):
        row = {name: value for name, value in Case.objects.filter(pk=case.pk).values()[0].items() if name not in {"id", "sealed_filing"}}
        people = Party.objects.filter(case=case).order_by("position").values_list("role", "position", "keys", "name_masked", "phone_index")
        times = Clock.objects.filter(subject=case.ref).order_by("pk").values_list("term", "version", "started_at", "due_at", "breach_at")
        told = Entry.objects.of(case.ref).values_list("event", "at", "data")
        numbers = OutsideNumber.objects.filter(case=case).values_list("channel", "number")
        world.append(
            (
                row | {"digest": bytes(row["digest"])},
                [(*one[:4], bytes(one[4] or b"")) for one in people],
                list(times),
                list(told),
                list(numbers),
            )
        )
    return world


def _assorted():
    return [
        filing("B-1"),
        filing("B-2", kind=Kind.MIXED),
        filing("B-3", kind=Kind.UNDETERMINED, channel=Channel.HOTLINE_12345, dispatched_at=at("2026-07-30 11:00")),
        filing("B-4", kind=Kind.REPORT, anonymous=True, persons=()),
        filing("B-5", kind=Kind.CONSULTATION, unit_code="370811", reply=Reply(at("2026-07-31"), "已答复")),
        filing("", other_numbers=((Channel.HOTLINE_12345, "H-9"),)),
    ]


def test_many_at_once_leave_the_same_rows_as_one_by_one(offices):
    worlds = []
    for batches in ([_assorted()], [[one] for one in _assorted()]):
        with transaction.atomic():
            for batch in batches:
                receive(batch, by=SYSTEM, at=NOW)
            worlds.append(_all_rows())
            transaction.set_rollback(True)

    assert len(worlds[0]) == 7
    assert worlds[0] == worlds[1]


def test_the_number_of_queries_does_not_follow_the_number_of_filings():
    def queries(first: int, count: int) -> int:
        batch = [
            filing(f"Q-{number}", kind=Kind.MIXED if number % 3 else Kind.UNDETERMINED, other_numbers=((Channel.ODR, f"O-{number}"),))
            for number in range(first, first + count)
        ]
        with CaptureQueriesContext(connection) as captured:
            receive(batch, by=SYSTEM, at=NOW)
        return len(captured)

    take_in(filing("Q-0"))
    few, many = queries(10, 3), queries(1000, 300)
    again = queries(1000, 300)

    assert many <= few + 4
    assert again <= 5


# --- what the law wants ------------------------------------------------------------------------------------------------------


def test_a_mixed_filing_is_two_linked_cases_with_own_clocks_and_both_consents(offices):
    """Order 121 Art 9."""
    receipt = take_in(filing("M-1", kind=Kind.MIXED, consent_publish=Consent.YES, consent_delegate=Consent.NO))[0]

    complaint, report = Case.objects.filter(pk__in=receipt.case_ids).order_by("pk")
    link = CaseLink.objects.get()
    assert (link.first, link.second, link.kind) == (complaint, report, "split")
    assert [(one.kind, one.outside_number, one.consent_publish, one.consent_delegate) for one in (complaint, report)] == [
        ("complaint", "M-1", "yes", "no"),
        ("report", "M-1", "yes", "no"),
    ]
    dispatch([complaint, report], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"))
    assert clocks(complaint) == {"local.dispatch": "in_time", "local.answer": "2026-07-31", "complaint.acceptance": "2026-08-10"}
    assert clocks(report) == {"local.dispatch": "in_time", "local.answer": "2026-07-31", "report.verification": "2026-08-20"}
    assert outcomes(take_in(filing("M-1", kind=Kind.MIXED, consent_publish=Consent.YES, consent_delegate=Consent.NO))) == ["unchanged"]
    assert set(numbered("M-1")) == {complaint.pk, report.pk}


def test_a_reporter_is_sealed_with_the_reporters_own_keys_and_a_complainant_is_not():
    """Order 121 Art 37; the complaint half of a mixed filing may be shown to the respondent."""
    take_in(filing("M-1", kind=Kind.MIXED))

    assert set(Party.objects.values_list("case__kind", "role", "keys")) == {
        ("complaint", "complainant", "person"),
        ("report", "reporter", "reporter"),
    }
    indexes = set(map(bytes, Party.objects.values_list("phone_index", flat=True)))
    assert len(indexes) == 2


def test_what_nobody_has_decided_on_has_local_clocks_and_a_cautious_alarm(offices):
    case = taken("U-1", kind=Kind.UNDETERMINED, received_at=at("2026-09-24"))

    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-09-24 10:00"))

    assert clocks(case) == {"local.dispatch": "in_time", "local.answer": "2026-09-25", "local.cautious_acceptance": "2026-10-12"}


def test_the_kind_set_later_starts_the_period_from_receipt_by_the_bureau_and_the_alarm_from_first_receipt(offices):
    case = taken("U-1", kind=Kind.UNDETERMINED, received_at=at("2026-07-27"))
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30"))

    set_kind(case, Kind.COMPLAINT, by=SYSTEM, at=at("2026-08-04"))

    acceptance = Clock.objects.get(subject=case.ref, term="complaint.acceptance")
    assert (acceptance.started_at, acceptance.received_at) == (at("2026-07-30"), at("2026-07-27"))
    assert acceptance.strict_on == date(2026, 8, 10)
    assert acceptance.nearing_at == at("2026-08-04 00:00").replace(
        hour=16
    )  # two working days before 5 August, where 7 from 27 July end, is over
    assert clocks(case)["local.cautious_acceptance"] == "void"
    assert case.next_term == "local.answer"


def test_a_kind_set_before_dispatch_starts_the_period_on_arrival(offices):
    case = taken("U-1", kind=Kind.UNDETERMINED)

    set_kind(case, Kind.REPORT, by=SYSTEM, at=at("2026-07-30 10:00"))
    assert "report.verification" not in clocks(case)
    dispatch([case], offices["370811"], by=SYSTEM, at=at("2026-07-30 11:00"))

    assert clocks(case)["report.verification"] == "2026-08-20"
    assert Party.objects.get(case=case).keys == "reporter"


def test_an_anonymous_report_has_nobody():
    case = taken("R-1", kind=Kind.REPORT, anonymous=True, persons=())

    assert not Party.objects.filter(case=case).exists()
    assert case.anonymous


def test_agents_and_representatives_keep_their_parts():
    """Order 121 Arts 11 and 12."""
    agent = Person(name="赵敏", phone="13705370001", role=PartyRole.AGENT, authority="代为投诉、调解，至2026年12月31日")
    joint = Person(name="孙立", phone="13705370002")
    speakers = [Person(name=name, phone=f"1370537000{i}", role=PartyRole.REPRESENTATIVE) for i, name in enumerate(("周一", "吴二"), 3)]
    case = taken("J-1", persons=(LIN, agent, joint, *speakers))

    parties = list(Party.objects.filter(case=case).order_by("position"))
    assert [party.role for party in parties] == ["complainant", "agent", "joint", "representative", "representative"]


def test_the_respondent_is_matched_exactly_or_not_at_all():
    shop = Trader.objects.create(uscc="91370811MA3C01234X", name="济宁市鲁好商贸有限公司", normalised_name="济宁市鲁好商贸有限公司")

    exact, near, nobody = (
        taken(number, respondent=Respondent(name=name))
        for number, name in (("T-1", "济宁市鲁好商贸有限公司 "), ("T-2", "鲁好商贸"), ("T-3", ""))
    )

    assert (exact.trader, near.trader, nobody.trader) == (shop, None, None)
    assert near.respondent_name == "鲁好商贸"


def test_extra_columns_and_what_a_column_cuts_off_are_kept_sealed():
    long = "很长的商品名" * 50
    with transaction.atomic():
        case = taken("E-1", extra={"满意度": "不满意", "备注": "13805371234"}, goods_or_service=long, title="题" * 300)

    assert case.goods_or_service == long[:200]
    assert "不满意" not in f"{Case.objects.filter(pk=case.pk).values()[0] | {'sealed_filing': b''}}"


@pytest.mark.parametrize("text", ["商家卖的😀玩具𠮷坏了👨‍👩‍👧", "壶漏水。" * 25_000])
def test_emoji_and_a_hundred_thousand_characters_go_in_whole(text):
    case = taken("E-1", narrative=text, title="😀", persons=(Person(name="林😀梅"),))

    assert (case.narrative, case.title) == (text, "😀")


# --- refusals ----------------------------------------------------------------------------------------------------------------

REFUSALS = {
    "cases.narrative_missing": {"narrative": " \n"},
    "cases.received_in_future": {"received_at": at("2026-11-21")},
    "cases.number_too_long": {"outside_number": "9" * 65},
    "cases.amount_negative": {"claimed_fen": -1},
    "cases.reply_before_receipt": {"reply": Reply(at("2026-07-29"))},
    "cases.dispatch_before_receipt": {"dispatched_at": at("2026-07-29")},
    "cases.handled_in_future": {"reply": Reply(at("2026-12-01"))},
    "cases.field_of_law_unknown": {"field_of_law": "magic"},
    "cases.text_unstorable": {"title": "a\0b"},
    "law.not_in_force": {"received_at": at("2019-12-31")},
    "workdays.unknown": {"received_at": at("2010-12-31"), "kind": Kind.CONSULTATION},
}


def test_what_is_refused_leaves_no_trace_and_the_others_go_in():
    batch = [filing("G-1"), *(filing("", **changes) for changes in REFUSALS.values()), filing("G-2")]
    batch.append(filing("", other_numbers=((Channel.ODR, "8" * 65),)))
    batch.append(filing("", narrative="half \ud83d"))

    receipts = take_in(*batch)

    assert [receipt.error.code if receipt.error else receipt.outcome.value for receipt in receipts] == [
        *("created", *REFUSALS, "created", "cases.number_too_long", "cases.text_unstorable")
    ]
    assert Case.objects.count() == Party.objects.count() == 2
    assert set(Entry.objects.values_list("subject", flat=True)) == {case.ref for case in Case.objects.all()}


def test_a_replay_of_days_without_any_calendar_is_refused_alone():
    receipts = take_in(filing("O-1", received_at=at("2010-12-31")), filing("O-2", received_at=at("2012-05-02")), as_if=True)

    assert [receipt.error.code if receipt.error else receipt.outcome for receipt in receipts] == ["workdays.unknown", Outcome.CREATED]


def test_a_replay_says_so_on_case_clocks_and_in_the_journal():
    case = taken("O-1", received_at=at("2019-06-03"), kind=Kind.UNDETERMINED, as_if=True)

    assert case.as_if
    assert set(Clock.objects.filter(subject=case.ref).values_list("term", "as_if")) == {
        ("local.dispatch", True),
        ("local.answer", True),
        ("local.cautious_acceptance", True),
    }
    assert last_event(case.ref, "cases.CaseReceived").as_if


def test_a_message_that_the_channel_has_passed_on_has_its_hotline_periods_and_its_nearest_one():
    case = taken(
        "H-1", channel=Channel.HOTLINE_12345, kind=Kind.UNDETERMINED, received_at=at("2022-08-01"), dispatched_at=at("2022-08-01 12:00")
    )

    assert clocks(case) == {"local.cautious_acceptance": "2022-08-10", "hotline.closing": "2022-08-08", "hotline.return": "2022-08-03"}
    assert (case.next_term, case.next_due_at) == ("hotline.closing", at("2022-08-09 00:00"))


def test_a_reply_that_came_along_closes_a_message_and_shows_no_name():
    known = Person(name="林晓梅", phone="13805371234")
    case = taken(
        "H-1",
        channel=Channel.HOTLINE_12345,
        kind=Kind.UNDETERMINED,
        persons=(known,),
        dispatched_at=at("2026-07-30"),
        reply=Reply(at("2026-08-07"), "林晓梅您好，已责成商家退款。"),
    )

    note = Note.objects.get(case=case)
    assert (case.state, clocks(case)["hotline.closing"]) == ("answered", "late")
    assert "林晓梅" not in note.text
    assert "已责成商家退款" in note.text
    assert note.sealed


def test_a_reply_does_not_close_what_needs_a_decision_by_law():
    case = taken(
        "H-1", channel=Channel.HOTLINE_12345, unit_code="", dispatched_at=at("2026-07-30"), reply=Reply(at("2026-07-30 12:00"), "已联系")
    )

    assert (case.state, case.responded_at) == ("received", at("2026-07-30 12:00"))
    assert clocks(case)["local.answer"] == "in_time"


# --- two at once -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_importers_at_once_make_one_case_of_each_number(tmp_path):
    city()
    numbers = [f"C-{number}" for number in range(60)]
    barrier = threading.Barrier(2)
    counted: Counter[str] = Counter()
    errors = []

    def importer(seed: int) -> None:
        mine = [filing(number) for number in random.Random(seed).sample(numbers, len(numbers))]
        try:
            barrier.wait(10)
            for start in range(0, len(mine), 20):
                receipts = receive(mine[start : start + 20], by=SYSTEM, at=NOW)
                counted.update(outcomes(receipts))
        except Exception as error:  # noqa: BLE001 -- told by the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=importer, args=(seed,)) for seed in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert errors == []
    assert counted == {"created": 60, "unchanged": 60}
    assert Case.objects.count() == 60
    assert journal.verify(tmp_path).sound


@pytest.mark.django_db(transaction=True)
def test_what_was_filed_can_be_read_again_by_a_journalled_look():
    text = "我叫林晓梅，电话13805371234，住在济宁市任城区古槐路19号3单元502室，壶漏水。"
    case = taken("V-1", narrative=text, title="题" * 250, extra={"来源": "微信"}, place="济宁" * 60)

    shown = plain(case, "narrative", "title", "request", "extra")

    assert shown["narrative"] == text
    assert (case.title, shown["title"]) == ("题" * 200, "题" * 250)
    assert (case.request, shown["request"]) == ("退货退款", "")  # not sealed: it stands as filed
    assert json.loads(shown["extra"]) == {"来源": "微信", "place": "济宁" * 60}
    assert not any(secret in case.narrative for secret in ("林晓梅", "13805371234", "502室"))
    assert history(case.ref)[-1] == "PersonalDataRevealed"


@pytest.mark.django_db(transaction=True)
def test_an_agents_authority_is_sealed_whole():
    agent = Person(name="赵敏", phone="13705370001", role=PartyRole.AGENT, authority="代为投诉、调解，至2026年12月31日")
    case = taken("J-1", persons=(LIN, agent))
    party = Party.objects.get(case=case, role="agent")
    sealed = vault.Sealed(party.keys, PLACE_PARTY, party.pk, bytes(party.sealed))

    shown = vault.reveal(sealed, fields=("name", "phone", "authority"), subject=case.ref, purpose="test", actor=SYSTEM, at=NOW)

    assert shown == {"name": agent.name, "phone": agent.phone, "authority": agent.authority}
