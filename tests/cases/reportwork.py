"""What the tests of reports share: reports with a reporter and a target, sent to a county, and the people who work on them."""

from casework import LIN, NOW, at, taken

from fangxin.cases.filings import Kind
from fangxin.cases.models import Case
from fangxin.cases.services import dispatch
from fangxin.kernel.refs import SYSTEM
from staffwork import person


def report(offices, number: str = "", *, received: str = "2026-11-02", unit: str = "370811", **changes) -> Case:
    """A report that reached a county bureau on the day it came in."""
    case = taken(number, kind=Kind.REPORT, persons=changes.pop("persons", (LIN,)), received_at=at(received), **changes)
    dispatch([case], offices[unit], by=SYSTEM, at=at(received))
    return case


def people():
    """An officer and the head of one county, and the head of another."""
    return (
        person("officer", "officer", "370811", at=NOW, name="王芳"),
        person("head", "supervisor", "370811", at=NOW, name="赵局"),
        person("other-head", "supervisor", "370881", at=NOW, name="钱局"),
    )


def key(case: Case) -> str:
    """The case as somebody sees it now."""
    fresh = Case.objects.get(pk=case.pk)
    return f"{fresh.pk}.{fresh.state}.{fresh.unit_id or 0}"
