"""Entry, health, and the pages for what went wrong."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import NoReverseMatch
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.i18n import set_language

from fangxin.accounts.models import Person
from fangxin.kernel.journal.models import Head

switch_language = login_not_required(set_language)


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The work list for staff, sign-in for strangers."""
    if not isinstance(request.user, Person):
        return redirect("accounts:sign-in")
    try:
        return redirect("cases:list")
    except NoReverseMatch:
        return redirect("accounts:me")


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponseBase:  # noqa: ARG001 -- the shape of a view
    """200 if the database answers and the head of the journal can be read, else 503; tells nothing more."""
    try:
        Head.objects.filter(id=1).values_list("seq").first()
    except DatabaseError:
        return JsonResponse({"status": "failing"}, status=503)
    return JsonResponse({"status": "ok"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- the shape of a handler
    """400."""
    return HttpResponse(loader.get_template("400.html").render(), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- the shape of a handler
    """403."""
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 -- the shape of a handler
    """404."""
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 -- the shape of a handler
    """500; drawn without database, session or request, since one of them may be what failed."""
    return HttpResponse(loader.get_template("500.html").render(), status=500)
