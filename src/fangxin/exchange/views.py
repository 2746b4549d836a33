"""Pages about rows that could not be taken in (导入异常行): why, what they say, correct and try again, or give up."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fangxin.accounts.access import person_of
from fangxin.exchange import services
from fangxin.exchange.models import QuarantinedRow
from fangxin.kernel import pages, permits
from fangxin.kernel.errors import DomainError


def _row(request: HttpRequest, pk: int, action: str) -> QuarantinedRow:
    found = permits.rows(person_of(request), action, QuarantinedRow.objects.select_related("run")).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_GET
def quarantine(request: HttpRequest) -> HttpResponse:
    """Open rows with their reasons, oldest first; what they say is not shown here."""
    person = person_of(request)
    visible = permits.rows(person, "view", QuarantinedRow.objects.open().select_related("run"))
    page = pages.page(visible, by="id", after=request.GET.get("after", ""))
    context = {
        "page": page,
        "may_settle": {
            row.pk for row in permits.rows(person, "settle", QuarantinedRow.objects.filter(pk__in=[row.pk for row in page.rows]))
        },
    }
    return render(request, "exchange/quarantine.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def row(request: HttpRequest, pk: int) -> HttpResponse:
    """One row: its reason; after a stated purpose, once, what it says, ready to be corrected."""
    found = _row(request, pk, "settle")
    context: dict[str, object] = {"row": found, "values": None}
    if request.method == "POST":
        purpose = request.POST.get("purpose", "").strip()[:200]
        if any(sign.isalnum() for sign in purpose):
            context["values"] = services.look(found, purpose=purpose, by=person_of(request).ref, at=timezone.now())
        else:
            context["missing"] = True
    return render(request, "exchange/row.html", context)


@never_cache
@require_POST
def retry_row(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a row again with the corrected cells; what is still wrong comes back with the cells as they were typed."""
    found = _row(request, pk, "settle")
    names = request.POST.getlist("name")
    typed = dict(zip(names, request.POST.getlist("value"), strict=False))
    before = dict(zip(names, request.POST.getlist("before"), strict=False))
    try:
        receipt = services.retry(
            found, {name: value for name, value in typed.items() if value != before.get(name)}, by=person_of(request).ref, at=timezone.now()
        )
    except DomainError as error:
        context = {"row": found, "values": typed, "before": before, "refusal": error}
        return render(request, "exchange/row.html", context, status=409)
    messages.success(request, _("Row %(row)s was taken in.") % {"row": found.row})
    return redirect("cases:detail", pk=receipt.case_ids[0]) if receipt.case_ids else redirect("exchange:quarantine")


@require_POST
def drop_row(request: HttpRequest, pk: int) -> HttpResponse:
    """Give a row up, with the reason."""
    found = _row(request, pk, "settle")
    try:
        services.drop(found, reason=request.POST.get("reason", ""), by=person_of(request).ref, at=timezone.now())
    except DomainError as error:
        return render(request, "exchange/row.html", {"row": found, "values": None, "refusal": error}, status=409)
    messages.success(request, _("Row %(row)s was given up; it stays on record.") % {"row": found.row})
    return redirect("exchange:quarantine")
