"""Invitation and consent: mediation begins only when both sides have said yes."""

import pytest
from mediationwork import accepted, at, consent, fresh, mediating

from cases.casework import history, last_event, taken
from fangxin.cases.filings import Consent as Filed
from fangxin.cases.filings import Kind, Respondent
from fangxin.cases.models import Note, Side
from fangxin.cases.services import checks, terminate
from fangxin.cases.states import State
from fangxin.kernel.errors import BadInput, IllegalStep, StaleState
from fangxin.kernel.journal.models import Entry
from fangxin.mediation import queries, services
from fangxin.mediation.models import Consent, Invitation
from fangxin.mediation.services.consents import Answer
from fangxin.mediation.states import Means, Question
from fangxin.notices.models import Notice


def test_both_sides_are_invited_and_what_they_answer_is_on_record(case, staff):
    by = staff["officer"].ref

    services.invite(case, {Side.COMPLAINANT: Means.TELEPHONE, Side.RESPONDENT: Means.LETTER}, by=by, at=at("2026-11-02 14:00"))
    consent(case, by=by, on="2026-11-03")

    assert list(Invitation.objects.values_list("question", "side", "means")) == [
        ("mediation", "complainant", "telephone"),
        ("mediation", "respondent", "letter"),
    ]
    assert list(Consent.objects.values_list("question", "side", "given", "means", "by", "at")) == [
        ("mediation", "complainant", True, "telephone", by, at("2026-11-03")),
        ("mediation", "respondent", True, "telephone", by, at("2026-11-03")),
    ]
    assert history(case.ref)[-3:] == ["PartiesInvited", "ConsentRecorded", "ConsentRecorded"]
    assert last_event(case.ref, "mediation.ConsentRecorded").law == "order121:18"


def test_mediation_begins_with_the_consent_of_both(case, staff):
    by = staff["officer"].ref
    consent(case, by=by)

    services.begin(case, by=by, at=at("2026-11-03 11:00"))

    assert fresh(case).state == State.MEDIATING


@pytest.mark.parametrize(
    ("complainant", "respondent", "refusal"),
    [
        (None, None, "Mediation needs the consent of both sides; none is recorded yet."),
        (None, True, "Mediation needs the consent of both sides; the complainant's is not recorded yet."),
        (True, None, "Mediation needs the consent of both sides; the respondent's is not recorded yet."),
        (True, False, "The respondent refused mediation: it can't begin (ground 2 of Art 23)."),
        (False, None, "The complainant refused mediation: it can't begin (ground 2 of Art 23)."),
    ],
)
def test_without_the_consent_of_both_it_does_not_begin(case, staff, complainant, respondent, refusal):
    by = staff["officer"].ref
    if (complainant, respondent) != (None, None):
        consent(case, by=by, complainant=complainant, respondent=respondent)

    with pytest.raises(IllegalStep) as refused:
        services.begin(case, by=by, at=at("2026-11-03 11:00"))

    assert str(refused.value) == refusal
    assert fresh(case).state == State.ACCEPTED


def test_the_tick_for_delegated_mediation_is_no_consent_to_mediation_by_the_bureau(staff):
    case = accepted("2026-11-02", officer=staff["officer"], consent_delegate=Filed.YES)

    assert queries.on_mediation(case) == {Side.COMPLAINANT: None, Side.RESPONDENT: None}


def test_the_newest_answer_counts_and_the_older_one_stays_on_record(case, staff):
    by = staff["officer"].ref
    consent(case, by=by, on="2026-11-03", respondent=False)
    consent(case, by=by, on="2026-11-04", complainant=None, respondent=True)

    services.begin(case, by=by, at=at("2026-11-04 11:00"))

    assert fresh(case).state == State.MEDIATING
    assert list(Consent.objects.filter(side="respondent").order_by("pk").values_list("given", flat=True)) == [False, True]


def test_a_refusal_suggests_to_terminate_on_ground_two(case, staff):
    by = staff["officer"].ref
    assert checks.suggested("terminate", case, at("2026-11-04")) == []

    consent(case, by=by, respondent=False)

    assert [one.ground for one in checks.suggested("terminate", case, at("2026-11-04"))] == ["2"]
    terminate(case, ground="2", by=by, at=at("2026-11-04"))
    assert fresh(case).state == State.TERMINATED


def test_the_end_of_the_sixty_days_suggests_ground_five(case):
    # Accepted on 2 November: the sixtieth day is 1 January 2027, of which no holiday notice is known yet.
    assert checks.suggested("terminate", case, at("2027-01-01 12:00")) == []
    assert [one.ground for one in checks.suggested("terminate", case, at("2027-01-02 12:00"))] == ["5"]


def test_a_message_goes_to_the_numbers_in_the_vault_and_the_look_is_in_the_journal(staff):
    shop = Respondent(name="济宁市鲁好商贸有限公司", contact="陈经理", phone="13905370000")
    case = accepted("2026-11-02", officer=staff["officer"], respondent=shop)

    services.invite(
        case, {Side.COMPLAINANT: Means.MESSAGE, Side.RESPONDENT: Means.MESSAGE}, by=staff["officer"].ref, at=at("2026-11-02 14:00")
    )

    sent = Notice.objects.filter(subject=case.ref).order_by("pk")
    assert [(one.template, one.audience, one.to_masked) for one in sent] == [
        ("mediation.invitation", "complainant", "138****1234"),
        ("mediation.invitation", "respondent", "139****0000"),
    ]
    looks = Entry.objects.of(case.ref).filter(event="kernel.PersonalDataRevealed")
    assert ['"purpose":"mediation"' in entry.data for entry in looks] == [True, True]


def test_a_message_to_a_side_without_a_telephone_is_refused_and_nothing_is_recorded(case, staff):
    with pytest.raises(BadInput, match="No telephone of the respondent is known"):
        services.invite(case, {Side.RESPONDENT: Means.MESSAGE}, by=staff["officer"].ref, at=at("2026-11-02 14:00"))

    assert not Invitation.objects.exists()


@pytest.mark.parametrize("kind", [Kind.REPORT, Kind.CONSULTATION, Kind.UNDETERMINED])
def test_only_a_complaint_is_mediated(staff, kind):
    other = taken("R-1", kind=kind)

    with pytest.raises(IllegalStep, match="Only a complaint is mediated"):
        services.record_consents(
            other,
            Question.MEDIATION,
            [Answer(Side.RESPONDENT, given=True, means=Means.TELEPHONE)],
            by=staff["officer"].ref,
            at=at("2026-11-03"),
        )


def test_what_was_written_is_kept_as_a_scrubbed_note_of_the_case(case, staff):
    answers = [Answer(Side.RESPONDENT, given=True, means=Means.TELEPHONE)]

    services.record_consents(
        case, Question.MEDIATION, answers, by=staff["officer"].ref, at=at("2026-11-03"), note="店长电话13712345678，同意调解"
    )

    note = Note.objects.get(case=case, step="record_consent")
    assert "13712345678" not in note.text
    assert note.sealed


def test_nothing_is_recorded_for_a_case_that_moved_on_meanwhile(case, staff):
    seen = fresh(case)
    mediating(case, by=staff["officer"].ref)

    with pytest.raises(StaleState):
        services.record_consents(
            seen,
            Question.MEDIATION,
            [Answer(Side.RESPONDENT, given=False, means=Means.TELEPHONE)],
            by=staff["officer"].ref,
            at=at("2026-11-04"),
        )
