"""How a trader's or place's name is written for exact look-up, and whether a unified social credit code can be one (pure)."""

import re
import unicodedata
from functools import lru_cache
from operator import mul

from stdnum.cn import uscc as standard
from stdnum.exceptions import InvalidFormat, InvalidLength, ValidationError

from fangxin.kernel.errors import BadInput

_USCC_FORM = re.compile("[0-9]{8}[0-9A-HJ-NP-RTUWXY]{10}")
_USCC_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_WEIGHTS = [*(pow(3, place, 31) for place in range(17)), 1]

# White space, controls and characters that can't be seen (format characters, variation selectors).
_INVISIBLE = re.compile("[\\s\x00-\x1f\x7f-\x9f\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]+")
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("【〔〖[{『「《〈", "("),
        **dict.fromkeys("】〕〗]}』」》〉", ")"),
        **dict.fromkeys("•‧∙⋅・●", "·"),
        **dict.fromkeys("‐‑‒–—―−─", "-"),
        **dict.fromkeys("“”„″〃", '"'),
        **dict.fromkeys("‘’‚′`´", "'"),
        "、": ",",
        "。": ".",
    }
)
_LOOK_ALIKE = re.compile(f"[{re.escape(''.join(map(chr, _LOOK_ALIKES)))}]")
_PLACE_PREFIX = re.compile("^(?:山东省)?(?:济宁市)?(?=.)")


@lru_cache(maxsize=16_384)  # a row's names are asked for when it is read and again when it is written
def normalise(name: str) -> str:
    """The name as the register looks it up: NFKC, capitals, no white space or invisible characters, one kind of bracket, dot and dash.

    Nothing that tells two traders apart is dropped: legal forms (有限公司), brackets and digits stay. `normalise` of its own answer
    changes nothing. An empty answer means that there is no name, and it must match nobody.
    """
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", unicodedata.normalize("NFKC", name)).upper())
    return folded.translate(_LOOK_ALIKES) if _LOOK_ALIKE.search(folded) else folded


def place_key(text: str) -> str:
    """A place's name or code for exact look-up: as `normalise`, without 山东省 and 济宁市 in front of something else.

    Codes of 9 and 12 digits lose the zeros that stand for "all of it": 370811000000 is 370811, 370811002000 is 370811002.
    """
    key = normalise(text)
    if key.isascii() and key.isdigit():
        if len(key) == 12 and key.endswith("000"):
            key = key[:9]
        return key[:6] if len(key) == 9 and key.endswith("000") else key
    stripped = _PLACE_PREFIX.sub("", key, count=1)
    return stripped or key


def check_uscc(code: str) -> str:
    """The unified social credit code (统一社会信用代码, GB 32100) in capitals, without spaces or hyphens.

    Raises BadInput with the code `registry.uscc_length`, `registry.uscc_alphabet` or `registry.uscc_check_digit`. Codes whose first
    eight places are not all digits (authorities A, N, Y, which register no traders) are refused as `registry.uscc_alphabet`.
    """
    # The library's own arithmetic costs more than all else that an import does to a row; it decides on what is not plainly right.
    if _USCC_FORM.fullmatch(code) and sum(map(mul, _USCC_WEIGHTS, map(_USCC_VALUES.__getitem__, code))) % 31 == 0:
        return code
    text = code if code.isascii() else unicodedata.normalize("NFKC", code)
    try:
        return str(standard.validate(text))
    except InvalidLength:
        length = len(standard.compact(text))
        raise BadInput("registry.uscc_length", "A unified social credit code has 18 characters, not %(length)s.", length=length) from None
    except InvalidFormat:
        raise BadInput(
            "registry.uscc_alphabet",
            "A unified social credit code has eight digits, then digits and capital letters other than I, O, S, V and Z.",
        ) from None
    except ValidationError:
        raise BadInput("registry.uscc_check_digit", "The check digit of the unified social credit code is wrong.") from None


def is_uscc(code: str) -> bool:
    """`check_uscc` would let it pass."""
    try:
        check_uscc(code)
    except BadInput:
        return False
    return True
