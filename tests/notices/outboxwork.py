"""What the tests of notices share: messages, a gateway configuration, and servers that stand for a gateway."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from aiosmtpd.controller import Controller

from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import SYSTEM, Ref
from fangxin.notices.models import Notice
from fangxin.notices.services import Message, enqueue

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 20 November 2026, twelve o'clock in Jining."""
PHONE = "13805371234"


def message(**changes) -> Message:
    """A text message to a citizen about something that nobody speaks for."""
    plain = {
        "subject": Ref("thing:1"),
        "template": "case.accepted",
        "channel": "sms",
        "to": PHONE,
        "params": {"number": "FX2611200001", "office": "任城区市场监督管理局", "phone": "0537-12315"},
    }
    return Message(**plain | changes)


def queued(at: datetime = NOON, **changes) -> Notice:
    """Such a message in the outbox."""
    return enqueue([message(**changes)], by=SYSTEM, at=at)[0]


def fresh(notice: Notice) -> Notice:
    return Notice.objects.get(pk=notice.pk)


def told(notice: Notice) -> list[str]:
    """The journal of a notice by the events' short names."""
    return [name.partition(".")[2] for name in Entry.objects.of(notice.ref).values_list("event", flat=True)]


def gateways(path: Path, text: str) -> Path:
    """A configuration file."""
    path.write_text(text, "utf-8")
    return path


@dataclass
class Hooks:
    """An HTTP server that notes what is posted to it and answers as it is told."""

    port: int
    posted: list[tuple[str, dict]] = field(default_factory=list)
    answer: Callable[[], tuple[int, bytes]] = lambda: (200, b'{"errcode":0,"errmsg":"ok","code":"OK"}')
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def hooks() -> Iterator[Hooks]:
    noted: Hooks

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            noted.posted.append((self.path, json.loads(body)))
            noted.headers.append(dict(self.headers))
            status, said = noted.answer()
            try:
                if status == 0:
                    return  # cut off without an answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(said)))
                if 300 <= status < 400:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # the sender has given up waiting

        def log_message(self, *args):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    noted = Hooks(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield noted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Postbox:
    """What a mail server has taken; `refusal` is what it answers instead of taking it."""

    port: int = 0
    letters: list = field(default_factory=list)
    refusal: str = ""
    recipient_refusal: str = ""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 -- aiosmtpd's name
        if self.recipient_refusal:
            return self.recipient_refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        if self.refusal:
            return self.refusal
        self.letters.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[Postbox]:
    """A real SMTP server on this machine, in a thread."""
    box = Postbox()

    class Local(Controller):
        def _trigger_server(self):
            """aiosmtpd asks for port 0 otherwise; the real one is known only now."""
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the server's own talk is not what is tested
    controller = Local(box, hostname="127.0.0.1", port=0)
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()
