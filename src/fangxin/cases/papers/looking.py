"""The plain text that a form needs, taken from the vault on record: no more of it than the form prints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fangxin.cases.filings import MAIN_ROLE, Kind
from fangxin.cases.models import PLACE_FILING, PLACE_PARTY, Case, Party, PartyRole, keys_for
from fangxin.kernel import vault
from fangxin.kernel.refs import Ref

PURPOSE: Final = "documents"
"""Why the people of a case are looked at, as the journal keeps it (`words.PURPOSES`)."""

NAME: Final = ("name",)
REACH: Final = ("name", "phone", "address")
NEEDS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "complaint_registration": {
        "main": ("name", "phone", "id_type", "id_number", "address"),
        "contact": ("name", "phone"),
        "filing": ("narrative", "request"),
    },
    "report_registration": {"main": ("name", "phone", "id_number", "address"), "filing": ("narrative",)},
    "mediation_agreement": {"main": REACH, "agent": REACH, "contact": ("name", "phone"), "filing": ("narrative", "request")},
}
"""Of whom each form needs what; all others need only the name of who filed."""


def look(form: str, case: Case, *, actor: Ref, at: datetime) -> dict[str, str]:
    """What the form needs of the case's people and texts in plain text, by `main.name`, `contact.phone`, `filing.narrative`.

    One journal row for each person or text looked at. Not inside a transaction.
    """
    found: dict[str, str] = {}
    people = _people(case)
    for who, fields in NEEDS.get(form, {"main": NAME}).items():
        sealed = _filing(case) if who == "filing" else _sealed(people.get(who))
        if sealed is None:
            continue
        plain = vault.reveal(sealed, fields=fields, subject=case.ref, purpose=PURPOSE, actor=actor, at=at)
        found |= {f"{who}.{name}": value for name, value in plain.items()}
    return found


def address_of(case: Case, to: str, field: str, *, actor: Ref, at: datetime) -> str:
    """The telephone number on file of whom a document goes to; "" if none is. Not inside a transaction."""
    party = _people(case).get("contact" if to == "respondent" else "main")
    sealed = _sealed(party)
    if sealed is None:
        return ""
    return vault.reveal(sealed, fields=(field,), subject=case.ref, purpose=PURPOSE, actor=actor, at=at)[field]


def _people(case: Case) -> dict[str, Party]:
    """Who filed, who acts for them, and the respondent's contact."""
    main = MAIN_ROLE.get(Kind(case.kind), PartyRole.INQUIRER)
    roles = {str(main): "main", PartyRole.AGENT.value: "agent", PartyRole.RESPONDENT_CONTACT.value: "contact"}
    found: dict[str, Party] = {}
    for party in Party.objects.filter(case=case, role__in=roles).order_by("position"):
        found.setdefault(roles[party.role], party)
    return found


def _sealed(party: Party | None) -> vault.Sealed | None:
    return vault.Sealed(party.keys, PLACE_PARTY, party.pk, bytes(party.sealed)) if party is not None and party.sealed else None


def _filing(case: Case) -> vault.Sealed | None:
    if not case.sealed_filing:
        return None
    return vault.Sealed(keys_for(case.kind), PLACE_FILING, case.pk, bytes(case.sealed_filing))
