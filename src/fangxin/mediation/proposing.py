"""Which ground the facts of mediation suggest when it is to be terminated."""

from collections.abc import Sequence
from datetime import datetime

from fangxin.cases.models import Case
from fangxin.cases.services import checks
from fangxin.mediation import queries


@checks.suggests("terminate")
def grounds(case: Case, at: datetime) -> Sequence[checks.Suggestion]:
    """The items of Order 121 Art 23 that consents, sessions, costs and the delegated body's report speak for."""
    return queries.suggestions(case, at)
