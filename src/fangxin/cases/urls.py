"""Addresses of the officers' pages."""

from django.urls import path

from fangxin.cases import views
from fangxin.cases.views import entry, papers
from fangxin.cases.views.reporting import answering

app_name = "cases"
urlpatterns = [
    path("", views.work_list, name="list"),
    path("export.csv", views.export, name="export"),
    path("dispatch", views.dispatch, name="dispatch"),
    path("bench", views.bench, name="bench"),
    path("jurisdiction", views.disputes, name="disputes"),
    path("supervision", views.supervision, name="supervision"),
    path("supervision/reassign", views.reassign, name="reassign"),
    path("data-subject", views.data_subject, name="data-subject"),
    path("absences", views.absences, name="absences"),
    path("absences/<int:pk>/end", views.end_absence, name="end-absence"),
    path("new", entry.new, name="new"),
    path("new/save", entry.save, name="save-draft"),
    path("new/traders", entry.find_trader, name="find-trader"),
    path("new/places", entry.find_place, name="find-place"),
    path("new/where", entry.where, name="where"),
    path("new/earlier", entry.earlier, name="earlier"),
    path("drafts", entry.drafts, name="drafts"),
    path("drafts/<int:pk>/discard", entry.discard, name="discard-draft"),
    path("<int:pk>", views.detail, name="detail"),
    path("<int:pk>/answer", answering, name="answering"),
    path("<int:pk>/act/<slug:name>", views.act, name="act"),
    path("<int:pk>/attachments", views.attach, name="attach"),
    path("<int:pk>/attachments/<int:row>/remove", views.detach, name="detach"),
    path("<int:pk>/reveal/<str:what>/<int:row>", views.reveal, name="reveal"),
    path("<int:pk>/papers/<slug:form>", papers.paper, name="paper"),
    path("<int:pk>/papers/<int:row>/pdf", papers.paper_pdf, name="paper-pdf"),
    path("<int:pk>/papers/<int:row>/docx", papers.paper_docx, name="paper-docx"),
    path("<int:pk>/papers/<int:row>/deliver", papers.deliver_paper, name="deliver-paper"),
    path("<int:pk>/papers/<int:row>/void", papers.void_paper, name="void-paper"),
]
