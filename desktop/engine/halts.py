"""Halts on the broker: those that stand are looked at, and this desk's own are signed and written.

The only place of the console that reads or writes them. No broker tells of them in a way that all
permit, and there are few, so they are looked at every second. What workers keep although its field
is empty comes with their heartbeats.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from msgspec import structs

from desktop.actions.ports import SayHalt
from desktop.audit.entries import AuditEntry
from desktop.audit.log import AuditUnavailable
from desktop.engine.alongside import alongside
from desktop.engine.clock import ClockWatch
from desktop.engine.permission import Permission
from desktop.engine.recorder import Recorder
from desktop.engine.signer import Signer
from desktop.engine.trust import Trust
from desktop.store.facts import AgentsSeen, Fact, Forgotten, HaltSaid, HaltsSeen
from desktop.store.halts import Halt, HaltPlace, HaltProof, Halts, HaltState
from workers.wire.canonical import digest
from workers.wire.codec import encode_struct
from workers.wire.errors import BadName, BrokerError, BrokerUnreachable, SignoffError
from workers.wire.events import WorkerInfo
from workers.wire.halts import HaltStatement, check_scope
from workers.wire.signing.assertions import check_halt, read_halt
from workers.wire.signing.distrust import NotTrusted
from workers.wire.streams import halts
from workers.wire.streams.connection import Connection

LOOK_SECONDS: Final = 1.0
#: So many are shown; whoever fills the hash with more halts nothing by them but the console.
MOST: Final = 200
#: A time after this, in ms since the epoch, is none.
_END_MS: Final = 1 << 42

_log = structlog.get_logger(__name__)


class HaltWatch:
    """Follows the halts of one broker at a time. Used on the engine's loop."""

    def __init__(
        self,
        emit: Callable[[Fact], None],
        trust: Trust,
        signer: Signer,
        recorder: Recorder,
        clock: ClockWatch,
        permission: Permission,
    ) -> None:
        self._emit, self._trust, self._signer = emit, trust, signer
        self._recorder, self._clock = recorder, clock
        self._permission = permission
        self._workers: tuple[WorkerInfo, ...] = ()
        self._told = Halts()
        self._seen: object = None
        self._due = asyncio.Event()

    def see(self, batch: Iterable[Fact]) -> None:
        """Hear what workers say of halts, on its way to the store."""
        for fact in batch:
            if isinstance(fact, AgentsSeen):
                self._workers = fact.workers
            elif isinstance(fact, Forgotten):
                self._workers, self._told, self._seen = (), Halts(), None

    def looking_at(self, connection: Connection) -> AbstractAsyncContextManager[None]:
        """Look at this broker within the block."""
        return alongside(partial(self._run, connection), "engine:halts")

    async def carry_out(self, order: SayHalt, connection: Connection | None) -> None:
        """Sign a halt or lift, record it, and write it; what came of it is told."""
        scope = order.statement.scope
        told = HaltState(is_sending=False)
        try:
            if connection is not None:
                await self._say(order, connection)
            else:
                told = _failed("The broker is not reachable.", "Nothing was sent.")
        except SignoffError as error:
            told = _failed(error.title, error.hint)
        except Exception:  # noqa: BLE001 - the door: a row must not say "sending" for ever
            _log.exception("halt failed")
            title = "Signoff made a mistake, and this may not have been sent."
            told = _failed(title, "Look at what is halted.")
        self._emit(HaltSaid(scope, told))
        self._due.set()

    async def _say(self, order: SayHalt, connection: Connection) -> None:
        statement, record = order.statement, order.record
        self._permission.check()
        if statement.lifted:
            await self._clock.check(connection)
            self._trust.check()
        if order.sign:
            statement = self._signer.sign_halt(statement)
        told = encode_struct(statement).decode()
        record = structs.replace(record, envelope_digest=_digest(told) if order.sign else "")
        secrets = {"comment": statement.reason, "envelope": told}
        try:
            await self._recorder.note(record, secrets)
        except AuditUnavailable:
            if statement.lifted:
                raise
            await self._recorder.note_anyway(record)  # to stop is never held back
        try:
            self._permission.check()  # it may have been taken away since
            await halts.halt(connection, statement)
        except SignoffError as error:
            self._recorder.jot(_not_sent(record, error.title))
            raise

    async def _run(self, connection: Connection) -> None:
        while True:
            self._due.clear()
            try:
                told = await self._look(connection)
            except BrokerUnreachable as error:
                _log.debug("halts not seen", reason=error.title)  # who listens says so
            except BrokerError as error:
                self._tell(Halts(unknown=error.title))
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("looking at halts failed")
            else:
                self._tell(told)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._due.wait()
            except TimeoutError:
                continue

    def _tell(self, told: Halts) -> None:
        if told.unknown:
            self._seen = None
        if told != self._told:
            self._told = told
            self._emit(HaltsSeen(told))

    async def _look(self, connection: Connection) -> Halts:
        found = await halts.all_halts(connection, MOST)
        seen = (found, self._workers, self._trust.registry())
        if seen == self._seen:
            return self._told  # signatures are verified once
        self._seen = seen
        kept: dict[str, list[HaltStatement]] = {}
        for worker in self._workers:
            for one in worker.halts:
                kept.setdefault(one.scope, []).append(one)
        scopes = sorted({*found, *kept})[:MOST]
        standing = (self._standing(one, found.get(one), kept.get(one, [])) for one in scopes)
        roles = sorted({role for worker in self._workers for role in worker.lift_roles})
        return Halts(tuple(one for one in standing if one is not None), lift_roles=tuple(roles))

    def _standing(self, scope: str, raw: bytes | None, kept: list[HaltStatement]) -> Halt | None:
        """The halt of a scope, if there is one: at the broker, or with workers."""
        try:
            check_scope(scope)
        except BadName:
            return None  # it is no scope, and holds no call
        written = read_halt(raw)
        at_broker = self._shown(scope, written) if written is not None else Halt(scope)
        with_workers = max(
            (self._shown(scope, one) for one in kept),
            key=lambda one: (one.proof is HaltProof.PROVEN, one.serial),
            default=None,
        )
        if raw is not None and (written is None or not written.lifted):
            is_hidden = with_workers is not None and at_broker.proof is not HaltProof.PROVEN
            shown = with_workers if with_workers is not None and is_hidden else at_broker
            return replace(shown, keepers=len(kept))
        if with_workers is None:
            return None
        is_lifted = written is not None and at_broker.proof is HaltProof.PROVEN
        place = HaltPlace.LIFTED if is_lifted else HaltPlace.KEPT
        return replace(with_workers, place=place, keepers=len(kept))

    def _shown(self, scope: str, statement: HaltStatement) -> Halt:
        """A statement, with what is known of who signed it."""
        shown = Halt(
            scope=scope,
            by=statement.by,
            at_ms=statement.at_ms if 0 < statement.at_ms < _END_MS else 0,
            reason=statement.reason,
            proof=HaltProof.UNSIGNED,
        )
        if statement.dsse is None:
            return shown
        registry = self._trust.registry()
        if registry is None:
            return replace(shown, proof=HaltProof.UNKNOWN, serial=statement.serial)
        if statement.scope != scope:
            doubt = "It was signed for other calls."
            return replace(shown, proof=HaltProof.UNTRUSTED, doubt=doubt)
        try:
            # A key that has ended since still says who it was.
            holder = check_halt(statement, registry, min(statement.at_ms / 1000, time.time()))
        except NotTrusted as error:
            return replace(shown, proof=HaltProof.UNTRUSTED, doubt=error.title)
        by = holder.reviewer.name if holder.reviewer is not None else shown.by
        by = holder.agent.name if holder.agent is not None else by
        return replace(shown, proof=HaltProof.PROVEN, by=by, serial=statement.serial)


def _failed(title: str, hint: str) -> HaltState:
    return HaltState(is_sending=False, title=title, hint=hint)


def _digest(told: str) -> str:
    return digest("signoff/halt/v1", told.encode())


def _not_sent(record: AuditEntry, why: str) -> AuditEntry:
    return structs.replace(record, outcome=f"not sent: {why}"[:200], secrets={})
