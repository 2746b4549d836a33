"""The host of files serves files and nothing else."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import reverse


class FilesHostMiddleware:
    """On FANGXIN_FILES_HOST there are signed downloads and the health check; no page, no sign-in, no cookie.

    So a file that a browser could be talked into running would run where there is nothing to take.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.prefix = ""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.FILES_HOST and request.get_host() == settings.FILES_HOST:
            self.prefix = self.prefix or reverse("files:fetch", kwargs={"token": "x"})[:-1]
            if not request.path_info.startswith(self.prefix) and request.path_info != reverse("site:health"):
                return HttpResponseNotFound()
        return self.get_response(request)
