"""Names and codes, without a database."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from fangxin.kernel.errors import BadInput
from fangxin.registry.names import check_uscc, is_uscc, normalise, place_key

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def check_character(seventeen: str) -> str:
    """GB 32100 by its formula: weights 3^(i-1) mod 31, the check value brings the sum to a multiple of 31."""
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(seventeen))
    return ALPHABET[(31 - total % 31) % 31]


codes = st.tuples(st.text("0123456789", min_size=8, max_size=8), st.text(ALPHABET, min_size=9, max_size=9)).map("".join)
codes = codes.map(lambda body: body + check_character(body))


@given(codes)
def test_every_code_with_the_check_character_of_the_standard_is_a_code(code):
    assert check_uscc(code) == code
    assert check_uscc(f" {code[:9]}-{code[9:].lower()} ") == code


@given(codes, st.integers(0, 17), st.sampled_from(ALPHABET + "IOSVZ中a"))
def test_one_changed_character_is_refused_unless_the_formula_agrees(code, place, character):
    changed = code[:place] + character + code[place + 1 :]
    capitals = changed.upper()
    right = set(capitals) <= set(ALPHABET) and capitals[:8].isdigit() and capitals[17] == check_character(capitals[:17])

    assert is_uscc(changed) == right == uscc.is_valid(changed)
    if capitals != code:
        assert not is_uscc(changed)  # 31 is prime: one wrong character never passes


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("9137080070634874", "registry.uscc_length"),
        ("", "registry.uscc_length"),
        ("91370800706348746I", "registry.uscc_alphabet"),
        ("A1370800706348746H", "registry.uscc_alphabet"),
        ("91370800706348746J", "registry.uscc_check_digit"),
    ],
)
def test_a_wrong_code_is_refused_with_its_reason(code, reason):
    with pytest.raises(BadInput) as refusal:
        check_uscc(code)

    assert refusal.value.code == reason


def test_real_codes_pass_as_the_list_says(shared):
    with (shared / "data/register/jining_companies.csv").open(encoding="utf-8-sig", newline="") as file:
        firms = [
            firm for firm in csv.DictReader(file) if firm["uscc"].isupper() or firm["uscc"].isdigit()
        ]  # the list refuses small letters

    differing = [firm["uscc"] for firm in firms if is_uscc(firm["uscc"]) != (firm["uscc_checksum_ok"] == "True")]

    assert len(firms) > 3_000
    assert differing == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("济宁市任城区老王饭店（个体）", "济宁市任城区老王饭店(个体)"),
        ("济宁 ＡＢＣ 超市", "济宁abc超市"),
        ("古力娜扎·买买提面馆", "古力娜扎•买买提面馆"),
        ("【旗舰】店", "(旗舰)店"),
        ("好吃\u200b点", "好吃点"),
        ("甲—乙商行", "甲-乙商行"),
        ("７－１１", "7-11"),
    ],
)
def test_spellings_of_one_name_are_looked_up_alike(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("鲁好超市有限公司", "鲁好超市"),
        ("鲁好超市（古槐店）", "鲁好超市（阜桥店）"),
        ("吉祥饭店", "𠮷祥饭店"),
        ("🍜面馆", "🍲面馆"),
        ("一分店", "二分店"),
    ],
)
def test_names_of_two_traders_stay_two(one, other):
    assert normalise(one) != normalise(other)


@given(st.text())
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)
    assert place_key(place_key(text)) == place_key(text) or "济宁" in normalise(text) or "山东" in normalise(text)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("山东省济宁市任城区", "任城区"),
        ("济宁市", "济宁市"),
        ("山东省济宁市", "济宁市"),
        ("370811000000", "370811"),
        ("370811002000", "370811002"),
        ("３７０８１１", "370811"),
        ("济宁高新区", "济宁高新区"),
    ],
)
def test_a_place_is_looked_up_without_what_stands_around_it(text, key):
    assert place_key(text) == key
