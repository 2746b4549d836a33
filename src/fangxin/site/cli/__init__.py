"""The command line: `fangxin COMMAND`; every command has --help, ends non-zero on failure, and takes --json where it answers something."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "acknowledge": ("files", "Read back which dispositions the outside system has taken."),
    "attachments": ("attachments", "Clear away what broken-off uploads left."),
    "calendar": ("periods", "Calendars of days off and make-up days."),
    "demo": ("demo", "A small city in front of you: generate, import, dispatch, show."),
    "due": ("periods", "When a period ends that starts on a day."),
    "export": ("files", "Write dispositions for an outside system."),
    "import": ("files", "Take in a spreadsheet of orders."),
    "journal": ("operations", "Verify, seal and checkpoint the journal."),
    "keys": ("operations", "Encryption and signing keys."),
    "migrate": ("operations", "Bring the database up to date and load what ships."),
    "notices": ("notices", "The outbox of notices: send, list, retry."),
    "offices": ("people", "Load the tree of offices."),
    "people": ("people", "Load people, set passwords."),
    "places": ("people", "Load administrative divisions and towns."),
    "quarantine": ("files", "Rows that could not be taken in."),
    "sample": ("files", "Generate a sample city."),
    "serve": ("operations", "Serve the pages over HTTP."),
    "sweep": ("periods", "Raise the alarms of periods that are nearing, due or overdue."),
    "traders": ("people", "Import the register of traders."),
    "vault": ("operations", "Rotate the encryption keys."),
    "worker": ("operations", "Sweep, deliver, send notices, checkpoint and seal, over and over."),
}


class _Lazy(click.Group):
    """Loads a command's module when it is called, so that --help needs neither database nor keys."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- click's signature
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"{__name__}.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(COMMANDS.items())])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fangxin")
def fangxin() -> None:
    """Fangxin (放心): the consumer-rights work platform of a market-supervision bureau.

    The database and the data folder come from FANGXIN_DATABASE_URL and FANGXIN_HOME; without them an SQLite file under ./var.
    """


def language() -> str:
    """The language of the command line: FANGXIN_LANGUAGE, or English where LANG says so, else Chinese."""
    chosen = os.environ.get("FANGXIN_LANGUAGE")
    if chosen:
        return "en" if chosen.lower().startswith("en") else "zh-hans"
    return "en" if (os.environ.get("LC_ALL") or os.environ.get("LANG") or "").lower().startswith("en") else "zh-hans"


def ready() -> None:
    """Set Django up and speak the user's language."""
    import django
    from django.utils import translation

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxin.site.settings")
    django.setup()
    translation.activate(language())


def answering(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --json and turn what it returns into output: a dict, or (dict, text for people)."""

    @click.option("--json", "as_json", is_flag=True, help="Answer as one line of JSON.")
    @wraps(function)
    def command(*args: Any, as_json: bool, **kwargs: Any) -> None:
        from fangxin.site.cli.output import emit

        emit(function(*args, **kwargs), as_json=as_json)

    return command


def main() -> None:
    """The entry point: a refusal is one clear line and exit code 1, never a traceback."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db.utils import OperationalError, ProgrammingError

    from fangxin.kernel.errors import DomainError

    os.umask(0o077)  # database, keys, exports: for their owner only
    try:
        code = fangxin(prog_name="fangxin", standalone_mode=False)  # click answers the code of an Exit here, it doesn't raise it
        if code:
            sys.exit(code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except DomainError as error:
        from fangxin.site.cli.output import said

        _fail(said(error), error.code)
    except ImproperlyConfigured as error:
        _fail(str(error), "site.improperly_configured")
    except (OperationalError, ProgrammingError) as error:
        from django.utils.translation import gettext as _

        _fail(_("The database can't be used: %(why)s Has `fangxin migrate` been run?") % {"why": str(error).strip()}, "site.database")


def _fail(message: str, code: str) -> None:
    if "--json" in sys.argv:
        import json

        click.echo(json.dumps({"error": code, "message": message}, ensure_ascii=False))
    else:
        click.echo(message, err=True)
    sys.exit(1)
