"""From one registry to the next: people come, keys are struck out, nothing is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import structs

from tests.support import scenes
from tests.support.registered import (
    LEE,
    NOW,
    ROOT_1,
    ROOT_2,
    ROOTS,
    ROSA,
    STRANGER,
    WORKER,
    registry_statement,
)
from workers.wire.signing.administering import (
    EnrolmentStatement,
    enrolment,
    first_registry,
    open_enrolment,
    renewed,
    sealed,
    with_enrolled,
    with_revoked,
    with_signature,
    write_envelope,
)
from workers.wire.signing.distrust import Distrust, NotTrusted
from workers.wire.signing.dsse import read_envelope
from workers.wire.signing.keys import to_base64
from workers.wire.signing.registry import RegistryStatement, open_registry

TODAY = datetime.fromtimestamp(NOW, UTC)
MADE_AT = "2026-03-02T09:00:00+00:00"
MINA = EnrolmentStatement(
    id="m.okafor", name="Mina Okafor", public=STRANGER.public.text, made_at=MADE_AT, device="desk-3"
)


def _open(statement: RegistryStatement) -> RegistryStatement:
    envelope = sealed(statement, [ROOT_1, ROOT_2])
    return open_registry(envelope, ROOTS, NOW, statement.version).statement


def test_a_person_is_enrolled_with_a_key_of_their_own() -> None:
    """Made on their device; the request proves that they have it."""
    asked = open_enrolment(
        read_envelope(msgspec.json.decode(write_envelope(enrolment(STRANGER, MINA))))
    )
    empty = first_registry(TODAY)

    following = _open(with_enrolled(_open(empty), asked, ["treasury", "treasury"], TODAY))

    [mina] = following.reviewers
    assert (mina.id, mina.name, mina.roles) == ("m.okafor", "Mina Okafor", ("treasury",))
    assert [(key.public, key.not_before, key.not_after) for key in mina.keys] == [
        (STRANGER.public.text, TODAY.isoformat(), (TODAY + timedelta(days=366)).isoformat())
    ]
    assert (empty.version, following.version) == (1, 2)


def test_a_request_is_signed_with_the_key_it_asks_for() -> None:
    """Nobody can have another's key registered in their own name."""
    stolen = enrolment(STRANGER, MINA)
    forged = structs.replace(stolen, payload=enrolment(LEE, MINA).payload)
    unnamed = enrolment(STRANGER, structs.replace(MINA, name=" "))
    for envelope in (forged, unnamed, structs.replace(stolen, payload=to_base64(b"{}"))):
        with pytest.raises(NotTrusted):
            open_enrolment(envelope)


def test_an_agent_is_enrolled_with_the_key_of_its_workers() -> None:
    """A second worker's key comes beside the first."""
    asked = structs.replace(MINA, id="", name="", agent=scenes.AGENT)
    statement = with_enrolled(
        registry_statement(), open_enrolment(enrolment(STRANGER, asked)), [], TODAY
    )
    other = structs.replace(MINA, agent="weather", public=to_base64(b"k" * 32))

    agents = {
        agent.name: agent for agent in _open(with_enrolled(statement, other, [], TODAY)).agents
    }

    known = [WORKER.public.text, STRANGER.public.text]
    assert [key.public for key in agents[scenes.AGENT].keys] == known
    assert len(agents["weather"].keys) == 1


def test_a_second_key_does_not_make_a_second_person() -> None:
    """Their roles are those of the latest request."""
    asked = structs.replace(MINA, id="r.mora", name="Rosa Mora")
    statement = _open(with_enrolled(registry_statement(), asked, ["records"], TODAY))

    assert len(statement.reviewers) == 2
    rosa = next(one for one in statement.reviewers if one.id == "r.mora")
    assert (len(rosa.keys), rosa.roles) == (2, ("records",))


def test_an_id_is_never_given_to_another_person() -> None:
    """Nor a key."""
    with pytest.raises(NotTrusted) as caught:
        with_enrolled(registry_statement(), structs.replace(MINA, id="r.mora"), ["x"], TODAY)
    assert caught.value.reason is Distrust.WRONG_REVIEWER
    with pytest.raises(NotTrusted):
        with_enrolled(
            registry_statement(), structs.replace(MINA, public=ROSA.public.text), [], TODAY
        )


def test_a_key_is_struck_out_and_stays_in_the_list() -> None:
    """So that what it signed before can still be attributed."""
    one = _open(with_revoked(registry_statement(), "r.mora", "lost", TODAY, ROSA.public.key_id))
    agents = _open(with_revoked(one, scenes.AGENT, "moved", TODAY))

    [rosa, lee] = one.reviewers
    assert rosa.keys[0].revoked_at == TODAY.isoformat()
    assert rosa.keys[0].reason == "lost"
    assert lee.keys[0].revoked_at == ""
    assert agents.agents[0].keys[0].revoked_at
    for name, key_id in (("r.mora", ""), ("nobody", ""), ("l.park", "ed25519:other")):
        with pytest.raises(NotTrusted):
            with_revoked(one, name, "again", TODAY, key_id)


def test_roots_sign_one_after_the_other() -> None:
    """Each on their own machine; twice is once."""
    envelope = sealed(registry_statement(), [ROOT_1])
    both = with_signature(with_signature(envelope, ROOT_2), ROOT_2)
    assert len(both.signatures) == 2
    assert open_registry(both, ROOTS, NOW).version == 3


def test_renewing_changes_the_time_and_nothing_else() -> None:
    """For another thirty days."""
    later = TODAY + timedelta(days=1)
    following = renewed(registry_statement(), later)
    assert following.reviewers == registry_statement().reviewers
    assert following.expires_at == (later + timedelta(days=30)).isoformat()
    assert following.version == 4
