"""What is signed is what is read, and nothing else is read."""

from __future__ import annotations

import base64
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.registered import LEE, ROSA, STRANGER
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import (
    Envelope,
    Signature,
    open_envelope,
    pae,
    read_envelope,
    seal,
)
from workers.wire.signing.keys import SigningKey, VerifyKey, from_base64

KIND = "application/vnd.signoff.test+json"
KNOWN = {key.public.key_id: key.public for key in (ROSA, LEE)}


def _reason(envelope: Envelope, kind: str = KIND) -> Distrust:
    with pytest.raises(NotTrusted) as caught:
        open_envelope(envelope, kind, KNOWN.get)
    assert caught.value.title
    return caught.value.reason


def test_the_bytes_to_sign_are_those_of_the_specification() -> None:
    """The vector of DSSE's own document."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


def test_a_signature_is_that_of_the_specification() -> None:
    """RFC 8032, section 7.1, test 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    start = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    key = SigningKey(seed)
    assert key.public.raw.hex() == public
    assert key.sign(b"").hex().startswith(start)
    assert seed.hex() not in repr(key)
    assert key.seed == seed


def test_an_envelope_says_what_was_signed_and_by_whom() -> None:
    """Also after it has travelled as JSON."""
    sent = msgspec.json.encode(seal(KIND, b"{}", [ROSA, LEE]))

    opened = open_envelope(read_envelope(msgspec.json.decode(sent)), KIND, KNOWN.get)

    assert opened.payload == b"{}"
    assert opened.key_ids == (ROSA.public.key_id, LEE.public.key_id)


def test_whom_nobody_knows_does_not_count() -> None:
    """And does no harm beside one who is known; the same signature twice is one."""
    envelope = seal(KIND, b"{}", [STRANGER, ROSA, ROSA])
    assert open_envelope(envelope, KIND, KNOWN.get).key_ids == (ROSA.public.key_id,)
    assert _reason(seal(KIND, b"{}", [STRANGER])) is Distrust.UNKNOWN_KEY


def test_a_signature_that_does_not_fit_spoils_the_envelope() -> None:
    """Even beside a good one: somebody has been at it."""
    good = seal(KIND, b"{}", [ROSA])
    other = seal(KIND, b"[]", [LEE])
    both = structs.replace(good, signatures=(*good.signatures, *other.signatures))
    assert _reason(both) is Distrust.BAD_SIGNATURE
    short = structs.replace(good, signatures=(Signature(ROSA.public.key_id, "AAAA"),))
    assert _reason(short) is Distrust.BAD_SIGNATURE


def test_one_kind_of_statement_is_not_taken_for_another() -> None:
    """The kind is signed, too: to rename it spoils the signature."""
    envelope = seal(KIND, b"{}", [ROSA])
    assert _reason(envelope, "application/other") is Distrust.WRONG_TYPE
    renamed = structs.replace(envelope, payload_type="application/other")
    assert _reason(renamed, "application/other") is Distrust.BAD_SIGNATURE


def test_what_is_too_much_is_not_looked_at() -> None:
    """Neither payloads without end nor signatures without end, nor none."""
    huge = seal(KIND, b" " * (160 * 1024 + 1), [ROSA])
    crowd = seal(KIND, b"{}", [ROSA] * 17)
    nobody = seal(KIND, b"{}", [])
    assert {_reason(envelope) for envelope in (huge, crowd, nobody)} == {Distrust.MALFORMED}
    for most in (seal(KIND, b" " * 160 * 1024, [ROSA]), seal(KIND, b"{}", [ROSA] * 16)):
        assert open_envelope(most, KIND, KNOWN.get).key_ids == (ROSA.public.key_id,)


@pytest.mark.parametrize(
    "value",
    [None, 7, [], {}, {"payloadType": KIND, "payload": "", "signatures": [], "more": 1}],
)
def test_what_is_no_envelope_is_refused(value: object) -> None:
    """With words, not with a crash."""
    with pytest.raises(NotTrusted) as caught:
        read_envelope(value)
    assert caught.value.reason is Distrust.MALFORMED


@pytest.mark.parametrize("text", ["e30", "e31=", "e3 0=", "_-8=", "e30=\n", "é30="])
def test_there_is_one_text_for_one_payload(text: str) -> None:
    """Padding left out, spare bits, blanks and other alphabets are other texts."""
    envelope = structs.replace(seal(KIND, b"{}", [ROSA]), payload=text)
    assert _reason(envelope) is Distrust.MALFORMED


@pytest.mark.parametrize("raw", [b"", b"x" * 31, b"x" * 33])
def test_a_key_has_32_bytes(raw: bytes) -> None:
    """Both halves."""
    for make in (VerifyKey, SigningKey):
        with pytest.raises(NotTrusted):
            make(raw)


@pytest.mark.parametrize("sign", [0x00, 0x80], ids=["plain", "signed"])
@pytest.mark.parametrize(
    "point",
    [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_a_key_that_fits_signatures_of_anybody_is_none(point: str, sign: int) -> None:
    """The points of small order, as libsodium lists them."""
    raw = bytearray.fromhex(point)
    raw[-1] |= sign
    with pytest.raises(NotTrusted, match="anybody"):
        VerifyKey(bytes(raw))


def test_keys_are_told_apart_by_what_they_are() -> None:
    """The id is made of the key, so nobody takes that of another."""
    again = VerifyKey.from_text(ROSA.public.text)
    assert (again, hash(again), again.key_id) == (
        ROSA.public,
        hash(ROSA.public),
        ROSA.public.key_id,
    )
    assert again != LEE.public
    assert again != "a key"
    assert SigningKey.generate().public != SigningKey.generate().public


@given(st.binary(max_size=40), st.randoms(use_true_random=False))
def test_no_bit_can_be_changed(payload: bytes, chance: random.Random) -> None:
    """Of the payload or of the signature."""
    envelope = seal(KIND, payload, [ROSA])
    field = chance.choice(["payload", "sig"]) if payload else "sig"
    raw = bytearray(
        from_base64(envelope.payload if field == "payload" else envelope.signatures[0].sig)
    )
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    text = base64.b64encode(raw).decode()
    if field == "payload":
        changed = structs.replace(envelope, payload=text)
    else:
        changed = structs.replace(envelope, signatures=(Signature(ROSA.public.key_id, text),))

    assert _reason(changed) is Distrust.BAD_SIGNATURE
