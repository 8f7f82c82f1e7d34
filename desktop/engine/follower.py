"""Following one broker over one connection: the survey, the news, and who is there.

The only place that puts the parts of the engine together. It listens before it reads, so that
nothing falls between; what it has told outlives the connection.
"""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Final

from desktop.engine.agents import Agents
from desktop.engine.batch import Batch
from desktop.engine.deriving import Deriving
from desktop.engine.feed import Feed
from desktop.engine.positions import START, Positions
from desktop.engine.receipts import Receipts
from desktop.engine.removals import Removals
from desktop.engine.survey import Surveyor
from desktop.engine.telling import Teller
from desktop.engine.transcripts import Transcripts
from desktop.engine.trust import Trust
from desktop.engine.witness import Witness
from desktop.store import facts
from workers.wire import keys
from workers.wire.events import TokenDelta
from workers.wire.streams.news import News, Touched
from workers.wire.streams.reader import Reader

EMPTIED: Final = "The broker was emptied. What is listed was written to it since."
#: That none of so many conversations is left is no coincidence.
_SOME: Final = 100


class Follower:
    """What is told of one broker, over as many connections as it takes."""

    def __init__(
        self, batch: Batch, transcripts: Transcripts, trust: Trust, witness: Witness
    ) -> None:
        self._batch = batch
        self._words = words = transcripts.words
        self._transcripts = transcripts
        self._positions = Positions()
        self._receipts = Receipts(batch, trust, witness)
        self._agents = Agents(batch)
        teller = Teller(batch, self._positions, transcripts, words)
        deriving = Deriving(teller, self._positions)
        self._feed = Feed(teller, self._positions, deriving, self._receipts, transcripts)
        self._removals = Removals(teller, self._positions, self._feed)
        self._surveyor = Surveyor(
            batch, teller, self._positions, deriving, self._feed, self._receipts, transcripts, words
        )

    def forget(self, title: str = "") -> None:
        """Tell that what was told is void: another broker follows, or this one was emptied.

        Args:
            title: what happened, for a person; empty where they did it.
        """
        self._positions.clear()
        self._receipts.forget()
        self._batch.forget(title)
        if title:
            self._words.keep_only(frozenset())
        self._transcripts.begin_anew(self._transcripts.opened)

    async def begin(self, reader: Reader) -> None:
        """Tell the first page, which is what a person sees first. To be called once listening."""
        await self._surveyor.begin(reader)

    async def follow(self, reader: Reader, news: News) -> None:
        """Survey the rest, and follow what is new, until the connection ends.

        Raises:
            BrokerError: why it ended.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._agents.watch(reader), name="engine:agents")
                survey = tasks.create_task(self._survey(reader), name="engine:survey")
                async for item in news:
                    if isinstance(item, TokenDelta):
                        if item.context_id in self._transcripts.opened:
                            self._batch.emit(facts.TokenSeen(item))
                    elif item.everything:
                        # What it holds now is all there is, and everything may have changed.
                        survey.cancel()
                        await asyncio.wait((survey,))
                        if await self._is_emptied(reader):
                            self.forget(EMPTIED)
                        await self._surveyor.begin(reader)
                        survey = tasks.create_task(self._survey(reader), name="engine:survey")
                    else:
                        await self._take(reader, item)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _is_emptied(self, reader: Reader) -> bool:
        """Whether nothing is left of what is known; brokers also tell of their other databases."""
        read = (one for one in self._positions if self._positions.read(one) is not None)
        some = dict.fromkeys(islice(read, _SOME), START)
        # Where nothing was there, nothing went.
        return bool(some) and not await reader.extents(some)

    async def _survey(self, reader: Reader) -> None:
        await self._transcripts.read(reader)
        await self._surveyor.read_index(reader)
        await self._agents.tell(reader)
        await self._surveyor.read_streams(reader)
        await self._surveyor.derive(reader)
        await self._removals.look(reader)
        await self._removals.look_for_calls(reader)
        await self._transcripts.read(reader)

    async def _take(self, reader: Reader, touched: Touched) -> None:
        prefix = keys.PROGRESS_PREFIX
        contexts = [name.removeprefix(prefix) for name in touched.names if name.startswith(prefix)]
        await self._feed.read(reader, contexts)
        await self._removals.look(reader)
        if keys.RECEIPTS in touched.names:
            await self._receipts.tell_new(reader)
        await self._agents.hear(reader, touched.names)
