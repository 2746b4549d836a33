"""The officers' pages: work list, case page, dispatch, looking at personal data, export."""

from fangxin.cases.views.acting import act
from fangxin.cases.views.attachments import attach, detach
from fangxin.cases.views.bench import bench, disputes
from fangxin.cases.views.detail import detail
from fangxin.cases.views.dispatching import dispatch
from fangxin.cases.views.exporting import export
from fangxin.cases.views.listing import work_list
from fangxin.cases.views.privacy import data_subject
from fangxin.cases.views.revealing import reveal
from fangxin.cases.views.supervision import absences, end_absence, reassign, supervision

__all__ = [
    "absences",
    "act",
    "attach",
    "bench",
    "data_subject",
    "detach",
    "detail",
    "dispatch",
    "disputes",
    "end_absence",
    "export",
    "reassign",
    "reveal",
    "supervision",
    "work_list",
]
