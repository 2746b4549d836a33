"""Personal data at rest (个人信息加密): sealed by row, found by blind index, opened only by `reveal`, which journals who looked and why.

    sealed = vault.seal("person", "cases.party.sealed", party_id, {"name": …, "phone": …})
    index = vault.blind_index("person", "phone", "+86 138 0013 8000")
    row = vault.Sealed("person", "cases.party.sealed", party_id, sealed)
    vault.reveal(row, fields=("phone",), subject=case.ref, purpose=…, actor=…, at=…)

An app registers its sealed columns with `vaulted`, so that `rotation.rotate` finds them.
"""

from fangxin.kernel.vault.ciphers import Algorithm, SealBroken
from fangxin.kernel.vault.registry import vaulted, vaulted_store
from fangxin.kernel.vault.revealing import BatchRevealed, PersonalDataRevealed, Sealed, reveal, reveal_bytes, reveal_many, reveal_run
from fangxin.kernel.vault.ring import KeyRefused, KeyRing, Purpose
from fangxin.kernel.vault.sealing import (
    blind_index,
    blind_index_many,
    key_ring,
    place_of,
    reindexed,
    resealed,
    seal,
    seal_bytes,
    seal_many,
)

__all__ = [
    "Algorithm",
    "BatchRevealed",
    "KeyRefused",
    "KeyRing",
    "PersonalDataRevealed",
    "Purpose",
    "SealBroken",
    "Sealed",
    "blind_index",
    "blind_index_many",
    "key_ring",
    "place_of",
    "reindexed",
    "resealed",
    "reveal",
    "reveal_bytes",
    "reveal_many",
    "reveal_run",
    "seal",
    "seal_bytes",
    "seal_many",
    "vaulted",
    "vaulted_store",
]
