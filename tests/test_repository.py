"""What is kept in the repository and what is not."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def kept() -> list[str]:
    """Paths that git tracks or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs a git checkout")
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def text(name: str) -> str:
    """The file's text; nothing for what is not text."""
    try:
        return (ROOT / name).read_text("utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("name", ["run", "dev"])
def test_python_locks_pin_with_hashes_and_name_no_host(name):
    lock = text(f"requirements/{name}.txt")
    pinned = re.findall(r"^[a-z0-9][^=\s]*==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE | re.IGNORECASE)

    assert "://" not in lock
    assert len(pinned) == len(re.findall(r"^[a-z0-9]", lock, re.MULTILINE | re.IGNORECASE)) > 20


def pins(name: str) -> dict[str, str]:
    """Package → version of one lock."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)\S*==(\S+)", text(f"requirements/{name}.txt"), re.MULTILINE)
    return {package.lower().replace("_", "-"): version for package, version in found}


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_named_requirement_is_locked(name):
    named = re.findall(r"^[A-Za-z0-9][\w.-]*", text(f"requirements/{name}.in"), re.MULTILINE)

    assert named
    assert {package for package in named if package.lower().replace("_", "-") not in pins(name)} == set()


def test_every_run_time_requirement_says_what_it_is_for():
    assert re.findall(r"^[A-Za-z0-9][^#\n]*$", text("requirements/run.in"), re.MULTILINE) == []


def test_the_development_lock_agrees_with_the_run_time_lock():
    assert pins("run").items() <= pins("dev").items()


def test_the_npm_lock_has_integrity_and_no_addresses():
    packages = json.loads(text("package-lock.json"))["packages"]

    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and not package.get("integrity")] == []


def test_nothing_that_is_made_is_kept(kept):
    made = re.compile(r"\.(mo|pyc|sqlite3|duckdb|parquet|pem|key)$|(^|/)(node_modules|\.venv|var|vendor|__pycache__)/")

    assert [name for name in kept if made.search(name)] == []


def test_no_file_knows_one_machine_or_a_package_mirror(kept):
    places = re.compile(
        r"(?<![\w.])/(?:root|work|home/\w+|Users/\w+)/"
        r"|/tmp/\w+_jobs"
        r"|(?:registry\.npmjs\.org|registry\.npmmirror\.com|pypi\.org/simple|files\.pythonhosted\.org|pypi\.tuna|mirrors\.aliyun)"
    )
    found = [f"{name}: {match[0]}" for name in kept if name != "tests/test_repository.py" for match in [places.search(text(name))] if match]

    assert found == []


def test_decision_records_are_numbered_without_gaps_and_have_their_parts():
    records = sorted(path for path in (ROOT / "docs" / "adr").glob("*.md") if path.name != "README.md")

    assert [path.name[:4] for path in records] == [f"{number:04}" for number in range(1, len(records) + 1)]
    assert records
    for path in records:
        record = path.read_text("utf-8")
        assert record.startswith(f"# {int(path.name[:4])}. "), path.name
        assert [part for part in ("Status:", "## Context", "## Decision", "## Consequences") if part not in record] == [], path.name


def test_relative_links_of_the_documents_lead_somewhere(kept):
    broken = [
        f"{name}: {target}"
        for name in kept
        if name.endswith(".md")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text(name))
        if "://" not in target and not target.startswith("mailto:") and not ((ROOT / name).parent / target).exists()
    ]

    assert broken == []


def test_the_version_is_the_same_everywhere():
    version = tomllib.loads(text("pyproject.toml"))["project"]["version"]

    assert f'__version__ = "{version}"' in text("src/fangxin/__init__.py")
    assert re.search(rf"^## {re.escape(version)}\b", text("CHANGELOG.md"), re.MULTILINE)
