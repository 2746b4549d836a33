"""Addresses of the app's pages: the enterprise's own, those behind a secret link, and staff's."""

from django.urls import path

from fangxin.odr.views import enterprise, public, signing, staff

app_name = "odr"
urlpatterns = [
    path("", signing.start, name="start"),
    path("sign-in", signing.sign_in, name="sign-in"),
    path("sign-out", signing.sign_out, name="sign-out"),
    path("password", signing.password, name="password"),
    path("account", enterprise.account, name="account"),
    path("account/colleague", enterprise.colleague, name="colleague"),
    path("account/<int:pk>/switch", enterprise.switch, name="switch"),
    path("account/leave", enterprise.leave, name="leave"),
    path("inbox", enterprise.inbox, name="inbox"),
    path("inbox/<int:pk>", enterprise.dispute, name="dispute"),
    path("inbox/<int:pk>/reply/<slug:name>", enterprise.reply, name="reply"),
    path("inbox/<int:pk>/contact", enterprise.contact, name="contact"),
    path("inbox/<int:pk>/files", enterprise.upload, name="upload"),
    path("inbox/<int:pk>/files/<int:row>", enterprise.download, name="download"),
    path("performance", enterprise.performance, name="performance"),
    path("export.csv", enterprise.export, name="export"),
    path("apply", public.apply_page, name="apply"),
    path("i/<str:token>", signing.invitation, name="invitation"),
    path("d/<str:token>", public.consumer, name="consumer"),
    path("enterprises", staff.enterprise_list, name="enterprises"),
    path("enterprises/new", staff.enter, name="enter"),
    path("enterprises/<int:pk>", staff.enterprise, name="enterprise"),
    path("enterprises/<int:pk>/step/<slug:name>", staff.step, name="step"),
    path("enterprises/<int:pk>/contact", staff.contact, name="enterprise-contact"),
    path("enterprises/<int:pk>/direct", staff.direct, name="direct"),
    path("invite", staff.invite, name="invite"),
    path("disputes", staff.dispute_list, name="disputes"),
    path("disputes/<int:pk>", staff.dispute, name="staff-dispute"),
    path("disputes/<int:pk>/answer", staff.consumer_answer, name="consumer-answer"),
]
