"""Claims: who looks at a request now.

The only place of the engine that takes and gives them back. They are renewed while they are held;
that one fails is nothing to tell, because it holds nobody back.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator

import structlog
from msgspec import structs

from desktop.actions.ports import TakeClaim
from desktop.audit.entries import AuditEntry, AuditKind, happened
from desktop.engine.permission import Permission
from desktop.engine.waiting import RequestName, Waiting
from workers.wire.errors import BrokerError
from workers.wire.streams.claims import LEASE_SECONDS, ClaimWords, Leases
from workers.wire.streams.connection import Connection

_RENEWED_SECONDS = LEASE_SECONDS / 3
#: So long a console that ends takes to give them back; they end by themselves.
_FAREWELL_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Claims:
    """The claims of this desk.

    Args:
        permission: without it none is taken, renewed or given back; those that are held end by
            themselves.
        jot: writes down that somebody here looks at a request, and that they do no more.
    """

    def __init__(
        self,
        waiting: Waiting,
        permission: Permission,
        jot: Callable[[AuditEntry], object] = lambda _entry: None,
    ) -> None:
        self._waiting, self._permission, self._jot = waiting, permission, jot
        self._desk = secrets.token_hex(8)
        self._held: dict[RequestName, ClaimWords] = {}
        self._own: set[RequestName] = set()
        self._renewed_at = 0.0

    @property
    def held(self) -> tuple[RequestName, ...]:
        """What somebody here looks at."""
        return tuple(self._held)

    def is_own(self, words: ClaimWords) -> bool:
        """Whether a claim is of this desk."""
        return words.desk == self._desk

    async def tell(self, order: TakeClaim, connection: Connection | None) -> None:
        """Take or give back a lease."""
        name = self._waiting.find(order.key)
        if name is None or connection is None:
            return
        words = ClaimWords(by_id=order.by_id, by_name=order.by_name, desk=self._desk)
        leases = Leases(connection)
        with _quietly():
            if not self._permission.given:
                self._let_all_end()
            elif order.on:
                self._held[name] = words
                self._is_own_now(name, words, is_own=await leases.take(*name, words))
            elif (held := self._held.pop(name, None)) is not None:
                self._is_own_now(name, held, is_own=False)
                await leases.give_back(*name, held)

    async def renew(self, connection: Connection) -> None:
        """Renew what is held, if that is due and still permitted."""
        if not self._permission.given:
            self._let_all_end()
        if time.monotonic() - self._renewed_at < _RENEWED_SECONDS:
            return
        self._renewed_at = time.monotonic()
        leases, waits = Leases(connection), dict(self._waiting.open())
        for name, words in tuple(self._held.items()):
            with _quietly():
                if name in waits:
                    self._is_own_now(name, words, is_own=await leases.take(*name, words))
                else:
                    del self._held[name]
                    self._is_own_now(name, words, is_own=False)
                    await leases.give_back(*name, words)

    async def give_all_back(self, connection: Connection) -> None:
        """Nobody here looks at anything any more."""
        if not self._permission.given:
            self._let_all_end()
        leases = Leases(connection)
        held, self._held = self._held, {}
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL_SECONDS):
                for name, words in held.items():
                    self._is_own_now(name, words, is_own=False)
                    with _quietly():
                        await leases.give_back(*name, words)

    def _let_all_end(self) -> None:
        """Forget what is held, without a word to the broker."""
        held, self._held = self._held, {}
        for name, words in held.items():
            self._is_own_now(name, words, is_own=False)

    def _is_own_now(self, name: RequestName, words: ClaimWords, *, is_own: bool) -> None:
        """Write down what has changed; a lease can also be lost to another desk."""
        if is_own == (name in self._own):
            return
        kind = AuditKind.CLAIM_TAKEN if is_own else AuditKind.CLAIM_ENDED
        self._own ^= {name}
        entry = happened(kind, person=words.by_id, name=words.by_name)
        context_id, request_id = name
        self._jot(structs.replace(entry, context_id=context_id, request_id=request_id))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    try:
        yield
    except BrokerError as error:
        _log.debug("claim not told", reason=error.title)
