"""Every address × everybody: what is listed is what can be opened, is counted, exported, found and served to programs; nobody else does anything.

The world is built once (`walking`), each request of the matrix is undone. The matrix is kept in docs/security.md.
"""

import csv
import difflib
import io
import json
import re
import sys
from collections.abc import Iterator
from http.cookies import SimpleCookie

import matrix
import pytest
from django.http import HttpResponse
from django.template.backends.django import Template
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver
from django.utils import timezone
from walking import BODIES, CITY, FAR, NEAR, REPORT_TEXT, REPORTER, Principal, World, build, party_of, undone

from cases.casework import LIN, NOW
from fangxin.accounts.models import Role
from fangxin.cases import acts, queries
from fangxin.cases.acts import registry
from fangxin.cases.models import Absence, Case, Draft, JurisdictionDispute, Kind
from fangxin.cases.states import State
from fangxin.documents import converting
from fangxin.documents.services import may_reach
from fangxin.exchange.models import QuarantinedRow
from fangxin.kernel import permits
from fangxin.kernel.errors import NotPermitted
from fangxin.kernel.journal.models import Entry
from fangxin.knowledge.models import Entry as Knowledge
from fangxin.mediation.models import Agreement, Session
from fangxin.notices import subjects
from fangxin.notices.models import Notice
from fangxin.odr.models import Dispute, Enterprise

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("permission_walk")]

HANDLERS = {Role.OFFICER, Role.MEDIATOR, Role.CITY_DESK}
SEES = HANDLERS | {Role.SUPERVISOR, Role.EVALUATOR, Role.AUDITOR}
EXPORTS = {Role.CITY_DESK, Role.SUPERVISOR}
ENTERS = {Role.CITY_DESK, Role.OFFICER}
PEOPLE = [f"{role.value} {office}" for role in Role for office in (CITY, NEAR, FAR)] + [f"mediator {body}" for body in BODIES] + ["no role"]
PILOTS = (f"city_desk {CITY}", f"officer {NEAR}", f"supervisor {NEAR}", f"administrator {CITY}", "mediator station", "the enterprise")
"""Together they may ask every address in every way that it knows."""
READ_ONLY = [f"{name}, read-only" for name in (f"officer {NEAR}", f"city_desk {CITY}", f"officer {FAR}")]


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """Friday 20 November 2026, ten o'clock."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, undone():
        patch.setattr(timezone, "now", lambda: NOW)
        yield build(tmp_path_factory.mktemp("walk"))


@pytest.fixture
def unrendered(monkeypatch) -> None:
    """Answers without their pages, where only the status counts: a page costs twenty times its permission."""
    monkeypatch.setattr(Template, "render", lambda *_args, **_options: "")


# --- every address -----------------------------------------------------------------------------------------------------------


def every_url(patterns=None, names: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each named address of the service with its parameters."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from every_url(pattern.url_patterns, (*names, pattern.namespace) if pattern.namespace else names)
        else:
            yield ":".join((*names, pattern.name or "")), tuple(sorted(pattern.pattern.converters))


def examples(world: World) -> dict[str, dict[str, object]]:
    """For each address with parameters: what it is asked for. What is of one place belongs to the county that works on it."""
    delegated, accepted = world.cases["delegated"], world.cases["accepted"]
    case, dispute = {"pk": delegated.pk}, {"pk": world.disputes["near"].pk}
    document = {"pk": accepted.pk, "row": world.document.pk}
    shop = {"pk": world.shops["near"][0].pk}
    number = {"number": delegated.number}
    return {
        "accounts:revoke-token": {"pk": 10**6},
        "api:offered": number,
        "api:read": number,
        "api:take": number | {"name": "respond"},
        "cases:act": case | {"name": "respond"},
        "cases:answering": {"pk": world.cases["consultation"].pk},
        "cases:attach": case,
        "cases:deliver-paper": document,
        "cases:detach": case | {"row": world.attachment.pk},
        "cases:detail": case,
        "cases:discard-draft": {"pk": world.drafts[f"officer {NEAR}"].pk},
        "cases:end-absence": {"pk": world.absences["near"].pk},
        "cases:paper": {"pk": accepted.pk, "form": "acceptance_decision"},
        "cases:paper-docx": document,
        "cases:paper-pdf": document,
        "cases:reveal": case | {"what": "party", "row": party_of(delegated).pk},
        "cases:void-paper": document,
        "exchange:drop": {"pk": world.quarantined.pk},
        "exchange:retry": {"pk": world.quarantined.pk},
        "exchange:row": {"pk": world.quarantined.pk},
        "files:download": {"pk": world.attachment.pk},
        "files:fetch": {"token": "nothing"},
        "knowledge:edit": {"pk": world.knowledge["in use"].pk},
        "knowledge:entry": {"pk": world.knowledge["put away"].pk},
        "mediation:dispute": case,
        "mediation:terms": {"pk": world.agreement.pk},
        "notices:give-up": {"pk": world.notices["complaint"].pk},
        "notices:retry": {"pk": world.notices["complaint"].pk},
        "odr:consumer": {"token": world.consumer},
        "odr:consumer-answer": dispute,
        "odr:contact": dispute,
        "odr:direct": shop,
        "odr:dispute": dispute,
        "odr:download": dispute | {"row": world.evidence.pk},
        "odr:enterprise": shop,
        "odr:enterprise-contact": shop,
        "odr:invitation": {"token": world.invitation},
        "odr:reply": dispute | {"name": "accept"},
        "odr:staff-dispute": dispute,
        "odr:step": shop | {"name": "invite"},
        "odr:switch": {"pk": world.colleague.pk},
        "odr:upload": dispute,
    }


OPEN = {"site:health", "site:language", "accounts:sign-in", "accounts:sign-out", "accounts:code", "files:fetch"}
OPEN |= {"odr:apply", "odr:sign-in", "odr:sign-out", "odr:invitation", "odr:consumer"}
"""What strangers may call."""
ENTERPRISE = {
    "odr:start", "odr:password", "odr:account", "odr:colleague", "odr:switch", "odr:leave", "odr:inbox", "odr:dispute", "odr:reply",
    "odr:contact", "odr:upload", "odr:download", "odr:performance", "odr:export",
}  # fmt: skip
"""The realm of ODR enterprises: strangers, and staff, are sent to its own sign-in."""


def addresses(world: World) -> dict[str, str]:
    """Every address of the pages and of the API, with what it is asked for."""
    known = examples(world)
    return {name: reverse(name, kwargs=known.get(name, {}) if keys else {}) for name, keys in every_url()}


def ask(client: Client, method: str, address: str, **options) -> HttpResponse:
    """The answer to a request that has never been: neither rows nor cookies stay."""
    cookies = SimpleCookie({name: one.value for name, one in client.cookies.items()})
    with undone():
        answer = client.get(address, **options) if method == "GET" else client.post(address, **options)
        if answer.streaming:
            answer.drained = b"".join(answer.streaming_content)
    client.cookies = cookies
    return answer


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def bearer(secret: str) -> dict[str, object]:
    return {"headers": {"authorization": f"Bearer {secret}"}} if secret else {}


def test_every_address_with_parameters_has_an_example_in_this_walk(world):
    known, needed = set(examples(world)), {name for name, keys in every_url() if keys}

    assert needed - known == set(), "new addresses: give each an example in `examples`, then look at the matrix that --write-matrix makes"
    assert known - needed == set(), "these addresses are gone: take them out of `examples`"
    assert {name for name, _ in every_url() if name.endswith(":") or not name} == set(), "each address needs a name"


# --- the matrix --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def answers(world) -> matrix.Answers:
    """What everybody gets from every page, asked bare and with an empty form."""
    found = {}
    pages = {name: address for name, address in addresses(world).items() if not name.startswith("api:")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "render", lambda *_args, **_options: "")
        patch.setattr(converting, "to_pdf", lambda _docx: b"%PDF-1.7\n%%EOF\n")
        unknown: set[tuple[str, str]] = set()
        for principal in (*(world.principals[one] for one in PILOTS), *world.principals.values()):
            if principal.name not in PILOTS:  # what no pilot may ask this way, the address doesn't know
                unknown = unknown or _unknown(found)
            for name, address in pages.items():
                for method in ("GET", "POST"):
                    if (method, name) in unknown or (method, name, principal.name) in found:
                        continue
                    answer = ask(principal.client, method, address)
                    found[method, name, principal.name] = answer.status_code
                    if answer.status_code == 302 and principal.kind == "stranger" and name not in OPEN:
                        realm = "/odr/sign-in" if name in ENTERPRISE else "/accounts/sign-in"
                        assert answer["Location"].startswith(realm), (name, method)
    return {one: status for one, status in found.items() if one[:2] not in unknown}


def _unknown(found: matrix.Answers) -> set[tuple[str, str]]:
    """Methods that an address doesn't have: at least one pilot is told so, and none gets anything."""
    heard: dict[tuple[str, str], set[int]] = {}
    for (method, name, _who), status in found.items():
        heard.setdefault((method, name), set()).add(status)
    return {one for one, said in heard.items() if 405 in said and said <= {302, 403, 404, 405}}


@pytest.fixture(scope="module")
def api_answers(world) -> matrix.Answers:
    """The same for programs, by what their token may do."""
    found = {}
    routes = {name: address for name, address in addresses(world).items() if name.startswith("api:")}
    posts = {"api:create", "api:take"}
    for who, secret in world.tokens.items():
        for name, address in routes.items():
            method = "POST" if name in posts else "GET"
            options = {"data": "{}", "content_type": "application/json"} if method == "POST" else {}
            found[method, name, who] = ask(Client(**bearer(secret)), method, address, **options).status_code
    return found


def told(names) -> str:
    """People of a group: roles with their places."""
    places = {CITY: "city", NEAR: "county", FAR: "other county"}
    roles: dict[str, list[str]] = {}
    for name in names:
        role, _, rest = name.partition(" ")
        office, _, scope = rest.partition(", ")
        if office in places:
            roles.setdefault(role + (f" ({scope})" if scope else ""), []).append(places[office])
        else:
            roles.setdefault(name, [])
    return "; ".join(f"{role}: {', '.join(where)}" if where else role for role, where in roles.items())


def drawn(answers: matrix.Answers, api_answers: matrix.Answers) -> str:
    """Both matrices as they stand in docs/security.md."""
    people = ["stranger", *PEOPLE, "the enterprise", "another enterprise"]
    programs = list(dict.fromkeys(name for _, _, name in api_answers))
    groups, tokens = matrix.columns(answers, people), matrix.columns(api_answers, programs)
    lines = ["**Pages.** Asked bare (GET) and with an empty form (POST):", "", *matrix.key(groups, told), ""]
    lines += [*matrix.table(answers, "GET", groups), "", *matrix.table(answers, "POST", groups), ""]
    lines += ["**API.** By whom the token speaks for:", "", *matrix.key(tokens, told), ""]
    lines += [*matrix.table(api_answers, "GET", tokens), "", *matrix.table(api_answers, "POST", tokens)]
    return "\n".join(lines)


def test_the_matrix_is_the_one_that_is_kept_in_the_docs(answers, api_answers, request):
    found = drawn(answers, api_answers)
    print(found)
    page = matrix.PAGE.read_text("utf-8")
    if request.config.getoption("--write-matrix"):
        matrix.PAGE.write_text(matrix.written(page, found), "utf-8")
        return

    diff = difflib.unified_diff(matrix.kept(page).splitlines(), found.splitlines(), "docs/security.md", "what is so", lineterm="", n=0)
    changed = "\n".join(diff)
    assert not changed, f"Who gets what has changed. If that is meant: {matrix.WRITE}, and look at the difference.\n{changed}"


def test_no_address_fails_for_anybody(answers, api_answers):
    assert {found: status for found, status in {**answers, **api_answers}.items() if status >= 500} == {}


def test_a_stranger_is_sent_to_sign_in_from_every_address(answers, api_answers):
    strange = {(method, name): status for (method, name, who), status in answers.items() if who == "stranger" and name not in OPEN}
    programs = {(method, name, who): status for (method, name, who), status in api_answers.items() if who in {"none", "expired"}}

    assert {found: status for found, status in strange.items() if status not in {302, 405}} == {}
    assert set(programs.values()) == {401}


def test_a_session_opens_no_address_of_the_api_and_a_token_no_page(world, unrendered):
    officer, token = world.principals[f"officer {NEAR}"].client, world.tokens[f"officer {NEAR}"]
    routes = addresses(world)

    assert {ask(officer, "GET", address).status_code for name, address in routes.items() if name.startswith("api:")} == {401, 405}
    assert ask(Client(**bearer(token)), "GET", f"/cases/{world.cases['delegated'].pk}").status_code == 302


def test_enterprises_and_staff_stay_in_their_realms(answers):
    crossed = {
        (method, name, who): status
        for (method, name, who), status in answers.items()
        if name not in OPEN and (name in ENTERPRISE) != (who in {"the enterprise", "another enterprise"}) and status not in {302, 405}
        if name in ENTERPRISE or who in {"the enterprise", "another enterprise"}
    }

    assert crossed == {}


@pytest.mark.parametrize("name", [f"{role.value} {NEAR}" for role in Role] + ["mediator station", "no role"])
def test_every_page_can_be_drawn_and_every_entry_of_the_menu_leads_to_one(world, answers, name):
    client = world.principals[name].client
    home = ask(client, "GET", "/accounts/me")
    menu = set(re.findall(r'href="(/[^"?#]*)"', text(home).partition("<main")[0])) - {"/accounts/sign-out"}

    assert {one: status for one in sorted(menu) if (status := ask(client, "GET", one, follow=True).status_code) != 200} == {}
    for page, address in addresses(world).items():
        if answers.get(("GET", page, name)) == 200 and page not in OPEN:
            assert ask(client, "GET", address).status_code == 200, page


# --- cases: listed = openable = found = counted = exported = served to programs ------------------------------------------------


def visible(world: World, principal: Principal) -> set[str]:
    """The numbers that somebody ought to see, written down here once more by hand."""
    if principal.role not in SEES:
        return set()
    if principal.office == "station":
        return {world.cases["delegated"].number}
    if principal.office == "association":
        return set()
    path = world.offices[principal.office].path
    return {one.number for one in world.cases.values() if (one.unit.path if one.unit else "370800/").startswith(path)}


def numbers(answer: HttpResponse) -> set[str]:
    return set(re.findall(r"FX\d+", text(answer)))


def listed(client: Client, query: str = "") -> set[str]:
    """The numbers of a work list, through all its pages."""
    found: set[str] = set()
    address = f"/cases/?{query}"
    while address:
        page = text(ask(client, "GET", address))
        found |= set(re.findall(r"data-open>(FX\d+)<", page))
        following = re.search(r'href="([^"]*after=[^"]*)"', page)
        address = following[1].replace("&amp;", "&") if following else ""
        address = f"/cases/{address}" if address.startswith("?") else address
    return found


def served(world: World, who: str, query: str = "") -> list[dict[str, object]]:
    """The same through the API."""
    client, found, after = Client(**bearer(world.tokens[who])), [], ""
    while True:
        page = ask(client, "GET", f"/api/v1/cases?{query}{after}").json()
        found += page["cases"]
        if not page["next"]:
            return found
        after = f"&after={page['next']}"


@pytest.mark.parametrize("who", PEOPLE)
def test_listed_is_openable_found_exported_and_served(world, who):
    principal = world.principals[who]
    client, expected = principal.client, visible(world, principal)
    program = Client(**bearer(world.tokens[who]))
    every = world.cases.values()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["fangxin.cases.views.detail"], "case_page", lambda *_args, **_options: HttpResponse("a page"))
        openable = {case.number for case in every if ask(client, "GET", f"/cases/{case.pk}").status_code == 200}
    rows = served(world, who, "status=all")
    half = [case for turn, case in enumerate(every) if (turn + PEOPLE.index(who)) % 2]  # of a role, its other place asks for the other half
    read = {case.number for case in half if ask(program, "GET", f"/api/v1/cases/{case.number}").status_code == 200}
    asked = [case.outside_number if turn % 2 and case.outside_number else case.number for turn, case in enumerate(half)]
    found = {row["number"] for by in asked for row in served(world, who, f"q={by}")}

    assert listed(client, "status=all") == expected
    assert openable == expected
    assert {row["number"] for row in rows} == expected
    assert read == {case.number for case in half} & expected
    assert read <= found <= expected  # a number of the other channel may stand for both halves of a filing
    some = [*sorted(expected)[:1], *sorted({case.number for case in every} - expected)[:1]]
    assert {number for one in some for number in listed(client, f"q={one}")} == set(some) & expected
    export = ask(client, "GET", "/cases/export.csv?status=all")
    if principal.role in EXPORTS:
        assert {row[0] for row in list(csv.reader(io.StringIO(export.drained.decode("utf-8-sig"))))[1:]} == expected
    else:
        assert export.status_code == 403


@pytest.mark.parametrize("who", [f"city_desk {CITY}", f"officer {NEAR}", f"officer {FAR}", "mediator station", f"publisher {CITY}"])
def test_every_filter_shows_those_of_the_visible_that_it_names(world, who):
    expected = [case for case in world.cases.values() if case.number in visible(world, world.principals[who])]

    for kind in Kind.values:
        assert {row["number"] for row in served(world, who, f"status=all&kind={kind}")} == {
            case.number for case in expected if case.kind == kind
        }
    for state in State.values:
        assert {row["number"] for row in served(world, who, f"status=all&state={state}")} == {
            case.number for case in expected if case.state == state
        }
    opened = {row["number"] for row in served(world, who)}
    closed = {row["number"] for row in served(world, who, "status=closed")}
    assert (opened, closed) == ({case.number for case in expected if case.is_open}, {case.number for case in expected if not case.is_open})
    for query in ("due=overdue", "due=today", "due=nearing", "status=owed", "status=approval", "order=newest", "channel=12315"):
        answer = ask(Client(**bearer(world.tokens[who])), "GET", f"/api/v1/cases?{query}")
        assert {row["number"] for row in answer.json()["cases"]} <= {case.number for case in expected}, query


@pytest.mark.parametrize("who", PEOPLE)
def test_counted_is_listed(world, who):
    principal = world.principals[who]
    client, now = principal.client, [case for case in world.cases.values() if case.is_open and case.number in visible(world, principal)]
    late = {case.number for case in now if case.next_due_at and case.next_due_at <= NOW}
    waiting = {case.number for case in now if case.state == State.RECEIVED}

    counts = ask(client, "GET", "/cases/").context["counts"]

    assert counts.overdue == len(late)
    assert listed(client, "due=overdue") == late
    if principal.role == Role.CITY_DESK:
        assert counts.waiting == len(waiting)
        bench = ask(client, "GET", "/cases/bench").context
        assert {one.row.number for one in bench["laid"]} == waiting
        assert bench["counts"]["waiting"] == len(waiting)
    page = ask(client, "GET", "/cases/supervision")
    if principal.role in EXPORTS:
        loads = page.context["loads"]
        tops = [load for load in loads if load.depth == 0]
        assert (sum(load.open for load in tops), sum(load.overdue for load in tops)) == (len(now), len(late))
        assert {row.number for row, _key, _level in page.context["rows"]} == late
        near = ask(client, "GET", f"/cases/supervision?unit={NEAR}").context
        if near["unit"]:
            assert sum(load.open for load in near["people"]) == sum(bool(case.unit and NEAR in case.unit.path) for case in now)
    else:
        assert page.status_code == 403


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_looked_up_names_visible_cases_only(world, who):
    principal = world.principals[who]
    client, expected = principal.client, visible(world, principal)
    handles = expected if principal.role in HANDLERS else set()

    earlier = ask_post(client, "/cases/new/earlier", phone=LIN.phone, respondent_name="济宁市鲁好商贸有限公司")
    subject = ask_post(client, "/cases/data-subject", phone=LIN.phone, look="1")
    offered = set()
    for case in world.cases.values():
        if case.number in handles:
            form = acts.find("combine").form(case=case, person=principal.person, prefix="combine")
            offered |= {number for number, _label in form.fields["likely"].choices}
    named = acts.find("combine").form(
        {"number": world.cases["far"].number, "note": "x"}, case=world.cases["fresh"], person=principal.person, prefix="combine"
    )

    assert offered <= expected
    assert named.is_valid() == (world.cases["far"].number in expected)
    if principal.role in ENTERS:
        assert numbers(earlier) <= handles
        assert bool(numbers(earlier)) == bool(handles - {world.cases["report"].number})
    else:
        assert earlier.status_code == 403
    if principal.role in EXPORTS:
        assert numbers(subject) == {one for one in handles if one in _of_lin(world)}
    else:
        assert subject.status_code == 403


def ask_post(client: Client, address: str, **data) -> HttpResponse:
    return ask(client, "POST", address, data=data)


def _of_lin(world: World) -> set[str]:
    """Cases that she filed: not the other's report, nor what the bureau found itself."""
    return {case.number for name, case in world.cases.items() if name not in {"report", "clue", "delegated: the clue"}}


# --- what hangs on cases, and what stands by itself ------------------------------------------------------------------------------


def _hrefs(answer: HttpResponse, pattern: str) -> set[int]:
    return {int(found) for found in re.findall(pattern, text(answer))} if answer.status_code == 200 else set()


@pytest.mark.parametrize("who", PEOPLE)
def test_of_everything_else_too_what_is_listed_is_what_opens_and_what_the_rule_says(world, who):
    principal = world.principals[who]
    client, person = principal.client, principal.person
    expected = visible(world, principal)
    read = expected if principal.role in HANDLERS else set()

    def allowed(model, action: str = "view") -> set[int]:
        return {one.pk for one in permits.rows(person, action, model.objects.all())}

    def opens(pattern: str, keys) -> set[int]:
        return {key for key in keys if ask(client, "GET", pattern.format(key)).status_code == 200}

    lists = (
        (Enterprise, "/odr/enterprises", r"/odr/enterprises/(\d+)", "/odr/enterprises/{}"),
        (Dispute, "/odr/disputes", r"/odr/disputes/(\d+)", "/odr/disputes/{}"),
        (Knowledge, "/knowledge/?all=1", r"/knowledge/(\d+)\b", "/knowledge/{}"),
        (Draft, "/cases/drafts", r"draft=(\d+)", "/cases/new?draft={}"),
    )
    for model, listing, pattern, page in lists:
        keys = set(model.objects.values_list("pk", flat=True))
        shown, may = _hrefs(ask(client, "GET", listing), pattern), allowed(model, "resume" if model is Draft else "view")
        assert shown <= opens(page, keys) == may, model
        assert model is Knowledge or shown == may, model
    rows = _hrefs(ask(client, "GET", "/exchange/quarantine/"), r"/exchange/quarantine/(\d+)/")
    assert rows == opens("/exchange/quarantine/{}/", [world.quarantined.pk]) == allowed(QuarantinedRow, "settle")

    sessions = {world.cases["mediating"].number} & expected
    calendar = numbers(ask(client, "GET", "/mediation/"))
    assert (calendar, {one.case.number for one in permits.rows(person, "view", Session.objects.filter(pk=world.session.pk))}) == (
        sessions,
        sessions,
    )
    terms = ask(client, "GET", f"/mediation/agreements/{world.agreement.pk}/terms").status_code
    settled = world.cases["settled"].number
    assert terms == (200 if settled in read else 403 if settled in expected else 404)
    assert bool(allowed(Agreement)) == (settled in expected)

    disputed = ask(client, "GET", "/cases/jurisdiction")
    sees = principal.role in SEES - {Role.MEDIATOR} and principal.office in {CITY, NEAR, FAR}  # both bureaus, and who stands above
    assert (world.cases["disputed"].number in text(disputed)) == sees == bool(allowed(JurisdictionDispute))
    assert (f"/cases/{world.cases['disputed'].pk}" in text(disputed)) == (sees and world.cases["disputed"].number in expected)

    away = ask(client, "GET", "/cases/absences")
    ends = {one.pk for one in world.absences.values() if ask_post(client, f"/cases/absences/{one.pk}/end").status_code == 302}
    if away.status_code == 200:
        assert {one.pk for one in away.context["absences"]} == allowed(Absence) >= ends
    else:
        assert (away.status_code, ends) == (403, set())


@pytest.mark.parametrize("who", PEOPLE)
def test_files_and_documents_are_for_who_may_open_the_case_and_see_its_people(world, who):
    principal = world.principals[who]
    read = visible(world, principal) if principal.role in HANDLERS else set()
    client = principal.client
    files = {"delegated": world.attachment, "accepted": world.proof}
    papers = {"accepted": world.document, "report": world.report_document}

    got = {name for name, one in files.items() if ask_post(client, f"/files/{one.pk}/download", purpose="mediation").status_code == 200}
    bodies = {
        name for name, one in papers.items() if ask_post(client, f"/files/{one.docx_id}/download", purpose="mediation").status_code == 200
    }
    taken = {
        name for name, one in papers.items() if ask_post(client, f"/cases/{world.cases[name].pk}/papers/{one.pk}/docx").status_code == 200
    }
    crossed = ask_post(client, f"/cases/{world.cases['fresh'].pk}/papers/{world.report_document.pk}/docx").status_code

    assert got == {name for name in files if world.cases[name].number in read}
    assert bodies == taken == {name for name in papers if world.cases[name].number in read}
    assert crossed in {403, 404}


@pytest.mark.parametrize(
    "who", [f"{role} {office}" for role in ("city_desk", "supervisor", "administrator") for office in (CITY, NEAR, FAR)]
)
def test_the_outbox_names_only_what_its_reader_may_open(world, who):
    principal = world.principals[who]
    expected = visible(world, principal)
    subjects = {"complaint": "accepted", "report": "report", "far": "far"}

    page = ask(principal.client, "GET", "/notices/")
    settled = {
        name
        for name, one in world.notices.items()
        if ask_post(principal.client, f"/notices/{one.pk}/give-up", reason="号码有误").status_code == 302
    }

    mine = {world.cases[case].number for case in subjects.values()} & expected
    assert numbers(page) == mine
    assert settled == {
        name for name, case in subjects.items() if world.cases[case].number in expected or principal.role == Role.ADMINISTRATOR
    }
    assert Notice.objects.count() >= len(world.notices)


@pytest.mark.parametrize(("who", "own"), [("the enterprise", ("near", "direct")), ("another enterprise", ("far",))])
def test_an_enterprise_lists_opens_counts_and_exports_its_own_disputes_alone(world, who, own):
    client = world.principals[who].client
    mine = {world.disputes[name].pk for name in own}

    inbox = ask(client, "GET", "/odr/inbox")
    opened = {one.pk for one in world.disputes.values() if ask(client, "GET", f"/odr/inbox/{one.pk}").status_code == 200}
    export = ask(client, "GET", "/odr/export.csv").drained.decode("utf-8-sig")

    assert _hrefs(inbox, r"/odr/inbox/(\d+)") == opened == mine
    assert {row[0] for row in list(csv.reader(io.StringIO(export)))[1:]} == {
        one.number for one in world.disputes.values() if one.pk in mine
    }
    assert ask(client, "GET", "/odr/performance").context["own"].disputes == len(mine)
    assert {ask_post(client, f"/odr/inbox/{one.pk}/files/{world.evidence.pk}").status_code for one in world.disputes.values()} == (
        {200, 404} if who == "the enterprise" else {404}
    )


# --- acts: not permitted, nothing happens ------------------------------------------------------------------------------------------


def _key(case: Case) -> str:
    return f"{case.pk}.{case.state}.{case.unit_id or 0}"


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_not_offered_is_refused_and_changes_nothing(world, unrendered, who):
    """Each act on a case that is not theirs, and on one of theirs on which it is not offered, by page and by program."""
    principal = world.principals[who]
    every = list(world.cases.values())
    expected = visible(world, principal)
    strange, mine = [one for one in every if one.number not in expected], [one for one in every if one.number in expected]
    program = Client(**bearer(world.tokens[who]))
    before = Entry.objects.count()
    steps = {case.pk: queries.lawful_steps(principal.person, case) for case in mine}

    for turn, name in enumerate(acts.named()):
        if turn % 3 != PEOPLE.index(who) % 3:  # each act is tried by every third; the three places of a role are in different thirds
            continue
        if strange:
            case = strange[turn % len(strange)]
            seen = {"seen": _key(case), "note": "x"}
            assert principal.client.post(f"/cases/{case.pk}/act/{name}", seen).status_code == 404, (name, case.number)
            if turn % 2 == 0:
                body = json.dumps({"fields": {}, "seen": _key(case)})
                answer = program.post(f"/api/v1/cases/{case.number}/acts/{name}", body, content_type="application/json")
                assert answer.status_code == 404, (name, case.number)
        act = acts.find(name)
        shut = [case for case in mine if not registry._open(act, principal.person, case, steps[case.pk])]
        if shut:
            case = shut[turn % len(shut)]
            body = json.dumps({"fields": {}, "seen": _key(case)})
            answer = program.post(f"/api/v1/cases/{case.number}/acts/{name}", body, content_type="application/json")
            assert answer.status_code in {403, 409, 422}, (name, case.number)

    assert Entry.objects.count() == before


@pytest.mark.parametrize("who", READ_ONLY)
def test_a_token_that_only_reads_does_nothing(world, who):
    program = Client(**bearer(world.tokens[who]))
    case = world.cases["fresh"] if NEAR in who or CITY in who else world.cases["far"]
    offered = ask(program, "GET", f"/api/v1/cases/{case.number}/acts").json()["acts"]

    before = Entry.objects.count()
    body = json.dumps({"fields": {"note": "x"}, "seen": _key(case)})
    got = {
        program.post(f"/api/v1/cases/{case.number}/acts/{one['name']}", body, content_type="application/json").status_code
        for one in offered
    }
    filed = program.post("/api/v1/cases", json.dumps({"channel": "telephone", "narrative": "x"}), content_type="application/json")

    assert (bool(offered), got, filed.status_code, Entry.objects.count() - before) == (True, {403}, 403, 0)


def test_many_at_once_takes_nobody_further_than_one_by_one(world, unrendered):
    far, near = world.cases["far"], world.cases["fresh"]
    before = Entry.objects.count()

    def tries(who: str, address: str, **data) -> int:
        return world.principals[who].client.post(address, {"note": "x", **data}).status_code

    clerk = world.principals[f"officer {FAR}"].person.pk
    assert tries(f"city_desk {FAR}", "/cases/dispatch", case=_key(near), unit=FAR) == 404
    assert tries(f"city_desk {FAR}", "/cases/bench", case=_key(near), unit=FAR) == 409
    assert tries(f"officer {NEAR}", "/cases/dispatch", case=_key(near), unit=FAR) == 403
    assert tries(f"supervisor {FAR}", "/cases/supervision/reassign", case=_key(near), officer=clerk) == 409
    assert tries(f"supervisor {FAR}", "/cases/supervision/reassign", case=[_key(near), _key(far)], officer=clerk) == 409
    assert Entry.objects.count() == before


# --- who reported, and that somebody did (Order 121 Art 37) --------------------------------------------------------------------------


def test_nothing_of_a_report_reaches_whom_it_is_against_or_who_mediates(world):
    """The delegated complaint has a report by a clue, the one in ODR is half of a mixed filing; the target of both is the enterprise."""
    reports = [case for case in world.cases.values() if case.kind == Kind.REPORT]
    secrets = {number for case in reports for number in (case.number, f'/cases/{case.pk}"')} | {
        REPORT_TEXT,
        REPORTER,
        "孙**",
        "13905375678",
        "139****5678",
    }
    shop, mediator = world.principals["the enterprise"].client, world.principals["mediator station"].client
    dispute, delegated = world.disputes["near"], world.cases["delegated"]
    pages = {
        one: ask(shop, "GET", one)
        for one in ("/odr/inbox", f"/odr/inbox/{dispute.pk}", "/odr/performance", "/odr/account", "/odr/inbox?done", "/odr/export.csv")
    }
    pages |= {one: ask(Client(), "GET", one) for one in (f"/odr/d/{world.consumer}", f"/odr/i/{world.invitation}")}
    pages |= {
        one: ask(mediator, "GET", one)
        for one in (
            f"/cases/{delegated.pk}",
            "/cases/?status=all",
            "/mediation/",
            "/mediation/bench",
            f"/mediation/bench/{delegated.pk}",
            "/odr/disputes",
        )
    }
    program = Client(**bearer(world.tokens["mediator station"]))
    pages |= {
        one: ask(program, "GET", one)
        for one in ("/api/v1/cases?status=all", f"/api/v1/cases/{delegated.number}", f"/api/v1/cases/{delegated.number}/acts")
    }

    shown = {where: answer.drained.decode() if answer.streaming else text(answer) for where, answer in pages.items()}
    assert {where: found for where, page in shown.items() if (found := {one for one in secrets if one in page})} == {}
    owner = text(ask(world.principals[f"officer {NEAR}"].client, "GET", f"/cases/{delegated.pk}"))
    assert (REPORT_TEXT in owner, world.cases["delegated: the clue"].number in owner) == (True, True)
    case_page = shown[f"/cases/{delegated.pk}"].partition("<main")[2]
    for hint in ("clue", "Clue", "a case with another unit", "线索"):
        assert hint not in case_page.replace("act/find_clue", ""), hint
    assert "举报" not in shown[f"/odr/inbox/{dispute.pk}"]


def test_no_notice_and_no_document_of_a_report_can_be_sent_to_whom_it_is_against(world):
    reports = [case for case in world.cases.values() if case.kind == Kind.REPORT]

    assert "respondent" not in may_reach(world.report_document)
    for audience in ("respondent", "enterprise"):
        for report in reports:
            with pytest.raises(NotPermitted, match="must not be told"):
                subjects.check([(report.ref, audience)])
