"""Every address of the service."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from . import api, operations, views

site = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("operations", operations.operations, name="operations"),
    path("language", views.switch_language, name="language"),
    path(f"{api.PREFIX}docs", api.documentation, name="api"),
    path(f"{api.PREFIX}openapi.json", api.openapi, name="openapi"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((site, "site"))),
    path(api.PREFIX, include((api.addresses(), "api"))),
    path("accounts/", include("fangxin.accounts.urls")),
    path("cases/", include("fangxin.cases.urls")),
    path("documents/", include("fangxin.documents.urls")),
    path("exchange/", include("fangxin.exchange.urls")),
    path("files/", include("fangxin.files.urls")),
    path("knowledge/", include("fangxin.knowledge.urls")),
    path("mediation/", include("fangxin.mediation.urls")),
    path("notices/", include("fangxin.notices.urls")),
    path("odr/", include("fangxin.odr.urls")),
]

handler400 = "fangxin.site.views.bad_request"
handler403 = "fangxin.site.views.forbidden"
handler404 = "fangxin.site.views.not_found"
handler500 = "fangxin.site.views.failed"
