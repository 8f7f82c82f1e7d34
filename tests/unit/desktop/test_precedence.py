"""The engine's thread lets the window finish first, and is not held up for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from desktop import precedence
from desktop.precedence import WINDOW, GivingWay

PATIENCE_SECONDS = 10


def _on_thread(work: Callable[[], object]) -> threading.Thread:
    """Start it, and return when it is about to begin."""
    begun = threading.Event()

    def run() -> None:
        begun.set()
        work()

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    return thread


def _on_loop(work: Callable[[], object]) -> None:
    async def run() -> None:
        await asyncio.sleep(0)
        work()

    loop = asyncio.SelectorEventLoop(GivingWay())
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


def test_what_the_engine_has_to_do_waits_for_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the window's work consists of parts."""
    monkeypatch.setattr(precedence, "MOST_SECONDS", PATIENCE_SECONDS)
    done: list[str] = []
    with WINDOW:
        engine = _on_thread(lambda: _on_loop(lambda: done.append("engine")))
        with WINDOW:
            done.append("window")
        engine.join(0.05)  # what would not wait is over by then
        done.append("window")
    engine.join()

    assert done == ["window", "window", "engine"]


def test_a_window_that_goes_on_for_ever_stops_nobody() -> None:
    """News must be heard."""
    done: list[str] = []
    with WINDOW:
        engine = _on_thread(lambda: _on_loop(lambda: done.append("engine")))
        engine.join(PATIENCE_SECONDS)

    assert done == ["engine"]
