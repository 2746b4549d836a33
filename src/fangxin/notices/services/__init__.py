"""What is done with notices: queue, send, send again, give up, purge, read."""

from fangxin.notices.services.enqueuing import Message, enqueue
from fangxin.notices.services.erasing import erase
from fangxin.notices.services.purging import purge
from fangxin.notices.services.sending import Sent, send_due
from fangxin.notices.services.settling import give_up, read, retry

__all__ = ["Message", "Sent", "enqueue", "erase", "give_up", "purge", "read", "retry", "send_due"]
