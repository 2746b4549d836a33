"""Addresses of the officers' pages."""

from django.urls import path

from fangxin.cases import views

app_name = "cases"
urlpatterns = [
    path("", views.work_list, name="list"),
    path("export.csv", views.export, name="export"),
    path("dispatch", views.dispatch, name="dispatch"),
    path("<int:pk>", views.detail, name="detail"),
    path("<int:pk>/return", views.return_to_desk, name="return"),
    path("<int:pk>/report-back", views.report_back, name="report-back"),
    path("<int:pk>/respond", views.respond, name="respond"),
    path("<int:pk>/kind", views.set_kind, name="kind"),
    path("<int:pk>/reveal/<str:what>/<int:row>", views.reveal, name="reveal"),
]
