"""Addresses of the app's pages."""

from django.urls import path

from fangxin.knowledge import views

app_name = "knowledge"
urlpatterns = [
    path("", views.entries, name="list"),
    path("new", views.edit, name="new"),
    path("<int:pk>", views.entry, name="entry"),
    path("<int:pk>/edit", views.edit, name="edit"),
]
