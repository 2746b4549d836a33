"""Addresses of the app's pages."""

from django.urls import path
from django.urls.resolvers import URLPattern

from fangxin.mediation import views

app_name = "mediation"
urlpatterns: list[URLPattern] = [
    path("", views.calendar, name="calendar"),
    path("bench", views.bench, name="bench"),
    path("bench/<int:pk>", views.dispute, name="dispute"),
    path("agreements/<int:pk>/terms", views.terms, name="terms"),
]
