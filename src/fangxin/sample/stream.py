"""The sample city as iterators: nothing is kept that grows with the number of filings, except what was planted."""

from bisect import bisect
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from fangxin.cases.filings import Channel, Consent, Filing, Kind, PartyRole, Person, Respondent
from fangxin.kernel.errors import BadInput
from fangxin.sample import matters
from fangxin.sample.bursts import Burst, plan_bursts
from fangxin.sample.days import HOURS, counts
from fangxin.sample.matters import Dice, Matter
from fangxin.sample.names import FEWEST_TRADERS, SampleTrader, citizen, id_number, index_in_line, make_trader
from fangxin.sample.outcomes import SHANGHAI, Bureau, Outcome
from fangxin.sample.places import CITY, Office, offices
from fangxin.sample.vocabulary import LINES

KINDS = {Kind.COMPLAINT: 14_230, Kind.REPORT: 4_474, Kind.CONSULTATION: 26_249}
"""Complaints, reports and consultations of a year of a comparable city (2024): the mix."""
TRADERS_PER_CASE = 532_000 / 174_000
MOST_TRADERS = 532_000
DUPLICATES = {"same_person_and_facts": 0.010, "same_text": 0.006, "other_channel": 0.008}
"""Share of each kind of duplicate among complaints and reports."""
CONSENTS = (Consent.YES, Consent.YES, Consent.YES, Consent.NO, Consent.NOT_ASKED)

_KINDS = tuple(KINDS)
_KIND_BOUNDS = tuple(accumulate(KINDS.values()))
# Telephone, internet, entry by staff: of complaints 6,658, 7,247 and 255; of all 74.5, 24.23 and 0.87 per cent, and what is left of these.
_PHONE = ((Channel.HOTLINE_12345, 0.93), (Channel.TELEPHONE, 0.07))
_INTERNET = ((Channel.PLATFORM_12315, 0.90), (Channel.WEB, 0.06), (Channel.ODR, 0.04))
_STAFF = ((Channel.WINDOW, 0.40), (Channel.LETTER, 0.15), (Channel.STATION, 0.30), (Channel.TRANSFER, 0.15))
_ACCESS = {
    Kind.COMPLAINT: (0.470, 0.512, 0.018),
    Kind.REPORT: (0.873, 0.119, 0.008),
    Kind.CONSULTATION: (0.873, 0.119, 0.008),
}


def _channels(kind: Kind) -> tuple[tuple[Channel, ...], tuple[float, ...]]:
    shares = [
        (channel, whole * part) for whole, way in zip(_ACCESS[kind], (_PHONE, _INTERNET, _STAFF), strict=True) for channel, part in way
    ]
    if kind is not Kind.COMPLAINT:
        shares = [(Channel.WEB if channel is Channel.ODR else channel, share) for channel, share in shares]
    return tuple(channel for channel, _ in shares), tuple(accumulate(share for _, share in shares))


_CHANNELS = {kind: _channels(kind) for kind in _KINDS}
_LINE_BOUNDS = tuple(accumulate(line.share for line in LINES))
_HOUR_BOUNDS = tuple(accumulate(HOURS))
_SERIAL_PEOPLE = 40
"""How many people live on complaining (职业索赔), at most."""
_PREFIX = {
    Channel.TELEPHONE: "T",
    Channel.WEB: "W",
    Channel.WINDOW: "C",
    Channel.LETTER: "X",
    Channel.STATION: "Z",
    Channel.ODR: "ODR",
    Channel.TRANSFER: "YS",
}
_ROLES = {Kind.REPORT: PartyRole.REPORTER, Kind.CONSULTATION: PartyRole.INQUIRER}
_STATED = {Kind.COMPLAINT: "投诉", Kind.REPORT: "举报", Kind.CONSULTATION: "咨询"}
_REMEMBERED = 512
_REPEATED_WITHIN = 25  # days
_DUPLICATE_KINDS = tuple(DUPLICATES)
_DUPLICATES_UPTO = tuple(accumulate(DUPLICATES.values()))


@dataclass(frozen=True, slots=True)
class Member:
    """One row of `people.csv`: an officer and the roles in that office."""

    login: str
    name: str
    office: str
    roles: tuple[str, ...]


@dataclass(slots=True)
class City:
    """Offices, people and as many traders as asked for; traders are computed when they are looked at."""

    seed: int
    offices: list[Office]
    people: list[Member]

    def traders(self, number: int) -> Iterator[SampleTrader]:
        """The first traders of the register."""
        return (make_trader(self.seed, index) for index in range(number))


def city(seed: int) -> City:
    """The sample city: every office, and people in every role."""
    places = offices()
    people: list[Member] = []

    def add(login: str, office: Office, *roles: str) -> None:
        people.append(Member(login, citizen(seed, 900_000_000 + len(people)).name, office.code, roles))

    for office in places:
        if office.kind == "city_amr":
            for n in range(1, 5):
                add(f"desk-{n}", office, "city_desk")
            add("officer-city", office, "officer", "mediator")
            add("supervisor", office, "supervisor")
            add("publisher", office, "publisher")
            add("evaluator", office, "evaluator")
            add("auditor", office, "auditor")
            add("admin", office, "administrator")
        elif office.kind == "association":
            add("mediator-ca-1", office, "mediator")
            add("mediator-ca-2", office, "mediator")
        elif office.kind == "township_office":
            add(f"officer-{office.code}", office, "officer", "mediator")
        else:
            add(f"officer-{office.code}-1", office, "officer")
            add(f"officer-{office.code}-2", office, "officer", "mediator")
            add(f"supervisor-{office.code}", office, "supervisor")
            add(f"publisher-{office.code}", office, "publisher")
    return City(seed, places, people)


@dataclass(slots=True)
class Duplicate:
    """A planted duplicate: this filing says what that one said. Both are `channel:number`."""

    kind: str
    number: str
    of: str


@dataclass(slots=True)
class Truth:
    """What was planted, complete when the stream has ended."""

    bursts: list[Burst] = field(default_factory=list)
    duplicates: list[Duplicate] = field(default_factory=list)
    serial_claimants: dict[str, int] = field(default_factory=dict)
    """How many filings came from each telephone number of somebody who lives on complaints."""


def usual_traders(cases: int, since: date, until: date) -> int:
    """How many traders a city has that gets so many filings in that time."""
    years = max(1.0, ((until - since).days + 1) / 365.25)
    return max(FEWEST_TRADERS, min(MOST_TRADERS, round(cases / years * TRADERS_PER_CASE)))


def filings(
    cases: int, since: date, until: date, seed: int, *, traders: int | None = None, truth: Truth | None = None
) -> Iterator[tuple[Filing, Outcome]]:
    """`cases` filings between the two days (both included), in the order of receipt, each with what became of it.

    A filing holds what its channel's export would: a hotline order no class and mostly no kind. `truth` is filled on the way.
    Equal arguments give equal filings. Raises BadInput for a time that ends before it begins.
    """
    return _Stream(cases, since, until, seed, traders=traders, truth=truth if truth is not None else Truth()).run()


class _Stream:
    def __init__(self, cases: int, since: date, until: date, seed: int, *, traders: int | None, truth: Truth) -> None:
        if until < since or cases < 0:
            raise BadInput("sample.range", "A sample needs a number of cases and a last day that is not before the first.")
        self._cases, self._since, self._until, self._seed = cases, since, until, seed
        self._traders = max(traders if traders is not None else usual_traders(cases, since, until), FEWEST_TRADERS)
        self._truth = truth
        self._dice = Dice(f"fangxin sample {seed} {cases} {since} {until}")
        self._people = max(50, cases * 3)
        self._serial = min(_SERIAL_PEOPLE, cases // 100)
        self._bureau = Bureau(Dice(f"fangxin bureau {seed} {cases} {since} {until}"), datetime.combine(until, time(23, 59, 59), SHANGHAI))
        self._told: deque[tuple[Matter, Filing, date]] = deque(maxlen=_REMEMBERED)
        self._remember = min(1.0, _REMEMBERED * ((until - since).days + 1) / max(1, _REPEATED_WITHIN * cases * 0.4))
        self._today: dict[Channel, int] = {}
        self._stamp = ""

    def run(self) -> Iterator[tuple[Filing, Outcome]]:
        bursts = plan_bursts(self._dice, self._seed, cases=self._cases, since=self._since, until=self._until, traders=self._traders)
        self._truth.bursts.extend(bursts)
        planted = sum(sum(burst.day_counts.values()) for burst in bursts)
        for day, ordinary in counts(self._cases - planted, self._since, self._until, self._seed):
            self._today.clear()
            self._stamp = day.strftime("%Y%m%d")
            plan: list[tuple[int, int]] = [(self._second(), -1) for _ in range(ordinary)]
            for n, burst in enumerate(bursts):
                plan += [(self._second(), n) for _ in range(burst.day_counts.get(day, 0))]
            plan.sort()
            midnight = datetime.combine(day, time(), SHANGHAI)
            for second, n in plan:
                yield self._one(midnight + timedelta(seconds=second), bursts[n] if n >= 0 else None)

    def _second(self) -> int:
        hour = self._dice.weighted(_HOUR_BOUNDS)
        return hour * 3600 + self._dice.below(3600)

    def _one(self, received: datetime, burst: Burst | None) -> tuple[Filing, Outcome]:
        dice, day = self._dice, received.date()
        duplicate, of, copied = "", None, None
        if burst:
            matter = burst.matter(dice, self._seed, dice.below(self._people), self._traders, day)
        else:
            kind = _KINDS[dice.weighted(_KIND_BOUNDS)]
            if kind is not Kind.CONSULTATION:
                duplicate, of, copied = self._repeated(day)
            matter = of or self._matter(kind, day)
        channel = self._channel(matter, duplicate, copied)
        number = self._number(channel)
        filing = self._filing(matter, channel, number, received, copied if duplicate == "same_text" else None)
        if (
            duplicate == "other_channel"
            and copied
            and channel is Channel.HOTLINE_12345
            and copied.channel is Channel.PLATFORM_12315
            and dice.chance(0.5)
        ):
            filing = replace(filing, other_numbers=((Channel.PLATFORM_12315, copied.outside_number),))
        key = f"{channel.value}:{number}"
        first = f"{copied.channel.value}:{copied.outside_number}" if copied else ""
        if copied:
            self._truth.duplicates.append(Duplicate(duplicate, key, first))
        elif burst:
            burst.members.append(key)
        elif matter.kind is not Kind.CONSULTATION and not matter.elsewhere and matter.person >= 0 and dice.chance(self._remember):
            self._told.append((matter, filing, day))
        serial = matter.person >= self._people
        if serial:
            phone = matter.citizen.phone
            self._truth.serial_claimants[phone] = self._truth.serial_claimants.get(phone, 0) + 1
        return filing, self._bureau.handle(matter, channel, number, received, first, serial=serial)

    def _repeated(self, day: date) -> tuple[str, Matter | None, Filing | None]:
        """Now and then something that was already told in the last weeks, and how it is repeated."""
        roll = self._dice.random()
        if roll >= _DUPLICATES_UPTO[-1]:
            return "", None, None
        while self._told and (day - self._told[0][2]).days > _REPEATED_WITHIN:
            self._told.popleft()
        if not self._told:
            return "", None, None
        matter, filing, _ = self._told[self._dice.below(len(self._told))]
        return _DUPLICATE_KINDS[bisect(_DUPLICATES_UPTO, roll)], matter, filing

    def _matter(self, kind: Kind, day: date) -> Matter:
        dice, seed = self._dice, self._seed
        person = dice.below(self._people)
        if kind is Kind.CONSULTATION:
            return matters.consultation(dice, seed, person, day)
        line = dice.weighted(_LINE_BOUNDS)
        if kind is Kind.REPORT:
            which = matters.offence(dice)
            lines = matters.OFFENCE_LINES[which]
            if lines:
                line = dice.pick(lines)
            if dice.chance(0.22):
                person = -1
            elif self._serial and dice.chance(0.2):
                person = self._people + int(self._serial * dice.random() ** 2)
            return matters.report(dice, seed, person, self._trader(line), line=line, day=day, which=which)
        if self._serial and LINES[line].group == "food" and dice.chance(0.08):
            person = self._people + int(self._serial * dice.random() ** 2)
        matter = matters.complaint(dice, seed, person, self._trader(line), line=line, day=day)
        if dice.chance(0.025):
            return replace(matter, elsewhere=True)
        return replace(matter, kind=Kind.MIXED) if dice.chance(0.02) else matter

    def _trader(self, line: int) -> int:
        return index_in_line(line, self._traders, self._dice.random(), self._dice.random())

    def _channel(self, matter: Matter, duplicate: str, copied: Filing | None) -> Channel:
        if duplicate == "other_channel" and copied:
            return Channel.HOTLINE_12345 if copied.channel is not Channel.HOTLINE_12345 else Channel.PLATFORM_12315
        channels, bounds = _CHANNELS[Kind.COMPLAINT if matter.kind is Kind.MIXED else matter.kind]
        if matter.text:  # who copies a text pastes it
            return self._dice.pick((Channel.PLATFORM_12315, Channel.PLATFORM_12315, Channel.WEB, Channel.HOTLINE_12345))
        return channels[self._dice.weighted(bounds)]

    def _number(self, channel: Channel) -> str:
        serial = self._today[channel] = self._today.get(channel, 0) + 1
        if channel is Channel.HOTLINE_12345:
            return f"JN{self._stamp}{serial:05d}"
        if channel is Channel.PLATFORM_12315:
            # Scattered, as numbers of a national platform are; the factor is prime to 10, so none comes twice.
            return f"1{CITY}00{self._stamp}{serial * 61_403_717 % 100_000_000:08d}"
        return f"{_PREFIX[channel]}{self._stamp}-{serial:04d}"

    def _filing(self, matter: Matter, channel: Channel, number: str, received: datetime, same_text: Filing | None) -> Filing:
        dice = self._dice
        hotline = channel in (Channel.HOTLINE_12345, Channel.TELEPHONE, Channel.TRANSFER)
        narrative = same_text.narrative if same_text else matters.told(dice, matter, received.date(), hotline=hotline)
        if channel is Channel.HOTLINE_12345:
            return self._order(matter, number, received, narrative)
        shop = matter.respondent if matter.trader >= 0 else None
        person = matter.citizen
        anonymous = matter.person < 0
        form = channel is Channel.PLATFORM_12315 or dice.chance(0.5)
        persons = () if anonymous else (
            Person(
                name=person.name,
                phone=person.phone,
                id_type="居民身份证" if form else "",
                id_number=id_number(self._seed, matter.person) if form else "",
                address=person.address,
                role=_ROLES.get(matter.kind, PartyRole.COMPLAINANT),
            ),
        )  # fmt: skip
        asked = matter.kind in (Kind.COMPLAINT, Kind.MIXED)
        classed = asked or matter.kind is Kind.REPORT
        # The platform's export can't say that a complaint also reports.
        kind = Kind.COMPLAINT if matter.kind is Kind.MIXED and channel is Channel.PLATFORM_12315 else matter.kind
        return Filing(
            channel=channel,
            received_at=received.astimezone(UTC),
            narrative=narrative,
            outside_number=number,
            kind=kind,
            title="" if channel is Channel.PLATFORM_12315 else matters.title(dice, matter),
            persons=persons,
            anonymous=anonymous,
            respondent=self._respondent(shop),
            request=matter.request if classed else "",
            claimed_fen=matter.amount * 100 if asked else 0,
            occurred_on=matter.occurred_on if classed else None,
            place=shop.place.county_name if shop and channel is not Channel.PLATFORM_12315 and dice.chance(0.8) else "",
            goods_or_service=matter.item if classed else "",
            object_class=LINES[matter.line].name if classed else "",
            problem_class=matter.problem,
            field_of_law=matter.law if channel is not Channel.PLATFORM_12315 else "",
            consent_publish=dice.pick(CONSENTS) if asked else Consent.NOT_ASKED,
            consent_delegate=dice.pick(CONSENTS) if asked else Consent.NOT_ASKED,
        )

    def _respondent(self, shop: SampleTrader | None) -> Respondent:
        if shop is None:
            return Respondent()
        dice = self._dice
        return Respondent(
            name=shop.name if dice.chance(0.8) else shop.short,
            uscc=shop.uscc if dice.chance(0.55) else "",
            address=shop.address if dice.chance(0.7) else matters.where(dice, shop),
            contact=shop.contact if dice.chance(0.4) else "",
            phone=shop.phone if dice.chance(0.5) else "",
            platform=shop.platform,
        )

    def _order(self, matter: Matter, number: str, received: datetime, narrative: str) -> Filing:
        """A hotline order: the kind is rarely stated, the class never."""
        dice = self._dice
        shop = matter.respondent if matter.trader >= 0 else None
        person = matter.citizen
        secret = matter.person < 0
        stated = _STATED.get(matter.kind, "") if dice.chance(0.3) else ""
        roll = dice.random()
        place = shop.place if shop else None
        return Filing(
            channel=Channel.HOTLINE_12345,
            received_at=received.astimezone(UTC),
            narrative=narrative,
            outside_number=number,
            kind=matter.kind if stated else Kind.UNDETERMINED,
            title=matters.title(dice, matter),
            persons=() if secret else (Person(name=person.name, phone=person.phone, address=person.address if dice.chance(0.6) else ""),),
            anonymous=secret,
            respondent=Respondent(
                name="" if roll < 0.06 else shop.name if roll < 0.35 else shop.short,
                address=matters.where(dice, shop) if dice.chance(0.85) else "",
            )
            if shop
            else Respondent(),
            place=(place.stated_as[0] if roll < 0.02 and place.stated_as else place.county_name) if place and roll < 0.92 else "",
            consent_publish=dice.pick(CONSENTS) if stated == "投诉" else Consent.NOT_ASKED,
            consent_delegate=dice.pick(CONSENTS) if stated == "投诉" else Consent.NOT_ASKED,
        )
