"""Addresses of the exchange's pages."""

from django.urls import path

from fangxin.exchange import views

app_name = "exchange"
urlpatterns = [
    path("quarantine/", views.quarantine, name="quarantine"),
    path("quarantine/<int:pk>/", views.row, name="row"),
    path("quarantine/<int:pk>/retry", views.retry_row, name="retry"),
    path("quarantine/<int:pk>/drop", views.drop_row, name="drop"),
]
