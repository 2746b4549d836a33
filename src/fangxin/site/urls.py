"""Every address of the service."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from . import operations, views

site = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("operations", operations.operations, name="operations"),
    path("language", views.switch_language, name="language"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((site, "site"))),
    path("accounts/", include("fangxin.accounts.urls")),
    path("cases/", include("fangxin.cases.urls")),
    path("exchange/", include("fangxin.exchange.urls")),
]

handler400 = "fangxin.site.views.bad_request"
handler403 = "fangxin.site.views.forbidden"
handler404 = "fangxin.site.views.not_found"
handler500 = "fangxin.site.views.failed"
