"""Two officers press the same step at once, two hundred times: one wins, the other gets a clear message, no clock runs twice."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from casework import NOW, at, city, filing
from django.db import connection
from django.utils import timezone, translation

from fangxin.cases import services, words
from fangxin.cases.models import Case, Correction, Told
from fangxin.cases.services import receive
from fangxin.clocks.models import Adjustment, Clock
from fangxin.kernel import journal
from fangxin.kernel.errors import IllegalStep, StaleState
from fangxin.kernel.refs import SYSTEM, Ref
from staffwork import person, signed_in

DUELS = 200
HEAD = Ref("person:7")
DAY = at("2026-08-05")
LATER = {"by": SYSTEM, "at": at("2026-08-06")}
Step = Callable[[Case], object]


def accepted(case: Case) -> None:
    services.accept([case], by=SYSTEM, at=DAY)


def refused(case: Case) -> None:
    services.refuse(case, ground="1", note="无权处理", by=SYSTEM, at=DAY)


def terminated(case: Case) -> None:
    accepted(case)
    services.terminate(case, ground="3", by=SYSTEM, at=DAY)


def asked(case: Case) -> None:
    services.ask_identity_proof(case, until=at("2026-08-07").date(), note="身份证", by=SYSTEM, at=DAY)


def being_tested(case: Case) -> None:
    accepted(case)
    services.start_appraisal(case, cause="testing", on=DAY.date(), approver=HEAD, note="送检", by=SYSTEM, at=DAY)


def nothing(_case: Case) -> None:
    pass


def appraise(case: Case) -> None:
    services.start_appraisal(case, cause="testing", on=DAY.date(), approver=HEAD, note="送检", **LATER)


PAIRS: list[tuple[str, Step, Step, Step]] = [
    ("accept", nothing, lambda case: services.accept([case], **LATER), lambda case: services.accept([case], **LATER)),
    (
        "accept or refuse",
        nothing,
        lambda case: services.accept([case], **LATER),
        lambda case: services.refuse(case, ground="1", note="x", **LATER),
    ),
    *(
        (name, before, step, step)
        for name, before, step in (
            ("refuse", nothing, lambda case: services.refuse(case, ground="1", note="无权处理", **LATER)),
            ("withdraw", nothing, lambda case: services.withdraw(case, note="和解", **LATER)),
            (
                "ask for proof",
                nothing,
                lambda case: services.ask_identity_proof(case, until=at("2026-08-07").date(), note="身份证", **LATER),
            ),
            ("record proof", asked, lambda case: services.record_identity_proof(case, result="received", **LATER)),
            ("take back acceptance", accepted, lambda case: services.take_back(case, note="误", **LATER)),
            ("take back refusal", refused, lambda case: services.take_back(case, note="误", **LATER)),
            ("settle", accepted, lambda case: services.settle(case, recovered_fen=1, **LATER)),
            ("terminate", accepted, lambda case: services.terminate(case, ground="3", **LATER)),
            ("appraise", accepted, appraise),
            ("end appraisal", being_tested, lambda case: services.end_appraisal(case, on=DAY.date(), **LATER)),
            ("tell one side", terminated, lambda case: services.notify_termination(case, sides=["respondent"], **LATER)),
            ("tell both sides", terminated, lambda case: services.notify_termination(case, **LATER)),
            ("reopen", refused, lambda case: services.reopen(case, note="复核", **LATER)),
        )
    ),
]


@pytest.mark.django_db(transaction=True)
def test_of_two_officers_at_once_one_wins_and_the_other_is_told(tmp_path):
    offices = city()
    receipts = receive([filing(f"D-{n}", received_at=at("2026-07-31")) for n in range(DUELS)], by=SYSTEM, at=NOW)
    cases = [Case.objects.get(pk=receipt.case_ids[0]) for receipt in receipts]
    services.dispatch(cases, offices["370811"], by=SYSTEM, at=at("2026-07-31 10:00"))
    duels = [PAIRS[place % len(PAIRS)] for place in range(DUELS)]
    for case, (_name, before, _one, _two) in zip(cases, duels, strict=True):
        before(case)
    barrier = threading.Barrier(2)
    won: list[list[int]] = [[], []]
    lost: list[list[tuple[str, str]]] = [[], []]
    broken: list[BaseException] = []

    def officer(which: int) -> None:
        try:
            for place, duel in enumerate(duels):
                mine = Case.objects.get(pk=cases[place].pk)
                barrier.wait(30)
                try:
                    duel[2 + which](mine)
                    won[which].append(place)
                except (StaleState, IllegalStep) as error:
                    lost[which].append((duel[0], words.refusal(error)))
        except BaseException as error:  # noqa: BLE001 -- a thread has nobody else to tell
            broken.append(error)
            barrier.abort()
        finally:
            connection.close()

    with translation.override("zh-hans"):
        threads = [threading.Thread(target=officer, args=(which,)) for which in (0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)

    assert not broken, broken
    assert sorted(won[0] + won[1]) == list(range(DUELS))
    assert len(lost[0]) + len(lost[1]) == DUELS
    assert all(message for _name, message in lost[0] + lost[1])
    counted = Counter((clock.subject, clock.term) for clock in Clock.objects.exclude(verdict="void"))
    assert {key: times for key, times in counted.items() if times > 1} == {}
    assert Adjustment.objects.count() == sum(name in {"appraise", "end appraisal"} for name, *_rest in duels)
    assert Correction.objects.count() == sum(name.startswith("take back") or name == "reopen" for name, *_rest in duels)
    sides = {"tell one side": 1, "tell both sides": 2}
    assert Told.objects.count() == sum(sides.get(name, 0) for name, *_rest in duels)
    assert journal.verify(tmp_path).sound


@pytest.mark.django_db(transaction=True)
def test_on_the_page_the_second_gets_409_with_a_sentence(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    offices = city()
    clients = []
    for login in ("wang", "zhao"):
        person(login, "officer", "370811", at=NOW)
        clients.append(signed_in(login))
    receipts = receive([filing(f"D-{n}", received_at=at("2026-11-19")) for n in range(6)], by=SYSTEM, at=NOW)
    cases = [Case.objects.get(pk=receipt.case_ids[0]) for receipt in receipts]
    services.dispatch(cases, offices["370811"], by=SYSTEM, at=at("2026-11-19 10:00"))
    barrier = threading.Barrier(2)
    answers: list[list] = [[], []]

    def officer(which: int) -> None:
        try:
            for case in cases:
                barrier.wait(30)
                answers[which].append(clients[which].post(f"/cases/{case.pk}/act/accept", {"seen": f"{case.pk}.dispatched.{case.unit_id}"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=officer, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    for case, *both in zip(cases, *answers, strict=True):
        assert sorted(answer.status_code for answer in both) == [302, 409]
        refusal = next(answer for answer in both if answer.status_code == 409).content.decode()
        assert f"Someone else changed {case.number} first" in refusal or "is not possible in state" in refusal
        assert Clock.objects.filter(subject=case.ref, term="complaint.mediation").count() == 1
