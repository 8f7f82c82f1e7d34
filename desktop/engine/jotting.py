"""What is to be recorded soon and holds nobody up: together, by one task.

The only place that keeps entries before they are in the log. That they could not be written shows
in how the log stands, and nowhere else; they then lie beside it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from desktop.audit.emergency import keep_outside
from desktop.audit.log import AuditUnavailable, Record


class Jottings:
    """Entries in the order they came, until they are in the log, or beside it.

    Used on one event loop; what is named so, on the log's own thread.
    """

    def __init__(
        self,
        log: Path,
        append: Callable[[Sequence[Record]], object],
        use: Callable[[Callable[[], None]], Awaitable[None]],
    ) -> None:
        """Set it up.

        Args:
            append: writes entries into the open log. Raises AuditUnavailable; on the log's thread.
            use: does something on that thread, with the log open. Raises the same.
        """
        self._log = log
        self._append = append
        self._use = use
        self._waiting: deque[Record] = deque()
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    @property
    def are_waiting(self) -> bool:
        """Whether some are neither in the log nor beside it."""
        return bool(self._waiting)

    def add(self, record: Record) -> None:
        """Write one soon, with what else comes meanwhile; after the end, beside the log."""
        if self._ended:
            keep_outside(self._log, record.entry)
            return
        self._waiting.append(record)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write(), name="audit:jotted")

    def end(self) -> None:
        """Begin no other write: what waits is for `append`, which is asked for it last."""
        self._ended = True

    async def ended(self) -> None:
        """Wait until nothing is being written any more."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    def append(self) -> None:
        """On the log's thread: write what waits, which is nowhere else should the console end.

        Raises:
            AuditUnavailable: it waits on.
        """
        records = self._take()
        try:
            self._append(records)
        except AuditUnavailable:
            self._waiting.extendleft(reversed(records))
            raise

    def keep_outside(self) -> None:
        """Keep what waits beside the log. May be called on any thread, and blocks it."""
        for record in self._take():
            keep_outside(self._log, record.entry)

    async def _write(self) -> None:
        while self._waiting and not self._ended:
            try:
                await self._use(self.append)
            except AuditUnavailable:  # which shows in how the log stands
                if not self._ended:  # then it is for the last try, which may run by now
                    await asyncio.to_thread(self.keep_outside)

    def _take(self) -> list[Record]:
        taken: list[Record] = []
        while self._waiting:
            taken.append(self._waiting.popleft())
        return taken
