"""What became of a case: the amount recovered, the call-back and its satisfaction, and the figures over many (办理结果、回访)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Max, Q, Sum

from fangxin.cases.models import BEST, CallBack, Case, CaseQuerySet, Correction, CorrectionKind
from fangxin.cases.services import sharing
from fangxin.cases.services.mending import last_decision
from fangxin.cases.states import State
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, DomainError, NotPermitted
from fangxin.kernel.refs import Ref, ref
from fangxin.kernel.workflow import Move


def call_back(
    case: Case,
    *,
    reached: bool,
    process: int | None = None,
    result: int | None = None,
    solved: bool | None = None,
    by: Ref,
    at: datetime,
    note: str = "",
) -> CallBack:
    """Record one attempt to ask the complainant after the end (回访): how satisfied they are, and whether the matter is solved.

    Scores run from 1 to 5 and belong to a call that reached someone; there may be several attempts. By the desk or supervision,
    never by who handled or closed the case: nobody asks for marks on their own work. Raises NotPermitted for these, BadInput for
    a score that is none. Law: Order 121 Art 26.
    """
    given = (process, result, solved)
    if reached is not all(value is not None for value in given) or (not reached and any(value is not None for value in given)):
        raise BadInput(
            "cases.call_back_not_whole", "A call that reached someone has both scores and says whether it is solved; another none."
        )
    if any(score is not None and not 1 <= score <= BEST for score in (process, result)):
        raise BadInput("cases.no_such_score", "Scores run from 1 to %(best)s.", best=BEST)
    if by in handled_by(case):
        raise NotPermitted("cases.own_call_back", "Whoever handled the case does not call back on it.")
    with journal.atomic():
        sharing.hold([case])
        attempt = (CallBack.objects.filter(case=case).aggregate(last=Max("attempt"))["last"] or 0) + 1
        data = {"attempt": attempt, "reached": reached, "process": process, "result": result, "solved": solved}
        sharing.take([Move(case, {}, data)], "call_back", by=by, at=at, note=note)
        return CallBack.objects.create(
            case=case, attempt=attempt, reached=reached, process=process, result=result, solved=solved, by=by, at=at
        )


def handled_by(case: Case) -> set[Ref]:
    """Who handled the case: its officer, and whoever took the decision that closed it."""
    found = {ref("person", case.officer_id)} if case.officer_id else set()
    try:
        decision = last_decision(case)
    except DomainError:
        decision = None
    return found | ({decision.by} if decision else set())


def call_backs_of(case: Case) -> list[CallBack]:
    """The attempts, the oldest first."""
    return list(CallBack.objects.filter(case=case).order_by("attempt"))


def correct_recovery(case: Case, *, recovered_fen: int, by: Ref, at: datetime, note: str) -> None:
    """Put right what the consumer got back (更正挽回损失), in fen, with the reason; the journal keeps both amounts."""
    if recovered_fen < 0:
        raise BadInput("cases.amount_negative", "The amount is negative.")
    with journal.atomic():
        was = Case.objects.select_for_update().values_list("recovered_fen", flat=True).get(pk=case.pk)
        data = {"was_fen": was, "recovered_fen": recovered_fen}
        sharing.take([Move(case, {"recovered_fen": recovered_fen}, data)], "correct_recovery", by=by, at=at, note=note)


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of a set of closed cases: counts, from which rates are made with their n beside them; never a rate of nothing."""

    closed: int
    settled: int
    recovered_fen: int
    reopened: int
    """Cases reopened at least once, whether closed again or not."""
    called: int
    reached: int
    solved: int
    process: float | None
    """Mean score of those reached; None if nobody was."""
    result: float | None


def figures(cases: CaseQuerySet) -> Figures:
    """The figures over these cases; of several call-backs to one case the last that reached someone counts. Four queries."""
    told = cases.aggregate(
        closed=Count("pk", filter=Q(closed_at__isnull=False)),
        settled=Count("pk", filter=Q(state=State.SETTLED)),
        recovered=Sum("recovered_fen", filter=Q(closed_at__isnull=False)),
    )
    reopened = Correction.objects.filter(case__in=cases, kind=CorrectionKind.REOPENED).values("case_id").distinct().count()
    called = CallBack.objects.filter(case__in=cases)
    last = called.filter(reached=True).values("case_id").annotate(last=Max("pk")).values("last")
    answers = CallBack.objects.filter(pk__in=last).aggregate(
        reached=Count("pk"), solved=Count("pk", filter=Q(solved=True)), process=Avg("process"), result=Avg("result")
    )
    return Figures(
        closed=told["closed"],
        settled=told["settled"],
        recovered_fen=told["recovered"] or 0,
        reopened=reopened,
        called=called.values("case_id").distinct().count(),
        reached=answers["reached"],
        solved=answers["solved"],
        process=answers["process"],
        result=answers["result"],
    )
