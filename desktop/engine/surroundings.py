"""What goes on around requests that wait: votes that come, and who looks at them.

The only place that follows both. They lie beside the request under names that no broker tells of
without telling of every mark of every conversation, so they are looked at: those that somebody here
looks at, and in turn the others. A look costs the broker three short replies for each request.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import structlog

from desktop.engine.alongside import alongside
from desktop.engine.claims import Claims
from desktop.engine.completing import Completing
from desktop.engine.trust import Trust
from desktop.engine.voting import cast_votes, complete_any, read_ballots, valid_until
from desktop.engine.waiting import Interrupt, RequestName, Waiting
from desktop.store.facts import ClaimSeen, Fact, VotesSeen
from desktop.store.signing import CastVote, Claim
from workers.wire.dialects import PendingCall
from workers.wire.errors import BrokerError
from workers.wire.signing.registry import Registry
from workers.wire.streams.connection import Connection
from workers.wire.streams.votes import Around, Ballots

LOOK_SECONDS: Final = 0.5
#: So many requests are looked at at once.
MOST_AT_ONCE: Final = 200
#: A claim that was renewed is told again after so long.
_RENEWED_MS: Final = 10_000

_log = structlog.get_logger(__name__)


class Surroundings:
    """Follows votes and claims of one broker at a time."""

    def __init__(
        self,
        emit: Callable[[Fact], None],
        trust: Trust,
        waiting: Waiting,
        claims: Claims,
        completing: Completing,
    ) -> None:
        self._emit = emit
        self._trust = trust
        self._waiting = waiting
        self._claims = claims
        self._completing = completing
        self._until: dict[RequestName, float] = {}
        self._known: dict[RequestName, int] = {}
        self._read_for: dict[RequestName, PendingCall] = {}
        self._told: dict[RequestName, tuple[CastVote, ...]] = {}
        self._seen_claims: dict[RequestName, Claim] = {}
        self._registry: Registry | None = None
        self._turn = self._generation = 0

    @asynccontextmanager
    async def looking_at(self, connection: Connection) -> AsyncIterator[None]:
        """Look at this broker within the block."""
        try:
            async with alongside(partial(self._run, connection), "engine:surroundings"):
                yield
        finally:
            await self._claims.give_all_back(connection)

    async def look_at(self, connection: Connection, name: RequestName) -> None:
        """Read the votes on one request now, and tell them.

        Raises:
            BrokerError: the broker is away.
        """
        asked = dict(self._waiting.open()).get(name)
        if asked is not None:
            await self._read(Ballots(connection), name, asked)

    async def _run(self, connection: Connection) -> None:
        ballots = Ballots(connection)
        while True:
            try:
                self._prove()
                await self._claims.renew(connection)
                await self._look(ballots)
                waiting = {name for name, _ in self._waiting.open()}
                await self._completing.send_late(connection, waiting)
            except BrokerError as error:
                # The listening connection notices a cut, too, and says so.
                _log.debug("surroundings not seen", reason=error.title)
            except Exception:  # noqa: BLE001 - the door for errors in background work
                _log.exception("looking at what surrounds requests failed")
            await asyncio.sleep(LOOK_SECONDS)

    def _prove(self) -> None:
        """With another registry, what was told of signatures may not hold any more."""
        registry = self._trust.registry()
        before = self._registry.version if self._registry else 0
        if (registry.version if registry else 0) != before:
            self._registry = registry
            self._known.clear()
            for fact in self._waiting.prove_again():
                self._emit(fact)

    async def _look(self, ballots: Ballots) -> None:
        if self._generation != self._waiting.generation:
            # What was told is void, and with it what was told of votes and claims.
            self._generation = self._waiting.generation
            self._known, self._told, self._seen_claims, self._until = {}, {}, {}, {}
            self._read_for = {}
        chosen = self._chosen()
        if not chosen:
            return
        around = await ballots.around([name for name, _ in chosen])
        for (name, asked), one in zip(chosen, around, strict=True):
            self._see_claim(name, asked, one)
            is_over = time.time() > self._until.get(name, math.inf)
            is_other = self._read_for.get(name) is not asked.call  # told again, on other terms
            if is_over or is_other or one.votes != self._known.get(name, 0):
                await self._read(ballots, name, asked)

    def _chosen(self) -> list[tuple[RequestName, Interrupt]]:
        """Those to look at now: what somebody here looks at, and some of the others in turn."""
        waits = self._waiting.open()
        if len(waits) <= MOST_AT_ONCE:
            return waits
        held = set(self._claims.held)
        first = [pair for pair in waits if pair[0] in held]
        others = [pair for pair in waits if pair[0] not in held]
        begin = self._turn % len(others)
        self._turn += MOST_AT_ONCE
        return [*first, *(others[begin:] + others[:begin])[:MOST_AT_ONCE]]

    async def _read(self, ballots: Ballots, name: RequestName, asked: Interrupt) -> None:
        assert asked.request is not None  # noqa: S101 - others have no name
        kept = await ballots.read(*name)
        self._known[name] = len(kept)
        self._read_for[name] = asked.call
        registry = self._trust.registry()
        votes: tuple[CastVote, ...] = ()
        if registry is not None:
            now = time.time()
            read = read_ballots(asked.request, kept, registry, now)
            votes = cast_votes(asked.request, read)
            self._until[name] = valid_until(read)
            enough = complete_any(asked.request, read, registry, now)
            self._completing.see(name, asked, enough)
        if votes != self._told.get(name, ()):
            self._told[name] = votes
            self._emit(VotesSeen(asked.key, votes, name.request_id))

    def _see_claim(self, name: RequestName, asked: Interrupt, around: Around) -> None:
        words, known = around.claim, self._seen_claims.get(name)
        claim = None
        if words is not None and not self._claims.is_own(words):
            until = int(time.time() * 1000) + around.claim_ms
            claim = Claim(words.by_id, words.by_name, until)
        is_same = claim is not None and known is not None and claim.by_id == known.by_id
        if claim is None and known is None:
            return
        if is_same and claim and known and abs(claim.until_ms - known.until_ms) < _RENEWED_MS:
            return
        if claim is None:
            del self._seen_claims[name]
        else:
            self._seen_claims[name] = claim
        self._emit(ClaimSeen(asked.key, claim, name.request_id))
