"""Keeping what is said in conversations, so that a search finds it later.

The only place that decides when it is kept and read. It is handed entries as they are read, which
costs the engine's loop next to nothing; looking into them, sealing and writing happen on a thread
of its own, in small pieces between which others work. What comes too fast for that is not kept, and
counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

import structlog

from desktop.engine.kept_file import named
from desktop.engine.text_lock import TextLock
from desktop.engine.words_file import SUFFIX, WordsFile, drop_all_words
from desktop.engine.words_table import Heard, Message
from desktop.errors import CacheUnusable
from desktop.precedence import WINDOW
from workers.wire.streams.reader import StreamEntry

T = TypeVar("T")
_log = structlog.get_logger(__name__)

#: Of entries that wait to be kept, in bytes.
MOST_WAITING: Final = 32 * 1024 * 1024
#: Contexts, and bytes of their entries, kept in one go: some milliseconds of the thread.
_SLICE: Final = 100
_SLICE_BYTES: Final = 128 * 1024
#: It rests for so many times as long as it has worked.
_RESTS: Final = 2.0
_LEAST_REST_SECONDS: Final = 0.02
#: How it stands is told so often.
_TELL_SECONDS: Final = 5.0
#: At the end so long for what still waits; the next start reads the rest from the broker.
_LAST_SECONDS: Final = 1.0
_STUMBLED: Final = "Signoff made a mistake; what is said is not kept on this computer."
_TAMPERED: Final = "Somebody changed message text that is kept on this computer."
_PASSED_OVER: Final = "What they changed is passed over in searches."
_REMARK_HINT: Final = "What is said is kept anew from now on."


class KeptWords:
    """Keeps words of one broker at a time. All of it is used on the engine's loop.

    Attributes:
        on_kept: hears of which contexts other words are kept, or None: of any; told on the loop.
        missed: entries since the start whose words are not kept, because they came too fast.
        dropped: conversations whose words went since the start, because there is room for no more.
        used: bytes on disk.
    """

    def __init__(self, folder: Path | None, tell: Callable[[str, str], None]) -> None:
        """Make it, with nothing open.

        Args:
            folder: where the files lie; None to keep nothing.
            tell: takes what went wrong, with a hint; both empty where only figures changed.
        """
        self._folder, self._tell = folder, tell
        self.on_kept: Callable[[Collection[str] | None], None] = _nobody
        self.missed = self.dropped = self.used = 0
        self._address, self._key = "", b""
        self._file: WordsFile | None = None
        self._lock: TextLock | None = None
        self._is_on = self._shall_drop = False
        self._waiting: dict[str, Heard] = {}
        self._room = MOST_WAITING
        # Of what is to be done to the file before what waits: a context may have begun anew.
        self._torn: set[str] = set()
        self._gone: set[str] = set()
        self._all_there_is: frozenset[str] | None = None
        self._told = (0, 0)
        self._told_at = 0.0
        self._due = asyncio.Event()
        self._opening = asyncio.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="words")

    @property
    def is_on(self) -> bool:
        """Whether words are kept: text shall be, and nothing went wrong with the file."""
        return self._is_on

    def follow(self, address: str) -> None:
        """Keep what is said at this broker from now on.

        Args:
            address: without a password; empty for none.
        """
        self._address = address
        self._begin()

    def keep(self, key: bytes) -> None:
        """Keep words from now on, or drop those that are kept, of all brokers.

        Args:
            key: 32 bytes; empty to keep none.
        """
        self._key = key
        self._shall_drop = not key and self._folder is not None
        self._begin()

    def hear(
        self,
        context_id: str,
        entries: Sequence[StreamEntry],
        *,
        is_tail: bool = False,
        is_start: bool = False,
    ) -> None:
        """Entries of a context were read; cheap, and nothing is done with them yet.

        Args:
            is_tail: its newest ones are among them, as far back as is read at a start.
            is_start: its stream begins with the first of them.
        """
        if not self._is_on or not entries:
            return
        size = sum([len(data) for _, data in entries])
        if size > self._room or context_id in self._torn:
            self._torn.add(context_id)
            self.missed += len(entries)
            return
        self._room -= size
        waits = self._waiting.get(context_id)
        if waits is None:
            waits = self._waiting[context_id] = Heard(context_id, list(entries), is_tail)
        else:
            waits.entries += entries
            waits.is_tail |= is_tail
        if is_start:
            waits.first = entries[0].entry_id
        if not self._due.is_set():
            self._due.set()

    def forget(self, context_id: str) -> None:
        """What was said in a context is void: the broker deleted it, or it was begun anew."""
        if self._is_on:
            self._discard(context_id)
            self._gone.add(context_id)
            self._due.set()

    def keep_only(self, context_ids: frozenset[str]) -> None:
        """These are all contexts that the broker has; none for one that was emptied."""
        if self._is_on:
            for name in [name for name in self._waiting if name not in context_ids]:
                self._discard(name)
            others = self._all_there_is
            self._all_there_is = context_ids if others is None else context_ids & others
            self._due.set()
            self.on_kept(None)

    def holds(self, context_id: str) -> bool:
        """Whether what is kept of a context still counts; it may not have been dropped yet."""
        there_is = self._all_there_is
        return context_id not in self._gone and (there_is is None or context_id in there_is)

    async def names(self) -> list[str]:
        """Contexts of which words are kept, the latest first; none while nothing can be read."""
        return await self._read(lambda file: file.names()) or []

    async def messages(self, context_ids: Sequence[str]) -> dict[str, list[Message]]:
        """What is kept of some contexts; of one that is not there, nothing."""
        return await self._read(lambda file: file.read(context_ids)) or {}

    async def run(self) -> None:
        """Keep what was heard, until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._until_due()
                self._due.clear()
                began = loop.time()
                await self._work_safely()
                took = loop.time() - began
                if self._waiting:
                    self._due.set()
                await asyncio.sleep(max(took * _RESTS, _LEAST_REST_SECONDS))
        finally:
            ends = loop.time() + _LAST_SECONDS
            while self._waiting and loop.time() < ends:
                await self._work_safely()
            if self._shall_drop:
                await self._work_safely()
            self._is_on = False
            self._close()
            self._pool.shutdown()

    def _begin(self) -> None:
        """Another broker, or another key: nothing that waits is of these."""
        self._is_on = bool(self._folder and self._address and self._key)
        self._waiting, self._room = {}, MOST_WAITING
        self._torn, self._gone, self._all_there_is = set(), set(), None
        self._lock = TextLock(self._key, self._address) if self._is_on else None
        self._close()
        self.on_kept(None)
        if self._is_on or self._shall_drop:
            self._due.set()

    def _close(self) -> None:
        if self._file is not None:
            self._pool.submit(self._file.close)
            self._file = None

    def _discard(self, context_id: str) -> None:
        waits = self._waiting.pop(context_id, None)
        if waits is not None:
            self._room += sum(len(entry.data) for entry in waits.entries)

    async def _work_safely(self) -> None:
        try:
            if self._shall_drop:
                await self._drop_all()
            if self._is_on:
                await self._keep_some()
        except CacheUnusable as error:
            self._fail(error.title, error.hint)
        except Exception:  # noqa: BLE001 - the door for errors in background work
            _log.exception("keeping words failed")
            self._fail(_STUMBLED, "")

    async def _keep_some(self) -> None:
        file = await self._open()
        if file is None:
            return
        heard = self._take()
        # What was missed came after what still waits of the same context.
        torn = self._torn.difference(self._waiting)
        self._torn -= torn
        gone, self._gone = self._gone, set()
        keep, self._all_there_is = self._all_there_is, None
        try:
            kept, dropped, used = await self._do(partial(_work, file, heard, torn, gone, keep))
        except CacheUnusable:
            if file is self._file:
                raise
            return  # closed by now
        if file is not self._file:
            return
        self.dropped += len(dropped)
        self.used = used
        if changed := {*kept, *dropped, *gone}:
            self.on_kept(changed)
        self._tell_figures()

    def _take(self) -> list[Heard]:
        """What is kept next; the rest goes on waiting."""
        taken: list[Heard] = []
        size = 0
        for name in list(islice(self._waiting, _SLICE)):
            if size > _SLICE_BYTES:
                break
            size -= self._room
            taken.append(self._waiting[name])
            self._discard(name)
            size += self._room
        return taken

    async def _open(self) -> WordsFile | None:
        """The file; None if another one is wanted by now."""
        async with self._opening:
            folder, lock = self._folder, self._lock
            if self._file is not None or folder is None or lock is None:
                return self._file
            path = named(folder, self._address, SUFFIX)
            file = await self._do(lambda: WordsFile(path, lock))
            if lock is not self._lock:
                self._pool.submit(file.close)
                return None
            self._file = file
        if file.remark:
            self._tell(file.remark, _REMARK_HINT)
        return file

    async def _read(self, work: Callable[[WordsFile], T]) -> T | None:
        """Ask the file; None while it cannot be read, which never stops a search."""
        if not self._is_on:
            return None
        file = None
        try:
            file = await self._open()
            if file is None:
                return None
            found = await self._do(partial(work, file))
        except CacheUnusable as error:
            if file is self._file:  # else it was closed meanwhile
                self._fail(error.title, error.hint)
            return None
        if self._lock is not None and self._lock.broken:
            self._lock.broken = False
            self._tell(_TAMPERED, _PASSED_OVER)
        return found

    async def _drop_all(self) -> None:
        folder, self._shall_drop = self._folder, False
        if folder is None:
            return
        try:
            await self._do(lambda: drop_all_words(folder))
        except CacheUnusable as error:
            title = "The message text kept on this computer could not be overwritten."
            self._tell(title, f"Nobody can read it: its key is gone. {error.title}")
        self.missed = self.dropped = self.used = 0

    def _fail(self, title: str, hint: str) -> None:
        self._is_on = False
        self._waiting, self._torn = {}, set()
        self._close()
        self._tell(title, hint)

    async def _until_due(self) -> None:
        """Wait for work; or, while figures are untold, for the time to tell them."""
        untold = self._told != (self.missed, self.dropped)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TELL_SECONDS if untold else None):
                await self._due.wait()

    def _tell_figures(self) -> None:
        now = asyncio.get_running_loop().time()
        figures = (self.missed, self.dropped)
        if self._told != figures and now - self._told_at >= _TELL_SECONDS:
            self._told_at, self._told = now, figures
            self._tell("", "")

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._pool, work))


def _work(
    file: WordsFile,
    heard: Sequence[Heard],
    torn: Collection[str],
    gone: Collection[str],
    keep: frozenset[str] | None,
) -> tuple[list[str], list[str], int]:
    """On its own thread. Returns what changed, what went for want of room, and the bytes on disk.

    In this order: what was heard is newer than what it was told with.
    """
    WINDOW.give_way()
    if keep is not None:
        file.keep_only(keep)
    if gone:
        file.drop(gone)
    changed = file.keep(heard, torn)
    dropped = file.shrink()
    return changed, dropped, file.used


def _nobody(_changed: Collection[str] | None) -> None:
    """Nobody searches."""
