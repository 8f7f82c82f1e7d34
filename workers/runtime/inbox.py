"""An inbox from which contexts are leased: take, settle, renew and reap.

The only place that knows the scripts in `lua/`, which are the whole of what changes queues and
leases. Each is one step on the broker, so a worker may die between any two of them: what it held
is started again by another, in order, and what it writes afterwards is refused by its token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any

from workers.runtime.pace import Pace
from workers.wire import keys
from workers.wire.errors import LeaseLost
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.inbox import InboxEntry
from workers.wire.streams.scripts import Argument, Script, ThreadLine

MAX_DEAD_LETTERS = 10_000
#: An error in quarantine is for a person to read (characters).
_MAX_ERROR = 500

_LUA = resources.files(__package__) / "lua"
_PRELUDE = (_LUA / "prelude.lua").read_text()


def _script(name: str) -> str:
    return _PRELUDE + (_LUA / f"{name}.lua").read_text()


TAKE, SETTLE, RENEW, REAP = (_script(name) for name in ("take", "settle", "renew", "reap"))


class Verb(StrEnum):
    """What becomes of an entry; `lua/settle.lua` says what each does."""

    DONE = "done"
    LAST = "last"
    DEAD = "dead"
    PARK = "park"
    RETRY = "retry"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the handling of an entry ended.

    Attributes:
        frees: the context waits for nothing now, so that what is parked may run.
        delay_seconds: of a retry.
        reason: of a quarantine, one short stable word; `error` says it to a person.
    """

    verb: Verb
    frees: bool = False
    delay_seconds: float = 0.0
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A context that is ours, and its oldest entry.

    Attributes:
        context: as the broker spells it; empty for entries that name none.
        token: higher than that of anybody who held the context before.
    """

    context: bytes
    token: int
    entry: InboxEntry


@dataclass(frozen=True, slots=True)
class Reaped:
    """What a sweep did. `cursor`: where the next one goes on."""

    freed: int = 0
    strays: int = 0
    removed: int = 0
    cursor: str = "-"


class LeasedInbox:
    """The contexts of one agent's inbox, as one worker leases them.

    Attributes:
        agent: whose inbox it is.
        consumer: our name in its group.
    """

    def __init__(self, connection: Connection, agent: str, consumer: str, pace: Pace) -> None:
        self.agent = agent
        self.consumer = consumer
        self._client = connection.client
        self._key = keys.inbox(agent)
        base = keys.inbox_keys(agent)
        self._given = (keys.inbox_group(agent), base, consumer, pace.lease_ms)
        self._sweep_ms = max(int(pace.heartbeat_seconds * 900), 1)
        self._take = Script(connection, TAKE)
        self._settle = Script(connection, SETTLE)
        self._renew = Script(connection, RENEW)
        self._reap = Script(connection, REAP)

    async def take(self, newest: str, free: int) -> list[Taken]:
        """Queue what was delivered, and lease contexts that are due.

        Args:
            newest: the id of the newest entry we were given; empty when there is none.
            free: how many contexts we can run.
        """
        answer = await self._take(self._key, *self._given, newest, free)
        return [_taken(one) for one in answer]

    async def settle(self, taken: Taken, verdict: Verdict) -> Taken | None:
        """End our work on an entry. May be called again when the reply was lost.

        Returns:
            The next entry of the context, under the same lease; None when we do not hold the
            context any more.

        Raises:
            LeaseLost: the context is not ours; nothing was changed.
        """
        answer = await self._settle(
            self._key,
            *self._given,
            taken.context,
            taken.token,
            taken.entry.entry_id,
            verdict.verb,
            int(verdict.delay_seconds * 1000),
            int(verdict.frees),
            verdict.reason,
            verdict.error[:_MAX_ERROR].encode(errors="backslashreplace"),
            MAX_DEAD_LETTERS,
        )
        if answer[0] == b"lost":
            raise LeaseLost("The context was taken over by another worker.")
        return _taken(answer[1:]) if answer[0] == b"next" else None

    async def renew(self, held: Iterable[tuple[bytes, int]] = ()) -> list[tuple[bytes, int]]:
        """Say that we live, and prolong leases. Returns those that are lost."""
        return _lost(await self._renew(self._key, *self._given, *_flat(held)))

    def renew_in_thread(
        self, line: ThreadLine, held: Iterable[tuple[bytes, int]]
    ) -> list[tuple[bytes, int]]:
        """`renew` for a thread, over its own connection."""
        return _lost(line.run(RENEW, self._key, *self._given, *_flat(held)))

    async def reap(self, cursor: str = "-") -> Reaped:
        """Free what dead workers held, unless another worker has just done it."""
        freed, strays, removed, then = await self._reap(
            self._key, *self._given, self._sweep_ms, cursor
        )
        return Reaped(freed, strays, removed, then.decode())

    async def holds(self, context: bytes, token: int) -> bool:
        """Whether a context is ours under this token."""
        with translated():
            holder = await self._client.hget(keys.run(self.agent), context)
        return bool(holder == f"{self.consumer}|{token}".encode())


def _taken(answer: Sequence[Any]) -> Taken:
    context, token, entry_id, starts, data = answer
    return Taken(context, int(token), InboxEntry(entry_id.decode(), data, starts))


def _flat(held: Iterable[tuple[bytes, int]]) -> list[Argument]:
    return [part for pair in held for part in pair]


def _lost(answer: Sequence[bytes]) -> list[tuple[bytes, int]]:
    return [(answer[index], int(answer[index + 1])) for index in range(0, len(answer), 2)]
