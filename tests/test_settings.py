"""Settings come from the environment alone, and production refuses to start with unsafe ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fangxin.site.settings import database, development_secret, refusals

SAFE = {
    "FANGXIN_ENV": "production",
    "FANGXIN_SECRET_KEY": "k" * 50,
    "FANGXIN_HOSTS": "fangxin.example.gov.cn",
    "FANGXIN_DATABASE_URL": "postgres://fangxin@db:5432/fangxin",
    "FANGXIN_VAULT_KEYS": "/etc/fangxin/vault.json",
    "FANGXIN_SIGNING_KEY": "/etc/fangxin/signing.pem",
}


def start(environment: dict[str, str], code: str = "") -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FANGXIN_")}
    program = f"import fangxin.site.settings as s; {code}"
    return subprocess.run([sys.executable, "-c", program], env=clean | environment, capture_output=True, text=True, check=False)


def test_safe_production_variables_are_not_refused():
    assert refusals(SAFE) == []


@pytest.mark.parametrize(
    ("name", "unsafe"),
    [
        ("FANGXIN_SECRET_KEY", None),
        ("FANGXIN_SECRET_KEY", "short"),
        ("FANGXIN_HOSTS", None),
        ("FANGXIN_HOSTS", "*"),
        ("FANGXIN_HOSTS", "fangxin.example.gov.cn,*"),
        ("FANGXIN_DATABASE_URL", None),
        ("FANGXIN_DATABASE_URL", "sqlite:///var/fangxin.sqlite3"),
        ("FANGXIN_VAULT_KEYS", None),
        ("FANGXIN_SIGNING_KEY", None),
    ],
)
def test_each_missing_or_unsafe_variable_is_refused_by_name(name, unsafe):
    environment = {key: value for key, value in SAFE.items() if key != name} | ({name: unsafe} if unsafe else {})

    found = refusals(environment)

    assert len(found) == 1
    assert found[0].startswith(name)


def test_production_without_its_variables_does_not_start_and_names_every_one(tmp_path):
    process = start({"FANGXIN_ENV": "production", "FANGXIN_HOME": str(tmp_path)})

    assert process.returncode != 0
    assert "Refusing to start in production" in process.stderr
    assert [name for name in SAFE if name != "FANGXIN_ENV" and f"- {name}" not in process.stderr] == []
    assert list(tmp_path.iterdir()) == []


def test_production_with_its_variables_starts_with_secure_cookies_and_makes_no_secret(tmp_path):
    process = start(
        SAFE | {"FANGXIN_HOME": str(tmp_path)}, "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.DEBUG, s.SECURE_HSTS_SECONDS > 0)"
    )

    assert process.stdout.split() == ["True", "True", "False", "True"], process.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["static"]


def test_unknown_environment_is_refused(tmp_path):
    process = start({"FANGXIN_ENV": "prod", "FANGXIN_HOME": str(tmp_path)})

    assert process.returncode != 0
    assert "FANGXIN_ENV must be development or production, not 'prod'" in process.stderr


def test_development_keeps_data_in_the_named_folder_and_makes_its_own_secret_once(tmp_path):
    first = start({"FANGXIN_HOME": str(tmp_path)}, "print(s.SECRET_KEY, s.DATABASES['default']['NAME'])")
    second = start({"FANGXIN_HOME": str(tmp_path)}, "print(s.SECRET_KEY, s.DATABASES['default']['NAME'])")

    assert first.stdout == second.stdout, first.stderr
    assert first.stdout.split()[1] == str(tmp_path / "fangxin.sqlite3")
    assert (tmp_path / "keys" / "secret").stat().st_mode & 0o777 == 0o600


def test_development_secret_is_read_by_its_owner_alone(tmp_path):
    secret = development_secret(tmp_path)

    assert len(secret) >= 40
    assert development_secret(tmp_path) == secret
    assert (tmp_path / "keys" / "secret").stat().st_mode & 0o777 == 0o600


def test_sqlite_writes_ahead_and_takes_the_lock_at_once_and_postgresql_pools():
    sqlite, postgres = database("sqlite:////data/f.sqlite3"), database("postgres://fangxin@db:5433/fangxin")

    assert (sqlite["NAME"], sqlite["OPTIONS"]["transaction_mode"]) == ("/data/f.sqlite3", "IMMEDIATE")
    assert "journal_mode=WAL" in sqlite["OPTIONS"]["init_command"]
    assert (postgres["HOST"], postgres["PORT"], postgres["NAME"], bool(postgres["OPTIONS"]["pool"])) == ("db", 5433, "fangxin", True)


def test_the_suite_reads_and_writes_its_own_data_folder(settings):
    assert Path(os.environ["FANGXIN_HOME"]).name.startswith("fangxin-tests-")
    assert settings.VAULT_KEYS.is_relative_to(os.environ["FANGXIN_HOME"])
