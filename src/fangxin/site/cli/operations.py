"""Commands of the operator: migrate, keys, journal, vault, serve, worker."""

import signal
import sys
import time as clock
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fangxin.site.cli import answering, ready
from fangxin.site.cli.output import progress


@click.command("migrate")
@answering
def migrate_command() -> Any:
    """Bring the database up to date; load the shipped calendars, places and knowledge entries. Safe to run again."""
    ready()
    return prepare()


def prepare() -> dict[str, Any]:
    """What `migrate` does, for other commands too."""
    from django.core.management import call_command

    from fangxin.clocks.keeping import current_calendar
    from fangxin.kernel.refs import SYSTEM
    from fangxin.knowledge.services import load_entries
    from fangxin.registry.services import load_places

    call_command("migrate", verbosity=0, interactive=False)
    kept, calendar = current_calendar(datetime.now(UTC))
    load_places(by=SYSTEM, at=datetime.now(UTC))
    load_entries(by=SYSTEM, at=datetime.now(UTC))
    return {"database": "ready", "calendar": kept.label, "known_until": calendar.known_until}


@click.group("keys")
def keys_command() -> None:
    """Encryption and signing keys."""


@keys_command.command("create")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where vault.json and signing.pem are to lie."
)
@click.option("--algorithm", type=click.Choice(["aes-256-gcm", "sm4-gcm"]), default="aes-256-gcm", show_default=True)
@answering
def create(folder: Path, algorithm: str) -> Any:
    """Make a vault key ring and a signing key, readable by their owner only. Never overwrites."""
    from datetime import date

    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.journal import signing
    from fangxin.kernel.vault.ciphers import Algorithm
    from fangxin.kernel.vault.ring import KeyRing

    ring, key = folder / "vault.json", folder / "signing.pem"
    for path in (ring, key):
        if path.exists():
            raise BadInput("keys.exist", "%(path)s exists already; keys are never overwritten.", path=str(path))
    KeyRing.create(Algorithm(algorithm.upper()), on=date.today()).save(ring, replace_existing=False)  # noqa: DTZ011 -- a label on the key, in the operator's own zone
    signing.create(key)
    return {"FANGXIN_VAULT_KEYS": ring.resolve(), "FANGXIN_SIGNING_KEY": key.resolve()}


@click.group("journal")
def journal_command() -> None:
    """Verify, seal and checkpoint the journal."""


@journal_command.command("verify")
@click.option(
    "--roots", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A copy of the exported roots to hold it against."
)
@answering
def verify(roots: Path | None) -> Any:
    """Prove that nothing was altered, dropped, swapped or inserted; name what was. Exit code 1 if anything was."""
    ready()
    from django.utils.translation import gettext as _

    from fangxin.kernel import journal

    report = journal.verify(roots)
    data = {
        "sound": report.sound,
        "entries": report.entries,
        "subjects": report.subjects,
        "checkpoints": report.checkpoints,
        "days": report.days,
        "findings": report.findings,
    }
    if report.sound:
        text = _(
            "The journal is sound: %(entries)s entries of %(subjects)s subjects, %(checkpoints)s signed heads and %(days)s sealed days agree."
        )
        return data, text % data
    lines = [f"{finding.damage.value} {finding.seq} {finding.subject} {finding.detail}".rstrip() for finding in report.findings]
    from fangxin.site.cli.output import emit

    emit((data, "\n".join([_("The journal is NOT sound:"), *lines])), as_json="--json" in sys.argv)
    raise click.exceptions.Exit(1)


@journal_command.command("seal")
@answering
def seal() -> Any:
    """Seal every finished day and export its root and the signed head."""
    ready()
    from django.utils import timezone

    from fangxin.kernel import journal

    return {"sealed": [str(day) for day in journal.seal(timezone.localdate())], "head": journal.checkpoint()}


@click.group("vault")
def vault_command() -> None:
    """The vault of personal data."""


@vault_command.command("rotate")
@click.option("--new-key", is_flag=True, help="Make a new active key for every purpose first.")
@click.option("--algorithm", type=click.Choice(["aes-256-gcm", "sm4-gcm"]), help="Algorithm of the new keys (default: as before).")
@answering
def rotate(new_key: bool, algorithm: str | None) -> Any:
    """Re-encrypt everything that is not sealed with the active keys: online, resumable, as often as you like."""
    ready()
    from django.conf import settings
    from django.utils import timezone
    from django.utils.translation import gettext as _

    from fangxin.kernel.errors import BadInput
    from fangxin.kernel.vault import key_ring
    from fangxin.kernel.vault.ciphers import Algorithm
    from fangxin.kernel.vault.ring import Purpose
    from fangxin.kernel.vault.rotation import rotate as re_encrypt

    if new_key:
        ring = key_ring()
        for purpose in Purpose:
            ring = ring.rotated(purpose, Algorithm(algorithm.upper()) if algorithm else None, on=timezone.localdate())
        ring.save(Path(settings.VAULT_KEYS))
    with progress(_("Re-encrypting")) as step:
        rotated = re_encrypt(at=datetime.now(UTC), progress=counted_by_place(step))
    if rotated.bad:
        raise BadInput("vault.rotation_incomplete", "%(bad)s rows did not open and were left as they are.", bad=rotated.bad)
    return rotated


def counted_by_place(step: Callable[[int], None]) -> Callable[[str, int], None]:
    """For a producer that counts anew for each column."""
    told: dict[str, int] = {}

    def tell(place: str, done: int) -> None:
        step(done - told.get(place, 0))
        told[place] = done

    return tell


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--workers", default=2, show_default=True)
def serve_command(host: str, port: int, workers: int) -> None:
    """Serve the pages over HTTP (granian)."""
    ready()
    serve(host, port, workers)


def serve(host: str, port: int, workers: int) -> None:
    """Run the server until it is stopped."""
    from granian import Granian
    from granian.constants import Interfaces

    click.echo(f"http://{host}:{port}/")
    Granian(
        "fangxin.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=4,
        log_access=False,
    ).serve()


@click.command("worker")
@click.option("--every", default=60, show_default=True, help="Seconds between rounds.")
@click.option("--once", is_flag=True, help="One round only.")
@answering
def worker_command(every: int, once: bool) -> Any:
    """Sweep the clocks, deliver what is open, send notices, checkpoint the journal, seal finished days; again and again."""
    ready()
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    while True:
        done = _round(datetime.now(UTC))
        if once:
            if "failed" in done.values():
                raise click.ClickException(", ".join(name for name, what in done.items() if what == "failed"))
            return done, _told(done)
        for _second in range(every):
            if stopping:
                return None
            clock.sleep(1)


def _told(done: dict[str, Any]) -> str:
    from django.utils.translation import gettext as _

    swept = done["swept"]
    return _("Nearing: %(nearing)s. Due: %(due)s. Overdue: %(breached)s. Delivered: %(delivered)s. Sealed: %(sealed)s. Journal head: %(head)s. Notices sent: %(sent)s.") % {
        "nearing": swept.nearing, "due": swept.due, "breached": swept.breached, "delivered": done["delivered"],
        "sealed": len(done["sealed"]), "head": done["head"], "sent": done["notices"].sent,
    }  # fmt: skip


def _round(now: datetime) -> dict[str, Any]:
    import logging

    from django.db import close_old_connections
    from django.utils import timezone

    from fangxin.cases.services.oversight import climb
    from fangxin.clocks.sweeping import sweep
    from fangxin.kernel import journal
    from fangxin.notices import services as notices
    from fangxin.odr.services import pass_expired

    done: dict[str, Any] = {}
    tasks: dict[str, Callable[[], Any]] = {
        "swept": lambda: sweep(now),
        "escalated": lambda: climb(now),
        "odr": lambda: pass_expired(now),
        "delivered": lambda: journal.deliver_due(now),
        "sealed": lambda: [str(day) for day in journal.seal(timezone.localdate(now))],
        "head": journal.checkpoint,
        "notices": lambda: notices.send_due(now),  # last: a slow gateway holds up nothing else
        "purged": lambda: notices.purge(now),
    }
    close_old_connections()
    for name, task in tasks.items():
        try:
            done[name] = task()
        except Exception:
            logging.getLogger(__name__).exception("%s failed; the next round tries again", name)
            done[name] = "failed"
    return done
