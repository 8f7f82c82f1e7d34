"""One agent served: each message of its inbox is handled, and nothing ends that but a stop.

The only place that decides what becomes of a message that cannot be handled: it is tried again
when that may help, and put in quarantine with the reason when it does not.
"""

from __future__ import annotations

import asyncio
import traceback

import structlog

from workers.runtime.approvals import DecisionDesk
from workers.runtime.dispatch import Dispatcher
from workers.runtime.handling import Handler, read_entry
from workers.runtime.inbox import Taken, Verb, Verdict
from workers.runtime.judging import Judge
from workers.runtime.metering import Meter
from workers.runtime.pace import Pace
from workers.runtime.policy_news import PolicyNews
from workers.runtime.ports import AgentPort, RunFailed, RunStopped
from workers.runtime.runs import Runs
from workers.runtime.unanswered import Unanswered
from workers.wire.errors import BadName, BrokerError, BrokerUnreachable, DecodeError, LeaseLost
from workers.wire.events import Event
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import InboxEntry
from workers.wire.streams.progress import ProgressWriter
from workers.wire.usage import AgentUsage

_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class Worker:
    """Serves one agent.

    Attributes:
        agent: whom it serves.
        judge: what it demands of a decision.
        policy_news: has what waits told again when the policy changes.
    """

    def __init__(
        self,
        agent: AgentPort,
        connection: Connection,
        judge: Judge,
        consumer: str,
        pace: Pace | None = None,
        meter: Meter | None = None,
    ) -> None:
        """Set it up.

        Args:
            meter: where the agent counts what it does, and we what became of it.
        """
        self.agent = agent
        self.judge = judge
        self.connection = connection
        self.policy_news = PolicyNews(agent.name, connection, judge)
        self._pace = pace or Pace()
        self._meter = meter or Meter()
        self._unanswered = Unanswered(agent.name, connection)
        writer = ProgressWriter(connection)
        self._dispatcher = Dispatcher(connection, agent.name, consumer, self._pace, self._handle)
        runs = Runs(agent, connection, writer, self._unanswered, self._meter)
        desk = DecisionDesk(agent, writer, judge)
        self._handler = Handler(agent, self._dispatcher.inbox, writer, runs, desk, self._pace)

    @property
    def running(self) -> int:
        """How many contexts are being worked on now."""
        return self._dispatcher.running

    @property
    def usage(self) -> AgentUsage:
        """What was done so far, and how much is being done."""
        return self._meter.usage(self.running, self._pace.slots)

    async def open(self) -> None:
        """Make sure that the inbox exists; from here on it is listened to.

        Raises:
            BrokerError: the broker does not answer, or does not permit it.
        """
        await self._dispatcher.open()

    async def serve(self, stop: asyncio.Event) -> None:
        """Handle messages until `stop` is set, then end after the steps that are being done."""
        name = self.agent.name
        beside = [
            asyncio.create_task(self._drain(stop), name=f"drain of {name}"),
            asyncio.create_task(self._unanswered.run(), name=f"unanswered tasks of {name}"),
        ]
        try:
            await self._dispatcher.serve(stop)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def close(self) -> None:
        """Leave the group and let the inbox go. What still runs is cancelled."""
        await self._dispatcher.close()

    async def _drain(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.agent.drain()

    async def _handle(self, taken: Taken) -> Verdict:
        """Handle one entry, whatever happens.

        Raises:
            LeaseLost: the context is not ours any more.
        """
        entry = taken.entry
        try:
            event = read_entry(entry)
        except (DecodeError, BadName) as error:
            reason = error.reason if isinstance(error, DecodeError) else "bad_name"
            return self._quarantined(entry, reason, error.title)
        if event.context_id.encode() != taken.context:
            # Two parsers read two contexts in it: somebody wants it to run out of turn.
            return self._quarantined(entry, "ambiguous", "An entry names two contexts.")
        if entry.starts > self._pace.most_starts:
            why = f"It was started {self._pace.most_starts} times and never came to an end."
            return await self._give_up(entry, event, "too_many_starts", why)
        return await self._try(entry, event)

    async def _try(self, entry: InboxEntry, event: Event) -> Verdict:
        """Handle a message; a broker that is away is waited for as long as our lease holds."""
        pause = _PAUSE_SECONDS
        while True:
            try:
                return await self._handler.handle(entry, event)
            except LeaseLost:
                raise
            except BrokerUnreachable as error:
                _log.warning("waiting for the broker", agent=self.agent.name, reason=error.title)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            except RunStopped:
                return Verdict(Verb.RELEASE)
            except RunFailed as failure:
                return await self._failed(entry, event, failure)
            except Exception as error:  # noqa: BLE001 - the door for errors in background work
                self._meter.run_ended(failed=True)
                self._note_failure(event, error)
                reason = f"The worker failed with {type(error).__name__}."
                return await self._give_up(entry, event, "failed", reason)

    async def _give_up(self, entry: InboxEntry, event: Event, reason: str, error: str) -> Verdict:
        """Put a message in quarantine, and tell whoever waits for it."""
        try:
            await self._handler.give_up(entry, event, error)
        except LeaseLost:
            raise
        except BrokerError as refusal:
            _log.error("could not tell that it failed", agent=self.agent.name, why=refusal.title)
        return self._quarantined(entry, reason, error)

    def _quarantined(self, entry: InboxEntry, reason: str, error: str) -> Verdict:
        _log.warning(
            "entry quarantined", agent=self.agent.name, entry_id=entry.entry_id, reason=reason
        )
        # Whether the context waits is not known; what is parked finds out by itself.
        return Verdict(Verb.DEAD, frees=True, reason=reason, error=error)

    async def _failed(self, entry: InboxEntry, event: Event, failure: RunFailed) -> Verdict:
        """A failure that may pass: try again in a while, but not for ever."""
        if failure.is_told:
            return self._quarantined(entry, "failed", failure.title)
        if not failure.is_transient or entry.starts >= self._pace.most_starts:
            return await self._give_up(entry, event, "failed", str(failure))
        delay = self._pace.retry_seconds(entry.starts, failure.retry_after_seconds)
        _log.warning(
            "run failed, tried again",
            agent=self.agent.name,
            context_id=event.context_id,
            reason=failure.kind,
            in_seconds=round(delay, 1),
        )
        return Verdict(Verb.RETRY, delay_seconds=delay)

    def _note_failure(self, event: Event, error: Exception) -> None:
        # The text of an error may hold what a message says; its kind and place do not.
        place = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(
            "message failed",
            agent=self.agent.name,
            context_id=event.context_id,
            error=type(error).__name__,
            place=f"{place.filename}:{place.lineno}",
        )
