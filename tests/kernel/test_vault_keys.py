"""Ciphers and the key ring: no database."""

import hmac
import os
from base64 import urlsafe_b64encode
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fangxin.kernel.vault.ciphers import HEADER, OVERHEAD, Algorithm, SealBroken, cipher, header, key_id_of, unseal
from fangxin.kernel.vault.ring import KeyRefused, KeyRing, Purpose

DAY = date(2026, 11, 2)
BOTH = pytest.mark.parametrize("algorithm", list(Algorithm))


@BOTH
@given(plain=st.binary(max_size=300), where=st.binary(max_size=40))
def test_what_is_sealed_opens_again(algorithm, plain, where):
    engine = cipher(algorithm, bytes(range(algorithm.key_bytes)))
    head = header(algorithm, b"\1\2\3\4")
    nonce = os.urandom(12)

    blob = head + nonce + engine.encrypt(nonce, plain, head + where)

    assert unseal(engine, head, where, blob) == plain
    assert len(blob) == len(plain) + OVERHEAD
    assert key_id_of(blob) == b"\1\2\3\4"


@BOTH
def test_one_altered_bit_anywhere_is_refused(algorithm):
    engine = cipher(algorithm, bytes(algorithm.key_bytes))
    head = header(algorithm, b"\1\2\3\4")
    blob = head + bytes(12) + engine.encrypt(bytes(12), b"secret", head + b"cases.party.sealed:1")

    for position in range(len(blob)):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            unseal(engine, head, b"cases.party.sealed:1", bytes(altered))


@BOTH
@pytest.mark.parametrize("elsewhere", [b"cases.party.sealed:2", b"cases.party.other:1", b"", b"cases.party.sealed:11"])
def test_a_value_moved_to_another_place_is_refused(algorithm, elsewhere):
    engine = cipher(algorithm, bytes(algorithm.key_bytes))
    head = header(algorithm, b"\1\2\3\4")
    blob = head + bytes(12) + engine.encrypt(bytes(12), b"secret", head + b"cases.party.sealed:1")

    with pytest.raises(SealBroken) as refusal:
        unseal(engine, head, elsewhere, blob)

    assert refusal.value.code == "vault.broken"


def test_sm4_gcm_agrees_with_the_published_vector():
    """RFC 8998 appendix A.1."""
    engine = cipher(Algorithm.SM4, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce = bytes.fromhex("00001234567800000000ABCD")
    plain = bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8)
    place = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")

    sealed = engine.encrypt(nonce, plain, place)

    assert sealed[:16].hex() == "17f399f08c67d5ee19d0dc9969c4bb7d"
    assert sealed[-16:].hex() == "83de3541e4c2b58177e065a9bf7b62ec"
    assert engine.decrypt(nonce, sealed, place) == plain


@pytest.mark.parametrize("blob", [b"", b"\1", bytes(100), b"plain text that nobody ever sealed at all"])
def test_what_was_never_sealed_is_named_so(blob):
    with pytest.raises(SealBroken) as refusal:
        key_id_of(blob)

    assert refusal.value.code == "vault.not_sealed"


@BOTH
def test_a_saved_ring_is_read_back_whole_and_only_its_owner_can_read_it(tmp_path, algorithm):
    ring = KeyRing.create(algorithm, on=DAY).rotated("reporter", on=DAY)
    path = tmp_path / "new" / "vault.json"

    ring.save(path)

    assert KeyRing.load(path).dump() == ring.dump()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["vault.json"]


def test_a_first_ring_never_replaces_another(tmp_path):
    path = tmp_path / "vault.json"
    first = KeyRing.create(on=DAY)

    assert first.save(path, replace_existing=False)
    assert not KeyRing.create(on=DAY).save(path, replace_existing=False)
    assert KeyRing.load(path).fingerprint == first.fingerprint


def test_rotation_makes_a_new_active_key_and_keeps_the_old_one():
    ring = KeyRing.create(on=DAY)
    old = ring.active("person")

    rotated = ring.rotated("person", Algorithm.SM4, on=DAY)

    assert rotated.active("person").algorithm is Algorithm.SM4
    assert rotated.active("reporter") == ring.active("reporter")
    assert rotated.key(old.id).secret == old.secret
    assert not rotated.key(old.id).active
    assert rotated.indexer("person")(b"x") == ring.indexer("person")(b"x")
    assert rotated.fingerprint != ring.fingerprint


def test_purposes_do_not_share_keys():
    ring = KeyRing.create(on=DAY)

    assert len({ring.active(purpose).secret for purpose in Purpose}) == 3
    assert len({ring.indexer(purpose)(b"x") for purpose in Purpose}) == 3


@given(message=st.binary(max_size=200))
def test_the_index_is_hmac_sha256(message):
    key = bytes(range(32))
    ring = KeyRing(tuple(KeyRing.create(on=DAY).active(purpose) for purpose in Purpose), dict.fromkeys(Purpose, key))

    assert ring.indexer("person")(message) == hmac.digest(key, message, "sha256")


def test_keys_never_appear_in_a_representation(tmp_path):
    ring = KeyRing.create(on=DAY)
    key = ring.active("person")

    shown = repr(ring) + repr(key) + str(ring) + f"{key}" + repr(key.cipher)

    for secret in (repr(key.secret), key.secret.hex(), urlsafe_b64encode(key.secret).decode()):
        assert secret not in shown


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_that_others_can_read_is_refused_in_production(tmp_path, mode):
    path = tmp_path / "vault.json"
    KeyRing.create(on=DAY).save(path)
    path.chmod(mode)

    with pytest.raises(KeyRefused) as refusal:
        KeyRing.load(path)

    assert refusal.value.code == "vault.ring_open"
    assert KeyRing.load(path, strict=False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _text: "", "vault.ring_malformed"),
        (lambda _text: "[]", "vault.ring_malformed"),
        (lambda text: text[:-20], "vault.ring_malformed"),
        (lambda text: text.replace('"version": 1', '"version": 9'), "vault.ring_version"),
        (lambda text: text.replace("AES-256-GCM", "ROT13"), "vault.ring_malformed"),
        (lambda text: text.replace('"AES-256-GCM"', '"SM4-GCM"'), "vault.key_length"),
        (lambda text: text.replace('"active"', '"retired"'), "vault.no_active"),
        (lambda text: text.replace('"system"', '"other"'), "vault.ring_malformed"),
    ],
)
def test_a_ring_that_is_not_right_is_refused_without_repeating_it(tmp_path, change, code):
    ring = KeyRing.create(on=DAY)
    path = tmp_path / "vault.json"
    path.write_text(change(ring.dump()))
    path.chmod(0o600)

    with pytest.raises(KeyRefused) as refusal:
        KeyRing.load(path)

    assert refusal.value.code == code
    assert urlsafe_b64encode(ring.active("person").secret).decode() not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_what_is_missing_is_named(tmp_path):
    ring = KeyRing.create(on=DAY)

    for ask, code in [
        (lambda: KeyRing.load(tmp_path / "none.json"), "vault.ring_missing"),
        (lambda: ring.key(b"none"), "vault.key_unknown"),
        (lambda: ring.active("nobody"), "vault.purpose_unknown"),
    ]:
        with pytest.raises(KeyRefused) as refusal:
            ask()
        assert refusal.value.code == code


def test_a_header_has_the_length_that_everybody_counts_on():
    assert {len(header(algorithm, b"\1\2\3\4")) for algorithm in Algorithm} == {HEADER}
