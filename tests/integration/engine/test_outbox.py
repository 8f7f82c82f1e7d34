"""What leaves the console: each order once, and what failed is said where it was asked for."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from desktop import settings
from desktop.actions.ports import SendDecision
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.audit.log import read_entries
from desktop.engine import outbox as outbox_module
from desktop.store.facts import DecisionNotSent
from desktop.store.records import LinkState, RequestState
from tests.support import scenes
from tests.support.desk import Desk
from tests.support.learning import KEY
from tests.support.redis_server import RedisServer
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind, read_decision
from workers.wire.canonical import JSON
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentCommand, AgentInvocation, Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.progress import ProgressWriter


async def _ask(connection: Connection, event: Event) -> None:
    key = keys.progress(event.context_id)
    await connection.client.xadd(key, {"data": encode_event(event)})


async def _sent(connection: Connection, agent: str = scenes.AGENT) -> list[Event]:
    """What lies in the agent's inbox."""
    entries = await connection.client.xrange(keys.inbox(agent))
    return [decode_event(fields[b"data"]) for _, fields in entries]


async def test_a_decision_reaches_the_worker_and_its_receipt_comes_back(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """The whole way round, with the worker played by hand."""
    await _ask(connection, scenes.asks())
    await desk.connect(redis_url)

    nonce = desk.approvals.decide(KEY, DecisionKind.REJECT, "wrong account")

    [event] = await await_until(lambda: _sent(connection), "the decision")
    assert event.context_id == scenes.CONTEXT
    assert isinstance(event.body, AgentCommand)
    decision = read_decision(event.body.payload)
    assert (decision.kind, decision.message) == (DecisionKind.REJECT, "wrong account")
    assert decision.binding is not None
    assert decision.binding.nonce == nonce

    answer = scenes.receipt(decision=DecisionKind.REJECT, nonce=nonce)
    await ProgressWriter(connection).receipt(answer)
    request = await desk.until_state(KEY, RequestState.REJECTED)
    assert request.decided_by == "r.mora"


async def test_a_message_reaches_the_agent_in_the_person_s_name(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """As the base package's clients send it."""
    await desk.connect(redis_url)

    context_id = desk.conversations.start(scenes.AGENT, "pay ACME")

    [event] = await await_until(lambda: _sent(connection), "the message")
    assert event.context_id == context_id
    assert isinstance(event.body, AgentInvocation)
    assert (event.body.task, event.body.caller_agent) == ("pay ACME", "human")
    assert event.body.context == {"user_id": "r.mora", "user_name": "R.Mora"}


async def test_two_desks_that_decide_one_foreign_call_at_once_send_one_order(
    connection: Connection, redis_url: str, tmp_path: Path
) -> None:
    """The base worker would take the second for an answer to its next call."""
    await _ask(connection, scenes.base_asks())
    logs = tmp_path / "one" / "log.sqlite", tmp_path / "other" / "log.sqlite"
    async with (
        Desk("r.mora", audit_log=logs[0]) as one,
        Desk("a.lindqvist", audit_log=logs[1]) as other,
    ):
        await asyncio.gather(one.connect(redis_url), other.connect(redis_url))

        one.approvals.decide(KEY, DecisionKind.APPROVE)
        other.approvals.decide(KEY, DecisionKind.APPROVE)

        desks = (one, other)
        await await_until(
            lambda: (
                sorted(_state(desk) for desk in desks)
                == [RequestState.DECIDED_ELSEWHERE, RequestState.SENDING]
            ),
            "one desk to send and the other to learn of it",
        )
        assert len(await _sent(connection)) == 1

        await _ask(connection, scenes.tool_answers("Paid."))
        await await_until(
            lambda: not any(_is_open(desk) for desk in desks), "both desks to see the end"
        )


async def test_a_foreign_call_stays_decided_for_a_desk_that_comes_later(
    connection: Connection, redis_url: str
) -> None:
    """The first order may still wait in the inbox of a worker that is away."""
    await _ask(connection, scenes.base_asks())
    async with Desk("r.mora") as one:
        await one.connect(redis_url)
        one.approvals.decide(KEY, DecisionKind.APPROVE)
        await await_until(lambda: _sent(connection), "the decision")

    async with Desk("a.lindqvist") as other:
        await other.connect(redis_url)
        other.approvals.decide(KEY, DecisionKind.APPROVE)
        request = await other.until_state(KEY, RequestState.DECIDED_ELSEWHERE)

    assert "decided before" in request.notice
    assert len(await _sent(connection)) == 1


async def test_an_order_without_a_broker_is_told_as_not_sent(desk: Desk) -> None:
    """It is neither kept nor lost in silence."""
    record = happened(AuditKind.DECISION, person="r.mora")
    payload: JSON = {"type": "accept"}
    desk.engine.post(SendDecision(KEY, scenes.AGENT, scenes.CALL, payload, scenes.NONCE, record))

    await await_until(
        lambda: [fact for fact in desk.facts if isinstance(fact, DecisionNotSent)],
        "the failure to be told",
    )


async def test_an_order_that_meets_a_dead_broker_comes_back(
    desk: Desk, own_redis: RedisServer
) -> None:
    """The row waits again, with the reason; the words of a message stay, marked as not sent."""
    async with Connection(own_redis.url) as connection:
        await _ask(connection, scenes.asks())
    await desk.connect(own_redis.url)

    own_redis.kill()
    desk.approvals.decide(KEY, DecisionKind.APPROVE)
    context_id = desk.conversations.start(scenes.AGENT, "pay ACME")

    request = await desk.until_state(KEY, RequestState.WAITING)
    assert "does not answer" in request.notice
    await await_until(lambda: desk.store.entries(context_id)[0].failed, "the message to come back")
    assert "Not sent" in desk.store.entries(context_id)[0].note
    await desk.until_link(LinkState.CONNECTING)


async def test_an_inbox_that_takes_nothing_is_told(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Somebody put something else under its key; a foreign call is free to be decided later."""
    await connection.client.set(keys.inbox(scenes.AGENT), "not a stream")
    await _ask(connection, scenes.base_asks())
    await desk.connect(redis_url)

    desk.approvals.decide(KEY, DecisionKind.APPROVE)
    await await_until(lambda: "WRONGTYPE" in _notice(desk), "the reason")
    await connection.client.delete(keys.inbox(scenes.AGENT))
    desk.approvals.decide(KEY, DecisionKind.APPROVE)

    await await_until(lambda: _sent(connection), "the decision")


async def test_what_nobody_expected_does_not_leave_a_row_sending(
    desk: Desk, connection: Connection, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of our own comes back like any other failure."""
    await _ask(connection, scenes.asks())
    await desk.connect(redis_url)

    async def stumble(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(outbox_module, "send", stumble)
    desk.approvals.decide(KEY, DecisionKind.APPROVE)

    request = await desk.until_state(KEY, RequestState.WAITING)
    assert "Signoff made a mistake" in request.notice


def _state(desk: Desk) -> RequestState:
    request = desk.store.request(KEY)
    assert request is not None
    return request.state


def _notice(desk: Desk) -> str:
    request = desk.store.request(KEY)
    assert request is not None
    return request.notice


def _is_open(desk: Desk) -> bool:
    request = desk.store.request(KEY)
    return request is not None and request.is_open


def _recorded() -> list[AuditEntry]:
    return [kept.entry for kept in read_entries(settings.audit_log(), 100)]


async def test_a_decision_is_on_the_disk_before_it_leaves(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Who, about which call, what; the reason only as its digest."""
    await _ask(connection, scenes.asks())
    await desk.connect(redis_url)

    nonce = desk.approvals.decide(KEY, DecisionKind.REJECT, "Patient Jane Roe has moved")
    await await_until(lambda: _sent(connection), "the decision")

    await await_until(lambda: len(_recorded()) == 2, "both entries")
    entry, sent = _recorded()
    assert (sent.kind, sent.nonce) == (AuditKind.DECISION_SENT, nonce)
    assert (entry.kind, entry.decision, entry.nonce) == (AuditKind.DECISION, "reject", nonce)
    assert (entry.actor.id, entry.actor.name) == ("r.mora", "R.Mora")
    assert (entry.context_id, entry.tool_call_id) == (scenes.CONTEXT, scenes.CALL)
    assert (entry.action, entry.args_digest) == (scenes.ACTION, scenes.request().args_digest)
    assert entry.comment_digest.startswith("sha-256:")
    assert "Jane" not in str(entry)


def _kept_outside() -> list[str]:
    """What was noted where the log could not be; it is taken away."""
    found = list(Path(tempfile.gettempdir()).glob("signoff-*-emergency.jsonl"))
    texts = [path.read_text() for path in found]
    for path in found:
        path.unlink()
    return texts


async def test_what_cannot_be_recorded_is_not_approved(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Rejecting still works: it stops a call, and needs no paper for that."""
    settings.audit_log().parent.parent.mkdir(parents=True, exist_ok=True)
    settings.audit_log().parent.write_text("in the way")
    await _ask(connection, scenes.asks())
    await desk.connect(redis_url)

    desk.approvals.decide(KEY, DecisionKind.APPROVE)
    request = await desk.until_state(KEY, RequestState.WAITING)

    assert "audit log cannot be written" in request.notice
    assert "Rejecting still works" in request.notice
    assert await _sent(connection) == []
    desk.approvals.decide(KEY, DecisionKind.REJECT)
    await await_until(lambda: _sent(connection), "the rejection")
    [noted] = _kept_outside()
    assert '"decision":"reject"' in noted


async def test_a_recorded_decision_that_did_not_leave_says_so(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Otherwise a review would look for its receipt for ever."""
    await connection.client.set(keys.inbox(scenes.AGENT), "not a stream")
    await _ask(connection, scenes.asks())
    await desk.connect(redis_url)

    nonce = desk.approvals.decide(KEY, DecisionKind.APPROVE)
    await await_until(lambda: len(_recorded()) == 2, "both entries")

    sent, not_sent = _recorded()
    assert (sent.kind, not_sent.kind) == (AuditKind.DECISION, AuditKind.DECISION_NOT_SENT)
    assert (sent.nonce, not_sent.nonce) == (nonce, nonce)
    assert "WRONGTYPE" in not_sent.outcome
