"""One agent served: its inbox is read, each message handled, and nothing ends the loop but a stop.

The only place that decides what happens when the broker goes away or a handler fails: a lost
connection is waited out, an entry that cannot be read or handled goes to quarantine.
"""

from __future__ import annotations

import asyncio
import traceback
from contextlib import suppress
from dataclasses import dataclass

import structlog

from workers.runtime.approvals import DecisionDesk
from workers.runtime.handling import Handler, read_entry
from workers.runtime.ports import AgentPort
from workers.runtime.queues import ContextQueues
from workers.runtime.runs import Runs
from workers.runtime.unanswered import Unanswered
from workers.wire.approvals import Mode
from workers.wire.errors import BadName, BrokerError, BrokerUnreachable, DecodeError
from workers.wire.events import Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import Inbox, InboxEntry
from workers.wire.streams.progress import ProgressWriter

#: How many messages may be read ahead of those being handled.
READ_AHEAD = 200
_READ_AT_ONCE = 50
_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """An inbox entry, read."""

    entry: InboxEntry
    event: Event


class Worker:
    """Serves one agent.

    Attributes:
        agent: whom it serves.
        mode: what it demands of a decision.
    """

    def __init__(self, agent: AgentPort, connection: Connection, mode: Mode, consumer: str) -> None:
        writer = ProgressWriter(connection)
        self.agent = agent
        self.mode = mode
        self.connection = connection
        self._inbox = Inbox(connection, agent.name, consumer)
        self._unanswered = Unanswered(agent.name, connection)
        runs = Runs(agent, connection, writer, self._unanswered)
        desk = DecisionDesk(agent, writer, mode)
        self._handler = Handler(agent, self._inbox, writer, runs, desk)
        self._queues = ContextQueues[Message](agent.name, self._work)
        self._taken: set[str] = set()
        self._stop = asyncio.Event()

    @property
    def running(self) -> int:
        """How many contexts are being worked on now."""
        return self._queues.running

    async def open(self) -> None:
        """Make sure that the inbox exists; from here on it is listened to.

        Raises:
            BrokerError: the broker does not answer, or does not permit it.
        """
        await self._inbox.open()

    async def serve(self, stop: asyncio.Event) -> None:
        """Read and handle messages until `stop` is set, then finish what has been begun."""
        name = self.agent.name
        beside = [
            asyncio.create_task(self._wake(stop), name=f"stop of {name}"),
            asyncio.create_task(self._unanswered.run(), name=f"unanswered tasks of {name}"),
        ]
        try:
            await self._read_on(stop)
            self._stop.set()
            await self._queues.drained()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def close(self) -> None:
        """Leave the group and let the inbox go. What still runs is cancelled."""
        self._stop.set()
        await self._queues.cancel()
        try:
            await self._inbox.leave()
        except BrokerError as error:
            _log.warning("could not leave", agent=self.agent.name, reason=error.title)
        await self._inbox.close()

    async def _read_on(self, stop: asyncio.Event) -> None:
        pause = _PAUSE_SECONDS
        was_lost = False
        while not stop.is_set():
            try:
                if was_lost:
                    await self._inbox.open()
                    await self._take(await self._inbox.read_own())
                    _log.info("broker is back", agent=self.agent.name)
                    was_lost, pause = False, _PAUSE_SECONDS
                await self._take(await self._inbox.read(_READ_AT_ONCE))
            except BrokerError as error:
                if not was_lost:
                    _log.warning("broker lost", agent=self.agent.name, reason=error.title)
                was_lost = True
                await _pause(stop, pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            while self._queues.waiting >= READ_AHEAD and not stop.is_set():
                await _pause(stop, _PAUSE_SECONDS)

    async def _wake(self, stop: asyncio.Event) -> None:
        await stop.wait()
        with suppress(BrokerError):
            await self._inbox.wake()

    async def _take(self, entries: list[InboxEntry]) -> None:
        for entry in entries:
            if entry.entry_id in self._taken:
                continue
            try:
                event = read_entry(entry)
            except (DecodeError, BadName) as error:
                await self._put_aside(entry, error)
                continue
            self._taken.add(entry.entry_id)
            self._queues.put(event.context_id, Message(entry, event))

    async def _put_aside(self, entry: InboxEntry, error: DecodeError | BadName) -> None:
        reason = error.reason if isinstance(error, DecodeError) else "bad_name"
        _log.warning(
            "entry quarantined", agent=self.agent.name, entry_id=entry.entry_id, reason=reason
        )
        await self._inbox.quarantine(entry, reason, error.title)

    async def _work(self, context_id: str, message: Message) -> None:
        """Handle a message, and then what was parked, if that made the context free."""
        is_done = await self._handle(message)
        while is_done and not self._stop.is_set():
            try:
                parked = await self._handler.next_parked(context_id)
            except BrokerError:
                return  # it stays parked; the context's next message brings it up again
            if parked is None:
                return
            is_done = await self._handle(Message(*parked))

    async def _handle(self, message: Message) -> bool:
        """Handle one message, whatever happens. False: it is still to be done."""
        entry, pause = message.entry, _PAUSE_SECONDS
        while True:
            try:
                await self._handler.handle(entry, message.event)
                break
            except BrokerUnreachable as error:
                if self._stop.is_set():
                    return False
                _log.warning("waiting for the broker", agent=self.agent.name, reason=error.title)
                await _pause(self._stop, pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            except Exception as error:  # noqa: BLE001 - the door for errors in background work
                if not await self._give_up(message, error):
                    return False
                break
        self._taken.discard(entry.entry_id)
        return True

    async def _give_up(self, message: Message, error: Exception) -> bool:
        """Put a message aside that cannot be handled. False: not even that was possible."""
        # The text of an error may hold what a message says; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(
            "message failed",
            agent=self.agent.name,
            context_id=message.event.context_id,
            error=type(error).__name__,
            place=f"{place.filename}:{place.lineno}",
        )
        reason = f"The worker failed with {type(error).__name__}."
        try:
            await self._handler.give_up(message.entry, message.event, reason)
        except BrokerError as refusal:
            _log.error("could not put it aside", agent=self.agent.name, reason=refusal.title)
            return False
        return True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond the stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
