"""The staff API of cases: what the pages do, for programs. The same permits, forms, services and acts stand behind both."""

from fangxin.cases.api.routes import router

__all__ = ["router"]
