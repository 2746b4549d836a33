"""What the tests of documents share: offices, and one set of values for each of the ten forms."""

from datetime import UTC, datetime

from fangxin.accounts.models import Office
from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.documents.specs import forms
from fangxin.kernel.refs import SYSTEM, Ref

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SUBJECT = Ref("matter:7")
TREE = (
    OfficeRow(code="370800", name="济宁市市场监督管理局", kind="city_amr"),
    OfficeRow(code="370811", name="任城区市场监督管理局", kind="county_amr", parent_code="370800"),
    OfficeRow(code="370811-guhuai", name="古槐市场监管所", kind="township_office", parent_code="370811"),
    OfficeRow(code="370899", name="某区市场监督管理局", kind="local_amr", parent_code="370800"),
)
KNOWN = {"number": "济任市监〔2026〕第12号", "office": "任城区市场监督管理局", "issued_on": "2026年11月24日"}
MATTER = "购买的电热水壶漏水、商家拒绝退货"

VALUES = {
    "complaint_registration": {
        "name": "林晓梅",
        "phone": "13805371234",
        "id_type": "居民身份证",
        "id_number": "370811198605121128",
        "address": "济宁市任城区古槐路19号3单元502室",
        "consent_publish": "yes",
        "consent_delegate": "no",
        "respondent": "鲁好商贸有限公司",
        "respondent_contact": "王经理",
        "respondent_address": "古槐路1号",
        "respondent_phone": "0537-2345678",
        "facts": "7月20日买的电热水壶漏水，商家拒绝退货。\n有购物小票和照片。",
        "request": "退货，退还货款199元。",
        "officer": "王芳",
        "registered_on": "2026-11-24",
    },
    "report_registration": {
        "name": "孙建国",
        "phone": "13905375678",
        "address": "曲阜市鼓楼北街8号",
        "id_number": "370881197003041234",
        "respondent": "某某大药房",
        "respondent_address": "太白楼路2号",
        "facts": "店内广告称“包治百病”。",
        "officer": "王芳",
        "registered_on": "2026-11-23",
    },
    "dispatch_notice": {
        "addressee": "任城区市场监督管理局",
        "filer": "林晓梅",
        "received_on": "2026-11-20",
        "matter": MATTER,
        "filing_kind": "投诉",
        "report_by": "2027-01-20",
        "copies": "3",
        "pages": "17",
    },
    "identity_proof_notice": {
        "addressee": "林晓梅",
        "deadline": "2026-12-01",
        "materials": "居民身份证复印件或者照片\n手持身份证的照片",
        "contact_phone": "0537-2345601",
        "contact_address": "济宁市红星中路8号",
    },
    "acceptance_decision": {
        "addressee": "林晓梅",
        "received_on": "2026-11-18",
        "matter": MATTER,
        "contact": "王芳",
        "contact_phone": "0537-2345601",
    },
    "refusal_decision": {"addressee": "林晓梅", "received_on": "2026-11-18", "matter": MATTER, "ground": "3"},
    "mediation_notice": {
        "addressee": "林晓梅、鲁好商贸有限公司",
        "matter": MATTER,
        "session_at": "2026-12-02T14:30",
        "place": "任城区市场监督管理局调解室",
        "materials": "购物凭证\n电热水壶实物",
        "recusal_days": "3",
        "mediator": "李静",
        "contact_phone": "0537-2345602",
    },
    "termination_decision": {"addressee": "林晓梅、鲁好商贸有限公司", "matter": MATTER, "ground": "5"},
    "mediation_agreement": {
        "name": "林晓梅",
        "phone": "13805371234",
        "address": "济宁市任城区古槐路19号",
        "agent": "周明",
        "agent_phone": "13505370001",
        "agent_address": "任城区车站西路5号",
        "respondent": "鲁好商贸有限公司",
        "respondent_head": "张建国",
        "respondent_phone": "0537-2345678",
        "respondent_address": "古槐路1号",
        "respondent_agent": "赵丽",
        "respondent_agent_phone": "13605370002",
        "respondent_agent_address": "任城区建设路6号",
        "content": "电热水壶漏水，请求退货退款。",
        "agreement": "一、退还货款199元；\n二、双方再无其他纠葛。",
    },
    "report_result_notice": {
        "addressee": "孙建国",
        "matter": "某某大药房发布违法广告",
        "law": "《中华人民共和国广告法》第五十三条",
        "result": "我局已于2026年11月20日立案调查。",
    },
}
assert set(VALUES) == set(forms())


def city() -> dict[str, Office]:
    load_offices(TREE, by=SYSTEM, at=NOW)
    return {office.code: office for office in Office.objects.select_related("competent")}
