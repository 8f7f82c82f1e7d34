"""The real console, its window offscreen, watched while a broker's conversations change.

`python -m tests.bench.watching JOB URL [RATE SECONDS]` prints one JSON line. Jobs: `first` (until
the list is painted), `screen` (entry to pixel), `frames` (how regularly the window's thread gets
to draw while somebody types and scrolls), `stalls` (the same while a broker is fed nonsense),
`memory` (what the process holds).
"""

from __future__ import annotations

import asyncio
import gc
import json
import math
import sys
import time
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from desktop.app import make_application, run_on_qt
from desktop.views.parts.list_view import RowList
from tests.bench.crowd import CONTEXTS
from tests.bench.figure import percentile
from tests.bench.followed import Followed, differing
from tests.bench.publishing import publishing
from tests.bench.stalling import stalls
from tests.bench.watch import LIVE, SAMPLE_SECONDS
from tests.bench.watched import FRAME_MS, Watched, until

#: What happens while everything is still cold does not count.
WARM_SECONDS = 2.0
FIRST = 100
PATIENCE_SECONDS = 60.0
_TYPED = "treasury done "
_KEY_SECONDS = 0.12
_SCROLLED_ROWS = 3


async def first(watched: Watched, url: str) -> dict[str, float]:
    """Seconds from the order to connect until a hundred rows, and all, are on the screen."""
    watched.open()
    watched.console.start("", demo=False)
    await asyncio.sleep(1)  # the engine's thread has loaded its client
    found: dict[str, float] = {}
    began = time.perf_counter()
    watched.console.engine.connect(url)
    painted = 0
    while len(found) < 2:
        await asyncio.sleep(0)
        rows = watched.rows.model().rowCount()
        if watched.paints.painted == painted or rows < FIRST:
            continue
        painted = watched.paints.painted
        found.setdefault("first", time.perf_counter() - began)
        if rows >= CONTEXTS:
            found["all"] = time.perf_counter() - began
    await until(lambda: watched.console.store.survey.done)
    await watched.console.stop()
    return found


async def screen(watched: Watched, url: str, rate: int, seconds: float) -> Followed:
    """Let it follow a broker that is written to, and compare at the end."""
    store = watched.console.store
    async with watched.following(url):

        def sum_of_entries() -> int:
            # Past the store's doors, which would make a sorted list of rows each time.
            return sum(summary.entries for summary in store._state.summaries.values())

        before = sum_of_entries()
        cpu, began = time.process_time(), time.perf_counter()
        process = publishing(url, rate, seconds, CONTEXTS)
        await asyncio.sleep(WARM_SECONDS)
        watched.paints.taken_ms.clear()
        watched.paints.since_ms = time.time() * 1000
        out, _ = await asyncio.to_thread(process.communicate)
        ended = time.perf_counter()
        used = (time.process_time() - cpu) / (ended - began)
        taken_ms = list(watched.paints.taken_ms)
        written, written_seconds = json.loads(out)

        def told(context: str) -> tuple[int, str]:
            row = store.context(context)
            return (row.entries if row else 0), ""

        expected = before + written
        behind = time.perf_counter()
        deadline = behind + PATIENCE_SECONDS
        while sum_of_entries() < expected and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        behind = time.perf_counter() - behind
        wrong = await differing(url, told)
        return Followed(
            p50_ms=percentile(taken_ms, 0.5),
            p99_ms=percentile(taken_ms, 0.99),
            max_ms=max(taken_ms),
            written=written,
            written_per_second=written / written_seconds,
            behind_seconds=behind,
            differing=wrong,
            cpu=used,
        )


async def frames(watched: Watched, url: str, rate: int, seconds: float) -> list[float]:
    """Somebody types into the search and scrolls the list, without a pause."""
    search = watched.find("conversations.search", QLineEdit)
    async with watched.following(url):
        process = publishing(url, rate, seconds + 2 * WARM_SECONDS, CONTEXTS)
        await asyncio.sleep(WARM_SECONDS)
        watched.gaps.start()
        until = time.perf_counter() + seconds
        scrolling = asyncio.create_task(_scroll(watched.rows), name="scroll")
        while time.perf_counter() < until:
            for letter in _TYPED:
                QTest.keyClick(search, letter)
                await asyncio.sleep(_KEY_SECONDS)
            for _ in _TYPED:
                QTest.keyClick(search, Qt.Key.Key_Backspace)
                await asyncio.sleep(_KEY_SECONDS)
        taken_ms = list(watched.gaps.taken_ms)
        scrolling.cancel()
        await asyncio.gather(scrolling, return_exceptions=True)
        await asyncio.to_thread(process.communicate)
    return taken_ms


async def memory(watched: Watched, url: str, rate: int, seconds: float) -> list[float]:
    """Resident MB when everything is known and rests, then every few seconds of an even load."""
    async with watched.following(url):
        await asyncio.sleep(WARM_SECONDS)
        found = [_resident_mb()]
        if rate:
            # What is noted for another figure would grow by 40 bytes an entry.
            watched.paints.since_ms = math.inf
            process = publishing(url, rate, seconds, LIVE)
            while process.poll() is None:
                await asyncio.sleep(SAMPLE_SECONDS)
                found.append(_resident_mb())
            process.communicate()
    return found


async def _scroll(rows: RowList) -> None:
    bar = rows.verticalScrollBar()
    step = _SCROLLED_ROWS
    while True:
        if bar.value() + step > bar.maximum() or bar.value() + step < 0:
            step = -step
        bar.setValue(bar.value() + step)
        await asyncio.sleep(FRAME_MS / 1000)


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """Do one of them."""
    job, url, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    sys.setswitchinterval(0.0005)  # as `desktop.app.run_console`
    app = make_application()
    watched = Watched(app)
    match job:
        case "first":
            result: object = run_on_qt(app, first(watched, url))
        case "screen":
            result = run_on_qt(app, screen(watched, url, rate, seconds))
        case "stalls":
            result = run_on_qt(app, stalls(watched, url))
        case "frames":
            result = run_on_qt(app, frames(watched, url, rate, seconds))
        case _:
            result = run_on_qt(app, memory(watched, url, rate, seconds))
    print(msgspec.json.encode(result).decode())


if __name__ == "__main__":
    main()
