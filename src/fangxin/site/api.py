"""The staff API under /api/v1/: mounted here, with one place that turns refusals into answers."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from fangxin.accounts.access import staff
from fangxin.accounts.bearer import Bearer, TokenThrottle
from fangxin.accounts.throttle import TooManyAttempts
from fangxin.cases import words
from fangxin.cases.api import router
from fangxin.kernel.errors import DomainError, NotPermitted

PREFIX = "api/v1/"

api = NinjaAPI(
    title="放心 Fangxin",
    version="1",
    description="What officers do on the pages, for their programs: the same permits, steps and refusals. Personal data is masked.",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,
    auth=Bearer(),
    throttle=[TokenThrottle()],
)
api.add_router("", router)


def _answer(status: int, code: str, message: str, **more: Any) -> HttpResponse:
    return JsonResponse({"code": code, "message": message, **more}, status=status, json_dumps_params={"ensure_ascii": False})


@api.exception_handler(DomainError)
def refused(request: HttpRequest, error: DomainError) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """409 with code, sentence and what fills it; 403 for what the person may not do, 429 for what comes too often."""
    status = 403 if isinstance(error, NotPermitted) else 429 if isinstance(error, TooManyAttempts) else 409
    return _answer(status, error.code, words.refusal(error), params={name: str(value) for name, value in error.params.items()})


@api.exception_handler(ValidationError)
def misshapen(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """422 with what is wrong where; never with what was sent, which may be personal data."""
    errors = [{"loc": [str(part) for part in one["loc"]], "type": one["type"], "msg": one["msg"]} for one in error.errors]
    return _answer(422, "api.shape", _("The request has not the shape that is asked for."), errors=errors)


@api.exception_handler(Http404)
def not_there(request: HttpRequest, error: Http404) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """404, also for what is there and may not be seen."""
    return _answer(404, "api.not_found", _("There is nothing here that you may see."))


@api.exception_handler(PermissionDenied)
def denied(request: HttpRequest, error: PermissionDenied) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """403."""
    return _answer(403, "kernel.not_permitted", _("You may not do this here."))


@api.exception_handler(AuthenticationError)
def strange(request: HttpRequest, error: AuthenticationError) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """401: no token, or one that is unknown, expired, revoked, or of somebody who may not sign in; which of these is not told."""
    answer = _answer(401, "api.unauthorized", _("No valid token: Authorization: Bearer …"))
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(Throttled)
def hurried(request: HttpRequest, error: Throttled) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """429 with the seconds to wait."""
    answer = _answer(429, "api.too_often", _("Too many requests. Please wait and try again."))
    if error.wait is not None:
        answer["Retry-After"] = str(error.wait)
    return answer


@api.exception_handler(HttpError)
def unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001 -- ninja's signature
    """What can't be read at all, e.g. a body that is no JSON."""
    return _answer(error.status_code, "api.unreadable", _("The request can't be read."))


@staff()
@require_safe
def openapi(request: HttpRequest) -> HttpResponseBase:  # noqa: ARG001 -- the shape of a view
    """The API in OpenAPI 3.1, for signed-in staff."""
    return JsonResponse(api.get_openapi_schema(path_prefix=f"/{PREFIX}"), json_dumps_params={"ensure_ascii": False})


@staff()
@require_safe
def documentation(request: HttpRequest) -> HttpResponseBase:
    """What can be asked, on a page that loads nothing from elsewhere."""
    schema = api.get_openapi_schema(path_prefix=f"/{PREFIX}")
    rows = [
        {"method": method.upper(), "path": path, "summary": operation["summary"], "text": operation.get("description", "")}
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return render(request, "site/api.html", {"rows": rows, "version": schema["openapi"]})


def addresses() -> list[URLPattern]:
    """The API's addresses. They ask for a token themselves, so they are free of the sign-in that every page asks for."""
    found = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in found:
        login_not_required(pattern.callback)
    return found
