"""Addresses of signing in and of one's own account."""

from django.urls import path

from . import views

app_name = "accounts"
urlpatterns = [
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-in/code", views.second_step, name="code"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("me", views.account, name="me"),
    path("me/password", views.password, name="password"),
    path("me/second-factor", views.second_factor_page, name="second-factor"),
    path("me/tokens", views.issue_token, name="tokens"),
    path("me/tokens/<int:pk>/revoke", views.revoke_token, name="revoke-token"),
    path("me/second-factor/off", views.second_factor_off, name="second-factor-off"),
]
