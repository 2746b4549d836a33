"""Turns refusals of the rules that no view has answered into pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fangxin.accounts.throttle import TooManyAttempts
from fangxin.kernel.errors import DomainError, NotPermitted


class RefusalMiddleware:
    """A refusal is an answer, not a crash: 403 for what the person may not do, 429 for what comes too often, else 409."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of a refusal; for HTMX its sentence alone."""
        if not isinstance(exception, DomainError):
            return None
        status = 403 if isinstance(exception, NotPermitted) else 429 if isinstance(exception, TooManyAttempts) else 409
        template = "parts/refusal.html" if request.headers.get("HX-Request") else f"{status}.html"
        response = render(request, template, {"refusal": exception}, status=status)
        if isinstance(exception, TooManyAttempts):
            response["Retry-After"] = str(exception.params["seconds"])
        return response
