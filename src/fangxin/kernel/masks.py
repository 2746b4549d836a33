"""How personal data looks on a screen to whoever has not asked to see it (脱敏). Pure; never raises, whatever the text."""

import re
import unicodedata
from typing import Final

STARS: Final = "****"
_COMPOUND = """
欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 夏侯 长孙 宇文 司徒 司空 南宫 独孤 端木 百里 东郭 呼延 澹台
申屠 太史 轩辕 钟离 闻人 公冶 淳于 宗政 濮阳 单于 太叔 仲孙 东门 西门 第五 拓跋 赫连 纳兰 公羊 万俟 南门 左丘
梁丘 闾丘 亓官 鲜于 巫马 颛孙 漆雕 壤驷 乐正 公良 夹谷 宰父 谷梁
"""
COMPOUND_SURNAMES: Final = frozenset(_COMPOUND.split())
"""Surnames of two signs (复姓)."""
_COURTESY = re.compile(r"(?:女士|先生|小姐|同志|老师|师傅|阿姨|大爷|大妈|主任|经理|科长|局长|所长|书记|老板|医生|某{1,2})$")
_COMPANY = re.compile(
    r"(?:公司|集团|商行|超市|商店|饭店|酒店|餐厅|宾馆|中心|合作社|医院|学校|协会|委员会|银行|事务所|经营部|门市部|工作室)$|(?<=.{4})[厂店局所部行馆院]$"
)
_NOT_NAME = frozenset({"So", "Sk", "Sm", "Cs", "Cf", "Cn", "Co", "Cc", "Mn", "Me"})
_PHONES_APART = re.compile(r"([/、，,;；]+)")
_AREA = re.compile(r"\(?(0(?:10|2\d|[3-9]\d\d))\)?[ -]?(\d{7,8})(?:\D.*)?$")
_MOBILE = re.compile(r"(?:(?:\+|00)?86)?(1[3-9]\d)\d{4}(\d{4})$")
_DIVISIONS = re.compile(
    r"(?:[一-鿿]{2,8}?(?:省|自治区|特别行政区))?(?:[一-鿿]{1,10}?(?:(?<!超)市|自治州|地区|盟))?"
    r"(?:[一-鿿]{1,10}?(?:(?<![小社园])区|县|旗|(?<!超)市))?(?:[一-鿿]{1,10}?(?:街道(?:办事处)?|镇|乡|苏木))?"
)


def name(value: str) -> str:
    """张三 → 张*, 欧阳修明 → 欧阳**, John Smith → J*** S***; 张女士 and a company's name stay; signs that no name has (emoji) go."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", value) if unicodedata.category(sign) not in _NOT_NAME).strip()
    if len(plain) < 2:
        return "*" if value.strip() else ""
    if _COMPANY.search(plain) and len(plain) >= 4:
        return plain
    if plain.isascii():
        return " ".join(word[0] + "***" for word in plain.split())
    courtesy = _COURTESY.search(plain)
    if courtesy and courtesy.start() in {1, 2}:
        return plain if courtesy.start() == 1 or plain[:2] in COMPOUND_SURNAMES else plain[0] + "*" + courtesy[0]
    shown = 2 if len(plain) > 2 and plain[:2] in COMPOUND_SURNAMES else 1
    return plain[:shown] + "".join("·" if sign in "·•・" else "*" for sign in plain[shown:])


def phone(value: str) -> str:
    """138****1234; 0537-****678 for a landline; several numbers in one field are masked one by one."""
    parts = _PHONES_APART.split(unicodedata.normalize("NFKC", value).strip())
    return "".join(part if number % 2 else _one_phone(part.strip()) for number, part in enumerate(parts))


def _one_phone(value: str) -> str:
    if mobile := _MOBILE.fullmatch(re.sub(r"[ ()\-]", "", value)):
        return f"{mobile[1]}{STARS}{mobile[2]}"
    if landline := _AREA.match(value):
        return f"{landline[1]}-{STARS}{landline[2][-3:]}"
    digits = re.sub(r"\D", "", value)
    if len(digits) < 7:
        return "*" * len(value)
    return STARS + digits[-4 if len(digits) > 8 else -3 :]


def id_number(value: str) -> str:
    """The last four signs of an identity document's number, the others as stars."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", value))
    return "*" * len(plain) if len(plain) <= 4 else "*" * (len(plain) - 4) + plain[-4:]


def address(value: str) -> str:
    """As far as the town or street office (街道、乡镇), or the county where no town is named: 济宁市任城区阜桥街道****."""
    plain = unicodedata.normalize("NFKC", value).strip()
    known = _DIVISIONS.match(plain)
    kept = known[0] if known else ""
    return kept if kept == plain else kept + STARS


def email(value: str) -> str:
    """z***@example.com."""
    local, at, domain = value.strip().rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}***@{domain}" if at else account(value)


def account(value: str) -> str:
    """A bank account or card by its last four digits: ****1234."""
    plain = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", value))
    return STARS + plain[-4:] if len(plain) >= 12 else "*" * len(plain)


def handle(value: str) -> str:
    """A WeChat or QQ id by its first sign: z***."""
    return value[:1] + "***"


def plate(value: str) -> str:
    """A number plate by its province and city: 鲁H*****."""
    return value[:2].upper() + "*****"
