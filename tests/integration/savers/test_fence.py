"""A worker that was frozen past its lease writes nothing, wherever it was frozen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, empty_checkpoint

from workers.agents import fencing
from workers.agents.checkpoints import open_checkpoints
from workers.agents.fencing import FencedSaver
from workers.agents.savers.sqlite import IN_MEMORY
from workers.runtime.inbox import LeasedInbox, Taken
from workers.runtime.leases import Keeper, Lease, confirm_lease, working_under
from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.errors import LeaseLost
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import InboxEntry

AGENT, CONTEXT = "treasury_agent", "c-1"
CONFIG: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


@dataclass
class Fleet:
    """Two workers of one agent over one store, each with savers of its own.

    Attributes:
        frozen: what the first worker does is held up, right after the broker has said yes to it.
        asked: the broker was asked.
    """

    connection: Connection
    savers: tuple[FencedSaver, FencedSaver]
    keepers: tuple[Keeper, Keeper]
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    thawed: asyncio.Event = field(default_factory=asyncio.Event)

    async def lease(self, worker: int, token: int, starts: int = 1) -> Lease:
        """What the broker gives a worker that takes the context."""
        keeper = self.keepers[worker]
        holder = f"{keeper.inbox.consumer}|{token}"
        await self.connection.client.hset(keys.run(AGENT), CONTEXT, holder)
        entry = InboxEntry("1-0", b"", starts)
        return Lease(Taken(CONTEXT.encode(), token, entry), keeper)

    async def freeze_after_asking(self) -> None:
        """Ask, and then be frozen until thawed."""
        await confirm_lease()
        self.asked.set()
        await self.thawed.wait()


@pytest.fixture
async def fleet(redis_url: str, store: str) -> AsyncIterator[Fleet]:
    """Two workers; in memory there is but one store, and so they share it."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(Connection(redis_url))
        first = await stack.enter_async_context(open_checkpoints(store))
        second = (
            first
            if store == IN_MEMORY
            else await stack.enter_async_context(open_checkpoints(store))
        )
        keepers = []
        for name in ("a", "b"):
            inbox = LeasedInbox(connection, AGENT, f"signoff:{name}:1:0", Pace())
            keeper = Keeper(inbox, redis_url, Pace(), lambda *_: None, lambda: None)
            await keeper.start()
            stack.push_async_callback(keeper.stop)
            keepers.append(keeper)
        savers = (FencedSaver(first), FencedSaver(second))
        yield Fleet(connection, savers, (keepers[0], keepers[1]))
        await connection.client.delete(keys.run(AGENT))


async def newest(saver: BaseCheckpointSaver[str]) -> tuple[str, list[object]]:
    """The id of the newest checkpoint, and what was written on it."""
    found = await saver.aget_tuple(CONFIG)
    assert found is not None
    return found.checkpoint["id"], [value for _task, _channel, value in found.pending_writes or []]


async def begun(fleet: Fleet, lease: Lease) -> Checkpoint:
    """A checkpoint that the first worker wrote while it held the context."""
    checkpoint = empty_checkpoint()
    with working_under(lease):
        await fleet.savers[0].aput(CONFIG, checkpoint, {}, {})
    return checkpoint


@pytest.mark.parametrize("what", ["checkpoint", "writes"])
async def test_frozen_between_asking_and_writing_it_writes_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The broker said yes; before the write another took over and read what it goes on from."""
    lease = await fleet.lease(0, token=7)
    checkpoint = await begun(fleet, lease)
    parent: RunnableConfig = {
        "configurable": {**CONFIG["configurable"], "checkpoint_id": checkpoint["id"]}
    }
    monkeypatch.setattr(fencing, "confirm_lease", fleet.freeze_after_asking)
    with working_under(lease):
        saver = fleet.savers[0]
        late = (
            saver.aput(parent, empty_checkpoint(), {}, {})
            if what == "checkpoint"
            else saver.aput_writes(parent, [("messages", "late")], "task")
        )
        writing = asyncio.create_task(late)  # type: ignore[arg-type]
        await fleet.asked.wait()
    monkeypatch.setattr(fencing, "confirm_lease", confirm_lease)

    with working_under(await fleet.lease(1, token=8, starts=2)):
        assert await newest(fleet.savers[1]) == (checkpoint["id"], [])
        fleet.thawed.set()
        with pytest.raises(LeaseLost):
            await writing
        await fleet.savers[1].aput_writes(parent, [("messages", "mine")], "task")

        assert await newest(fleet.savers[1]) == (checkpoint["id"], ["mine"])


async def test_what_comes_first_is_seen_by_whoever_takes_over(fleet: Fleet) -> None:
    """A late write before the other has read is no loss: it goes on from there."""
    lease = await fleet.lease(0, token=7)
    checkpoint = await begun(fleet, lease)

    with working_under(await fleet.lease(1, token=8, starts=2)):
        assert await newest(fleet.savers[1]) == (checkpoint["id"], [])


async def test_whoever_took_over_can_be_taken_over_from(fleet: Fleet) -> None:
    """Back and forth; each time only the newest may write, and deleting is writing, too."""
    first = await fleet.lease(0, token=7)
    await begun(fleet, first)
    second = await fleet.lease(1, token=8, starts=2)
    with working_under(second):
        await newest(fleet.savers[1])
    third = await fleet.lease(0, token=9, starts=3)
    with working_under(third):
        await newest(fleet.savers[0])
        await begun(fleet, third)

    for stale in (first, second):
        with working_under(stale), pytest.raises(LeaseLost):
            # Past the broker, which would have said no.
            await fleet.savers[1]._saver.adelete_thread("t")
    assert await newest(fleet.savers[1])


async def test_contexts_do_not_fence_each_other(fleet: Fleet) -> None:
    """Tokens of an agent grow over all its contexts; each context has its own."""
    await fleet.lease(0, token=7)
    other = Lease(Taken(b"c-2", 3, InboxEntry("1-0", b"")), fleet.keepers[0])
    await fleet.connection.client.hset(keys.run(AGENT), "c-2", "signoff:a:1:0|3")

    await begun(fleet, await fleet.lease(0, token=7))

    await begun(fleet, other)
