"""People for tests of pages: made with one role at one office, and signed in by the door that everybody uses."""

from django.test import Client

from fangxin.accounts.models import Person
from fangxin.accounts.services import PersonRow, load_people
from fangxin.kernel.refs import SYSTEM

PASSWORD = "quiet-river-7-stones"


def person(login: str, role: str, office: str, *, at, name: str = "") -> Person:
    """An active person; an empty role gives none."""
    roles = ((role, ""),) if role else ()
    row = PersonRow(login=login, name=name or login, office_code=office, roles=roles, password=PASSWORD, must_change_password=False)
    load_people([row], by=SYSTEM, at=at)
    return Person.objects.get(login=login)


def signed_in(login: str, language: str = "en") -> Client:
    """A browser with this person's session."""
    client = Client(headers={"accept-language": language})
    answer = client.post("/accounts/sign-in", {"login": login, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    return client
