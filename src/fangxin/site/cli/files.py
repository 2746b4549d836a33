"""Commands about files: import, quarantine, export, acknowledge, sample."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from fangxin.site.cli import answering, ready
from fangxin.site.cli.output import counted, progress

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--profile", required=True, help="12345-orders, 12315-orders, 12345-messages, plain, or a path to a TOML profile.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--as-if-in-force", "as_if", is_flag=True, help="Replay old messages as if today's rules had been in force.")
@click.option("--sheet", default="", help="Name of the sheet (default: the first that isn't empty).")
@answering
def import_command(file: Path, profile: str, dry_run: bool, as_if: bool, sheet: str) -> Any:
    """Take in a spreadsheet: every row a case or in quarantine with its reason, none twice; safe to break off and run again."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.exchange.services import import_file
    from fangxin.kernel import journal
    from fangxin.kernel.refs import SYSTEM

    with progress(_("Importing")) as step:
        report = import_file(
            file, profile, by=SYSTEM, at=datetime.now(UTC), as_if=as_if, dry_run=dry_run, progress=counted(step), sheet=sheet
        )
    if not dry_run:
        journal.checkpoint()
    data = {
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "quarantined": report.quarantined,
        "skipped": report.skipped,
        "dry_run": report.dry_run,
        "run": report.run,
        "reasons": {f"{column}: {code}" if column else code: count for (column, code), count in report.reasons.items()},
    }
    head = _("Dry run, nothing was written.") + "\n" if dry_run else ""
    text = head + _(
        "%(rows)s rows: %(created)s cases made, %(updated)s updated, %(unchanged)s unchanged, %(quarantined)s in quarantine, %(skipped)s skipped."
    ) % {key: data[key] for key in ("rows", "created", "updated", "unchanged", "quarantined", "skipped")}
    lines = [
        f"  {_('row')} {reject.row} {reject.column}: {_(reject.message) % reject.params if reject.params else _(reject.message)}".rstrip()
        for reject in report.rejects[:20]
    ]
    return data, "\n".join([text, *lines])


@click.group("quarantine")
def quarantine_command() -> None:
    """Rows that could not be taken in."""


@quarantine_command.command("list")
@click.option("--limit", default=50, show_default=True)
@answering
def list_quarantine(limit: int) -> Any:
    """Open rows with their reason; what they say stays sealed."""
    ready()
    from fangxin.exchange.models import QuarantinedRow, RowState

    rows = QuarantinedRow.objects.filter(state=RowState.OPEN).order_by("pk")
    found = [
        {"id": row.pk, "run": row.run_id, "row": row.row, "column": row.column, "code": row.code, "reason": row.reason}
        for row in rows[:limit]
    ]
    lines = [f"{one['id']}  #{one['run']}:{one['row']}  {one['column']}  {one['reason']}" for one in found]
    return {"open": rows.count(), "rows": found}, "\n".join(lines) or "–"


@quarantine_command.command("retry")
@click.argument("row", type=int)
@click.option("--set", "corrections", multiple=True, help="COLUMN=VALUE, as often as needed.")
@answering
def retry(row: int, corrections: tuple[str, ...]) -> Any:
    """Try a row again, with corrected columns."""
    ready()
    from fangxin.exchange.models import QuarantinedRow
    from fangxin.exchange.services import retry as again
    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.refs import SYSTEM

    found = QuarantinedRow.objects.filter(pk=row).first()
    if found is None:
        raise BadInput("exchange.no_such_row", "There is no row %(row)s in quarantine.", row=row)
    values = dict(one.partition("=")[::2] for one in corrections)
    receipt = again(found, values, by=SYSTEM, at=datetime.now(UTC))
    if receipt.error is not None:
        raise receipt.error
    return {"outcome": receipt.outcome.value, "cases": receipt.case_ids}


@click.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--profile", required=True)
@answering
def export_command(file: Path, profile: str) -> Any:
    """Write what the profile's channel has not been told yet to FILE (.xlsx or .csv)."""
    ready()
    from fangxin.exchange.services import export
    from fangxin.kernel.refs import SYSTEM

    exported = export(profile, file, by=SYSTEM, at=datetime.now(UTC))
    return {"run": exported.run, "file": exported.path, "dispositions": exported.count}


@click.command("acknowledge")
@click.argument("file", type=FILE)
@click.option("--profile", required=True)
@answering
def acknowledge_command(file: Path, profile: str) -> Any:
    """Read the channel's answer: which dispositions it has taken."""
    ready()
    from fangxin.exchange.services import acknowledge
    from fangxin.kernel.refs import SYSTEM

    return acknowledge(profile, file, by=SYSTEM, at=datetime.now(UTC))


class Day(click.ParamType[date]):
    """A day such as 2026-09-24."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date, or a usage error."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-09-24.", param, ctx)


@click.command("sample")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path("sample-city"))
@click.option("--cases", default=2000, show_default=True)
@click.option("--from", "since", type=Day(), help="First day (default: a year before the last).")
@click.option("--until", type=Day(), help="Last day (default: yesterday).")
@click.option("--seed", default=1, show_default=True)
@click.option("--traders", type=int, help="How many traders (default: in proportion).")
@click.option("--xlsx", is_flag=True, help="Write the 12345 and 12315 exports as xlsx instead of CSV.")
@answering
def sample_command(folder: Path, cases: int, since: date | None, until: date | None, seed: int, traders: int | None, xlsx: bool) -> Any:
    """Generate a sample city into FOLDER: offices, people, traders, orders of all channels, outcomes, and the truth about what was planted."""
    ready()
    from django.utils import timezone
    from django.utils.translation import gettext as _

    from fangxin.sample.files import generate

    last = until or timezone.localdate() - timedelta(days=1)
    first = since or last - timedelta(days=364)
    with progress(_("Generating"), cases) as step:
        tell = counted(step)
        return generate(
            folder,
            cases=cases,
            since=first,
            until=last,
            seed=seed,
            xlsx=xlsx,
            traders=traders,
            progress=lambda _file, done, expected: tell(done, expected),
        )
