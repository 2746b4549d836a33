"""Commands about attachments: clear away what broken-off uploads left, name what is missing."""

from datetime import UTC, datetime
from typing import Any

import click

from fangxin.site.cli import answering, ready


@click.group("attachments")
def attachments_command() -> None:
    """The store of attachments."""


@attachments_command.command("sweep")
@answering
def sweep() -> Any:
    """Delete stored files that no record speaks of; exit code 1 if a record's file is missing."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.files.services import sweep_orphans
    from fangxin.kernel.errors import BadInput

    swept = sweep_orphans(datetime.now(UTC))
    if swept.missing:
        raise BadInput("files.content_missing", "The content of these attachments is missing: %(refs)s", refs=", ".join(swept.missing))
    return {"deleted": swept.deleted}, _("%(n)s stray files deleted; nothing is missing.") % {"n": swept.deleted}
