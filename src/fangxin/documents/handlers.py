"""What documents do when something happened below."""

from fangxin.documents import services
from fangxin.kernel import journal, refs
from fangxin.notices.events import NoticeSent


@journal.on(NoticeSent)
def serve(event: NoticeSent) -> None:
    """A message that carried a document was taken by its gateway: the document is served."""
    services.served_by_message(refs.identity(event.subject), at=event.at, by=event.actor)
