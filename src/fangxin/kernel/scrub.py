"""Finds personal data in a narrative and masks it (脱敏文本). Pure, and linear in the length of the text.

It is precise before it is complete: service numbers (12315, 400-…), dates, prices, credit codes and order numbers stay, because
search, triage and duplicate finding work on what it leaves.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from fangxin.kernel import masks


class Finding(NamedTuple):
    """Where personal data stood in the original text: `kind` is phone, landline, id, card, email, handle, plate, address, name or known."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """The masked text, and what was found at which positions of the original, in order, never overlapping."""

    text: str
    found: tuple[Finding, ...]


# One sign for one sign, so that positions stay true.
_WIDE = re.compile(r"[０-９Ａ-Ｚａ-ｚ＠　‐-―−]")
_NARROW: Final = (
    {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x2212: 0x2D} | dict.fromkeys(range(0x2010, 0x2016), 0x2D)
)
_NARROW_KEPT: Final = {code: _NARROW[code] for code in _NARROW if chr(code) not in "，；：！？"}

# Every pattern begins with a set or a literal, which is what lets the engine skip ordinary text quickly; what must not stand
# before the first sign is asked right after it. Repetitions are bounded.
_REST = r"[3-9][0-9][ -]{0,2}[0-9]{4}[ -]{0,2}[0-9]{4}"  # of a mobile number, after its 1
_NO_MORE = r"(?![0-9]|\.[0-9]|元)"
_NUMBER = re.compile(
    r"[0-9+(](?<![0-9][0-9])(?:"
    r"(?<=[0-9])(?:"
    rf"(?<=1)(?P<mobile>(?:{_REST}|[3-9][0-9][ -]?[0-9]{{3}}[ -]?[0-9]{{5}}|(?: [0-9]){{10}}|(?:-[0-9]){{10}}){_NO_MORE})"
    rf"|(?<=[08])(?P<prefixed>(?:(?<=0)(?:086[ -]{{0,2}})?|(?<=8)6[ -]{{0,2}})1{_REST}{_NO_MORE})"
    r"|(?<=0)(?P<landline>(?:10|2[0-9]|[3-9][0-9]{2})[ -]{0,2}[2-8][0-9]{2}[ -]?[0-9]{4,5}(?:[-转][0-9]{1,6})?(?![0-9]|\.[0-9]))"
    r"|(?P<id>[0-9]{5}[ -]?[12][0-9]{7}[ -]?[0-9]{3}[0-9Xx](?![0-9A-Za-z]))"
    r"|(?P<card>[0-9]{3}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?(?![0-9A-Za-z]|\.[0-9]))"
    r"|(?P<old_id>[0-9]{14}(?![0-9A-Za-z]|\.[0-9]))"
    r")"
    rf"|(?<=\+)(?P<international>86[ -]{{0,2}}1{_REST}(?![0-9]))"
    r"|(?<=\()(?P<bracketed>0(?:10|2[0-9]|[3-9][0-9]{2})\)[ -]?[2-8][0-9]{6,7}(?![0-9]))"
    r")"
)
_NUMBER_KINDS: Final = {
    "mobile": "phone",
    "prefixed": "phone",
    "international": "phone",
    "landline": "landline",
    "bracketed": "landline",
    "id": "id",
    "old_id": "id",
    "card": "card",
}
_APART = re.compile(r"[ -]")
_LOCAL = re.compile(r"[电座固](?:(?<=电)话|(?<=座)机|(?<=固)话)号?码?[ :：是为]{0,3}(?P<value>[2-8][0-9]{6,7}(?![0-9-]|\.[0-9]|[年元]))")
_COMPACT_DATE = re.compile(r"20[0-4][0-9](?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")
_EMAIL = re.compile(r"[A-Za-z0-9](?<![A-Za-z0-9._%+-]{2})[A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,4}[A-Za-z]{2,12}")
_HANDLE = re.compile(
    r"[微威VvWwQq扣](?:"
    r"(?:(?<=[微威])信|(?<=[Vv])信|(?<=[Ww])eixin|(?<=[VvWw])[Xx])"
    r"(?:号码?[ :：是为]{0,3}|[ :：是为]{1,3})(?P<wechat>[A-Za-z][A-Za-z0-9_-]{5,19})"
    r"|(?:(?<=[Qq])[Qq]|(?<=扣)扣)号?码?[ :：是为]{0,3}(?P<qq>[1-9][0-9]{4,11})(?![0-9]|元|年)"
    r")"
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·• .-]?"
    r"(?=[A-Za-z]{0,3}[0-9][A-Za-z]{0,3}[0-9])[A-HJ-NP-Za-hj-np-z0-9]{5,6}[学警挂]?(?![A-Za-z0-9])"
)
_N = r"(?:[0-9]{1,4}|[一二三四五六七八九十]{1,3}|[A-Za-z])"
_FLOOR = rf"(?:{_N}[楼层])?"
_ROOM = r"[0-9]{3,5}(?:[室号]|(?<![0-9]{5})(?![0-9年月元个多余吨户人套万平块]))"
_UNIT = rf"{_N}单元{_FLOOR}(?:[ -]?[0-9]{{2,5}}[室户号]?)?"
_ADDRESS = re.compile(
    r"[0-9一二三四五六七八九十A-Za-z](?<![0-9][0-9])(?:[0-9]{0,4}|[一二三四五六七八九十]{0,3})(?:"
    rf"号院?(?:{_N}(?:号楼|[栋幢]|(?<!一)座))?{_UNIT}"
    rf"|号院?{_N}(?:号楼|[栋幢]|(?<!一)座){_FLOOR}{_ROOM}"
    rf"|(?:号楼|#楼?|[栋幢]|(?<!一)座)[ -]?(?:{_UNIT}|{_FLOOR}{_ROOM}|[0-9]{{1,2}}-[0-9]{{3,4}}[室户号]?)"
    rf"|单元{_FLOOR}[0-9]{{2,5}}[室户号]?"
    r"|-[0-9]{1,2}-[0-9]{3,4}[室户]"
    r")(?![0-9])"
)
_HOME_SIGNS: Final = ("单元", "栋", "幢", "座", "号楼", "#", "室", "户")
"""One of them stands in every home that `_ADDRESS` finds."""
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范廖石金韦贾"
    "夏付方邹熊白孟秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿"
    "关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁房滕屈饶解牟艾尤时穆农司卓古吉缪简项连芦"
    "麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬和仇栾丘刁沙厉栗荆于向巩亓鹿宿逄"
)
_GIVEN = r"[一-鿿]{1,2}?"
_PERSON = rf"(?:(?:{'|'.join(sorted(masks.COMPOUND_SURNAMES))}){_GIVEN}|[{_SURNAMES}]{_GIVEN})"
_AFTER = r"(?=[，。,、；;！!（()）\s:：]|$|电话|手机|身份证|联系|今年|男|女|家?住|[0-9+])"
_INTRODUCTION = re.compile(
    r"[我本姓联投举来申收户](?:"
    r"(?:(?<=我)(?:的名字|名字)?(?:叫做?|名叫)|(?<=我)的?(?:姓名|名字)[是为]|(?<=姓)名|(?<=本)人(?:姓名|名叫|叫|是)?)"
    rf"[ :：是为]{{0,2}}(?P<said>{_PERSON}){_AFTER}"
    r"|(?:(?<=联)系人|(?<=投)诉人|(?<=举)报人|(?<=来)电人|(?<=申)请人|(?<=收)[货件]人|(?<=户)主|(?<=姓)名)"
    rf"(?:姓名)?(?:[是为叫](?P<named>{_PERSON})|[:：] ?(?P<labelled>{_PERSON}|[一-鿿]{{2,4}}?)){_AFTER}"
    r")"
)
_NOT_NAMES = """
高兴 高度 于是 方便 时常 时间 和平 常年 常常 常住 连续 连夜 何时 何人 全家 全部 全程 全款 安装 安全 万分 严重
严格 申请 申诉 左右 单独 易购 向来 明确 平时 成功 成年 应该 应当 任何 文化 安排 关于 关注 解决 路过 游玩 车主
车辆 车子 项目 尚未 管理 费用 连同 康复 温馨 包括 金额 钱款 钱财 严正 马上 白天 常去 司机 党员 古稀 农民 和家人
和朋友 匿名 保密 本人 不详 未知 没有 未提供 消费者 市民 群众 居民 业主 客服 商家 店家 同上 未留 如下 姓名 电话
要求保密 要求匿名 不愿透露 高血压 高龄 石油 江苏 江西 河南
"""
_NO_NAMES: Final = frozenset(_NOT_NAMES.split())
_ORDER_BEFORE = re.compile(r"(?:[单编串流水号账订]号|订单|运单|快递|IMEI|imei|[Nn][Oo]\.?|编码|条码)[码]?[^0-9\n]{0,6}$")
_CARD_BEFORE = re.compile(r"[卡账帐户银]")
_IDENTITY_BEFORE = re.compile(r"身份证|证件|公民")
_PROVINCE_CODES = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
_PROVINCES: Final = frozenset(_PROVINCE_CODES.split())
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_LOOK_BACK: Final = 20


def scrub(text: str, known: Iterable[str] = ()) -> Scrubbed:
    """Mask the personal data in a text: telephone, identity and card numbers, e-mail, WeChat and QQ ids, number plates, homes, names
    that people introduce themselves by, and the `known` values of the case's own persons wherever they stand.

    `known` values of one sign, and numbers of fewer than five digits, are not looked for.
    """
    plain = text.translate(_NARROW_KEPT) if _WIDE.search(text) else text
    spans = _spans(plain, known)
    if not spans:
        return Scrubbed(text, ())
    spans.sort(key=lambda span: (span[1], -span[2]))
    pieces: list[str] = []
    found: list[Finding] = []
    done = 0
    for kind, start, end, mask in spans:
        if end <= done:
            continue
        if start < done:  # the end of something longer than what it overlaps: not a sign of it may stay
            start, mask = done, _hide  # noqa: PLW2901 -- the span that is left
        pieces += (text[done:start], mask(plain[start:end]))
        found.append(Finding(kind, start, end))
        done = end
    pieces.append(text[done:])
    return Scrubbed("".join(pieces), tuple(found))


_Span = tuple[str, int, int, Callable[[str], str]]


def _spans(plain: str, known: Iterable[str]) -> list[_Span]:
    spans = _numbers(plain)
    if "@" in plain:
        spans += [("email", *match.span(), masks.email) for match in _EMAIL.finditer(plain)]
    spans += [("handle", *match.span(match.lastgroup or 0), masks.handle) for match in _HANDLE.finditer(plain)]
    spans += [("plate", *match.span(), masks.plate) for match in _PLATE.finditer(plain)]
    if any(map(plain.__contains__, _HOME_SIGNS)):
        spans += [("address", *match.span(), _hide) for match in _ADDRESS.finditer(plain)]
    spans += _names(plain)
    for value in known:
        spans += _known(plain, value)
    return spans


def _numbers(plain: str) -> list[_Span]:
    spans: list[_Span] = []
    at = 0
    while match := _NUMBER.search(plain, at):
        start, at = match.span()
        kind = _number_kind(_NUMBER_KINDS[match.lastgroup or ""], match[0], plain[max(0, start - _LOOK_BACK) : start])
        if kind:
            spans.append((kind, start, at, _MASKS[kind]))
        elif apart := _APART.search(plain, start, at):
            at = apart.end()  # a date and a telephone number together have the shape of a card
    if "话" in plain or "机" in plain:
        found = (match for match in _LOCAL.finditer(plain) if not _COMPACT_DATE.fullmatch(match["value"]))
        spans += [("landline", *match.span("value"), masks.phone) for match in found]
    return spans


def _names(plain: str) -> list[_Span]:
    spans: list[_Span] = []
    for match in _INTRODUCTION.finditer(plain):
        value = match[match.lastgroup or 0]
        before = plain[match.start() - 1 : match.start()]  # 被举报人：… is the other side; 查本人成绩 no introduction
        if before == "被" or (match[0][0] == "本" and before.isalpha()):
            continue
        if value not in _NO_NAMES and value[:2] not in _NO_NAMES and masks.name(value) != value:
            spans.append(("name", *match.span(match.lastgroup or 0), masks.name))
    return spans


def _number_kind(kind: str, value: str, before: str) -> str:
    """The kind of a number that has the shape of `kind`; empty if it is something else."""
    if kind in {"phone", "landline"}:
        return kind
    digits = value.replace(" ", "").replace("-", "")
    if kind == "id" and _is_identity(digits, before):
        return "id"
    if before.endswith("-") or _ORDER_BEFORE.search(before):
        return ""
    return "card" if digits.isdecimal() and _is_card(digits, value, before) else ""


def _is_identity(digits: str, before: str) -> bool:
    """A resident identity number (GB 11643): province, date of birth and check digit; a wrong check digit only after 身份证."""
    if digits[:2] not in _PROVINCES:
        return False
    if len(digits) == 15:
        born = "19" + digits[6:12]
    else:
        born = digits[6:14]
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
        if "10X98765432"[total % 11] != digits[17].upper() and not _IDENTITY_BEFORE.search(before):
            return False
    try:
        return date(int(born[:4]), int(born[4:6]), int(born[6:])).year >= 1900 and not (len(digits) == 15 and _is_order(before))
    except ValueError:
        return False


def _is_order(before: str) -> bool:
    return before.endswith("-") or bool(_ORDER_BEFORE.search(before))


def _is_card(digits: str, value: str, before: str) -> bool:
    """A bank card: 16 to 19 digits with Luhn's check; anything but UnionPay's 62 needs the usual grouping or a word before it."""
    if not 16 <= len(digits) <= 19 or digits[0] == "0":
        return False
    if not (digits.startswith("62") or " " in value or "-" in value or _CARD_BEFORE.search(before)):
        return False
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)) % 10 == 0


def _hide(_value: str) -> str:
    return masks.STARS


def _known(plain: str, value: str) -> list[_Span]:
    wanted = value.strip().translate(_NARROW_KEPT)
    if len(wanted) < 2 or wanted not in plain or (wanted.isdecimal() and len(wanted) < 5):
        return []
    mask = _mask_for(wanted)
    if mask(wanted) == wanted:
        return []
    spans: list[_Span] = []
    start = plain.find(wanted)
    while start >= 0:
        spans.append(("known", start, start + len(wanted), mask))
        start = plain.find(wanted, start + len(wanted))
    return spans


def _mask_for(value: str) -> Callable[[str], str]:
    """The mask for a value of which nobody said what it is."""
    digits = sum(sign.isdecimal() for sign in value)
    if "@" in value:
        return masks.email
    if value.isascii() and digits >= 5:
        if len(value) in {15, 18} or any(sign.isalpha() for sign in value):
            return masks.id_number
        return masks.phone if digits <= 13 else masks.account
    return masks.address if digits or len(value) > 6 else masks.name


_MASKS: Final[dict[str, Callable[[str], str]]] = {
    "phone": masks.phone,
    "landline": masks.phone,
    "id": masks.id_number,
    "card": masks.account,
}
