"""A quarrel: real agents ask, people who do not agree decide at once, and what ran is counted.

The only place that says what must hold afterwards: of each request exactly one decision counts,
every other one is refused with a reason, and what ran is what the winner decided, once. The agents
may be killed, frozen and cut off meanwhile as in any storm.
"""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field

from tests.chaos.deciders import Decider, Word, late_word, words_on
from tests.chaos.office import AGENTS, Book
from tests.chaos.ruling import (
    Asked,
    Ruling,
    Transcript,
    rule_on_decisions,
    rule_on_ledger,
    rule_on_order,
    take_in,
)
from tests.chaos.storm import Storm
from workers.wire import keys
from workers.wire.approvals import Receipt
from workers.wire.codec import decode_struct
from workers.wire.errors import BrokerError
from workers.wire.events import AgentInvocation, Event
from workers.wire.ids import HUMAN, new_invocation_id
from workers.wire.streams.connection import Connection
from workers.wire.streams.inbox import send
from workers.wire.streams.reader import Reader

_POLL_SECONDS = 0.03
_DECIDERS = 8
_AT_ONCE = 12
_LATE = 0.25


@dataclass
class Quarrel(Storm):
    """One quarrel over one broker. `plan.messages` tasks go to real agents.

    Attributes:
        console_url: as whom people connect, when they are not to be the broker's administrator.
    """

    console_url: str = ""
    outcome: Ruling = field(default_factory=Ruling)

    def __post_init__(self) -> None:
        self._transcripts: dict[str, Transcript] = {}
        self._receipts: list[Receipt] = []
        self._newest_receipt = "0-0"

    @property
    def progress(self) -> str:
        """See `Storm.progress`."""
        return f"{self._done} tasks answered"

    @property
    def _done(self) -> int:
        return sum(len(one.answers) for one in self._transcripts.values())

    def _spawn(self) -> subprocess.Popen[bytes]:
        url, folder = self.worker_url or self.server.url, str(self.server.folder)
        command = [sys.executable, "-m", "tests.chaos.office", url, folder]
        return self._start(command, {"SIGNOFF_HOME": folder})

    async def _send(self) -> None:
        """Let people give tasks and decide until every task has its answer."""
        plan, url = self.plan, self.console_url or self.server.url
        each = -(-plan.messages // plan.contexts)
        slots = asyncio.Semaphore(_AT_ONCE)
        async with AsyncExitStack() as opened:
            self._deciders = [
                await opened.enter_async_context(aclosing(Decider(url))) for _ in range(_DECIDERS)
            ]
            self._connection = Connection(url)
            opened.push_async_callback(self._connection.close)
            self._reader = Reader(self._connection)
            collecting = asyncio.create_task(self._collect(), name="receipts")
            try:
                async with asyncio.TaskGroup() as tasks:
                    for number in range(plan.contexts):
                        tasks.create_task(self._converse(slots, f"c-{number}", each))
            finally:
                collecting.cancel()
                await asyncio.gather(collecting, return_exceptions=True)

    async def _collect(self) -> None:
        """Keep receipts while they come; the stream forgets old ones."""
        while True:
            with suppress(BrokerError):
                await self._collect_new(self._reader)
            await asyncio.sleep(_POLL_SECONDS)

    async def _collect_new(self, reader: Reader) -> None:
        found = await reader.after({keys.RECEIPTS: self._newest_receipt})
        for entry in found.get(keys.RECEIPTS, []):
            self._newest_receipt = entry.entry_id
            self._receipts.append(decode_struct(entry.data, Receipt))

    async def _converse(self, slots: asyncio.Semaphore, context_id: str, count: int) -> None:
        """Give all tasks of one context at once, and quarrel about each request it leads to."""
        async with slots:
            agent = random.choice(list(AGENTS))
            transcript = self._transcripts[context_id] = Transcript(agent)
            for number in range(count):
                calls = random.choice((1, 1, 1, 2))
                payments = [f"{context_id}/{number}/{i}" for i in range(calls)]
                task = " and ".join(f"pay {random.randrange(1, 1000)} as {one}" for one in payments)
                transcript.tasks.append(task)
                await self._ask(agent, context_id, task)
            async with asyncio.TaskGroup() as quarrels:
                position, deadline = "0-0", time.monotonic() + self.plan.calm_seconds
                while len(transcript.answers) < count and time.monotonic() < deadline:
                    seen = position
                    with suppress(BrokerError):
                        position = await self._follow(context_id, position, transcript, quarrels)
                    if position != seen:
                        deadline = time.monotonic() + self.plan.calm_seconds
                    await asyncio.sleep(_POLL_SECONDS)
            for asked in transcript.asked.values():
                if random.random() < _LATE:
                    asked.words.append(late_word(asked.call, asked.name))
                    await self._say(random.choice(self._deciders), asked, asked.words[-1])

    async def _ask(self, agent: str, context_id: str, task: str) -> None:
        body = AgentInvocation(task=task, caller_agent=HUMAN, invocation_id=new_invocation_id())
        await _insist(lambda: send(self._connection, agent, Event(context_id, body)))

    async def _follow(
        self, context_id: str, position: str, transcript: Transcript, quarrels: asyncio.TaskGroup
    ) -> str:
        """Take in what was told since a position. Returns the new one."""
        key = keys.progress(context_id)
        entries = (await self._reader.after({key: position})).get(key, [])
        for asked in take_in(transcript, [entry.data for entry in entries]):
            quarrels.create_task(self._quarrel(asked))
        return entries[-1].entry_id if entries else position

    async def _quarrel(self, asked: Asked) -> None:
        """Two to eight people decide on one request at the same moment."""
        people = random.sample(self._deciders, random.randint(2, _DECIDERS))
        asked.words = words_on(asked.call, len(people), asked.name)
        pairs = zip(people, asked.words, strict=True)
        await asyncio.gather(*(self._say(person, asked, word) for person, word in pairs))

    async def _say(self, person: Decider, asked: Asked, word: Word) -> None:
        await _insist(lambda: person.say(asked.call, word))

    async def _wait_until_quiet(self) -> None:
        """Until every inbox is empty."""
        deadline = time.monotonic() + self.plan.calm_seconds
        async with self._client() as client:
            while time.monotonic() < deadline:
                if not any([await client.xlen(keys.inbox(agent)) for agent in AGENTS]):
                    return
                await asyncio.sleep(0.05)

    async def _count(self) -> None:
        out, asked = self.outcome, list[Asked]()
        async with Connection(self.server.url) as connection:
            await self._collect_new(Reader(connection))  # those of what came late
        async with self._client() as client:
            for agent in AGENTS:
                found = await client.xpending(keys.inbox(agent), keys.inbox_group(agent))
                out.pending += found["pending"]
                out.left_in_queues += await client.hlen(keys.queued(agent))
            for context_id, transcript in self._transcripts.items():
                # Once more from the beginning: something may have been told after the last answer.
                whole = Transcript(transcript.agent, transcript.tasks)
                entries = await client.xrange(keys.progress(context_id))
                take_in(whole, [fields["data"].encode() for _, fields in entries])
                rule_on_order(out, whole)
                ledger = await client.hgetall(keys.tool_ledger(context_id))
                rule_on_ledger(out, ledger, transcript.asked)
                asked += transcript.asked.values()
        rule_on_decisions(out, asked, self._receipts, Book(self.server.folder).read())


async def _insist(order: Callable[[], Awaitable[None]]) -> None:
    """Do it until the broker has answered. What arrived twice is twice the same."""
    while True:
        try:
            return await order()
        except BrokerError:
            await asyncio.sleep(_POLL_SECONDS)
