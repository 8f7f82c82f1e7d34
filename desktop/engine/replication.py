"""The audit log told to the other desks, and theirs kept here and co-signed.

The only place that does that. It goes on beside everything else: whatever it meets, the log is
written and decisions leave as ever. A console that may only look keeps and verifies what others
tell, and says nothing itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import structlog
from msgspec import structs

from desktop.audit.checkpoints import origin_of
from desktop.audit.cosigning import cosign
from desktop.audit.entries import AuditKind, happened
from desktop.audit.keys import Keyring, kept_keys
from desktop.audit.log import AuditUnavailable
from desktop.audit.own_log import next_batch, place_to_begin, root_of
from desktop.audit.peers import PeersFile, peers_of
from desktop.audit.taking import Own, Taken, Taker, earliest
from desktop.audit.witnesses import told_of_peers
from desktop.engine.alongside import alongside
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.errors import VaultUnavailable
from workers.wire.auditing import AuditAsk, AuditCosignature
from workers.wire.errors import BrokerError, BrokerUnreachable
from workers.wire.signing.keys import SigningKey, VerifyKey
from workers.wire.streams.audit_transport import (
    BEGINNING,
    PAGE,
    AuditTransport,
    is_before,
    months,
)
from workers.wire.streams.connection import Connection

T = TypeVar("T")
_log = structlog.get_logger(__name__)

_SINK: Final = "other desks"
#: At each look; the rest waits for the next.
_PAGES: Final = 32
_BATCHES: Final = 8
#: Months that are looked through when a broker is first met; after that the last two.
_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Pace:
    """How often; all in seconds.

    Attributes:
        look: the streams are looked at, and new entries told.
        retry: after a refusal, and between two answers to who misses entries.
        note: what happens all the time is written down once in so long.
    """

    look: float = 2.0
    retry: float = 60.0
    note: float = 3600.0


class Replication:
    """Follows the streams of one broker at a time. For one event loop."""

    def __init__(
        self,
        recorder: Recorder,
        log: Path,
        keyring: Keyring,
        permission: Permission,
        pace: Pace | None = None,
    ) -> None:
        self._recorder, self._log, self._keyring = recorder, log, keyring
        self._permission = permission
        self._pace = pace or Pace()
        self._posts = False
        self._key: SigningKey | None = None
        self._file: PeersFile | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._failed = False
        self._to_cosign: dict[bytes, str] = {}
        self._missing: dict[bytes, int] = {}
        self._asked_after: int | None = None
        self._counted = Taken()
        self._cosigned: dict[bytes, str] = {}
        self._not_before: dict[str, float] = {}

    def post(self, *, on: bool) -> None:
        """Whether the others are told anything from here."""
        self._posts = on

    def looking_at(self, connection: Connection, address: str) -> AbstractAsyncContextManager[None]:
        """Look at this broker within the block.

        Args:
            address: without its password; what was read and told is known by it.
        """
        return alongside(partial(self._run, connection, address), "engine:replication")

    def close(self) -> None:
        """Close the file."""
        if self._thread is not None:
            self._thread.submit(self._close_file).result()
            self._thread.shutdown()
            self._thread = None

    async def _run(self, connection: Connection, address: str) -> None:
        transport, back = AuditTransport(connection), _MONTHS
        while True:
            try:
                await self._look(transport, address, back)
                back = 1
                self._tell_success()
            except BrokerUnreachable as error:
                # The listening connection notices a cut, too, and says so.
                _log.debug("other desks not reached", reason=error.title)
            except (BrokerError, AuditUnavailable) as error:
                self._tell_failure(error.title)
            except (OSError, sqlite3.Error, ValueError) as error:
                self._tell_failure(f"The audit log cannot be read: {error}.")
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("telling other desks failed")
            await asyncio.sleep(self._pace.look)

    async def _look(self, transport: AuditTransport, address: str, back: int) -> None:
        key = await self._own_key()
        try:
            for month in months(time.time(), back):
                await self._read(transport, address, month)
        finally:
            self._write_down(address)
            await self._tell_standing()
        if self._may_post and key is not None and self._may("post", 0):
            try:
                await self._answer(transport, key)
                await self._tell(transport, address, key)
            except BrokerError as error:
                if not isinstance(error, BrokerUnreachable):
                    self._may("post", self._pace.retry)
                raise

    @property
    def _may_post(self) -> bool:
        """Asked before each message: a long log takes many."""
        return self._posts and self._permission.given

    async def _own_key(self) -> SigningKey | None:
        """The key of this installation; the recorder makes it when it opens the log."""
        if self._key is None and self._may("keyring", self._pace.retry):
            with contextlib.suppress(AuditUnavailable):  # told already
                await self._recorder.begin()
            try:
                keys = await self._on_thread(lambda: kept_keys(self._keyring))
            except VaultUnavailable as error:
                _log.warning("audit log not told to others", error=error.title)
                return None
            self._key = keys.install if keys else None
        return self._key

    async def _read(self, transport: AuditTransport, address: str, month: str) -> None:
        """Take in what is new in a month."""
        length, newest = await transport.extent(month)
        peers = await self._peers()
        after, before = await self._on_thread(lambda: peers.position(address, month))
        if length < before:
            self._tell_cut(address, month, before, length)
        if is_before(newest, after):
            after = BEGINNING  # it was begun anew
        if (length, newest) == (before, after):
            return
        for _ in range(_PAGES):
            page = await transport.read(month, after)
            after = page[-1].entry_id if page else after
            raw = [entry.data for entry in page]
            await self._on_thread(partial(self._take, peers, raw, address, month, after, length))
            if len(page) < PAGE:
                break

    def _take(
        self, peers: PeersFile, raw: list[bytes], address: str, month: str, after: str, length: int
    ) -> None:
        """On the thread: all of it and the position, or nothing."""
        taken = Taken()
        own = Own(self._key.public if self._key else None, partial(root_of, self._log))
        with peers.writing():
            Taker(peers, own, taken).take(raw)
            peers.move(address, month, after, length)
        self._count(taken)

    def _count(self, taken: Taken) -> None:
        all_of_it = self._counted
        all_of_it.malformed += taken.malformed
        all_of_it.forged += taken.forged
        all_of_it.too_many += taken.too_many
        all_of_it.found += taken.found
        self._to_cosign.update(taken.grown)
        for install in taken.grown:
            self._missing.pop(install, None)
        self._missing.update(taken.missing)
        self._asked_after = earliest(self._asked_after, taken.asked_after)

    async def _answer(self, transport: AuditTransport, key: SigningKey) -> None:
        """Co-sign what others' logs have grown by, and ask for what is missing of them."""
        peers = await self._peers()
        wrong = {one.install for one in await self._on_thread(peers.findings)}
        now = time.time()
        for install, note in list(self._to_cosign.items()):
            if not self._may_post:
                return
            if install not in wrong:
                by, cosigned = key.public.raw, cosign(note, key, int(now))
                await transport.post(AuditCosignature(install=install, by=by, note=cosigned), now)
                self._cosigned[install] = note
            del self._to_cosign[install]
        for install, after in list(self._missing.items()):
            if self._may_post and self._may(f"ask {install.hex()}", self._pace.retry):
                await transport.post(AuditAsk(install=install, after=after), now)
        if self._cosigned and self._may("cosigned", self._pace.note):
            told = sorted(f"{_origin(one)} {_size(note)}" for one, note in self._cosigned.items())
            self._jot(AuditKind.COSIGNED, "; ".join(told))
            self._cosigned = {}

    async def _tell(self, transport: AuditTransport, address: str, key: SigningKey) -> None:
        """Tell what is new in the own log."""
        peers = await self._peers()
        sent = await self._on_thread(lambda: peers.sent(address))
        if sent is None:
            sent = await self._on_thread(lambda: place_to_begin(self._log))
        if self._asked_after is not None and self._may("asked", self._pace.retry):
            sent, self._asked_after = min(sent, self._asked_after), None
        for _ in range(_BATCHES):
            found = await self._on_thread(partial(next_batch, self._log, sent, key))
            if found is None or not self._may_post:
                break
            batch, sent = found
            await transport.post(batch, time.time())
            await self._on_thread(partial(peers.keep_sent, address, sent))

    def _write_down(self, address: str) -> None:
        """What came of messages: findings at once, counts now and then."""
        counted = self._counted
        for one in counted.found:
            _log.error("audit log of another desk", finding=one.title, origin=_origin(one.install))
            self._jot(AuditKind.PEER_WRONG, f"{_origin(one.install)}: {one.title}", address)
        counted.found = []
        counts = {
            "malformed": counted.malformed,
            "not signed by whom they name": counted.forged,
            "of more desks than are kept": counted.too_many,
        }
        if any(counts.values()) and self._may("counts", self._pace.note):
            words = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            self._jot(AuditKind.UNREADABLE_SEEN, f"audit logs of other desks: {words}", address)
            self._counted = Taken()

    async def _tell_standing(self) -> None:
        peers = await self._peers()
        told = await self._on_thread(lambda: told_of_peers(peers.peers(), peers.findings()))
        if told != self._recorder.standing.peers:
            self._recorder.stand(replace(self._recorder.standing, peers=told))

    def _tell_cut(self, address: str, month: str, before: int, length: int) -> None:
        words = f"of {before} entries at the broker in {month}, {length} are left; what was read"
        _log.warning("audit logs cut off at the broker", month=month, before=before, now=length)
        self._jot(AuditKind.SINK_FAILED, f"{_SINK}: {words} is kept here", address)

    def _tell_failure(self, title: str) -> None:
        if not self._failed:
            self._failed = True
            _log.warning("other desks not told", error=title)
            self._jot(AuditKind.SINK_FAILED, f"{_SINK}: {title}"[:300])

    def _tell_success(self) -> None:
        if self._failed and self._may("post", 0):
            self._failed = False
            self._jot(AuditKind.SINK_BACK, _SINK)

    def _jot(self, kind: AuditKind, detail: str, address: str = "") -> None:
        self._recorder.jot(structs.replace(happened(kind), detail=detail, broker=address))

    def _may(self, what: str, again_after: float) -> bool:
        """Whether enough time has passed since the last time."""
        now = time.monotonic()
        if now < self._not_before.get(what, 0):
            return False
        self._not_before[what] = now + again_after
        return True

    async def _peers(self) -> PeersFile:
        if self._file is not None:
            return self._file
        return await self._on_thread(self._open_file)

    def _open_file(self) -> PeersFile:
        # On the thread, and known at once: whoever waits for it may be cancelled meanwhile.
        if self._file is None:
            self._file = PeersFile(peers_of(self._log))
        return self._file

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _on_thread(self, work: Callable[[], T]) -> T:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit-peers")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _origin(install: bytes) -> str:
    return origin_of(VerifyKey(install))


def _size(note: str) -> str:
    return note.split("\n", 2)[1]
