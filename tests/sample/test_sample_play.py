"""The sample's outcomes, replayed through the services, leave the cases as they say."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from fangxin.accounts.services import OfficeRow, load_offices
from fangxin.cases.filings import Kind
from fangxin.cases.models import Case
from fangxin.cases.services import receive
from fangxin.cases.states import State
from fangxin.kernel.refs import SYSTEM
from fangxin.sample.files import generate
from fangxin.sample.play import Played, play
from fangxin.sample.stream import city, filings

SINCE, UNTIL = date(2026, 6, 1), date(2026, 6, 30)
END = datetime(2026, 6, 30, 16, tzinfo=UTC)


@pytest.mark.django_db
def test_cases_end_as_the_outcomes_say_and_a_second_play_does_nothing(tmp_path):
    rows = [OfficeRow(code=o.code, name=o.name, kind=o.kind, parent_code=o.parent, division_code=o.division) for o in city(5).offices]
    load_offices(rows, by=SYSTEM, at=END)
    pairs = list(filings(60, SINCE, UNTIL, 5, traders=300))
    receive([filing for filing, _ in pairs], by=SYSTEM, at=END)
    generate(tmp_path, cases=60, since=SINCE, until=UNTIL, seed=5, traders=300)

    played = play(tmp_path / "outcomes.jsonl", until=END, by=SYSTEM)
    again = play(tmp_path / "outcomes.jsonl", until=END, by=SYSTEM)

    assert (played.refused, played.missing) == (0, 0)
    assert (again.steps, again.refused, again.missing) == (0, 0, 0)
    expected = Counter(state_of(outcome) for _, outcome in pairs)
    assert Counter(Case.objects.values_list("state", flat=True)) == expected
    assert {State.SETTLED, State.ANSWERED, State.DISPATCHED} <= set(expected)
    assert isinstance(played, Played)


def state_of(outcome):
    """The end state of an outcome that was not split."""
    if outcome.dispatched_at is None:
        return State.RECEIVED
    if outcome.kind is Kind.CONSULTATION:
        return State.ANSWERED if outcome.answered_at else State.DISPATCHED
    if outcome.kind is Kind.REPORT:
        if outcome.verified_at is None:
            return State.DISPATCHED
        return (State.CONCLUDED if outcome.closed_at else State.FILED) if outcome.filed else State.NOT_FILED
    if outcome.decided_at is None:
        return State.DISPATCHED
    if outcome.refusal:
        return State.REFUSED
    return {"agreed": State.SETTLED, "terminated": State.TERMINATED, "": State.ACCEPTED}[outcome.mediation]
