"""Commands about periods: due, sweep, calendar."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from fangxin.site.cli import answering, language, ready
from fangxin.site.cli.output import progress

LOCAL = ZoneInfo("Asia/Shanghai")


class Instant(click.ParamType[datetime]):
    """A day or a time of day in China: 2026-09-24, 2026-09-24T15:30."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """An aware instant; a bare day means its noon, so that no conversion moves it to another day."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.combine(date.fromisoformat(value), time(12)) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-09-24 or a time such as 2026-09-24T15:30.", param, ctx)
        return (moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)).astimezone(UTC)


@click.command("due")
@click.argument("term")
@click.argument("start", type=Instant())
@click.option("--received", type=Instant(), help="First receipt, if it was before the start: the alarm counts from there.")
@click.option("--as-if", is_flag=True, help="Count on a day outside the rule's validity as if the nearest version were in force.")
@answering
def due_command(term: str, start: datetime, received: datetime | None, as_if: bool) -> Any:
    """When the period TERM (e.g. complaint.acceptance) ends that starts at START.

    Answers the strict and the lenient date, the rule and calendar version, whether it is provisional, and the sentence that explains it.
    """
    ready()
    from fangxin.clocks import rules, terms
    from fangxin.clocks.keeping import known_calendar
    from fangxin.kernel.errors import UnknownRule

    period = terms.term(term)
    version = period.on(rules.local_date(start), as_if=as_if)
    calendar = known_calendar()
    due = rules.due(version, calendar, start, received=received)
    if due is None:
        raise UnknownRule("clocks.no_number", "The law sets no number of days for %(term)s (promptly, or by notice).", term=term)
    sentence = rules.explain(period, version, calendar, due, start, language())
    data = {
        "term": term,
        "strict_on": due.strict_on,
        "lenient_on": due.lenient_on,
        "due_at": due.due_at.astimezone(LOCAL),
        "breach_at": due.breach_at.astimezone(LOCAL),
        "alarm_at": due.nearing_at.astimezone(LOCAL) if due.nearing_at else None,
        "rule": version.id,
        "calendar": calendar.version,
        "provisional": due.provisional,
        "as_if": not version.covers(rules.local_date(start)),
        "explanation": sentence,
    }
    return data, f"{period.name(language())}\n{sentence}\n{due.strict_on} → {due.lenient_on}  [{version.id}, {calendar.version}]"


@click.command("sweep")
@click.option("--at", type=Instant(), help="Sweep as if it were this time (default: now).")
@answering
def sweep_command(at: datetime | None) -> Any:
    """Raise nearing, due and breached, exactly once each, whatever was missed before."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.clocks.sweeping import sweep

    with progress(_("Sweeping")) as step:
        swept = sweep(at or datetime.now(UTC), progress=step)
    text = _("Nearing: %(nearing)s. Due: %(due)s. Overdue: %(breached)s. Failed: %(failed)s.") % {
        "nearing": swept.nearing, "due": swept.due, "breached": swept.breached, "failed": len(swept.failed),
    }  # fmt: skip
    if swept.failed:
        raise click.ClickException(text)
    return swept, text


@click.group("calendar")
def calendar_command() -> None:
    """Calendars of days off and make-up days."""


@calendar_command.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rerule", is_flag=True, help="A revised notice for a known year: count every running clock again.")
@click.option("--dry-run", is_flag=True, help="Only say what would be counted again.")
@answering
def load(file: Path, rerule: bool, dry_run: bool) -> Any:
    """Load one year's calendar; provisional dates are computed again and every change is journalled."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.clocks.loading import load_calendar
    from fangxin.kernel.refs import SYSTEM

    loaded = load_calendar(file, by=SYSTEM, at=datetime.now(UTC), rerule=rerule, dry_run=dry_run)
    if not loaded.new:
        return loaded, _("The calendar of %(year)s is loaded already; nothing changed.") % {"year": loaded.year}
    if dry_run:
        return loaded, _("Calendar of %(year)s: %(looked)s running clocks would be counted again; nothing was written.") % {
            "year": loaded.year,
            "looked": loaded.looked_at,
        }
    return loaded, _("Calendar of %(year)s: %(looked)s running clocks looked at, %(changed)s changed. Version %(label)s.") % {
        "year": loaded.year, "looked": loaded.looked_at, "changed": loaded.changed, "label": loaded.label,
    }  # fmt: skip


@calendar_command.command("show")
@answering
def show() -> Any:
    """The calendar in use and how far it is known."""
    ready()
    from fangxin.clocks.keeping import known_calendar

    calendar = known_calendar()
    return {"version": calendar.version, "first": calendar.first, "known_until": calendar.known_until}
