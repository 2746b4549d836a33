"""The list as a file (导出): masked, capped, streamed, journalled."""

import csv
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Role
from fangxin.cases import queries, words
from fangxin.cases.events import ListExported
from fangxin.cases.forms import FilterForm
from fangxin.cases.models import Case
from fangxin.clocks.keeping import current_calendar
from fangxin.kernel import journal, permits

CAP = 50_000
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: Any) -> str:
    """A value as a spreadsheet shows it and never runs it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


@staff(Role.CITY_DESK, Role.SUPERVISOR)
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The cases of the list under the filters of the address that the person may take out, as CSV; the first 50,000."""
    person, now = person_of(request), timezone.now()
    _calendar, calendar = current_calendar(now)
    offices = queries.offices_seen(person)
    filters = FilterForm(request.GET, offices).filters()
    found = permits.rows(person, "export", queries.listed(person, filters, offices, now=now, calendar=calendar))
    rows = found.values("pk")[:CAP].count()
    told = tuple("q" if name == "q" else f"{name}={value}" for name, value in sorted(filters.given().items()))
    with journal.atomic():
        journal.publish([ListExported(subject=person.ref, actor=person.ref, at=now, filters=told, rows=rows)])
    order = ("next_due_at", "pk") if filters.by_due else ("-pk",)
    lines = _lines(found.order_by(*order), translation.get_language())
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="fangxin-{localtime(now):%Y%m%d-%H%M}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _lines(found: QuerySet[Case], language: str | None) -> Iterator[str]:
    """The file line by line. The language is given, for the stream is read after the request's own is gone."""
    writer = csv.writer(_Echo())
    with translation.override(language):
        head = [_("number"), _("outside number"), _("kind"), _("state"), _("channel"), _("received"), _("unit"), _("respondent as stated"), _("title"), _("narrative"), _("nearest period"), _("due"), _("closed at")]  # fmt: skip
    # The mark tells spreadsheets that this is UTF-8.
    yield "\ufeff" + str(writer.writerow(head))
    rows = found.select_related("unit").defer("request", "sealed_filing", "digest")[:CAP]
    for case in rows.iterator(chunk_size=1000):
        with translation.override(language):
            values = [
                case.number, case.outside_number, case.get_kind_display(), case.get_state_display(), case.get_channel_display(), _time(case.first_received_at),
                case.unit, case.respondent_name, case.title, case.narrative, words.term_name(case.next_term) if case.next_term else "",
                _time(case.next_due_at), _time(case.closed_at),
            ]  # fmt: skip
        yield str(writer.writerow([cell(value) for value in values]))


def _time(at: Any) -> str:
    return f"{localtime(at):%Y-%m-%d %H:%M}" if at else ""
