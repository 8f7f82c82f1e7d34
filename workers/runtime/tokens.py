"""Pieces of messages on their way to live listeners, batched.

The only place that limits how often they are told: at most 30 times a second for each message.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import structlog

from workers.wire.errors import BrokerError
from workers.wire.events import TokenDelta
from workers.wire.streams.progress import ProgressWriter

INTERVAL_SECONDS = 1 / 30

_log = structlog.get_logger(__name__)


class TokenBatches:
    """The tokens of one run. An async context manager: leaving it tells what is left.

    Losing a batch loses nothing, so a broker that is away is no reason to end a run.
    """

    def __init__(self, writer: ProgressWriter, context_id: str, agent: str) -> None:
        self._writer = writer
        self._context_id = context_id
        self._agent = agent
        self._waiting: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _where: TracebackType | None,
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if error is None:
            await self.flush()

    def add(self, message_id: str, text: str) -> None:
        """Add a piece of a message."""
        self._waiting[message_id] = self._waiting.get(message_id, "") + text
        if self._ticking is None or self._ticking.done():
            self._ticking = asyncio.create_task(
                self._tick(), name=f"tokens of {self._agent} in {self._context_id}"
            )

    async def flush(self) -> None:
        """Tell everything that waits, now: the whole message is about to follow."""
        waiting, self._waiting = self._waiting, {}
        try:
            for message_id, text in waiting.items():
                number = self._numbers.get(message_id, 0)
                self._numbers[message_id] = number + 1
                await self._writer.publish_tokens(
                    TokenDelta(
                        context_id=self._context_id,
                        agent=self._agent,
                        message_id=message_id,
                        delta=text,
                        seq=number,
                    )
                )
        except BrokerError as error:
            _log.debug("tokens lost", agent=self._agent, reason=error.title)

    async def _tick(self) -> None:
        """Tell at once what came first, then in intervals, until nothing more comes."""
        while self._waiting:
            await self.flush()
            await asyncio.sleep(INTERVAL_SECONDS)
