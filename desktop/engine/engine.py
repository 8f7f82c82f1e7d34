"""The engine's loop: connect, catch up, follow, and again after every cut.

The only place that decides when to reconnect. Losing the broker is a state, not an error: it is
told as a fact, and the loop goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from functools import partial
from pathlib import Path

import structlog

from desktop import settings
from desktop.actions.ports import (
    ChooseSigner,
    DoRepair,
    ExportAudit,
    FindAudit,
    Lock,
    Note,
    OpenAudit,
    Order,
    SayHalt,
    Search,
    SendDecision,
    SendMessage,
    TakeClaim,
    TellOtherDesks,
    Unlock,
    VerifyAudit,
    WatchMonitor,
)
from desktop.audit.keys import Keyring
from desktop.engine import sinks
from desktop.engine.attempts import Attempts
from desktop.engine.audit_desk import AuditDesk
from desktop.engine.batch import Batch
from desktop.engine.cache import Cache
from desktop.engine.casting import Casting
from desktop.engine.claims import Claims
from desktop.engine.clock import ClockWatch
from desktop.engine.completing import Completing
from desktop.engine.follower import Follower
from desktop.engine.halts import HaltWatch
from desktop.engine.listening import how_it_listens
from desktop.engine.monitor import MonitorPoll
from desktop.engine.nightly import Nightly
from desktop.engine.noting import Noting
from desktop.engine.outbox import carry_out
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.replication import Replication
from desktop.engine.retaining import keep_no_longer
from desktop.engine.search import Searcher
from desktop.engine.signing_desk import SigningDesk
from desktop.engine.signing_people import KeyCustody, NoCustody
from desktop.engine.surroundings import Surroundings
from desktop.engine.transcripts import Transcripts
from desktop.engine.trust import Trust
from desktop.engine.unsent import settling
from desktop.engine.upkeep import keep_up
from desktop.engine.waiting import Waiting
from desktop.engine.witness import Witness
from desktop.store import facts
from desktop.store.records import Link, LinkState
from workers.wire.addresses import split_password
from workers.wire.errors import BrokerError, BrokerRefused
from workers.wire.streams.connection import Connection
from workers.wire.streams.news import CHECK_SECONDS, Method, Touched, listen
from workers.wire.streams.reader import Reader

Sink = Callable[[list[facts.Fact]], None]

#: Facts leave in batches this far apart. The window, which paces itself, makes larger ones of them.
BATCH_SECONDS = 0.004
FIRST_RETRY_SECONDS = 0.25
#: With what it takes to connect and to read, five seconds at most from when it could.
LAST_RETRY_SECONDS = 3.0
_CHECKING = f"Connected, checking every {CHECK_SECONDS:g} s"

_log = structlog.get_logger(__name__)


class Engine:
    """Follows a broker and carries out orders.

    `run` is the whole life; `connect` and `post` may be called on its loop at any time.
    """

    def __init__(
        self,
        sink: Sink,
        cache_folder: Path | None = None,
        audit_log: Path | None = None,
        keyring: Keyring | None = None,
        custody: KeyCustody | None = None,
        now: Callable[[], float] = time.time,
        *,
        attends: bool = True,
    ) -> None:
        """Set it up; nothing is followed yet.

        Args:
            sink: takes facts, batch by batch.
            cache_folder: where contexts are remembered; None to remember nothing.
            audit_log: where decisions are recorded; None for this person's own log.
            keyring: holds the keys and the head of that log; None to do without.
            custody: keeps the keys of those who sign; None where nobody does.
            now: the clock that is compared with the broker's, in seconds since the epoch.
            attends: a person sits here, and with a keyring the log is opened at once; else, as for
                a command, with the first decision.
        """
        self._sink = sink
        self._ready = asyncio.Event()
        self._batch = Batch(self._ready.set)
        self._url_changed = asyncio.Event()
        self._url = self._followed = ""
        self._connection: Connection | None = None
        self._reader: Reader | None = None
        self._monitor = MonitorPoll(self._batch.emit)
        self._cache = Cache(cache_folder, self._batch.emit)
        self._transcripts = Transcripts(self._batch, self._cache.words)
        self._searcher = Searcher(self._batch.emit, self._cache.words)
        self._audit_log = log = audit_log or settings.audit_log()
        self._records_at_once = attends and keyring is not None
        self._recorder = Recorder(log, keyring, self._batch.emit)
        self._trust = Trust(self._batch.emit, self._recorder.jot)
        index = cache_folder / "audit-index.sqlite" if cache_folder else None
        self._audit = AuditDesk(self._recorder, self._batch.emit, log, index, keyring, self._trust)
        self._witness = Witness(self._recorder, self._audit, everything=self._records_at_once)
        self._noting = Noting(self._recorder, attends=self._records_at_once)
        self._follower = Follower(self._batch, self._transcripts, self._trust, self._witness)
        self._signing = SigningDesk(
            self._batch.emit,
            self._recorder.note_anyway,
            custody or NoCustody(),
            self._trust.check,
            Attempts(settings.attempts(), time.time),
        )
        self._trust.on_changed = self._signing.look_at_registry
        tells = keyring if attends else None
        self._permission = may = Permission()
        self._replication = Replication(self._recorder, log, tells, may) if tells else None
        self._waiting = Waiting(self._trust)
        self._claims = Claims(self._waiting, may, self._recorder.jot)
        self._completing = Completing(self._recorder.jot, may)
        self._surroundings = Surroundings(
            self._batch.emit, self._trust, self._waiting, self._claims, self._completing
        )
        self._clock = ClockWatch(self._batch.emit, self._recorder, now)
        emit, signer = self._batch.emit, self._signing.signer
        self._casting = Casting(
            signer, self._trust, self._recorder, self._surroundings, self._clock, emit, may
        )
        self._halts = HaltWatch(emit, self._trust, signer, self._recorder, self._clock, may)
        self._orders: set[asyncio.Task[None]] = set()

    def connect(self, url: str) -> None:
        """Follow this broker from now on; an empty URL means none."""
        self._url = url
        self._url_changed.set()

    def trust(self, folder: Path) -> None:
        """Believe the registry in this folder from now on."""
        self._trust.follow(folder)

    def only_read(self, *, wanted: bool) -> None:
        """Write nothing to the broker, by an order or of its own accord; or do again."""
        self._permission.give(wanted=not wanted)

    def keep_text(self, key: bytes) -> None:
        """Keep what is said on this computer, encrypted; see `Cache.keep_text`."""
        self._cache.keep_text(key)

    def post(self, order: Order) -> None:
        """Carry out an order; see `actions.ports.Outbox`."""
        if isinstance(order, WatchMonitor):
            self._monitor.watch(on=order.on)
            return
        if isinstance(order, Search):
            self._searcher.ask(order)
            return
        if isinstance(order, TellOtherDesks):
            if self._replication is not None:
                self._replication.post(on=order.on)
            return
        if isinstance(order, Unlock | Lock | ChooseSigner):
            if isinstance(order, ChooseSigner):
                self.trust(order.trust)
            self._signing.take(order)
            return
        work: Coroutine[object, object, None]
        if isinstance(order, Note | FindAudit | OpenAudit | VerifyAudit | ExportAudit):
            work = self._audit.carry_out(order)
        elif isinstance(order, TakeClaim):
            work = self._claims.tell(order, self._connection)
        elif isinstance(order, SayHalt):
            work = self._halts.carry_out(order, self._connection)
        elif isinstance(order, SendDecision | SendMessage | DoRepair):
            if isinstance(order, SendDecision):
                self._witness.sent(order.nonce)
            may, emit = self._permission, self._batch.emit
            work = carry_out(order, self._connection, emit, self._recorder, may, self._casting)
        else:
            self._transcripts.take(order)
            work = self._read_transcripts()
        task = asyncio.create_task(work, name=f"order:{type(order).__name__}")
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._deliver(), name="engine:deliver")
                tasks.create_task(self._follow_for_ever(), name="engine:follow")
                tasks.create_task(self._cache.run(), name="engine:cache")
                tasks.create_task(self._searcher.run(), name="engine:search")
                self._noting.begin()
                if self._records_at_once:
                    tasks.create_task(keep_up(self._recorder), name="engine:audit")
                    nightly = Nightly(self._recorder, self._audit)
                    tasks.create_task(nightly.run(), name="engine:nightly")
                    tasks.create_task(keep_no_longer(self._recorder), name="engine:retention")
                    telling = sinks.follow(self._audit_log, self._recorder.jot)
                    tasks.create_task(telling, name="engine:syslog")
        finally:
            self._audit.stop()
            if self._orders:
                await asyncio.wait(self._orders, timeout=2)
            await self._signing.close()
            self._flush()
            await self._witness.finish()
            self._noting.finish()
            self._audit.close()
            if self._replication is not None:
                self._replication.close()
            await self._recorder.close()
            self._flush()

    async def _deliver(self) -> None:
        while True:
            await self._ready.wait()
            self._flush()
            await asyncio.sleep(BATCH_SECONDS)

    def _flush(self) -> None:
        self._ready.clear()
        if leaving := self._waiting.see(self._batch.take()):
            self._cache.see(leaving)
            self._searcher.see(leaving)
            self._noting.see(leaving)
            self._halts.see(leaving)
            self._witness.see(leaving)
            self._sink(leaving)

    async def _follow_for_ever(self) -> None:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            self._url_changed.clear()
            # Not in connect(): what is followed now could still be told after that.
            if self._url and self._url != self._followed:
                # What has not left is of the broker before; that nothing of it holds is of neither.
                self._flush()
                self._cache.follow("")
                self._follower.forget()
                self._followed = self._url
                self._witness.follow(self._address())
                self._flush()
                self._cache.follow(self._address())
            if not self._url:
                self._tell_link(LinkState.OFFLINE, "Not connected")
                await self._url_changed.wait()
                continue
            failure = await self._follow_until_cut()
            if failure is None:
                retry_seconds = FIRST_RETRY_SECONDS
                continue
            was_online, error = failure
            if was_online:
                retry_seconds = FIRST_RETRY_SECONDS
            refused = isinstance(error, BrokerRefused)
            state = LinkState.REFUSED if refused else LinkState.CONNECTING
            self._tell_link(state, error.title, error.hint)
            # A refusal is not retried by itself: a wrong password tried again and again locks out.
            await self._wait_for_url(None if refused else retry_seconds)
            retry_seconds = min(retry_seconds * 2, LAST_RETRY_SECONDS)

    async def _follow_until_cut(self) -> tuple[bool, BrokerError] | None:
        """Follow the broker. Returns why it ended; None when another URL was asked for."""
        self._tell_link(LinkState.CONNECTING, "Connecting")
        online = False
        cut: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        following = asyncio.create_task(self._follow(self._url, cut), name="engine:connection")
        changed = asyncio.create_task(self._url_changed.wait(), name="engine:url")
        try:
            await asyncio.wait((following, changed, cut), return_when=asyncio.FIRST_COMPLETED)
            if not following.done() and not cut.done():
                return None
            online = self._connection is not None
            await (following if following.done() else cut)
        except BrokerError as error:
            return online, error
        except Exception:  # noqa: BLE001 - the door for errors in background work
            _log.exception("following the broker failed")
            self._followed = ""
            hint = "It is tried again; the log says more."
            return online, BrokerError("Signoff stumbled over what the broker holds.", hint)
        finally:
            for task in (following, changed, cut):
                task.cancel()
            await asyncio.gather(following, changed, cut, return_exceptions=True)
            self._connection = self._reader = None
        return None

    async def _follow(self, url: str, cut: asyncio.Future[None]) -> None:
        """Follow one connection to its end.

        Args:
            cut: is told why nothing is heard any more, while something may be being read.
        """
        news_of = partial(listen, on_failure=partial(_tell_failure, cut))
        async with Connection(url) as connection, aclosing(news_of(connection)) as news:
            listening = await anext(news)
            self._tell_link(LinkState.CATCHING_UP, "Catching up")
            reader = Reader(connection)
            await self._follower.begin(reader)
            await self._clock.look(connection)
            self._connection, self._reader = connection, reader
            checks = isinstance(listening, Touched) and listening.method is Method.CHECKING
            title = _CHECKING if checks else "Connected"
            self._tell_link(LinkState.ONLINE, title, how_it_listens(listening), is_checking=checks)
            around = self._surroundings.looking_at(connection)
            clock, told = self._clock.looking_at(connection), self._replicating(connection)
            left, halts = self._settling(connection), self._halts.looking_at(connection)
            async with self._monitor.looking_at(connection), around, clock, told, left, halts:
                await self._follower.follow(reader, news)

    def _settling(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Take up within a block what a crash left behind; commands leave it to the window."""
        if not self._records_at_once:
            return nullcontext()
        address, emit = self._address(), self._batch.emit
        return settling(self._recorder, connection, address, emit, self._permission)

    def _replicating(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Tell and hear audit logs within a block; commands, which keep no log open, do not."""
        if self._replication is None:
            return nullcontext()
        return self._replication.looking_at(connection, self._address())

    async def _read_transcripts(self) -> None:
        if self._reader is None:
            return  # they are read with the next connection
        try:
            await self._transcripts.read(self._reader)
        except BrokerError:
            return  # whoever listens notices too, and says so
        except Exception:  # noqa: BLE001 - the door for errors in background work
            _log.exception("reading a transcript failed")

    async def _wait_for_url(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._url_changed.wait()
        except TimeoutError:
            return

    def _tell_link(
        self, state: LinkState, title: str, hint: str = "", *, is_checking: bool = False
    ) -> None:
        link = Link(state, title, hint, self._address(), is_checking)
        self._batch.emit(facts.LinkChanged(link))

    def _address(self) -> str:
        try:
            return split_password(self._url)[0] if self._url else ""
        except BrokerRefused:
            return ""  # it is no address, which connecting will say


def _tell_failure(cut: asyncio.Future[None], error: Exception) -> None:
    if not cut.done():
        cut.set_exception(error)
