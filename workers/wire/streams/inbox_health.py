"""How the inboxes of agents are: read only, bounded, and whatever somebody put in their place.

The only place that reads the keys about an inbox for a console. What is refused, of a wrong type or
unknown to this broker is None in the answer, and disturbs nothing else. What may be long or large
is read in part, and again only when it may have changed. An inbox that cannot be read costs its
neighbours nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from workers.wire import keys
from workers.wire.codec import MAX_INBOX_BYTES, decode_json
from workers.wire.errors import BrokerError, BrokerUnreachable, DecodeError
from workers.wire.health import InboxHealth, Letter, Untaken
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.consumers import Tally, tally
from workers.wire.streams.inbox_facts import Answer, InboxFacts, count, milliseconds
from workers.wire.streams.quarantine import DeadLetter, Quarantine

MOST_UNTAKEN: Final = 50
MOST_LETTERS: Final = 20
#: Undelivered messages that are looked into: their content travels with them.
_LOOKED_INTO = 10
#: More consumers than this are listed only once a minute: the answer grows with them.
_MANY_CONSUMERS = 1000
_SELDOM_SECONDS = 60.0
#: A quarantine in which nothing seems to change is read again after so long.
_LETTERS_SECONDS = 30.0
#: Agents asked about in one write.
_AT_ONCE = 50


@dataclass(slots=True)
class _Kept:
    """What was read of one agent before, of what, and when (by `time.monotonic`)."""

    tally: Tally | None = None
    tally_at: float = float("-inf")
    letters: tuple[Letter, ...] = ()
    letters_of: int | None = None
    letters_at: float = float("-inf")
    undelivered: tuple[Untaken, ...] = ()
    undelivered_of: tuple[object, ...] = ()
    note: str = ""


class InboxReader:
    """Reads the health of inboxes, again and again."""

    def __init__(
        self, connection: Connection, on_failure: Callable[[str, Exception], None] | None = None
    ) -> None:
        """Nothing is read yet.

        Args:
            on_failure: hears of an agent whose inbox cannot be read, once until it can.
        """
        self._connection = connection
        self._on_failure = on_failure
        self._client = connection.client
        self._kept: dict[str, _Kept] = {}

    async def read(self, agents: Sequence[str], now_ms: int) -> list[InboxHealth]:
        """The inboxes of these agents, as far as they can be read.

        Args:
            now_ms: the time by the broker's clock.

        Raises:
            BrokerUnreachable: the broker is away.
        """
        for gone in self._kept.keys() - set(agents):
            del self._kept[gone]
        found: list[InboxHealth] = []
        for start in range(0, len(agents), _AT_ONCE):
            chunk = agents[start : start + _AT_ONCE]
            answers = iter(await self._asked(chunk))
            for agent in chunk:
                told = [next(answers) for _ in range(InboxFacts.QUESTIONS)]
                found.append(await self._inbox_safely(agent, told, now_ms))
        return found

    async def _asked(self, agents: Sequence[str]) -> list[Answer]:
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                for agent in agents:
                    InboxFacts.ask(batch, agent)
                return list(await batch.execute(raise_on_error=False))

    async def _inbox_safely(self, agent: str, told: Sequence[Answer], now_ms: int) -> InboxHealth:
        kept = self._kept.setdefault(agent, _Kept())
        try:
            found = await self._inbox(agent, InboxFacts.of(agent, told), now_ms)
        except BrokerUnreachable:
            raise
        except Exception as error:  # noqa: BLE001 - one inbox is not all of them
            found = InboxHealth(agent, note=_why(error))
            if not kept.note and self._on_failure is not None:
                self._on_failure(agent, error)
        kept.note = found.note
        return found

    async def _inbox(self, agent: str, state: InboxFacts, now_ms: int) -> InboxHealth:
        kept = self._kept[agent]
        readers = await self._tally(agent, state, kept)
        undelivered = await self._undelivered(agent, state, kept)
        parked, waiting = await self._parked(agent, state)
        untaken = sorted(
            (*state.overdue(now_ms), *waiting, *undelivered), key=lambda one: one.since_ms
        )
        return InboxHealth(
            agent,
            length=state.length,
            # An older broker does not count them, but a few can be counted here.
            lag=len(undelivered)
            if state.lag is None and state.last and len(undelivered) < _LOOKED_INTO
            else state.lag,
            taken=state.taken,
            pending=state.pending,
            oldest_pending_ms=await self._oldest_pending_ms(agent, state),
            consumers=state.consumers,
            foreign=readers.foreign if readers else None,
            leaked=readers.leaked if readers else None,
            is_read=readers.is_read if readers else None,
            parked=parked,
            quarantined=state.quarantined,
            runs=state.runs,
            untaken=tuple(untaken[:MOST_UNTAKEN]),
            letters=await self._letters(agent, state.quarantined, kept),
        )

    async def _tally(self, agent: str, state: InboxFacts, kept: _Kept) -> Tally | None:
        if not state.consumers:
            return None if state.consumers is None else Tally()
        now = time.monotonic()
        is_long = state.consumers > _MANY_CONSUMERS
        if not is_long or now - kept.tally_at > _SELDOM_SECONDS:
            kept.tally_at, kept.tally = now, None
            try:
                kept.tally = await tally(self._connection, agent)
            except BrokerUnreachable:
                raise
            except BrokerError:
                return None
        return kept.tally

    async def _oldest_pending_ms(self, agent: str, state: InboxFacts) -> int | None:
        if not state.pending:
            return None
        answer = await self._answer("XPENDING", keys.inbox(agent), keys.inbox_group(agent))
        oldest = answer.get("min") if isinstance(answer, dict) else None
        return milliseconds(oldest) if oldest else None

    async def _undelivered(self, agent: str, state: InboxFacts, kept: _Kept) -> tuple[Untaken, ...]:
        """The first messages that nobody was given. While nobody is, they stay the same."""
        what = (state.last, state.length)
        if not state.last or state.lag == 0 or kept.undelivered_of == what:
            return kept.undelivered if kept.undelivered_of == what else ()
        key, after = keys.inbox(agent), f"({state.last}"
        answer = await self._answer("XRANGE", key, after, "+", "COUNT", _LOOKED_INTO)
        kept.undelivered = tuple(
            Untaken(_context_id((fields or {}).get(b"data", b"")), milliseconds(entry_id))
            for entry_id, fields in (answer if isinstance(answer, list) else ())
        )
        kept.undelivered_of = what
        return kept.undelivered

    async def _parked(self, agent: str, state: InboxFacts) -> tuple[int | None, list[Untaken]]:
        """How many messages are parked, and the first of each context that has such."""
        if state.queued is None:
            return None, []
        contexts = state.queued
        if not contexts:
            return 0, []
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                for context_id in contexts:
                    batch.llen(keys.parked(agent, context_id))
                    batch.lindex(keys.parked(agent, context_id), 0)
                answers = list(await batch.execute(raise_on_error=False))
        counts = [count(answer) for answer in answers[::2]]
        waiting = [
            Untaken(context_id, milliseconds(first), is_parked=True)
            for context_id, count, first in zip(contexts, counts, answers[1::2], strict=True)
            if count and isinstance(first, bytes)
        ]
        is_whole = state.is_whole and None not in counts
        return (sum(count or 0 for count in counts) if is_whole else None), waiting

    async def _letters(
        self, agent: str, quarantined: int | None, kept: _Kept
    ) -> tuple[Letter, ...]:
        """The newest of a quarantine. Their content travels too, so not at each look."""
        now = time.monotonic()
        if not quarantined:
            kept.letters = ()
        elif kept.letters_of != quarantined or now - kept.letters_at > _LETTERS_SECONDS:
            try:
                newest = await Quarantine(self._connection, agent).newest(MOST_LETTERS)
            except BrokerUnreachable:
                raise
            except BrokerError:
                newest = []
            kept.letters = tuple(_letter(one) for one in reversed(newest))
            kept.letters_at = now
        kept.letters_of = quarantined
        return kept.letters

    async def _answer(self, *command: str | int) -> Answer:
        """What the broker answers to one command; the error, if it refuses it."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.execute_command(*command)
                [answer] = await batch.execute(raise_on_error=False)
        return answer


def _why(error: Exception) -> str:
    """Why an inbox cannot be read, without what it holds."""
    if isinstance(error, BrokerError):
        return error.title
    return f"Signoff stumbled over what the inbox holds ({type(error).__name__})."


def _letter(dead: DeadLetter) -> Letter:
    return Letter(
        dead.dead_id,
        dead.since_ms,
        dead.reason,
        dead.error,
        dead.context_id,
        dead.attempts,
        is_empty=not dead.data,
    )


def _context_id(data: bytes) -> str:
    """The context of an entry; empty where that cannot be read."""
    try:
        event = decode_json(data, max_bytes=MAX_INBOX_BYTES)
    except DecodeError:
        return ""
    context_id = event.get("context_id") if isinstance(event, dict) else None
    return context_id if isinstance(context_id, str) else ""
