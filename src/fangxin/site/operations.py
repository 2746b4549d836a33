"""The operator's page (运维): is everything delivered, sealed and known."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fangxin.accounts.access import person_of, staff
from fangxin.accounts.models import Role
from fangxin.clocks.calendars import default
from fangxin.clocks.keeping import newest
from fangxin.clocks.rules import local_date
from fangxin.exchange.models import QuarantinedRow
from fangxin.kernel.journal.delivery import deliver_due
from fangxin.kernel.journal.models import DailyRoot, Delivery, Head
from fangxin.notices import queries as notices

SHOWN = 50
HORIZON = timedelta(days=60)
"""Less than this of known holidays ahead, and most dates of the longer periods are provisional."""


@staff(Role.ADMINISTRATOR, Role.AUDITOR)
@require_http_methods(["GET", "HEAD", "POST"])
def operations(request: HttpRequest) -> HttpResponseBase:
    """GET: the state of the journal, its deliveries, the calendar, the quarantine. POST (administrators): try what failed again now."""
    now = timezone.now()
    administers = person_of(request).has_role(Role.ADMINISTRATOR)
    if request.method == "POST":
        if not administers:
            raise PermissionDenied
        Delivery.objects.failing().update(next_at=now)
        done = deliver_due(now)
        messages.success(request, _("Tried again: %(n)s delivered.") % {"n": done})
        return redirect("site:operations")
    kept = newest()
    known_until = kept.known_until if kept else default().known_until
    context = {
        "administers": administers,
        "head": Head.objects.filter(id=1).first(),
        "seal": DailyRoot.objects.order_by("-day").first(),
        "open_deliveries": Delivery.objects.count(),
        "failing": list(Delivery.objects.failing().select_related("entry")[:SHOWN]),
        "calendar": kept.label if kept else default().version,
        "known_until": known_until,
        "horizon_near": known_until - local_date(now) < HORIZON,
        "quarantined": QuarantinedRow.objects.open().count(),
        "notices": notices.counts(),
    }
    return render(request, "site/operations.html", context)
