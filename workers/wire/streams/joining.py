"""Commands of many contexts, sent together.

The only place that joins commands. A worker with fifty contexts says something to the broker about
sixteen times a turn, and a command by itself costs the client five times what it costs among others
in one write. Nothing waits to be joined: what is asked for while all lines are busy goes with the
next one that is free. The order of one task's commands stays, because it awaits each of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import ConnectionError as BrokerLost
from redis.exceptions import ResponseError

#: So many writes may be under way at once; with one, a slow script would keep all others waiting.
LINES = 3
#: A longer write would let its first command wait for the answers of many others.
MOST_AT_ONCE = 100

_Command: TypeAlias = tuple[tuple[Any, ...], Mapping[str, Any]]
_Waiting: TypeAlias = tuple[Sequence[_Command], asyncio.Future[list[Any]]]


class JoiningClient(Redis):
    """A client whose commands share writes and connections with those asked for meanwhile."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - see redis
        super().__init__(**options)
        self._waiting: deque[_Waiting] = deque()
        self._lines: set[asyncio.Task[Any] | None] = set()

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - see redis
        """Send a command with others, and return its own answer."""
        (answer,) = await self.send_joined([(args, options)])
        if isinstance(answer, ResponseError):
            raise answer
        return answer

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Several commands; without a transaction they are joined with others, too."""
        if transaction:
            return super().pipeline(transaction, shard_hint)
        return _JoinedPipeline(self)

    async def send_joined(self, commands: Sequence[_Command]) -> list[Any]:
        """Send commands, in their order, and return their answers.

        An answer is a `ResponseError` where the broker refused the command.

        Raises:
            RedisError: why the broker did not answer.
        """
        loop = asyncio.get_running_loop()
        answers: asyncio.Future[list[Any]] = loop.create_future()
        self._waiting.append((commands, answers))
        if len(self._lines) < LINES:
            line = loop.create_task(self._send_waiting(), name="commands to the broker")
            self._lines.add(line)
        return await answers

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close it; what nobody waits for any more is cut off."""
        lines = [line for line in self._lines if line is not None]
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        waiting, self._waiting = self._waiting, deque()
        _fail(waiting, BrokerLost("The connection was closed."))
        await super().aclose(close_connection_pool)

    async def _send_waiting(self) -> None:
        """Send what waits, until nothing does."""
        try:
            while self._waiting:
                joined = self._take()
                if joined:
                    await self._send(joined)
        finally:
            # Not in a callback: what is asked for before that ran would be sent by nobody.
            self._lines.discard(asyncio.current_task())

    def _take(self) -> list[_Waiting]:
        """What goes in the next write."""
        joined: list[_Waiting] = []
        size = 0
        while self._waiting and size < MOST_AT_ONCE:
            one = self._waiting.popleft()
            # Whoever was cancelled meanwhile wants nothing any more.
            if not one[1].done():
                joined.append(one)
                size += len(one[0])
        return joined

    async def _send(self, joined: Sequence[_Waiting]) -> None:
        batch = super().pipeline(transaction=False)
        batch.command_stack = [command for commands, _ in joined for command in commands]
        try:
            answers = await batch.execute(raise_on_error=False)
        except asyncio.CancelledError:
            _fail(joined, BrokerLost("The connection was closed."))
            raise
        except Exception as error:  # noqa: BLE001 - told to those who wait
            _fail(joined, error)
            return
        start = 0
        for commands, future in joined:
            if not future.done():
                future.set_result(answers[start : start + len(commands)])
            start += len(commands)


def _fail(joined: Iterable[_Waiting], error: Exception) -> None:
    for _, future in joined:
        if not future.done():
            future.set_exception(error)


class _JoinedPipeline(Pipeline):
    """A pipeline that goes with what others send."""

    def __init__(self, client: JoiningClient) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, False, None)
        self._joining = client

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Send the commands, and return their answers."""
        commands, self.command_stack = self.command_stack, []
        answers = await self._joining.send_joined(commands) if commands else []
        if raise_on_error:
            self.raise_first_error(commands, answers)
        return answers
