"""Questions of ODR's pages: inbox, performance, and whom to invite."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from fangxin.accounts.models import Person
from fangxin.cases.models import Case, Kind
from fangxin.cases.states import CLOSED_STATES, State
from fangxin.kernel import permits
from fangxin.odr.models import Dispute, Enterprise, Message
from fangxin.odr.states import Answered, DisputeState, MessageKind
from fangxin.registry.models import Trader, TraderStatus

YEAR = timedelta(days=365)
RECENT = timedelta(days=90)
FEWEST_DISPUTES = 5
"""A rate of fewer than these says nothing, and is not shown."""
FEWEST_COMPLAINTS = 3
"""A trader with fewer complaints in twelve months is not on the list of those to invite."""


def open_offers(disputes: Iterable[Dispute]) -> Mapping[int, Message]:
    """The offer that stands open in each of these disputes, by the dispute's key; one query."""
    found = Message.objects.filter(dispute__in=[one.pk for one in disputes], kind=MessageKind.OFFER, answered=Answered.OPEN)
    return {one.dispute_id: one for one in found}


def said_in(dispute: Dispute) -> Sequence[Message]:
    """Everything said in a dispute, the oldest first."""
    return list(Message.objects.filter(dispute=dispute).order_by("pk"))


# --- performance -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Performance:
    """How an enterprise, or all of them, did with the disputes that reached it in twelve months (ODR履约情况).

    A rate is None where its base is below `FEWEST_DISPUTES`. `answered` counts first answers before the period's end among disputes
    that are answered or whose period is over; `settled` counts settlements among those that ended by settlement or without agreement.
    What ended otherwise (case closed, taken back, withdrawn) counts nowhere.
    """

    disputes: int
    running: int
    answerable: int
    answered: int
    decided: int
    settled: int
    settled_days: float | None
    ratings: int
    rating: float | None
    settled_fen: int
    since: datetime
    until: datetime

    @property
    def answered_rate(self) -> float | None:
        """Share answered in time, in percent."""
        return _rate(self.answered, self.answerable)

    @property
    def settled_rate(self) -> float | None:
        """Share settled, in percent."""
        return _rate(self.settled, self.decided)


def _rate(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole >= FEWEST_DISPUTES else None


def performance(found: QuerySet[Dispute], *, now: datetime) -> Performance:
    """The figures of a set of disputes as of `now`; one query."""
    since = now - YEAR
    other = Q(state=DisputeState.ENDED)
    settled = Q(state=DisputeState.SETTLED)
    took = ExpressionWrapper(F("ended_at") - F("opened_at"), output_field=DurationField())
    row = (
        found.filter(opened_at__gte=since, opened_at__lte=now)
        .order_by()
        .aggregate(
            n=Count("pk"),
            running=Count("pk", filter=Q(ended_at__isnull=True)),
            answerable=Count("pk", filter=~other & (Q(answered_at__isnull=False) | Q(ended_at__isnull=False) | Q(due_at__lte=now))),
            answered=Count("pk", filter=~other & Q(answered_at__lt=F("due_at"))),
            decided=Count("pk", filter=~other & Q(ended_at__isnull=False)),
            settled=Count("pk", filter=settled),
            took=Avg(took, filter=settled),
            ratings=Count("rating"),
            rating=Avg("rating"),
            fen=Sum("settled_fen", filter=settled),
        )
    )
    enough = row["settled"] >= FEWEST_DISPUTES
    return Performance(
        disputes=row["n"],
        running=row["running"],
        answerable=row["answerable"],
        answered=row["answered"],
        decided=row["decided"],
        settled=row["settled"],
        settled_days=round(row["took"].total_seconds() / 86400, 1) if enough and row["took"] is not None else None,
        ratings=row["ratings"],
        rating=round(row["rating"], 1) if row["ratings"] >= FEWEST_DISPUTES else None,
        settled_fen=row["fen"] or 0,
        since=since,
        until=now,
    )


# --- whom to invite ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trader that should be invited into ODR, with what speaks for it."""

    trader: Trader
    complaints: int
    unsettled: int
    open: int
    recent: int
    repeated: int
    last: datetime

    @property
    def score(self) -> int:
        """What the list is ranked by: each complaint counts 1, each that ended without agreement 2 more, each open, recent or repeated one 1 more."""
        return score(self.complaints, self.unsettled, self.open, self.recent, self.repeated)

    @property
    def reasons(self) -> list[str]:
        """The same in words."""
        found = [_("%(n)s complaints in 12 months") % {"n": self.complaints}]
        for number, text in (
            (self.unsettled, _("%(n)s ended without agreement")),
            (self.open, _("%(n)s open")),
            (self.recent, _("%(n)s in the last 90 days")),
            (self.repeated, _("%(n)s about a problem complained of before")),
        ):
            if number:
                found.append(text % {"n": number})
        return found


def score(complaints: int, unsettled: int, open_now: int, recent: int, repeated: int) -> int:
    """How much speaks for inviting a trader (排序分)."""
    return complaints + 2 * unsettled + open_now + recent + repeated


def to_invite(person: Person, *, now: datetime, start: int = 0, size: int = 50) -> tuple[list[Candidate], int]:
    """Traders not yet in ODR, ranked by their complaints of twelve months (拟邀请企业名单), and how many there are in all.

    Counted are complaints alone, never a report, and only those that the person may see. Two queries and the person's roles, however many.
    """
    complaints = permits.rows(
        person,
        "view",
        Case.objects.filter(trader__isnull=False, kind=Kind.COMPLAINT, first_received_at__gte=now - YEAR).exclude(
            trader__status__in=(TraderStatus.DEREGISTERED, TraderStatus.REVOKED)
        ),
    )
    without = Q(state=State.TERMINATED) & ~Q(ground="1")  # Art 23(1): they settled, or it was withdrawn
    grouped = (
        complaints.order_by()
        .values("trader_id")
        .annotate(
            n=Count("pk"),
            unsettled=Count("pk", filter=without),
            open_now=Count("pk", filter=~Q(state__in=CLOSED_STATES)),
            recent=Count("pk", filter=Q(first_received_at__gte=now - RECENT)),
            classed=Count("pk", filter=~Q(problem_class="")),
            classes=Count("problem_class", distinct=True, filter=~Q(problem_class="")),
            last=Max("first_received_at"),
        )
        .filter(n__gte=FEWEST_COMPLAINTS)
        .exclude(trader_id__in=Enterprise.objects.live().values("trader_id"))
        .values_list("trader_id", "n", "unsettled", "open_now", "recent", "classed", "classes", "last")
    )
    rows = sorted(
        ((score(n, unsettled, open_now, recent, classed - classes), last, pk, n, unsettled, open_now, recent, classed - classes)
         for pk, n, unsettled, open_now, recent, classed, classes, last in grouped),
        key=lambda row: (-row[0], -row[1].timestamp(), row[2]),
    )  # fmt: skip
    traders = Trader.objects.select_related("division").in_bulk([row[2] for row in rows[start : start + size]])
    page = [
        Candidate(traders[pk], n, unsettled, open_now, recent, repeated, last)
        for _score, last, pk, n, unsettled, open_now, recent, repeated in rows[start : start + size]
    ]
    return page, len(rows)
