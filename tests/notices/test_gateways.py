"""One contract for every way out: the fake, the files, and apprise before real servers on this machine."""

import json
import logging
import socket
import stat
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from outboxwork import PHONE, hooks, mail_server

from fangxin.notices.configuration import Gateway
from fangxin.notices.gateways import NotTaken, Parcel
from fangxin.notices.gateways.files import FileGateway
from fangxin.notices.gateways.memory import MemoryGateway
from fangxin.notices.gateways.outside import AppriseGateway
from fangxin.notices.gateways.webhooks import DingTalkService, WeComService
from fangxin.notices.states import Failure

BODY = "您的投诉（编号FX2611200001）予以受理。100%＆<b>不转义</b> \\n {to}"
SUBJECT = "投诉受理告知：电热水壶"


@dataclass
class Rig:
    """A gateway, what arrived behind it as (to, subject, body), and how to make it fail in a way."""

    gateway: object
    channel: str
    to: str
    arrived: Callable[[], list[tuple[str, str, str]]]
    failing: Callable[[Failure], None]
    has_subject: bool = False


def memory(stack, tmp_path, monkeypatch):
    gateway = MemoryGateway()
    return Rig(
        gateway, "sms", PHONE, lambda: [(one.to, one.subject, one.body) for one in gateway.sent], gateway.fails.append, has_subject=True
    )


def files(stack, tmp_path, monkeypatch):
    folder = tmp_path / "outbox"

    def arrived():
        found = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
        return [(one["to"], one["subject"], one["body"]) for one in found]

    def failing(failure):
        if failure != Failure.UNREACHABLE:
            pytest.skip("a folder can only be out of reach")
        folder.write_text("a file where the folder should be", "utf-8")

    return Rig(FileGateway(folder), "sms", PHONE, arrived, failing, has_subject=True)


def _answers(server, refused: bytes, busy: bytes):
    def failing(failure):
        if failure == Failure.UNREACHABLE:
            server.answer = lambda: (502, b"")
        elif failure == Failure.TIMED_OUT:
            server.answer = lambda: (threading.Event().wait(0.6), (200, b"{}"))[1]
        elif failure == Failure.REFUSED:
            server.answer = lambda: (200, refused)
        elif failure == Failure.BUSY:
            server.answer = lambda: (200, busy) if busy else (429, b"")

    return failing


def short_message(stack, tmp_path, monkeypatch):
    server = stack.enter_context(hooks())
    url = f"json://user:p%40ss@127.0.0.1:{server.port}/sms/send?:mobile={{to}}&:message=content&:id={{id}}&:sign=fx"
    gateway = AppriseGateway(Gateway("sms", url, timeout_seconds=0.3, confirm="code=OK"))
    return Rig(
        gateway,
        "sms",
        PHONE,
        lambda: [(body["mobile"], "", body["content"]) for _path, body in server.posted],
        _answers(server, b'{"code":"isv.MOBILE_NUMBER_ILLEGAL"}', b""),
    )


def wecom(stack, tmp_path, monkeypatch):
    server = stack.enter_context(hooks())
    monkeypatch.setattr(WeComService, "notify_url", f"http://127.0.0.1:{server.port}/cgi-bin/webhook/send?key={{key}}")
    gateway = AppriseGateway(Gateway("wecom", "wecombot://{to}", timeout_seconds=0.3))
    return Rig(
        gateway,
        "wecom",
        "693a-robot-key",
        lambda: [(path.partition("key=")[2], "", body["text"]["content"]) for path, body in server.posted],
        _answers(server, b'{"errcode":93000,"errmsg":"invalid webhook url"}', b'{"errcode":45009,"errmsg":"freq out of limit"}'),
    )


def dingtalk(stack, tmp_path, monkeypatch):
    server = stack.enter_context(hooks())
    monkeypatch.setattr(DingTalkService, "notify_url", f"http://127.0.0.1:{server.port}/robot/send?access_token={{token}}")
    gateway = AppriseGateway(Gateway("dingtalk", "dingtalk://SECabc@token123/{to}", timeout_seconds=0.3))
    return Rig(
        gateway,
        "dingtalk",
        PHONE,
        lambda: [(body["at"]["atMobiles"][0], "", body["text"]["content"]) for _path, body in server.posted],
        _answers(server, b'{"errcode":310000,"errmsg":"sign not match"}', b'{"errcode":660026,"errmsg":"too fast"}'),
    )


def mail(stack, tmp_path, monkeypatch):
    box = stack.enter_context(mail_server())
    url = f"mailto://127.0.0.1:{box.port}?smtp=127.0.0.1&from=no-reply@fangxin.example.cn&to={{to}}&mode=insecure&format=text&+X-Notice={{id}}"
    gateway = AppriseGateway(Gateway("email", url, timeout_seconds=0.5))

    def failing(failure):
        if failure == Failure.REFUSED:
            box.recipient_refusal = "550 5.1.1 <lin@example.com> unknown"
        elif failure == Failure.BUSY:
            box.refusal = "451 4.7.1 try again later"
        elif failure == Failure.UNREACHABLE:
            gateway.gateway = Gateway("email", url.replace(str(box.port), "1"), timeout_seconds=0.5)
        else:
            deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            gateway.gateway = Gateway("email", url.replace(str(box.port), str(deaf.getsockname()[1])), timeout_seconds=0.2)

    def arrived():
        return [(tos[0], letter["Subject"], letter.get_content().rstrip()) for tos, letter in box.letters]

    return Rig(gateway, "email", "lin@example.com", arrived, failing, has_subject=True)


RIGS = [memory, files, short_message, wecom, dingtalk, mail]


@pytest.fixture(params=RIGS, ids=lambda rig: rig.__name__)
def rig(request, tmp_path, monkeypatch):
    with ExitStack() as stack:
        yield request.param(stack, tmp_path, monkeypatch)


@pytest.fixture
def logged(monkeypatch):
    """What comes to the service's log at its most talkative."""
    lines = []

    class Listening(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    root, listening = logging.getLogger(), Listening()
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(listening)
    yield lines
    root.removeHandler(listening)


def parcel(rig: Rig, number: int = 1) -> Parcel:
    return Parcel(f"notice-{number}", rig.channel, rig.to, SUBJECT, BODY)


def test_what_is_sent_arrives_sign_for_sign_at_its_address(rig):
    rig.gateway.send(parcel(rig))

    assert rig.arrived() == [(rig.to, SUBJECT if rig.has_subject else "", BODY)]


def test_two_parcels_are_two_messages(rig):
    rig.gateway.send(parcel(rig, 1))
    rig.gateway.send(parcel(rig, 2))

    assert len(rig.arrived()) == 2


def test_the_same_parcel_again_is_one_message_where_the_gateway_says_so(rig):
    rig.gateway.send(parcel(rig))
    rig.gateway.send(parcel(rig))

    assert len(rig.arrived()) == (1 if rig.gateway.repeatable else 2)


@pytest.mark.parametrize("failure", [Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.REFUSED, Failure.BUSY])
def test_what_is_not_taken_says_why_and_never_to_whom(rig, failure, logged):
    rig.failing(failure)

    with pytest.raises(NotTaken) as refusal:
        rig.gateway.send(parcel(rig))

    # A mail server that says nothing at all was never given the letter.
    expected = Failure.UNREACHABLE if rig.channel == "email" and failure == Failure.TIMED_OUT else failure
    assert refusal.value.failure == expected
    said = f"{refusal.value} {refusal.value.params} {logged}"
    assert rig.to not in said
    assert "FX2611200001" not in said


@pytest.mark.parametrize("rig", [short_message, wecom, dingtalk, mail], indirect=True, ids=lambda rig: rig.__name__)
def test_a_gateway_that_is_down_is_unreachable(rig):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    here = rig.gateway.gateway.url
    rig.gateway.gateway = Gateway(
        rig.channel,
        f"json://127.0.0.1:{port}/?:to={{to}}" if rig.channel != "email" else here.replace(here.split(":")[2].partition("?")[0], str(port)),
    )

    with pytest.raises(NotTaken) as refusal:
        rig.gateway.send(parcel(rig))

    assert refusal.value.failure == Failure.UNREACHABLE


def test_files_are_for_their_owner_alone(tmp_path):
    FileGateway(tmp_path / "outbox").send(Parcel("notice-7", "sms", PHONE, SUBJECT, BODY))

    [path] = (tmp_path / "outbox").iterdir()
    assert path.name == "sms-notice-7.json"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)] == [0o700, 0o600]


def test_a_gateways_name_password_and_the_notices_id_go_along():
    with hooks() as server:
        url = f"json://user:p%40ss@127.0.0.1:{server.port}/sms?:to={{to}}&:message=content&:id={{id}}"
        AppriseGateway(Gateway("sms", url, prefix="【任城市监】")).send(Parcel("notice-7", "sms", PHONE, SUBJECT, "好"))

    assert server.posted == [("/sms", {"to": PHONE, "content": "【任城市监】好", "id": "notice-7"})]
    assert server.headers[0]["Authorization"] == "Basic dXNlcjpwQHNz"


def test_a_redirect_is_a_refusal_for_it_would_carry_the_message_elsewhere():
    with hooks() as server:
        server.answer = lambda: (307, b"")
        with pytest.raises(NotTaken) as refusal:
            AppriseGateway(Gateway("sms", f"json://127.0.0.1:{server.port}/?:to={{to}}")).send(Parcel("n", "sms", PHONE, "", "好"))

    assert (refusal.value.failure, refusal.value.status, len(server.posted)) == (Failure.REFUSED, 307, 1)


def test_a_gateway_that_hangs_up_without_a_word_may_have_taken_it():
    with hooks() as server:
        server.answer = lambda: (0, b"")
        with pytest.raises(NotTaken) as refusal:
            AppriseGateway(Gateway("sms", f"json://127.0.0.1:{server.port}/?:to={{to}}")).send(Parcel("n", "sms", PHONE, "", "好"))

    assert refusal.value.failure == Failure.TIMED_OUT


@pytest.mark.parametrize(
    ("answer", "confirm", "taken"),
    [
        (b'{"code":0}', "code=0", True),
        (b'{"code":"0"}', "code=0", True),
        (b'{"data":[{"status":"ok"}]}', "data.0.status=ok", True),
        (b'{"success":true}', "success=true", True),
        (b'{"code":1}', "code=0", False),
        (b'{"other":0}', "code=0", False),
        (b"<html>", "code=0", False),
        (b"[]", "code=0", False),
    ],
)
def test_a_gateway_that_refuses_inside_a_200_has_not_taken_it(answer, confirm, taken):
    with hooks() as server:
        server.answer = lambda: (200, answer)
        gateway = AppriseGateway(Gateway("sms", f"json://127.0.0.1:{server.port}/?:to={{to}}", confirm=confirm))
        if taken:
            gateway.send(Parcel("n", "sms", PHONE, "", "好"))
            return
        with pytest.raises(NotTaken) as refusal:
            gateway.send(Parcel("n", "sms", PHONE, "", "好"))

    assert refusal.value.failure == Failure.REFUSED


def test_a_url_that_apprise_cannot_read_is_no_gateway():
    for url in ("nonsense://{to}", "wecombot://", "dingtalk://!!!/{to}"):
        with pytest.raises(NotTaken) as refusal:
            AppriseGateway(Gateway("wecom", url)).send(Parcel("n", "wecom", "key", "", "好"))
        assert refusal.value.failure == Failure.NO_GATEWAY


def test_a_letter_carries_its_number_and_no_html():
    with mail_server() as box:
        url = f"mailto://127.0.0.1:{box.port}?smtp=127.0.0.1&from=no-reply@fangxin.example.cn&to={{to}}&mode=insecure&format=text&+X-Notice={{id}}"
        AppriseGateway(Gateway("email", url)).send(Parcel("notice-7", "email", "lin@example.com", SUBJECT, BODY))

    [(tos, letter)] = box.letters
    assert tos == ["lin@example.com"]
    assert (letter["To"], letter["Subject"], letter["X-Notice"]) == ("lin@example.com", SUBJECT, "notice-7")
    assert letter.get_content_type() == "text/plain"
