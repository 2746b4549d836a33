"""What all tests share: the project's shared material, argon2 when a test is about it, and a world of its own for a command."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
_numbers = count(1)
WHOLE = ("security/test_permission_walk.py", "real/test_real_messages.py")

# A slow machine is no fault of the code under test.
hypothesis.settings.register_profile("fangxin", deadline=None)
hypothesis.settings.load_profile("fangxin")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared material (FANGXIN_SHARED, else ../shared beside the checkout); a test that needs it is skipped without it."""
    path = Path(os.environ.get("FANGXIN_SHARED") or ROOT.parent / "shared")
    if not (path / "data").is_dir():
        pytest.skip(f"needs the project's shared material: {path / 'data'} is absent, FANGXIN_SHARED names another place")
    return path


@pytest.fixture
def argon2(settings) -> None:
    """Password hashes as in production; everywhere else a fast one stands in."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]


@pytest.fixture
def own_world(tmp_path: Path, worker_id: str) -> Iterator[dict[str, str]]:
    """Environment of a command that a test starts: its own data folder and its own empty database of the suite's kind.

    Not yet migrated. A PostgreSQL database is dropped afterwards.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANGXIN_")}
    environment |= {"FANGXIN_HOME": str(tmp_path / "home"), "DJANGO_SETTINGS_MODULE": "fangxin.site.settings"}
    if connection.vendor != "postgresql":
        yield environment
        return

    import psycopg  # noqa: PLC0415 -- only where PostgreSQL is tested
    from psycopg import sql  # noqa: PLC0415 -- only where PostgreSQL is tested

    base = settings.DATABASES["default"]
    name = f"fangxin_own_{worker_id}_{os.getpid()}_{next(_numbers)}"
    server = {
        "host": base["HOST"],
        "port": base["PORT"] or None,
        "user": base["USER"],
        "password": base["PASSWORD"] or None,
        "dbname": "postgres",
    }
    with psycopg.connect(**server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield environment | {"FANGXIN_DATABASE_URL": os.environ["FANGXIN_DATABASE_URL"].rpartition("/")[0] + "/" + name}
    finally:
        with psycopg.connect(**server, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--write-matrix` writes who gets what into docs/security.md instead of comparing it."""
    parser.addoption("--write-matrix", action="store_true", help="write the permission matrix into docs/security.md")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Files that build one world for all their tests stay on one worker.

    The mark `xdist_group` is meant for that, but xdist 3.8 writes it to an attribute that items of pytest 9.2 no longer have.
    """
    from xdist.scheduler import LoadGroupScheduling  # noqa: PLC0415 -- only where tests run side by side

    class WholeFiles(LoadGroupScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if file.endswith(WHOLE) else super()._split_scope(nodeid)

    return WholeFiles(config, log) if config.getvalue("dist") == "loadgroup" else None
