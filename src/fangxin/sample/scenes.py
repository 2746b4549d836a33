"""What a replay of outcomes doesn't show, set up through the services that people use: the desk as an officer finds it in the morning.

Mediation at every stage, documents, files, ODR enterprises with their disputes, applications, a merged pair, a dispute over jurisdiction.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from PIL import Image, ImageDraw

from fangxin.accounts.models import Office
from fangxin.accounts.models import Person as Staff
from fangxin.accounts.services import OfficeRow, PersonRow, load_offices, load_people
from fangxin.cases import papers, services
from fangxin.cases.filings import Channel, Consent, Filing, Kind, PartyRole, Person, Respondent
from fangxin.cases.models import ApprovalKind, Case, Matter, Party, Side
from fangxin.cases.services import approving, drafting, joint, jurisdiction, merging, oversight
from fangxin.clocks.keeping import known_calendar
from fangxin.clocks.rules import local_date
from fangxin.documents import services as documents
from fangxin.files import services as files
from fangxin.kernel.errors import BadInput, DomainError
from fangxin.kernel.refs import SYSTEM
from fangxin.mediation import services as mediation
from fangxin.mediation.services.consents import Answer
from fangxin.mediation.services.sessions import Plan, Record
from fangxin.mediation.states import Attendance, Means, Mode, Question, Result, Way
from fangxin.registry.models import Trader
from fangxin.sample import disputes, plots
from fangxin.sample.names import citizen, id_number
from fangxin.sample.outcomes import SHANGHAI
from fangxin.sample.plots import Plot

COUNTY = "370811"
STATION = "370811-wanda"
STATION_MEDIATOR = "mediator-station"
_PEOPLE = 700_000_000
"""Where the shown cases' people begin among the sample's citizens."""
BOTH = {Side.COMPLAINANT: Means.TELEPHONE, Side.RESPONDENT: Means.TELEPHONE}
_LANDLINE, _BUREAU_PHONE = "0537-2905316", "0537-2905300"


@dataclass(slots=True)
class Staged:
    """How many cases were set up, and which scenes the rules refused; the login of the ODR enterprise."""

    cases: int = 0
    disputes: int = 0
    refused: list[str] = field(default_factory=list)
    enterprise_login: str = ""


@dataclass(slots=True)
class Stage:
    """What every scene needs: the time, the people, and a supply of traders and citizens."""

    now: datetime
    seed: int
    county: Office
    desk: Staff
    officer: Staff
    colleague: Staff
    """Officer and mediator of the same bureau."""
    head: Staff
    station: Office
    station_mediator: Staff
    traders: list[Trader]
    """Those not yet in any scene."""
    numbers: Iterator[int]
    staged: Staged

    def ago(self, days: int, clock: str = "09:30") -> datetime:
        """That time of the working day so many working days back; never later than a minute ago."""
        day = known_calendar().add(local_date(self.now), -days) if days else local_date(self.now)
        found = datetime.combine(day, time.fromisoformat(clock), SHANGHAI)
        return min(found, self.now - timedelta(minutes=1))

    def ahead(self, days: int, clock: str) -> datetime:
        """That time, so many working days from today."""
        return datetime.combine(known_calendar().add(local_date(self.now), days), time.fromisoformat(clock), SHANGHAI)

    def shop(self, plot: Plot) -> Trader:
        """A trader that could have sold that, a new one each time. Raises BadInput where there are no more."""
        words = plot.shops.split()
        if not self.traders:
            raise BadInput("sample.few_traders", "The sample city has too few traders for this.")
        found = next((one for one in self.traders if any(word in one.name for word in words)), self.traders[0])
        self.traders.remove(found)
        return found

    def person(self, **changes: Any) -> Person:
        """Somebody who files."""
        number = _PEOPLE + next(self.numbers)
        one = citizen(self.seed, number)
        plain = Person(
            name=one.name, phone=one.phone, id_type="居民身份证", id_number=id_number(self.seed, number), address=one.address
        )  # fmt: skip
        return replace(plain, **changes)

    def filing(
        self, plot: Plot, received: datetime, *, kind: Kind = Kind.COMPLAINT, trader: Trader | None = None, **changes: Any
    ) -> Filing:
        """A filing about that, against the next trader unless one is given."""
        shop = trader or self.shop(plot)
        plain = Filing(
            channel=Channel.WINDOW,
            received_at=received,
            narrative=plot.text.format(shop=shop.name),
            kind=kind,
            title=plot.title,
            persons=(self.person(),),
            respondent=Respondent(name=shop.name, uscc=shop.uscc or "", address=shop.address, contact="经理", phone="0537-2905300"),
            request=plot.request,
            claimed_fen=plot.yuan * 100,
            occurred_on=local_date(received) - timedelta(days=9),
            goods_or_service=plot.goods,
            problem_class=plot.problem,
            consent_publish=Consent.YES,
            consent_delegate=Consent.YES,
        )
        return replace(plain, **changes)

    def taken(self, filing: Filing) -> Case:
        """The case that the desk makes of it."""
        (receipt,) = services.receive([filing], by=self.desk.ref, at=self.now)
        if receipt.error:
            raise receipt.error
        self.staged.cases += len(receipt.case_ids)
        return self.fresh(receipt.case_ids[0])

    def dispatched(self, plot: Plot, days: int, **changes: Any) -> Case:
        """A case with the county for so many working days, its complainant spoken to."""
        case = self.taken(self.filing(plot, self.ago(days, "08:40"), **changes))
        services.dispatch([case], self.county, by=self.desk.ref, at=self.ago(days, "09:20"))
        case = self.fresh(case.pk)
        services.respond(
            [case], method="telephone", result="spoken", by=self.officer.ref, at=self.ago(days, "15:10"), note="已联系本人，告知办理流程。"
        )
        return self.fresh(case.pk)

    def accepted(self, plot: Plot, days: int, **changes: Any) -> Case:
        """A complaint accepted two working days after it came."""
        case = self.dispatched(plot, days, **changes)
        services.accept([case], by=self.officer.ref, at=self.ago(days - 2, "10:00"))
        return self.fresh(case.pk)

    def mediating(self, plot: Plot, days: int, **changes: Any) -> Case:
        """A complaint in mediation since three working days after it came, with both consents on record."""
        case = self.accepted(plot, days, **changes)
        when = self.ago(days - 3, "10:30")
        mediation.invite(case, {Side.COMPLAINANT: Means.MESSAGE, Side.RESPONDENT: Means.TELEPHONE}, by=self.officer.ref, at=when)
        answers = [Answer(side, given=True, means=Means.TELEPHONE) for side in Side]
        mediation.record_consents(case, Question.MEDIATION, answers, by=self.officer.ref, at=when + timedelta(hours=3))
        mediation.begin(self.fresh(case.pk), by=self.officer.ref, at=when + timedelta(hours=3, minutes=10))
        return self.fresh(case.pk)

    def plan(self, starts_at: datetime, mode: Mode = Mode.ON_SITE, mediator: Staff | None = None) -> Plan:
        """A session of an hour, told to both sides by telephone."""
        on_site = mode is Mode.ON_SITE
        place = "任城区市场监督管理局二楼调解室" if on_site else ""
        return Plan(mode, starts_at, 60, mediator or self.colleague, told=BOTH, place=place, recusal_days=1 if on_site else None)

    @staticmethod
    def fresh(pk: int) -> Case:
        """The case as a page reads it."""
        return Case.objects.select_related("unit", "competent", "officer", "trader", "delegate", "lead").get(pk=pk)


def stage(now: datetime, *, seed: int, password: str) -> Staged:
    """Set all scenes up in a generated city that was replayed up to `now`; equal seeds give equal scenes.

    People who may be shown get the password. A scene that the rules refuse on this day is named in the answer, the others stand.
    Must not be called inside a transaction.
    """
    staged = Staged()
    prepared = _prepared(now, seed, password, staged)
    for scene in _SCENES:
        try:
            scene(prepared)
        except DomainError as error:
            staged.refused.append(f"{scene.__name__.removeprefix('_')}: {error.code} {error.params}")
    try:
        disputes.stage(prepared, password=password)
    except DomainError as error:
        staged.refused.append(f"disputes: {error.code} {error.params}")
    return staged


def _prepared(now: datetime, seed: int, password: str, staged: Staged) -> Stage:
    load_offices([OfficeRow(code=STATION, name="任城万达广场消费维权服务站", kind="station", parent_code=COUNTY)], by=SYSTEM, at=now)
    name = citizen(seed, _PEOPLE - 1).name
    row = PersonRow(
        login=STATION_MEDIATOR, name=name, office_code=STATION, roles=(("mediator", ""),), password=password, must_change_password=False
    )
    load_people([row], by=SYSTEM, at=now)
    people = {one.login: one for one in Staff.objects.select_related("office")}
    traders = Trader.objects.in_business().filter(division__code=COUNTY, uscc__isnull=False).order_by("pk")
    return Stage(
        now, seed, Office.objects.select_related("competent").get(code=COUNTY), people["desk-1"], people[f"officer-{COUNTY}-1"],
        people[f"officer-{COUNTY}-2"], people[f"supervisor-{COUNTY}"], Office.objects.get(code=STATION), people[STATION_MEDIATOR],
        list(traders), count(), staged,
    )  # fmt: skip


# --- complaints --------------------------------------------------------------------------------------------------------------


def _session_tomorrow(stage: Stage) -> None:
    """On site tomorrow, with the decision and the notice issued, and photographs attached."""
    case = stage.mediating(plots.SOFA, 9)
    _document(stage, "acceptance_decision", case, stage.ago(6, "11:00"), to="complainant", method="post", reference="EMS 1198 2031 455")
    mediation.schedule_session(case, stage.plan(stage.ahead(1, "10:00")), by=stage.officer.ref, at=stage.ago(1, "16:00"))
    _document(stage, "mediation_notice", stage.fresh(case.pk), stage.ago(1, "16:20"))
    for name, words in (("销售单.png", "销售单 No.20861"), ("沙发照片.png", "沙发照片")):
        files.keep(_picture(words), name=name, subject=case.ref, category="evidence", by=stage.officer.ref, at=stage.ago(8, "15:30"))


def _sessions_ahead(stage: Stage) -> None:
    for plot, days, ahead, clock, mode in (
        (plots.GYM, 8, 1, "14:30", Mode.TELEPHONE),
        (plots.PHONE, 7, 2, "09:00", Mode.ONLINE),
        (plots.WASHER, 10, 3, "15:00", Mode.ON_SITE),
    ):
        case = stage.mediating(plot, days)
        mediation.schedule_session(case, stage.plan(stage.ahead(ahead, clock), mode), by=stage.officer.ref, at=stage.ago(1, "16:30"))


def _sessions_held(stage: Stage) -> None:
    """One goes on, at one the respondent stayed away."""
    for plot, came, result, note in (
        (plots.TILE, Attendance.CAME, Result.GOES_ON, "双方同意先由第三方测量色差，下次再议赔偿数额。"),
        (plots.HAIR, Attendance.ABSENT, Result.FAILED, "被投诉人经通知未到场，电话无人接听。"),
    ):
        case = stage.mediating(plot, 11)
        session = mediation.schedule_session(case, stage.plan(stage.ago(3, "10:00")), by=stage.officer.ref, at=stage.ago(6, "09:00"))
        record = Record(Attendance.CAME, came, result, note)
        mediation.record_session(stage.fresh(case.pk), record, session=session, by=stage.colleague.ref, at=stage.ago(3, "11:10"))


def _to_be_signed(stage: Stage) -> None:
    """A written agreement that the respondent has not signed yet."""
    case = stage.mediating(plots.BANQUET, 10)
    session = mediation.schedule_session(case, stage.plan(stage.ago(1, "09:30")), by=stage.officer.ref, at=stage.ago(4, "09:00"))
    record = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, "双方当场达成一致。")
    mediation.record_session(stage.fresh(case.pk), record, session=session, by=stage.colleague.ref, at=stage.ago(1, "10:20"))
    day = local_date(stage.ago(1))
    mediation.agree(
        stage.fresh(case.pk), way=Way.WRITTEN, terms="被投诉人于签字后三日内退还定金三千元，双方再无争议。", recovered_fen=300_000,
        signed={Side.COMPLAINANT: day}, by=stage.colleague.ref, at=stage.ago(1, "10:40"),
    )  # fmt: skip


def _settled(stage: Stage) -> None:
    """Settled with a written agreement (form 9), one called back."""
    for place, plot in enumerate((plots.SHOES, plots.FRIDGE, plots.GLASSES)):
        case = stage.mediating(plot, 14)
        session = mediation.schedule_session(
            case, stage.plan(stage.ago(6 - place, "14:00")), by=stage.officer.ref, at=stage.ago(9, "09:00")
        )
        record = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, "双方当场达成一致。")
        case = stage.fresh(case.pk)
        mediation.record_session(case, record, session=session, by=stage.colleague.ref, at=stage.ago(6 - place, "15:00"))
        _document(
            stage, "mediation_agreement", case, stage.ago(6 - place, "15:10"), agreement="被投诉人退还货款，商品由被投诉人取回，双方再无争议。"
        )  # fmt: skip
        day = local_date(stage.ago(6 - place))
        mediation.agree(
            stage.fresh(case.pk), way=Way.WRITTEN, terms="被投诉人退还货款，商品由被投诉人取回，双方再无争议。", recovered_fen=plot.yuan * 100,
            signed={Side.COMPLAINANT: day, Side.RESPONDENT: day}, by=stage.colleague.ref, at=stage.ago(6 - place, "15:30"),
        )  # fmt: skip
        services.call_back(
            stage.fresh(case.pk), reached=place != 1, process=5 if place != 1 else None, result=4 if place != 1 else None,
            solved=True if place != 1 else None, by=stage.desk.ref, at=stage.ago(2, "10:00"), note="满意，款已收到。" if place != 1 else "无人接听。",
        )  # fmt: skip


def _ended_otherwise(stage: Stage) -> None:
    """A refusal with its decision served, a termination whose notice is owed to one side, a withdrawal."""
    refused = stage.dispatched(plots.LABOUR, 4)
    services.refuse(
        refused,
        ground="1",
        by=stage.officer.ref,
        at=stage.ago(2, "10:00"),
        note="劳动报酬争议不属于市场监督管理部门职责，请向劳动保障监察机构反映。",
    )
    _document(
        stage, "refusal_decision", stage.fresh(refused.pk), stage.ago(2, "10:30"), to="complainant", method="in_person", reference="签收单"
    )
    ended = stage.mediating(plots.CAR, 12)
    services.terminate(ended, ground="3", by=stage.officer.ref, at=stage.ago(2, "15:00"), note="双方分歧较大，明确表示无法达成一致。")
    services.notify_termination(
        stage.fresh(ended.pk), sides=["complainant"], method="telephone", by=stage.officer.ref, at=stage.ago(2, "15:20")
    )
    withdrawn = stage.dispatched(plots.PRICE, 3)
    services.withdraw(withdrawn, by=stage.officer.ref, at=stage.ago(1, "10:00"), note="商家已退还差价，投诉人书面撤回。", recovered_fen=300)


def _identity_asked(stage: Stage) -> None:
    case = stage.dispatched(plots.MILK, 3)
    until = known_calendar().add(local_date(stage.now), 2)
    services.ask_identity_proof(case, until=until, by=stage.officer.ref, at=stage.ago(1, "09:40"), note="身份证复印件或者照片。")


def _appraisal_asked(stage: Stage) -> None:
    """An application for a test that waits for the head."""
    case = stage.mediating(plots.KETTLE, 8)
    approving.ask(
        case, ApprovalKind.APPRAISAL, reason="委托济宁市质检中心检验壶体焊缝", cause="testing", starts_on=local_date(stage.now),
        by=stage.officer.ref, at=stage.ago(0, "08:40"),
    )  # fmt: skip


def _no_mobile(stage: Stage) -> None:
    """A person with a landline is invited by text message: it ends among the failed notices."""
    case = stage.accepted(plots.FRIDGE, 5, persons=(stage.person(phone=_LANDLINE),))
    mediation.invite(case, {Side.COMPLAINANT: Means.MESSAGE}, by=stage.officer.ref, at=stage.ago(1, "11:00"))


def _merged_pair(stage: Stage) -> None:
    shop = stage.shop(plots.TUTOR)
    lead = stage.dispatched(plots.TUTOR, 4, trader=shop)
    member = stage.dispatched(plots.TUTOR, 3, trader=shop)
    merging.combine(member, lead, by=stage.officer.ref, at=stage.ago(1, "14:00"), note="同一培训机构、同一停课事由，合并办理。")


def _joint(stage: Stage) -> None:
    """Four people against one trader, two of them elected."""
    people = (stage.person(), *(stage.person(role=PartyRole.JOINT) for _ in range(3)))
    case = stage.accepted(plots.TUTOR, 6, persons=people)
    parties = list(Party.objects.filter(case=case, role__in=("complainant", "joint")).order_by("position"))
    joint.elect(case, parties[:2], by=stage.officer.ref, at=stage.ago(3, "09:00"), note="四人签名的推选书一份。")
    answers = {parties[2]: True}
    joint.record_consents(stage.fresh(case.pk), Matter.SETTLE, answers, in_writing=True, by=stage.officer.ref, at=stage.ago(2, "09:00"))


def _jurisdiction(stage: Stage) -> None:
    case = stage.dispatched(plots.SOFA, 3)
    other = Office.objects.get(code="370872")
    jurisdiction.raise_dispute(
        case, other, by=stage.officer.ref, at=stage.ago(2, "16:00"), note="门店地址在太白湖新区，营业执照住所在任城区。"
    )


def _returned(stage: Stage) -> None:
    for plot, note in ((plots.GLASSES, "门店实际位于兖州区，请重新分送。"), (plots.HAIR, "同名门店在高新区，请核对地址。")):
        case = stage.taken(stage.filing(plot, stage.ago(0, "08:10")))
        services.dispatch([case], stage.county, by=stage.desk.ref, at=stage.ago(0, "08:25"))
        services.return_to_desk(stage.fresh(case.pk), by=stage.officer.ref, at=stage.ago(0, "08:50"), note=note)


# --- delegated mediation -----------------------------------------------------------------------------------------------------


def _delegated(stage: Stage) -> None:
    """Two with the station: one with a session to come, one whose agreement waits for the bureau."""
    first, second = stage.accepted(plots.SHOES, 6), stage.accepted(plots.PRICE, 6)
    for case in (first, second):
        answer = Answer(Side.RESPONDENT, given=True, means=Means.TELEPHONE)
        mediation.record_consents(case, Question.DELEGATION, [answer], by=stage.officer.ref, at=stage.ago(3, "10:00"))
        mediation.delegate(
            stage.fresh(case.pk), stage.station, by=stage.officer.ref, at=stage.ago(3, "10:30"), note="商场内纠纷，由服务站就近调解。"
        )
        mediation.begin(stage.fresh(case.pk), by=stage.station_mediator.ref, at=stage.ago(2, "09:00"))
    plan = replace(stage.plan(stage.ahead(1, "09:30"), mediator=stage.station_mediator), place="万达广场一层消费维权服务站")
    mediation.schedule_session(stage.fresh(first.pk), plan, by=stage.station_mediator.ref, at=stage.ago(1, "09:00"))
    held = stage.plan(stage.ago(1, "15:00"), Mode.TELEPHONE, stage.station_mediator)
    record = Record(Attendance.CAME, Attendance.CAME, Result.AGREED, "电话调解，商家当场转账退还差价。")
    mediation.record_session(stage.fresh(second.pk), record, plan=held, by=stage.station_mediator.ref, at=stage.ago(1, "15:30"))
    mediation.agree(
        stage.fresh(second.pk), way=Way.PERFORMED, terms="商家退还差价三元并致歉，已当场履行。", recovered_fen=300,
        by=stage.station_mediator.ref, at=stage.ago(1, "15:40"),
    )  # fmt: skip


# --- reports -----------------------------------------------------------------------------------------------------------------


def _reports(stage: Stage) -> None:
    """One with an application for more time, one filed, one that its reporter must still be told of, and a repeated pair."""
    shop, reporter = stage.shop(plots.UNLICENSED), stage.person(role=PartyRole.REPORTER)

    def report(plot: Plot, days: int, who: Person, **changes: Any) -> Case:
        return stage.dispatched(plot, days, kind=Kind.REPORT, persons=(who,), **changes)

    other = stage.person(role=PartyRole.REPORTER)
    slow = report(plots.AD, 6, other, field_of_law="advertising")
    services.verify(
        slow,
        method="on_site",
        on=local_date(stage.ago(6)),
        by=stage.officer.ref,
        at=stage.ago(6, "16:00"),
        note="现场取得宣传单两份，已拍照。",
    )
    files.keep(_picture("宣传单"), name="宣传单.png", subject=slow.ref, category="evidence", by=stage.officer.ref, at=stage.ago(3, "16:10"))
    approving.ask(
        stage.fresh(slow.pk), ApprovalKind.EXTENSION, reason="需向外地生产企业发函协查，短期内无法完成核查。", amount=15,
        by=stage.officer.ref, at=stage.ago(0, "08:30"),
    )  # fmt: skip
    filed = report(plots.UNLICENSED, 9, stage.person(role=PartyRole.REPORTER), field_of_law="food")
    services.file_report(filed, by=stage.officer.ref, at=stage.ago(3, "11:00"))
    declined = report(plots.SCALE, 7, stage.person(role=PartyRole.REPORTER))
    services.decline_report(declined, by=stage.officer.ref, at=stage.ago(1, "11:00"), note="经核查，电子秤在检定有效期内。")
    report(plots.UNLICENSED, 5, reporter, trader=shop, field_of_law="food")
    report(plots.UNLICENSED, 1, reporter, trader=shop, field_of_law="food")


# --- the desk ----------------------------------------------------------------------------------------------------------------


def _absence(stage: Stage) -> None:
    start = known_calendar().add(local_date(stage.now), 1)
    until: date = known_calendar().add(start, 3)
    oversight.set_absence(stage.colleague, stage.officer, from_on=start, until_on=until, by=stage.head.ref, at=stage.ago(0, "08:20"))


def _drafts(stage: Stage) -> None:
    """Two calls that were cut off."""
    for place, (plot, minutes) in enumerate(((plots.MILK, 25), (plots.PRICE, 70))):
        who, shop = stage.person(), stage.shop(plot)
        fields = {
            "channel": ["telephone"], "kind": ["complaint"], "name": [who.name], "phone": [who.phone], "respondent_name": [shop.name],
            "narrative": [plot.text.format(shop=shop.name)[:40]], "consent_publish": ["yes"], "consent_delegate": ["not_asked"], "further-TOTAL_FORMS": ["0"], "further-INITIAL_FORMS": ["0"],
        }  # fmt: skip
        words = drafting.Typed(fields=fields, channel="telephone", kind="complaint", name=who.name, phone=who.phone, respondent=shop.name)
        token = f"{stage.seed:016x}{place:016x}"
        drafting.save_draft(stage.desk, words, token=token, tab=token, at=stage.now - timedelta(minutes=minutes))


_SCENES: tuple[Callable[[Stage], None], ...] = (
    _session_tomorrow, _sessions_ahead, _sessions_held, _to_be_signed, _settled, _ended_otherwise, _identity_asked, _appraisal_asked,
    _no_mobile, _merged_pair, _joint, _jurisdiction, _returned, _delegated, _reports, _absence, _drafts,
)  # fmt: skip


# --- papers and pictures -----------------------------------------------------------------------------------------------------


def _document(
    stage: Stage, form: str, case: Case, at: datetime, *, to: str = "", method: str = "", reference: str = "", **blanks: str
) -> None:
    """Issue a form filled from the case, and deliver it if a way is given."""
    plain = papers.look(form, case, actor=stage.officer.ref, at=at)
    blanks = {"contact_phone": _BUREAU_PHONE, "mediator_phone": _BUREAU_PHONE, **blanks}
    values = papers.values(form, case, plain=plain, person=stage.officer, on=local_date(at))
    values |= {name: value for name, value in blanks.items() if name in values and not values[name]}
    office = papers.bureau(form, case, stage.officer) or stage.county
    document = documents.issue(form, case.ref, values, office=office, by=stage.officer.ref, at=at, keys="person")
    if method:
        documents.deliver(document, to=to, method=method, reference=reference, by=stage.officer.ref, at=at + timedelta(minutes=5))


def _picture(words: str) -> bytes:
    """A plain picture, as a photograph would lie there; equal words give equal bytes."""
    shade = 150 + len(words) * 7 % 60
    drawn = Image.new("RGB", (640, 420), (shade, 200, 210))
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((60, 60, 580, 360), fill=(250, 250, 245), outline=(90, 90, 90), width=3)
    for line in range(6):
        pen.line((100, 120 + line * 36, 540 - line * 30 - len(words) * 4, 120 + line * 36), fill=(120, 120, 120), width=6)
    held = BytesIO()
    drawn.save(held, "PNG")
    return held.getvalue()
