"""Which gateway a channel goes through."""

from pathlib import Path

from django.conf import settings

from fangxin.notices.configuration import FILES, Configuration
from fangxin.notices.gateways import Gateway
from fangxin.notices.gateways.files import FileGateway
from fangxin.notices.gateways.outside import AppriseGateway


def gateway_for(channel: str, configuration: Configuration) -> Gateway | None:
    """The gateway of a channel; None if none is configured."""
    found = configuration.gateways.get(channel)
    if found is None:
        return None
    return FileGateway(Path(settings.HOME) / "outbox") if found.url == FILES else AppriseGateway(found)
