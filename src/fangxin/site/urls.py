"""Every address of the service."""

from importlib.util import find_spec

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from . import views

site = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("language", views.switch_language, name="language"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((site, "site"))),
    path("accounts/", include("fangxin.accounts.urls")),
    path("cases/", include("fangxin.cases.urls")),
]
if find_spec("fangxin.exchange.urls"):
    urlpatterns.append(path("exchange/", include("fangxin.exchange.urls")))

handler400 = "fangxin.site.views.bad_request"
handler403 = "fangxin.site.views.forbidden"
handler404 = "fangxin.site.views.not_found"
handler500 = "fangxin.site.views.failed"
