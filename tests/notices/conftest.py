"""Fixtures of the notices' tests."""

import pytest

from fangxin.notices import services, subjects
from fangxin.notices.gateways.memory import MemoryGateway


@pytest.fixture
def outbox():
    """A memory gateway, and a round of sending through it."""
    gateway = MemoryGateway()

    class Outbox:
        sent = gateway.sent
        fails = gateway.fails
        memory = gateway

        def send(self, now, **options):
            return services.send_due(now, gateways=lambda _channel, _rules: gateway, **options)

    return Outbox()


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Things are subjects that anybody may hear of; what a test registers is forgotten."""

    class Things:
        def shown(self, _person, found):
            return {one: subjects.Shown(one.upper(), f"/things/{one}") for one in found}

        def forbidden(self, _pairs):
            return set()

    monkeypatch.setattr(subjects, "_resolvers", {**subjects._resolvers, "thing": Things()})
