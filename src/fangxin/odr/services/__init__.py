"""What can be done with ODR enterprises, their accounts and disputes.

Other apps and the portal to come use `send`, `open_direct`, `dispute_of` and `answer`; the sweep is `pass_expired`.
"""

from fangxin.odr.services.answering import Reply, answer, dispute_of
from fangxin.odr.services.disputes import enterprise_for, open_direct, send
from fangxin.odr.services.enterprises import Application, Paper, apply
from fangxin.odr.services.passing import Passed, finish, pass_expired
from fangxin.odr.services.speaking import Speaker, as_consumer, for_consumer, for_enterprise

__all__ = [
    "Application",
    "Paper",
    "Passed",
    "Reply",
    "Speaker",
    "answer",
    "apply",
    "as_consumer",
    "dispute_of",
    "enterprise_for",
    "finish",
    "for_consumer",
    "for_enterprise",
    "open_direct",
    "pass_expired",
    "send",
]
