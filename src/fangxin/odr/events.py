"""What ODR announces; none carries personal data, what was written goes by its hash."""

from dataclasses import dataclass
from typing import ClassVar

from fangxin.kernel.journal import Event


@dataclass(frozen=True, kw_only=True)
class EnterpriseApplied(Event):
    """A trader asked to take part (入驻申请); the subject is the enterprise."""

    name: ClassVar[str] = "odr.EnterpriseApplied"
    opens: ClassVar[bool] = True
    trader: int
    office: str
    law: str = ""


@dataclass(frozen=True, kw_only=True)
class EnterpriseStep(Event):
    """A step of an enterprise's way in or out: approve, refuse, pledge, open, ask or propose exit, keep, exit."""

    name: ClassVar[str] = "odr.EnterpriseStep"
    step: str
    law: str
    ground: str = ""
    note: str = ""
    text: str = ""
    """For a pledge: version and hash of what was pledged."""


@dataclass(frozen=True, kw_only=True)
class InvitationIssued(Event):
    """A one-time link to open an account, or to set a new password; the subject is the enterprise. The token stands nowhere."""

    name: ClassVar[str] = "odr.InvitationIssued"
    invitation: int
    account: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccountOpened(Event):
    """A person of an enterprise set up their account (开户)."""

    name: ClassVar[str] = "odr.AccountOpened"
    opens: ClassVar[bool] = True
    enterprise: int
    invitation: int


@dataclass(frozen=True, kw_only=True)
class AccountPasswordSet(Event):
    """A password was changed, or set anew through an invitation; all sessions of the account end."""

    name: ClassVar[str] = "odr.AccountPasswordSet"
    by_invitation: bool = False


@dataclass(frozen=True, kw_only=True)
class AccountSwitched(Event):
    """An account was switched off or on."""

    name: ClassVar[str] = "odr.AccountSwitched"
    active: bool


@dataclass(frozen=True, kw_only=True)
class AccountSignedIn(Event):
    """A person of an enterprise signed in."""

    name: ClassVar[str] = "odr.AccountSignedIn"


@dataclass(frozen=True, kw_only=True)
class AccountSignedOut(Event):
    """A person of an enterprise signed out."""

    name: ClassVar[str] = "odr.AccountSignedOut"


@dataclass(frozen=True, kw_only=True)
class AccountSignInDelayed(Event):
    """Failed tries at one account, or at an unknown one, begin to cost time."""

    name: ClassVar[str] = "odr.AccountSignInDelayed"


@dataclass(frozen=True, kw_only=True)
class DisputeOpened(Event):
    """A dispute reached an enterprise (诉求到达ODR企业); the subject is the dispute."""

    name: ClassVar[str] = "odr.DisputeOpened"
    opens: ClassVar[bool] = True
    enterprise: int
    origin: str
    case: int | None
    consent_pass: str
    law: str = ""


@dataclass(frozen=True, kw_only=True)
class DisputeStep(Event):
    """Something said or decided in a dispute: who, how, what, with which amount (时间、过程、方式、结果)."""

    name: ClassVar[str] = "odr.DisputeStep"
    step: str
    law: str
    side: str = ""
    method: str = ""
    message: int | None = None
    digest: str = ""
    remedy: str = ""
    amount_fen: int | None = None
    ending: str = ""
    case: int | None = None


@dataclass(frozen=True, kw_only=True)
class DisputesExported(Event):
    """An enterprise took its own disputes out as a file; the subject is the account."""

    name: ClassVar[str] = "odr.DisputesExported"
    rows: int
