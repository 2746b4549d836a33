"""The officers' pages: work list, case page, dispatch, looking at personal data, export."""

from fangxin.cases.views.acting import report_back, respond, return_to_desk, set_kind
from fangxin.cases.views.detail import detail
from fangxin.cases.views.dispatching import dispatch
from fangxin.cases.views.exporting import export
from fangxin.cases.views.listing import work_list
from fangxin.cases.views.revealing import reveal

__all__ = ["detail", "dispatch", "export", "report_back", "respond", "return_to_desk", "reveal", "set_kind", "work_list"]
