"""A key under a passphrase: neither of the two is of use alone."""

from __future__ import annotations

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import structs

from tests.support.registered import LEE, ROSA
from workers.wire.signing import wrapping
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.keys import from_base64, to_base64
from workers.wire.signing.wrapping import WrappedKey, unwrap, wrap

WORDS = "four words are enough"
#: Cheap, for tests; the default is what RFC 9106 recommends.
QUICK_KIB = 64
WRAPPED = wrap(ROSA, WORDS, "Rosa Mora", memory_kib=QUICK_KIB)


def _reason(wrapped: WrappedKey, passphrase: str = WORDS) -> Distrust:
    with pytest.raises(NotTrusted) as caught:
        unwrap(wrapped, passphrase)
    return caught.value.reason


def test_the_passphrase_opens_it() -> None:
    """As it was; and each time it is locked, it looks different."""
    kept = msgspec.json.encode(WRAPPED)
    assert ROSA.seed not in kept
    assert to_base64(ROSA.seed).encode() not in kept
    assert unwrap(msgspec.json.decode(kept, type=WrappedKey), WORDS).public == ROSA.public
    again = wrap(ROSA, WORDS, "Rosa Mora", memory_kib=QUICK_KIB)
    assert (again.salt, again.nonce, again.box) != (WRAPPED.salt, WRAPPED.nonce, WRAPPED.box)
    assert WRAPPED.key_id == ROSA.public.key_id


def test_a_guess_costs_what_the_standard_recommends() -> None:
    """64 MiB of memory, three times over."""
    wrapped = wrap(ROSA, WORDS, "Rosa Mora")
    assert (wrapped.memory_kib, wrapped.iterations, wrapped.lanes) == (64 * 1024, 3, 4)
    assert unwrap(wrapped, WORDS).public == ROSA.public


def test_a_key_that_was_locked_long_ago_opens() -> None:
    """As cheaply as may be; Argon2 takes no less memory than 8 KiB for each lane (RFC 9106)."""
    kept = WrappedKey(
        key_id="ed25519:34750f98bd59fcfc946da45aaabe933b",
        label="Rosa Mora",
        iterations=1,
        lanes=4,
        memory_kib=1,
        salt="c3Nzc3Nzc3Nzc3Nzc3Nzcw==",
        nonce="bm5ubm5ubm5ubm5u",
        box="6MLRXCiOZrcu3hvtlSkA+VlYouLEfr05BLDDK9amWPeayGEx6PGZwdO5L1r5zbbd",
    )
    assert unwrap(kept, WORDS).public == ROSA.public
    assert unwrap(wrap(ROSA, WORDS, "Rosa Mora", memory_kib=1), WORDS).public == ROSA.public


@pytest.mark.parametrize("guess", ["", WORDS + " ", WORDS.upper(), "\ud800"])
def test_no_other_passphrase_opens_it(guess: str) -> None:
    """Not even one that is almost it."""
    assert _reason(WRAPPED, guess) is Distrust.CANNOT_OPEN


@pytest.mark.parametrize(
    "changes",
    [
        {"label": "somebody else"},
        {"key_id": "ed25519:other"},
        {"box": "AAAA"},
        {"box": WRAPPED.box[:-8] + "AAAAAAA="},
        {"iterations": 4},
        {"memory_kib": QUICK_KIB * 2},
        {"nonce": to_base64(b"n" * 12)},
        {"salt": to_base64(b"s" * 16)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_was_tampered_with_does_not_open(changes: dict[str, object]) -> None:
    """Not its key, and not what is said of it."""
    assert _reason(structs.replace(WRAPPED, **changes)) is Distrust.CANNOT_OPEN


@pytest.mark.parametrize(
    "changes",
    [
        {"iterations": 0},
        {"iterations": 17},
        {"lanes": 17},
        {"lanes": 10_000},
        {"memory_kib": 2**20 + 1},
        {"nonce": to_base64(b"short")},
        {"salt": "AA=="},
        {"salt": "no base64"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_hostile_file_is_not_even_tried(changes: dict[str, object]) -> None:
    """It could ask for all the memory there is."""
    assert _reason(structs.replace(WRAPPED, **changes)) is Distrust.MALFORMED


def test_a_passphrase_is_no_word() -> None:
    """Seven characters are guessed in no time; eight are let pass."""
    with pytest.raises(NotTrusted):
        wrap(ROSA, "1234567", "Rosa Mora")
    wrapped = wrap(ROSA, "12345678", "Rosa Mora", memory_kib=QUICK_KIB)
    assert unwrap(wrapped, "12345678").public == ROSA.public


def test_a_key_that_goes_by_another_name_is_refused() -> None:
    """Somebody who knew the passphrase locked it in under the name of another key."""
    named = structs.replace(WRAPPED, key_id=LEE.public.key_id, box="")
    nonce, header = from_base64(named.nonce), wrapping._header(named)
    box = AESGCM(wrapping._derive(named, WORDS)).encrypt(nonce, ROSA.seed, header)
    assert _reason(structs.replace(named, box=to_base64(box))) is Distrust.MALFORMED
