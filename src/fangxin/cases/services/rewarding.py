"""The note on a reporter's reward (举报奖励): whether one is due, what it comes to, told and claimed. Nothing is paid here."""

from datetime import datetime

from django.db import IntegrityError, transaction

from fangxin.cases import rewards
from fangxin.cases.models import Case, Reward, RewardGround
from fangxin.cases.services import sharing, telling
from fangxin.clocks.rules import local_date
from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, IllegalStep
from fangxin.kernel.refs import Ref
from fangxin.kernel.workflow import Move


def note_reward(
    case: Case, *, by: Ref, at: datetime, note: str = "", ground: str = "", grade: int | None = None, base_fen: int = 0
) -> Reward:
    """Record whether the reporter is to be rewarded, and what that comes to, under the rule in force on the day (奖励认定).

    With a `ground` there is no reward; else `grade` and `base_fen` (fine and confiscation) give the amount. Amounts in fen. Why there
    is none stays out of the journal. Raises IllegalStep for a report that nobody can be rewarded for, or one that has its note.
    Law: Order 121 Art 36, 国市监稽规〔2021〕4号.
    """
    if ground and ground not in RewardGround.values:
        raise BadInput("cases.no_such_ground", "There is no such ground: %(ground)s.", ground=ground)
    if not ground and not telling.reachable(case):
        raise IllegalStep("cases.nobody_to_reward", "Nobody is known who could be rewarded.")
    if not ground and case.ground not in {"penalty", "criminal"}:
        raise IllegalStep(
            "cases.not_proven", "Only a report that proved true and was concluded with a penalty or a criminal case is rewarded."
        )
    rule = rewards.rule_on(local_date(at))
    if not ground and grade is None:
        raise BadInput("cases.reward_input", "A reward needs one of the grades and an amount that is not negative.")
    amount = 0 if ground or grade is None else rule.amount(grade, base_fen)
    with journal.atomic():
        move = Move(case, {}, {"stage": "noted", "eligible": not ground, "amount_fen": amount})
        sharing.take([move], "reward", by=by, at=at, note=note)
        try:
            with transaction.atomic():
                return Reward.objects.create(
                    case=case, rule=rule.id, eligible=not ground, ground=ground, grade=None if ground else grade,
                    base_fen=base_fen, amount_fen=amount, by=by, at=at,
                )  # fmt: skip
        except IntegrityError as error:
            raise IllegalStep("cases.reward_noted", "There is a note on the reward already.") from error


def tell_reward(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """The reporter was told of the reward (奖励告知)."""
    _follow(case, "told", by=by, at=at, note=note)


def claim_reward(case: Case, *, by: Ref, at: datetime, note: str = "") -> None:
    """The reporter has claimed the reward (领取奖励); who and to which account is not kept here."""
    _follow(case, "claimed", by=by, at=at, note=note)


def _follow(case: Case, stage: str, *, by: Ref, at: datetime, note: str) -> None:
    with journal.atomic():
        due = Reward.objects.filter(case=case, eligible=True)
        fresh = due.filter(told_at__isnull=True) if stage == "told" else due.filter(told_at__isnull=False, claimed_at__isnull=True)
        if fresh.update(**{f"{stage}_at": at}) != 1:
            raise IllegalStep("cases.no_reward_step", "There is no reward that this could be recorded for now.")
        reward = due.get()
        move = Move(case, {}, {"stage": stage, "eligible": True, "amount_fen": reward.amount_fen})
        sharing.take([move], "reward", by=by, at=at, note=note)
