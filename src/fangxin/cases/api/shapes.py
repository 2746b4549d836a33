"""What goes in and out of the staff API."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import (
    AwareDatetime,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapSerializer,
    WrapValidator,
)

from fangxin.cases import filings
from fangxin.cases.services.drafting import BATCH

Short = Annotated[str, Field(max_length=60)]
Line = Annotated[str, Field(max_length=300)]


EARLIEST = datetime(1949, 10, 1, tzinfo=UTC)
"""Nothing was received before; near the calendar's ends a local day can't be told."""


class Strict(Schema):
    """A mistyped name is told, not left out."""

    model_config = ConfigDict(extra="forbid")


class PersonIn(Strict):
    """One person of a filing. The first without a role is who files."""

    name: Short = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    id_type: Annotated[str, Field(max_length=40)] = ""
    id_number: Annotated[str, Field(max_length=32)] = ""
    address: Line = ""
    role: Literal["agent", "joint", "representative"] | None = None
    authority: Annotated[str, Field(max_length=300, description="For an agent: matter, powers and term (Order 121 Art 11).")] = ""


class RespondentIn(Strict):
    """The trader as stated."""

    name: Annotated[str, Field(max_length=200)] = ""
    uscc: Annotated[str, Field(max_length=32)] = ""
    address: Line = ""
    contact: Short = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    platform: Annotated[str, Field(max_length=100)] = ""


class FilingIn(Strict):
    """A complaint, report or consultation as it was made: the fields of the official forms 1 and 2."""

    channel: Literal["telephone", "window", "letter", "station", "transfer", "list"]
    narrative: Annotated[str, Field(min_length=1, max_length=100_000)]
    kind: Literal["complaint", "report", "consultation", "undetermined", "mixed"] = "undetermined"
    received_at: Annotated[AwareDatetime | None, Field(ge=EARLIEST, description="First receipt; now, if it is left out.")] = None
    outside_number: Annotated[
        str, Field(max_length=64, description="With the channel it makes the filing unique: the same again makes no second case.")
    ] = ""
    title: Annotated[str, Field(max_length=200)] = ""
    persons: Annotated[list[PersonIn], Field(max_length=51)] = []
    anonymous: bool = False
    respondent: RespondentIn = RespondentIn()
    trader: Annotated[int | None, Field(ge=1, lt=2**63, description="Key of the trader on the register, if it is known.")] = None
    request: Annotated[str, Field(max_length=2000)] = ""
    claimed_fen: Annotated[int, Field(ge=0, le=10**14)] = 0
    occurred_on: date | None = None
    place: Annotated[str, Field(max_length=100)] = ""
    goods_or_service: Annotated[str, Field(max_length=200)] = ""
    object_class: Annotated[str, Field(max_length=64)] = ""
    problem_class: Annotated[str, Field(max_length=64, description="Chosen by the consumer, never guessed.")] = ""
    field_of_law: Annotated[str, Field(max_length=32)] = ""
    consent_publish: Literal["yes", "no", "not_asked"] = "not_asked"
    consent_delegate: Literal["yes", "no", "not_asked"] = "not_asked"
    unit: Annotated[str, Field(max_length=24, description="Where it goes at once. The desk may name any unit, an officer their own.")] = ""

    def filing(self, *, at: datetime) -> filings.Filing:
        """As `receive` takes it."""
        given = self.respondent
        return filings.Filing(
            channel=filings.Channel(self.channel),
            received_at=self.received_at or at,
            narrative=self.narrative,
            outside_number=self.outside_number,
            kind=filings.Kind(self.kind),
            title=self.title,
            persons=tuple(_person(one) for one in self.persons),
            anonymous=self.anonymous,
            respondent=filings.Respondent(given.name, given.uscc, given.address, given.contact, given.phone, given.platform),
            request=self.request,
            claimed_fen=self.claimed_fen,
            occurred_on=self.occurred_on,
            place=self.place,
            goods_or_service=self.goods_or_service,
            object_class=self.object_class,
            problem_class=self.problem_class,
            field_of_law=self.field_of_law,
            consent_publish=filings.Consent(self.consent_publish),
            consent_delegate=filings.Consent(self.consent_delegate),
        )


def _person(one: PersonIn) -> filings.Person:
    role = filings.PartyRole(one.role) if one.role else None
    return filings.Person(one.name, one.phone, one.id_type, one.id_number, one.address, role, one.authority)


class BadRow:
    """A row of a batch that has not the shape of a filing; the others go in."""

    def __init__(self, error: ValidationError) -> None:
        self.errors = shown(error.errors(include_url=False, include_context=False, include_input=False))


def shown(errors: list[Any]) -> list[dict[str, Any]]:
    """Errors of shape without what was sent: that may be personal data, and answers are kept."""
    return [{"loc": [str(part) for part in one["loc"]], "type": one["type"], "msg": one["msg"]} for one in errors]


def _survive(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError as error:
        return BadRow(error)


def _plain(value: Any, handler: SerializerFunctionWrapHandler) -> Any:
    return value.errors if isinstance(value, BadRow) else handler(value)


Row = Annotated[FilingIn, WrapValidator(_survive), WrapSerializer(_plain)]
OneOrMany = Annotated[
    Annotated[FilingIn, Tag("one")] | Annotated[list[Row], Field(min_length=1, max_length=BATCH), Tag("many")],
    Discriminator(lambda value: "many" if isinstance(value, list) else "one"),
]


class Refusal(Schema):
    """Why something was refused: a stable code, a sentence in the language that was asked for, and what fills it."""

    code: str
    message: str
    params: dict[str, str] = {}


class ReceiptOut(Schema):
    """What became of one filing."""

    outcome: Literal["created", "updated", "unchanged", "refused"]
    cases: Annotated[list[str], Field(description="Numbers; two if it was split (Order 121 Art 9).")] = []
    missing: Annotated[list[str], Field(description="What the law asks for and the filing does not say.")] = []
    error: Refusal | None = None
    errors: Annotated[list[dict[str, Any]], Field(description="For a row that has not the shape of a filing.")] = []


class BatchOut(Schema):
    """What became of a batch, in its order."""

    receipts: list[ReceiptOut]


class UnitOut(Schema):
    """An office."""

    code: str
    name: str
    kind: str
    parent: str | None
    competent: str | None
    dispatchable: Annotated[bool, Field(description="Whether you may give a new filing to it.")]


class MeOut(Schema):
    """Whom the token speaks for."""

    login: str
    name: str
    office: str
    roles: list[str]
    scope: str
    expires_at: datetime


class PeriodOut(Schema):
    """One period of a case."""

    term: str
    name: str
    started_at: datetime
    due_at: datetime | None
    last_day: date | None
    late_after: date | None
    provisional: bool
    paused: bool
    stopped_at: datetime | None
    verdict: str


class PartyOut(Schema):
    """A person of a case, masked."""

    role: str
    name: str
    phone: str
    id_number: str
    address: str


class LineOut(Schema):
    """A case as a list has it."""

    number: str
    kind: str
    state: str
    channel: str
    outside_number: str
    title: str
    respondent: str
    unit: str | None
    first_received_at: datetime
    closed_at: datetime | None
    next_term: str
    next_due_at: datetime | None
    seen: Annotated[str, Field(description="Send it back with a step: if the case has moved since, the step is refused.")]


class CaseOut(LineOut):
    """A case, masked."""

    narrative: str
    request: str
    claimed_fen: int
    recovered_fen: int
    occurred_on: date | None
    place: str
    goods_or_service: str
    object_class: str
    problem_class: str
    field_of_law: str
    anonymous: bool
    consent_publish: str
    consent_delegate: str
    respondent_uscc: str
    respondent_address: str
    platform: str
    trader: int | None
    competent: str | None
    officer: str | None
    competent_received_at: datetime | None
    dispatched_at: datetime | None
    responded_at: datetime | None
    decided_at: datetime | None
    persons: list[PartyOut]
    other_numbers: list[tuple[str, str]]
    periods: list[PeriodOut]


class ListOut(Schema):
    """One page of a list, and the key of the next; empty at the end."""

    cases: list[LineOut]
    next: str


class Search(Schema):
    """The filters of the work list; each may be left out."""

    q: Annotated[str, Field(max_length=64, description="A number, ours or an outside system's.")] = ""
    due: Annotated[str, Field(description="overdue, today or nearing")] = ""
    unit: str = ""
    kind: str = ""
    state: str = ""
    term: str = ""
    channel: str = ""
    status: Annotated[str, Field(description="open, closed or all")] = ""
    order: Annotated[str, Field(description="due or newest")] = ""
    after: Annotated[str, Field(description="`next` of the page before")] = ""


class FieldOut(Schema):
    """One field of a step's form."""

    name: str
    label: str
    type: str
    required: bool
    choices: list[tuple[str, str]] = []
    max_length: int | None = None
    help: str = ""


class ActOut(Schema):
    """Something that can be done with a case now, by you."""

    name: str
    label: str
    law: str
    effects: list[str]
    fields: list[FieldOut]


class ActsOut(Schema):
    """Everything that can be done now, and the key of what was seen."""

    seen: str
    acts: list[ActOut]


class ActIn(Strict):
    """A step: its fields, and the `seen` of the case that it was decided upon."""

    fields: dict[str, str | int | bool | list[str] | None] = {}
    seen: str | None = None


class ActDone(Schema):
    """The step is done; `case` is as it stands now, or null if it has left your sight."""

    done: str
    case: CaseOut | None
