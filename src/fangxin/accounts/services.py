"""What is done to offices, people and their sign-in."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, NotPermitted
from fangxin.kernel.refs import Ref, ref

from . import second_factor, throttle
from .clients import Client
from .events import OfficeSaved, PasswordChanged, PersonSaved, RolesAssigned, SignedIn, SignedOut, SignInDelayed
from .models import COMPETENT_KINDS, Assignment, Office, OfficeKind, Person, Role

STRANGER = Ref("stranger")
"""Whoever tries to sign in and has not yet proven who they are."""


class SignInRefused(NotPermitted):
    """Login and password (or the code) don't fit; nobody is told which."""


class WeakPassword(BadInput):
    """The password does not follow the policy; `reasons` says why, in the reader's language."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("accounts.password_weak", "%(reasons)s", reasons=" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeRow:
    """An office as a list has it."""

    code: str
    name: str
    kind: str
    parent_code: str = ""
    division_code: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person as a list has it. `roles` are (role, office code); without a code it is the person's own office.

    `password` is temporary and counts for a new person only; without one the person can't sign in until one is set.
    """

    login: str
    name: str
    office_code: str
    roles: tuple[tuple[str, str], ...] = ()
    password: str = ""
    must_change_password: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows made something, changed something, or found it as it was."""

    created: int
    changed: int
    same: int


def load_offices(rows: Iterable[OfficeRow], *, by: Ref, at: datetime) -> Loaded:
    """Make or change offices by code, whole or not at all; the order of the rows does not matter, and a second time changes nothing.

    Offices that no row names stay as they are, but follow a parent that moves.
    Raises BadInput for an unknown kind or parent, a circle, or a code with a slash.
    """
    wanted = {row.code: row for row in rows}
    with journal.atomic():
        known = {office.code: office for office in Office.objects.select_for_update().order_by("pk")}
        parents = {code: _parent_code(office, known) for code, office in known.items()}
        parents |= {code: row.parent_code for code, row in wanted.items()}
        for row in wanted.values():
            if row.kind not in OfficeKind.values:
                raise BadInput(
                    "accounts.office_kind_unknown", "Office %(office)s: there is no kind %(kind)s.", office=row.code, kind=row.kind
                )
            if not row.code or "/" in row.code:
                raise BadInput(
                    "accounts.office_code_bad", "An office code must not be empty or hold a slash: “%(office)s”.", office=row.code
                )
        paths = {code: _path(code, parents) for code in parents}
        changes: dict[str, tuple[str, ...]] = {}
        created: list[Office] = []
        for code in sorted(parents, key=lambda code: paths[code].count("/")):
            office = known.get(code) or Office(code=code)
            parent = known.get(parents[code])
            values: dict[str, object] = {"path": paths[code], "parent_id": parent.pk if parent else None}
            if code in wanted:
                row = wanted[code]
                values |= {"name": row.name, "kind": row.kind, "division_code": row.division_code, "active": row.active}
            kind = values.get("kind", office.kind)
            own = OfficeKind(str(kind)) in COMPETENT_KINDS
            if office.pk:
                values["competent_id"] = office.pk if own else (parent.competent_id if parent else None)
            fields = tuple(sorted(name for name, value in values.items() if getattr(office, name) != value))
            for name, value in values.items():
                setattr(office, name, value)
            if office.pk is None:
                office.save(force_insert=True)
                office.competent_id = office.pk if own else (parent.competent_id if parent else None)
                office.save(update_fields=["competent"])
                known[code] = office
                created.append(office)
            if fields:
                changes[code] = fields
        made = {office.code for office in created}
        Office.objects.bulk_update(
            [known[code] for code in changes if code not in made],
            ["name", "kind", "parent", "path", "competent", "division_code", "active"],
            batch_size=200,
        )
        journal.publish(
            [
                OfficeSaved(subject=known[code].ref, actor=by, at=at, code=code, path=paths[code], fields=fields)
                for code, fields in changes.items()
            ]
        )
    changed = len([code for code in changes if code in wanted and code not in made])
    return Loaded(len(made), changed, len(wanted) - len(made) - changed)


def load_people(rows: Iterable[PersonRow], *, by: Ref, at: datetime) -> Loaded:
    """Make or change people by login, with exactly the roles of their row, whole or not at all; a second time changes nothing.

    Whoever is deactivated loses all sessions at once. Raises BadInput for an unknown office or role, or an empty login.
    """
    wanted = {normal_login(row.login): row for row in rows}
    if "" in wanted:
        raise BadInput("accounts.login_missing", "A person needs a login.")
    offices = {office.code: office for office in Office.objects.all()}

    def office_of(code: str, login: str) -> Office:
        if code not in offices:
            raise BadInput("accounts.office_unknown", "Person %(login)s: there is no office %(office)s.", login=login, office=code)
        return offices[code]

    events: list[journal.Event] = []
    created, changed = [], []
    with journal.atomic():
        known = {person.login: person for person in Person.objects.select_for_update().filter(login__in=wanted).order_by("pk")}
        for login, row in wanted.items():
            values: dict[str, object] = {"name": row.name, "office_id": office_of(row.office_code, login).pk, "active": row.active}
            person = known.get(login)
            if person is None:
                password = make_password(row.password or None)
                created.append(Person(login=login, password=password, must_change_password=row.must_change_password, **values))
                continue
            fields = tuple(sorted(name for name, value in values.items() if getattr(person, name) != value))
            if fields:
                if "active" in fields:
                    person.session_epoch += 1
                for name, value in values.items():
                    setattr(person, name, value)
                changed.append(person)
                events.append(PersonSaved(subject=person.ref, actor=by, at=at, fields=fields))
        Person.objects.bulk_create(created, batch_size=500)
        Person.objects.bulk_update(changed, ["name", "office", "active", "session_epoch"], batch_size=200)
        events += [PersonSaved(subject=person.ref, actor=by, at=at, fields=("active", "login", "name", "office_id")) for person in created]
        known |= {person.login: person for person in created}
        roles = {
            known[login]: {(_role(role, login), office_of(code or row.office_code, login)) for role, code in row.roles}
            for login, row in wanted.items()
        }
        role_events = _assign(roles, by=by, at=at)
        events += role_events
        journal.publish(events)
    touched = {person.ref for person in changed} | {event.subject for event in role_events} - {person.ref for person in created}
    return Loaded(len(created), len(touched), len(wanted) - len(created) - len(touched))


def _assign(roles: dict[Person, set[tuple[Role, Office]]], *, by: Ref, at: datetime) -> list[journal.Event]:
    """Give people exactly these roles."""
    held: dict[int, dict[tuple[str, int], Assignment]] = {person.pk: {} for person in roles}
    for one in Assignment.objects.select_related("office").filter(person__in=list(held)):
        held[one.person_id][one.role, one.office_id] = one
    events: list[journal.Event] = []
    new, old = [], []
    for person, pairs in roles.items():
        want = {(role.value, office.pk): office for role, office in pairs}
        have = held[person.pk]
        if want.keys() == have.keys():
            continue
        new += [Assignment(person=person, role=role, office=office) for (role, pk), office in want.items() if (role, pk) not in have]
        old += [one.pk for key, one in have.items() if key not in want]
        after = tuple(sorted(f"{role}@{office.code}" for (role, _), office in want.items()))
        before = tuple(sorted(f"{one.role}@{one.office.code}" for one in have.values()))
        events.append(RolesAssigned(subject=person.ref, actor=by, at=at, roles=after, before=before))
    Assignment.objects.filter(pk__in=old).delete()
    Assignment.objects.bulk_create(new, batch_size=500)
    return events


def normal_login(login: str) -> str:
    """The one form of a login: no outer spaces, half-width, lower case."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def check_password(login: str, password: str, *, client: Client, at: datetime) -> Person:
    """The person whose login and password these are: the first half of signing in.

    Raises SignInRefused, with the same answer after about the same time for an unknown login, a wrong password and a deactivated
    person, and TooManyAttempts while this client has to wait (see `throttle`).
    """
    login = normal_login(login)
    person = Person.objects.select_related("office").filter(login=login).first()
    counters = _counters("password", login, client, person)
    if throttle.charge(counters, at=at):
        whose = person.ref if person is not None else ref("login", "unknown")
        _publish(SignInDelayed(subject=whose, actor=STRANGER, at=at, stage="password"))
    if person is None:
        make_password(password)  # takes the time that checking would take
        fits = False
    else:
        fits = person.check_password(password) and person.active
    if person is None or not fits:
        raise SignInRefused("accounts.sign_in_refused", "Login and password do not match.")
    throttle.forgive(counters, at=at)
    return person


def check_code(person: Person, code: str, *, client: Client, at: datetime) -> str:
    """Spend a one-time or recovery code: the second half of signing in. Answers "code" or "recovery".

    Raises SignInRefused for a wrong or used code, TooManyAttempts while this client has to wait.
    """
    counters = _counters("code", person.login, client, person)
    if throttle.charge(counters, at=at):
        _publish(SignInDelayed(subject=person.ref, actor=STRANGER, at=at, stage="code"))
    method = second_factor.use_code(person, code, at=at)
    if not method:
        raise SignInRefused("accounts.code_refused", "This code is not right or was already used.")
    throttle.forgive(counters, at=at)
    return method


def _counters(stage: str, login: str, client: Client, person: Person | None) -> list[throttle.Counted]:
    nonce = client.nonce(person.pk) if person is not None else ""
    if nonce:
        return [throttle.counted(throttle.CLIENT, stage, "device", nonce)]
    found = [throttle.counted(throttle.CLIENT, stage, "login", login, client.address)]
    if stage == "code":
        return [*found, throttle.counted(throttle.STRANGERS, stage, "strangers", login)]
    return [*found, throttle.counted(throttle.ADDRESS, stage, "address", client.address)]


def note_sign_in(person: Person, *, method: str, client: Client, at: datetime) -> None:
    """Journal a finished sign-in; `method` is `password`, `code` or `recovery`."""
    _publish(SignedIn(subject=person.ref, actor=person.ref, at=at, method=method, known_device=bool(client.nonce(person.pk))))


def note_sign_out(person: Person, *, at: datetime) -> None:
    """Journal a sign-out."""
    _publish(SignedOut(subject=person.ref, actor=person.ref, at=at))


def confirm_password(person: Person, password: str, *, at: datetime) -> None:
    """Make sure that whoever sits at a signed-in browser is its owner, before something weighty.

    Raises SignInRefused for a wrong password, TooManyAttempts after several.
    """
    counters = [throttle.counted(throttle.CLIENT, "confirm", str(person.pk))]
    throttle.charge(counters, at=at)
    if not person.check_password(password):
        raise SignInRefused("accounts.password_wrong", "The current password is not right.")
    throttle.forgive(counters, at=at)


def change_password(person: Person, *, old: str, new: str, at: datetime) -> None:
    """Change one's own password; all other sessions of the person end.

    Raises SignInRefused for a wrong old password, WeakPassword for a new one that the policy refuses or that is the old one.
    """
    confirm_password(person, old, at=at)
    if new == old:
        raise BadInput("accounts.password_same", "The new password must differ from the current one.")
    _set_password(person, new, temporary=False, by=person.ref, at=at)


def reset_password(person: Person, *, temporary: str, by: Ref, at: datetime) -> None:
    """Set a temporary password, which its owner must change at the next sign-in; all sessions of the person end."""
    _set_password(person, temporary, temporary=True, by=by, at=at)


def _set_password(person: Person, new: str, *, temporary: bool, by: Ref, at: datetime) -> None:
    try:
        validate_password(new, person)
    except ValidationError as error:
        raise WeakPassword(error.messages) from error
    encoded = make_password(new)
    with journal.atomic():
        fresh = Person.objects.select_for_update().get(pk=person.pk)
        person.password = encoded
        person.must_change_password = temporary
        person.session_epoch = fresh.session_epoch + 1
        person.save(update_fields=["password", "must_change_password", "session_epoch"])
        journal.publish([PasswordChanged(subject=person.ref, actor=by, at=at, temporary=temporary)])


def _publish(event: journal.Event) -> None:
    with journal.atomic():
        journal.publish([event])


def _role(role: str, login: str) -> Role:
    if role not in Role.values:
        raise BadInput("accounts.role_unknown", "Person %(login)s: there is no role %(role)s.", login=login, role=role)
    return Role(role)


def _parent_code(office: Office, known: dict[str, Office]) -> str:
    above = office.path.rstrip("/").split("/")[:-1]
    return above[-1] if above and above[-1] in known else ""


def _path(code: str, parents: dict[str, str]) -> str:
    """The codes from the root to this one. Raises BadInput for a parent that is not there, or a circle."""
    chain = [code]
    while above := parents[chain[-1]]:
        if above not in parents:
            raise BadInput(
                "accounts.parent_unknown", "Office %(office)s: there is no parent office %(parent)s.", office=chain[-1], parent=above
            )
        if above in chain:
            raise BadInput("accounts.office_circle", "Office %(office)s would stand above itself.", office=code)
        chain.append(above)
    return "/".join(reversed(chain)) + "/"
