"""Sealing, the blind index, and looking: what is written down about a look."""

import json
from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from fangxin.kernel import vault
from fangxin.kernel.errors import BadInput
from fangxin.kernel.journal.models import Entry
from fangxin.kernel.refs import ref
from fangxin.kernel.vault.sealing import open_sealed

AT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
PLACE = "cases.party.sealed"
LI = {"name": "李四", "phone": "13800138000", "id_number": "", "address": "任城区太白东路12号"}
OFFICER = ref("person", 7)
CASE = ref("case", 12)


@pytest.fixture
def keys(settings, tmp_path):
    settings.VAULT_KEYS = tmp_path / "vault.json"
    settings.PRODUCTION = False
    return settings.VAULT_KEYS


def look(row, *, fields=("name", "phone"), purpose="回访", subject=CASE):
    return vault.reveal(row, fields=fields, subject=subject, purpose=purpose, actor=OFFICER, at=AT)


def sealed(row_id=1, fields=LI, purpose="person"):
    return vault.Sealed(purpose, PLACE, row_id, vault.seal(purpose, PLACE, row_id, fields))


def test_a_look_shows_what_was_sealed_and_writes_exactly_one_journal_row(db, keys):
    row = sealed()

    shown = look(row, fields=("name", "phone", "id_number"))

    assert shown == {"name": "李四", "phone": "13800138000", "id_number": ""}
    entry = Entry.objects.get()
    assert (entry.event, entry.subject, entry.actor, entry.at) == ("kernel.PersonalDataRevealed", "case:12", "person:7", AT)
    assert json.loads(entry.data) == {"fields": ["id_number", "name", "phone"], "place": PLACE, "purpose": "回访", "row": "1"}


def test_the_journal_row_about_a_look_holds_no_personal_data(db, keys):
    look(sealed(), purpose="打13800138000找李四，或139 0013 9000")

    data = Entry.objects.get().data
    assert "13800138000" not in data
    assert "李四" not in data
    assert "139 0013" not in data
    assert "打138****8000找李*，或139****9000" in data


def test_a_batch_writes_one_journal_row_with_its_range(db, keys):
    rows = [sealed(number, {"name": f"人{number}"}) for number in (5, 3, 9)]

    shown = vault.reveal_many(rows, fields=["name"], purpose="notices", actor=OFFICER, at=AT)

    assert shown == [{"name": "人5"}, {"name": "人3"}, {"name": "人9"}]
    entry = Entry.objects.get()
    assert (entry.event, entry.subject) == ("kernel.BatchRevealed", f"vault:{PLACE}")
    assert json.loads(entry.data) == {"fields": ["name"], "first": 3, "last": 9, "place": PLACE, "purpose": "notices"}


def test_a_run_opens_no_row_outside_its_range(db, keys):
    run = vault.reveal_run(place=PLACE, first=1, last=2, fields=["name"], purpose="export", actor=OFFICER, at=AT, subject=ref("export", 4))

    assert run(sealed(2)) == {"name": "李四"}
    with pytest.raises(BadInput) as refusal:
        run(sealed(3))

    assert refusal.value.code == "vault.outside_run"
    assert Entry.objects.values_list("subject", flat=True).get() == "export:4"


@pytest.mark.parametrize(("fields", "purpose", "code"), [(["name"], " ", "vault.purpose_missing"), ([], "why", "vault.fields_missing")])
def test_a_look_without_a_purpose_is_refused_and_leaves_no_trace(db, keys, fields, purpose, code):
    for ask in (
        lambda: look(sealed(), fields=fields, purpose=purpose),
        lambda: vault.reveal_many([sealed()], fields=fields, purpose=purpose, actor=OFFICER, at=AT),
        lambda: vault.reveal_many([], fields=fields, purpose=purpose, actor=OFFICER, at=AT),
    ):
        with pytest.raises(BadInput) as refusal:
            ask()
        assert refusal.value.code == code

    assert not Entry.objects.exists()


def test_a_look_cannot_be_taken_back_with_a_transaction(db, keys):
    with transaction.atomic(), pytest.raises(RuntimeError):
        look(sealed())


def test_values_swapped_between_rows_or_purposes_do_not_open(db, keys):
    first = sealed(1)

    for row, refusal in [
        (vault.Sealed("person", PLACE, 2, first.blob), vault.SealBroken),
        (vault.Sealed("person", "cases.party.other", 1, first.blob), vault.SealBroken),
        (vault.Sealed("reporter", PLACE, 1, first.blob), vault.KeyRefused),
        (vault.Sealed("person", PLACE, 1, first.blob[:-1] + bytes([first.blob[-1] ^ 1])), vault.SealBroken),
    ]:
        with pytest.raises(refusal):
            look(row)

    assert not Entry.objects.exists()


def test_nothing_sealed_is_nothing_to_see(db, keys):
    assert vault.seal("person", PLACE, 1, {"name": "", "phone": ""}) == b""
    assert look(vault.Sealed("person", PLACE, 1, b"")) == {"name": "", "phone": ""}


def test_a_batch_is_sealed_as_each_row_alone_would_be(db, keys):
    rows = [(number, {"name": f"人{number}"} if number % 3 else {}) for number in range(600)]

    blobs = vault.seal_many("reporter", PLACE, rows)

    assert len({blob[6:18] for blob in blobs if blob}) == 400, "no nonce twice"
    opened = vault.reveal_many(
        [vault.Sealed("reporter", PLACE, number, blob) for number, blob in enumerate(blobs)],
        fields=["name"],
        purpose="x",
        actor=OFFICER,
        at=AT,
    )
    assert opened == [{"name": f"人{number}" if number % 3 else ""} for number in range(600)]


@pytest.fixture(scope="module")
def any_keys(tmp_path_factory):
    return tmp_path_factory.mktemp("keys") / "vault.json"


@given(fields=st.dictionaries(st.text(max_size=10), st.text(max_size=50), max_size=5), row_id=st.integers(1, 2**62))
def test_any_text_survives_sealing(any_keys, fields, row_id):
    with override_settings(VAULT_KEYS=any_keys, PRODUCTION=False):
        blob = vault.seal("person", PLACE, row_id, fields)
        opened = open_sealed(PLACE, row_id, blob, purpose="person")

    assert opened == {name: value for name, value in fields.items() if value}


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("phone", "13800138000", "+86 138-0013-8000"),
        ("phone", "13800138000", "8613800138000"),
        ("phone", "13800138000", "008613800138000"),
        ("phone", "13800138000", "１３８ 0013 8000"),
        ("phone", "0537-2345678", "(0537)2345678"),
        ("contact_phone", "13800138000", "138 00138000"),
        ("id_number", "37080219900101123x", "37080219900101123X"),
        ("name", "张三", " 张三 "),
        ("name", "ＡＢＣ", "ABC"),
    ],
)
def test_the_blind_index_is_the_same_for_every_way_of_writing(keys, field, one, other):
    assert vault.blind_index("person", field, one) == vault.blind_index("person", field, other)
    assert len(vault.blind_index("person", field, one)) == 16


def test_the_blind_index_differs_between_purposes_fields_and_values(keys):
    indexes = {
        vault.blind_index(purpose, field, value)
        for purpose in ("person", "reporter", "system")
        for field in ("phone", "id_number", "name")
        for value in ("13800138000", "13800138001")
    }

    assert len(indexes) == 18


def test_a_batch_is_indexed_as_each_value_alone(keys):
    values = ["13800138000", "", "无", "0537-2345678"]

    assert vault.blind_index_many("person", "phone", values) == [vault.blind_index("person", "phone", value) for value in values]


@pytest.mark.parametrize(("field", "value"), [("phone", ""), ("phone", "无"), ("name", "  "), ("id_number", "　")])
def test_a_value_that_says_nothing_has_no_index(keys, field, value):
    assert vault.blind_index("person", field, value) == b""


def test_production_refuses_a_missing_or_readable_key_file(settings, tmp_path):
    settings.PRODUCTION = True
    settings.VAULT_KEYS = tmp_path / "vault.json"

    with pytest.raises(vault.KeyRefused) as missing:
        vault.seal("person", PLACE, 1, LI)
    vault.KeyRing.create(on=date(2026, 11, 2)).save(settings.VAULT_KEYS)
    settings.VAULT_KEYS.chmod(0o644)
    with pytest.raises(vault.KeyRefused) as readable:
        vault.seal("person", PLACE, 1, LI)

    assert (missing.value.code, readable.value.code) == ("vault.ring_missing", "vault.ring_open")


def test_development_makes_a_ring_once_and_production_takes_one_from_the_environment(settings, tmp_path, keys):
    blob = vault.seal("person", PLACE, 1, LI)
    text = keys.read_text()

    settings.PRODUCTION, settings.VAULT_KEYS = True, " ".join(text.split())

    assert vault.key_ring().key(blob[2:6]).active
    assert keys.read_text() == text


def test_a_changed_key_file_is_seen_by_a_running_process(keys):
    before = vault.key_ring()

    before.rotated("person", vault.Algorithm.SM4, on=date(2026, 11, 3)).save(keys)

    assert vault.key_ring().active("person").algorithm is vault.Algorithm.SM4
    assert vault.seal("person", PLACE, 1, LI)[1] == 2


def test_what_was_sealed_with_a_retired_key_still_opens(db, keys):
    row = sealed()

    vault.key_ring().rotated("person", vault.Algorithm.SM4, on=date(2026, 11, 3)).save(keys)

    assert look(row)["name"] == "李四"
