"""Addresses of the app's pages."""

from django.urls import path

from fangxin.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.outbox, name="outbox"),
    path("retry", views.retry_many, name="retry-many"),
    path("texts", views.texts, name="texts"),
    path("<int:pk>/retry", views.retry_one, name="retry"),
    path("<int:pk>/give-up", views.give_up, name="give-up"),
]
