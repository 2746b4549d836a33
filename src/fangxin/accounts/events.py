"""What happens to offices, people and their sign-in."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from fangxin.kernel import journal


@dataclass(frozen=True, kw_only=True)
class OfficeSaved(journal.Event):
    """An office was made or changed."""

    name: ClassVar[str] = "accounts.OfficeSaved"

    code: str
    path: str
    fields: tuple[str, ...]
    """What changed; all fields when it was made."""


@dataclass(frozen=True, kw_only=True)
class PersonSaved(journal.Event):
    """A person was made or changed; what the fields hold stays out of the journal."""

    name: ClassVar[str] = "accounts.PersonSaved"

    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RolesAssigned(journal.Event):
    """A person's roles were set, each as `role@office code`."""

    name: ClassVar[str] = "accounts.RolesAssigned"

    roles: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SignedIn(journal.Event):
    """A person signed in."""

    name: ClassVar[str] = "accounts.SignedIn"

    method: str
    """`password`, `code` (second factor) or `recovery`."""
    known_device: bool


@dataclass(frozen=True, kw_only=True)
class SignedOut(journal.Event):
    """A person signed out."""

    name: ClassVar[str] = "accounts.SignedOut"


@dataclass(frozen=True, kw_only=True)
class SignInDelayed(journal.Event):
    """So many sign-ins of a person failed from one place that it has to wait from now on; once an episode, not once a try."""

    name: ClassVar[str] = "accounts.SignInDelayed"

    stage: str
    """`password` or `code`."""


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(journal.Event):
    """A password was changed by its owner or set anew by an administrator; all other sessions ended."""

    name: ClassVar[str] = "accounts.PasswordChanged"

    temporary: bool


@dataclass(frozen=True, kw_only=True)
class SecondFactorConfirmed(journal.Event):
    """A second factor counts from now on."""

    name: ClassVar[str] = "accounts.SecondFactorConfirmed"


@dataclass(frozen=True, kw_only=True)
class SecondFactorRemoved(journal.Event):
    """A second factor counts no longer."""

    name: ClassVar[str] = "accounts.SecondFactorRemoved"


@dataclass(frozen=True, kw_only=True)
class TokenIssued(journal.Event):
    """A program may speak for a person from now on, until `expires`; the secret is known to nobody here."""

    name: ClassVar[str] = "accounts.TokenIssued"

    token: int
    scope: str
    expires: datetime


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(journal.Event):
    """It may no longer."""

    name: ClassVar[str] = "accounts.TokenRevoked"

    token: int
