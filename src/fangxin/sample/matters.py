"""What happened to somebody, and the many ways to tell it: one `Matter` can be told twice without the same words."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

from fangxin.cases.filings import Kind
from fangxin.sample import vocabulary as v
from fangxin.sample.names import Citizen, SampleTrader, citizen, trader

T = TypeVar("T")

_OFFENCE_BOUNDS = tuple(accumulate(offence.share for offence in v.OFFENCES))
_LINES_OF = {group: tuple(n for n, line in enumerate(v.LINES) if group in ("", line.group)) for group in ("", "food", "goods", "service")}
OFFENCE_LINES = tuple(tuple(n for n, line in enumerate(v.LINES) if line.name in offence.lines) for offence in v.OFFENCES)
"""Indexes of the lines of trade that a class of reports is confined to; empty: any."""
_PROBLEM_BOUNDS = {group: tuple(accumulate(mix)) for group, mix in v.PROBLEM_MIX.items()}
_BUY = {
    "food": ("购买", "选购", "买"),
    "catering": ("消费", "预订"),
    "goods": ("购买", "订购", "选购"),
    "service": ("办理", "购买", "预订"),
}
_BUY_ONLINE = ("网购", "下单购买", "在平台购买")
_PLEAS = (
    "希望相关部门尽快核实处理并予以回复，谢谢。",
    "请工作人员尽快联系处理，并将处理结果告知。",
    "望市场监管部门高度重视，维护消费者合法权益。",
)
SHORTEST, LONGEST = 60, 220
"""Characters of a narrative."""


class Dice:
    """Choices from one seeded stream; only `random()` of the standard generator is used, which is the same on every Python."""

    __slots__ = ("random",)

    def __init__(self, seed: str) -> None:
        self.random = Random(seed).random

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return options[int(self.random() * len(options))]

    def below(self, n: int) -> int:
        """A number from 0 to n - 1."""
        return int(self.random() * n)

    def weighted(self, bounds: Sequence[float]) -> int:
        """An index, by accumulated weights."""
        return min(bisect(bounds, self.random() * bounds[-1]), len(bounds) - 1)

    def chance(self, share: float) -> bool:
        """True that often."""
        return self.random() < share


@dataclass(slots=True)
class Matter:
    """The facts of one filing, before they are words."""

    kind: Kind
    seed: int
    person: int
    """Index of the citizen; -1 for an anonymous report."""
    trader: int
    """Index of the trader; -1 if none is concerned."""
    line: int
    item: str
    amount: int
    """Yuan."""
    occurred_on: date
    problem: str
    """Problem class of a complaint, class of a report, empty for a consultation."""
    defect: str
    excuse: str
    request: str
    """What is asked for; of a consultation, what it is about."""
    law: str = ""
    elsewhere: bool = False
    """Not a matter of market supervision."""
    text: str = ""
    """A text that is told word for word."""

    @property
    def citizen(self) -> Citizen:
        """Who files."""
        return citizen(self.seed, max(self.person, 0))

    @property
    def respondent(self) -> SampleTrader:
        """Who is complained of; only if `trader` is not -1."""
        return trader(self.seed, self.trader)


def _for(phrases: dict[str, tuple[str, ...]], problem: str, group: str) -> tuple[str, ...]:
    return phrases.get(f"{problem}·{group}") or phrases.get(problem) or phrases[""]


def complaint(dice: Dice, seed: int, person: int, trader_index: int, *, line: int, day: date, problem: str = "") -> Matter:
    """A dispute about something bought in that line of trade, some days before `day`."""
    trade = v.LINES[line]
    name, low, high = dice.pick(trade.items)
    amount = int(low * (high / low) ** dice.random())
    amount = amount if amount < 100 else round(amount, -1 if amount < 2000 else -2)
    problem = problem or v.PROBLEMS[dice.weighted(_PROBLEM_BOUNDS[trade.group])]
    small, large = dice.below(5) + 2, dice.below(24) + 3
    own = trade.defects.get(problem)
    defect = dice.pick(own if own and dice.chance(0.7) else _for(v.DEFECTS, problem, trade.group))
    return Matter(
        kind=Kind.COMPLAINT,
        seed=seed,
        person=person,
        trader=trader_index,
        line=line,
        item=name,
        amount=amount,
        occurred_on=day - timedelta(min(int(dice.random() ** 3 * 60), 59)),
        problem=problem,
        defect=defect.format(item=name, n=large, m=small, low=low),
        excuse=dice.pick(v.EXCUSES).format(m=small),
        request=dice.pick(_for(v.REQUESTS, problem, trade.group)).format(item=name, amount=amount),
    )


def offence(dice: Dice) -> int:
    """Index of a class of reports."""
    return dice.weighted(_OFFENCE_BOUNDS)


def report(dice: Dice, seed: int, person: int, trader_index: int, *, line: int, day: date, which: int) -> Matter:
    """A clue to a violation (举报) of the class with that index."""
    base = complaint(dice, seed, person, trader_index, line=line, day=day, problem="其他投诉问题")
    kind = v.OFFENCES[which]
    fact = dice.pick(kind.facts).format(item=base.item)
    return Matter(
        kind=Kind.REPORT,
        seed=seed,
        person=person,
        trader=trader_index,
        line=line,
        item=base.item,
        amount=base.amount,
        occurred_on=base.occurred_on,
        problem=kind.name,
        defect=fact,
        excuse=base.excuse,
        request="依法查处",
        law=kind.law,
    )


def _day(dice: Dice, day: date, told_on: date) -> str:
    days = (told_on - day).days
    style = dice.below(4)
    if days == 0:
        return dice.pick(("今天", "今日", f"{day.month}月{day.day}日"))
    if days == 1 and style:
        return dice.pick(("昨天", "昨天下午", "昨晚"))
    if style == 0 or day.year != told_on.year:
        return f"{day.year}年{day.month}月{day.day}日"
    if style == 1:
        return f"{day.month}月{day.day}日{dice.pick(('上午', '下午', '晚上', '左右'))}"
    return f"{day.month}月{day.day}日"


def where(dice: Dice, shop: SampleTrader) -> str:
    """The trader's place as somebody tells it: full, short, with the district's old name, or without a district."""
    place = shop.place
    roll = dice.random()
    if roll < 0.35:
        return f"济宁市{place.county_name}{place.town}{shop.spot}"
    if roll < 0.65:
        return f"{place.county_name}{shop.spot}"
    if roll < 0.78:
        return f"{place.county_name}{place.town}{shop.spot}"
    if roll < 0.84 and place.stated_as:
        return f"{place.stated_as[0]}{shop.spot}"
    if roll < 0.93:
        return f"{place.town}{shop.spot}"
    return shop.spot


def told(dice: Dice, matter: Matter, told_on: date, *, hotline: bool) -> str:
    """The narrative: by the hotline's clerk or in the person's own words, 60 to 220 characters."""
    if matter.text:
        return matter.text
    if matter.trader < 0:
        return _question(dice, matter, told_on)
    shop = matter.respondent
    trade = v.LINES[matter.line]
    person = matter.citizen
    online = shop.platform and dice.chance(0.7)
    if matter.elsewhere:
        body = dice.pick(v.ELSEWHERE)
    elif matter.kind is Kind.REPORT:
        body = dice.pick(v.REPORT_BODIES)
    else:
        body = dice.pick(v.HOTLINE_BODIES if hotline else v.OWN_BODIES)
    values = {
        "when": _day(dice, matter.occurred_on, told_on),
        "where": where(dice, shop),
        "shop": f"{shop.platform}“{shop.short}”店铺" if online else shop.name if dice.chance(0.25) else shop.short,
        "buy": dice.pick(_BUY_ONLINE if online else _BUY[trade.group]),
        "item": matter.item,
        "amount": matter.amount,
        "defect": matter.defect,
        "defect_long": matter.defect,
        "fact": matter.defect,
        "excuse": matter.excuse,
        "request": matter.request,
        "pay": dice.pick(v.PAYS),
        "home": person.estate,
        "quote": dice.pick(v.QUOTES),
        "n": dice.below(24) + 3,
        "m": dice.below(4) + 2,
    }
    text = body.format_map(values).replace("”“", "“")
    if matter.kind is Kind.MIXED:
        text += dice.pick(v.MIXED_TAILS).format(fact=dice.pick(v.OFFENCES[2].facts))
    if matter.person >= 0 and dice.chance(0.16):
        text += dice.pick(v.CONTACTS).format(phone=person.phone, name=person.name, shop_phone=shop.phone, surname=shop.contact[0])
    if len(text) < SHORTEST or (len(text) < 150 and dice.chance(0.12)):
        text += dice.pick(_PLEAS)
    return text[:LONGEST]


def _question(dice: Dice, matter: Matter, told_on: date) -> str:
    person = matter.citizen
    text = dice.pick(v.ASKS) + dice.pick(v.BACKGROUNDS) + matter.defect + dice.pick(v.FOLLOW_UPS)
    if dice.chance(0.5):
        text += dice.pick(v.FOLLOW_UPS)
    text = text.format(
        trade=dice.pick(v.LINES[matter.line].suffixes).removesuffix("有限公司"),
        town=person.place.town,
        county=person.place.county_name,
        item=matter.item,
        amount=matter.amount,
        n=dice.below(12) + 3,
        when=_day(dice, matter.occurred_on, told_on),
        home=person.estate,
        surname=person.name[0],
        age=dice.below(25) + 56,
    )
    if dice.chance(0.08):
        text += dice.pick(v.CONTACTS[:2]).format(phone=person.phone, name=person.name)
    return text if len(text) >= SHORTEST else text + dice.pick(_PLEAS)


def consultation(dice: Dice, seed: int, person: int, day: date) -> Matter:
    """A question (咨询); no trader is concerned."""
    group, about, text = dice.pick(v.CONSULTATIONS)
    line = dice.pick(_LINES_OF[group])
    name, low, high = dice.pick(v.LINES[line].items)
    return Matter(
        kind=Kind.CONSULTATION,
        seed=seed,
        person=person,
        trader=-1,
        line=line,
        item=name,
        amount=(low + high) // 2,
        occurred_on=day - timedelta(dice.below(30)),
        problem="",
        defect=text,
        excuse="",
        request=about,
    )


def title(dice: Dice, matter: Matter) -> str:
    """A hotline order's title."""
    trade = v.LINES[matter.line]
    if matter.trader < 0:
        return "咨询" + matter.request.format(trade=dice.pick(trade.suffixes).removesuffix("有限公司"), item=matter.item)
    shop = matter.respondent
    if matter.elsewhere:
        return f"反映{shop.place.county_name}{dice.pick(('工资', '噪音扰民', '物业服务', '纠纷', '民生'))}问题"
    if matter.kind is Kind.REPORT:
        return f"举报{shop.short}{matter.problem.removesuffix('行为')}问题"
    return dice.pick(v.TITLES).format(
        short=shop.short, shop=shop.short, item=matter.item, word=v.PROBLEM_WORDS[matter.problem], county=shop.place.county_name
    )
