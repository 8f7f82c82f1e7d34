"""Tasks given to agents that do not answer when they fail, as those of the base package.

The only place of a worker that reads what other agents tell. A base worker whose run fails says so
in the conversation and sends no response: whoever gave it the task would wait for ever. Its words
become the response it owes, put into our own inbox and handled like any other; one that nobody
waits for is dropped there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from workers.runtime.ports import PendingDelegation
from workers.wire import keys
from workers.wire.codec import decode_event
from workers.wire.errors import BrokerError, DecodeError
from workers.wire.events import AgentProgress, AgentResponse, Event
from workers.wire.messages import read_message
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.reader import Reader, StreamEntry

LOOK_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Unanswered:
    """The tasks that one agent has given to others and has no answer to."""

    def __init__(self, agent: str, connection: Connection) -> None:
        self._agent = agent
        self._connection = connection
        self._reader = Reader(connection)
        self._tasks: dict[str, Sequence[PendingDelegation]] = {}
        self._positions: dict[str, str] = {}

    def expect(self, context_id: str, tasks: Sequence[PendingDelegation]) -> None:
        """Say which tasks a context waits for now; none when it waits for nothing."""
        if tasks:
            self._tasks[context_id] = tasks
        else:
            self._tasks.pop(context_id, None)
            self._positions.pop(keys.progress(context_id), None)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with suppress(BrokerError):  # looked at again when the broker is back
                await self.look()

    async def look(self) -> None:
        """Look once for tasks that have failed at workers that will not answer.

        Raises:
            BrokerError: the broker cannot be used.
        """
        if not self._tasks:
            return
        # A Signoff worker answers, and may go on after an error because a person has to decide.
        answering = {name for worker in await self._reader.workers() for name in worker.agents}
        silent = {
            context_id: [task for task in tasks if task.agent not in answering]
            for context_id, tasks in self._tasks.items()
        }
        streams = {keys.progress(context_id): context_id for context_id in silent}
        positions = {
            key: self._positions.get(key, "0-0") for key in streams if silent[streams[key]]
        }
        for key, entries in (await self._reader.after(positions)).items():
            context_id = streams[key]
            for task in silent[context_id]:
                await self._answer(context_id, task, self._complaint(task, entries))
            self._positions[key] = entries[-1].entry_id

    def _complaint(self, task: PendingDelegation, entries: Sequence[StreamEntry]) -> str:
        """How the agent said that it failed at a task; empty if it did not."""
        found = ""
        for entry in entries:
            progress = _read(entry)
            if progress is None:
                continue
            message = read_message(progress.message)
            if isinstance(message, str):
                is_about = progress.invocation_id == task.tool_call_id
                if is_about and progress.callee_agent == task.agent:
                    found = message
            elif progress.callee_agent == self._agent and any(
                call.id == task.tool_call_id for call in message.tool_calls
            ):
                found = ""  # here the task was given; models use an id again in a later turn
        return found

    async def _answer(self, context_id: str, task: PendingDelegation, complaint: str) -> None:
        if not complaint:
            return
        _log.warning(
            "answering for an agent that failed and said no more",
            agent=self._agent,
            context_id=context_id,
            failed=task.agent,
        )
        response = AgentResponse(invocation_id=task.tool_call_id, content=complaint)
        await send(self._connection, self._agent, Event(context_id, response))


def _read(entry: StreamEntry) -> AgentProgress | None:
    try:
        body = decode_event(entry.data).body
    except DecodeError:
        return None
    return body if isinstance(body, AgentProgress) else None
