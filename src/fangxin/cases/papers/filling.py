"""What stands in each form's blanks to begin with: from the case, its people, the bureau and today. The officer checks and completes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from fangxin.accounts.models import Office, Person
from fangxin.cases.models import Case, Consent, Kind, Party, PartyRole
from fangxin.cases.services import telling, timing
from fangxin.cases.workflow import law_of
from fangxin.clocks.models import Clock
from fangxin.clocks.rules import local_date
from fangxin.documents.numbers import Letterhead, letterhead
from fangxin.documents.specs import spec

RECUSAL_DAYS: Final = "3"
"""The law names no number of days (Order 121 Art 21); a proposal for the officer to change."""
PROOF: Final = "居民身份证或者其他有效身份证件的复印件、照片"
FILINGS: Final = {Kind.COMPLAINT.value: "投诉", Kind.REPORT.value: "举报"}


@dataclass(frozen=True, slots=True)
class Setting:
    """What a filler may look at."""

    case: Case
    plain: Mapping[str, str]
    """Personal data that was revealed for this form: `main.name`, `main.phone`, `agent.name`, `contact.phone`, `filing.narrative` …"""
    person: Person
    on: date

    @property
    def head(self) -> Letterhead:
        """Telephone and address of the bureau that issues."""
        office = bureau("", self.case, self.person)
        return letterhead(office) if office else Letterhead()

    @property
    def name(self) -> str:
        """Who filed; of several, the first and how many they are."""
        joint = Party.objects.filter(case=self.case, role=PartyRole.JOINT).count()
        name = self.plain.get("main.name", "")
        return f"{name}等{joint + 1}人" if name and joint else name

    @property
    def respondent(self) -> str:
        """The trader by its registered name, else as stated."""
        return self.case.trader.name if self.case.trader else self.case.respondent_name

    @property
    def matter(self) -> str:
        """What it is about in a line: the title, else goods or service and the respondent."""
        about = self.case.title or self.case.goods_or_service
        return about or (f"与{self.respondent}的消费争议" if self.respondent else "")

    @property
    def officer(self) -> Person:
        """Who handles the case; nobody yet: who is writing."""
        return self.case.officer or self.person


Filler = Callable[[Setting], Mapping[str, str]]
_further: dict[str, list[Filler]] = {}


def register(form: str, filler: Filler) -> None:
    """Let an upper app fill a form further: what it says goes before what the case says, an empty text says nothing."""
    spec(form)
    known = _further.setdefault(form, [])
    if filler not in known:
        known.append(filler)


def values(form: str, case: Case, *, plain: Mapping[str, str], person: Person, on: date) -> dict[str, str]:
    """What a form begins with, for the officer to check; blanks that nothing is known for are empty."""
    setting = Setting(case, plain, person, on)
    found = {field.name: "" for field in spec(form).fields}
    for filler in (_FILLERS[form], *_further.get(form, ())):
        found |= {name: value for name, value in filler(setting).items() if value and name in found}
    return found


def bureau(form: str, case: Case, person: Person) -> Office | None:
    """In whose name a form is issued: the desk's own bureau for a dispatch, else the bureau that is competent for the case."""
    if form == "dispatch_notice":
        return person.office.competent
    return case.competent or (case.unit.competent if case.unit else None) or person.office.competent


# --- one form, one filler ----------------------------------------------------------------------------------------------------


def _complaint_registration(setting: Setting) -> Mapping[str, str]:
    case, plain = setting.case, setting.plain
    consents = {Consent.YES.value: "yes", Consent.NO.value: "no"}  # not asked (未询问) ticks neither
    return {
        "name": setting.name,
        "phone": plain.get("main.phone", ""),
        "id_type": plain.get("main.id_type", ""),
        "id_number": plain.get("main.id_number", ""),
        "address": plain.get("main.address", ""),
        "consent_publish": consents.get(case.consent_publish, ""),
        "consent_delegate": consents.get(case.consent_delegate, ""),
        "respondent": setting.respondent,
        "respondent_contact": plain.get("contact.name", ""),
        "respondent_address": _respondent_address(case),
        "respondent_phone": plain.get("contact.phone", ""),
        "facts": _narrative(setting),
        "request": _request(setting),
        **_registered(setting),
    }


def _report_registration(setting: Setting) -> Mapping[str, str]:
    case, plain = setting.case, setting.plain
    return {
        "name": "匿名" if case.anonymous else setting.name,
        "phone": plain.get("main.phone", ""),
        "address": plain.get("main.address", ""),
        "id_number": plain.get("main.id_number", ""),
        "respondent": setting.respondent,
        "respondent_address": _respondent_address(case),
        "facts": _narrative(setting),
        **_registered(setting),
    }


def _dispatch_notice(setting: Setting) -> Mapping[str, str]:
    case = setting.case
    closing = Clock.objects.running().filter(subject=case.ref, term=timing.HOTLINE_CLOSING).first()
    return {
        "addressee": case.competent.name if case.competent else "",
        "filer": "匿名举报人" if case.anonymous else setting.name,
        "received_on": local_date(case.first_received_at).isoformat(),
        "matter": setting.matter,
        "filing_kind": FILINGS.get(case.kind, ""),
        "report_by": closing.strict_on.isoformat() if closing and closing.strict_on else "",
        "copies": "1",
        "pages": "1",
    }


def _identity_proof_notice(setting: Setting) -> Mapping[str, str]:
    clocks = {clock.term: clock for clock in Clock.objects.running().filter(subject=setting.case.ref)}
    clock = clocks.get(timing.IDENTITY_PROOF) or clocks.get(timing.ACCEPTANCE)
    return {
        "addressee": setting.name,
        "deadline": clock.strict_on.isoformat() if clock and clock.strict_on else "",
        "materials": PROOF,
        "contact_phone": setting.head.phone,
        "contact_address": setting.head.address,
    }


def _acceptance_decision(setting: Setting) -> Mapping[str, str]:
    return {
        **_received(setting),
        "contact": setting.officer.name,
        "contact_phone": setting.head.phone,
    }


def _refusal_decision(setting: Setting) -> Mapping[str, str]:
    return {**_received(setting), "ground": _ground(setting, "refusal_decision")}


def _mediation_notice(setting: Setting) -> Mapping[str, str]:
    return {
        "addressee": _both(setting),
        "matter": setting.matter,
        "recusal_days": RECUSAL_DAYS,
        "mediator": setting.officer.name,
        "contact_phone": setting.head.phone,
    }


def _termination_decision(setting: Setting) -> Mapping[str, str]:
    return {"addressee": _both(setting), "matter": setting.matter, "ground": _ground(setting, "termination_decision")}


def _mediation_agreement(setting: Setting) -> Mapping[str, str]:
    plain = setting.plain
    request = _request(setting)
    return {
        "name": setting.name,
        "phone": plain.get("main.phone", ""),
        "address": plain.get("main.address", ""),
        "agent": plain.get("agent.name", ""),
        "agent_phone": plain.get("agent.phone", ""),
        "agent_address": plain.get("agent.address", ""),
        "respondent": setting.respondent,
        "respondent_phone": plain.get("contact.phone", ""),
        "respondent_address": _respondent_address(setting.case),
        "content": _narrative(setting) + (f"\n投诉请求：{request}" if request else ""),
    }


def _report_result_notice(setting: Setting) -> Mapping[str, str]:
    """The law is the one that asks for the notice: Order 121 Art 36 knows no general duty, so there may be none to propose."""
    owed = [duty for duty in telling.duties_of(setting.case) if duty.tell == "reporter" and duty.fields]
    return {"addressee": setting.name, "matter": setting.matter, "law": owed[0].cites[0].zh() if owed else ""}


_FILLERS: Final[Mapping[str, Filler]] = {
    "complaint_registration": _complaint_registration,
    "report_registration": _report_registration,
    "dispatch_notice": _dispatch_notice,
    "identity_proof_notice": _identity_proof_notice,
    "acceptance_decision": _acceptance_decision,
    "refusal_decision": _refusal_decision,
    "mediation_notice": _mediation_notice,
    "termination_decision": _termination_decision,
    "mediation_agreement": _mediation_agreement,
    "report_result_notice": _report_result_notice,
}


# --- what several forms say --------------------------------------------------------------------------------------------------


def _received(setting: Setting) -> Mapping[str, str]:
    received = setting.case.competent_received_at or setting.case.first_received_at
    return {"addressee": setting.name, "received_on": local_date(received).isoformat(), "matter": setting.matter}


def _registered(setting: Setting) -> Mapping[str, str]:
    return {"officer": setting.person.name, "registered_on": setting.on.isoformat()}


def _both(setting: Setting) -> str:
    return "、".join(part for part in (setting.name, setting.respondent) if part)


def _ground(setting: Setting, form: str) -> str:
    """The item of the article; only one of Order 121, whose items the forms list."""
    case = setting.case
    decided = case.closed_at or case.decided_at
    step = "refuse" if form == "refusal_decision" else "terminate"
    if not case.ground or decided is None:
        return ""
    instrument = law_of(step, case.kind, local_date(decided)).cites[0].instrument
    return case.ground if instrument == "order121" and case.ground.isdecimal() and int(case.ground) <= len(spec(form).items) else ""


def _narrative(setting: Setting) -> str:
    return setting.plain.get("filing.narrative") or setting.case.narrative


def _request(setting: Setting) -> str:
    return setting.plain.get("filing.request") or setting.case.request


def _respondent_address(case: Case) -> str:
    return case.respondent_address or (case.trader.address if case.trader else "")
