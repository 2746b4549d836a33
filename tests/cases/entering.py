"""What the tests of the entry screen share: a form as a browser sends it."""

from uuid import uuid4

LIN = {
    "name": "林晓梅",
    "phone": "13805371234",
    "id_type": "居民身份证",
    "id_number": "37081119860512112X",
    "address": "济宁市任城区古槐路19号3单元502室",
}
KETTLE = {
    **LIN,
    "channel": "telephone",
    "kind": "complaint",
    "consent_publish": "yes",
    "consent_delegate": "no",
    "respondent_name": "济宁市鲁好商贸有限公司",
    "respondent_address": "济宁市任城区阜桥街道建设路1号",
    "respondent_contact": "陈明",
    "respondent_phone": "0537-2345678",
    "goods_or_service": "电热水壶",
    "occurred_on": "2026-11-10",
    "amount": "199.00",
    "narrative": "林晓梅于11月10日购买的电热水壶漏水，商家拒绝退货。",
    "requests": ["return", "refund"],
    "request": "另赔偿误工费50元",
}


def sent(**changes) -> dict[str, object]:
    """The form as a browser sends it, from a window of its own."""
    plain = {
        "token": uuid4().hex,
        "tab": uuid4().hex,
        "further-TOTAL_FORMS": "0",
        "further-INITIAL_FORMS": "0",
        "consent_publish": "not_asked",
    }
    plain |= {"channel": "telephone", "kind": "undetermined", "consent_delegate": "not_asked", "do": "next"}
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def kettle(**changes) -> dict[str, object]:
    """A whole complaint about a kettle."""
    return sent(**{**KETTLE, **changes})
