"""ODR's pages in three realms: the bureau's staff, an enterprise's people, and whoever has a link (application, invitation, consumer)."""

from fangxin.odr.views import enterprise, public, signing, staff

__all__ = ["enterprise", "public", "signing", "staff"]
