"""What the tests of cases share: a small city, filings, and a look at a case's clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from fangxin.accounts.models import Office
from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.cases.filings import Channel, Filing, Kind, Person, Respondent
from fangxin.cases.models import Case
from fangxin.cases.services import receive
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.kernel.journal.events import rebuild
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref

SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
"""A day on which every test's filings lie in the past."""
LIN = Person(
    name="林晓梅", phone="13805371234", id_type="居民身份证", id_number="370811198605121128", address="济宁市任城区古槐路19号3单元502室"
)
TREE = (
    OfficeRow(code="370800", name="济宁市市场监督管理局", kind="city_amr"),
    OfficeRow(code="370811", name="任城区市场监督管理局", kind="county_amr", parent_code="370800"),
    OfficeRow(code="370811-guhuai", name="古槐市场监管所", kind="township_office", parent_code="370811"),
    OfficeRow(code="370881", name="曲阜市市场监督管理局", kind="county_amr", parent_code="370800"),
    OfficeRow(code="association", name="济宁市消费者协会", kind="association", parent_code="370800"),
    OfficeRow(code="station", name="万达广场消费维权服务站", kind="station", parent_code="370811"),
    OfficeRow(code="370882", name="已撤销的局", kind="county_amr", parent_code="370800", active=False),
)


def at(local: str) -> datetime:
    """An instant given as local time, `2026-08-03` or `2026-08-03 15:30`; a bare day is nine o'clock."""
    return datetime.fromisoformat(local if " " in local else f"{local} 09:00").replace(tzinfo=SHANGHAI).astimezone(UTC)


def city() -> dict[str, Office]:
    load_offices(TREE, by=SYSTEM, at=NOW)
    return {office.code: office for office in Office.objects.select_related("competent")}


def filing(number: str = "", **changes) -> Filing:
    """A complaint about a kettle, from the 12315 platform."""
    plain = Filing(
        channel=Channel.PLATFORM_12315,
        received_at=at("2026-07-30"),
        narrative="7月20日在店里买的电热水壶漏水，商家拒绝退货。",
        outside_number=number,
        kind=Kind.COMPLAINT,
        title="电热水壶漏水",
        persons=(LIN,),
        respondent=Respondent(name="济宁市鲁好商贸有限公司", address="济宁市任城区古槐路1号"),
        request="退货退款",
        claimed_fen=19900,
    )
    return replace(plain, **changes)


def taken(number: str = "", *, as_if: bool = False, **changes) -> Case:
    """The case that such a filing becomes."""
    receipt = receive([filing(number, **changes)], by=SYSTEM, at=NOW, as_if=as_if)[0]
    if receipt.error:
        raise receipt.error
    return Case.objects.get(pk=receipt.case_ids[0])


def clocks(case: Case) -> dict[str, str]:
    """Each period of a case with its verdict, or with its strict last day while it runs."""
    found = Clock.objects.filter(subject=case.ref).order_by("pk")
    return {clock.term: clock.verdict or ("paused" if clock.paused else f"{clock.strict_on}") for clock in found}


def clock(case: Case, term: str) -> Clock:
    """The newest clock of a period."""
    return Clock.objects.filter(subject=case.ref, term=term).latest("pk")


def started_on(case: Case, term: str) -> str:
    return str(local_date(clock(case, term).started_at))


def history(subject: Ref) -> list[str]:
    """The journal of a subject by the events' short names."""
    return [name.partition(".")[2] for name in Entry.objects.of(subject).values_list("event", flat=True)]


def last_event(subject: Ref, name: str):
    entry = Entry.objects.of(subject).filter(event=name).last()
    return rebuild(entry.event, subject=entry.subject, actor=entry.actor, at=entry.at, data=entry.data)
