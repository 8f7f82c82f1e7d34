"""Reads of very many keys: sent by the hundred, answered as they come.

The only place that pipelines commands on bare lines. Each command goes to the server that holds
its key; on a Cluster, one that has moved is followed. Never for writes: what was sent when a line
broke is sent again by nobody, and nobody knows whether it took effect.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, NamedTuple, TypeAlias

from redis import exceptions

from workers.wire.streams.lines import Command, Line
from workers.wire.streams.places import Place, Servers
from workers.wire.streams.translation import translated

#: So many asks are sent at once, and as many again while the first are being answered: the
#: broker is never idle, and holds few replies for us.
_SLICE: Final = 200
#: Lines kept for the next one who asks.
_MOST_IDLE: Final = 4
#: What an odd key answers; that is for who asked, and no failure.
_ODD_KEYS: Final = ("WRONGTYPE", "no such key")
_ASKING: Final[Command] = ("ASKING",)


class Ask(NamedTuple):
    """Commands about one key, which are answered together."""

    key: str | bytes
    commands: tuple[Command, ...]


#: The number of an ask, and the reply to each of its commands; a `ResponseError` for a key that
#: is missing or of another type.
Answers: TypeAlias = list[tuple[int, list[Any]]]


class Bulk:
    """Lines for reads in bulk, to whichever servers. Close it."""

    def __init__(self, servers: Servers, timeout_seconds: float) -> None:
        self._servers = servers
        self._timeout_seconds = timeout_seconds
        self._idle: deque[Line] = deque()

    async def ask(self, asks: Sequence[Ask]) -> AsyncGenerator[Answers, None]:
        """Send many commands, and hand on what is answered as it comes.

        Yields:
            Answers, in order for each server; each ask is answered once.

        Raises:
            BrokerError: a server went away or refused something. See `translated`.
        """
        with translated():
            async with aclosing(self._ask(asks)) as batches:
                async for answers in batches:
                    yield answers

    async def call(self, place: Place, command: Command) -> Any:  # noqa: ANN401 - as it answers
        """Send one command to one server, and return its answer.

        Raises:
            BrokerError: see `ask`.
        """
        with translated():
            async with aclosing(self._ask_at(place, [Ask("", (command,))], [0])) as batches:
                async for answers in batches:
                    for _, [reply] in answers:
                        return reply
        raise AssertionError("an ask without an answer ends in an error")

    async def close(self) -> None:
        """Close every line that nobody uses; the others are closed by who does."""
        while self._idle:
            await self._idle.pop().close()

    async def _ask(self, asks: Sequence[Ask]) -> AsyncGenerator[Answers, None]:
        astray: dict[tuple[str, int], list[int]] = {}
        for place, numbers in await self._servers.shares([ask.key for ask in asks]):
            async with aclosing(self._ask_at(place, asks, numbers)) as batches:
                async for answers in batches:
                    yield [one for one in answers if not _note_astray(one, astray)]
        if astray:
            self._servers.look_again()
        for (host, port), numbers in astray.items():
            place = self._servers.place_at(host, port)
            async with aclosing(self._ask_at(place, asks, numbers, asking=True)) as batches:
                async for answers in batches:
                    for _, replies in answers:
                        _raise_moved(replies)
                    yield answers

    async def _ask_at(
        self, place: Place, asks: Sequence[Ask], numbers: Sequence[int], *, asking: bool = False
    ) -> AsyncGenerator[Answers, None]:
        """Send some asks to one server, never many more than it has answered."""
        sent = answered = 0
        replies: list[Any] = []
        async with self._lent(place) as line:
            while answered < len(numbers):
                while sent < len(numbers) and sent - answered <= _SLICE:
                    part = numbers[sent : sent + _SLICE]
                    line.send(_commands(asks, part, asking=asking))
                    sent += len(part)
                replies += await self._receive(line)
                answers: Answers = []
                used = 0
                while answered < sent:
                    number = numbers[answered]
                    until = used + len(asks[number].commands) * (2 if asking else 1)
                    if until > len(replies):
                        break
                    own = replies[used:until]
                    answers.append((number, own[1::2] if asking else own))
                    used = until
                    answered += 1
                line.awaited -= used
                del replies[:used]
                for _, own in answers:
                    _raise_refusal(own)
                yield answers

    async def _receive(self, line: Line) -> list[Any]:
        try:
            return await line.receive(self._timeout_seconds)
        except TimeoutError as error:
            raise exceptions.TimeoutError("it is silent") from error

    @asynccontextmanager
    async def _lent(self, place: Place) -> AsyncIterator[Line]:
        """A line to a server, for oneself."""
        line = await self._take(place)
        is_lost = True
        try:
            yield line
            is_lost = False
        except (exceptions.ConnectionError, exceptions.TimeoutError, OSError):
            self._servers.look_again()
            raise
        finally:
            if not is_lost and line.is_usable and len(self._idle) < _MOST_IDLE:
                self._idle.append(line)
            else:
                await line.close()

    async def _take(self, place: Place) -> Line:
        """One that is idle, or else a new one."""
        for _ in range(len(self._idle)):
            line = self._idle.popleft()
            if line.is_usable and place.name in {"", line.name}:
                return line
            if line.is_usable:
                self._idle.append(line)
            else:
                await line.close()
        line = Line(place)
        try:
            await line.open()
        except BaseException:
            self._servers.look_again()
            await line.close()
            raise
        return line


def _commands(asks: Sequence[Ask], part: Sequence[int], *, asking: bool) -> list[Command]:
    commands = [command for number in part for command in asks[number].commands]
    return [one for command in commands for one in (_ASKING, command)] if asking else commands


def _note_astray(answer: tuple[int, list[Any]], astray: dict[tuple[str, int], list[int]]) -> bool:
    """Whether an ask has to be sent to another server, which is noted."""
    number, replies = answer
    for reply in replies:
        if isinstance(reply, exceptions.AskError):
            astray.setdefault((reply.host, reply.port), []).append(number)
            return True
    return False


def _raise_moved(replies: Sequence[Any]) -> None:
    for reply in replies:
        if isinstance(reply, exceptions.AskError):
            raise exceptions.ConnectionError("its keys are on the move to another server")


def _raise_refusal(replies: Sequence[Any]) -> None:
    """Raise an error that is not about the key alone."""
    for reply in replies:
        if not isinstance(reply, Exception) or isinstance(reply, exceptions.AskError):
            continue
        if not any(word in str(reply) for word in _ODD_KEYS):
            raise reply
