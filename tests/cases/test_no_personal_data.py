"""Personal data stands nowhere in plain text: every table is read whole and searched for what was planted."""

import dataclasses

import pytest
from casework import NOW, at, city, filing
from django.db import connection

from fangxin.cases import services
from fangxin.cases.filings import Channel, Kind, PartyRole, Person, Reply, Respondent
from fangxin.cases.models import Case
from fangxin.clocks.sweeping import sweep
from fangxin.exchange.services import import_file
from fangxin.kernel.journal.models import Delivery, Entry
from fangxin.kernel.refs import SYSTEM, Ref

SECRETS = {
    "name": "欧阳菁菁",
    "phone": "13953712345",
    "spaced phone": "139 5371 2345",
    "identity number": "370811198803151234",
    "address": "济宁市任城区红星中路77号院3号楼2单元801室",
    "agent": "诸葛文轩",
    "agent's phone": "15063712345",
    "authority": "特别授权代为和解",
    "contact": "司徒掌柜",
    "contact's phone": "18853712345",
    "extra": "会员卡号6217001234567890123",
}
STORY = "上周三傍晚在店里买的紫色搪瓷锅一烧就裂，店主当众把发票撕了"


def everywhere() -> dict[str, list[str]]:
    """Every value of every table as text, by table."""
    content: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            values = [value for row in cursor.fetchall() for value in row]
            content[table] = [bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else str(v) for v in values]
    return content


@pytest.mark.django_db(transaction=True)
def test_what_was_planted_is_found_in_no_table(tmp_path):
    offices = city()
    someone = Person(
        name=SECRETS["name"], phone=SECRETS["phone"], id_type="居民身份证", id_number=SECRETS["identity number"], address=SECRETS["address"]
    )
    agent = Person(name=SECRETS["agent"], phone=SECRETS["agent's phone"], role=PartyRole.AGENT, authority=SECRETS["authority"])
    told = (
        f"本人{SECRETS['name']}，电话{SECRETS['phone']}（{SECRETS['spaced phone']}），身份证{SECRETS['identity number']}，"
        f"家住{SECRETS['address']}。{STORY}。"
    )
    order = filing(
        "N-1",
        kind=Kind.MIXED,
        narrative=told,
        title=f"{SECRETS['name']}投诉搪瓷锅",
        request=f"退款到{SECRETS['phone']}绑定的账户",
        persons=(someone, agent),
        respondent=Respondent(name="锅具店", contact=SECRETS["contact"], phone=SECRETS["contact's phone"]),
        extra={"备注": SECRETS["extra"], "经办": SECRETS["name"]},
        field_of_law="advertising",
    )
    message = dataclasses.replace(
        order,
        outside_number="N-2",
        channel=Channel.HOTLINE_12345,
        kind=Kind.UNDETERMINED,
        dispatched_at=at("2026-07-30 10:00"),
        reply=Reply(at("2026-08-20"), f"{SECRETS['name']}您好，已拨打{SECRETS['phone']}与您联系。"),
    )
    undecided = dataclasses.replace(order, outside_number="N-3", kind=Kind.UNDETERMINED)
    services.receive([order, message, undecided], by=SYSTEM, at=NOW)
    services.receive([dataclasses.replace(order, claimed_fen=1, narrative=told + "补充。")], by=SYSTEM, at=NOW)
    complaint, report = Case.objects.filter(outside_number="N-1").order_by("pk")
    late = Case.objects.get(outside_number="N-3")
    note = f"已联系{SECRETS['phone']}，身份证{SECRETS['identity number']}核对无误"
    services.dispatch([complaint, report, late], offices["370811"], by=SYSTEM, at=at("2026-07-30 10:00"), note=note)
    services.set_kind(late, Kind.REPORT, by=SYSTEM, at=at("2026-07-31"), note=note)
    services.accept([complaint], by=SYSTEM, at=at("2026-08-03"), note=note)
    services.start_appraisal(
        complaint, cause="testing", on=at("2026-08-04").date(), approver=Ref("person:7"), by=SYSTEM, at=at("2026-08-04"), note=note
    )
    services.extend_verification(report, amount=15, approver=SYSTEM, by=SYSTEM, at=at("2026-08-10"), note=note)
    services.terminate(complaint, ground="3", by=SYSTEM, at=at("2026-09-01"), note=note)
    services.take_back(complaint, by=SYSTEM, at=at("2026-09-02"), note=note)
    services.terminate(complaint, ground="6", found="3", by=SYSTEM, at=at("2026-09-03"), note=note)
    services.notify_termination(complaint, by=SYSTEM, at=at("2026-09-03"), note=note)
    services.call_back(complaint, reached=False, by=Ref("person:7"), at=at("2026-09-04"), note=note)
    services.reopen(complaint, by=Ref("person:7"), at=at("2026-09-05"), note=note)
    bad = tmp_path / "orders.csv"
    bad.write_text(
        f"时间,内容,姓名,电话\n2026-13-45,{told},{SECRETS['name']},{SECRETS['phone']}\n2026-07-30,{told},{SECRETS['name']},{SECRETS['phone']}\n",
        "utf-8",
    )
    report = import_file(bad, "plain", by=SYSTEM, at=NOW)
    sweep(NOW)

    content = everywhere()
    leaks = [(table, name) for table, values in content.items() for name, secret in SECRETS.items() for value in values if secret in value]
    assert (report.created, report.quarantined) == (1, 1)
    assert leaks == []
    assert {table for table, values in content.items() for value in values if STORY in value} == {"cases_case"}
    assert Entry.objects.count() > 30
    assert not Delivery.objects.filter(attempts__gt=0).exists()
