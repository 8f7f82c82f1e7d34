"""Contexts that are read twice at the same time: by the survey, and because of news."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path

from desktop.engine.audit_desk import AuditDesk
from desktop.engine.batch import Batch
from desktop.engine.deriving import Deriving
from desktop.engine.feed import Feed
from desktop.engine.kept_words import KeptWords
from desktop.engine.positions import START, Positions
from desktop.engine.receipts import Receipts
from desktop.engine.recorder import Recorder
from desktop.engine.survey import Surveyor
from desktop.engine.telling import Teller
from desktop.engine.transcripts import Transcripts
from desktop.engine.trust import Trust
from desktop.engine.witness import Witness
from desktop.store.records import RequestState
from desktop.store.store import Store
from tests.support import scenes
from tests.support.hand_worker import HandWorker
from workers.wire import keys
from workers.wire.approvals import Outcome
from workers.wire.streams.connection import Connection
from workers.wire.streams.reader import Extent, Reader
from workers.wire.streams.surveys import Newer

KEY = keys.progress(scenes.CONTEXT)


class _SlowReader(Reader):
    """Whoever reads a context from its start is held up until somebody lets them go.

    Attributes:
        is_held: somebody waits.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.is_held, self.let_go = asyncio.Event(), asyncio.Event()

    async def newer(
        self, positions: Mapping[str, str], limit: int
    ) -> AsyncGenerator[list[Newer], None]:
        if positions.get(scenes.CONTEXT) == START:
            self.is_held.set()
            await self.let_go.wait()
        async for chunk in super().newer(positions, limit):
            yield chunk


class _LateReader(Reader):
    """What it hears of how far streams reach is old by the time it is told.

    Attributes:
        is_held: the broker has answered.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.is_held, self.let_go = asyncio.Event(), asyncio.Event()

    async def extents(self, positions: Mapping[str, str]) -> dict[str, Extent]:
        found = await super().extents(positions)
        self.is_held.set()
        await self.let_go.wait()
        return found


class _Desk:
    """A feed with all it needs, and a store that learns what it tells."""

    def __init__(self, folder: Path) -> None:
        self.store = Store()
        self._batch = batch = Batch(lambda: None)
        words = KeptWords(None, lambda _title, _hint: None)
        positions, transcripts = Positions(), Transcripts(batch, words)
        log = folder / "log.sqlite"
        recorder = Recorder(log, None, batch.emit)
        trust = Trust(batch.emit, recorder.jot)
        desk = AuditDesk(recorder, batch.emit, log, None, None, trust)
        self.receipts = Receipts(batch, trust, Witness(recorder, desk, everything=False))
        teller = Teller(batch, positions, transcripts, words)
        deriving = Deriving(teller, positions)
        self.feed = feed = Feed(teller, positions, deriving, self.receipts, transcripts)
        self.surveyor = Surveyor(
            batch, teller, positions, deriving, feed, self.receipts, transcripts, words
        )

    def states(self) -> list[RequestState]:
        """Where every request stands by all that was told so far."""
        self.store.apply(self._batch.take())
        return [request.state for request in self.store.requests()]


async def test_a_decided_request_of_a_restored_stream_does_not_wait_again(
    connection: Connection, worker: HandWorker, tmp_path: Path
) -> None:
    """What is read beside it does not make anybody forget to ask what became of the decision."""
    desk = _Desk(tmp_path)
    await worker.say(scenes.asks())
    await worker.tell(scenes.receipt(Outcome.EXECUTED))
    await desk.feed.read(Reader(connection), [scenes.CONTEXT])
    await desk.receipts.tell_new(Reader(connection))
    assert desk.states() == [RequestState.APPROVED]

    await connection.client.delete(KEY)
    await worker.say(scenes.asks())
    slow = _SlowReader(connection)
    restored = asyncio.create_task(desk.feed.read(slow, [scenes.CONTEXT]), name="restored")
    await asyncio.wait_for(slow.is_held.wait(), 10)
    await desk.feed.read(Reader(connection), ["c-other"])
    slow.let_go.set()
    await restored

    assert desk.states() == [RequestState.APPROVED]


async def test_a_conversation_that_begins_anew_while_the_broker_is_surveyed_stays_listed(
    connection: Connection, worker: HandWorker, tmp_path: Path
) -> None:
    """That it was gone is heard late, when the new one is known already."""
    desk = _Desk(tmp_path)
    await worker.say(scenes.asks())
    await desk.feed.read(Reader(connection), [scenes.CONTEXT])
    await connection.client.delete(KEY)
    late = _LateReader(connection)
    surveying = asyncio.create_task(desk.surveyor.read_streams(late), name="surveying")
    await asyncio.wait_for(late.is_held.wait(), 10)

    await worker.say(scenes.asks())
    await desk.feed.read(Reader(connection), [scenes.CONTEXT])
    late.let_go.set()
    await surveying
    await desk.surveyor.derive(Reader(connection))

    assert desk.states() == [RequestState.WAITING]
