"""Commands about offices, people, places and traders."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fangxin.site.cli import answering, ready
from fangxin.site.cli.output import counted, progress

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def office_rows(file: Path) -> list[Any]:
    """Rows of a CSV with the columns code, name, kind, parent, division."""
    from fangxin.accounts.services import OfficeRow

    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            OfficeRow(
                code=row["code"],
                name=row["name"],
                kind=row["kind"],
                parent_code=row.get("parent", ""),
                division_code=row.get("division", ""),
            )
            for row in csv.DictReader(lines)
        ]


def person_rows(file: Path, *, password: str = "", must_change: bool = True) -> list[Any]:
    """Rows of a CSV with the columns login, name, office, roles (role or role@office, separated by |)."""
    from fangxin.accounts.services import PersonRow

    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [
            PersonRow(
                login=row["login"],
                name=row["name"],
                office_code=row["office"],
                roles=tuple((role.partition("@")[0], role.partition("@")[2]) for role in row["roles"].split("|") if role),
                password=row.get("password") or password,
                must_change_password=must_change,
            )
            for row in csv.DictReader(lines)
        ]


@click.group("offices")
def offices_command() -> None:
    """The tree of offices."""


@offices_command.command("load")
@click.argument("file", type=FILE)
@answering
def load_office_file(file: Path) -> Any:
    """Make or change offices from a CSV: code, name, kind, parent, division."""
    ready()
    from fangxin.accounts.services import load_offices
    from fangxin.kernel.refs import SYSTEM

    return load_offices(office_rows(file), by=SYSTEM, at=datetime.now(UTC))


@click.group("people")
def people_command() -> None:
    """People who sign in."""


@people_command.command("load")
@click.argument("file", type=FILE)
@answering
def load_people_file(file: Path) -> Any:
    """Make or change people from a CSV: login, name, office, roles (role or role@office, separated by |), password (temporary)."""
    ready()
    from fangxin.accounts.services import load_people
    from fangxin.kernel.refs import SYSTEM

    return load_people(person_rows(file), by=SYSTEM, at=datetime.now(UTC))


@people_command.command("password")
@click.argument("login")
@click.password_option(help="The temporary password; asked for if it isn't given.")
@answering
def password_of(login: str, password: str) -> Any:
    """Give someone a temporary password, to be changed at the next sign-in; ends their sessions."""
    ready()
    from fangxin.accounts.models import Person
    from fangxin.accounts.services import normal_login, reset_password
    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.refs import SYSTEM

    person = Person.objects.filter(login=normal_login(login)).first()
    if person is None:
        raise BadInput("accounts.no_such_person", "There is nobody with the login %(login)s.", login=login)
    reset_password(person, temporary=password, by=SYSTEM, at=datetime.now(UTC))
    return {"login": person.login, "changed": True}


@people_command.group("token")
def token_command() -> None:
    """Access tokens, by which programs speak for a person."""


def _person(login: str) -> Any:
    from fangxin.accounts.models import Person
    from fangxin.accounts.services import normal_login
    from fangxin.kernel.errors import BadInput

    person = Person.objects.filter(login=normal_login(login)).first()
    if person is None:
        raise BadInput("accounts.no_such_person", "There is nobody with the login %(login)s.", login=login)
    return person


@token_command.command("issue")
@click.argument("login")
@click.option("--name", required=True, help="What the token is for.")
@click.option(
    "--scope", type=click.Choice(["read", "write"]), default="read", show_default=True, help="What it may, within what the person may."
)
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is valid.")
@answering
def issue_token(login: str, name: str, scope: str, days: int) -> Any:
    """Make a token for someone; its secret is printed once and kept nowhere."""
    ready()
    from datetime import timedelta

    from fangxin.accounts import tokens
    from fangxin.kernel.refs import SYSTEM

    now = datetime.now(UTC)
    token, secret = tokens.issue_token(_person(login), name=name, scope=scope, expires_at=now + timedelta(days=days), by=SYSTEM, at=now)
    return {"id": token.pk, "login": login, "name": token.name, "scope": scope, "expires": token.expires_at.isoformat(), "secret": secret}


@token_command.command("list")
@click.argument("login")
@answering
def list_tokens(login: str) -> Any:
    """The tokens of someone that are still valid."""
    ready()
    from fangxin.accounts.models import ApiToken

    found = ApiToken.objects.filter(person=_person(login), revoked_at__isnull=True, expires_at__gt=datetime.now(UTC)).order_by("pk")
    lines = [{"id": str(one.pk), "name": one.name, "scope": one.scope, "expires": one.expires_at.isoformat()} for one in found]
    return {"login": login, "tokens": lines}, "\n".join(
        f"{one['id']}  {one['scope']:5}  {one['expires'][:10]}  {one['name']}" for one in lines
    )


@token_command.command("revoke")
@click.argument("token_id", type=int)
@answering
def revoke_token(token_id: int) -> Any:
    """End a token at once."""
    ready()
    from fangxin.accounts.models import ApiToken
    from fangxin.accounts.tokens import revoke_token as revoke
    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.refs import SYSTEM

    token = ApiToken.objects.select_related("person").filter(pk=token_id).first()
    if token is None:
        raise BadInput("accounts.no_such_token", "There is no token %(id)s.", id=token_id)
    revoke(token, by=SYSTEM, at=datetime.now(UTC))
    return {"id": token_id, "revoked": True}


@click.group("places")
def places_command() -> None:
    """Administrative divisions and towns."""


@places_command.command("load")
@click.argument("file", type=FILE, required=False)
@answering
def load_place_file(file: Path | None) -> Any:
    """Load divisions and towns with their old names; without FILE those of Jining, which ship."""
    ready()
    from fangxin.kernel.refs import SYSTEM
    from fangxin.registry.services import JINING, load_places

    return load_places(file or JINING, by=SYSTEM, at=datetime.now(UTC))


@click.group("traders")
def traders_command() -> None:
    """The register of traders."""


@traders_command.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--errors",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where rows that can't go in are written, with line, column and reason.",
)
@answering
def import_trader_file(file: Path, errors: Path | None) -> Any:
    """Bring the register to what a CSV says; the same file again changes nothing."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.kernel.refs import SYSTEM
    from fangxin.registry.services import import_traders

    with progress(_("Importing")) as step:
        return import_traders(file, by=SYSTEM, at=datetime.now(UTC), progress=counted(step), errors_to=errors)
