import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxin.kernel import masks


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳修明", "欧阳**"),
        ("欧阳修", "欧阳*"),
        ("欧阳", "欧*"),
        ("张", "*"),
        ("", ""),
        ("   ", ""),
        ("张女士", "张女士"),
        ("欧阳先生", "欧阳先生"),
        ("张三先生", "张*先生"),
        ("王某某", "王某某"),
        ("张三😊", "张*"),
        ("😊", "*"),
        ("👨‍👩‍👧张三", "张*"),
        ("买买提·艾力", "买**·**"),
        ("John Smith", "J*** S***"),
        ("济宁市任城区放心商贸有限公司", "济宁市任城区放心商贸有限公司"),
        ("老张家羊汤馆", "老张家羊汤馆"),
    ],
)
def test_a_name_is_shown_by_its_surname(value, shown):
    assert masks.name(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13800138000", "138****8000"),
        ("138 0013 8000", "138****8000"),
        ("+86-138-0013-8000", "138****8000"),
        ("1３８００１３８０００", "138****8000"),
        ("0537-2345678", "0537-****678"),
        ("(010)62345678", "010-****678"),
        ("0537-2345678转801", "0537-****678"),
        ("2345678", "****678"),
        ("13800138000、0537-2345678", "138****8000、0537-****678"),
        ("110", "***"),
        ("+1 415 555 2671", "****2671"),
        ("", ""),
    ],
)
def test_a_telephone_number_is_shown_by_its_ends(value, shown):
    assert masks.phone(value) == shown


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (masks.id_number, "37080219900101123x", "**************123x"),
        (masks.id_number, "E12345678", "*****5678"),
        (masks.id_number, "1234", "****"),
        (masks.address, "山东省济宁市任城区阜桥街道太白东路12号3号楼2单元501室", "山东省济宁市任城区阜桥街道****"),
        (masks.address, "济宁市兖州区新兖镇大安村", "济宁市兖州区新兖镇****"),
        (masks.address, "任城区太白东路12号", "任城区****"),
        (masks.address, "阳光小区3号楼2单元501室", "****"),
        (masks.address, "大润发超市对面", "****"),
        (masks.address, "济宁市任城区", "济宁市任城区"),
        (masks.address, "", ""),
        (masks.email, "zhang@example.com", "z***@example.com"),
        (masks.email, "z@example.com", "***@example.com"),
        (masks.account, "6222 0212 3456 7890 128", "****0128"),
        (masks.account, "12345", "*****"),
        (masks.handle, "zhang_san", "z***"),
        (masks.plate, "鲁h12345", "鲁H*****"),
    ],
)
def test_other_fields_show_what_does_not_identify(mask, value, shown):
    assert mask(value) == shown


@given(st.text(max_size=40))
def test_no_text_makes_a_mask_fail(value):
    for mask in (masks.name, masks.phone, masks.id_number, masks.address, masks.email, masks.account, masks.handle, masks.plate):
        mask(value)
