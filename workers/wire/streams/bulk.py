"""Reads of very many keys: sent by the hundred, answered as they come.

The only place that pipelines commands on bare lines. Each command goes to the server that holds
its key; on a Cluster, one that has moved is followed. Never for writes: what was sent when a line
broke is sent again by nobody, and nobody knows whether it took effect.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from redis import exceptions

from workers.wire.streams.lines import Command, Line
from workers.wire.streams.places import Place, Servers
from workers.wire.streams.translation import translated

#: Lines kept for the next one who asks; those to servers of the past leave first.
_MOST_IDLE: Final = 16
#: What an odd key answers; that is for who asked, and no failure.
_ODD_KEYS: Final = ("WRONGTYPE", "no such key")
_ASKING: Final[Command] = ("ASKING",)


K = TypeVar("K", str, bytes)

#: The number of a key, and the reply to each command about it; a `ResponseError` for a key that is
#: missing or of another type.
Answers: TypeAlias = list[tuple[int, list[Any]]]
#: The numbers of keys that lie elsewhere, by host and port of where.
_Astray: TypeAlias = dict[tuple[str, int], list[int]]


class Question(NamedTuple, Generic[K]):
    """What is to be known of many keys.

    Attributes:
        commands_of: the commands about one key, which are answered together.
        ahead: keys that are asked about at once, and as many again while the first are being
            answered: the broker is never idle, and holds not too many replies for us.
    """

    names: Sequence[K]
    commands_of: Callable[[K], Sequence[Command]]
    ahead: int


class Bulk:
    """Lines for reads in bulk, to whichever servers. Close it."""

    def __init__(self, servers: Servers, timeout_seconds: float) -> None:
        self._servers = servers
        self._timeout_seconds = timeout_seconds
        self._idle: deque[Line] = deque()
        self._is_closed = False

    async def ask(self, question: Question[K]) -> AsyncGenerator[Answers, None]:
        """Send commands about many keys, and hand on what is answered as it comes.

        Yields:
            Answers, in order for each server; each key is answered for once.

        Raises:
            BrokerError: a server went away or refused something. See `translated`.
        """
        astray: _Astray = {}
        with translated():
            for place, numbers in await self._servers.shares(question.names):
                async with aclosing(self._ask_at(place, question, numbers, astray)) as batches:
                    async for answers in batches:
                        yield answers
            if astray:
                self._servers.look_again()
            for (host, port), numbers in astray.items():
                place = self._servers.place_at(host, port)
                moving: _Astray = {}
                asked = self._ask_at(place, question, numbers, moving, asking=True)
                async with aclosing(asked) as batches:
                    async for answers in batches:
                        _raise_moved(moving)
                        yield answers

    async def call(self, place: Place, command: Command) -> Any:  # noqa: ANN401 - as it answers
        """Send one command to one server, and return its answer.

        Raises:
            BrokerError: see `ask`.
        """
        question = Question(("",), lambda _: (command,), 1)
        with translated():
            async with aclosing(self._ask_at(place, question, (0,), {})) as batches:
                async for answers in batches:
                    for _, [reply] in answers:
                        return reply
        raise AssertionError("a question without an answer ends in an error")

    async def close(self) -> None:
        """Close every line that nobody uses; the others are closed by who does."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().close()

    async def _ask_at(
        self,
        place: Place,
        question: Question[K],
        numbers: Sequence[int],
        astray: _Astray,
        *,
        asking: bool = False,
    ) -> AsyncGenerator[Answers, None]:
        """Ask one server about its keys, never about many more than it has answered for.

        Args:
            astray: keys that another server has to be asked about are noted here.
            asking: it is only about to get these keys, and must be told that we know.
        """
        sent = 0
        #: Keys that were asked about, each with how many replies it takes.
        open_asks: deque[tuple[int, int]] = deque()
        replies: list[Any] = []
        async with self._lent(place) as line:
            while open_asks or sent < len(numbers):
                while sent < len(numbers) and len(open_asks) <= question.ahead:
                    part = numbers[sent : sent + question.ahead]
                    line.send(_commands(question, part, open_asks, asking=asking))
                    sent += len(part)
                replies += await self._receive(line)
                answers: Answers = []
                used = 0
                while open_asks and used + open_asks[0][1] <= len(replies):
                    number, count = open_asks.popleft()
                    own = replies[used : used + count]
                    answers.append((number, own[1::2] if asking else own))
                    used += count
                line.awaited -= used
                del replies[:used]
                if any(isinstance(reply, Exception) for _, own in answers for reply in own):
                    _raise_refusal(answers)
                    answers = [one for one in answers if not _note_astray(one, astray)]
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
            if is_lost or self._is_closed or not line.is_usable:
                await line.close()
            else:
                self._idle.append(line)
        if len(self._idle) > _MOST_IDLE:
            await self._idle.popleft().close()

    async def _take(self, place: Place) -> Line:
        """One that is idle, or else a new one."""
        found = await self._take_idle(place)
        if found is not None:
            return found
        line = Line(place)
        try:
            await line.open()
        except BaseException:
            self._servers.look_again()
            await line.close()
            raise
        return line

    async def _take_idle(self, place: Place) -> Line | None:
        """An idle line to a server, if there is one; those that were lost are closed."""
        # Nothing is awaited while they are looked through: others take and give back meanwhile.
        lost = [line for line in self._idle if not line.is_usable]
        fitting = (line for line in self._idle if line.is_usable)
        found = next((line for line in fitting if place.name in {"", line.name}), None)
        self._idle = deque(line for line in self._idle if line.is_usable and line is not found)
        try:
            for line in lost:
                await line.close()
        except BaseException:
            if found is not None:
                self._idle.append(found)
            raise
        return found


def _commands(
    question: Question[K], part: Sequence[int], open_asks: deque[tuple[int, int]], *, asking: bool
) -> list[Command]:
    """The commands about some keys, which are noted as asked about."""
    packed: list[Command] = []
    for number in part:
        commands = question.commands_of(question.names[number])
        for command in commands:
            packed += (_ASKING, command) if asking else (command,)
        open_asks.append((number, 2 * len(commands) if asking else len(commands)))
    return packed


def _note_astray(answer: tuple[int, list[Any]], astray: _Astray) -> bool:
    """Whether another server has to be asked about a key, which is noted."""
    number, replies = answer
    for reply in replies:
        if isinstance(reply, exceptions.AskError):
            astray.setdefault((reply.host, reply.port), []).append(number)
            return True
    return False


def _raise_moved(moving: _Astray) -> None:
    if moving:
        raise exceptions.ConnectionError("its keys are on the move to another server")


def _raise_refusal(answers: Answers) -> None:
    """Raise an error that is not about one key alone."""
    for _, replies in answers:
        for reply in replies:
            if not isinstance(reply, Exception) or isinstance(reply, exceptions.AskError):
                continue
            if not any(word in str(reply) for word in _ODD_KEYS):
                raise reply
