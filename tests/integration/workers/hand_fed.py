"""A worker without a loop: the test hands it messages one by one, and cuts it off.

The only place where these tests stand in for the inbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool

from tests.integration.workers.office import Office
from workers.runtime.handling import Handler, read_entry
from workers.wire.approvals import Decision, decision_payload
from workers.wire.codec import encode_event
from workers.wire.dialects import PendingCall
from workers.wire.events import AgentCommand, AgentInvocation, Event
from workers.wire.streams.inbox import InboxEntry

CONTEXT = "c-1"


class Desk:
    """A worker without a loop: the test hands it messages, and cuts it off."""

    def __init__(self, office: Office, checkpoints: Path) -> None:
        self._office = office
        self._checkpoints = checkpoints
        self._lives = AsyncExitStack()

    async def worker(
        self,
        *tools: BaseTool,
        experts: Sequence[str] = (),
        **options: Any,  # noqa: ANN401 - see AgentRunner
    ) -> Handler:
        """One life of the worker; its threads outlive it."""
        options.setdefault("checkpoint_url", str(self._checkpoints))
        runner = self._office.describe("demo_agent", tools, experts=experts, **options)
        await runner.create()
        self._lives.push_async_callback(runner.close)
        worker = runner.worker("signoff:test:1:0")
        await worker.open()
        self._lives.push_async_callback(worker.close)
        return worker._handler

    async def close(self) -> None:
        await self._lives.aclose()


def task(text: str, caller: str = "human") -> InboxEntry:
    """A task as it stands in the inbox."""
    body = AgentInvocation(task=text, caller_agent=caller, invocation_id="i-1", context={})
    return InboxEntry("1-0", encode_event(Event(CONTEXT, body)))


def command(call: PendingCall, decision: Decision, entry_id: str = "2-0") -> InboxEntry:
    """A decision as it stands in the inbox."""
    payload = decision_payload(decision)
    body = AgentCommand(type="resume", tool_call_id=call.tool_call_id, payload=payload)
    return InboxEntry(entry_id, encode_event(Event(CONTEXT, body)))


async def handle(handler: Handler, entry: InboxEntry) -> None:
    await handler.handle(entry, read_entry(entry))


async def cut_off(running: asyncio.Task[None]) -> None:
    """End it as a dying process would, at whatever it waits for."""
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
