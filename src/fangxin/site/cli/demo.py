"""`fangxin demo`: the main job in front of you, on a small generated city in a fresh data folder."""

import os
import shutil
import time as clock
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from fangxin.site.cli import ready
from fangxin.site.cli.output import counted, progress

PASSWORD = "fangxin-demo-2026"  # noqa: S105 -- printed on purpose; the demo refuses to run in production
SHOWN = (
    ("city_desk", "desk-1"),
    ("officer", "officer-370811-1"),
    ("mediator", "mediator-station"),
    ("supervisor", "supervisor-370811"),
    ("supervisor", "supervisor"),
    ("administrator", "admin"),
)
"""Whose sign-in is shown: the desk, an officer of one county, the mediator of its station, its head, the city's head, the administrator."""


@click.command("demo")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("var/demo"), show_default=True, help="Made anew each time."
)
@click.option("--cases", default=900, show_default=True)
@click.option("--seed", default=315, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--serve/--no-serve", default=True, show_default=True, help="Serve the pages at the end.")
def demo_command(folder: Path, cases: int, seed: int, host: str, port: int, serve: bool) -> None:
    """Generate a city, take in its 12345 and 12315 exports, dispatch, count, prove, and show it in the browser."""
    if os.environ.get("FANGXIN_ENV") == "production":
        raise click.ClickException("The demo makes its own data; it doesn't run in production.")
    folder = folder.resolve()
    marker = folder / ".fangxin-demo"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise click.ClickException(f"{folder} holds something else; the demo only clears a folder that it made.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    marker.touch()
    os.environ["FANGXIN_HOME"] = str(folder)
    os.environ.pop("FANGXIN_DATABASE_URL", None)
    ready()
    _play(folder, cases=cases, seed=seed)
    if serve:
        from fangxin.site.cli.operations import serve as run

        run(host, port, workers=1)


class _Told:
    """Says what is being done, and how long it took."""

    def __init__(self) -> None:
        self.began = clock.perf_counter()

    def __call__(self, text: str) -> None:
        click.echo(f"[{clock.perf_counter() - self.began:5.1f} s] {text}")


def _play(folder: Path, *, cases: int, seed: int) -> None:
    from django.utils import timezone
    from django.utils.translation import gettext as _

    from fangxin.accounts.services import load_offices, load_people
    from fangxin.cases.services import receive
    from fangxin.clocks.sweeping import sweep
    from fangxin.exchange.services import import_file
    from fangxin.kernel import journal
    from fangxin.kernel.refs import SYSTEM
    from fangxin.registry.services import import_traders
    from fangxin.sample.files import generate, read_filings
    from fangxin.sample.play import play
    from fangxin.site.cli.operations import prepare
    from fangxin.site.cli.people import office_rows, person_rows

    told = _Told()
    now = datetime.now(UTC)
    city = folder / "city"
    today = timezone.localdate()
    prepare()
    told(_("Database, calendars and places are ready."))
    with progress(_("Generating"), cases) as step:
        tell = counted(step)
        summary = generate(
            city,
            cases=cases,
            since=today - timedelta(days=60),
            until=today - timedelta(days=1),
            seed=seed,
            xlsx=True,
            progress=lambda _file, done, all_: tell(done, all_),
        )
    told(
        _("Generated a city with %(cases)s cases and %(traders)s traders (invented) in %(folder)s.")
        % {"cases": summary.cases, "traders": summary.traders, "folder": _near(city)}
    )
    offices = load_offices(office_rows(city / "offices.csv"), by=SYSTEM, at=now)
    # Hashing a password takes its time by design: only those who may be shown get one.
    people = load_people(
        [
            one if _signs_in(one.office_code) else replace(one, password="")
            for one in person_rows(city / "people.csv", password=PASSWORD, must_change=False)
        ],
        by=SYSTEM,
        at=now,
    )
    traders = import_traders(city / "traders.csv", by=SYSTEM, at=now)
    told(
        _("%(offices)s offices, %(people)s people, %(traders)s traders loaded.")
        % {"offices": offices.created, "people": people.created, "traders": traders.created}
    )
    for profile in ("12345-orders", "12315-orders"):
        path = city / f"{profile}.xlsx"
        with progress(path.name) as step:
            report = import_file(path, profile, by=SYSTEM, at=now, progress=counted(step))
        again = import_file(path, profile, by=SYSTEM, at=now)
        told(
            _("%(file)s: %(rows)s rows → %(created)s cases, %(quarantined)s in quarantine; imported a second time: %(again)s new.")
            % {"file": path.name, "rows": report.rows, "created": report.created, "quarantined": report.quarantined, "again": again.created}
        )
    others = [*read_filings(city / "other-channels.jsonl"), *_fresh(now, seed)]
    receive(others, by=SYSTEM, at=now)
    told(
        _("%(count)s filings of other channels (web, telephone, window, letters …) taken in, the last of them just now.")
        % {"count": len(others)}
    )
    with progress(_("Replaying")) as step:
        played = play(city / "outcomes.jsonl", until=now, by=SYSTEM, progress=counted(step))
    told(_("What the bureau did since was replayed: %(steps)s steps, each at its time.") % {"steps": played.steps})
    _set_desk(now, seed, told)
    swept = sweep(now)
    told(
        _("Alarms: %(nearing)s nearing, %(due)s due, %(breached)s overdue.")
        % {"nearing": swept.nearing, "due": swept.due, "breached": swept.breached}
    )
    journal.seal(today)
    journal.checkpoint()
    proof = journal.verify()
    told(
        _("Journal verified: %(entries)s entries, %(verdict)s.")
        % {"entries": proof.entries, "verdict": _("nothing altered") if proof.sound else _("NOT SOUND")}
    )
    _show(now)


def _set_desk(now: datetime, seed: int, told: _Told) -> None:
    """What a replay doesn't show: mediation at every stage, documents, the station, ODR, applications; and the outbox goes out once."""
    from django.utils.translation import gettext as _

    from fangxin.cases.services.oversight import climb
    from fangxin.notices.services import send_due
    from fangxin.sample.scenes import stage

    staged = stage(now, seed=seed, password=PASSWORD)
    climb(now)
    send_due(datetime.now(UTC))
    told(
        _("The desk was set up: %(cases)s cases more, in mediation, at the station, with documents; %(disputes)s disputes on line.")
        % {"cases": staged.cases, "disputes": staged.disputes}
    )
    if staged.refused:
        click.echo(_("Not set up on this day: %(scenes)s.") % {"scenes": "; ".join(staged.refused)}, err=True)


def _fresh(now: datetime, seed: int) -> list[Any]:
    """What the desk has taken down by telephone in the last two hours and not yet dispatched."""
    from fangxin.cases.filings import Channel
    from fangxin.sample.stream import filings

    day = (now + timedelta(hours=8)).date()
    calls = [filing for filing, _outcome in filings(8, day, day, seed + 1)]
    return [
        replace(
            filing,
            channel=Channel.TELEPHONE,
            outside_number="",
            other_numbers=(),
            occurred_on=None,
            received_at=now - timedelta(minutes=3 + 16 * number),
        )
        for number, filing in enumerate(calls)
    ]


def _signs_in(office: str) -> bool:
    """People of the city bureau and of one county."""
    return office in {"370800", "370811"}


def _near(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _show(now: datetime) -> None:
    """The work list as it opens, and who may look at it."""
    from django.utils import timezone
    from django.utils.translation import get_language
    from django.utils.translation import gettext as _

    from fangxin.accounts.models import Person, Role
    from fangxin.cases.models import Case
    from fangxin.clocks import terms
    from fangxin.clocks.keeping import calendar_of
    from fangxin.clocks.models import Clock
    from fangxin.clocks.rules import explain
    from fangxin.clocks.services import derive, rule_of
    from fangxin.odr.models import Account
    from fangxin.sample.disputes import LOGIN

    language = get_language() or "zh-hans"
    late = Case.objects.late(now)
    click.echo("")
    click.echo(
        _("Open: %(open)s. Overdue: %(late)s. Waiting for dispatch: %(waiting)s. The most urgent:")
        % {"open": Case.objects.open().count(), "late": late.count(), "waiting": Case.objects.awaiting_dispatch().count()}
    )
    for case in Case.objects.open().exclude(next_due_at=None).select_related("unit").order_by("next_due_at", "pk")[:5]:
        due = timezone.localtime(case.next_due_at)
        unit = case.unit.name if case.unit else _("city desk")
        click.echo(
            f"  {case.number}  {due:%Y-%m-%d %H:%M}  {terms.term(case.next_term).name(language)}  {unit}  {case.title or case.narrative[:24]}"
        )
    running = Clock.objects.running().filter(term="complaint.acceptance", due_at__gt=now, paused=False).order_by("due_at").first()
    if running:
        due_dates: Any = derive(running)
        click.echo(
            explain(terms.term(running.term), rule_of(running), calendar_of(running.calendar_id), due_dates, running.started_at, language)
        )
    click.echo("")
    people = {one.login: one for one in Person.objects.filter(login__in=[login for _role, login in SHOWN]).select_related("office")}
    for role, login in SHOWN:
        if person := people.get(login):
            click.echo(f"  {Role(role).label}: {login} / {PASSWORD}   {person.name}, {person.office.name}")
    account = Account.objects.select_related("enterprise").filter(login=LOGIN).first()
    if account:
        click.echo(
            _("  ODR enterprise, at /odr/: %(login)s / %(password)s   %(name)s")
            % {"login": LOGIN, "password": PASSWORD, "name": account.enterprise}
        )
