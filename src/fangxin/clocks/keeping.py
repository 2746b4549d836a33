"""The calendars as the database knows them: which is the newest, and each as a table for counting."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.utils import OperationalError, ProgrammingError

from fangxin.clocks import calendars
from fangxin.clocks.calendars import YearCalendar
from fangxin.clocks.models import CalendarVersion
from fangxin.kernel.workdays import Calendar


def _plain(year: YearCalendar) -> dict[str, Any]:
    return {
        "year": year.year,
        "revision": year.revision,
        "notice": year.notice,
        "days_off": [day.isoformat() for day in sorted(year.days_off)],
        "make_up": [day.isoformat() for day in sorted(year.make_up)],
    }


def _rich(plain: dict[str, Any]) -> YearCalendar:
    return YearCalendar(
        year=plain["year"],
        revision=plain["revision"],
        notice=plain["notice"],
        days_off=tuple(map(date.fromisoformat, plain["days_off"])),
        make_up=tuple(map(date.fromisoformat, plain["make_up"])),
    )


def keep(years: Sequence[YearCalendar], *, at: datetime) -> CalendarVersion:
    """Keep a complete set of years as the newest version; the very set that is the newest already answers that one.

    A set that makes the days what they once were is a new version all the same, with a number after the name.
    """
    ordered = sorted(years, key=lambda year: year.year)
    plain = [_plain(year) for year in ordered]
    digest = sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    calendar = calendars.build(ordered)
    with transaction.atomic():
        last = CalendarVersion.objects.order_by("-pk").first()
        if last is not None and last.digest == digest:
            return last
        taken = CalendarVersion.objects.filter(label__startswith=calendar.version).count()
        kept, _ = CalendarVersion.objects.get_or_create(
            label=f"{calendar.version}.{taken + 1}" if taken else calendar.version,
            defaults={"known_until": calendar.known_until, "years": plain, "digest": digest, "loaded_at": at},
        )
    return kept


def years_of(kept: CalendarVersion) -> list[YearCalendar]:
    """The years that a version is made of."""
    return [_rich(plain) for plain in kept.years]


@lru_cache(maxsize=32)
def _build(key: int, label: str) -> Calendar:
    """Versions never change, so a built table is good for the life of the process; the label guards against another database."""
    return calendars.build(years_of(CalendarVersion.objects.get(pk=key)), version=label)


def calendar_of(key: int) -> Calendar:
    """The table of one version."""
    return _build(key, CalendarVersion.objects.values_list("label", flat=True).get(pk=key))


def newest() -> CalendarVersion | None:
    """The newest version, if any was kept."""
    return CalendarVersion.objects.order_by("-pk").only("pk", "label", "known_until").first()


def current_calendar(at: datetime) -> tuple[CalendarVersion, Calendar]:
    """The newest version and its table; on an empty database the shipped years are kept first. One query."""
    kept = newest() or keep(calendars.shipped(), at=at)
    return kept, _build(kept.pk, kept.label)


def known_calendar() -> Calendar:
    """The newest calendar without keeping anything: from the database, or the shipped one where none was kept or migrated yet."""
    try:
        with transaction.atomic():
            kept = newest()
    except (OperationalError, ProgrammingError):
        kept = None
    return _build(kept.pk, kept.label) if kept else calendars.default()
