"""What must not stand in a log: the secrets of links that people hold."""

import logging
import re
from typing import Final

_SECRET: Final = re.compile(r"(/odr/[di]/|/files/fetch/)[^\s\"'?]+")


class WithoutSecrets(logging.Filter):
    """Takes the secret out of an address: Django logs the path of what crashed, and of a form that came without its token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, shortened where it names such a link."""
        said = record.getMessage()
        kept = _SECRET.sub(r"\1…", said)
        if kept != said:
            record.msg, record.args = kept, None
        return True
