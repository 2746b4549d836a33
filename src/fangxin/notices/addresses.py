"""What can be an address on a channel, and how it is shown."""

import re
import unicodedata

from fangxin.kernel import masks
from fangxin.notices.states import Channel

_MOBILE = re.compile(r"1[3-9]\d{9}")
_EMAIL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62})@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")


def usable(channel: str, value: str) -> str:
    """The address in the form that gateways take; "" if it is none.

    One address, never a list: a comma would send a person's notice to strangers.
    """
    plain = unicodedata.normalize("NFKC", value).strip()
    if channel == Channel.SMS:
        digits = re.sub(r"[\s()-]", "", plain)
        digits = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", digits)
        return digits if _MOBILE.fullmatch(digits) else ""
    if channel == Channel.EMAIL:
        return plain if len(plain) <= 254 and _EMAIL.fullmatch(plain) else ""
    return plain if _KEY.fullmatch(plain) else ""


def masked(channel: str, value: str) -> str:
    """138****1234, z***@example.com, ****wxyz."""
    if not value.strip():
        return ""
    if channel == Channel.SMS:
        shown = masks.phone(value)
    elif channel == Channel.EMAIL:
        shown = masks.email(value)
    else:
        shown = masks.STARS + value.strip()[-4:] if len(value.strip()) > 8 else masks.STARS
    return shown[:120]
