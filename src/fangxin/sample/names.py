"""People and traders of the sample city, each computed from its index alone, so that none has to be kept.

No real person or company: shop names are coined, identity numbers carry the unused division 370899, USCC an organisation code
that begins with Y9, mobile numbers prefixes that no operator has (160, 161, 163, 164, 168, 169), landlines 800 after the area code.
"""

import hashlib
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar

from fangxin.sample.places import Place, counties, weights
from fangxin.sample.vocabulary import (
    COINED_FIRST,
    COINED_LAST,
    ESTATES,
    GIVEN_ONE,
    GIVEN_TWO,
    LINES,
    MALLS,
    PLATFORMS,
    ROADS,
    SURNAMES,
    TAKEAWAY,
    VILLAGES,
)

T = TypeVar("T")

CITY_PREFIX = "山东省济宁市"

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_VALUE = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_BODY_WEIGHTS = tuple(zip(_ORG_WEIGHTS[2:], _USCC_WEIGHTS[10:16], strict=True))
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOBILE = ("160", "161", "163", "164", "168", "169")
_ORG_SPAN = 31**6
_STRIDE = 433_494_437  # a prime, so that two traders never share a code

_SLOTS: tuple[int, ...] = tuple(n for n, line in enumerate(LINES) for _ in range(max(1, round(line.share * 200))))
"""A trader's line of trade, by its index modulo the length of this table."""
_SLOTS_OF = tuple(tuple(slot for slot, line in enumerate(_SLOTS) if line == n) for n in range(len(LINES)))
FEWEST_TRADERS = len(_SLOTS)

_COUNTIES = tuple(counties().values())
_COUNTY_BOUNDS = tuple(accumulate(round(weight * 1000) for weight in weights()))
_BORN = date(1946, 1, 1)
_OPENED = date(2004, 1, 1)


class Draw:
    """A few hundred random bits of one thing, spent choice by choice; equal keys give equal choices."""

    __slots__ = ("_bits",)

    def __init__(self, kind: bytes, seed: int, index: int) -> None:
        digest = hashlib.blake2b(b"%s %d %d" % (kind, seed, index), digest_size=48).digest()
        self._bits = int.from_bytes(digest, "big")

    def below(self, n: int) -> int:
        """A number from 0 to n - 1."""
        self._bits, rest = divmod(self._bits, n)
        return rest

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def place(self) -> Place:
        """A town, by the size of its county; earlier towns of a county (its streets) come twice as often."""
        towns = _COUNTIES[bisect(_COUNTY_BOUNDS, self.below(_COUNTY_BOUNDS[-1]))]
        return towns[self.below(len(towns)) if self.below(3) else self.below((len(towns) + 1) // 2)]


@dataclass(slots=True)
class Citizen:
    """Somebody who files. `name` is what the forms carry."""

    name: str
    phone: str
    address: str
    estate: str
    place: Place


@dataclass(slots=True)
class SampleTrader:
    """A trader on the register, and how people speak of it."""

    uscc: str
    name: str
    short: str
    """What the sign says."""
    kind: str
    status: str
    line: int
    """Index in `LINES`."""
    place: Place
    address: str
    spot: str
    """Where it is, as people tell it without county and town."""
    registered_on: date
    former_names: tuple[str, ...]
    brand_names: tuple[str, ...]
    contact: str
    phone: str
    platform: str


def uscc(kind: int, division: str, serial: int) -> str:
    """A well-formed unified social credit code (GB 32100) with an organisation code of the fictitious range Y9……; `kind` is 1, 2 or 3."""
    serial %= _ORG_SPAN
    prefix = f"9{kind}{division}Y9"
    organisation, total = _prefix_sums(prefix)
    body = ""
    for org_weight, weight in _BODY_WEIGHTS:
        serial, digit = divmod(serial, 31)
        char = _USCC[digit]
        body += char
        organisation += _ORG_VALUE[char] * org_weight
        total += digit * weight
    check = "0123456789X0"[11 - organisation % 11]
    return f"{prefix}{body}{check}{_USCC[-(total + _USCC.index(check) * _USCC_WEIGHTS[16]) % 31]}"


@lru_cache(maxsize=128)
def _prefix_sums(prefix: str) -> tuple[int, int]:
    """What the first ten characters of a code give to the check of its organisation code and to its own."""
    own = sum(_USCC.index(char) * weight for char, weight in zip(prefix, _USCC_WEIGHTS, strict=False))
    return sum(_ORG_VALUE[char] * weight for char, weight in zip(prefix[8:], _ORG_WEIGHTS, strict=False)), own


def _given(draw: Draw) -> str:
    return draw.pick(GIVEN_ONE) if draw.below(3) == 0 else draw.pick(GIVEN_TWO) + draw.pick(GIVEN_ONE)


def _mobile(draw: Draw) -> str:
    return f"{draw.pick(_MOBILE)}{draw.below(100_000_000):08d}"


@lru_cache(maxsize=64)
def citizen(seed: int, index: int) -> Citizen:
    """The person of that index."""
    draw = Draw(b"citizen", seed, index)
    place = draw.place()
    estate = draw.pick(ESTATES)
    if draw.below(3):
        flat = f"{draw.below(28) + 1}号楼{draw.below(4) + 1}单元{draw.below(17) + 1}0{draw.below(3) + 1}室"
        address = f"{CITY_PREFIX}{place.county_name}{place.town}{estate}{flat}"
    else:
        address = f"{CITY_PREFIX}{place.county_name}{place.town}{draw.pick(VILLAGES)}村{draw.below(280) + 1}号"
    return Citizen(draw.pick(SURNAMES) + _given(draw), _mobile(draw), address, estate, place)


def id_number(seed: int, index: int) -> str:
    """The identity number (GB 11643) of the person of that index."""
    draw = Draw(b"id", seed, index)
    body = f"370899{_BORN + timedelta(draw.below(365 * 60)):%Y%m%d}{draw.below(1000):03d}"
    return body + "10X98765432"[sum(int(char) * weight for char, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11]


def trader(seed: int, index: int) -> SampleTrader:
    """The trader of that index."""
    return _known_trader(seed, index)


def make_trader(seed: int, index: int) -> SampleTrader:
    """`trader` without keeping it, for whoever goes through the whole register."""
    draw = Draw(b"trader", seed, index)
    line = _SLOTS[index % len(_SLOTS)]
    trade = LINES[line]
    place = draw.place()
    coined = draw.pick(COINED_FIRST) + draw.pick(COINED_LAST)
    if draw.below(3) == 0:
        coined += draw.pick(COINED_LAST)
    suffix = draw.pick(trade.suffixes)
    short = coined + suffix.removesuffix("有限公司")
    company = "公司" in suffix or draw.below(100) < 22
    cooperative = not company and trade.industry in ("5223", "5166") and draw.below(10) == 0
    area = place.county_name if place.county_name.endswith(("县", "市")) else draw.pick(("济宁市", f"济宁市{place.county_name}"))
    if company:
        kind, digit = "enterprise", 1
        name = f"{area}{coined}{suffix.removesuffix('有限公司')}有限公司"
    elif cooperative:
        kind, digit = "cooperative", 3
        name = f"{area}{coined}果蔬种植农民专业合作社"
    else:
        kind, digit = "individual", 2
        town = place.town.removesuffix("街道").removesuffix("镇").removesuffix("乡")
        name = f"{place.county_name}{town}{coined}{suffix}（个体工商户）" if draw.below(4) == 0 else f"{place.county_name}{coined}{suffix}"
    road, number = draw.pick(ROADS), draw.below(380) + 1
    where = draw.below(6)
    if where == 0:
        spot = f"{draw.pick(MALLS)}购物广场{draw.pick('一二三四')}楼"
    elif where == 1:
        spot = f"{road}与{draw.pick(ROADS)}交叉口{draw.pick('东西南北')}{draw.below(9) * 20 + 20}米路{draw.pick('东西南北')}"
    elif where == 2:
        spot = f"{draw.pick(ESTATES)}{draw.pick('东西南北')}门沿街商铺"
    elif where == 3 and not place.town.endswith("街道"):
        spot = f"{draw.pick(VILLAGES)}村{number}号"
    else:
        spot = f"{road}{number}号"
    status = draw.below(1000)
    online = trade.industry in ("5292", "5229", "6220") and draw.below(100) < 60
    old = [other for other in place.stated_as if other.endswith("市")]
    return SampleTrader(
        uscc=uscc(digit, place.county if place.county < "370871" or place.county > "370873" else "370800", index * _STRIDE + seed * 7919),
        name=name,
        short=short,
        kind=kind,
        status="active" if status < 930 else "deregistered" if status < 975 else "revoked" if status < 992 else "dormant",
        line=line,
        place=place,
        address=f"{CITY_PREFIX}{place.county_name}{place.town}{spot}",
        spot=spot,
        registered_on=_OPENED + timedelta(draw.below(365 * 18)),
        former_names=(f"{old[0] if old else '济宁市'}{coined}{draw.pick(trade.suffixes).removesuffix('有限公司')}经营部",)
        if draw.below(25) == 0
        else (),
        brand_names=(coined,) if draw.below(12) == 0 else (),
        contact=draw.pick(SURNAMES) + draw.pick(("经理", "店长", "老板", "女士", "先生")),
        phone=_mobile(draw) if draw.below(3) else f"0537-800{draw.below(10_000):04d}",
        platform=draw.pick(TAKEAWAY if trade.industry == "6220" else PLATFORMS) if online else "",
    )


_known_trader = lru_cache(maxsize=8192)(make_trader)


def index_in_line(line: int, traders: int, uniform: float, slot: float) -> int:
    """The index of a trader of that line out of the first `traders`, from two uniform numbers; low indexes come much more often."""
    slots = _SLOTS_OF[line]
    return slots[int(slot * len(slots))] + len(_SLOTS) * int(traders // len(_SLOTS) * uniform**3)
