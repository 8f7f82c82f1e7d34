"""A worker played by hand: it takes what lies in an inbox and says what the test wants.

The only place where tests play a worker. It speaks the wire and nothing else, so that the console
is tested against the protocol and not against our own runtime.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.support import scenes
from workers.wire import keys
from workers.wire.approvals import Outcome, Receipt, Refusal, read_decision, refused
from workers.wire.codec import decode_event, encode_event
from workers.wire.events import AgentCommand, AgentInvocation, Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox, InboxEntry
from workers.wire.streams.progress import ProgressWriter


class HandWorker:
    """Says things as an agent.

    Attributes:
        taken: every event that came out of the inbox, in order.
    """

    def __init__(self, connection: Connection) -> None:
        self.taken: list[Event] = []
        self._connection = connection

    async def say(self, *events: Event) -> None:
        """Put events on their progress streams."""
        for event in events:
            key = keys.progress(event.context_id)
            await self._connection.client.xadd(key, {"data": encode_event(event)})

    async def tell(self, *receipts: Receipt) -> None:
        """Write receipts."""
        writer = ProgressWriter(self._connection)
        for receipt in receipts:
            await writer.receipt(receipt)

    @asynccontextmanager
    async def serving(
        self, answer: Callable[[Event], Awaitable[None]], agent: str = scenes.AGENT
    ) -> AsyncIterator[None]:
        """Let `answer` deal with each event of the agent's inbox, inside the block."""
        inbox = Inbox(self._connection, agent, "signoff:by-hand:1:1")
        await inbox.open()
        task = asyncio.create_task(self._serve(agent, inbox, answer), name="hand worker")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await inbox.close()

    async def _settle(self, agent: str, entry: InboxEntry) -> None:
        client, key = self._connection.client, keys.inbox(agent)
        await client.xack(key, keys.inbox_group(agent), entry.entry_id)
        await client.xdel(key, entry.entry_id)

    async def _serve(
        self, agent: str, inbox: Inbox, answer: Callable[[Event], Awaitable[None]]
    ) -> None:
        while True:
            for entry in await inbox.read(1):
                event = decode_event(entry.data)
                self.taken.append(event)
                await answer(event)
                await self._settle(agent, entry)

    async def obey(self, event: Event) -> None:
        """Apply a decision as our worker does, and echo a task back."""
        match event.body:
            case AgentCommand():
                binding = read_decision(event.body.payload).binding
                assert binding is not None
                told = scenes.receipt(
                    Outcome.APPLIED,
                    call=binding.tool_call_id,
                    decision=binding.decision,
                    nonce=binding.nonce,
                    context_id=event.context_id,
                )
                await self.tell(scenes.with_request(told, binding.request_id))
            case AgentInvocation() as task:
                context_id = event.context_id
                await self.say(
                    scenes.human_says(
                        task.task, context_id=context_id, invocation_id=task.invocation_id
                    ),
                    scenes.agent_says(f"You said: {task.task}", context_id=context_id, finish=True),
                )
            case _:
                raise AssertionError(f"nobody sends {event.body} to an agent")

    async def refuse(self, event: Event) -> None:
        """Refuse a decision as one that does not match."""
        assert isinstance(event.body, AgentCommand)
        binding = read_decision(event.body.payload).binding
        assert binding is not None
        await self.tell(scenes.receipt(refused(Refusal.MISMATCH), nonce=binding.nonce))

    async def obey_like_the_base_package(self, event: Event) -> None:
        """Run the call, whatever it is, and tell no receipt."""
        assert isinstance(event.body, AgentCommand)
        accepted = event.body.payload == {"type": "accept"}
        text = "Paid." if accepted else "User declined to execute this action"
        await self.say(scenes.tool_answers(text, call=event.body.tool_call_id))
