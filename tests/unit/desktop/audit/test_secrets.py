"""What the encrypted part holds can be read with its key, and by nobody else."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from desktop.audit.heads import Head, keep_head, kept_head
from desktop.audit.keys import KEYS_NAME, LogKeys, kept_keys, log_keys
from desktop.audit.secrets import RecordKey, Sealed, SecretUnreadable
from desktop.errors import VaultUnavailable
from tests.support.audited import KEYS, FakeKeyring
from tests.support.registered import STRANGER
from workers.wire.signing.keys import to_base64


def test_a_text_comes_back_as_it_was() -> None:
    """Whatever an agent wrote; and the same text never looks the same twice."""
    key = RecordKey()
    texts = {"comment": "Wrong IBAN \ud800", "empty": ""}
    sealed = key.seal(texts)
    assert {one.name: key.open(one) for one in sealed} == texts
    assert key.seal(texts)[0].commitment != sealed[0].commitment
    assert b"IBAN" not in sealed[0].ciphertext
    assert str(key.raw) not in repr(key)


def test_nothing_of_it_can_be_changed() -> None:
    """Not its name, its digest, its bytes or its key."""
    key = RecordKey()
    [one] = key.seal({"comment": "No"})
    changes: list[dict[str, object]] = [
        {"name": "other"},
        {"commitment": "sha-256:" + "0" * 64},
        {"nonce": bytes(12)},
        {"nonce": b""},
        {"ciphertext": one.ciphertext[:-1]},
    ]
    for change in changes:
        with pytest.raises(SecretUnreadable):
            key.open(dataclasses.replace(one, **change))
    with pytest.raises(SecretUnreadable):
        RecordKey().open(one)
    payload = key.seal_payload("stream", b"all of it")
    assert key.open_payload("stream", payload) == b"all of it"
    with pytest.raises(SecretUnreadable):
        key.open_payload("another", payload)


def test_a_key_belongs_to_one_entry() -> None:
    """Beside another entry, or under another installation's key, it opens nothing."""
    key = RecordKey()
    wrapped = key.wrapped(KEYS.wrapping, 7)
    assert RecordKey.unwrap(wrapped, KEYS.wrapping, 7) == key
    for wrapping, number in ((KEYS.wrapping, 8), (bytes(32), 7)):
        with pytest.raises(SecretUnreadable):
            RecordKey.unwrap(wrapped, wrapping, number)


def test_a_commitment_is_of_the_text_itself() -> None:
    """Whoever has the entry's key cannot put another text in the place of the one it names."""
    key = RecordKey()
    [one] = key.seal({"comment": "No"})
    bound = b"signoff/audit/secret/v1\x00comment\x00" + one.commitment.encode()
    other = AESGCM(key.raw).encrypt(one.nonce, bytes(16) + b"Yes", bound)
    with pytest.raises(SecretUnreadable):
        key.open(dataclasses.replace(one, ciphertext=other))


def test_what_was_kept_in_an_earlier_year_opens() -> None:
    """The form of it stays: 12 bytes of nonce before each, 16 of salt before a text."""
    key, nonce = RecordKey(bytes(32)), bytes(range(12))
    cipher = AESGCM(key.raw)
    wrapped = AESGCM(KEYS.wrapping).encrypt(
        nonce, key.raw, b"signoff/audit/key/v1\x00" + (7).to_bytes(8, "big")
    )
    assert RecordKey.unwrap(nonce + wrapped, KEYS.wrapping, 7) == key
    payload = cipher.encrypt(nonce, b"all of it", b"signoff/audit/outbox/v1\x00stream")
    assert key.open_payload("stream", nonce + payload) == b"all of it"
    named = b"signoff/audit/secret/v1\x00comment\x00"
    clear = bytes(16) + b"No"
    commitment = f"sha-256:{hashlib.sha256(named + clear).hexdigest()}"
    sealed = cipher.encrypt(nonce, clear, named + commitment.encode())
    assert key.open(Sealed("comment", commitment, nonce, sealed)) == "No"


def test_the_keys_of_the_log_are_made_once() -> None:
    """And are the same ever after; whoever only reads makes none."""
    keyring = FakeKeyring()
    assert kept_keys(keyring) is None
    made = log_keys(keyring)
    again = log_keys(keyring)
    assert (again.wrapping, again.install.public) == (made.wrapping, made.install.public)
    assert str(made.wrapping) not in repr(made)
    assert LogKeys.generate().wrapping != made.wrapping


def test_a_keyring_that_keeps_nothing_is_told() -> None:
    """So is one that does not answer, or holds something else."""
    keyring = FakeKeyring()
    keyring.forgets = True
    with pytest.raises(VaultUnavailable):
        log_keys(keyring)
    keyring.refuses = True
    with pytest.raises(VaultUnavailable, match="full"):
        log_keys(keyring)
    for content in ("no base64!", to_base64(b"short")):
        keyring.kept[KEYS_NAME] = content
        with pytest.raises(VaultUnavailable) as caught:
            kept_keys(keyring)
        assert "not kept at this desk" in caught.value.hint
    keyring.broken = "The keyring is locked."
    with pytest.raises(VaultUnavailable, match="locked"):
        log_keys(keyring)


def test_the_head_comes_back_as_it_was(tmp_path: Path) -> None:
    """With the key that signs; that of another log is another's."""
    keyring, path = FakeKeyring(), tmp_path / "log.sqlite"
    for head in (Head(3, bytes(32)), Head(4, bytes(32), "2026-01-01", STRANGER.public)):
        keep_head(keyring, path, head)
        assert kept_head(keyring, path) == head
        assert kept_head(keyring, tmp_path / "other.sqlite") is None


def test_a_head_that_cannot_be_kept_or_read_is_told(tmp_path: Path) -> None:
    """What follows from it is said, too."""
    keyring, path = FakeKeyring(), tmp_path / "log.sqlite"
    keep_head(keyring, path, Head(3, bytes(32)))
    [(name, kept)] = keyring.kept.items()
    for odd in ("{}", kept.replace("{", '{"of": "tomorrow", ')):
        keyring.kept[name] = odd
        with pytest.raises(VaultUnavailable, match="no head"):
            kept_head(keyring, path)
    keyring.broken = "The keyring is locked."
    with pytest.raises(VaultUnavailable) as caught:
        kept_head(keyring, path)
    assert "cut off" in caught.value.hint
    with pytest.raises(VaultUnavailable):
        keep_head(keyring, path, Head(3, bytes(32)))
