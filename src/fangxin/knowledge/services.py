"""Keeping the knowledge base: what ships with the product is loaded, what the bureau writes stays."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.db import IntegrityError

from fangxin.kernel import journal
from fangxin.kernel.errors import BadInput, StaleState
from fangxin.kernel.law import Cite
from fangxin.kernel.refs import Ref
from fangxin.knowledge.events import EntrySaved
from fangxin.knowledge.models import Entry, Topic

SHIPPED = Path(__file__).parent / "data" / "entries.toml"
COLUMNS = ("topic", "title", "title_en", "answer", "words", "cites", "sources", "body", "phone", "checked", "active")
"""What an entry says; each change of it is told to the journal."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did: entries that are new, changed, and left alone because the bureau has written its own text."""

    new: int
    changed: int
    kept: int


@journal.atomic()
def load_entries(path: Path = SHIPPED, *, by: Ref, at: datetime) -> Loaded:
    """Bring the entries of a file into the base; the same file again changes nothing, and what the bureau edited stays as it is.

    Raises BadInput for a file that is not as `data/entries.toml` shows, UnknownRule for a citation of an unknown text.
    """
    try:
        rows = [_row(one) for one in tomllib.loads(path.read_text("utf-8"))["entry"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("knowledge.file_unreadable", "The file of entries can't be read: %(why)s", why=str(error)) from error
    known = {entry.slug: entry for entry in Entry.objects.filter(slug__in=[slug for slug, _ in rows])}
    new = changed = kept = 0
    for slug, values in rows:
        entry = known.get(slug)
        if entry is not None and entry.edited:
            kept += 1
            continue
        before = entry or Entry(slug=slug)
        differing = [name for name in COLUMNS if entry is None or getattr(before, name) != values[name]]
        if not differing:
            continue
        _write(before, values, differing, by=by, at=at)
        new, changed = (new + 1, changed) if entry is None else (new, changed + 1)
    return Loaded(new, changed, kept)


def save_entry(
    entry: Entry | None, values: Mapping[str, Any], *, slug: str = "", by: Ref, at: datetime, seen: datetime | None = None
) -> Entry:
    """Make an entry, or change one, as the bureau's own text (编辑知识条目); the journal keeps what changed and its hash.

    `seen` is when the text that was edited had been written: raises StaleState if someone else has changed it since, BadInput for a
    citation that can't be read or a short name that is taken.
    """
    values = {name: values[name] for name in COLUMNS if name in values}
    check_cites(str(values.get("cites", "")))
    try:
        with journal.atomic():
            held = Entry.objects.select_for_update().get(pk=entry.pk) if entry is not None else Entry(slug=slug)
            if entry is not None and seen is not None and held.updated_at != seen:
                raise StaleState("kernel.stale_state", "Someone else changed %(subject)s first; please read it again.", subject=held.title)
            differing = [name for name in values if entry is None or getattr(held, name) != values[name]]
            if differing:
                held.edited = True
                _write(held, values, differing, by=by, at=at)
    except IntegrityError as error:
        raise BadInput("knowledge.slug_taken", "There is an entry with this short name already.") from error
    return held


def check_cites(text: str) -> None:
    """Raise BadInput or UnknownRule for what is no citation."""
    for one in text.split():
        Cite.parse(one)


def _write(entry: Entry, values: Mapping[str, Any], changed: list[str], *, by: Ref, at: datetime) -> None:
    for name, value in values.items():
        setattr(entry, name, value)
    entry.updated_by, entry.updated_at = by, at
    entry.save()
    said = "\x1f".join(f"{name}={getattr(entry, name)}" for name in COLUMNS)
    told = EntrySaved(subject=entry.ref, actor=by, at=at, slug=entry.slug, changed=tuple(changed), digest=sha256(said.encode()).hexdigest())
    journal.publish([told])


def _row(one: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    cites = [str(Cite.parse(text)) for text in one.get("cites", ())]
    values = {
        "topic": Topic(one["topic"]).value,
        "title": one["title"],
        "title_en": one["title_en"],
        "answer": one["answer"].strip(),
        "words": one.get("words", ""),
        "cites": " ".join(cites),
        "sources": "；".join(one.get("sources", ())),
        "body": one.get("body", ""),
        "phone": one.get("phone", ""),
        "checked": one.get("checked", False),
        "active": True,
    }
    return one["slug"], values
