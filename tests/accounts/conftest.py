"""A small bureau, and browsers to try its doors with."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from fangxin.accounts.models import Office, Person
from fangxin.accounts.services import OfficeRow, PersonRow, load_offices, load_people
from fangxin.kernel.refs import SYSTEM

AT = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
PASSWORD = "quiet-river-7-stones"


@pytest.fixture
def offices(db) -> dict[str, Office]:
    """City bureau, two counties, a township office in the first, the association."""
    rows = [
        OfficeRow(code="3708-01", name="Town Office", kind="township_office", parent_code="370811"),
        OfficeRow(code="370800", name="City Bureau", kind="city_amr"),
        OfficeRow(code="370811", name="First County", kind="county_amr", parent_code="370800", division_code="370811"),
        OfficeRow(code="370812", name="Second County", kind="county_amr", parent_code="370800"),
        OfficeRow(code="CCA", name="Association", kind="association", parent_code="370800"),
    ]
    load_offices(rows, by=SYSTEM, at=AT)
    return {office.code: office for office in Office.objects.all()}


@pytest.fixture
def wang(offices) -> Person:
    """An officer of the first county."""
    row = PersonRow(
        login="wang", name="Wang Fang", office_code="370811", roles=(("officer", ""),), password=PASSWORD, must_change_password=False
    )
    load_people([row], by=SYSTEM, at=AT)
    return Person.objects.get(login="wang")


class Clock:
    """The time that the views see."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """Stands for `timezone.now`."""
    found = Clock()
    monkeypatch.setattr(timezone, "now", found)
    return found


class Browser(Client):
    """A browser at an address."""

    def __init__(self, address: str = "10.0.0.1") -> None:
        super().__init__(REMOTE_ADDR=address, headers={"accept-language": "en"})

    def sign_in(self, login: str = "wang", password: str = PASSWORD, **extra: str):
        return self.post("/accounts/sign-in", {"login": login, "password": password, **extra})

    @property
    def inside(self) -> bool:
        return self.get("/accounts/me").status_code == 200


@pytest.fixture
def browser() -> type[Browser]:
    """Makes browsers."""
    return Browser
