"""A whole day: twenty cases of all kinds from receipt to closing, by five people in a browser, an ODR enterprise's among them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from browser.conftest import DESK, PHONE, REFUSAL
from cases.casework import city, filing
from fangxin.accounts.models import Office
from fangxin.accounts.models import Person as Staff
from fangxin.cases.filings import Channel, Consent, Kind, PartyRole, Person, Respondent
from fangxin.cases.models import Case, CaseLink, LinkKind, Party
from fangxin.cases.services import receive
from fangxin.cases.states import OPEN_STATES, State
from fangxin.clocks.models import Clock
from fangxin.documents.models import Document
from fangxin.kernel import journal
from fangxin.kernel.refs import SYSTEM
from fangxin.knowledge.services import load_entries
from fangxin.mediation.models import Agreement
from fangxin.odr.models import Dispute
from fangxin.odr.services import accounts, apply, enterprises
from fangxin.odr.services.telling import token_of
from odr.odrwork import HEAD, USCC, application, trader
from odr.odrwork import PASSWORD as SHOP_PASSWORD
from staffwork import PASSWORD, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNTY = "任城区市场监督管理局"
SHOP = Respondent(name="济宁市鲁好商贸有限公司", uscc=USCC, address="济宁市任城区古槐路1号")


class Window:
    """One person at their own screen; every page they come to must be whole, silent in its console and fit a telephone."""

    def __init__(self, chromium, base, size):
        context = chromium.new_context(base_url=base, viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
        self.page, self.size, self.wrong, self.fitted = context.new_page(), size, [], set()
        self.page.set_default_timeout(15_000)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message):
        if message.type == "error" and not REFUSAL.search(message.text):
            self.wrong.append(f"{self.page.url}: {message.text}")

    def sign_in(self, login, password=PASSWORD, door="/accounts/sign-in"):
        self.page.goto(door)
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        with self.page.expect_navigation():
            self.page.press("[name=password]", "Enter")
        self.look()
        return self

    def go(self, path):
        answer = self.page.goto(path)
        assert answer.status == 200, (path, answer.status)
        self.look()

    def press(self, button):
        """Press a button that leads to another page."""
        with self.page.expect_navigation():
            self.page.locator(button).first.click()
        self.look()

    def look(self):
        """See that the page fits 390 pixels; each kind of page once."""
        kind = re.sub(r"\d+", "n", re.sub(r"[?#].*", "", self.page.url))
        if kind in self.fitted:
            return
        self.fitted.add(kind)
        self.page.set_viewport_size(PHONE)
        beyond = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.page.set_viewport_size(self.size)
        if beyond:
            self.wrong.append(f"{self.page.url}: {beyond} px too wide on a telephone")

    def fill(self, prefix, **fields):
        """Fill fields of a form by name: text, a choice, boxes to tick."""
        for name, value in fields.items():
            field = self.page.locator(f"#{prefix}_{name}")
            if isinstance(value, list):
                for one in value:
                    field.locator(f"input[value='{one}']").check()
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(str(value))
            elif field.get_attribute("type") == "checkbox":
                field.check()
            else:
                field.fill(str(value))

    def act(self, case, name, **fields):
        """Do one thing on a case's page, and see that it was done."""
        if not self.page.url.endswith(f"/cases/{case.pk}"):
            self.go(f"/cases/{case.pk}")
        step = self.page.locator(f"#acts [data-act={name}]")
        assert step.count(), (
            case.number,
            name,
            self.page.locator("#acts [data-act]").evaluate_all("all => all.map(one => one.dataset.act)"),
        )
        step.locator("summary").click()
        self.fill(name, **fields)
        self.press(f"#acts [data-act={name}] button.btn-primary")
        said = self.page.locator("main .alert-danger, main .fx-field-error").all_inner_texts()
        assert not said, (case.number, name, said)

    def issue(self, case, form, **blanks):
        """Write a document of a case and issue it."""
        self.go(f"/cases/{case.pk}")
        self.press(f"form[action$='/papers/{form}'] button")
        for name, value in blanks.items():
            self.page.fill(f"#paper-form [name={name}]", value)
        self.press("#paper-form button[value=issue]")
        assert not self.page.locator("main .alert-danger").count(), self.page.locator("main").inner_text()

    def reply(self, name, **fields):
        """Answer on the enterprise's page of a dispute."""
        form = self.page.locator(f"form[action$='/reply/{name}']").first
        if not form.is_visible():
            form.locator("xpath=..").locator("summary").click()
        for field, value in fields.items():
            box = form.locator(f"[name$={field}]").first
            box.select_option(value) if box.evaluate("box => box.tagName") == "SELECT" else box.fill(value)
        with self.page.expect_navigation():
            form.locator("button").click()
        self.look()


@pytest.fixture
def day(live_server, chromium):
    """The people at their screens: desk, officer, mediator of the station, head, an enterprise's person."""
    now = timezone.now()
    offices = city()
    load_entries(by=SYSTEM, at=now)
    for login, role, office, name in (
        ("desk", "city_desk", "370800", "李静"), ("officer", "officer", "370811", "王芳"),
        ("mediator", "mediator", "station", "冯勇"), ("head", "supervisor", "370811", "赵局"), ("colleague", "officer", "370811", "周平"),
    ):  # fmt: skip
        person(login, role, office, at=now, name=name)
    firm = admitted(offices["370811"], now)
    people = {login: Window(chromium, live_server.url, DESK).sign_in(login) for login in ("desk", "officer")}
    people |= {login: Window(chromium, live_server.url, PHONE).sign_in(login) for login in ("mediator", "head")}
    people["shop"] = open_account(Window(chromium, live_server.url, PHONE), firm)
    yield people
    for one in people.values():
        one.page.context.close()


def admitted(office, at):
    """An enterprise that the bureau has admitted and that has no account yet."""
    trader()
    firm = apply(application(), by=enterprises.APPLICANT, at=at)
    firm.office = office
    firm.save(update_fields=["office"])
    enterprises.approve(firm, by=HEAD, at=at)
    return firm


def open_account(shop, firm):
    """Its person follows the link, gives the pledge, signs out and in again."""
    _invitation, token = accounts.invite(firm, by=HEAD, at=timezone.now())
    shop.go(f"/odr/i/{token}")
    for name, value in (("name", "孙晓"), ("login", "luhao"), ("password", SHOP_PASSWORD), ("again", SHOP_PASSWORD)):
        shop.page.fill(f"main [name$={name}]", value)
    shop.page.check("main [name$=pledged]")
    shop.press("main form button.btn-primary")
    shop.press("form[action='/odr/sign-out'] button")
    return shop.sign_in("luhao", SHOP_PASSWORD, "/odr/sign-in")


def somebody(number, **changes):
    given = {"name": f"孙{'一二三四五六七八九十'[number % 10]}梅", "phone": f"138053700{number:02d}", "address": "济宁市任城区古槐路19号"}
    return Person(**(given | changes))


def queue():
    """What came in this morning: seventeen filings; one call more is taken on the entry screen, one dispute filed with the enterprise."""
    came = timezone.now() - timedelta(minutes=50)
    reporter = {"role": PartyRole.REPORTER}
    report = {"kind": Kind.REPORT, "request": "依法查处", "claimed_fen": 0}
    joint = (somebody(7), somebody(8, role=PartyRole.JOINT), somebody(9, role=PartyRole.JOINT))
    rows = {
        "settled": {"place": "任城区古槐街道"}, "refused": {}, "terminated": {}, "station": {"consent_delegate": Consent.YES}, "odr": {"respondent": SHOP},
        "identity": {}, "taken_back": {}, "lead": {"title": "健身卡退费"}, "member": {"title": "健身卡退费"},
        "joint": {"persons": joint, "channel": Channel.WINDOW},
        "filed": report | {"persons": (somebody(20, **reporter),), "field_of_law": "advertising"},
        "transferred": report | {"persons": (somebody(21, **reporter),)},
        "extended": report | {"persons": (somebody(22, **reporter),)},
        "repeat": report | {"persons": (somebody(22, **reporter),)},
        "question": {"kind": Kind.CONSULTATION, "narrative": "网上买的鞋不满意，七天无理由退货怎么办理？", "title": "七天无理由退货"},
        "elsewhere": {"kind": Kind.CONSULTATION, "narrative": "老板拖欠工资，应该找哪个部门？", "title": "拖欠工资"},
        "hotline": {"kind": Kind.UNDETERMINED, "channel": Channel.HOTLINE_12345},
    }  # fmt: skip
    filings = [
        filing(f"DAY-{number}", received_at=came + timedelta(minutes=number), **({"persons": (somebody(number),)} | changes))
        for number, changes in enumerate(rows.values())
    ]
    receipts = receive(filings, by=SYSTEM, at=timezone.now())
    assert [receipt.error for receipt in receipts] == [None] * len(rows)
    return {name: Case.objects.get(pk=receipt.case_ids[0]) for name, receipt in zip(rows, receipts, strict=True)}


# --- the desk ----------------------------------------------------------------------------------------------------------------


def take_a_call(desk):
    """A caller complains and reports at once: taken down and registered by keyboard, two cases come of it."""
    desk.go("/cases/new")
    keys = desk.page.keyboard
    desk.page.focus("[name=kind][value=undetermined]")
    keys.press("ArrowLeft")
    keys.press("ArrowLeft")
    assert desk.page.is_checked("[name=kind][value=mixed]")
    for name, text in (
        ("phone", "13805370088"), ("name", "韩立"), ("address", "济宁市任城区济阳大街6号"), ("respondent_name", "槐荫小吃店"),
        ("respondent_address", "济宁市任城区古槐路8号"), ("narrative", "昨天在店里吃饭吃出虫子，老板不肯退钱；该店没有食品经营许可证。"),
    ):  # fmt: skip
        desk.page.focus(f"#entry_{name}")
        keys.insert_text(text)
    desk.page.focus("[name=consent_publish]:checked")
    keys.press("Control+Enter")
    desk.page.wait_for_selector(".fx-done-number a")
    desk.look()
    first, second = Case.objects.order_by("-pk")[:2]
    assert {first.kind, second.kind} == {"complaint", "report"}
    assert CaseLink.objects.filter(kind=LinkKind.SPLIT).count() == 1
    return (first, second) if first.kind == "complaint" else (second, first)


def dispatch_by_keyboard(desk, cases):
    """One by its number key, the others selected and sent together; what the desk answers itself stays."""
    desk.go("/cases/bench")
    page, keys = desk.page, desk.page.keyboard
    page.wait_for_selector("#bench [data-chosen]")
    assert page.locator("[data-pane]:not([hidden]) [data-quick] label").first.inner_text().split()[:2] == ["1", "古槐市场监管所"]
    keys.press("1")
    keys.press("Enter")
    page.wait_for_selector("#bench .alert-success")
    stay = page.locator("#bench [data-row]").evaluate_all("rows => rows.map(row => row.innerText.includes('咨询'))")
    chosen = [place for place, stays in enumerate(stay) if not stays]
    for place in range(len(stay)):
        if place in chosen[1:]:
            keys.press("x")
        if place < len(stay) - 1:
            keys.press("j")
    for _back in range(len(stay) - 1 - chosen[0]):
        keys.press("k")
    keys.press("0")
    keys.insert_text(COUNTY)
    keys.press("Enter")
    page.wait_for_function("rows => document.querySelectorAll('#bench [data-row]').length <= rows", arg=len(stay) - len(chosen))
    desk.look()
    waiting = Case.objects.filter(state=State.RECEIVED).values_list("kind", flat=True)
    assert list(waiting) == ["consultation", "consultation"]
    assert set(Case.objects.filter(pk__in=cases).values_list("competent__code", flat=True)) == {"370811"}


def answer_questions(desk, cases):
    """One from the knowledge base, one handed over to the body that is competent."""
    desk.go(f"/cases/{cases['question'].pk}/answer")
    desk.press("a.btn-sm[href*='entry=']")
    assert "七" in desk.page.input_value("#answer_note")
    desk.press("form[action$='/act/answer'] button")
    desk.act(cases["elsewhere"], "hand_over", body="劳动保障监察大队", phone="12333", note="已告知向劳动保障监察机构投诉。")


# --- complaints --------------------------------------------------------------------------------------------------------------


def moment(minutes):
    """A time some minutes ago, as the field for it wants it."""
    return f"{timezone.localtime(timezone.now() - timedelta(minutes=minutes)):%Y-%m-%dT%H:%M}"


def begin_mediation(officer, case):
    """Accepted, both sides' consent on record, begun."""
    officer.act(case, "respond", method="telephone", result="spoken", note="已与投诉人通话。")
    officer.act(case, "accept")
    officer.act(case, "record_consent", question="mediation", complainant="yes", respondent="yes", means="telephone")
    officer.act(case, "start_mediation")


def settle_on_paper(officer, case):
    """A session on the spot, the mediation agreement of form 9 issued and delivered, signed by both."""
    begin_mediation(officer, case)
    officer.issue(case, "acceptance_decision", contact_phone="0537-2905300")
    officer.act(
        case, "record_session", mode="on_site", starts_at=moment(1), minutes=20, place="二楼调解室", complainant="came", respondent="came",
        result="agreed", note="双方到场，商家同意退款。",
    )  # fmt: skip
    officer.issue(case, "mediation_agreement", agreement="商家当日退还货款199元，双方再无争议。")
    today = f"{timezone.localdate():%Y-%m-%d}"
    officer.act(
        case, "agree", way="written", terms="商家当日退还货款199元，双方再无争议。", recovered="199", complainant_signed=today, respondent_signed=today
    )  # fmt: skip


def terminate(officer, case, ground="3"):
    """Ended without agreement; both sides told."""
    officer.act(case, "terminate", ground=ground, note="双方分歧过大。")
    officer.act(case, "notify_termination", side="both", method="telephone")


def delegate_to_station(officer, mediator, case):
    """The station settles it on the spot and tells the bureau, which closes it."""
    officer.act(case, "accept")
    officer.act(case, "record_consent", question="delegation", respondent="yes", means="telephone")
    station = Office.objects.get(code="station").pk
    officer.act(case, "delegate", body=station, note="商场内纠纷，就近调解。")
    mediator.go("/mediation/bench")
    mediator.press(f"a[href='/mediation/bench/{case.pk}']")
    mediator.page.select_option("[name$=mode]", "telephone")
    mediator.page.fill("[name$=began_at]", moment(1))
    for name, value in (("course", "电话联系双方。"), ("terms", "商家换新。"), ("recovered", "199")):
        mediator.page.fill(f"[name$={name}]", value)
    mediator.press("form[action*='/mediation/bench/'] button.btn-primary")
    officer.go(f"/cases/{case.pk}")
    officer.act(case, "settle")


def settle_online(officer, shop, case, chromium, base):
    """Sent to the enterprise, which offers; the consumer accepts by their link; the case ends with it."""
    officer.act(case, "send_to_odr", agreed=True)
    shop.go("/odr/inbox")
    dispute = Dispute.objects.get(case=case)
    shop.press(f"a[href='/odr/inbox/{dispute.pk}']")
    shop.reply("offer", remedy="refund", amount="199", text="三日内退款。")
    consumer = Window(chromium, base, PHONE)
    consumer.go(f"/odr/d/{token_of(dispute)}")
    consumer.press("button[value=accept]")
    consumer.page.context.close()
    assert consumer.wrong == []


def refused_by_the_shop(officer, shop):
    """Filed with the enterprise itself, refused, and with the bureau by itself."""
    firm = Dispute.objects.get().enterprise_id
    officer.go(f"/odr/enterprises/{firm}/direct")
    for name, value in (("name", "吴迪"), ("phone", "13805370099"), ("narrative", "买的电饭锅不通电，店里不给换。"), ("amount", "259")):
        officer.page.fill(f"main form [name$={name}]", value)
    officer.page.select_option("main form [name$=consent]", "yes")
    officer.press("main form button.btn-primary")
    dispute = Dispute.objects.exclude(case__isnull=False).get()
    shop.go(f"/odr/inbox/{dispute.pk}")
    shop.reply("refuse", text="人为损坏，不同意更换。")
    dispute.refresh_from_db()
    assert dispute.state == "passed"
    return dispute.case


def joint_complaint(officer, case):
    """Two representatives are elected; the third agrees in writing before it is settled."""
    people = list(case_people(case))
    officer.act(case, "elect_representatives", parties=people[:2], note="三人签名的推选书。")
    officer.act(case, "joint_consent", matter="settle", agreed=[people[2]], in_writing=True)
    begin_mediation(officer, case)
    officer.act(
        case, "record_session", mode="on_site", starts_at=moment(1), minutes=15, place="二楼调解室", complainant="came", respondent="came",
        result="agreed", note="代表人到场。",
    )  # fmt: skip
    officer.act(case, "agree", way="performed", terms="商家当场退款。", recovered="597")


def case_people(case):
    return (
        Party.objects.filter(case=case, role__in=("complainant", "joint", "representative"))
        .order_by("position")
        .values_list("pk", flat=True)
    )


# --- reports -----------------------------------------------------------------------------------------------------------------


def work_on_reports(officer, head, cases, side):
    """Filed, concluded and told; transferred and told; extended by the head, repeated, concluded; one not filed."""
    filed = cases["filed"]
    officer.act(filed, "verify", method="on_site", note="现场查看，取得宣传单。")
    officer.act(filed, "file")
    officer.act(filed, "conclude", result="penalty")
    duty = officer.page.locator("#notify_duty option").first.get_attribute("value")
    officer.act(filed, "notify", duty=duty, outcome="told", method="telephone", note="已告知处理结果。")

    officer.act(cases["transferred"], "transfer", body="济宁市生态环境局", reference="任市监移〔2026〕1号", note="属于生态环境部门职责。")
    officer.act(cases["transferred"], "notify", outcome="told", method="telephone", note="已告知移送情况。")

    officer.act(cases["extended"], "extend", amount=5, note="需外地协查。")
    application = head_approves(head, cases["extended"])
    assert application
    officer.act(cases["repeat"], "merge", earlier=cases["extended"].pk, facts="new_facts", note="同一举报人补充了照片。")
    officer.act(cases["extended"], "decline", ground="unmet", note="经核查未发现违法事实。")
    officer.act(side, "decline", ground="unmet", note="店家已取得许可，未发现违法事实。")


def head_approves(head, case):
    """The head finds the application on the list and approves it on a telephone."""
    head.go("/cases/?status=approval")
    assert head.page.locator(f"a[href='/cases/{case.pk}']").count()
    head.act(case, "decide_approval", decision="approve")
    return Clock.objects.running().filter(subject=case.ref, term="report.verification").exists()


# --- the day -----------------------------------------------------------------------------------------------------------------


def test_twenty_cases_from_receipt_to_closing(day, chromium, live_server):
    desk, officer, mediator, head, shop = (day[name] for name in ("desk", "officer", "mediator", "head", "shop"))
    cases = queue()
    complaint, report = take_a_call(desk)
    desk.act(cases["member"], "combine", number=cases["lead"].number, note="同一健身房，合并办理。")
    dispatch_by_keyboard(desk, [case.pk for name, case in cases.items() if name not in {"question", "elsewhere"}])
    answer_questions(desk, cases)

    settle_on_paper(officer, cases["settled"])
    officer.act(cases["refused"], "refuse", ground="3", note="为经营购买，不属于生活消费。")
    begin_mediation(officer, cases["terminated"])
    terminate(officer, cases["terminated"])
    officer.act(complaint, "withdraw", note="商家已退款，投诉人撤回。", recovered="58")
    delegate_to_station(officer, mediator, cases["station"])
    settle_online(officer, shop, cases["odr"], chromium, live_server.url)
    passed = refused_by_the_shop(officer, shop)
    begin_mediation(officer, passed)
    terminate(officer, passed)

    officer.act(cases["identity"], "ask_identity_proof", until=f"{timezone.localdate():%Y-%m-%d}", note="身份证复印件。")
    officer.act(cases["identity"], "record_identity_proof", result="declined")
    officer.act(cases["identity"], "refuse")  # ground and reason stand there already

    officer.act(cases["taken_back"], "refuse", ground="1", note="误认为不属于本部门职责。")
    officer.act(cases["taken_back"], "take_back", note="经复核属于本部门职责，决定尚未送达。")
    head.go("/cases/supervision")
    head.act(cases["taken_back"], "assign", officer=person_key("colleague"), note="改由周平办理。")
    officer.act(cases["taken_back"], "accept")
    terminate(officer, cases["taken_back"], "1")

    officer.act(cases["lead"], "accept")  # done with both; each side of each is told
    terminate(officer, cases["lead"], "2")
    officer.act(cases["member"], "notify_termination", side="both", method="telephone")
    joint_complaint(officer, cases["joint"])
    officer.act(cases["hotline"], "set_kind", kind="complaint", note="内容为消费争议。")
    officer.act(cases["hotline"], "report_back", note="已受理，结果另行告知。")
    officer.act(cases["hotline"], "withdraw", note="投诉人撤回。")
    work_on_reports(officer, head, cases, report)
    desk.act(cases["settled"], "call_back", reached="yes", process="5", result="5", solved="yes")

    ends = {
        name: Case.objects.get(pk=case.pk).state
        for name, case in {**cases, "call": complaint, "call_report": report, "passed": passed}.items()
    }
    assert ends == {
        "settled": "settled", "refused": "refused", "terminated": "terminated", "station": "settled", "odr": "withdrawn",
        "identity": "refused", "taken_back": "terminated", "lead": "terminated", "member": "terminated", "joint": "settled",
        "filed": "concluded", "transferred": "transferred", "extended": "not_filed", "repeat": "merged", "question": "answered",
        "elsewhere": "redirected", "hotline": "withdrawn", "call": "withdrawn", "call_report": "not_filed", "passed": "terminated",
    }  # fmt: skip
    assert len(ends) == Case.objects.count() == 20
    assert not Case.objects.filter(state__in=OPEN_STATES).exists()
    assert list(Clock.objects.running().values_list("subject", "term")) == []  # everybody was told: nothing is owed any more
    assert Agreement.objects.filter(case__in=[cases["settled"].pk, cases["station"].pk, cases["joint"].pk]).count() == 3
    assert Document.objects.filter(subject=cases["settled"].ref, form="mediation_agreement").count() == 1
    assert Case.objects.get(pk=cases["taken_back"].pk).ground == "1"
    assert journal.verify().sound
    assert {login: window.wrong for login, window in day.items() if window.wrong} == {}


def person_key(login):
    return Staff.objects.get(login=login).pk
