"""What is planted among the ordinary filings, so that warning and duplicate finding have something true to find."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from fangxin.cases.filings import Kind
from fangxin.sample import vocabulary as v
from fangxin.sample.matters import Dice, Matter
from fangxin.sample.names import index_in_line, trader


@dataclass(frozen=True, slots=True)
class Plan:
    """One kind of burst: many persons, one cause. `size` is that of a city year (174,000 cases)."""

    name: str
    line: str
    industry: str
    problem: str
    item: str
    amounts: tuple[int, int]
    defects: tuple[str, ...]
    request: str
    size: int
    days: int
    one_trader: bool = True
    text: str = ""
    """A text that everyone copies."""


PLANS: tuple[Plan, ...] = (
    Plan(
        "gym_closed", "文化娱乐体育", "8930", "合同", "健身年卡", (900, 3200),
        ("门店突然贴出停业通知，教练联系不上，会员卡余额无法使用", "健身房关门多日，器材已经搬空，剩余会籍无人负责", "店门紧锁，会员群已解散，私教课没有上完"),
        "退还剩余会员费", 140, 24,
    ),
    Plan(
        "kettle_batch", "家用电器", "5272", "安全", "LH-1706型电热水壶", (79, 159),
        ("烧水时壶底冒火花，随后跳闸", "水没烧开就从底座漏水，外壳带电", "壶内涂层脱落，底座烧焦变形", "通电后冒黑烟，有刺鼻的焦糊味"),
        "退货并召回该批次水壶", 90, 40, one_trader=False,
    ),
    Plan(
        "mall_car_park", "停车", "5449", "价格", "停车费", (12, 60),
        ("商场停车场未提前告知就取消购物免费两小时，收费公示牌被遮挡", "停车不到一小时收费二十元，系统计时明显偏多", "出场时重复扣费，现场没有工作人员"),
        "退还多收的停车费并明码标价", 70, 14,
    ),
    Plan(
        "copied_text", "其他", "8090", "合同", "供暖费", (900, 2600), ("供热温度长期不达标",), "退还采暖费", 50, 3,
        text="{place}{shop}自收取采暖费以来，室内温度长期不足十六度，多次报修无人处理，客服电话无人接听，却拒绝退还采暖费。我们全体业主强烈要求市场监管部门查处该单位违法收费行为，责令其按天退还采暖费并公开道歉，请给业主一个说法！",
    ),
    Plan(
        "wedding_banquet", "餐饮和住宿", "6210", "食品安全", "婚宴", (200, 800),
        ("参加婚宴后当晚多人呕吐、腹泻，到医院就诊", "婚宴上的海鲜不新鲜，同桌八人全部腹泻", "赴宴后上吐下泻，医院怀疑食物中毒"),
        "赔偿医药费并查明原因", 40, 3,
    ),
    Plan(
        "tutoring_gone", "教育培训", "8399", "合同", "英语课", (3000, 12000),
        ("机构负责人失联，校区已搬空，剩余课时无法消课", "培训机构突然停课，老师称被拖欠工资，学费无法退还", "承诺一周内退费，至今一个月没有到账，校区大门紧锁"),
        "退还剩余学费", 110, 30,
    ),
    Plan(
        "live_stream_jade", "销售服务", "5292", "质量", "直播间购买的玉石", (299, 3200),
        ("主播宣称天然翡翠，送检为染色石英岩", "收到的手镯与直播间展示完全不同，证书查询不到", "鉴定结果为处理品，商家拒绝退货并关闭店铺"),
        "退一赔三", 60, 21,
    ),
)  # fmt: skip


@dataclass(slots=True)
class Burst:
    """One planted burst and, as the filings pass, its members (`channel:number`)."""

    plan: Plan
    day_counts: dict[date, int]
    trader: int
    line: int
    members: list[str] = field(default_factory=list)

    text: str = ""
    """What everyone copies, if they do."""

    @property
    def first(self) -> date:
        """Its first day."""
        return min(self.day_counts)

    @property
    def last(self) -> date:
        """Its last day."""
        return max(self.day_counts)

    def matter(self, dice: Dice, seed: int, person: int, traders: int, day: date) -> Matter:
        """One more person to whom it happened."""
        plan = self.plan
        index = self.trader if plan.one_trader else index_in_line(self.line, traders, dice.random(), dice.random())
        low, high = plan.amounts
        return Matter(
            kind=Kind.COMPLAINT,
            seed=seed,
            person=person,
            trader=index,
            line=self.line,
            item=plan.item,
            amount=low + dice.below(high - low),
            occurred_on=day - timedelta(dice.below(12) if plan.days > 3 else dice.below(2)),
            problem=plan.problem,
            defect=dice.pick(plan.defects),
            excuse=dice.pick(v.EXCUSES).format(m=3),
            request=plan.request,
            text=self.text,
        )


def plan_bursts(dice: Dice, seed: int, *, cases: int, since: date, until: date, traders: int) -> list[Burst]:
    """A set of bursts for each year between the days; smaller ones in a smaller sample, none under a hundred cases a set."""
    length = (until - since).days + 1
    sets = max(1, round(length / 365.25))
    each = cases / sets
    if each < 100 or length < 3:
        return []
    bursts = []
    scale = (min(each, 174_000) / 174_000) ** 0.5
    for number in range(sets):
        begin = since + timedelta(length * number // sets)
        room = length // sets
        for plan in PLANS:
            line = next(n for n, one in enumerate(v.LINES) if (one.name, one.industry) == (plan.line, plan.industry))
            index = _trader(dice, seed, plan, line, traders)
            copied = min(plan.size, max(4, int(each) // 40))
            size = copied if plan.text else max(4, round(min(plan.size * scale, each * 0.02)))
            days = min(plan.days, room)
            first = begin + timedelta(dice.below(room - days + 1))
            counts: dict[date, int] = {}
            for _ in range(size):
                day = first + timedelta(int(days * dice.random() ** 1.6))
                counts[day] = counts.get(day, 0) + 1
            shop = trader(seed, index)
            bursts.append(Burst(plan, counts, index, line, text=plan.text.format(place=shop.place.county_name, shop=shop.short)))
    return bursts


def _trader(dice: Dice, seed: int, plan: Plan, line: int, traders: int) -> int:
    """A trader of that line whose sign fits the story, if there is one among a few dozen."""
    wanted = {
        "gym_closed": ("健身",),
        "mall_car_park": ("停车场",),
        "copied_text": ("供热",),
        "wedding_banquet": ("酒家", "饭店"),
        "tutoring_gone": ("培训", "教育"),
    }
    words = wanted.get(plan.name, ("",))
    index = 0
    for _ in range(60):
        index = index_in_line(line, traders, dice.random(), dice.random())
        if any(word in trader(seed, index).short for word in words):
            break
    return index
