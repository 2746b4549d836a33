"""Into the outbox (入队), in the transaction of whatever the notice tells about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from fangxin.kernel import journal, vault
from fangxin.kernel.errors import BadInput
from fangxin.kernel.refs import Ref
from fangxin.kernel.sql import bulk
from fangxin.kernel.vault import Purpose
from fangxin.notices import addresses, subjects, templates
from fangxin.notices.events import NoticeDead, NoticeQueued
from fangxin.notices.models import PLACE_NOTICE, Notice
from fangxin.notices.states import Audience, Channel, Failure, NoticeState


@dataclass(frozen=True, slots=True)
class Message:
    """A notice to be: what it is about, which text, by which way, to whom, filled with what.

    `keys` says whose keys it is sealed with; `reporter` for everything that goes to a reporter. `once` makes it unique: a second
    message under the same key is the first one, whatever it says, so it names the occasion: `case:42 case.accepted`.
    `audience` may be left out where the template has only one.
    """

    subject: Ref
    template: str
    channel: str
    to: str = field(repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    keys: str = "person"
    language: str = "zh-hans"
    once: str = ""
    audience: str = ""


def enqueue(messages: Sequence[Message], *, by: Ref, at: datetime) -> list[Notice]:
    """Put notices into the outbox, in the caller's `journal.atomic()` if there is one; answers them in order.

    Nothing is sent here: a transaction that fails takes its notices with it. A message whose address is missing or can't be one
    becomes a failed notice that a person looks at; the step that tells of itself is not stopped by it.

    Raises BadInput for an unknown template, channel, audience or a blank without a value, NotPermitted for an audience that must not
    hear of the subject (Order 121 Art 37).
    """
    audiences = [_audience(message) for message in messages]
    texts = []
    for message in messages:
        if message.channel not in Channel.values:
            raise BadInput("notices.no_such_channel", "There is no channel “%(channel)s”.", channel=message.channel)
        Purpose(message.keys)
        texts.append(templates.render(templates.get(message.template), message.params, message.language))
    subjects.check([(message.subject, audience) for message, audience in zip(messages, audiences, strict=True)])
    with journal.atomic():
        rows = []
        for pk, message, audience, text in zip(bulk.reserve_ids(Notice, len(messages)), messages, audiences, texts, strict=True):
            to = addresses.usable(message.channel, message.to)
            rows.append(
                Notice(
                    pk=pk,
                    subject=message.subject,
                    template=message.template,
                    channel=message.channel,
                    audience=audience,
                    language=message.language if message.language in templates.LANGUAGES else "zh-hans",
                    keys=message.keys,
                    sealed=vault.seal(message.keys, PLACE_NOTICE, pk, {"to": to or message.to, "subject": text.subject, "body": text.body}),
                    to_masked=addresses.masked(message.channel, message.to),
                    digest=sha256(f"{text.subject}\n{text.body}".encode()).hexdigest(),
                    once=message.once,
                    by=by,
                    queued_at=at,
                    **({"next_at": at} if to else {"state": NoticeState.DEAD, "error": Failure.BAD_ADDRESS, "ended_at": at}),
                )
            )
        return _kept(rows, at)


def _kept(rows: Sequence[Notice], at: datetime) -> list[Notice]:
    """Insert those whose `once` is new and tell of them; the others are what stands there already."""
    Notice.objects.bulk_create(rows, ignore_conflicts=True)  # of two at the same time the database lets one in
    new = set(Notice.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    said = {row.once: row for row in Notice.objects.filter(once__in=[row.once for row in rows if row.pk not in new])}
    for row in rows:
        if row.pk not in new:
            continue
        told: dict[str, Any] = {
            "subject": row.ref,
            "actor": Ref(row.by),
            "at": at,
            "about": row.subject,
            "template": row.template,
            "channel": row.channel,
        }
        journal.publish([NoticeQueued(**told, audience=row.audience, digest=row.digest)])
        if row.state == NoticeState.DEAD:
            journal.publish([NoticeDead(**told, attempts=0, error=row.error)])
    return [row if row.pk in new else said[row.once] for row in rows]


def _audience(message: Message) -> str:
    """The message's audience, or the template's only one."""
    template = templates.get(message.template)
    found = message.audience or (template.audiences[0] if len(template.audiences) == 1 else "")
    if found not in template.audiences:
        raise BadInput(
            "notices.other_audience",
            "Notice “%(template)s” is for %(wanted)s; say for whom.",
            template=template.id,
            wanted=", ".join(template.audiences),
        )
    return Audience(found).value
