"""Steps of many runs on one SQLite connection, in one visit to its thread and one transaction.

The only place that joins what runs want of SQLite. A commit waits for the disk, and each visit to
the thread waits for its turn in the event loop; with fifty runs that is most of a busy worker's
time, when each goes alone. Nothing waits to be joined: what is asked for while the thread is at
work goes with the next visit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import aiosqlite

#: More in one transaction would keep other programs from the file for too long.
MOST_AT_ONCE = 100
_ROWS_AT_ONCE = 64

T = TypeVar("T")
#: Done again by itself if another step of its transaction fails: it changes nothing but the file.
Step: TypeAlias = Callable[[sqlite3.Connection], T]


@dataclass(frozen=True, slots=True)
class _Waiting:
    step: Step[Any]
    writes: bool
    answer: asyncio.Future[Any]


class SteppedConnection(aiosqlite.Connection):
    """A connection whose steps share transactions."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=_ROWS_AT_ONCE)
        self._waiting: list[_Waiting] = []
        self._visiting: asyncio.Task[None] | None = None

    async def do(self, step: Step[T], *, writes: bool) -> T:
        """Do a step as a whole or not at all; what it wrote is on disk when this returns.

        Args:
            writes: whether it may change something.

        Raises:
            sqlite3.Error: what the step raised, or why its transaction could not be committed.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(step, writes, loop.create_future())
        self._waiting.append(waiting)
        if self._visiting is None or self._visiting.done():
            self._visiting = loop.create_task(self._visit(), name="steps in SQLite")
        answer: T = await waiting.answer
        return answer

    async def _visit(self) -> None:
        while self._waiting:
            together, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                answers = await self._execute(_do_together, self._conn, together)  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - told to those who wait
                answers = [error] * len(together)
            for waiting, answer in zip(together, answers, strict=True):
                if waiting.answer.done():
                    continue  # cancelled; what it wrote stays, as it does in a crash after a write
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)


def _do_together(connection: sqlite3.Connection, together: Sequence[_Waiting]) -> list[Any]:
    """The answer of each step, or the error in its place."""
    try:
        if any(one.writes for one in together):
            connection.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        # Locked for longer than we wait: each by itself would wait as long once more.
        return [error] * len(together)
    try:
        with connection:  # commits, or takes everything back
            return [one.step(connection) for one in together]
    except Exception as error:  # noqa: BLE001 - told to the one who asked
        if len(together) == 1:
            return [error]
    return [_do_together(connection, [one])[0] for one in together]
