"""Whose signatures count: only what enough roots say, and never what they said before."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support import scenes
from tests.support.registered import (
    LEE,
    NOW,
    ROOT_1,
    ROOT_2,
    ROOT_3,
    ROOTS,
    ROSA,
    STRANGER,
    WORKER,
    registered_key,
    registry,
    registry_statement,
    sealed_registry,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import Envelope, seal
from workers.wire.signing.registry import RegisteredReviewer, open_registry
from workers.wire.signing.statements import DECISION_TYPE, write_statement

TREASURER = registry_statement().reviewers[0]


def _reason(envelope: Envelope, least_version: int = 0, now: float = NOW) -> Distrust:
    with pytest.raises(NotTrusted) as caught:
        open_registry(envelope, ROOTS, now, least_version)
    return caught.value.reason


def test_a_registry_says_whose_a_key_is() -> None:
    """A reviewer's or an agent's."""
    known = registry()

    rosa, worker = known.holder(ROSA.public.key_id), known.holder(WORKER.public.key_id)

    assert rosa is not None
    assert worker is not None
    assert (rosa.reviewer, rosa.agent) == (TREASURER, None)
    assert worker.reviewer is None
    assert known.key(LEE.public.key_id) == LEE.public
    assert known.key("ed25519:nobody") is None
    assert known.holder(STRANGER.public.key_id) is None
    assert (known.version, known.signs(scenes.AGENT), known.signs("weather")) == (3, True, False)
    assert known.reviewer("r.mora") == TREASURER
    assert known.reviewer("nobody") is None
    assert [one.id for one in known.with_role("records", "treasury")] == ["r.mora", "l.park"]
    assert [one.id for one in known.with_role("records")] == ["l.park"]


def test_enough_roots_have_to_sign() -> None:
    """Any two of three; one twice is one."""
    statement = registry_statement()
    assert open_registry(sealed_registry(statement, ROOT_2, ROOT_3), ROOTS, NOW).version == 3
    assert _reason(sealed_registry(statement, ROOT_1)) is Distrust.TOO_FEW_ROOTS
    assert _reason(sealed_registry(statement, ROOT_1, ROOT_1)) is Distrust.TOO_FEW_ROOTS
    assert _reason(sealed_registry(statement, ROOT_1, STRANGER)) is Distrust.TOO_FEW_ROOTS
    assert _reason(sealed_registry(statement, STRANGER)) is Distrust.UNKNOWN_KEY
    assert _reason(sealed_registry(statement, ROSA, LEE)) is Distrust.UNKNOWN_KEY


def test_something_else_that_the_roots_signed_is_no_registry() -> None:
    """Each kind of statement is signed as what it is."""
    other = seal(DECISION_TYPE, write_statement(registry_statement()), (ROOT_1, ROOT_2))
    assert _reason(other) is Distrust.WRONG_TYPE


def test_a_registry_cannot_be_rolled_back() -> None:
    """A reviewer who was struck out must not come back with an older list."""
    envelope = sealed_registry(registry_statement())
    assert open_registry(envelope, ROOTS, NOW, least_version=3).version == 3
    assert _reason(envelope, least_version=4) is Distrust.ROLLED_BACK


def test_a_registry_that_nobody_renews_stops_counting() -> None:
    """From its last second on."""
    ends = registry_statement(expires_at="2026-03-02T09:15:05Z")
    assert _reason(sealed_registry(ends)) is Distrust.EXPIRED
    assert open_registry(sealed_registry(ends), ROOTS, NOW - 1).version == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"version": 0},
        {"issued_at": "2026-05-01T00:00:00+00:00"},
        {"issued_at": "2026-04-01T00:00:00+00:00"},
        {"issued_at": "yesterday"},
        {"expires_at": "2026-05-01T00:00:00"},
        {"reviewers": (TREASURER, TREASURER)},
        {"reviewers": (TREASURER, structs.replace(TREASURER, id="other"))},
        {"reviewers": (structs.replace(TREASURER, name=" "),)},
        {"reviewers": (structs.replace(TREASURER, keys=(registered_key(ROOT_3),)),)},
        {"reviewers": (structs.replace(TREASURER, keys=(registered_key(WORKER),)),)},
        {"reviewers": (structs.replace(TREASURER, keys=(registered_key(ROSA, public="AA=="),)),)},
        {
            "reviewers": (
                structs.replace(
                    TREASURER, keys=(registered_key(ROSA, not_after="2025-01-01T00:00:00Z"),)
                ),
            )
        },
        {
            "reviewers": (
                structs.replace(
                    TREASURER, keys=(registered_key(ROSA, not_after="2026-01-01T00:00:00Z"),)
                ),
            )
        },
        {
            "reviewers": (
                structs.replace(TREASURER, keys=(registered_key(ROSA, revoked_at="soon"),)),
            )
        },
        {"agents": registry_statement().agents * 2},
    ],
    ids=str,
)
def test_a_registry_that_contradicts_itself_is_no_registry(changes: dict[str, object]) -> None:
    """However many roots have signed it."""
    assert _reason(sealed_registry(registry_statement(**changes))) is Distrust.MALFORMED


def test_a_key_counts_in_its_time_only() -> None:
    """What it signed before it was revoked still counts, for who looks back."""
    revoked = RegisteredReviewer(
        id="r.mora",
        name="Rosa Mora",
        roles=("treasury",),
        keys=(registered_key(ROSA, revoked_at="2026-03-02T09:15:05Z", reason="lost"),),
    )
    holder = registry(reviewers=(revoked,)).holder(ROSA.public.key_id)
    assert holder is not None

    holder.check_valid(NOW - 1)
    for at, reason in (
        (NOW, Distrust.KEY_REVOKED),
        (NOW - 90 * 86_400, Distrust.KEY_NOT_VALID),
    ):
        with pytest.raises(NotTrusted) as caught:
            holder.check_valid(at)
        assert caught.value.reason is reason
    late = registry().holder(ROSA.public.key_id)
    assert late is not None
    with pytest.raises(NotTrusted):
        late.check_valid(NOW + 365 * 86_400)
