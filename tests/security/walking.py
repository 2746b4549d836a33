"""The world that the permission walk goes through: cases of all kinds in several units and states, what hangs on them, and everybody who asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
from django.db import connection, transaction
from django.test import Client

from cases.casework import LIN, NOW, at, city, filing
from fangxin.accounts.models import Office, Person, Role
from fangxin.accounts.tokens import issue_token
from fangxin.cases import papers
from fangxin.cases import services as cases
from fangxin.cases.filings import Consent, Kind, Respondent
from fangxin.cases.models import Absence, Case, Draft, JurisdictionDispute, Party
from fangxin.cases.services import drafting, jurisdiction, merging, oversight
from fangxin.documents import services as documents
from fangxin.documents.models import Document
from fangxin.documents.specs import spec
from fangxin.exchange.models import QuarantinedRow
from fangxin.exchange.services import import_file
from fangxin.files.models import Attachment
from fangxin.files.services import keep
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.knowledge.models import Entry as Knowledge
from fangxin.knowledge.services import save_entry
from fangxin.mediation import services as mediation
from fangxin.mediation.models import Agreement, Session
from fangxin.mediation.services.sessions import Record
from fangxin.mediation.states import Attendance, Means, Mode, Question, Result, Way
from fangxin.notices.models import Notice
from fangxin.notices.services import Message, enqueue
from fangxin.odr.models import Account, Dispute, Enterprise
from fangxin.odr.services import accounts as odr_accounts
from fangxin.odr.services import disputes, telling
from files.specimens import picture
from mediation.mediationwork import consent, fresh, plan
from odr.odrwork import OTHER_USCC, USCC, direct, enterprise, enterprise_browser, trader
from odr.odrwork import PASSWORD as SHOP_PASSWORD
from staffwork import person, signed_in

HOURS = timedelta(hours=1)
CITY, NEAR, FAR = "370800", "370811", "370881"
PLACES = {CITY: "city", NEAR: "the county that works on it", FAR: "another county"}
BODIES = ("station", "association")
REPORT_TEXT = "该店冷柜内有过期肉制品"
"""What the clue says; nobody outside the unit may read it."""
REPORTER = "孙建国"


@dataclass(frozen=True)
class Principal:
    """Somebody who asks. `office` is empty for whoever is no member of staff."""

    name: str
    role: str = ""
    office: str = ""
    kind: str = "staff"
    client: Client = field(default_factory=Client, compare=False)
    person: Person | None = field(default=None, compare=False)


@dataclass
class World:
    """What there is, by the names that the walk calls it."""

    offices: dict[str, Office]
    cases: dict[str, Case]
    attachment: Attachment
    proof: Attachment
    document: Document
    report_document: Document
    notices: dict[str, Notice]
    drafts: dict[str, Draft]
    session: Session
    agreement: Agreement
    shops: dict[str, tuple[Enterprise, Account]]
    disputes: dict[str, Dispute]
    evidence: Attachment
    colleague: Account
    invitation: str
    consumer: str
    jurisdiction: JurisdictionDispute
    absences: dict[str, Absence]
    knowledge: dict[str, Knowledge]
    quarantined: QuarantinedRow
    principals: dict[str, Principal] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def label(self, number: str) -> str:
        """What the walk calls the case of this number."""
        return next(name for name, case in self.cases.items() if case.number == number)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside has never been. Counts as a test's own transaction, inside which a look may be committed."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
    connection.run_on_commit.clear()


def build(folder: Path) -> World:
    """Make everything there is, through the services, and sign everybody in."""
    offices = city()
    staff = _staff()
    officer = staff[f"officer {NEAR}"]
    shops = {
        "near": _shop(USCC, "济宁市鲁好商贸有限公司", offices[NEAR], "luhao"),
        "far": _shop(OTHER_USCC, "曲阜市孔府商店", offices[FAR], "kongfu"),
    }
    found = _cases(offices, officer, staff["mediator station"])
    attachment = keep(picture(), name="小票.jpg", subject=found["delegated"].ref, category="evidence", by=officer.ref, at=NOW)
    document = _issued("acceptance_decision", found["accepted"], officer)
    proof = keep(picture(size=(20, 20)), name="回执.jpg", subject=document.ref, category="proof", by=officer.ref, at=NOW)
    documents.deliver(document, to="complainant", method="post", reference="EMS 1099887766554", proof=proof, by=officer.ref, at=NOW)
    session = mediation.schedule_session(found["mediating"], plan(officer, "2026-11-25 14:30"), by=officer.ref, at=NOW)
    told = {
        "near": disputes.send(found["odr"], by=officer.ref, at=NOW, summary="电热水壶漏水，要求退款。"),
        "direct": direct(shops["near"][0], at=NOW),
        "far": disputes.send(found["far"], by=staff[f"officer {FAR}"].ref, at=NOW),
    }
    evidence = keep(picture("PNG"), name="水壶.png", subject=told["near"].ref, category="evidence", by=shops["near"][1].ref, at=NOW)
    made, token = odr_accounts.invite(shops["near"][0], by=shops["near"][1].ref, at=NOW)
    del made
    colleague = odr_accounts.accept_invitation(token, login="luhao-2", name="钱进", password=SHOP_PASSWORD, pledged=True, at=NOW)
    world = World(
        offices=offices,
        cases=found,
        attachment=attachment,
        proof=proof,
        document=document,
        report_document=_issued("report_registration", found["report"], officer),
        notices={
            "complaint": _dead(found["accepted"].ref, "person"),
            "report": _dead(found["report"].ref, "reporter"),
            "far": _dead(found["far"].ref, "person"),
        },
        drafts={
            name: _draft(staff[name]) for name in (f"officer {NEAR}", f"city_desk {CITY}")
        },
        session=session,
        agreement=Agreement.objects.get(case=found["settled"]),
        shops=shops,
        disputes=told,
        evidence=evidence,
        colleague=colleague,
        invitation=odr_accounts.invite(shops["near"][0], by=officer.ref, at=NOW)[1],
        consumer=telling.token_of(told["near"]),
        jurisdiction=jurisdiction.raise_dispute(found["disputed"], offices[FAR], by=officer.ref, at=NOW, note="实际经营地在曲阜"),
        absences={
            "near": oversight.set_absence(
                officer, _deputy(NEAR), from_on=NOW.date() + timedelta(days=3), until_on=NOW.date() + timedelta(days=5), by=officer.ref, at=NOW
            ),
            "far": oversight.set_absence(
                staff[f"officer {FAR}"], _deputy(FAR), from_on=NOW.date(), until_on=NOW.date(), by=staff[f"officer {FAR}"].ref, at=NOW
            ),
        },
        knowledge={"in use": _entry("power-bank", active=True), "put away": _entry("old-text", active=False)},
        quarantined=_quarantined(folder),
    )  # fmt: skip
    world.cases = {name: fresh(case) for name, case in world.cases.items()}
    world.principals = {one.name: one for one in _everybody(staff)}
    world.tokens = _tokens(staff)
    return world


# --- people ------------------------------------------------------------------------------------------------------------------


def _staff() -> dict[str, Person]:
    """One person for each role at each of three offices, a mediator for each body, and one without a role."""
    wanted = [(role.value, office) for role in Role for office in PLACES] + [("mediator", body) for body in BODIES] + [("", NEAR)]
    return {
        f"{role} {office}".strip() if role else "no role": person(
            f"{role or 'none'}-{office}", role, office, at=NOW, name=f"员{number:02d}"
        )
        for number, (role, office) in enumerate(wanted)
    }


def _everybody(staff: dict[str, Person]) -> Iterator[Principal]:
    yield Principal("stranger", kind="stranger", client=Client(headers={"accept-language": "en"}))
    for name, one in staff.items():
        role = next(iter(one.roles()), "")
        yield Principal(name, role, one.office.code, client=signed_in(one.login), person=one)
    yield Principal("the enterprise", kind="enterprise", client=enterprise_browser("luhao"))
    yield Principal("another enterprise", kind="enterprise", client=enterprise_browser("kongfu"))


def _deputy(office: str) -> Person:
    return person(f"deputy-{office}", "officer", office, at=NOW, name="代班")


def _tokens(staff: dict[str, Person]) -> dict[str, str]:
    """Secrets of tokens: each person's that may write, some that only read, one that is expired."""

    def token(name: str, scope: str = "write", *, days: int = 30, when: timedelta = timedelta(0)) -> str:
        one, made = staff[name], NOW - when
        return issue_token(one, name="walk", scope=scope, expires_at=made + timedelta(days=days), by=one.ref, at=made)[1]

    found = {name: token(name) for name in staff}
    found |= {f"{name}, read-only": token(name, "read") for name in (f"officer {NEAR}", f"city_desk {CITY}", f"officer {FAR}")}
    found["expired"] = token(f"city_desk {CITY}", days=1, when=timedelta(days=2))
    return found | {"none": ""}


# --- cases -------------------------------------------------------------------------------------------------------------------


def _cases(offices: dict[str, Office], officer: Person, station: Person) -> dict[str, Case]:
    names = (
        "waiting", "late", "fresh", "township", "far", "accepted", "delegated", "mediating", "settled", "odr", "lead", "member", "disputed",
        "returned", "refused", "report", "consultation", "at the city", "undetermined",
    )  # fmt: skip
    kinds = {"report": Kind.REPORT, "consultation": Kind.CONSULTATION, "undetermined": Kind.UNDETERMINED, "odr": Kind.MIXED}
    units = {"waiting": "", "township": "370811-guhuai", "far": FAR, "at the city": CITY}
    filings = [
        filing(
            f"JN-{number}",
            kind=kinds.get(name, Kind.COMPLAINT),
            received_at=at("2026-07-30") if name == "late" else NOW - (number + 1) * HOURS if name == "waiting" else at("2026-11-16 09:00"),
            persons=(LIN,) if name != "report" else (_reporter(),),
            respondent=Respondent(name="曲阜市孔府商店" if name == "far" else "济宁市鲁好商贸有限公司", uscc=OTHER_USCC if name == "far" else USCC, address="古槐路1号", contact="王经理", phone="0537-2345678"),
            consent_delegate=Consent.YES,
        )
        for number, name in enumerate(names)
    ]  # fmt: skip
    found: dict[str, Case] = {}
    for name, receipt in zip(names, cases.receive(filings, by=SYSTEM, at=NOW), strict=True):
        assert receipt.error is None, (name, receipt.error)
        halves = list(Case.objects.filter(pk__in=receipt.case_ids).order_by("pk"))
        found[name] = halves[0]
        if len(halves) == 2:
            found[f"{name}: the report"] = halves[1]
    day = at("2026-11-16 10:00")
    for name, case in found.items():
        unit = units.get(name.partition(":")[0], NEAR)
        if unit:
            cases.dispatch([case], offices[unit], by=SYSTEM, at=max(day, case.first_received_at))
    by, then = officer.ref, at("2026-11-17 10:00")
    cases.return_to_desk(found["returned"], by=by, at=then, note="不属本辖区")
    cases.refuse(found["refused"], ground="2", by=by, at=then, note="已经法院受理")
    for name in ("accepted", "delegated", "mediating", "settled"):
        cases.accept([found[name]], by=by, at=then)
        found[name] = fresh(found[name])
    for name in ("mediating", "settled", "delegated"):
        consent(found[name], by=by, on="2026-11-17 11:00")
    for name in ("mediating", "settled"):
        mediation.begin(found[name], by=by, at=at("2026-11-17 12:00"))
    _settle(fresh(found["settled"]), officer)
    found["clue"] = cases.open_clue(fresh(found["mediating"]), clue="店内在售电热水壶无认证标志", found_at=then, by=by, at=NOW)
    consent(found["delegated"], by=by, question=Question.DELEGATION, complainant=None, on="2026-11-18")
    mediation.begin(fresh(found["delegated"]), by=by, at=at("2026-11-18 10:00"))
    found["delegated: the clue"] = cases.open_clue(
        fresh(found["delegated"]), clue=REPORT_TEXT, found_at=at("2026-11-18 11:00"), by=by, at=at("2026-11-18 12:00")
    )
    mediation.delegate(fresh(found["delegated"]), offices["station"], by=by, at=at("2026-11-19"), note="就近由服务站调解")
    merging.combine(fresh(found["member"]), fresh(found["lead"]), by=by, at=NOW, note="同一批商品")
    for name in ("odr", "far"):
        Case.objects.filter(pk=found[name].pk).update(trader=trader(found[name].respondent_uscc))
    return {name: fresh(case) for name, case in found.items()}


def _reporter():
    return type(LIN)(name=REPORTER, phone="13905375678", id_type="居民身份证", id_number="370881197003041235", address="曲阜市鼓楼北街8号")


def _settle(case: Case, officer: Person) -> None:
    when = at("2026-11-18 15:00")
    agreed = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, "双方达成一致。")
    mediation.record_session(case, agreed, plan=plan(officer, "2026-11-18 14:00", mode=Mode.TELEPHONE), by=officer.ref, at=when)
    terms = f"商家于11月20日前向{LIN.name}（电话{LIN.phone}）退还货款199元。"
    mediation.agree(fresh(case), way=Way.REMOTE, terms=terms, recovered_fen=19900, by=officer.ref, at=when)


# --- what hangs on them ------------------------------------------------------------------------------------------------------


def _shop(uscc: str, name: str, office: Office, login: str) -> tuple[Enterprise, Account]:
    return enterprise(uscc, name, office=office, login=login, at=at("2026-11-10"))


def _issued(form: str, case: Case, who: Person) -> Document:
    case = fresh(case)
    plain = papers.look(form, case, actor=who.ref, at=NOW)
    known = papers.values(form, case, plain=plain, person=who, on=NOW.date())
    values = {one.name: known.get(one.name) or ("0537-12315" if one.required else "") for one in spec(form).fields}
    return documents.issue(
        form, case.ref, values, office=case.competent, by=who.ref, at=NOW, keys="reporter" if case.kind == "report" else "person"
    )


def _dead(subject: Ref, keys: str) -> Notice:
    """A notice that has nobody to go to: it failed for good."""
    params = {"number": "FX2611200001", "office": "任城区市场监督管理局", "phone": "0537-12315"}
    return enqueue([Message(subject=subject, template="case.accepted", channel="sms", to="", params=params, keys=keys)], by=SYSTEM, at=NOW)[
        0
    ]


def _draft(who: Person) -> Draft:
    typed = drafting.Typed(fields={"narrative": ["水壶漏水"]}, channel="telephone", kind="complaint", name=LIN.name)
    key = f"{who.pk:032d}"
    return drafting.save_draft(who, typed, token=key, tab=key, at=NOW)


def _entry(slug: str, *, active: bool) -> Knowledge:
    values: dict[str, Any] = {
        "topic": "rights", "title": f"共享充电宝乱扣费怎么办？{slug}", "title_en": "", "answer": "请保存订单截图后投诉。", "words": "充电宝 扣费",
        "cites": "crpl_regulation:10", "sources": "", "body": "", "phone": "", "checked": True, "active": active,
    }  # fmt: skip
    return save_entry(None, values, slug=slug, by=SYSTEM, at=NOW)


def _quarantined(folder: Path) -> QuarantinedRow:
    """An order of an impossible day."""
    book = openpyxl.Workbook()
    book.active.append(["工单编号", "来电时间", "来电人", "联系电话", "诉求类型", "诉求内容"])
    book.active.append(["JN-900", "2026-02-30 09:30:00", "欧阳静怡", "13805370099", "投诉", "锅漏水"])
    book.save(folder / "orders.xlsx")
    import_file(folder / "orders.xlsx", "12345-orders", by=SYSTEM, at=NOW)
    return QuarantinedRow.objects.get()


def party_of(case: Case) -> Party:
    """Who filed."""
    return Party.objects.filter(case=case).order_by("position")[0]


__all__ = [
    "BODIES",
    "CITY",
    "FAR",
    "NEAR",
    "NOW",
    "PLACES",
    "REPORTER",
    "REPORT_TEXT",
    "Means",
    "Principal",
    "World",
    "build",
    "party_of",
    "undone",
]
