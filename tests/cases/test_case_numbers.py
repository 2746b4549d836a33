"""The number that people call a case by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxin.cases.numbers import key_of, number_of


@given(pk=st.integers(1, 10**15))
def test_a_number_leads_back_to_its_case(pk):
    assert key_of(number_of(pk)) == pk
    assert key_of(f" {number_of(pk).lower()} ") == pk


@given(pk=st.integers(1, 10**9), data=st.data())
def test_one_mistyped_digit_is_noticed(pk, data):
    digits = number_of(pk)[2:]
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != digits[place]]))

    assert key_of(f"FX{digits[:place]}{other}{digits[place + 1 :]}") is None


def test_two_neighbours_swapped_are_noticed_but_for_a_few():
    """ISO 7064 mod 11,10 promises every single error; of swaps it misses a few."""
    swaps = missed = 0
    for pk in range(1, 4000, 7):
        digits = number_of(pk)[2:]
        for place in range(len(digits) - 1):
            if digits[place] != digits[place + 1]:
                swaps += 1
                missed += key_of(f"FX{digits[:place]}{digits[place + 1]}{digits[place]}{digits[place + 2 :]}") is not None

    assert swaps > 1000
    assert missed / swaps < 0.03


@pytest.mark.parametrize("text", ["", "FX", "FX12", "12345678", "FX0000001X", "FX" + "1" * 19, "FX-0000012", "ＦＸ00000012"])
def test_what_is_no_case_number_leads_nowhere(text):
    assert key_of(text) is None
