"""The shown desk: every scene stands on a generated city, through the services that refuse what is unlawful."""

from datetime import UTC, date, datetime

import pytest

from fangxin.accounts.models import Person
from fangxin.accounts.services import OfficeRow, PersonRow, load_offices, load_people
from fangxin.cases.models import Absence, Approval, Case, Combination, Draft, JurisdictionDispute
from fangxin.documents.models import Delivery, Document
from fangxin.files.models import Attachment
from fangxin.kernel import journal
from fangxin.kernel.refs import SYSTEM
from fangxin.mediation.models import Agreement, Delegation, Session
from fangxin.notices.models import Notice
from fangxin.odr.models import Account, Dispute, Enterprise
from fangxin.registry.services import import_traders, load_places
from fangxin.sample.disputes import LOGIN
from fangxin.sample.files import generate
from fangxin.sample.scenes import STATION_MEDIATOR, stage
from fangxin.sample.stream import city

NOW = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
PASSWORD = "fangxin-demo-2026"


@pytest.fixture
def staged(transactional_db, tmp_path):
    """A small city's offices, people and traders, and the scenes in it."""
    town = city(5)
    load_places(by=SYSTEM, at=NOW)
    load_offices(
        [OfficeRow(code=o.code, name=o.name, kind=o.kind, parent_code=o.parent, division_code=o.division) for o in town.offices],
        by=SYSTEM,
        at=NOW,
    )
    shown = [one for one in town.people if one.office in {"370800", "370811"}]
    load_people(
        [PersonRow(login=p.login, name=p.name, office_code=p.office, roles=tuple((role, "") for role in p.roles)) for p in shown],
        by=SYSTEM,
        at=NOW,
    )
    generate(tmp_path, cases=100, since=date(2026, 10, 1), until=date(2026, 11, 23), seed=5, traders=3000)
    import_traders(tmp_path / "traders.csv", by=SYSTEM, at=NOW)
    return stage(NOW, seed=5, password=PASSWORD)


def test_every_part_of_the_work_is_in_front_of_whoever_looks(staged):
    assert staged.refused == []
    assert (staged.cases, staged.disputes) == (32, 14)
    assert set(Session.objects.values_list("state", flat=True)) == {"scheduled", "held", "missed"}
    assert {agreement.ready for agreement in Agreement.objects.all()} == {True, False}
    assert Delegation.objects.open().filter(reported_at__isnull=False).count() == 1
    assert set(Approval.objects.open().values_list("kind", flat=True)) == {"appraisal", "extension"}
    assert set(Document.objects.values_list("form", flat=True)) == {
        "acceptance_decision",
        "mediation_notice",
        "mediation_agreement",
        "refusal_decision",
    }
    assert (Delivery.objects.count(), Attachment.objects.filter(made=False).count()) == (2, 3)
    assert (Combination.objects.count(), JurisdictionDispute.objects.count(), Absence.objects.count()) == (1, 1, 1)
    assert (Draft.objects.open().count(), Notice.objects.filter(state="dead").count()) == (2, 1)
    assert Case.objects.filter(state="received", next_due_at__isnull=False).count() == 2  # given back by a unit
    assert set(Enterprise.objects.values_list("state", flat=True)) == {"active", "approved", "applied", "leaving"}
    assert {"waiting", "negotiating", "settled", "passed", "returned", "closed"} == set(Dispute.objects.values_list("state", flat=True))
    assert journal.verify().sound


def test_those_who_are_shown_can_sign_in(staged):
    assert Person.objects.get(login=STATION_MEDIATOR).check_password(PASSWORD)
    assert Account.objects.get(login=LOGIN).may_sign_in
    assert staged.enterprise_login == LOGIN
