"""The cache: what this computer remembers of a broker's contexts, so that the next start is quick.

The only place that decides when it is read and written. It hears facts on their way out, and writes
behind: at most so many rows a second, on a thread of its own. Whatever goes wrong with it costs the
cache, is told, and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from desktop.engine.cache_file import CacheFile, drop_all_texts, path_for
from desktop.engine.text_lock import TextLock
from desktop.errors import CacheUnusable
from desktop.store import facts
from desktop.store.records import Memory, Source, Summary

T = TypeVar("T")

WRITE_SECONDS = 1.0
#: Rows written in one go; 30 ms of another thread.
WRITTEN_ROWS = 5000
_REMARK_HINT = "It is read from the broker again."
_KEY_CHANGED = "The message text kept on this computer cannot be read: its key has changed."


class Cache:
    """Remembers one broker at a time. All of it is used on the engine's loop."""

    def __init__(self, folder: Path | None, emit: Callable[[facts.Fact], None]) -> None:
        """Make it, with nothing open.

        Args:
            folder: where the files lie; None to remember nothing.
        """
        self._folder = folder
        self._emit = emit
        self._address = ""
        self._file: CacheFile | None = None
        self._key = b""
        self._lock: TextLock | None = None
        #: What was heard and is not on disk yet; None for a context that is gone.
        self._pending: dict[str, Summary | None] = {}
        self._all_there_is: frozenset[str] | None = None
        self._heard = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cache")

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store."""
        if self._file is None:
            return
        for fact in batch:
            match fact:
                case facts.ContextsSeen(summaries):
                    news = {s.context_id: s for s in summaries if s.source is not Source.CACHE}
                    self._pending.update(news)
                case facts.ContextReset(context_id):
                    self._pending[context_id] = None
                case facts.CaughtUp(context_ids):
                    self._all_there_is = context_ids
                    self._pending = {k: s for k, s in self._pending.items() if k in context_ids}
                case facts.Forgotten():
                    self._pending.clear()
                case _:
                    pass
        if self._pending or self._all_there_is is not None:
            self._heard.set()

    async def open(self, address: str, breathe: Callable[[], Awaitable[None]]) -> None:
        """Remember this broker from now on, and tell what is remembered of it.

        Args:
            address: without a password; empty for none.
            breathe: awaited between chunks, so that they leave one by one.
        """
        await self.close()
        if self._folder is None or not address:
            return
        path = path_for(self._folder, address)
        self._address = address
        self._lock = TextLock(self._key, address) if self._key else None
        try:
            file = await self._do(lambda: CacheFile(path))
            chunks = file.load(self._lock)
            while chunk := await self._do(lambda: next(chunks, None)):
                self._emit(facts.ContextsSeen(chunk))
                await breathe()
        except CacheUnusable as error:
            self._tell(error.title, error.hint)
            return
        self._file = file
        if file.remark:
            self._tell(file.remark, _REMARK_HINT)
        elif self._lock is not None and self._lock.broken:
            self._tell(_KEY_CHANGED, "It is kept anew with the key of now.")
        else:
            self._tell()

    async def close(self) -> None:
        """Write what is still to be written, and remember no broker."""
        while self._file is not None and self._has_work():
            await self._write()
        file, self._file = self._file, None
        if file is not None:
            await self._do(file.close)
        self._address, self._lock = "", None

    async def keep_text(self, key: bytes) -> None:
        """Keep previews from now on, or drop those that are kept, of all brokers.

        Args:
            key: 32 bytes; empty to keep none.
        """
        self._key = key
        self._lock = TextLock(key, self._address) if key and self._address else None
        folder = self._folder
        if not key and folder is not None:
            try:
                await self._do(lambda: drop_all_texts(folder))
            except CacheUnusable as error:
                title = "The message text kept on this computer could not be overwritten."
                self._tell(title, f"Nobody can read it: its key is gone. {error.title}")
                return
        self._tell()

    async def run(self) -> None:
        """Write behind until cancelled; what is left is written then."""
        try:
            while True:
                await self._heard.wait()
                self._heard.clear()
                await self._write()
                if self._has_work():
                    self._heard.set()
                await asyncio.sleep(WRITE_SECONDS)
        finally:
            await self.close()
            self._pool.shutdown()

    def _has_work(self) -> bool:
        return bool(self._pending) or self._all_there_is is not None

    async def _write(self) -> None:
        file = self._file
        if file is None:
            return
        keep, self._all_there_is = self._all_there_is, None
        names = list(islice(self._pending, WRITTEN_ROWS))
        some = {name: self._pending.pop(name) for name in names}
        summaries = [summary for summary in some.values() if summary is not None]
        gone = [name for name, summary in some.items() if summary is None]
        lock = self._lock

        def work() -> None:
            # In this order: what was heard after all there is was read is newer.
            if keep is not None:
                file.keep_only(keep)
            file.write(summaries, gone, lock)

        try:
            await self._do(work)
        except CacheUnusable as error:
            if self._file is file:
                self._file = None
            self._pending.clear()
            self._all_there_is = None
            await self._do(file.close)
            self._tell(error.title, error.hint)

    def _tell(self, title: str = "", hint: str = "") -> None:
        keeps_text = bool(self._key) and self._folder is not None
        self._emit(facts.MemoryChanged(Memory(keeps_text, title, hint)))

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
