"""Addresses of the app's pages."""

from django.urls import path

from fangxin.files import views

app_name = "files"
urlpatterns = [
    path("<int:pk>/download", views.download, name="download"),
    path("fetch/<str:token>", views.fetch, name="fetch"),
]
