"""A registry in the folder that the roots did not make, or made before, lets nobody decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from tests.support.registered import (
    LEE,
    NOW,
    ROOT_1,
    ROOT_2,
    ROOT_3,
    ROOTS,
    ROSA,
    STRANGER,
    registered_key,
    registry_statement,
    sealed_registry,
)
from workers.wire.signing.administering import write_envelope
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, seal
from workers.wire.signing.keys import VerifyKey
from workers.wire.signing.registry import RegisteredReviewer
from workers.wire.signing.statements import DECISION_TYPE, REGISTRY_TYPE, write_statement
from workers.wire.trust import MAX_FILE_BYTES, TrustFolder, write_roots

STATEMENT = registry_statement()
ROSA_ENTRY = STATEMENT.reviewers[0]
MALLORY = RegisteredReviewer(
    id="m.allory", name="Mallory", roles=("treasury",), keys=(registered_key(STRANGER),)
)
WITH_MALLORY = structs.replace(STATEMENT, reviewers=(*STATEMENT.reviewers, MALLORY))
SEALED = sealed_registry(STATEMENT)


def _payload_of(envelope: Envelope, other: Envelope) -> Envelope:
    return structs.replace(envelope, payload=other.payload)


def _signed(**changes: object) -> bytes:
    return write_envelope(sealed_registry(structs.replace(STATEMENT, **changes)))


def _people(*people: RegisteredReviewer) -> bytes:
    return _signed(reviewers=people)


OTHER_FIRST = f'"payload":"{sealed_registry(WITH_MALLORY).payload}","payload":'
TWICE = write_envelope(SEALED).replace(b'"payload":', OTHER_FIRST.encode())
LOW_ORDER = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
NEVER = registered_key(STRANGER, not_after="2025-01-01T00:00:00Z")
MALFORMED = Distrust.MALFORMED
FILES: dict[str, tuple[bytes, Distrust]] = {
    "unsigned": (write_envelope(structs.replace(SEALED, signatures=())), MALFORMED),
    "signed by strangers": (
        write_envelope(sealed_registry(STATEMENT, STRANGER, ROSA)),
        Distrust.UNKNOWN_KEY,
    ),
    "signed by one root": (
        write_envelope(sealed_registry(STATEMENT, ROOT_1)),
        Distrust.TOO_FEW_ROOTS,
    ),
    "signed by one root twice": (
        write_envelope(sealed_registry(STATEMENT, ROOT_1, ROOT_1)),
        Distrust.TOO_FEW_ROOTS,
    ),
    "signed by a root and a reviewer": (
        write_envelope(sealed_registry(STATEMENT, ROOT_1, LEE)),
        Distrust.TOO_FEW_ROOTS,
    ),
    "with one more person": (
        write_envelope(_payload_of(SEALED, sealed_registry(WITH_MALLORY))),
        Distrust.BAD_SIGNATURE,
    ),
    "signed as a decision": (
        write_envelope(seal(DECISION_TYPE, write_statement(STATEMENT), (ROOT_1, ROOT_2))),
        Distrust.WRONG_TYPE,
    ),
    "said to be signed as a registry": (
        write_envelope(
            structs.replace(
                seal(DECISION_TYPE, write_statement(STATEMENT), (ROOT_1, ROOT_2)),
                payload_type=REGISTRY_TYPE,
            )
        ),
        Distrust.BAD_SIGNATURE,
    ),
    "expired": (_signed(expires_at="2026-03-02T09:15:05Z"), Distrust.EXPIRED),
    "never issued": (_signed(issued_at="2026-05-01T00:00:00Z"), MALFORMED),
    "without a zone": (_signed(expires_at="2026-04-01T00:00:00"), MALFORMED),
    "with no time": (_signed(expires_at="soon"), MALFORMED),
    "of version 0": (_signed(version=0), MALFORMED),
    "older than the last": (_signed(version=2), Distrust.ROLLED_BACK),
    "of one person twice": (_people(ROSA_ENTRY, structs.replace(MALLORY, id="r.mora")), MALFORMED),
    "of one key for two": (
        _people(ROSA_ENTRY, structs.replace(MALLORY, keys=ROSA_ENTRY.keys)),
        MALFORMED,
    ),
    "of a root who reviews": (
        _people(structs.replace(MALLORY, keys=(registered_key(ROOT_3),))),
        MALFORMED,
    ),
    "of an agent's key for a person": (
        _people(structs.replace(MALLORY, keys=STATEMENT.agents[0].keys)),
        MALFORMED,
    ),
    "of a key that fits all signatures": (
        _people(structs.replace(MALLORY, keys=(registered_key(STRANGER, public=LOW_ORDER),))),
        MALFORMED,
    ),
    "of a key that is none": (
        _people(structs.replace(MALLORY, keys=(registered_key(STRANGER, public="AA=="),))),
        MALFORMED,
    ),
    "of nobody's name": (_people(structs.replace(MALLORY, name=" ")), MALFORMED),
    "of a key that ends before it begins": (
        _people(structs.replace(MALLORY, keys=(NEVER,))),
        MALFORMED,
    ),
    "revoked at no time": (
        _people(structs.replace(MALLORY, keys=(registered_key(STRANGER, revoked_at="x"),))),
        MALFORMED,
    ),
    "in another form": (
        write_envelope(
            seal(REGISTRY_TYPE, write_statement(STATEMENT) + b"\n", (ROOT_1, ROOT_2))
        ),
        MALFORMED,
    ),
    "with more in it": (
        write_envelope(
            seal(
                REGISTRY_TYPE,
                write_statement(STATEMENT)[:-1] + b',"x":1}',
                (ROOT_1, ROOT_2),
            )
        ),
        MALFORMED,
    ),
    "no JSON": (b"registry", MALFORMED),
    "nothing": (b"", MALFORMED),
    "deep": (b"[" * 100_000, MALFORMED),
    "huge": (b" " * (MAX_FILE_BYTES + 1), MALFORMED),
    "a list": (b"[]", MALFORMED),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trust folder whose registry was believed once."""
    (tmp_path / "roots.json").write_bytes(write_roots(ROOTS))
    (tmp_path / "registry.json").write_bytes(write_envelope(SEALED))
    assert TrustFolder(tmp_path).registry(NOW).version == 3
    return tmp_path


def _reason(folder: Path) -> Distrust:
    with pytest.raises(NotTrusted) as caught:
        TrustFolder(folder).registry(NOW)
    assert caught.value.title
    return caught.value.reason


@pytest.mark.parametrize(("content", "reason"), FILES.values(), ids=FILES)
def test_a_registry_that_is_put_there(folder: Path, content: bytes, reason: Distrust) -> None:
    """By somebody who can write the file, and has no two roots."""
    (folder / "registry.json").write_bytes(content)
    assert _reason(folder) is reason


def test_a_payload_twice_is_read_once(folder: Path) -> None:
    """Whichever it is, it is the one whose signatures are looked at."""
    (folder / "registry.json").write_bytes(TWICE)
    assert TrustFolder(folder).registry(NOW).reviewer("m.allory") is None


def test_a_newer_registry_replaces_it_and_the_old_one_is_refused_from_then_on(
    folder: Path,
) -> None:
    """Also by a process that starts anew; and a mark that cannot be read counts as newer."""
    (folder / "registry.json").write_bytes(_signed(version=4))
    assert TrustFolder(folder).registry(NOW).version == 4
    (folder / "registry.json").write_bytes(write_envelope(SEALED))
    assert _reason(folder) is Distrust.ROLLED_BACK
    (folder / "registry.seen").write_bytes(b"four")
    assert _reason(folder) is Distrust.ROLLED_BACK


def test_another_registry_of_the_same_version_is_refused(folder: Path) -> None:
    """Two that the roots signed under one number: the one without a revocation must not come back.

    The one that was believed counts on, also when a third root has signed it as well.
    """
    revoked = structs.replace(ROSA_ENTRY.keys[0], revoked_at="2026-02-02T00:00:00+00:00")
    rosa = structs.replace(ROSA_ENTRY, keys=(revoked,))
    (folder / "registry.json").write_bytes(_signed(version=4, reviewers=(rosa,)))
    assert TrustFolder(folder).registry(NOW).version == 4
    (folder / "registry.json").write_bytes(_signed(version=4))
    assert _reason(folder) is Distrust.ROLLED_BACK

    statement = structs.replace(STATEMENT, version=4, reviewers=(rosa,))
    by_three = write_envelope(sealed_registry(statement, ROOT_1, ROOT_2, ROOT_3))
    (folder / "registry.json").write_bytes(by_three)
    assert TrustFolder(folder).registry(NOW).version == 4


def _roots(change: Callable[[dict[str, object]], object]) -> bytes:
    value = msgspec.json.decode(write_roots(ROOTS))
    change(value)
    return msgspec.json.encode(value)


ROOT_FILES: dict[str, tuple[bytes, Distrust]] = {
    "of a stranger": (
        _roots(lambda value: value.update(keys=[STRANGER.public.text], threshold=1)),
        Distrust.UNKNOWN_KEY,
    ),
    "that ask for none": (_roots(lambda value: value.update(threshold=0)), MALFORMED),
    "that ask for too many": (_roots(lambda value: value.update(threshold=4)), MALFORMED),
    "that ask for one twice": (
        _roots(lambda value: value.update(keys=[ROOT_1.public.text] * 3)),
        MALFORMED,
    ),
    "that fit all signatures": (
        _roots(lambda value: value.update(keys=[LOW_ORDER], threshold=1)),
        MALFORMED,
    ),
    "of another version": (_roots(lambda value: value.update(v=2)), MALFORMED),
    "with more": (_roots(lambda value: value.update(x=1)), MALFORMED),
    "that are none": (b"\xff", MALFORMED),
}


@pytest.mark.parametrize(("content", "reason"), ROOT_FILES.values(), ids=ROOT_FILES)
def test_roots_that_are_put_there(folder: Path, content: bytes, reason: Distrust) -> None:
    """Without the roots' own keys nothing they did not sign counts."""
    (folder / "roots.json").write_bytes(content)
    assert _reason(folder) is reason


def test_what_is_taken_away_is_missed(folder: Path) -> None:
    """Nothing is believed for want of somebody who could doubt it."""
    (folder / "registry.json").unlink()
    assert _reason(folder) is Distrust.MISSING
    (folder / "roots.json").unlink()
    assert not TrustFolder(folder).exists
    with pytest.raises(NotTrusted):
        VerifyKey.from_text(LOW_ORDER)
