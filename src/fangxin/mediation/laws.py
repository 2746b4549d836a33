"""The articles behind what mediation does beside the steps of the case."""

from datetime import datetime
from functools import cache
from pathlib import Path

from fangxin.clocks.rules import local_date
from fangxin.kernel.law import LawBook, RuleVersion

CONSENT = "mediation.consent"
DELEGATION = "mediation.delegation"
SESSION = "mediation.session"
RECUSAL = "mediation.recusal"
APPRAISAL = "mediation.appraisal"
AGREEMENT = "mediation.agreement"


@cache
def law_book() -> LawBook:
    """Rules by name, in versions by effective date."""
    return LawBook.load(Path(__file__).parent / "data" / "law.toml")


def law_at(rule: str, at: datetime) -> RuleVersion:
    """The articles of a rule on the day of an instant; the nearest version for days before any."""
    return law_book().resolve(rule, local_date(at), as_if=True)


def cited(rule: str, at: datetime) -> str:
    """They as the journal writes them: `order121:18`."""
    return " ".join(str(cite) for cite in law_at(rule, at).cites)
