"""The engine alone, following a hundred thousand conversations while entries are written to them.

`python -m tests.bench.following engine URL RATE SECONDS` prints a `Followed` as JSON. With `bare`
it is the limit: a loop that waits for one stream's entries and does nothing else, RATE of them a
second in one conversation.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import msgspec

from desktop.engine.batch import Batch
from desktop.engine.engine import Engine
from desktop.store.facts import CaughtUp, ContextsSeen, Fact
from desktop.store.records import Summary
from tests.bench.crowd import CONTEXTS, context_id
from tests.bench.figure import percentile
from tests.bench.followed import Followed, differing
from tests.bench.publishing import publishing
from workers.wire import keys
from workers.wire.streams.connection import Connection

#: What has not come by then is lost.
PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.05


class Watch:
    """Times what the engine learns, and keeps what it tells."""

    def __init__(self) -> None:
        self.taken_ms: list[float] = []
        self.summaries: dict[str, Summary] = {}
        self.entries = 0
        self.caught_up = asyncio.Event()
        self._time_batches()

    def take(self, facts: list[Fact]) -> None:
        """Take in a batch, as the store would."""
        for fact in facts:
            if isinstance(fact, ContextsSeen):
                for summary in fact.summaries:
                    known = self.summaries.get(summary.context_id)
                    self.entries += summary.entries - (known.entries if known else 0)
                    self.summaries[summary.context_id] = summary
            elif isinstance(fact, CaughtUp):
                self.caught_up.set()

    def told(self, context: str) -> tuple[int, str]:
        """How many entries a conversation has, and the last one's id, as the engine told it."""
        summary = self.summaries.get(context)
        return (summary.entries, summary.as_of) if summary else (0, "")

    def _time_batches(self) -> None:
        """Note when a context's news reach what leaves next; they leave every 33 ms."""
        see, taken_ms = Batch.see, self.taken_ms

        def timed(batch: Batch, summary: Summary) -> None:
            see(batch, summary)
            taken_ms.append(time.time() * 1000 - summary.last_activity_ms)

        Batch.see = timed  # type: ignore[method-assign]


async def follow(url: str, rate: int, seconds: float) -> Followed:
    """Let the engine follow a broker that is written to, and compare at the end."""
    watch = Watch()
    engine = Engine(watch.take)
    task = asyncio.create_task(engine.run(), name="engine")
    engine.connect(url)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await watch.caught_up.wait()
    before, cpu = watch.entries, time.process_time()
    del watch.taken_ms[:]
    began = time.perf_counter()
    written, taken = await _written(url, rate, seconds)
    ended = time.perf_counter()
    await _until_known(watch, before + written)
    behind = time.perf_counter() - ended
    used = (time.process_time() - cpu) / (time.perf_counter() - began)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return Followed(
        p50_ms=percentile(watch.taken_ms, 0.5),
        p99_ms=percentile(watch.taken_ms, 0.99),
        max_ms=max(watch.taken_ms),
        written=written,
        written_per_second=written / taken,
        behind_seconds=behind,
        differing=await differing(url, watch.told),
        cpu=used,
    )


async def _written(url: str, rate: int, seconds: float) -> tuple[int, float]:
    process = publishing(url, rate, seconds, CONTEXTS)
    out, _ = await asyncio.to_thread(process.communicate)
    count, taken = json.loads(out)
    return count, taken


async def _until_known(watch: Watch, entries: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while watch.entries < entries and time.monotonic() < deadline:  # noqa: ASYNC110 - its facts
        await asyncio.sleep(_LOOK_SECONDS)


async def bare(url: str, rate: int, seconds: float) -> Followed:
    """The limit: one stream, and nothing done with what it holds."""
    name, taken_ms = context_id(0), []
    async with Connection(url) as connection:
        line = connection.blocking(keys.progress(name))
        await line.open()
        process = publishing(url, rate, seconds, 1)
        last, wanted = "$", round(rate * seconds)
        while len(taken_ms) < wanted:
            answer = await line.execute(
                "XREAD", "BLOCK", 10_000, "STREAMS", keys.progress(name), last
            )
            now_ms = time.time() * 1000
            for _, entries in answer or ():
                last = entries[-1][0].decode()
                taken_ms.extend(
                    now_ms - int(entry_id.partition(b"-")[0]) for entry_id, _ in entries
                )
        await asyncio.to_thread(process.communicate)
        await line.aclose()
    return Followed(
        p50_ms=percentile(taken_ms, 0.5), p99_ms=percentile(taken_ms, 0.99), max_ms=max(taken_ms)
    )


def main() -> None:
    """Do one of them."""
    job, url, rate, seconds = sys.argv[1:]
    work = bare if job == "bare" else follow
    print(msgspec.json.encode(asyncio.run(work(url, int(rate), float(seconds)))).decode())


if __name__ == "__main__":
    main()
