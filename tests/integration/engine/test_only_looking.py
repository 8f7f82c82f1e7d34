"""A console that only looks is quiet down to the broker: nothing leaves it by any way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from desktop import settings
from desktop.audit.log import Outgoing
from desktop.store.facts import DecisionNotSent, HaltSaid, MessageNotSent, RepairNotDone
from desktop.store.health import Repair, RepairKey
from tests.support import scenes
from tests.support.audited import FakeKeyring, decided
from tests.support.desk import Desk
from tests.support.learning import KEY
from tests.support.recording import recording
from tests.support.waiting import await_until
from workers.wire import keys
from workers.wire.approvals import DecisionKind
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentCommand, Event
from workers.wire.streams.connection import Connection

INBOX = keys.inbox(scenes.AGENT)
_ANSWER = AgentCommand(type="resume", tool_call_id=scenes.CALL, payload={"type": "reject"})
REFUSED = Event(scenes.CONTEXT, _ANSWER)


async def _everything(connection: Connection) -> list[tuple[bytes, bytes]]:
    names = sorted(await connection.client.keys())
    return [(name, await connection.client.dump(name)) for name in names]


@pytest.fixture
async def desk_after_crash(connection: Connection) -> AsyncIterator[Desk]:
    """A console that ended between the record of a rejection and the broker, and starts again."""
    keyring = FakeKeyring()
    asked = {"data": encode_event(scenes.asks())}
    await connection.client.xadd(keys.progress(scenes.CONTEXT), asked)
    entry = decided(1, context_id=scenes.CONTEXT, tool_call_id=scenes.CALL, decision="reject")
    async with recording(settings.audit_log(), keyring) as recorder:
        await recorder.decided(entry, None, Outgoing(INBOX, encode_event(REFUSED)))
    async with Desk(keyring=keyring) as desk:
        yield desk


async def test_a_rejection_that_a_crash_left_waits_until_it_may_leave(
    desk_after_crash: Desk, connection: Connection, redis_url: str
) -> None:
    """Connecting sends nothing, the card says why, and it leaves when the mode is turned off."""
    desk = desk_after_crash
    desk.engine.only_read(wanted=True)
    before = await _everything(connection)
    await desk.connect(redis_url)

    request = await desk.until(KEY, lambda one: bool(one.notice), "the card to say so")
    assert request.is_open
    assert "this console is read-only" in request.notice
    assert await _everything(connection) == before

    desk.engine.only_read(wanted=False)

    inbox = await await_until(lambda: connection.client.xrange(INBOX), "the rejection to leave")
    [(_, fields)] = inbox
    assert decode_event(fields[b"data"]) == REFUSED


async def test_the_engine_refuses_every_order_that_writes(
    desk: Desk, connection: Connection, redis_url: str
) -> None:
    """Also where nobody before it did: the window's guard is not the only one."""
    asked = {"data": encode_event(scenes.asks())}
    await connection.client.xadd(keys.progress(scenes.CONTEXT), asked)
    await connection.client.xadd(INBOX, {"data": b"{}"})
    await desk.connect(redis_url)
    await desk.until(KEY, lambda one: one.is_open, "the request")
    before = await _everything(connection)
    desk.engine.only_read(wanted=True)
    assert not desk.store.read_only, "the actions know nothing of it"

    desk.approvals.decide(KEY, DecisionKind.REJECT)
    desk.conversations.say(scenes.CONTEXT, scenes.AGENT, "go on")
    desk.repairs.discard(scenes.AGENT, "1-0")
    desk.halts.say("all", "stop")
    desk.approvals.looking.opened(KEY)

    def refused() -> set[str]:
        kinds = (DecisionNotSent, MessageNotSent, RepairNotDone)
        titles = {type(one).__name__: one.title for one in desk.facts if isinstance(one, kinds)}
        halts = [one.state.title for one in desk.facts if isinstance(one, HaltSaid)]
        halts = [title for title in halts if title]  # first it is said that it is on its way
        assert all("read-only" in title for title in [*titles.values(), *halts])
        return {*titles, *(["HaltSaid"] if halts else [])}

    await await_until(lambda: len(refused()) == 4, "four refusals")
    assert RepairKey(Repair.DISCARD, scenes.AGENT, "1-0") in desk.store.monitor.repairs
    assert await _everything(connection) == before
