"""Every address × every role: strangers are sent to sign in; what is listed is what can be opened, is counted and is exported."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver
from django.utils import timezone

from cases.casework import NOW, city, filing
from fangxin.accounts.models import Role
from fangxin.cases.models import Case, Party
from fangxin.cases.services import dispatch, receive
from fangxin.kernel.refs import SYSTEM
from staffwork import person, signed_in

OPEN = {"site:health", "site:language", "accounts:sign-in", "accounts:sign-out", "accounts:code"}
"""What strangers may call."""

STAFF = [*Role, ""]


@pytest.fixture
def cases(db, monkeypatch) -> list[Case]:
    """Six cases: two at the desk, two in one county (one with its township office), two in the other."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    offices = city()
    receive([filing(f"JN-{n}", received_at=NOW - timedelta(hours=n + 1)) for n in range(6)], by=SYSTEM, at=NOW)
    found = list(Case.objects.order_by("pk"))
    for case, code in zip(found, ("", "", "370811", "370811-guhuai", "370881", "370881"), strict=True):
        if code:
            dispatch([case], offices[code], by=SYSTEM, at=NOW)
    return found


def every_url(patterns=None, prefix: str = "", names: tuple[str, ...] = ()):
    """Each named address of the service as (name, its parameters)."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from every_url(pattern.url_patterns, prefix, (*names, pattern.namespace) if pattern.namespace else names)
        else:
            yield ":".join((*names, pattern.name or "")), sorted(pattern.pattern.converters)


def addresses(case: Case) -> dict[str, str]:
    """Every address, with parameters of a real case where it takes some."""
    known = {"pk": case.pk, "what": "party", "row": Party.objects.filter(case=case).values_list("pk", flat=True)[0]}
    return {name: reverse(name, kwargs={key: known.get(key, 1) for key in keys}) for name, keys in every_url()}


def numbers(page) -> set[str]:
    """The case numbers of a list."""
    return set(re.findall(r"data-open>(FX\d+)<", page.content.decode()))


def test_a_stranger_is_sent_to_sign_in_from_every_address(cases):
    for name, address in addresses(cases[0]).items():
        if name in OPEN:
            continue
        for method in ("get", "post"):
            answer = getattr(Client(), method)(address)
            assert answer.status_code in {302, 405}, (name, method, answer.status_code)
            if answer.status_code == 302:
                assert answer["Location"].startswith("/accounts/sign-in"), (name, method)


@pytest.mark.parametrize("role", STAFF)
def test_no_address_fails_for_any_role(cases, role):
    person("someone", role, "370811", at=NOW)
    client = signed_in("someone")

    for name, address in addresses(cases[2]).items():
        if name == "accounts:sign-out":
            continue
        for method in ("get", "post"):
            answer = getattr(client, method)(address)
            assert answer.status_code < 500, (name, method)


@pytest.mark.parametrize("role", STAFF)
@pytest.mark.parametrize("office", ["370800", "370811", "370881"])
def test_listed_is_openable_is_counted_is_exported(cases, role, office):
    person("someone", role, office, at=NOW)
    client = signed_in("someone")

    page = client.get("/cases/")
    listed = numbers(page)
    openable = {case.number for case in cases if client.get(f"/cases/{case.pk}").status_code == 200}
    found = {number for case in cases for number in numbers(client.get(f"/cases/?q={case.number}"))}
    overdue = numbers(client.get("/cases/?due=overdue"))
    counted = int(re.search(r"<strong>(\d+)</strong> overdue", page.content.decode())[1])
    export = client.get("/cases/export.csv")

    assert listed == openable == found
    assert counted == len(overdue)
    assert overdue <= listed
    if role in {Role.CITY_DESK, Role.SUPERVISOR}:
        rows = list(csv.reader(io.StringIO(b"".join(export.streaming_content).decode("utf-8-sig"))))[1:]
        assert {row[0] for row in rows} == listed
    else:
        assert export.status_code == 403


@pytest.mark.parametrize("role", STAFF)
def test_who_may_not_see_a_case_can_do_nothing_to_it(cases, role):
    person("someone", role, "370881", at=NOW)
    client = signed_in("someone")
    case = cases[2]
    party = Party.objects.get(case=case)
    key = f"{case.pk}.{case.state}.{case.unit_id}"

    tries = {
        "return": {"seen": key, "note": "x"},
        "respond": {"seen": key, "method": "telephone"},
        "kind": {"seen": key, "kind": "report"},
        f"reveal/party/{party.pk}": {"purpose": "contact"},
    }
    answers = {what: client.post(f"/cases/{case.pk}/{what}", data).status_code for what, data in tries.items()}
    sent = client.post("/cases/dispatch", {"case": key, "unit": "370881", "note": "x"})

    assert set(answers.values()) == {404}
    assert sent.status_code == (404 if role == Role.CITY_DESK else 403)
