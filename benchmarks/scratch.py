"""A database of a benchmark's own, of the kind that FANGXIN_DATABASE_URL names, gone afterwards."""

# ruff: noqa: PLC0415 -- Django is imported once its settings are known

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def database() -> Iterator[None]:
    """Sets up Django over a new, migrated database and an empty data folder."""
    url = os.environ.get("FANGXIN_DATABASE_URL", "")
    name = f"fangxin_bench_{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="fangxin-bench-") as home:
        os.environ |= {"FANGXIN_HOME": home, "DJANGO_SETTINGS_MODULE": "fangxin.site.settings"}
        server = None
        if url.startswith("postgres"):
            import psycopg

            server = psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True)
            server.execute(f"CREATE DATABASE {name}")
            os.environ["FANGXIN_DATABASE_URL"] = url.rpartition("/")[0] + "/" + name
        else:
            os.environ.pop("FANGXIN_DATABASE_URL", None)
        try:
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            yield
        finally:
            from django.db import connections

            connections.close_all()
            if server:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")
                server.close()
