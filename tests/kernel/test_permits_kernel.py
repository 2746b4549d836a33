"""One rule says which rows a person sees and what the person may do to one of them."""

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from fangxin.kernel import panels, permits
from fangxin.kernel.errors import NotPermitted
from fangxin.kernel.journal.models import Head

pytestmark = pytest.mark.django_db


def person(*, active: bool = True, office: int = 0):
    return SimpleNamespace(is_authenticated=True, is_active=active, office=office)


@pytest.fixture(autouse=True)
def _rule(monkeypatch):
    monkeypatch.setattr(permits, "_rules", {})
    permits.rule(Head, "see", "touch")(lambda who: Q(seq=who.office))


@pytest.fixture
def head():
    return Head.objects.create(id=1, seq=7)


def test_listed_is_openable(head):
    for who in (person(office=7), person(office=8), person(active=False, office=7), AnonymousUser(), None):
        listed = list(permits.rows(who, "see", Head.objects.all())) == [head]
        assert listed == permits.may(who, "see", head) == permits.may(who, "touch", head)
        assert listed == (who is not None and getattr(who, "is_active", False) and who.office == 7)


def test_require_says_no(head):
    permits.require(person(office=7), "see", head)

    with pytest.raises(NotPermitted):
        permits.require(person(office=8), "see", head)


def test_what_is_not_stored_is_nobodys():
    assert not permits.may(person(office=7), "see", Head(seq=7))


def test_an_action_without_a_rule_is_a_mistake_even_for_strangers(head):
    for who in (person(office=7), AnonymousUser()):
        with pytest.raises(LookupError, match="erase on Head"):
            permits.rows(who, "erase", Head.objects.all())


def test_an_action_has_one_rule():
    with pytest.raises(ValueError, match="see on Head"):
        permits.rule(Head, "see")(lambda _: permits.EVERYBODY)

    assert permits.actions() == [(Head, "see"), (Head, "touch")]


def test_nobody_and_everybody(head):
    assert list(Head.objects.filter(permits.NOBODY)) == []
    assert list(Head.objects.filter(permits.EVERYBODY)) == [head]


def test_panels_come_in_order_once_and_only_to_whom_they_speak(monkeypatch, rf):
    monkeypatch.setattr(panels, "_panels", {})
    panels.register("case.side", panels.Panel("b", "b.html", lambda _request, subject: {"subject": subject}))
    panels.register("case.side", panels.Panel("a", "old.html", lambda *_: {}))
    panels.register("case.side", panels.Panel("a", "a.html", lambda *_: {}))
    panels.register("case.side", panels.Panel("first", "first.html", lambda *_: {"n": 1}, order=1))
    panels.register("case.side", panels.Panel("secret", "secret.html", lambda *_: None))

    assert panels.shown("case.side", rf.get("/"), 5) == [("first.html", {"n": 1}), ("a.html", {}), ("b.html", {"subject": 5})]
    assert panels.shown("nowhere", rf.get("/"), 5) == []
