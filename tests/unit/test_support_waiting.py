"""Waiting ends the moment the thing is there, and a failure says what was missing."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.support.waiting import TookTooLong, await_until, wait_until


def test_it_returns_what_it_waited_for() -> None:
    """The first true value is handed on."""
    counter = itertools.count()

    assert wait_until(lambda: next(counter) >= 3 and "three", "three") == "three"


def test_a_failure_names_the_thing_and_the_last_value() -> None:
    """Who reads the failure knows what did not come, and what was there instead."""
    with pytest.raises(TookTooLong, match=r"waited 0\.05 s for two workers; last it was \[\]"):
        wait_until(list, "two workers", 0.05)


def test_an_exception_means_not_yet() -> None:
    """A condition may raise until it is met; if it never is, the exception is shown."""
    answers = iter([ConnectionError("refused"), ConnectionError("refused")])

    def ask() -> bool:
        problem = next(answers, None)
        if problem is not None:
            raise problem
        return True

    assert wait_until(ask, "the broker")

    def never() -> bool:
        raise ConnectionError("refused")

    with pytest.raises(TookTooLong, match="last it raised ConnectionError: refused"):
        wait_until(never, "the broker", 0.05)


def test_it_turns_the_qt_loop(qapp: QApplication) -> None:
    """What Qt has to deliver is delivered while a sync test waits."""
    arrived: list[str] = []
    QTimer.singleShot(5, lambda: arrived.append("tick"))

    assert wait_until(lambda: arrived, "the timer") == ["tick"]


async def test_in_a_coroutine_it_refuses_to_block() -> None:
    """The mistake is told at once instead of ending in a time-out."""
    with pytest.raises(RuntimeError, match="await_until"):
        wait_until(lambda: True, "anything")


async def test_a_coroutine_waits_for_plain_and_for_async_conditions() -> None:
    """Both kinds of condition are taken, and the loop turns meanwhile."""
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, done.set)

    assert await await_until(done.is_set, "the event")

    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    assert await await_until(answer, "the answer") == 42


async def test_a_condition_that_hangs_does_not_outlive_the_deadline() -> None:
    """An answer that never comes counts as a failure when the time is over."""
    started = time.monotonic()

    with pytest.raises(TookTooLong, match="for the answer"):
        await await_until(asyncio.Event().wait, "the answer", 0.1)
    assert time.monotonic() - started < 2


@pytest.mark.qt_loop
async def test_a_coroutine_on_the_qt_loop(qapp: QApplication) -> None:
    """Tests marked `qt_loop` run on Qt's loop; timers and coroutines share it."""
    assert "QSelectorEventLoop" in type(asyncio.get_running_loop()).__name__
    arrived: list[str] = []
    QTimer.singleShot(5, lambda: arrived.append("tick"))

    await await_until(lambda: arrived, "the timer")
    assert await asyncio.to_thread(lambda: 5) == 5
