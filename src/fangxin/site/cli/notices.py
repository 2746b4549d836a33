"""Commands about the outbox of notices."""

from datetime import UTC, datetime
from typing import Any

import click

from fangxin.site.cli import answering, ready

STATES = click.Choice(["waiting", "sending", "sent", "dead", "given_up"])
CHANNELS = click.Choice(["sms", "email", "wecom", "dingtalk"])


@click.group("notices")
def notices_command() -> None:
    """The outbox of notices: send, list, retry."""


@notices_command.command("send")
@click.option("--limit", default=500, show_default=True, help="At most so many of each channel.")
@answering
def send(limit: int) -> Any:
    """Send what is due now; the worker does so once a minute."""
    ready()
    from fangxin.notices.services import send_due

    return send_due(datetime.now(UTC), limit=limit)


@notices_command.command("list")
@click.option("--state", type=STATES, default="dead", show_default=True)
@click.option("--channel", type=CHANNELS)
@click.option("--limit", default=50, show_default=True)
@answering
def list_notices(state: str, channel: str | None, limit: int) -> Any:
    """Notices of one state, newest first; addresses are masked, texts stay sealed."""
    ready()
    from fangxin.notices import queries
    from fangxin.notices.models import Notice
    from fangxin.notices.words import Line

    found = Notice.objects.filter(state=state)
    if channel:
        found = found.filter(channel=channel)
    rows = [
        {
            "id": notice.pk,
            "about": notice.subject,
            "template": notice.template,
            "channel": notice.channel,
            "address": notice.to_masked,
            "attempts": notice.attempts,
            "error": notice.error,
            "queued_at": notice.queued_at,
        }
        for notice in found.order_by("-pk")[:limit]
    ]
    text = [
        f"{notice.pk} {notice.subject} {notice.template} {notice.get_channel_display()} {notice.to_masked} {Line(notice).why}".rstrip()
        for notice in found.order_by("-pk")[:limit]
    ]
    counts = queries.counts()
    return {**counts, "notices": rows}, "\n".join([f"waiting: {counts['waiting']}", f"dead: {counts['dead']}", *text])


@notices_command.command("retry")
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that failed.")
@click.option("--channel", type=CHANNELS, help="With --all: only those of this channel.")
@answering
def retry(ids: tuple[int, ...], every: bool, channel: str | None) -> Any:
    """Send failed notices off again."""
    if bool(ids) == every:
        raise click.UsageError("Name notices or say --all.")
    ready()
    from fangxin.kernel.refs import SYSTEM
    from fangxin.notices import services
    from fangxin.notices.models import Notice

    found = Notice.objects.dead().order_by("pk")
    if ids:
        found = found.filter(pk__in=ids)
    if channel:
        found = found.filter(channel=channel)
    return {"retried": services.retry(found.iterator(), by=SYSTEM, at=datetime.now(UTC))}


@notices_command.command("check")
@answering
def check() -> Any:
    """Read the configuration and the texts, and say what each channel goes through; secrets are not shown."""
    ready()
    from fangxin.notices import configuration, templates

    rules = configuration.current()
    found = {
        channel: ("files" if gateway.url == configuration.FILES else gateway.url.partition("://")[0])
        + (f", {gateway.rate_per_minute}/min" if gateway.rate_per_minute else "")
        for channel, gateway in rules.gateways.items()
    }
    return {**found, "templates": len(templates.every()), "unknown_own_words": templates.unknown_own_words()}


@notices_command.command("test")
@click.argument("channel", type=CHANNELS)
@click.argument("address")
@answering
def test(channel: str, address: str) -> Any:
    """Send a test message to an address of your own, through the gateway of its channel."""
    ready()
    from django.utils import timezone

    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.refs import SYSTEM
    from fangxin.notices.models import Notice
    from fangxin.notices.services import Message, enqueue, send_due
    from fangxin.notices.words import Line

    now = datetime.now(UTC)
    params = {"time": timezone.localtime(now).strftime("%Y-%m-%d %H:%M:%S")}
    message = Message(SYSTEM, "test.message", channel, address, params, keys="system")
    [notice] = enqueue([message], by=SYSTEM, at=now)
    send_due(datetime.now(UTC))
    tried = Notice.objects.get(pk=notice.pk)
    if tried.state != "sent":
        raise BadInput("notices.test_failed", "The test message was not sent: %(why)s", why=Line(tried).why or tried.get_state_display())
    return {"sent": tried.pk, "channel": channel, "address": tried.to_masked}
