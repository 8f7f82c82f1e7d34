"""Waiting for something to become true, with a deadline and a message that helps.

The only place where tests wait. There is no other sleep in the suite: a test says what it waits
for, goes on the moment it is there, and otherwise fails with the last thing that was seen.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

_POLL_SECONDS = 0.01


class TookTooLong(AssertionError):
    """What a test waited for did not come within its deadline."""


def wait_until(
    condition: Callable[[], T | None],
    what: str,
    timeout_seconds: float = 10,
    *,
    may_block_loop: bool = False,
) -> T:
    """Call `condition` until it is true, and return what it returned.

    Turns the Qt event loop while waiting, if there is one in this thread.

    Args:
        condition: may raise; an exception means "not yet", and is shown if time runs out.
        what: completes the sentence "waited ... for"; shown when it fails.
        may_block_loop: allow it inside a coroutine; only for what another process does alone.

    Raises:
        TookTooLong: it was not true within `timeout_seconds`.
        RuntimeError: called inside a coroutine, where it would stop the loop it waits for.
    """
    in_loop = asyncio._get_running_loop() is not None
    if in_loop and not may_block_loop:
        raise RuntimeError("wait_until blocks the event loop; inside a coroutine use await_until")
    deadline = time.monotonic() + timeout_seconds
    while True:
        last: object
        try:
            value = condition()
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is shown below
            last = problem
        else:
            if value:
                return value
            last = value
        if time.monotonic() >= deadline:
            raise _too_long(what, timeout_seconds, last)
        if not in_loop:  # a Qt loop that runs already must not be turned from inside
            _turn_qt()
        time.sleep(_POLL_SECONDS)


@overload
async def await_until(
    condition: Callable[[], Awaitable[T | None]], what: str, timeout_seconds: float = 10
) -> T: ...
@overload
async def await_until(
    condition: Callable[[], T | None], what: str, timeout_seconds: float = 10
) -> T: ...
async def await_until(condition: Callable[[], Any], what: str, timeout_seconds: float = 10) -> Any:
    """Like `wait_until`, for coroutines; `condition` may be a plain or a coroutine function.

    Raises:
        TookTooLong: it was not true within `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        last: object
        try:
            answer = condition()
            if inspect.isawaitable(answer):
                async with asyncio.timeout_at(_loop_time(deadline)):
                    answer = await answer
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is shown below
            last = problem
        else:
            if answer:
                return answer
            last = answer
        if time.monotonic() >= deadline:
            raise _too_long(what, timeout_seconds, last)
        await asyncio.sleep(_POLL_SECONDS)


def _loop_time(deadline: float) -> float:
    """A `time.monotonic()` deadline on the clock of the running loop (Qt's may differ)."""
    return asyncio.get_running_loop().time() + deadline - time.monotonic()


def _turn_qt() -> None:
    if "PySide6.QtCore" not in sys.modules:
        return  # and do not import it: most tests run without Qt
    from PySide6.QtCore import QCoreApplication, QThread

    application = QCoreApplication.instance()
    if application is not None and application.thread() is QThread.currentThread():
        application.processEvents()


def _too_long(what: str, timeout_seconds: float, last: object) -> TookTooLong:
    if isinstance(last, BaseException):
        failure = TookTooLong(
            f"waited {timeout_seconds:g} s for {what}; last it raised {type(last).__name__}: {last}"
        )
        failure.__cause__ = last
        return failure
    return TookTooLong(f"waited {timeout_seconds:g} s for {what}; last it was {last!r}")
