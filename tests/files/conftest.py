"""A folder of files for each test, and a kind of subject of its own."""

import pytest

from fangxin.files import guards
from fangxin.kernel.refs import kind


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Where files lie in this test."""
    settings.FILES_HOME = tmp_path / "files"
    return settings.FILES_HOME


@pytest.fixture
def kinds(monkeypatch):
    """Subjects `matter:…` under the person's keys and `tip:…` under the reporter's; a key may be changed in the test."""
    keys = {"matter": "person", "tip": "reporter"}
    monkeypatch.setattr(guards, "_kinds", dict(guards._kinds))

    def owner_only(person, _action, _subject):
        return person == "owner"

    for name in keys:
        guards.register(name, owner_only, keys=lambda subject: keys[kind(subject)])
    return keys
