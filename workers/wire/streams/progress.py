"""What a worker writes: progress, tokens, receipts, the ledger, the index, heartbeats.

The only place that writes these keys. A progress event is emitted once per event key, however
often a node runs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.wire import keys
from workers.wire.approvals import Receipt
from workers.wire.codec import encode_event, encode_struct
from workers.wire.errors import LeaseLost
from workers.wire.events import (
    ContextSummary,
    Event,
    RequestSummary,
    TokenDelta,
    WorkerInfo,
)
from workers.wire.streams.connection import Connection, translated
from workers.wire.streams.scripts import UNFENCED, Script, lua

MAX_PROGRESS_ENTRIES = 10_000
MAX_RECEIPTS = 10_000
#: Marks of a context outlive any pause between its messages.
MARKS_TTL_SECONDS = 30 * 24 * 3600
#: A worker that has said nothing for so long is taken from the list.
FORGOTTEN_AFTER_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Fence:
    """Under which lease something is written.

    Attributes:
        agent: whose lease it is.
        token: of the lease; 0 is not fenced.
    """

    agent: str
    token: int


_UNFENCED = Fence("", UNFENCED)
#: What the scripts answer to a token that is too old.
_FENCED = b"fenced"


class ProgressWriter:
    """Writes what one worker has to tell."""

    def __init__(self, connection: Connection) -> None:
        self._client = connection.client
        self._emit = Script(connection, lua("fence", "emit"))
        self._first = Script(connection, lua("fence", "first"))

    async def emit(self, event: Event, event_key: str, fence: Fence | None = None) -> bool:
        """Add an event to its context's progress stream, and publish it.

        Args:
            event_key: names the event within its context; a second emit of it does nothing.
            fence: under which lease it is said.

        Returns:
            Whether the event is new.

        Raises:
            LeaseLost: somebody with a higher token has spoken for the agent meanwhile.
        """
        context_id = event.context_id
        fence = fence or _UNFENCED
        answer = await self._emit.run(
            (
                keys.progress(context_id),
                keys.emitted(context_id),
                keys.fence(context_id, fence.agent),
            ),
            event_key,
            encode_event(event),
            MAX_PROGRESS_ENTRIES,
            MARKS_TTL_SECONDS,
            fence.token,
        )
        if answer == _FENCED:
            raise LeaseLost("Another worker speaks for the agent in this context.")
        return answer is not None

    async def publish_tokens(self, delta: TokenDelta) -> None:
        """Tell live listeners a piece of a message; nothing is stored."""
        with translated():
            await self._client.publish(keys.tokens(delta.context_id), encode_struct(delta))

    async def receipt(self, receipt: Receipt) -> None:
        """Say what became of a decision."""
        with translated():
            await self._client.xadd(
                keys.RECEIPTS, {"data": encode_struct(receipt)}, maxlen=MAX_RECEIPTS
            )

    async def consume_decision(
        self, context_id: str, request_id: str, mark: str, fence: Fence | None = None
    ) -> str | None:
        """Set the mark of the first decision on a request.

        Returns:
            None when this decision is the first; else the mark of the one that was.

        Raises:
            LeaseLost: as `emit`.
        """
        return await self._first_one(
            context_id, keys.decisions(context_id), request_id, mark, fence
        )

    async def forget_decision(self, context_id: str, request_id: str) -> None:
        """Take the mark of a decision away that came to nothing, so that another one can win."""
        with translated():
            await self._client.hdel(keys.decisions(context_id), request_id)

    async def decision_marks(self, context_id: str) -> dict[str, str]:
        """The marks of a context's decisions so far, by request id."""
        with translated():
            marks = await self._client.hgetall(keys.decisions(context_id))
        return {name.decode(): mark.decode() for name, mark in marks.items()}

    async def halts(self, scopes: Sequence[str]) -> dict[str, bytes | None]:
        """What stands of these scopes, to be judged; None for nothing."""
        with translated():
            found = await self._client.hmget(keys.HALT, scopes)
        return dict(zip(scopes, found, strict=True))

    async def tool_started(
        self, context_id: str, request_id: str, mark: str, fence: Fence | None = None
    ) -> str | None:
        """Note that an approved tool starts. Returns the note that was there before, if any.

        Raises:
            LeaseLost: as `emit`; the tool must not start.
        """
        ledger = keys.tool_ledger(context_id)
        return await self._first_one(context_id, ledger, request_id, mark, fence)

    async def tool_done(self, context_id: str, request_id: str, mark: str) -> None:
        """Note that it ended."""
        with translated():
            await self._client.hset(keys.tool_ledger(context_id), request_id, mark)

    async def index_context(self, context_id: str, summary: ContextSummary) -> None:
        """Renew the index entry of a context."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.zadd(keys.CONTEXTS, {context_id: summary.last_activity_ms})
                batch.hset(keys.CONTEXT, context_id, encode_struct(summary))
                await batch.execute()

    async def index_request(self, request_id: str, summary: RequestSummary) -> None:
        """List a request as waiting."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.zadd(keys.WAITING, {request_id: summary.since_ms})
                batch.hset(keys.REQUEST, request_id, encode_struct(summary))
                await batch.execute()

    async def unindex_request(self, request_id: str) -> None:
        """A request waits no longer."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.zrem(keys.WAITING, request_id)
                batch.hdel(keys.REQUEST, request_id)
                await batch.execute()

    async def heartbeat(self, info: WorkerInfo, now_ms: int, ttl_ms: int) -> None:
        """Say that this worker lives; unsaid for `ttl_ms`, it counts as gone."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.set(keys.worker(info.consumer), encode_struct(info), px=ttl_ms)
                batch.zadd(keys.WORKERS, {info.consumer: now_ms})
                # Who died without a farewell is forgotten by those who live.
                batch.zremrangebyscore(keys.WORKERS, "-inf", now_ms - FORGOTTEN_AFTER_MS)
                await batch.execute()

    async def farewell(self, consumer: str) -> None:
        """This worker ends in good order."""
        with translated():
            async with self._client.pipeline(transaction=False) as batch:
                batch.delete(keys.worker(consumer))
                batch.zrem(keys.WORKERS, consumer)
                await batch.execute()

    async def _first_one(
        self, context_id: str, key: str, name: str, mark: str, fence: Fence | None
    ) -> str | None:
        fence = fence or _UNFENCED
        is_first, found = await self._first.run(
            (key, keys.fence(context_id, fence.agent)), name, mark, MARKS_TTL_SECONDS, fence.token
        )
        if found == _FENCED:
            raise LeaseLost("Another worker acts for the agent in this context.")
        return None if is_first else found.decode()
