"""Re-encryption of a table, on a small table of its own."""

import json
from datetime import UTC, date, datetime

import pytest
from django.db import connection, models
from django.test.utils import isolate_apps

from fangxin.kernel import vault
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.vault import registry, rotation, sealing
from fangxin.kernel.vault.models import VaultRotation
from fangxin.kernel.vault.rotation import rotate

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 2)

with isolate_apps("fangxin.kernel"):

    class Letter(models.Model):
        """A table with a sealed column."""

        secret = models.BinaryField()
        reporter = models.BooleanField(default=False)

        class Meta:
            app_label = "kernel"

        def __str__(self):
            return f"letter {self.pk}"


PLACE = "kernel.letter.secret"


@pytest.fixture
def letters(transactional_db, settings, tmp_path, monkeypatch):
    """Twelve letters, sealed with the first ring; rows 3, 6, … by reporters."""
    settings.VAULT_KEYS, settings.PRODUCTION = tmp_path / "vault.json", False
    monkeypatch.setattr(registry, "COLUMNS", {})
    monkeypatch.setattr("fangxin.kernel.vault.rotation.COLUMNS", registry.COLUMNS)
    vault.vaulted(Letter, "secret", lambda row: "reporter" if row.reporter else "person")
    with connection.schema_editor() as editor:
        editor.create_model(Letter)
    for number in range(1, 13):
        purpose = "person" if number % 3 else "reporter"
        Letter.objects.create(pk=number, reporter=not number % 3, secret=vault.seal(purpose, PLACE, number, {"name": f"人{number}"}))
    yield Letter.objects.order_by("pk")
    with connection.schema_editor() as editor:
        editor.delete_model(Letter)


def new_keys(settings):
    ring = vault.key_ring()
    for purpose in vault.Purpose:
        ring = ring.rotated(purpose, vault.Algorithm.SM4, on=DAY)
    ring.save(settings.VAULT_KEYS)


def names(letters):
    return [sealing.open_sealed(PLACE, row.pk, bytes(row.secret), purpose=None).get("name") for row in letters.all()]


def purposes_current(letters):
    return [sealing.is_current("reporter" if row.reporter else "person", bytes(row.secret)) for row in letters.all()]


def test_rotation_brings_every_row_to_the_active_keys_and_says_so(letters, settings):
    new_keys(settings)
    assert names(letters) == [f"人{number}" for number in range(1, 13)], "retired keys still open"
    seen = []

    report = rotate(at=AT, batch=5, progress=lambda place, done: seen.append((place, done)))

    assert (report.resealed, report.current, report.bad, report.complete) == (12, 0, 0, True)
    assert purposes_current(letters) == [True] * 12
    assert names(letters) == [f"人{number}" for number in range(1, 13)]
    assert seen == [(PLACE, 5), (PLACE, 10), (PLACE, 12)]
    assert VaultRotation.objects.values_list("place", "fingerprint", "finished_at").get() == (PLACE, report.fingerprint, AT)
    entry = Entry.objects.get()
    assert (entry.event, json.loads(entry.data)) == ("kernel.VaultRotated", {"bad": 0, "current": 0, "resealed": 12})


def test_a_second_run_finds_everything_current_and_changes_nothing(letters, settings):
    new_keys(settings)
    rotate(at=AT)
    before = list(letters.values_list("pk", "secret"))

    report = rotate(at=AT)

    assert (report.resealed, report.current) == (0, 12)
    assert [(pk, bytes(blob)) for pk, blob in letters.values_list("pk", "secret")] == [(pk, bytes(blob)) for pk, blob in before]


def test_a_run_killed_halfway_goes_on_where_it_was(letters, settings):
    new_keys(settings)

    def killed(place, done):
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(at=AT, batch=4, progress=killed)
    assert purposes_current(letters) == [True] * 8 + [False] * 4
    assert VaultRotation.objects.get().finished_at is None
    half = [bytes(blob) for blob in letters.values_list("secret", flat=True)[:8]]

    report = rotate(at=AT, batch=4)

    assert (report.resealed, report.current) == (4, 0)
    assert [bytes(blob) for blob in letters.values_list("secret", flat=True)[:8]] == half, "nothing done twice"
    assert purposes_current(letters) == [True] * 12
    assert names(letters) == [f"人{number}" for number in range(1, 13)]
    assert VaultRotation.objects.get().finished_at == AT


def test_a_change_that_comes_between_wins(letters, settings, monkeypatch):
    new_keys(settings)

    def changed_meanwhile(purpose, place, row_id, blob):
        if row_id == 2 and letters.get(pk=2).secret and not done:
            done.append(row_id)
            Letter.objects.filter(pk=2).update(secret=vault.seal("person", PLACE, 2, {"name": "新"}))
        elif row_id == 5:
            Letter.objects.filter(pk=5).delete()
        return resealed(purpose, place, row_id, blob)

    done = []
    resealed = sealing.resealed
    monkeypatch.setattr(rotation, "resealed", changed_meanwhile)

    report = rotate(at=AT)

    assert names(letters) == ["人1", "新", "人3", "人4", *(f"人{number}" for number in range(6, 13))]
    assert (report.resealed, report.current, report.bad) == (10, 1, 0)


def test_a_row_that_does_not_open_is_named_left_alone_and_tried_again(letters, settings):
    swapped = bytes(letters.get(pk=1).secret)
    right = bytes(letters.get(pk=4).secret)
    Letter.objects.filter(pk=4).update(secret=swapped)
    Letter.objects.filter(pk=7).update(secret=b"rubbish")
    new_keys(settings)

    report = rotate(at=AT, batch=5)

    assert report.bad_rows == [(f"{PLACE}:4", "vault.broken"), (f"{PLACE}:7", "vault.not_sealed")]
    assert (report.resealed, report.bad, report.complete) == (10, 2, False)
    assert bytes(letters.get(pk=4).secret) == swapped
    assert VaultRotation.objects.get().finished_at is None

    Letter.objects.filter(pk=4).update(secret=right)
    Letter.objects.filter(pk=7).update(secret=b"")
    report = rotate(at=AT, batch=5)

    assert (report.resealed, report.current, report.bad) == (1, 11, 0)
    assert VaultRotation.objects.get().finished_at == AT


def test_a_bad_row_met_before_the_kill_keeps_the_run_incomplete(letters, settings):
    Letter.objects.filter(pk=2).update(secret=b"rubbish")
    new_keys(settings)

    def killed(place, done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(at=AT, batch=4, progress=killed)
    report = rotate(at=AT, batch=4)

    assert (report.resealed, report.bad, report.complete) == (8, 1, False)
    assert rotate(at=AT, batch=4).bad_rows == [(f"{PLACE}:2", "vault.not_sealed")]
    assert VaultRotation.objects.get().finished_at is None


def test_a_row_whose_purpose_has_changed_moves_to_the_other_keys(letters, settings):
    Letter.objects.filter(pk=1).update(reporter=True)

    report = rotate(at=AT)

    assert (report.resealed, report.current) == (1, 11)
    row = letters.get(pk=1)
    assert sealing.open_sealed(PLACE, 1, bytes(row.secret), purpose="reporter") == {"name": "人1"}


def test_what_a_slow_process_sealed_with_the_old_key_is_caught_by_the_next_run(letters, settings):
    old = bytes(letters.get(pk=1).secret)
    new_keys(settings)
    rotate(at=AT)
    Letter.objects.filter(pk=1).update(secret=old)

    report = rotate(at=AT)

    assert (report.resealed, report.current) == (1, 11)
    assert purposes_current(letters) == [True] * 12
