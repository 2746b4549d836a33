"""What comes in, before it is a case: the fields of the official forms (式样一 投诉登记表, 式样二 举报登记表), whatever the channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType


class Channel(StrEnum):
    """Where a filing came from (渠道)."""

    PLATFORM_12315 = "12315"
    HOTLINE_12345 = "12345"
    WEB = "web"
    TELEPHONE = "telephone"
    WINDOW = "window"
    LETTER = "letter"
    STATION = "station"
    ODR = "odr"
    TRANSFER = "transfer"
    LIST = "list"
    FOUND = "found"
    """The bureau's own find, e.g. a clue that came up in mediation (Order 121 Art 27): nobody filed it."""


class Kind(StrEnum):
    """What a filing is: complaint 投诉, report 举报, consultation 咨询; undetermined 待定 until someone has decided.

    `MIXED` stands only in a filing: Order 121 Art 9 makes two cases of it.
    """

    COMPLAINT = "complaint"
    REPORT = "report"
    CONSULTATION = "consultation"
    UNDETERMINED = "undetermined"
    MIXED = "mixed"


class Consent(StrEnum):
    """An answer to a question of consent (同意); what was not asked (未询问) is not a yes."""

    YES = "yes"
    NO = "no"
    NOT_ASKED = "not_asked"


class PartyRole(StrEnum):
    """What a person is in a case."""

    COMPLAINANT = "complainant"  # 投诉人
    REPORTER = "reporter"  # 举报人
    INQUIRER = "inquirer"  # 咨询人
    AGENT = "agent"  # 代理人
    JOINT = "joint"  # 共同投诉人
    REPRESENTATIVE = "representative"  # 代表人


MAIN_ROLE = MappingProxyType({Kind.COMPLAINT: PartyRole.COMPLAINANT, Kind.REPORT: PartyRole.REPORTER})
"""What the person who files is; for every other kind an inquirer."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a filing in plain text; lives in memory only until the vault has sealed it."""

    name: str = ""
    phone: str = ""
    id_type: str = ""
    id_number: str = ""
    address: str = ""
    role: PartyRole | None = None
    authority: str = ""
    """For an agent: matter, powers and term of the power of attorney (授权委托书, Art 11)."""

    @property
    def empty(self) -> bool:
        """Nothing is known of this person."""
        return not (self.name or self.phone or self.id_number or self.address)


@dataclass(frozen=True, slots=True)
class Respondent:
    """The trader as the filing states it (被投诉人/被举报人), before it is matched to the register."""

    name: str = ""
    uscc: str = ""
    address: str = ""
    contact: str = ""
    phone: str = ""
    platform: str = ""
    """The e-commerce platform, if the trader sells there (Art 13(2))."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A disposition that arrived with the filing (a history being replayed): when it was answered, and how."""

    at: datetime
    text: str = ""
    closes: bool = True


@dataclass(frozen=True, slots=True)
class Filing:
    """One order, message or form. Instants are aware; dates are local; money is in fen (分)."""

    channel: Channel
    received_at: datetime
    """First receipt, by whoever took it in."""
    narrative: str
    outside_number: str = ""
    """The number in the outside system; with the channel it makes the filing unique. Empty for what has none."""
    other_numbers: tuple[tuple[Channel, str], ...] = ()
    """The same matter's numbers in other systems, e.g. the 12315 number on a 12345 order."""
    kind: Kind = Kind.UNDETERMINED
    title: str = ""
    persons: tuple[Person, ...] = ()
    """The first is the complainant, reporter or inquirer unless its role says otherwise."""
    anonymous: bool = False
    respondent: Respondent = Respondent()
    request: str = ""
    """What is asked for (投诉请求), as stated."""
    claimed_fen: int = 0
    occurred_on: date | None = None
    place: str = ""
    """County or town as stated by the channel, if it states one."""
    goods_or_service: str = ""
    object_class: str = ""
    problem_class: str = ""
    """The class that the consumer chose; never one that triage guessed."""
    field_of_law: str = ""
    """For a report: advertising, food, drugs, unfair_competition …: picks its notice duties. Empty: general."""
    consent_publish: Consent = Consent.NOT_ASKED
    consent_delegate: Consent = Consent.NOT_ASKED
    unit_code: str = ""
    """Office code that the channel has already sent it to, if any."""
    dispatched_at: datetime | None = None
    """When it reached that unit; None with a unit means: on receipt."""
    reply: Reply | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Columns that no field takes, kept so that nothing is lost."""
