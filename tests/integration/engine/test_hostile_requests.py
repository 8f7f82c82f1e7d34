"""Requests, votes, claims and receipts of whoever can write to a broker: nothing comes of them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from desktop.store.masking import find_hidden
from desktop.store.quorums import edit_awaiting, quorum_standings, votes_missing
from desktop.store.records import DecisionKind, LinkState, Request
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.hostile import Hostile
from tests.support.redis_server import RedisServer
from tests.support.registered import WORKER, registered_key
from tests.support.trusted import LEE_PARK, TrustedFolder
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import Mode, PolicyTerms, QuorumTerms
from workers.wire.codec import encode_event
from workers.wire.dialects import read_interrupt
from workers.wire.events import Event
from workers.wire.signing.registry import RegisteredAgent

EACH = 60
GOOD = "c-good"


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_nothing_hostile_stops_the_console_or_can_be_approved(
    redis_server: RedisServer, redis_url: str, tmp_path: Path, seed: int
) -> None:
    """What nobody signed is never offered for approval, whatever it says; the rest goes on."""
    hostile = Hostile(seed)
    trust = _trust(tmp_path / "trust")
    async with Desk(signer=LEE_PARK, trust=trust.path) as desk:
        await desk.connect(redis_url)
        for number in range(EACH):
            _attack(redis_server, hostile, number)
        _write(redis_server, keys.progress(GOOD), encode_event(_good_request()))

        await await_until(
            lambda: [r for r in desk.store.requests() if _may_approve(desk, r)], "the good request"
        )
        await await_until(lambda: len(desk.store.contexts()) > EACH, "all to be known")

        assert LinkState.CONNECTING not in desk.links[2:]
        assert desk.store.link.state is LinkState.ONLINE
        offered = [r.key.context_id for r in desk.store.requests() if _may_approve(desk, r)]
        assert offered == [GOOD]
        for request in desk.store.requests():
            _read_as_the_card_does(desk, request)


@pytest.mark.parametrize("seed", [1, 2])
async def test_hostile_terms_of_a_real_worker_are_read_at_once_and_send_nothing(
    redis_server: RedisServer, redis_url: str, tmp_path: Path, seed: int
) -> None:
    """Who holds an agent's key may ask for a million signatures; one is never enough for that."""
    hostile = Hostile(seed)
    trust = _trust(tmp_path / "trust")
    async with Desk(signer=LEE_PARK, trust=trust.path) as desk:
        await desk.connect(redis_url)
        for number in range(12):
            request = hostile.request(f"c-{number}", f"call-{number}", WORKER)
            _write(redis_server, keys.progress(f"c-{number}"), request)
        await await_until(lambda: len(desk.store.requests()) == 12, "the requests")

        began = time.process_time()
        for request in desk.store.requests():
            _read_as_the_card_does(desk, request)
        assert time.process_time() - began < 5
        assert desk.store.link.state is LinkState.ONLINE


def _trust(path: Path) -> TrustedFolder:
    """The agent has had its key since before what the scenes say was issued."""
    trust = TrustedFolder(path, scenes.AGENT)
    agent = RegisteredAgent(name=scenes.AGENT, keys=(registered_key(WORKER),))
    trust.write_registry(agents=(agent,))
    return trust


def _attack(server: RedisServer, hostile: Hostile, number: int) -> None:
    context_id, call = f"c-{number}", f"call-{number}"
    data = hostile.request(context_id, call)
    _write(server, keys.progress(context_id), data)
    _write(server, keys.RECEIPTS, hostile.receipt(context_id, call))
    asked = scenes.request(call=call, context_id=context_id).request_id
    for _ in range(3):
        _write(server, keys.votes(context_id, asked), hostile.vote())
    with server.client() as client:
        client.set(keys.claim(context_id, asked), hostile.claim(), ex=60)
        client.expire(keys.votes(context_id, asked), 60)


def _good_request() -> Event:
    return scenes.asks(call="good", context_id=GOOD, mode=Mode.ENFORCE, policy=_terms(), key=WORKER)


def _terms() -> PolicyTerms:
    return PolicyTerms(
        id="payments", version=7, quorums=(QuorumTerms(count=1),), meanings=("approval",)
    )


def _write(server: RedisServer, key: str, data: bytes) -> None:
    with server.client() as client:
        client.xadd(key, {"data": data})


def _may_approve(desk: Desk, request: Request) -> bool:
    refusal = desk.approvals.why_not(request.key, DecisionKind.APPROVE)
    return refusal is None


def _read_as_the_card_does(desk: Desk, request: Request) -> None:
    """Nothing of it raises, whatever was said."""
    quorum_standings(request)
    votes_missing(request)
    edit_awaiting(request)
    masked = request.policy.masked if request.policy else ()
    find_hidden(request.args, masked)
    read_interrupt(request.call.value)
