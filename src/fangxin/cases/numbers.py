"""The number that staff and citizens call a case by (pure): `FX`, the row's number, and a check digit (ISO 7064 mod 11,10)."""

import re

from stdnum.iso7064 import mod_11_10

_PATTERN = re.compile(r"^FX(\d{6,18})$")


def number_of(pk: int) -> str:
    """`FX` + at least seven digits + check digit: one mistyped digit is noticed, and nearly always two swapped ones."""
    digits = f"{pk:07d}"
    return f"FX{digits}{mod_11_10.calc_check_digit(digits)}"


def key_of(number: str) -> int | None:
    """The primary key in a case number, or None if it is none (or mistyped)."""
    found = _PATTERN.match(number.strip().upper())
    if not found or not mod_11_10.is_valid(found[1]):
        return None
    return int(found[1][:-1])
