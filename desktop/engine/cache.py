"""The cache: what this computer remembers of a broker's contexts, so that the next start is quick.

The only place that decides when it is read and written. It hears facts on their way out, and writes
behind: at most so many rows a second, on a thread of its own. Whatever goes wrong with it costs the
cache, is told, and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

import structlog

from desktop.engine.cache_file import CacheFile, drop_all_texts, path_for
from desktop.engine.kept_words import KeptWords
from desktop.engine.text_lock import TextLock
from desktop.engine.words_file import KEY_CHANGED
from desktop.errors import CacheUnusable
from desktop.store import facts
from desktop.store.local_records import Memory
from desktop.store.records import Source, Summary

T = TypeVar("T")
_log = structlog.get_logger(__name__)

WRITE_SECONDS = 1.0
#: Much is written in slices with a rest after each: a thread that is busy for longer holds up what
#: arrives by as much, because all of them share one interpreter.
SLICE_ROWS = 250
SLICE_SECONDS = 0.1
#: At the end there is nobody to hold up.
LAST_ROWS = 5000
_REMARK_HINT = "It is read from the broker again."
_STUMBLED = "Signoff made a mistake; the list of conversations is not kept on this computer."


@dataclass(eq=False, slots=True)
class _Broker:
    """What is known of one broker beside its file.

    Attributes:
        file: None until it is read, and after it failed.
        pending: what was heard and is not on disk yet; None for a context that is gone.
        all_there_is: all contexts of the broker, where rows of others are still to be dropped.
        is_void: the broker was emptied; nothing that is remembered holds.
    """

    address: str
    file: CacheFile | None = None
    is_read: bool = False
    has_failed: bool = False
    pending: dict[str, Summary | None] = field(default_factory=dict)
    all_there_is: frozenset[str] | None = None
    is_void: bool = False

    @property
    def has_work(self) -> bool:
        """Whether something is to be done to its file."""
        return not self.has_failed and (
            not self.is_read or bool(self.pending) or self.all_there_is is not None
        )


class Cache:
    """Remembers one broker at a time. All of it is used on the engine's loop.

    Attributes:
        words: what is said, if text is kept; it follows the same broker and has the same key.
    """

    def __init__(self, folder: Path | None, emit: Callable[[facts.Fact], None]) -> None:
        """Make it, with nothing open.

        Args:
            folder: where the files lie; None to remember nothing.
        """
        self._folder = folder
        self._emit = emit
        self._broker: _Broker | None = None
        self._left: list[_Broker] = []
        self._key = b""
        self._shall_drop_texts = False
        self._due = asyncio.Event()
        self._urgent = asyncio.Event()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="cache")
        self.words = KeptWords(folder, self._hear_of_words)
        # What was said last; figures that change do not take it away.
        self._said = ("", "")

    def follow(self, address: str) -> None:
        """Remember this broker from now on; what is remembered of it is told soon.

        Args:
            address: without a password; empty for none.
        """
        if self._folder is None:
            return
        self.words.follow(address)
        if self._broker is not None:
            self._left.append(self._broker)
        self._broker = _Broker(address) if address else None
        self._hurry()

    def keep_text(self, key: bytes) -> None:
        """Keep text from now on, or drop what is kept, of all brokers.

        Args:
            key: 32 bytes; empty to keep none.
        """
        self._key = key
        self._shall_drop_texts = not key and self._folder is not None
        self.words.keep(key)
        self._tell()
        self._hurry()

    def see(self, batch: Iterable[facts.Fact]) -> None:
        """Hear what is told to the store."""
        broker = self._broker
        if broker is None or broker.has_failed:
            return
        for fact in batch:
            match fact:
                case facts.ContextsSeen(summaries):
                    news = {s.context_id: s for s in summaries if s.source is not Source.CACHE}
                    broker.pending.update(news)
                case facts.ContextReset(context_id):
                    broker.pending[context_id] = None
                case facts.CaughtUp(context_ids):
                    broker.all_there_is = context_ids
                    broker.pending = {k: s for k, s in broker.pending.items() if k in context_ids}
                case facts.Forgotten():
                    broker.pending.clear()
                    broker.is_void = not broker.is_read
                case _:
                    pass
        if broker.has_work:
            self._due.set()

    async def run(self) -> None:
        """Read, and write behind, until cancelled; what is left is written then."""
        keeping = asyncio.create_task(self.words.run(), name="engine:words")
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                self._urgent.clear()
                await self._work_safely()
                if self._broker is not None and self._broker.has_work:
                    self._due.set()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._rest_seconds()):
                        await self._urgent.wait()
        finally:
            keeping.cancel()
            await asyncio.wait((keeping,))
            self.follow("")
            await self._work_safely()
            self._pool.shutdown()

    def _rest_seconds(self) -> float:
        """Little waits for more of it, so that what changes again is written once."""
        has_much = self._broker is not None and len(self._broker.pending) > SLICE_ROWS
        return SLICE_SECONDS if has_much else WRITE_SECONDS

    def _hurry(self) -> None:
        self._due.set()
        self._urgent.set()

    async def _work_safely(self) -> None:
        try:
            await self._work()
        except Exception:  # noqa: BLE001 - the door for errors in background work
            _log.exception("the cache failed")
            if self._broker is not None:
                await self._fail(self._broker, CacheUnusable(_STUMBLED), self._broker.file)

    async def _work(self) -> None:
        while self._left:
            await self._leave(self._left.pop())
        if self._shall_drop_texts:
            self._shall_drop_texts = False
            await self._drop_texts()
        broker = self._broker
        if broker is not None and not broker.is_read:
            await self._read(broker)
        elif broker is not None:
            await self._write(broker)

    async def _read(self, broker: _Broker) -> None:
        """Tell what the file holds, unless the broker has told better meanwhile."""
        assert self._folder is not None  # noqa: S101 - else no broker is followed
        path = path_for(self._folder, broker.address)
        lock = self._lock_of(broker)
        file = None
        try:
            file = await self._do(lambda: CacheFile(path))
            chunks = file.load(lock)
            while chunk := await self._do(lambda: next(chunks, None)):
                if broker is not self._broker or broker.is_void:
                    break
                kept = broker.all_there_is
                if kept is not None:
                    chunk = tuple(one for one in chunk if one.context_id in kept)
                self._emit(facts.ContextsSeen(chunk))
            else:
                if lock is not None and lock.broken:
                    # Or a row that rests would keep its old seal: only what changes is written.
                    await self._do(file.drop_texts)
        except CacheUnusable as error:
            await self._fail(broker, error, file)
            return
        broker.file, broker.is_read = file, True
        if file.remark:
            self._tell(file.remark, _REMARK_HINT)
        elif lock is not None and lock.broken:
            self._tell(KEY_CHANGED, "It is kept anew, with the key of now.")

    async def _write(self, broker: _Broker, limit: int = SLICE_ROWS) -> None:
        file = broker.file
        if file is None:
            return
        keep, broker.all_there_is = broker.all_there_is, None
        names = list(islice(broker.pending, limit))
        some = {name: broker.pending.pop(name) for name in names}
        summaries = [summary for summary in some.values() if summary is not None]
        gone = [name for name, summary in some.items() if summary is None]
        lock = self._lock_of(broker)

        def work() -> None:
            # In this order: what was heard after all there is was read is newer.
            if keep is not None:
                file.keep_only(keep)
            file.write(summaries, gone, lock)

        try:
            await self._do(work)
        except CacheUnusable as error:
            await self._fail(broker, error, file)

    async def _leave(self, broker: _Broker) -> None:
        """Write what is left and close the file."""
        while broker.is_read and broker.has_work:
            await self._write(broker, LAST_ROWS)
        if broker.file is not None:
            await self._do(broker.file.close)

    async def _fail(self, broker: _Broker, error: CacheUnusable, file: CacheFile | None) -> None:
        broker.has_failed, broker.file = True, None
        broker.pending.clear()
        if file is not None:
            await self._do(file.close)
        self._tell(error.title, error.hint)

    async def _drop_texts(self) -> None:
        folder = self._folder
        assert folder is not None  # noqa: S101 - else there is nothing to drop
        try:
            await self._do(lambda: drop_all_texts(folder))
        except CacheUnusable as error:
            title = "The message text kept on this computer could not be overwritten."
            self._tell(title, f"Nobody can read it: its key is gone. {error.title}")

    def _lock_of(self, broker: _Broker) -> TextLock | None:
        return TextLock(self._key, broker.address) if self._key else None

    def _hear_of_words(self, title: str, hint: str) -> None:
        self._tell(*(title, hint) if title else self._said)

    def _tell(self, title: str = "", hint: str = "") -> None:
        self._said = (title, hint)
        keeps_text = bool(self._key) and self._folder is not None
        words = self.words
        memory = Memory(keeps_text, title, hint, words.used, words.missed, words.dropped)
        self._emit(facts.MemoryChanged(memory))

    async def _do(self, work: Callable[[], T]) -> T:
        # Shielded, or what is about to be written when the console ends would not be.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, work))
